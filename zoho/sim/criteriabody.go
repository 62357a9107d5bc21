package sim

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// kind is how values of a field compare.
type kind int

const (
	textual kind = iota
	numeric
	dated
	timed
	binary
	personal // a user or a record, by its id
	strange  // cannot stand in criteria
)

func (c column) sort() kind {
	switch c.kind {
	case "integer", "bigint", "double", "currency", "percent":
		return numeric
	case "date":
		return dated
	case "datetime":
		return timed
	case "boolean":
		return binary
	case "lookup", "ownerlookup", "userlookup":
		return personal
	case "text", "textarea", "email", "phone", "website", "picklist", "multiselectpicklist", "autonumber":
		return textual
	}
	return strange
}

// comparators are those that Zoho's "Filters and criteria" names for the kind.
func (k kind) comparators() []string {
	switch k {
	case textual:
		return []string{"equal", "not_equal", "contains", "not_contains", "starts_with", "ends_with"}
	case numeric, dated, timed:
		return []string{"equal", "not_equal", "less_than", "less_equal", "greater_than", "greater_equal", "between", "not_between"}
	}
	return []string{"equal", "not_equal"}
}

// Values that stand for a field with nothing, or with anything, in it.
const (
	emptyValue = "${EMPTY}"
	anyValue   = "${NOTEMPTY}"
)

// readCriteria reads the criteria under key of p.
func (m *module) readCriteria(p section, key string) (*criterion, *answer) {
	top := section{path: p.at(key)}
	if json.Unmarshal(p.keys[key], &top.keys) != nil || top.keys == nil {
		return nil, p.mistyped(key, "jsonobject")
	}
	return m.readCriterion(top, true)
}

// readCriterion reads a comparison or a group; alone says that it is a rule's only one.
func (m *module) readCriterion(p section, alone bool) (*criterion, *answer) {
	if p.given("group") || p.given("group_operator") {
		return m.readGroup(p)
	}
	all := m.catalogue()
	i, a := m.readCriterionField(p, all, alone)
	if a != nil {
		return nil, a
	}
	c := &criterion{Field: m.reference(all, i)}
	for _, key := range []string{"comparator", "value"} {
		if !p.given(key) {
			return nil, p.missing(key)
		}
	}
	supported := all[i].sort().comparators()
	if a := p.text("comparator", &c.Comparator); a != nil {
		return nil, a
	}
	if !slices.Contains(supported, c.Comparator) {
		return nil, p.wrong("INVALID_DATA", "comparator", "invalid data", object{"supported_values": supported})
	}
	if a := p.text("type", &c.Type); a != nil {
		return nil, a
	}
	c.Value = p.keys["value"]
	if !m.supports(all[i], c) {
		return nil, p.wrong("NOT_SUPPORTED", "value", "value not supported", nil)
	}
	return c, nil
}

func (m *module) readGroup(p section) (*criterion, *answer) {
	for _, key := range []string{"group_operator", "group"} {
		if !p.given(key) {
			return nil, p.missing(key)
		}
	}
	c := &criterion{}
	if a := p.text("group_operator", &c.Operator); a != nil {
		return nil, a
	}
	if op := strings.ToUpper(c.Operator); op != "AND" && op != "OR" {
		return nil, p.wrong("INVALID_DATA", "group_operator", "invalid data", object{"supported_values": []string{"AND", "OR"}})
	}
	list, a := p.parts("group", 0, "")
	if a != nil {
		return nil, a
	}
	if len(list) == 0 {
		return nil, p.missing("group")
	}
	for _, q := range list {
		one, a := m.readCriterion(q, false)
		if a != nil {
			return nil, a
		}
		c.Group = append(c.Group, *one)
	}
	return c, nil
}

// readCriterionField finds the field that a comparison is about.
func (m *module) readCriterionField(p section, all []column, alone bool) (int, *answer) {
	f := section{path: p.at("field")}
	if p.given("field") && (json.Unmarshal(p.keys["field"], &f.keys) != nil || f.keys == nil) {
		return -1, p.mistyped("field", "jsonobject")
	}
	i, key, a := m.readField(f, all, true)
	if a != nil && a.code == "INVALID_DATA" && alone {
		// Zoho writes "fields" here, where the criteria are a single comparison.
		f.path = p.at("fields")
		_, _, a = m.readField(f, all, true)
	}
	if a != nil {
		return -1, a
	}
	if all[i].unruly() || m.name == "Tasks" && all[i].name != "Status" {
		return -1, f.wrong("NOT_SUPPORTED", key, "field not supported", nil)
	}
	return i, nil
}

// unruly reports whether rules cannot go by the field.
func (c column) unruly() bool {
	return c.sort() == strange || c.name == "Tag" || c.name == "Locked__s" || c.name == "id"
}

// supports reports whether the comparison's value is one that the field may be compared with.
func (m *module) supports(f column, c *criterion) bool {
	var v any
	if json.Unmarshal(c.Value, &v) != nil {
		return false
	}
	if m.name == "Tasks" {
		word, ok := v.(string)
		return ok && c.Comparator == "equal" && closedTask(word)
	}
	equality := c.Comparator == "equal" || c.Comparator == "not_equal"
	if v == emptyValue || v == anyValue {
		return equality
	}
	list, isList := v.([]any)
	if strings.HasSuffix(c.Comparator, "between") {
		return len(list) == 2 && f.sort().takes(list[0]) && f.sort().takes(list[1])
	}
	if !isList {
		return f.sort().takes(v)
	}
	return equality && f.sort() == textual && len(list) > 0 && !slices.ContainsFunc(list, func(v any) bool { return !textual.takes(v) })
}

// closedTask reports whether a task with this status is closed. The documents
// call it closed, and Zoho's own picklist Completed.
func closedTask(status string) bool {
	return strings.EqualFold(status, "closed") || strings.EqualFold(status, "completed")
}

// takes reports whether v, as JSON has it, is a value of the kind.
func (k kind) takes(v any) bool {
	text, isText := v.(string)
	switch k {
	case textual:
		return isText
	case numeric:
		_, ok := number64(v)
		return ok
	case dated:
		_, err := time.Parse(time.DateOnly, text)
		return isText && err == nil
	case timed:
		_, err := time.Parse(time.RFC3339, text)
		return isText && err == nil
	case binary:
		_, isBool := v.(bool)
		return isBool || text == "true" || text == "false"
	}
	return idOf(v) != ""
}

// number64 is v as a number, whether it is written as one or as text.
func number64(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	case string:
		f, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
		return f, err == nil
	}
	return 0, false
}

// idOf is the id in a value that is an object with one, or is one.
func idOf(v any) string {
	if o, ok := v.(map[string]any); ok {
		v = o["id"]
	}
	if n, ok := v.(json.Number); ok {
		v = n.String()
	}
	if id, ok := v.(string); ok && digits(id) {
		return id
	}
	return ""
}
