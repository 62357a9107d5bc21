package zoho

import (
	"encoding/json"
	"fmt"
)

// ParseConfiguration reads one configuration from JSON: the object itself, or Zoho's envelope
// {"record_locking_configurations": [{…}]} around it. What has the wrong type is a *ConfigurationError;
// whether the values will do is for Configuration.Check.
func ParseConfiguration(text []byte) (Configuration, error) {
	v, err := decodeLoosely(text)
	if err != nil {
		return Configuration{}, fmt.Errorf("read configuration: %w", err)
	}
	o, ok := v.(object)
	if inner, enveloped := o[configurationsKey]; ok && enveloped {
		list, _ := inner.([]any)
		if len(list) != 1 || len(o) != 1 {
			return Configuration{}, &ConfigurationError{[]ConfigurationFault{{
				Key: configurationsKey, Code: "INVALID_DATA", What: "must be a list of one configuration, and nothing beside it"}}}
		}
		o, ok = list[0].(object)
	}
	if !ok {
		return Configuration{}, &ConfigurationError{[]ConfigurationFault{{
			Key: configurationPath, Code: "INVALID_DATA", What: "must be an object with keys such as lock_type"}}}
	}
	var s shapes
	c := s.configuration(o)
	if len(s.faults) > 0 {
		return Configuration{}, &ConfigurationError{s.faults}
	}
	return c, nil
}

// shapes reads values by their types and keeps what has a wrong one.
type shapes struct{ faults []ConfigurationFault }

func (s *shapes) wrong(at, what string) {
	s.faults = append(s.faults, ConfigurationFault{Key: at, Code: "INVALID_DATA", What: what})
}

func (s *shapes) configuration(o object) Configuration {
	const at = configurationPath
	c := Configuration{
		LockType: s.text(o, at, "lock_type"), LockedFor: s.text(o, at, "locked_for"), FeatureType: s.text(o, at, "feature_type"),
		PortalUsers: s.flag(o, at, "lock_for_portal_users"), SystemDefined: s.flag(o, at, "system_defined"),
		Actions: s.words(o, at, "restricted_actions"), Communications: s.words(o, at, "restricted_communications"),
		Fields: s.refs(o, at, "excluded_fields"), Profiles: s.refs(o, at, "lock_excluded_profiles"),
		Buttons: s.refs(o, at, "restricted_custom_buttons"),
		ID:      s.text(o, at, "id"), CreatedTime: s.text(o, at, "created_time"), ModifiedTime: s.text(o, at, "modified_time"),
		CreatedBy: o.user("created_by"), ModifiedBy: o.user("modified_by"),
		Extra: others(o, configurationKeys()...),
	}
	s.each(o, at, "locking_rules", func(at string, o object) {
		c.Rules = append(c.Rules, s.rule(at, o))
	}, func() { c.Rules = []Rule{} })
	return c
}

func (s *shapes) rule(at string, o object) Rule {
	r := Rule{
		ID: s.text(o, at, "id"), Name: s.text(o, at, "name"), LockExisting: s.flag(o, at, "lock_existing_records"),
		Extra: others(o, ruleKeys()...),
	}
	if gone := s.flag(o, at, "_delete"); gone != nil {
		r.Delete = *gone
	}
	switch inner := o["criteria"].(type) {
	case nil:
	case object:
		criteria := s.criteria(at+".criteria", inner)
		r.Criteria = &criteria
	default:
		s.wrong(at+".criteria", "must be an object")
	}
	return r
}

func (s *shapes) criteria(at string, o object) Criteria {
	c := Criteria{
		Comparator: s.text(o, at, "comparator"), GroupOperator: s.text(o, at, "group_operator"),
		Extra: others(o, criteriaKeys()...),
	}
	c.Value, c.HasValue = o["value"]
	switch field := o["field"].(type) {
	case nil:
	case object:
		c.Field = s.ref(at+".field", field)
	default:
		s.wrong(at+".field", "must be an object with api_name or id")
	}
	s.each(o, at, "group", func(at string, o object) { c.Group = append(c.Group, s.criteria(at, o)) }, func() {})
	return c
}

// each reads a list of objects; empty is called where the key is there, before the first of them.
func (s *shapes) each(o object, at, key string, f func(at string, o object), empty func()) {
	v, said := o[key]
	if !said {
		return
	}
	list, ok := v.([]any)
	if !ok && v != nil {
		s.wrong(at+"."+key, "must be a list")
		return
	}
	empty()
	for i, item := range list {
		at := fmt.Sprintf("%s.%s[%d]", at, key, i)
		inner, ok := item.(object)
		if !ok {
			s.wrong(at, "must be an object")
			continue
		}
		f(at, inner)
	}
}

func (s *shapes) refs(o object, at, key string) (refs []Ref) {
	s.each(o, at, key, func(at string, o object) { refs = append(refs, s.ref(at, o)) }, func() { refs = []Ref{} })
	return refs
}

func (s *shapes) ref(at string, o object) Ref {
	return Ref{
		ID: s.text(o, at, "id"), APIName: s.text(o, at, "api_name"), Name: s.text(o, at, "name"),
		Extra: others(o, "id", "api_name", "name"),
	}
}

// words reads a list of words; null is an empty one, and nil means that the key is not there.
func (s *shapes) words(o object, at, key string) []string {
	v, said := o[key]
	if !said {
		return nil
	}
	list, ok := v.([]any)
	if !ok && v != nil {
		s.wrong(at+"."+key, "must be a list")
	}
	words := []string{}
	for i, item := range list {
		word, ok := item.(string)
		if !ok {
			s.wrong(fmt.Sprintf("%s.%s[%d]", at, key, i), "must be a word")
		}
		words = append(words, word)
	}
	return words
}

// text reads a string; an id may stand as a number, whose digits are kept.
func (s *shapes) text(o object, at, key string) string {
	switch v := o[key].(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		if key == "id" {
			return v.String()
		}
	}
	s.wrong(at+"."+key, "must be text")
	return ""
}

func (s *shapes) flag(o object, at, key string) *bool {
	switch v := o[key].(type) {
	case nil:
		return nil
	case bool:
		return &v
	}
	s.wrong(at+"."+key, "must be true or false")
	return nil
}

// readConfiguration reads what a GET answers; nothing at all (204) means that there is none.
func readConfiguration(a *answer) (*Configuration, error) {
	if len(a.body) == 0 {
		return nil, nil
	}
	list, ok := first(a.value)[configurationsKey].([]any)
	if !ok {
		return nil, fmt.Errorf("the answer holds no %s", configurationsKey)
	}
	if len(list) == 0 {
		return nil, nil
	}
	o, ok := list[0].(object)
	if !ok || len(list) > 1 {
		return nil, fmt.Errorf("the answer does not hold one configuration")
	}
	var s shapes
	c := s.configuration(o)
	if len(s.faults) > 0 {
		return nil, fmt.Errorf("the answer's %s %s", s.faults[0].Key, s.faults[0].What)
	}
	return &c, nil
}
