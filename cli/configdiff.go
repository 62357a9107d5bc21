package cli

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"zlock/zoho"
)

// configChange is one difference between two configurations.
type configChange struct {
	Change string `json:"change"`         // added, removed, changed
	Key    string `json:"key"`            // as Zoho names it
	Rule   string `json:"rule,omitempty"` // the name of the rule that it is about
	Was    any    `json:"was"`
	Now    any    `json:"now"`

	was, now string // in words
}

const (
	changeAdded   = "added"
	changeRemoved = "removed"
	changeChanged = "changed"
)

// diffConfigurations lists what differs between two configurations, in Zoho's order of keys. What only Zoho
// says of them does not count.
func diffConfigurations(was, now zoho.Configuration) []configChange {
	var d differ
	d.scalar("lock_type", was.LockType, now.LockType)
	d.rules(was.Rules, now.Rules)
	d.scalar("locked_for", was.LockedFor, now.LockedFor)
	d.refs("lock_excluded_profiles", was.Profiles, now.Profiles)
	d.refs("excluded_fields", was.Fields, now.Fields)
	d.words("restricted_actions", was.Actions, now.Actions)
	d.scalar("lock_for_portal_users", yesNo(was.PortalUsers), yesNo(now.PortalUsers))
	d.words("restricted_communications", was.Communications, now.Communications)
	d.refs("restricted_custom_buttons", was.Buttons, now.Buttons)
	d.scalar("feature_type", was.FeatureType, now.FeatureType)
	for _, key := range slices.Sorted(maps.Keys(overlayExtra(was.Extra, now.Extra))) {
		if !reflect.DeepEqual(was.Extra[key], now.Extra[key]) {
			d.add(configChange{Change: changeChanged, Key: key, Was: was.Extra[key], Now: now.Extra[key],
				was: valueWords(was.Extra[key]), now: valueWords(now.Extra[key])})
		}
	}
	return d.changes
}

type differ struct{ changes []configChange }

func (d *differ) add(c configChange) { d.changes = append(d.changes, c) }

func yesNo(b *bool) string {
	if b == nil {
		return ""
	}
	return fmt.Sprint(*b)
}

func (d *differ) scalar(key, was, now string) {
	c := configChange{Change: changeChanged, Key: key, Was: was, Now: now, was: was, now: now}
	switch {
	case was == now:
		return
	case was == "":
		c.Change, c.Was = changeAdded, nil
	case now == "":
		c.Change, c.Now = changeRemoved, nil
	}
	d.add(c)
}

func (d *differ) words(key string, was, now []string) {
	for _, word := range was {
		if !slices.Contains(now, word) {
			d.add(configChange{Change: changeRemoved, Key: key, Was: word, was: word})
		}
	}
	for _, word := range now {
		if !slices.Contains(was, word) {
			d.add(configChange{Change: changeAdded, Key: key, Now: word, now: word})
		}
	}
}

func (d *differ) refs(key string, was, now []zoho.Ref) {
	for _, r := range was {
		if !slices.ContainsFunc(now, r.Same) {
			d.add(configChange{Change: changeRemoved, Key: key, Was: r, was: r.String()})
		}
	}
	for _, r := range now {
		if !slices.ContainsFunc(was, r.Same) {
			d.add(configChange{Change: changeAdded, Key: key, Now: r, now: r.String()})
		}
	}
}

func (d *differ) rules(was, now []zoho.Rule) {
	const key = "locking_rules"
	for _, r := range was {
		at := ruleAt(now, r)
		if at < 0 {
			d.add(configChange{Change: changeRemoved, Key: key, Rule: r.Name, Was: r, was: ruleWords(r)})
			continue
		}
		d.rule(key, r, now[at])
	}
	for _, r := range now {
		if !slices.ContainsFunc(was, func(old zoho.Rule) bool { return ruleAt(now, old) >= 0 && sameRule(old, r) }) {
			d.add(configChange{Change: changeAdded, Key: key, Rule: r.Name, Now: r, now: ruleWords(r)})
		}
	}
}

func sameRule(a, b zoho.Rule) bool {
	if a.ID != "" && b.ID != "" {
		return a.ID == b.ID
	}
	return a.Name == b.Name
}

func (d *differ) rule(key string, was, now zoho.Rule) {
	if was.Name != now.Name {
		d.add(configChange{Change: changeChanged, Key: key + ".name", Rule: was.Name, Was: was.Name, Now: now.Name, was: was.Name, now: now.Name})
	}
	if !was.Criteria.Equal(now.Criteria) {
		d.add(configChange{Change: changeChanged, Key: key + ".criteria", Rule: was.Name, Was: was.Criteria, Now: now.Criteria,
			was: criteriaWords(was.Criteria), now: criteriaWords(now.Criteria)})
	}
	if truth(was.LockExisting) != truth(now.LockExisting) {
		d.add(configChange{Change: changeChanged, Key: key + ".lock_existing_records", Rule: was.Name,
			Was: truth(was.LockExisting), Now: truth(now.LockExisting),
			was: fmt.Sprint(truth(was.LockExisting)), now: fmt.Sprint(truth(now.LockExisting))})
	}
}

func truth(b *bool) bool { return b != nil && *b }

// line is a change as a person reads it, after a sign: + - ~.
func (c configChange) line() string {
	what := c.Key
	if c.Rule != "" {
		what = fmt.Sprintf("rule %s", quoted(c.Rule))
		if _, part, ok := strings.Cut(c.Key, "."); ok {
			what += " " + part
		}
	}
	switch c.Change {
	case changeAdded:
		return "+ " + what + ": " + c.now
	case changeRemoved:
		return "- " + what + ": " + c.was
	}
	return "~ " + what + ": " + orElse(c.was, "-") + " -> " + orElse(c.now, "-")
}

// tellChanges lists changes, in colours where asked.
func tellChanges(changes []configChange, width int, colours bool) string {
	codes := map[string]string{changeAdded: "\x1b[32m", changeRemoved: "\x1b[31m", changeChanged: "\x1b[33m"}
	var b strings.Builder
	for _, c := range changes {
		var lines strings.Builder
		fold(&lines, "  "+cleanTo(c.line(), 2000), width)
		if text := lines.String(); colours {
			b.WriteString(codes[c.Change] + text + "\x1b[0m\n")
		} else {
			b.WriteString(text + "\n")
		}
	}
	return b.String()
}
