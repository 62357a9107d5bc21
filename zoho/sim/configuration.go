package sim

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Ids of configurations and rules made here; those that were there before have
// configIDs and ruleIDs.
const madeConfigIDs = 5843104000001068000

// configuration is a module's record locking configuration, with Zoho's keys:
// what GET shows, what the journal keeps and what Module.Configuration holds.
type configuration struct {
	ID             string     `json:"id"`
	LockType       string     `json:"lock_type"`
	LockedFor      string     `json:"locked_for"`
	FeatureType    string     `json:"feature_type"`
	SystemDefined  bool       `json:"system_defined"`
	Portal         bool       `json:"lock_for_portal_users"`
	Actions        []string   `json:"restricted_actions"`
	Communications []string   `json:"restricted_communications"`
	Buttons        []named    `json:"restricted_custom_buttons"`
	ExcludedFields []fieldRef `json:"excluded_fields"`
	Profiles       []named    `json:"lock_excluded_profiles"`
	Rules          []rule     `json:"locking_rules"`
	CreatedTime    string     `json:"created_time"`
	ModifiedTime   string     `json:"modified_time"`
	CreatedBy      named      `json:"created_by"`
	ModifiedBy     named      `json:"modified_by"`
}

type named struct {
	Name string `json:"name"`
	ID   string `json:"id"`
}

type fieldRef struct {
	Name string `json:"api_name"`
	ID   string `json:"id"`
}

// rule locks the records that meet its criteria.
type rule struct {
	Name     string     `json:"name"`
	ID       string     `json:"id"`
	Existing bool       `json:"lock_existing_records"`
	Criteria *criterion `json:"criteria"`
}

// criterion is a comparison, or a group of criteria under an operator.
type criterion struct {
	Comparator string          `json:"comparator,omitempty"`
	Field      *fieldRef       `json:"field,omitempty"`
	Type       string          `json:"type,omitempty"`
	Value      json.RawMessage `json:"value,omitempty"`
	Operator   string          `json:"group_operator,omitempty"`
	Group      []criterion     `json:"group,omitempty"`
}

// The documented values.
const (
	featureType    = "record_locking"
	allProfiles    = "all_profiles"
	exceptProfiles = "all_profiles_except_excluded_profiles"
)

// routeConfiguration takes the call as one about a module's configuration; rest
// is the configuration's id where the path has one.
func (c *call) routeConfiguration(rest []string) {
	c.op = OpConfigure
	if c.method == http.MethodGet {
		c.op = OpConfiguration
	}
	if len(rest) == 1 {
		c.id = rest[0]
	}
	c.module = c.query.Get("module")
	switch {
	case len(rest) == 1 && !digits(rest[0]):
		c.refuse(badPattern())
	case c.method == http.MethodGet, c.method == http.MethodPut, c.method == http.MethodDelete:
	case c.method == http.MethodPost && len(rest) == 0:
	default:
		c.op = OpOther
		c.refuse(badMethod())
	}
}

// configuration serves a module's record locking configuration.
func (o *Org) configuration(c *call) answer {
	m, a := o.configurable(c)
	if a != nil {
		return *a
	}
	if kind := c.query.Get("feature_type"); kind != "" && kind != featureType {
		return refuse(http.StatusBadRequest, "INVALID_DATA", object{"param_name": "feature_type"}, "invalid data")
	}
	if c.id != "" && (m.settings == nil || m.settings.ID != c.id) {
		return configurationUnknown()
	}
	if m.settings == nil {
		return nothing()
	}
	return shown(object{configurationKey: []*configuration{m.settings}})
}

// configurable is the module that c asks to configure, or what stands in the way whatever the body says.
func (o *Org) configurable(c *call) (*module, *answer) {
	var a answer
	m, ok := o.modules[c.module]
	switch {
	case c.module == "":
		a = missingParam("module")
	case o.stand.EditionBarred:
		a = notForEdition()
	case covered(o.stand.PermissionDenied, OpConfiguration), covered(o.stand.PermissionDenied, c.op):
		a = refuse(http.StatusForbidden, "NO_PERMISSION",
			object{"permissions": []string{"Crm_Implied_Customize_Zoho_CRM"}}, "permission denied")
	case !ok:
		a = badModule(object{})
	case m.Locking == Unsupported:
		a = refuse(http.StatusBadRequest, "NOT_SUPPORTED", object{"param_name": "module"},
			"the module name given is not supported for the  feature")
	default:
		return m, nil
	}
	return nil, &a
}

func configurationUnknown() answer {
	return refuse(http.StatusBadRequest, "INVALID_DATA", at(2), "the id given seems to be invalid")
}

// seedConfigurations gives every module the configuration it starts with.
func (o *Org) seedConfigurations() error {
	for _, name := range slices.Sorted(maps.Keys(o.modules)) {
		m := o.modules[name]
		switch {
		case m.Configuration != "":
			s, err := o.givenConfiguration(m)
			if err != nil {
				return fmt.Errorf("configuration of %s: %w", name, err)
			}
			m.setConfiguration(s)
		case m.Locking < NotConfigured:
			m.settings = o.usualConfiguration(m)
		}
	}
	return nil
}

// givenConfiguration is the one in Module.Configuration. It is checked as one
// that is sent would be; ids, and who made it and when, are taken as they stand.
func (o *Org) givenConfiguration(m *module) (*configuration, error) {
	s := o.blankConfiguration(m.number(configIDs), o.epoch.AddDate(-1, 0, 0), Patricia())
	if err := json.Unmarshal([]byte(m.Configuration), s); err != nil {
		return nil, err
	}
	given := s.Rules
	s.Rules, s.Profiles, s.Buttons, s.ExcludedFields = nil, nil, nil, nil
	body := encode(object{configurationKey: []json.RawMessage{json.RawMessage(m.Configuration)}})
	if a := o.readConfiguration(body, m, s, true); a != nil {
		return nil, fmt.Errorf("it would be refused: %s", a.body)
	}
	o.settled = 0
	for i := range s.Rules {
		if s.Rules[i].ID = given[i].ID; s.Rules[i].ID == "" {
			s.Rules[i].ID = strconv.FormatInt(ruleIDs+m.order*maxRules+int64(i), 10)
		}
	}
	return s, nil
}

// usualConfiguration is what a module has of which nothing more is said than how it may be locked.
func (o *Org) usualConfiguration(m *module) *configuration {
	s := o.blankConfiguration(m.number(configIDs), o.epoch.AddDate(-1, 0, 0), Patricia())
	s.LockType = m.Locking.word()
	s.Actions = []string{"update", "delete"}
	if m.Locking == LockingManual {
		return s
	}
	field, value := "Status", "Closed"
	switch m.name {
	case "Deals":
		field, value = "Stage", "Closed Won"
	case "Leads":
		field, value = "Lead_Status", "Junk Lead"
	}
	all := m.catalogue()
	s.Rules = []rule{{Name: "Closed records", ID: m.number(ruleIDs), Criteria: &criterion{
		Comparator: "equal", Field: m.reference(all, fieldNamed(all, field)), Value: encode(value),
	}}}
	return s
}

// blankConfiguration is one with nothing but what Zoho sets by default.
func (o *Org) blankConfiguration(id string, made time.Time, by User) *configuration {
	at, who := clock(made.Unix()), named{Name: by.Name, ID: by.ID}
	return &configuration{
		ID: id, LockedFor: allProfiles, FeatureType: featureType, Portal: true, Actions: []string{"update"},
		CreatedTime: at, ModifiedTime: at, CreatedBy: who, ModifiedBy: who,
	}
}

// setConfiguration makes s the module's configuration; nil takes it away.
func (m *module) setConfiguration(s *configuration) {
	m.settings, m.Locking = s, NotConfigured
	if s != nil {
		m.Locking = s.locking()
	}
}

// locking is the way of locking that the lock_type stands for; NotConfigured for none.
func (s *configuration) locking() Locking {
	for l := LockingBoth; l < NotConfigured; l++ {
		if l.word() == s.LockType {
			return l
		}
	}
	return NotConfigured
}

// clone is a copy that shares nothing which a change would touch.
func (s *configuration) clone() *configuration {
	t := *s
	t.Rules = slices.Clone(s.Rules)
	return &t
}

func (m *module) reference(all []column, i int) *fieldRef {
	return &fieldRef{Name: all[i].name, ID: m.fieldID(i)}
}

// configurationID is that of the module's configuration, for the locks made under it.
func (m *module) configurationID() string {
	if m.settings == nil {
		return m.number(configIDs)
	}
	return m.settings.ID
}

// word is the way of locking as a configuration's lock_type has it.
func (l Locking) word() string {
	switch l {
	case LockingManual:
		return "manual"
	case LockingAutomatic:
		return "automatic"
	}
	return "both"
}
