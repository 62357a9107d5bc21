package sim

import (
	"slices"
	"strconv"
	"strings"
)

// The kinds of columns, in the words of Zoho's field metadata.
const (
	kindID      = "bigint"
	kindText    = "text"
	kindBoolean = "boolean"
	kindTime    = "datetime"
	kindUser    = "ownerlookup"
	kindReason  = "textarea"
)

// column is one field of a module's records, as metadata shows it and queries reckon with it.
type column struct {
	name, label, kind string
	number            func(o *Org, k key) int64  // of all kinds but text: id, unix seconds, user id, 0 or 1
	text              func(o *Org, k key) string // of text alone
	value             func(o *Org, k key) any    // of a field that queries do not reckon with
	open              bool                       // such a field, and people write it
}

// nameFields are what Zoho calls the name of a standard module's records.
// (Zoho: "Fields Metadata".)
func nameField(module string) string {
	switch module {
	case "Leads", "Contacts":
		return "Full_Name"
	case "Tasks", "Cases", "Quotes", "Sales_Orders", "Purchase_Orders", "Invoices":
		return "Subject"
	case "Solutions":
		return "Solution_Title"
	case "Accounts", "Deals", "Vendors", "Price_Books", "Products", "Campaigns":
		return strings.TrimSuffix(module, "s") + "_Name"
	}
	return "Name"
}

// columns are the fields of a module's records. Name stands in every module, whatever Zoho calls it there.
func (m *module) columns() []column {
	title := func(_ *Org, k key) string { return k.m.title(k.id) }
	me := func(o *Org, _ key) int64 { return userNumber(o.cfg.Me) }
	list := []column{
		{name: "id", label: "Record Id", kind: kindID, number: func(_ *Org, k key) int64 { return k.id }},
		{name: "Name", label: "Name", kind: kindText, text: title},
		{name: "Owner", label: "Owner", kind: kindUser, number: (*Org).ownerNumber},
		{name: "Created_By", label: "Created By", kind: kindUser, number: me},
		{name: "Modified_By", label: "Modified By", kind: kindUser, number: me},
		{name: "Created_Time", label: "Created Time", kind: kindTime, number: (*Org).created},
		{name: "Modified_Time", label: "Modified Time", kind: kindTime, number: (*Org).modified},
	}
	if own := nameField(m.name); own != "Name" {
		list = append(list, column{name: own, label: strings.ReplaceAll(own, "_", " "), kind: kindText, text: title})
	}
	if m.Locking != Unsupported {
		list = append(list, column{name: "Locked__s", label: "Locked", kind: kindBoolean, number: isLocked})
	}
	return list
}

// column finds a field by its API name.
func (m *module) column(name string) (column, bool) {
	list := m.columns()
	i := slices.IndexFunc(list, func(c column) bool { return c.name == name })
	if i < 0 {
		return column{}, false
	}
	return list[i], true
}

func isLocked(_ *Org, k key) int64 {
	if _, locked := k.m.locks[k.id]; locked {
		return 1
	}
	return 0
}

func userNumber(u User) int64 {
	n, err := strconv.ParseInt(u.ID, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// created is when the record was made, in unix seconds: one to two years before the organisation
// began. It is reckoned from the id, so that a million records need no room for it.
func (o *Org) created(k key) int64 {
	if h := k.m.held[k.id]; h != nil && h.Created != 0 {
		return h.Created
	}
	age := chance(hash(k.m.name), uint64(k.id))
	return o.epoch.Unix() - 365*day - int64(age*365*float64(day))
}

// modified is when the record was last changed, in unix seconds. A lock does not change its record.
func (o *Org) modified(k key) int64 {
	if h := k.m.held[k.id]; h != nil && h.Modified != 0 {
		return h.Modified
	}
	created := o.created(k)
	return created + int64(chance(uint64(k.id), hash(k.m.name))*float64(o.epoch.Unix()-30*day-created))
}

// shown is the column's value as Get Records has it.
func (c column) shown(o *Org, k key) any {
	if c.value != nil {
		return c.value(o, k)
	}
	if c.kind == kindUser {
		u := o.userWith(strconv.FormatInt(c.number(o, k), 10))
		return object{"name": u.Name, "id": u.ID, "email": email(u)}
	}
	return c.plain(o, k)
}

// plain is the column's value as a query has it: of a user the id alone.
func (c column) plain(o *Org, k key) any {
	if c.kind == kindText {
		return c.text(o, k)
	}
	switch n := c.number(o, k); c.kind {
	case kindBoolean:
		return n == 1
	case kindTime:
		return clock(n)
	case kindUser:
		return object{"id": strconv.FormatInt(n, 10)}
	default:
		return strconv.FormatInt(n, 10)
	}
}

// present are records with the fields asked for, as Get Records has them; names that the module does not
// know are passed over.
func (o *Org) present(m *module, ids []int64, fields string) []object {
	names := strings.Split(fields, ",")
	known := map[string]column{}
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
		if c, ok := m.column(names[i]); ok {
			known[names[i]] = c
		}
	}
	rows := make([]object, len(ids))
	for i, id := range ids {
		k, h := key{m, id}, m.held[id]
		rows[i] = object{"id": k.text()}
		for _, name := range names {
			if c, ok := known[name]; ok {
				rows[i][name] = c.shown(o, k)
			} else if name == "$locked_for_me" && m.Locking != Unsupported {
				rows[i][name] = o.lockedForMe(k)
			} else if h != nil || m.hasField(name) {
				rows[i][name] = h.shown(name)
			}
		}
	}
	return rows
}

// email is the address made up for a user.
func email(u User) string {
	return strings.ToLower(strings.ReplaceAll(u.Name, " ", ".")) + "@example.com"
}
