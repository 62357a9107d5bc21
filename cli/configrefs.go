package cli

import (
	"fmt"
	"maps"
	"slices"

	"zlock/zoho"
)

// eachRef calls f for everything that a configuration names, with where it stands.
func eachRef(c zoho.Configuration, f func(at string, isField bool, r zoho.Ref)) {
	list := func(key string, isField bool, refs []zoho.Ref) {
		for i, r := range refs {
			f(fmt.Sprintf("%s.%s[%d]", configKey, key, i), isField, r)
		}
	}
	list("lock_excluded_profiles", false, c.Profiles)
	list("excluded_fields", true, c.Fields)
	list("restricted_custom_buttons", false, c.Buttons)
	eachCriteria(c, func(at string, criteria *zoho.Criteria) {
		if len(criteria.Group) == 0 {
			f(at+".field", true, criteria.Field)
		}
	})
}

// eachCriteria calls f for every criteria of the rules, groups before what is in them.
func eachCriteria(c zoho.Configuration, f func(at string, criteria *zoho.Criteria)) {
	var walk func(at string, criteria *zoho.Criteria)
	walk = func(at string, criteria *zoho.Criteria) {
		f(at, criteria)
		for i := range criteria.Group {
			walk(fmt.Sprintf("%s.group[%d]", at, i), &criteria.Group[i])
		}
	}
	for i, r := range c.Rules {
		if r.Criteria != nil {
			walk(fmt.Sprintf("%s.locking_rules[%d].criteria", configKey, i), r.Criteria)
		}
	}
}

// staleIDs finds what an edit gave another name and left its id: the id would win, and the edit be lost.
func staleIDs(now *zoho.Configuration, edit zoho.Configuration) (faults []zoho.ConfigurationFault) {
	if now == nil {
		return nil
	}
	names := map[string]string{}
	eachRef(*now, func(_ string, _ bool, r zoho.Ref) {
		if r.ID != "" {
			names[r.ID] = r.String()
		}
	})
	eachRef(edit, func(at string, isField bool, r zoho.Ref) {
		name, known := names[r.ID]
		if !known || r.String() == r.ID || name == r.ID || r.String() == name {
			return
		}
		fault := zoho.ConfigurationFault{Key: at + ".name", Code: "INVALID_DATA", What: "the id beside it is that of " + quoted(name) + ": take the id out"}
		if isField {
			fault.Key, fault.Code = at+".api_name", "AMBIGUITY_DURING_PROCESSING"
		}
		faults = append(faults, fault)
	})
	return faults
}

// eachExtra calls f for every key beyond Zoho's page, with where it stands.
func eachExtra(c zoho.Configuration, f func(at, key string)) {
	each := func(at string, extra map[string]any) {
		for _, key := range slices.Sorted(maps.Keys(extra)) {
			f(at, key)
		}
	}
	each(configKey, c.Extra)
	for i, r := range c.Rules {
		each(fmt.Sprintf("%s.locking_rules[%d]", configKey, i), r.Extra)
	}
	eachCriteria(c, func(at string, criteria *zoho.Criteria) { each(at, criteria.Extra) })
	eachRef(c, func(at string, _ bool, r zoho.Ref) { each(at, r.Extra) })
}
