package sim

import (
	"slices"
	"strconv"
	"strings"
)

// Profile is a profile of the organisation's users.
type Profile struct{ ID, Name string }

// Button is a custom button of the organisation.
type Button struct{ ID, Name string }

// Field is a field of a module.
type Field struct {
	Name     string // API name
	Type     string // Zoho's data_type, such as "picklist"; empty means "text"
	ReadOnly bool   // the API cannot write it
}

// maxOwnFields keeps the ids of one module's fields from running into the next one's.
const maxOwnFields = 50

// usualProfiles and usualButtons have the ids of the examples in Zoho's documents.
func usualProfiles() []Profile {
	return []Profile{{"5843104000000026011", "Administrator"}, {"5843104000000026014", "Standard"}}
}

func usualButtons() []Button { return []Button{{"5843104000000485570", "Send with Zoho Sign"}} }

// commonFields are those that every module has besides its columns.
func commonFields() []Field {
	return []Field{
		{"Tag", "text", false}, {"Description", "textarea", false}, {"Email", "email", false}, {"Phone", "phone", false},
		{"Status", "picklist", false},
	}
}

// ownFields are those that Zoho's own modules have besides.
func ownFields(module string) []Field {
	switch module {
	case "Leads":
		return []Field{
			{"First_Name", "text", false}, {"Last_Name", "text", false}, {"Full_Name", "text", true}, {"Company", "text", false},
			{"Lead_Status", "picklist", false}, {"Lead_Source", "picklist", false}, {"Industry", "picklist", false},
			{"Rating", "picklist", false}, {"Annual_Revenue", "currency", false}, {"No_of_Employees", "integer", false},
			{"City", "text", false}, {"State", "text", false}, {"Country", "text", false}, {"Email_Opt_Out", "boolean", false},
			{"Website", "website", false}, {"Mobile", "phone", false}, {"Secondary_Email", "email", false},
		}
	case "Deals":
		return []Field{
			{"Deal_Name", "text", false}, {"Stage", "picklist", false}, {"Amount", "currency", false}, {"Closing_Date", "date", false},
			{"Type", "picklist", false}, {"Probability", "integer", false}, {"Next_Step", "text", false}, {"Pipeline", "picklist", false},
			{"Lead_Source", "picklist", false}, {"Expected_Revenue", "currency", false}, {"Account_Name", "lookup", false},
			{"Contact_Name", "lookup", false}, {"Products", "multiselectpicklist", false},
		}
	case "Contacts":
		return []Field{
			{"First_Name", "text", false}, {"Last_Name", "text", false}, {"Full_Name", "text", true}, {"Account_Name", "lookup", false},
			{"Department", "text", false}, {"Title", "text", false}, {"Date_of_Birth", "date", false}, {"Mailing_City", "text", false},
			{"Email_Opt_Out", "boolean", false},
		}
	case "Accounts":
		return []Field{
			{"Account_Name", "text", false}, {"Account_Type", "picklist", false}, {"Industry", "picklist", false},
			{"Annual_Revenue", "currency", false}, {"Employees", "integer", false}, {"Website", "website", false}, {"Billing_City", "text", false},
		}
	}
	return stageFields(module)
}

// stageFields are the own fields of modules that are about a matter with a course of its own.
func stageFields(module string) []Field {
	switch module {
	case "Tasks":
		return []Field{{"Subject", "text", false}, {"Due_Date", "date", false}, {"Priority", "picklist", false}, {"Closed_Time", "datetime", true}}
	case "Cases":
		return []Field{{"Subject", "text", false}, {"Priority", "picklist", false}, {"Case_Origin", "picklist", false}, {"Case_Reason", "picklist", false}}
	case "Quotes":
		return []Field{{"Subject", "text", false}, {"Quote_Stage", "picklist", false}, {"Valid_Till", "date", false}, {"Grand_Total", "currency", true}}
	case "Sales_Orders", "Purchase_Orders", "Invoices":
		return []Field{{"Subject", "text", false}, {"Due_Date", "date", false}, {"Grand_Total", "currency", true}, {"Account_Name", "lookup", false}}
	case "Products":
		return []Field{{"Product_Name", "text", false}, {"Product_Active", "boolean", false}, {"Unit_Price", "currency", false}, {"Qty_in_Stock", "double", false}}
	}
	return nil
}

// fieldsOf lists the fields of a module besides its columns: those named in its
// Module go before Zoho's own of the same name.
func fieldsOf(module string, more []Field) []Field {
	all := slices.Concat(commonFields(), ownFields(module))
	for _, f := range more {
		if f.Type == "" {
			f.Type = kindText
		}
		if i := slices.IndexFunc(all, func(g Field) bool { return g.Name == f.Name }); i >= 0 {
			all[i] = f
		} else {
			all = append(all, f)
		}
	}
	return all
}

// catalogue is all fields of the module: those that every record has something in, then the others.
func (m *module) catalogue() []column {
	list := m.columns()
	base := len(list)
	for _, f := range m.fields {
		if !slices.ContainsFunc(list[:base], func(c column) bool { return c.name == f.Name }) {
			list = append(list, column{
				name: f.Name, label: strings.ReplaceAll(f.Name, "_", " "), kind: f.Type, open: !f.ReadOnly,
				value: func(_ *Org, k key) any { return k.m.held[k.id].shown(f.Name) },
			})
		}
	}
	return list
}

func (m *module) fieldID(i int) string {
	return strconv.Itoa(fieldIDs + int(m.order)*fieldsPerModule + i)
}

// fieldNamed and fieldNumbered find the place of a field in the catalogue by its
// API name or its id; -1 when there is none.
func fieldNamed(all []column, name string) int {
	return slices.IndexFunc(all, func(c column) bool { return c.name == name })
}

func (m *module) fieldNumbered(all []column, id string) int {
	for i := range all {
		if m.fieldID(i) == id {
			return i
		}
	}
	return -1
}

// profile finds a profile by its id or, where that is empty, by its name.
func (o *Org) profile(id, name string) (Profile, bool) {
	for _, p := range o.cfg.Profiles {
		if p.ID == id || id == "" && p.Name == name {
			return p, true
		}
	}
	return Profile{}, false
}

// myProfile is the caller's.
func (o *Org) myProfile() Profile {
	for _, p := range o.cfg.Profiles {
		if o.stand.Profile == p.ID || o.stand.Profile == p.Name {
			return p
		}
	}
	return o.cfg.Profiles[0]
}

// button finds a custom button by its id or, where that is empty, by its name.
func (o *Org) button(id, name string) (Button, bool) {
	for _, b := range o.cfg.Buttons {
		if b.ID == id || id == "" && b.Name == name {
			return b, true
		}
	}
	return Button{}, false
}
