package sim

import (
	"bytes"
	"slices"
	"unicode/utf8"
)

// maxRuleName is the most characters that a rule's name may have.
const maxRuleName = 256

// readRules changes the rules to what the body says: an entry with an id edits
// the rule of that id, one with _delete takes it away, any other is a new rule.
// Rules that the body does not speak of stay. A configuration for locking by
// hand alone has none.
func (o *Org) readRules(b section, m *module, s *configuration, fresh bool) *answer {
	const key = "locking_rules"
	list, a := b.parts(key, 0, "")
	if a != nil {
		return a
	}
	if s.locking() == LockingManual {
		s.Rules = nil
		return nil
	}
	if len(list) == 0 {
		return b.withoutRules()
	}
	book := ruleBook{o: o, m: m, rules: s.Rules, from: slices.Repeat([]int{-1}, len(s.Rules)), fresh: fresh}
	if a := book.fits(b, list); a != nil {
		return a
	}
	for i, p := range list {
		if a := book.read(i, p); a != nil {
			return a
		}
	}
	if len(book.rules) == 0 {
		return b.withoutRules()
	}
	s.Rules = book.rules
	return book.repeats(list)
}

func (p section) withoutRules() *answer {
	return p.dependent("locking_rules", "lock_type",
		"locking_rules should have been given when lock_type is given as automatic or both")
}

// ruleBook is a configuration's rules while a body is being read into them.
type ruleBook struct {
	o     *Org
	m     *module
	rules []rule
	from  []int // for each rule, the entry of the body that it comes from; -1: none
	fresh bool  // the configuration is new: ids mean nothing
}

// fits says whether the rules that there would be are too many.
func (k *ruleBook) fits(b section, list []section) *answer {
	more, gone := 0, 0
	for _, p := range list {
		switch {
		case !k.fresh && p.deleted():
			gone++
		case k.fresh || !p.given("id"):
			more++
		}
	}
	left := maxRules - len(k.rules) + gone
	if more > left {
		return b.tooMany("locking_rules", "locking rules", maxRules, left)
	}
	return nil
}

func (p section) deleted() bool {
	var gone bool
	return p.truth("_delete", &gone) == nil && gone
}

func (k *ruleBook) read(i int, p section) *answer {
	id, a := p.id("id")
	if a != nil {
		return a
	}
	if k.fresh || id == "" && !p.deleted() {
		return k.add(i, p)
	}
	if id == "" {
		return p.missing("id")
	}
	n := slices.IndexFunc(k.rules, func(r rule) bool { return r.ID == id })
	if n < 0 {
		return p.wrong("INVALID_DATA", "id", "the id given seems to be invalid", nil)
	}
	if p.deleted() {
		k.rules, k.from = slices.Delete(k.rules, n, n+1), slices.Delete(k.from, n, n+1)
		return nil
	}
	k.from[n] = i
	return k.edit(p, &k.rules[n])
}

func (k *ruleBook) add(i int, p section) *answer {
	for _, key := range []string{"name", "criteria"} {
		if !p.given(key) {
			return p.missing(key)
		}
	}
	r := rule{ID: k.o.newSettingID()}
	if a := k.edit(p, &r); a != nil {
		return a
	}
	k.rules, k.from = append(k.rules, r), append(k.from, i)
	return nil
}

func (k *ruleBook) edit(p section, r *rule) *answer {
	if a := p.text("name", &r.Name); a != nil {
		return a
	}
	if r.Name == "" {
		return p.missing("name")
	}
	if utf8.RuneCountInString(r.Name) > maxRuleName {
		return p.wrong("INVALID_DATA", "name", "invalid data", object{"maximum_length": maxRuleName})
	}
	if a := p.truth("lock_existing_records", &r.Existing); a != nil {
		return a
	}
	if !p.given("criteria") {
		return nil
	}
	c, a := k.m.readCriteria(p, "criteria")
	if a == nil {
		r.Criteria = c
	}
	return a
}

// repeats says which entry of the body has the name or the criteria of another rule.
func (k *ruleBook) repeats(list []section) *answer {
	for j, r := range k.rules {
		for i, earlier := range k.rules[:j] {
			culprit := max(k.from[i], k.from[j])
			if culprit < 0 {
				continue
			}
			if earlier.Name == r.Name {
				return list[culprit].wrong("DUPLICATE_DATA", "name", "Duplicate rule name found, Enter unique rulename.", nil)
			}
			if bytes.Equal(encode(earlier.Criteria), encode(r.Criteria)) {
				return list[culprit].wrong("DUPLICATE_DATA", "criteria", "Duplicate criteria found, Enter unique criteria.", nil)
			}
		}
	}
	return nil
}
