package sim

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// matcher is a rule made ready to be asked of records.
type matcher struct {
	id    int64
	meets func(k key, h *held) bool
}

// matchers are the rules by which s locks records; none where records are locked by hand alone.
func (o *Org) matchers(m *module, s *configuration) []matcher {
	if s == nil || s.locking() == LockingManual {
		return nil
	}
	all := m.catalogue()
	var list []matcher
	for _, r := range s.Rules {
		id, err := strconv.ParseInt(r.ID, 10, 64)
		if err == nil && r.Criteria != nil {
			list = append(list, matcher{id, o.ready(m, all, r.Criteria)})
		}
	}
	return list
}

// ready makes criteria ready to be asked.
func (o *Org) ready(m *module, all []column, c *criterion) func(key, *held) bool {
	if c.Field == nil {
		return o.readyGroup(m, all, c)
	}
	i := fieldNamed(all, c.Field.Name)
	if i < 0 {
		return func(key, *held) bool { return false }
	}
	col := all[i]
	var want any
	if json.Unmarshal(c.Value, &want) != nil {
		return func(key, *held) bool { return false }
	}
	test := col.sort().test(c.Comparator, want)
	if m.name == "Tasks" { // whose rules know one criterion: closed
		test = func(v any) bool { status, _ := v.(string); return closedTask(status) }
	}
	return func(k key, h *held) bool { return test(o.fieldOf(k, h, col)) }
}

func (o *Org) readyGroup(m *module, all []column, c *criterion) func(key, *held) bool {
	var tests []func(key, *held) bool
	for i := range c.Group {
		tests = append(tests, o.ready(m, all, &c.Group[i]))
	}
	every := strings.EqualFold(c.Operator, "AND")
	return func(k key, h *held) bool {
		return slices.ContainsFunc(tests, func(t func(key, *held) bool) bool { return t(k, h) != every }) != every
	}
}

// test is the comparison of a field of this kind with want. A comparator with
// "not" also takes in the fields that hold nothing.
func (k kind) test(comparator string, want any) func(v any) bool {
	positive, negated := strings.CutPrefix(comparator, "not_")
	if want == emptyValue || want == anyValue {
		return func(v any) bool { return nothingIn(v) == ((want == emptyValue) != negated) }
	}
	var test func(v any) bool
	switch k {
	case textual:
		test = textTest(positive, want)
	case personal:
		test = func(v any) bool { return idOf(v) != "" && idOf(v) == idOf(want) }
	default:
		test = k.measureTest(positive, want)
	}
	return func(v any) bool { return test(v) != negated }
}

func nothingIn(v any) bool {
	list, isList := v.([]any)
	return v == nil || v == "" || isList && len(list) == 0
}

// texts are the words in a value, in lower case: Zoho compares without regard to case.
func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{strings.ToLower(v)}
	case []any:
		var list []string
		for _, one := range v {
			list = append(list, texts(one)...)
		}
		return list
	}
	return nil
}

// textTest compares words: it is enough that one that the field holds fits one that is wanted.
func textTest(comparator string, want any) func(v any) bool {
	fit := map[string]func(string, string) bool{
		"equal": func(a, b string) bool { return a == b }, "contains": strings.Contains,
		"starts_with": strings.HasPrefix, "ends_with": strings.HasSuffix,
	}[comparator]
	wanted := texts(want)
	return func(v any) bool {
		return slices.ContainsFunc(texts(v), func(a string) bool {
			return slices.ContainsFunc(wanted, func(b string) bool { return fit(a, b) })
		})
	}
}

// measure is v as a number that can be compared; false where it is none of the kind.
func (k kind) measure(v any) (float64, bool) {
	text, _ := v.(string)
	switch k {
	case dated:
		t, err := time.Parse(time.DateOnly, text)
		return float64(t.Unix()), err == nil
	case timed:
		t, err := time.Parse(time.RFC3339, text)
		return float64(t.Unix()), err == nil
	case binary:
		if v == true || text == "true" {
			return 1, true
		}
		return 0, true // a box that nobody ticked
	}
	return number64(v)
}

func (k kind) measureTest(comparator string, want any) func(v any) bool {
	if comparator == "between" {
		return k.betweenTest(want)
	}
	b, _ := k.measure(want)
	fit := map[string]func(a float64) bool{
		"equal": func(a float64) bool { return a == b }, "less_than": func(a float64) bool { return a < b },
		"less_equal": func(a float64) bool { return a <= b }, "greater_than": func(a float64) bool { return a > b },
		"greater_equal": func(a float64) bool { return a >= b },
	}[comparator]
	return func(v any) bool {
		a, ok := k.measure(v)
		return ok && fit(a)
	}
}

// betweenTest takes in both ends.
func (k kind) betweenTest(want any) func(v any) bool {
	list, _ := want.([]any)
	if len(list) != 2 {
		return func(any) bool { return false }
	}
	low, _ := k.measure(list[0])
	high, _ := k.measure(list[1])
	return func(v any) bool {
		a, ok := k.measure(v)
		return ok && low <= a && a <= high
	}
}

// ruleID is the rule of an automatic lock, as Zoho shows it.
func (m *module) ruleID(r row) string {
	switch {
	case r.rule != 0:
		return strconv.FormatInt(r.rule, 10)
	case m.settings != nil && len(m.settings.Rules) > 0:
		return m.settings.Rules[0].ID
	}
	return m.number(ruleIDs)
}
