package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// held is what is known of a record besides its id and its lock. Most records
// have none, so that a million of them stay cheap.
type held struct {
	Name     string         `json:"name,omitempty"`
	Values   map[string]any `json:"values,omitempty"`   // by API name, as JSON has them
	Owner    string         `json:"owner,omitempty"`    // user id; empty means the calling user
	Created  int64          `json:"created,omitempty"`  // unix seconds
	Modified int64          `json:"modified,omitempty"` // unix seconds
}

// value is what a field holds; nil for nothing.
func (h *held) value(name string) any {
	if h == nil {
		return nil
	}
	return h.Values[name]
}

// shown is the value as Get Records has it: a record without tags has an empty list of them.
func (h *held) shown(name string) any {
	v := h.value(name)
	if v == nil && name == "Tag" {
		return []any{}
	}
	return v
}

// clone is a copy whose values may be changed.
func (h *held) clone() *held {
	if h == nil {
		return &held{Values: map[string]any{}}
	}
	c := *h
	c.Values = map[string]any{}
	maps.Copy(c.Values, h.Values)
	return &c
}

// UnmarshalJSON keeps numbers as they are written.
func (h *held) UnmarshalJSON(data []byte) error {
	type plain held
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return d.Decode((*plain)(h))
}

// seedFields gives a record the values that it starts with.
func (m *module) seedFields(id int64, values map[string]any) error {
	if len(values) == 0 {
		delete(m.held, id)
		return nil
	}
	text, err := json.Marshal(held{Values: values})
	h := &held{}
	if err == nil {
		err = json.Unmarshal(text, h)
	}
	if err != nil {
		return fmt.Errorf("fields of %s %d: %w", m.name, id, err)
	}
	h.Owner = idOf(h.Values["Owner"])
	h.Name = m.nameIn(h.Values)
	delete(h.Values, "Owner")
	m.held[id] = h
	return nil
}

// nameIn is the record's name as its fields have it.
func (m *module) nameIn(values map[string]any) string {
	if m.name == "Leads" || m.name == "Contacts" {
		first, _ := values["First_Name"].(string)
		last, _ := values["Last_Name"].(string)
		if first != "" && last != "" {
			return first + " " + last
		}
		return first + last
	}
	for _, key := range []string{nameField(m.name), "Name"} {
		if name, ok := values[key].(string); ok {
			return name
		}
	}
	return ""
}

// hasField reports whether the module has the field besides those that every record has something in.
func (m *module) hasField(name string) bool {
	return slices.ContainsFunc(m.fields, func(f Field) bool { return f.Name == name })
}

// ownerOf is the user whom the record belongs to.
func (o *Org) ownerOf(h *held) User {
	if h == nil || h.Owner == "" {
		return o.cfg.Me
	}
	return o.userWith(h.Owner)
}

func (o *Org) ownerNumber(k key) int64 { return userNumber(o.ownerOf(k.m.held[k.id])) }

// user finds a user by id.
func (o *Org) user(id string) (User, bool) {
	for _, u := range append([]User{o.cfg.Me, Patricia()}, o.people.list...) {
		if u.ID == id {
			return u, true
		}
	}
	return User{}, false
}

// userWith is the user of that id; one without a name where nobody has it.
func (o *Org) userWith(id string) User {
	u, _ := o.user(id)
	u.ID = id
	return u
}

// fieldOf is what the column holds of a record of which h is known.
func (o *Org) fieldOf(k key, h *held, c column) any {
	switch {
	case c.value != nil:
		return h.value(c.name)
	case c.name == "Owner":
		return o.ownerOf(h).ID
	case c.kind == kindText && h != nil && h.Name != "":
		return h.Name
	case c.kind == kindTime && h != nil && c.name == "Created_Time" && h.Created != 0:
		return clock(h.Created)
	case c.kind == kindTime && h != nil && c.name == "Modified_Time" && h.Modified != 0:
		return clock(h.Modified)
	case c.kind == kindUser:
		return strconv.FormatInt(c.number(o, k), 10)
	}
	return c.plain(o, k)
}
