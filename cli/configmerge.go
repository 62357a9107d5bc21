package cli

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"zlock/zoho"
)

// configKey is where Zoho sees the one configuration of a request.
const configKey = "record_locking_configurations[0]"

// merged is what an edit makes of a configuration.
type merged struct {
	want   zoho.Configuration // as it is to be afterwards
	send   zoho.Configuration // what Zoho is told
	faults []zoho.ConfigurationFault
}

// mergeConfiguration says what an edit makes of the configuration that a module has now: keys that the
// edit leaves out stay, lists are replaced, rules are added, changed or taken away one by one. now may be
// nil, for a module that has none.
func mergeConfiguration(now *zoho.Configuration, edit zoho.Configuration) merged {
	if now == nil {
		now = &zoho.Configuration{}
	}
	m := merged{want: *now}
	w := &m.want
	overlay(&w.LockType, edit.LockType)
	overlay(&w.LockedFor, edit.LockedFor)
	overlay(&w.FeatureType, edit.FeatureType)
	if edit.PortalUsers != nil {
		w.PortalUsers = edit.PortalUsers
	}
	if edit.Actions != nil {
		w.Actions = withUpdate(edit.Actions)
	}
	if edit.Communications != nil {
		w.Communications = edit.Communications
	}
	w.Profiles = mergeRefs(now.Profiles, edit.Profiles)
	w.Fields = mergeRefs(now.Fields, edit.Fields)
	w.Buttons = mergeRefs(now.Buttons, edit.Buttons)
	w.Extra = overlayExtra(now.Extra, edit.Extra)
	m.send = *w
	m.send.Extra = newExtra(now.Extra, edit.Extra)
	m.rules(now.Rules, edit.Rules)
	return m
}

func overlay(into *string, text string) {
	if text != "" {
		*into = text
	}
}

// withUpdate adds what Zoho adds: editing is always restricted.
func withUpdate(actions []string) []string {
	if slices.Contains(actions, "update") {
		return actions
	}
	return append([]string{"update"}, actions...)
}

// mergeRefs replaces a list. What was in it before keeps the id and the name that Zoho gave it.
func mergeRefs(now, edit []zoho.Ref) []zoho.Ref {
	if edit == nil {
		return now
	}
	out := make([]zoho.Ref, 0, len(edit))
	for _, r := range edit {
		if i := slices.IndexFunc(now, r.Same); i >= 0 {
			r = now[i]
		}
		out = append(out, r)
	}
	return out
}

func overlayExtra(now, edit map[string]any) map[string]any {
	if len(edit) == 0 {
		return now
	}
	out := map[string]any{}
	for _, from := range []map[string]any{now, edit} {
		for key, v := range from {
			out[key] = v
		}
	}
	return out
}

// newExtra is what of the edit's keys beyond Zoho's page says something new.
func newExtra(now, edit map[string]any) map[string]any {
	var out map[string]any
	for key, v := range edit {
		if old, ok := now[key]; ok && reflect.DeepEqual(old, v) {
			continue
		}
		if out == nil {
			out = map[string]any{}
		}
		out[key] = v
	}
	return out
}

// rules merges the rules. What is sent begins with the edit's, so that Zoho's words for a fault lead to the
// same entry of the file; the others follow, without the order to lock what is there already.
func (m *merged) rules(now, edit []zoho.Rule) {
	touched := map[int]*zoho.Rule{} // by place in now; nil for one that goes
	var send, fresh []zoho.Rule
	for i, e := range edit {
		at := ruleAt(now, e)
		switch _, twice := touched[at]; {
		case at < 0 && e.ID == "" && !e.Delete:
			fresh, send = append(fresh, e), append(send, e)
		case at < 0:
			m.fault(i, "INVALID_DATA", noSuchRule(now, e))
		case twice:
			m.fault(i, "DUPLICATE_DATA", "another entry names this rule too")
		case e.Delete:
			touched[at] = nil
			send = append(send, zoho.Rule{ID: now[at].ID, Delete: true})
		default:
			r := mergeRule(now[at], e)
			touched[at] = &r
			send = append(send, r)
		}
	}
	m.want.Rules = nil
	byHand := m.want.LockType == zoho.LockManual
	for i, r := range now {
		changed, named := touched[i]
		switch {
		case named && changed == nil:
		case byHand && !named:
			send = append(send, zoho.Rule{ID: r.ID, Delete: true})
		case named:
			m.want.Rules = append(m.want.Rules, *changed)
		default:
			m.want.Rules = append(m.want.Rules, r)
			r.LockExisting = nil
			send = append(send, r)
		}
	}
	m.want.Rules = append(m.want.Rules, fresh...)
	m.send.Rules = send
}

func (m *merged) fault(i int, code, what string) {
	m.faults = append(m.faults, zoho.ConfigurationFault{Key: fmt.Sprintf("%s.locking_rules[%d].id", configKey, i), Code: code, What: what})
}

// noSuchRule says that there is no rule which an entry means, and what to make of the entry: the rule may have
// been deleted at Zoho since the file was written.
func noSuchRule(now []zoho.Rule, e zoho.Rule) string {
	what := "no rule of the module has it: " + orElse(e.ID, e.Name)
	switch {
	case !e.Delete && ruleAt(now, zoho.Rule{Name: e.Name}) >= 0:
		return what + "; leave the id out to change the rule that is called " + quoted(e.Name) + " now"
	case !e.Delete:
		return what + "; leave the id out to have the rule made anew, or the whole entry to do without it"
	}
	names := make([]string, len(now))
	for i, r := range now {
		names[i] = orElse(r.Name, r.ID)
	}
	if len(names) == 0 {
		return what + "; leave it out: there is no rule"
	}
	return what + "; leave it out, or name one there is: " + strings.Join(names, ", ")
}

// ruleAt finds the rule that an entry means: by id, or, without one, by name.
func ruleAt(rules []zoho.Rule, e zoho.Rule) int {
	return slices.IndexFunc(rules, func(r zoho.Rule) bool {
		if e.ID != "" {
			return r.ID == e.ID
		}
		return e.Name != "" && r.Name == e.Name
	})
}

func mergeRule(now, e zoho.Rule) zoho.Rule {
	r := now
	overlay(&r.Name, e.Name)
	if e.LockExisting != nil {
		r.LockExisting = e.LockExisting
	}
	if e.Criteria != nil && !e.Criteria.Equal(now.Criteria) {
		r.Criteria = e.Criteria
	}
	r.Extra = overlayExtra(now.Extra, e.Extra)
	return r
}
