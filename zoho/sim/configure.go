package sim

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// configure serves the calls that make, change and take away a module's
// configuration, as the pages "Add", "Update" and "Delete Record Locking
// Configuration" have them.
func (o *Org) configure(c *call) (answer, *change) {
	m, a := o.configurable(c)
	if a != nil {
		return *a, nil
	}
	switch {
	case c.method == http.MethodPost:
		return o.addConfiguration(c, m)
	case c.method == http.MethodDelete:
		return o.deleteConfiguration(c, m)
	}
	return o.updateConfiguration(c, m)
}

func (o *Org) addConfiguration(c *call, m *module) (answer, *change) {
	if m.settings != nil {
		return refuse(http.StatusBadRequest, "LIMIT_EXCEEDED", object{"param_name": "module", "limit": 1},
			"Configuration already created for this module"), nil
	}
	s := o.blankConfiguration(o.newSettingID(), o.now(), o.cfg.Me)
	if a := o.readConfiguration(c.body, m, s, true); a != nil {
		return *a, nil
	}
	return settled(http.StatusCreated, s.ID, "record locking configuration created successfully"), o.settle(m, s)
}

func (o *Org) updateConfiguration(c *call, m *module) (answer, *change) {
	if a := m.named(c); a != nil {
		return *a, nil
	}
	s := m.settings.clone()
	if a := o.readConfiguration(c.body, m, s, false); a != nil {
		return *a, nil
	}
	s.ModifiedTime, s.ModifiedBy = clock(o.now().Unix()), named{Name: o.cfg.Me.Name, ID: o.cfg.Me.ID}
	return settled(http.StatusOK, s.ID, "record locking configuration updated successfully"), o.settle(m, s)
}

// deleteConfiguration takes away the configuration that the path or ids names.
func (o *Org) deleteConfiguration(c *call, m *module) (answer, *change) {
	if c.id == "" {
		if c.id = strings.TrimSpace(c.query.Get("ids")); c.id == "" {
			return missingParam("ids"), nil
		}
	}
	if a := m.named(c); a != nil {
		return *a, nil
	}
	return settled(http.StatusOK, c.id, "record locking configuration deleted"), o.settle(m, nil)
}

// named says what is wrong with the configuration that c would change or take away; nil for nothing.
func (m *module) named(c *call) *answer {
	var a answer
	verb := "updated"
	if c.method == http.MethodDelete {
		verb = "deleted"
	}
	switch {
	case c.id != "" && (m.settings == nil || m.settings.ID != c.id):
		a = configurationUnknown()
	case m.settings == nil:
		a = refuse(http.StatusBadRequest, "NOT_ALLOWED", at(1), "Required Record Locking Configuration is not present")
	case m.settings.SystemDefined && verb == "updated":
		a = refuse(http.StatusBadRequest, "NOT_ALLOWED", at(1), "Configuration created by system cannot be updated")
	case m.settings.SystemDefined:
		a = refuse(http.StatusForbidden, "NOT_ALLOWED", at(1), "Configuration created by system cannot be deleted")
	default:
		return nil
	}
	return &a
}

// settled is the receipt of a change to a configuration.
func settled(status int, id, message string) answer {
	row := envelope{"SUCCESS", object{"id": id}, message, "success"}
	return answer{status: status, code: "SUCCESS", body: encode(object{configurationKey: []envelope{row}})}
}

// settle is the change that makes s the configuration of m, and locks the
// existing records that its rules want locked; nil takes the configuration away.
func (o *Org) settle(m *module, s *configuration) *change {
	u := &upheaval{module: m, settings: s}
	if s != nil {
		d := o.newDraft()
		d.lockExisting(m, s)
		u.records = d.order
	}
	return &change{wide: u}
}

func (o *Org) newSettingID() string {
	o.settled++
	return strconv.FormatInt(madeConfigIDs+o.settled, 10)
}

// The most of each that a configuration holds.
const (
	maxRules    = 5
	maxExcluded = 15
	maxProfiles = 15
	maxButtons  = 30
)

func restrictable() []string { return []string{"convert", "update", "delete", "change_owner", "tags"} }

func communications() []string { return []string{"send_mail", "send_survey", "send_portal_invitation"} }

// cannotBeMailed reports whether the module's records have nobody to write to.
func (m *module) cannotBeMailed() bool {
	return slices.Contains([]string{"Tasks", "Solutions", "Price_Books", "Products"}, m.name)
}

// readConfiguration changes s to what the body says, or says what is wrong with
// the body. A key that is absent changes nothing; null is Zoho's default.
func (o *Org) readConfiguration(body []byte, m *module, s *configuration, fresh bool) *answer {
	b, a := onlyConfiguration(body)
	if a != nil {
		return a
	}
	id, a := b.id("id")
	switch {
	case a != nil:
		return a
	case !fresh && id != "" && id != s.ID:
		return b.wrong("INVALID_DATA", "id", "the id given seems to be invalid", nil)
	}
	for _, read := range []func(section, *module, *configuration) *answer{
		o.readLockType, o.readLockedFor, o.readFeatureType, o.readPortal, o.readRestrictions, o.readCommunications,
		o.readButtons, o.readExcludedFields, o.readProfiles,
	} {
		if a := read(b, m, s); a != nil {
			return a
		}
	}
	return o.readRules(b, m, s, fresh)
}

func (o *Org) readLockType(b section, _ *module, s *configuration) *answer {
	if !b.given("lock_type") {
		return b.missing("lock_type")
	}
	return b.oneOf("lock_type", &s.LockType, []string{LockingManual.word(), LockingAutomatic.word(), LockingBoth.word()})
}

func (o *Org) readLockedFor(b section, _ *module, s *configuration) *answer {
	if b.has("locked_for") {
		s.LockedFor = allProfiles
	}
	return b.oneOf("locked_for", &s.LockedFor, []string{allProfiles, exceptProfiles})
}

func (o *Org) readFeatureType(b section, _ *module, s *configuration) *answer {
	kind := featureType
	if a := b.text("feature_type", &kind); a != nil {
		return a
	}
	if kind != featureType {
		return b.wrong("INVALID_DATA", "feature_type", "invalid data", nil)
	}
	return nil
}

func (o *Org) readPortal(b section, _ *module, s *configuration) *answer {
	if b.has("lock_for_portal_users") {
		s.Portal = true
	}
	return b.truth("lock_for_portal_users", &s.Portal)
}

func (o *Org) readRestrictions(b section, _ *module, s *configuration) *answer {
	if !b.has("restricted_actions") {
		return nil
	}
	list, a := b.words("restricted_actions", restrictable(), "action not found")
	if a != nil {
		return a
	}
	if !slices.Contains(list, "update") {
		list = slices.Insert(list, 0, "update") // always restricted, whatever the body says
	}
	s.Actions = list
	return nil
}

func (o *Org) readCommunications(b section, m *module, s *configuration) *answer {
	if !b.has("restricted_communications") {
		return nil
	}
	list, a := b.words("restricted_communications", communications(), "communications not found")
	if a != nil {
		return a
	}
	if len(list) > 0 && m.cannotBeMailed() {
		return b.wrong("NOT_SUPPORTED", "restricted_communications", "communications not found", nil)
	}
	s.Communications = list
	return nil
}

func (o *Org) readButtons(b section, _ *module, s *configuration) *answer {
	list, a := b.parts("restricted_custom_buttons", maxButtons, "restricted custom buttons")
	if a != nil || !b.has("restricted_custom_buttons") {
		return a
	}
	s.Buttons = nil
	for _, p := range list {
		found, a := p.named("custom button not found", func(id, name string) (named, bool) {
			v, ok := o.button(id, name)
			return named{Name: v.Name, ID: v.ID}, ok
		})
		if a != nil {
			return a
		}
		s.Buttons = append(s.Buttons, found)
	}
	return nil
}

func (o *Org) readProfiles(b section, _ *module, s *configuration) *answer {
	const key = "lock_excluded_profiles"
	list, a := b.parts(key, maxProfiles, "excluded profiles")
	if a != nil {
		return a
	}
	if b.has(key) {
		s.Profiles = nil
	}
	for _, p := range list {
		found, a := p.named("lock_excluded_profiles not found", func(id, name string) (named, bool) {
			v, ok := o.profile(id, name)
			return named{Name: v.Name, ID: v.ID}, ok
		})
		if a != nil {
			return a
		}
		s.Profiles = append(s.Profiles, found)
	}
	if s.LockedFor == exceptProfiles && (len(s.Profiles) == 0 || b.given("locked_for") && len(list) == 0) {
		return b.dependent(key, "locked_for",
			"lock_excluded_profiles should have been given when locked_for is given as all_profiles_except_excluded_profiles ")
	}
	return nil
}

func (o *Org) readExcludedFields(b section, m *module, s *configuration) *answer {
	list, a := b.parts("excluded_fields", maxExcluded, "excluded fields")
	if a != nil || !b.has("excluded_fields") {
		return a
	}
	s.ExcludedFields = nil
	all := m.catalogue()
	for _, p := range list {
		i, key, a := m.readField(p, all, false)
		if a != nil {
			return a
		}
		if f := all[i]; f.ours() || f.name == "Tag" || f.name == "Owner" {
			return p.wrong("NOT_SUPPORTED", key, "Field not supported", nil)
		}
		s.ExcludedFields = append(s.ExcludedFields, *m.reference(all, i))
	}
	return nil
}
