package zoho

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Equal reports whether two criteria compare the same, whatever ids and names Zoho adds to their fields. A
// number is the same as its digits: Zoho gives back as text what it was given as a number.
func (c *Criteria) Equal(other *Criteria) bool {
	if c == nil || other == nil {
		return c == other
	}
	if len(c.Group) != len(other.Group) {
		return false
	}
	if len(c.Group) == 0 {
		return c.Comparator == other.Comparator && c.Field.Same(other.Field) && valueText(c.Value) == valueText(other.Value)
	}
	for i := range c.Group {
		if !c.Group[i].Equal(&other.Group[i]) {
			return false
		}
	}
	return strings.EqualFold(c.GroupOperator, other.GroupOperator)
}

// fingerprint is the same for criteria that compare the same; "" for none.
func (c *Criteria) fingerprint() string {
	if c == nil {
		return ""
	}
	if len(c.Group) == 0 {
		return fmt.Sprintf("%q %s %s", c.Field.String(), c.Comparator, valueText(c.Value))
	}
	parts := make([]string, len(c.Group))
	for i := range c.Group {
		parts[i] = c.Group[i].fingerprint()
	}
	return c.GroupOperator + "(" + strings.Join(parts, ",") + ")"
}

// valueText is a value with its kind left out.
func valueText(v any) string {
	switch v := v.(type) {
	case string:
		return fmt.Sprintf("%q", v)
	case json.Number, bool:
		return fmt.Sprintf("%q", fmt.Sprint(v))
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = valueText(v[i])
		}
		return "[" + strings.Join(parts, ",") + "]"
	case object:
		if id := v.text("id"); id != "" { // a user or a record
			return "id " + id
		}
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}
