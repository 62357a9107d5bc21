package zoho

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// Check returns what Zoho would refuse of a configuration, as far as it can be told without asking: keys
// that are mandatory or belong together, values, limits, names and criteria that stand twice, the shape of
// criteria. The configuration must be whole: all its rules, not only those that change. A configuration
// without faults may still be refused, where it names what is not there.
func (c Configuration) Check() []ConfigurationFault {
	k := checker{at: configurationPath}
	k.value("lock_type", c.LockType, LockTypes())
	if c.LockType == "" {
		k.fault("lock_type", "MANDATORY_NOT_FOUND", "must be given: "+oneOf(LockTypes()))
	}
	k.value("locked_for", c.LockedFor, LockedFors())
	k.value("feature_type", c.FeatureType, []string{FeatureType})
	k.values("restricted_actions", c.Actions, RestrictedActions())
	k.values("restricted_communications", c.Communications, RestrictedCommunications())
	k.refs("excluded_fields", c.Fields, MaxFields)
	k.refs("lock_excluded_profiles", c.Profiles, MaxProfiles)
	k.refs("restricted_custom_buttons", c.Buttons, MaxButtons)
	if c.LockedFor == ForAllButProfile && len(c.Profiles) == 0 {
		k.fault("lock_excluded_profiles", "DEPENDENT_FIELD_MISSING", "must name a profile when locked_for is "+ForAllButProfile)
	}
	k.rules(c)
	return k.faults
}

// checker collects faults; at is the key that it stands at.
type checker struct {
	at     string
	faults []ConfigurationFault
}

func (k *checker) fault(key, code, what string) {
	if key != "" {
		key = "." + key
	}
	k.faults = append(k.faults, ConfigurationFault{Key: k.at + key, Code: code, What: what})
}

// under runs f one key further down.
func (k *checker) under(key string, f func()) {
	above := k.at
	k.at += "." + key
	f()
	k.at = above
}

func (k *checker) value(key, value string, allowed []string) {
	if value != "" && !slices.Contains(allowed, value) {
		k.fault(key, "INVALID_DATA", fmt.Sprintf("%.60q must be %s", value, oneOf(allowed)))
	}
}

func (k *checker) values(key string, values, allowed []string) {
	for i, value := range values {
		if !slices.Contains(allowed, value) {
			k.fault(fmt.Sprintf("%s[%d]", key, i), "INVALID_DATA", fmt.Sprintf("%.60q must be %s", value, oneOf(allowed)))
		}
	}
}

func (k *checker) most(key string, n, most int, what string) {
	if n > most {
		k.fault(key, "LIMIT_EXCEEDED", fmt.Sprintf("holds %d %s, and %d is the most", n, what, most))
	}
}

func (k *checker) refs(key string, refs []Ref, most int) {
	k.most(key, len(refs), most, "entries")
	for i, r := range refs {
		k.under(fmt.Sprintf("%s[%d]", key, i), func() {
			k.ref(r)
			switch {
			case r.ID != "" || r.APIName != "":
			case key == "excluded_fields":
				k.fault("api_name", "EXPECTED_FIELD_MISSING", "must be given, or id")
			case r.Name == "":
				k.fault("id", "MANDATORY_NOT_FOUND", "must be given, or name")
			}
		})
	}
}

func (k *checker) ref(r Ref) {
	if r.ID != "" && !isID(r.ID) {
		k.fault("id", "INVALID_DATA", fmt.Sprintf("%.60q is no id: 1 to 19 digits", r.ID))
	}
}

func (k *checker) rules(c Configuration) {
	alive := 0
	names, criteria := map[string]bool{}, map[string]bool{}
	for i, r := range c.Rules {
		k.under(fmt.Sprintf("locking_rules[%d]", i), func() {
			k.ref(Ref{ID: r.ID})
			if r.Delete {
				if r.ID == "" {
					k.fault("id", "MANDATORY_NOT_FOUND", "must be given with _delete")
				}
				return
			}
			alive++
			k.rule(r)
			if r.Name != "" && names[r.Name] {
				k.fault("name", "DUPLICATE_DATA", fmt.Sprintf("%.60q is the name of another rule too", r.Name))
			}
			names[r.Name] = true
			same := r.Criteria.fingerprint()
			if same != "" && criteria[same] {
				k.fault("criteria", "DUPLICATE_DATA", "is that of another rule too")
			}
			criteria[same] = true
		})
	}
	k.most("locking_rules", alive, MaxRules, "rules")
	if alive == 0 && (c.LockType == LockAutomatic || c.LockType == LockBoth) {
		k.fault("locking_rules", "DEPENDENT_FIELD_MISSING", "must hold a rule when lock_type is "+c.LockType)
	}
}

func (k *checker) rule(r Rule) {
	if r.Name == "" {
		k.fault("name", "MANDATORY_NOT_FOUND", "must be given")
	}
	if n := utf8.RuneCountInString(r.Name); n > MaxRuleName {
		k.fault("name", "INVALID_DATA", fmt.Sprintf("has %d characters, and %d is the most", n, MaxRuleName))
	}
	if r.Criteria == nil {
		k.fault("criteria", "MANDATORY_NOT_FOUND", "must be given")
		return
	}
	k.under("criteria", func() { k.criteria(*r.Criteria) })
}

func (k *checker) criteria(c Criteria) {
	if c.GroupOperator == "" && c.Group == nil {
		k.comparison(c)
		return
	}
	switch {
	case c.GroupOperator == "":
		k.fault("group_operator", "MANDATORY_NOT_FOUND", "must be given with group: AND or OR")
	case c.GroupOperator != "AND" && c.GroupOperator != "OR":
		k.fault("group_operator", "INVALID_DATA", fmt.Sprintf("%.60q must be AND or OR", c.GroupOperator))
	}
	if c.Comparator != "" {
		k.fault("comparator", "INVALID_DATA", "cannot stand beside a group: put it into the group")
	}
	if len(c.Group) == 0 {
		k.fault("group", "MANDATORY_NOT_FOUND", "must hold criteria")
	}
	for i, inner := range c.Group {
		k.under(fmt.Sprintf("group[%d]", i), func() { k.criteria(inner) })
	}
}

func (k *checker) comparison(c Criteria) {
	switch {
	case c.Comparator == "":
		k.fault("comparator", "MANDATORY_NOT_FOUND", "must be given: "+oneOf(Comparators()))
	case !slices.Contains(Comparators(), c.Comparator):
		k.fault("comparator", "INVALID_DATA", fmt.Sprintf("%.60q must be %s", c.Comparator, oneOf(Comparators())))
	}
	k.under("field", func() {
		k.ref(c.Field)
		if c.Field.ID == "" && c.Field.APIName == "" {
			k.fault("api_name", "EXPECTED_FIELD_MISSING", "must be given, or id")
		}
	})
	if !c.HasValue {
		k.fault("value", "MANDATORY_NOT_FOUND", "must be given")
		return
	}
	k.span(c)
}

// span wants two values where a comparison is with two.
func (k *checker) span(c Criteria) {
	if c.Comparator != "between" && c.Comparator != "not_between" {
		return
	}
	if list, ok := c.Value.([]any); !ok || len(list) != 2 {
		k.fault("value", "INVALID_DATA", "must be a list of two values for "+c.Comparator)
	}
}
