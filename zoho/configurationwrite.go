package zoho

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
)

func configurationKeys() []string {
	return []string{
		"lock_type", "locking_rules", "locked_for", "lock_excluded_profiles", "excluded_fields", "restricted_actions",
		"lock_for_portal_users", "restricted_communications", "restricted_custom_buttons", "feature_type", "system_defined",
		"id", "created_time", "created_by", "modified_time", "modified_by",
	}
}

func ruleKeys() []string {
	return []string{"name", "id", "lock_existing_records", "criteria", "_delete"}
}

func criteriaKeys() []string {
	return []string{"comparator", "field", "value", "group_operator", "group"}
}

// ConfigurationKeys lists the documented keys of a configuration and, under them, those of its rules and
// criteria: what a key that is not known may have been meant to be.
func ConfigurationKeys() []string {
	return slices.Concat(configurationKeys(), ruleKeys(), criteriaKeys(), []string{"api_name"})
}

// member is one key of an object with its value; an object of ours keeps the order of its keys.
type member struct {
	key   string
	value any
}

type members []member

// add adds a value unless it is not said.
func (m *members) add(key string, said bool, value any) {
	if said {
		*m = append(*m, member{key, value})
	}
}

func (m *members) extra(extra map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(extra)) {
		*m = append(*m, member{key, extra[key]})
	}
}

// MarshalJSON writes the members in their order.
func (m members) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	b.WriteByte('{')
	for i, member := range m {
		if i > 0 {
			b.WriteByte(',')
		}
		for j, part := range []any{member.key, member.value} {
			if j > 0 {
				b.WriteByte(':')
			}
			if err := encoder.Encode(part); err != nil {
				return nil, err
			}
			b.Truncate(b.Len() - 1) // the line's end that Encode writes
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// MarshalJSON writes the configuration as Zoho does, with all that Zoho said of it.
func (c Configuration) MarshalJSON() ([]byte, error) {
	m := c.settings()
	m.add("id", c.ID != "", c.ID)
	m.add("created_time", c.CreatedTime != "", c.CreatedTime)
	m.add("created_by", c.CreatedBy != User{}, person(c.CreatedBy))
	m.add("modified_time", c.ModifiedTime != "", c.ModifiedTime)
	m.add("modified_by", c.ModifiedBy != User{}, person(c.ModifiedBy))
	m.extra(c.Extra)
	return m.MarshalJSON()
}

// UnmarshalJSON reads what MarshalJSON writes, or what Zoho answers. See ParseConfiguration.
func (c *Configuration) UnmarshalJSON(text []byte) (err error) {
	*c, err = ParseConfiguration(text)
	return err
}

func person(u User) members { return members{{"name", u.Name}, {"id", u.ID}} }

// settings are the keys that a request may carry.
func (c Configuration) settings() members {
	var m members
	m.add("lock_type", c.LockType != "", c.LockType)
	m.add("locking_rules", c.Rules != nil, orNull(c.Rules))
	m.add("locked_for", c.LockedFor != "", c.LockedFor)
	m.add("lock_excluded_profiles", c.Profiles != nil, orNull(c.Profiles))
	m.add("excluded_fields", c.Fields != nil, orNull(c.Fields))
	m.add("restricted_actions", c.Actions != nil, orNull(c.Actions))
	m.add("lock_for_portal_users", c.PortalUsers != nil, c.PortalUsers)
	m.add("restricted_communications", c.Communications != nil, orNull(c.Communications))
	m.add("restricted_custom_buttons", c.Buttons != nil, orNull(c.Buttons))
	m.add("feature_type", c.FeatureType != "", c.FeatureType)
	m.add("system_defined", c.SystemDefined != nil, c.SystemDefined)
	return m
}

// orNull writes an empty list as null, as the page's sample does.
func orNull[T any](list []T) any {
	if len(list) == 0 {
		return nil
	}
	return list
}

// MarshalJSON writes the rule as Zoho does.
func (r Rule) MarshalJSON() ([]byte, error) {
	var m members
	m.add("name", r.Name != "", r.Name)
	m.add("id", r.ID != "", r.ID)
	m.add("_delete", r.Delete, true)
	m.add("lock_existing_records", r.LockExisting != nil, r.LockExisting)
	m.add("criteria", r.Criteria != nil, r.Criteria)
	m.extra(r.Extra)
	return m.MarshalJSON()
}

// MarshalJSON writes the criteria as Zoho does.
func (c Criteria) MarshalJSON() ([]byte, error) {
	var m members
	m.add("group_operator", c.GroupOperator != "", c.GroupOperator)
	m.add("group", c.Group != nil, c.Group)
	m.add("comparator", c.Comparator != "", c.Comparator)
	m.add("field", c.Field.String() != "", c.Field)
	m.add("value", c.HasValue, c.Value)
	m.extra(c.Extra)
	return m.MarshalJSON()
}

// MarshalJSON writes the ref as Zoho does.
func (r Ref) MarshalJSON() ([]byte, error) {
	var m members
	m.add("api_name", r.APIName != "", r.APIName)
	m.add("name", r.Name != "", r.Name)
	m.add("id", r.ID != "", r.ID)
	m.extra(r.Extra)
	return m.MarshalJSON()
}

// requestBody is the one configuration in Zoho's envelope. What only Zoho says stays out.
func (c Configuration) requestBody() ([]byte, error) {
	m := c.settings()
	m.extra(c.Extra)
	return members{{configurationsKey, []members{m}}}.MarshalJSON()
}
