package sim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// lockingName is the hidden module that locks are the records of.
const lockingName = "Locking_Information__s"

const (
	fieldIDs        = 5843104000000003000
	fieldsPerModule = 100 // ids between one module's fields and the next one's
)

// lockingFields are those of the module Locking_Information__s. (Zoho: "Record Locking APIs in Zoho CRM", Kaizen.)
func lockingFields() []column {
	return []column{
		{name: "id", label: "Record Locking Id", kind: kindID},
		{name: "Locked_Reason__s", label: "Locked Reason", kind: kindReason},
		{name: "Lock_Source__s", label: "Lock Source", kind: "picklist"},
		{name: "Locked_For__s", label: "Locked For", kind: "multi_module_lookup"},
		{name: "Locked_Time__s", label: "Locked Time", kind: kindTime},
		{name: "Locked_By__s", label: "Locked By", kind: "userlookup"},
		{name: "Record_Locking_Rule_Id__s", label: "Record Locking Rule Id", kind: kindID},
		{name: "Record_Locking_Configuration_Id__s", label: "Record Locking Configuration Id", kind: kindID},
		{name: "Feature_Type__s", label: "Feature Type", kind: "picklist"},
	}
}

// oneModule serves a module's metadata. (Zoho: "Modules Metadata".)
func (o *Org) oneModule(c *call) answer {
	m, ok := o.modules[c.module]
	switch {
	case ok:
		return shown(object{"modules": []object{m.metadata()}})
	case c.module == lockingName && o.lockingAnywhere():
		return shown(object{"modules": []object{lockingModule()}})
	}
	return badModule(at(2))
}

// lockingAnywhere reports whether locking is configured for any module: then there is a module of locks.
func (o *Org) lockingAnywhere() bool {
	for _, m := range o.modules {
		if m.Locking < NotConfigured {
			return true
		}
	}
	return false
}

// fields serves the metadata of a module's fields. (Zoho: "Fields Metadata".)
func (o *Org) fields(c *call) answer {
	name := c.query.Get("module")
	if name == "" {
		return missingParam("module")
	}
	var list []object
	if m, ok := o.modules[name]; ok {
		for i, col := range m.catalogue() {
			list = append(list, col.describe(m.fieldID(i)))
		}
	} else if name == lockingName && o.lockingAnywhere() {
		for i, col := range lockingFields() {
			list = append(list, col.describe(strconv.Itoa(fieldIDs+i)))
		}
	} else {
		return badModule(object{"param_name": "module"})
	}
	return shown(object{"fields": list})
}

// describe is the metadata of a field.
func (c column) describe(id string) object {
	ours := c.ours()
	kind := map[string]string{
		kindBoolean: "boolean", kindUser: "jsonobject", "userlookup": "jsonobject", "multi_module_lookup": "jsonobject",
		"lookup": "jsonobject", "multiselectpicklist": "jsonarray", "currency": "double", "double": "double", "integer": "integer",
	}[c.kind]
	if kind == "" {
		kind = "string"
	}
	return object{
		"id": id, "api_name": c.name, "field_label": c.label, "display_label": c.label,
		"data_type": c.kind, "json_type": kind, "length": c.length(), "system_mandatory": false, "custom_field": false,
		"field_read_only": ours, "read_only": ours, "mass_update": !ours, "visible": c.name != "Locked__s",
		"filterable": c.number != nil || c.text != nil, "searchable": true, "sortable": true, "webhook": true,
		"operation_type":   object{"web_view": true, "web_create": !ours, "web_update": !ours, "api_create": !ours, "api_update": !ours},
		"view_type":        object{"view": c.name != "Locked__s", "edit": !ours, "create": !ours, "quick_create": false},
		"pick_list_values": c.choices(),
	}
}

// ours reports whether the organisation alone writes the field: what people type
// in are the texts, and fields that say so.
func (c column) ours() bool {
	return c.value == nil && c.kind != kindText && c.kind != kindReason || c.value != nil && !c.open
}

func (c column) length() int {
	switch c.kind {
	case kindReason:
		return maxReason
	case kindBoolean:
		return 5
	case kindID, kindUser, "userlookup", "multi_module_lookup":
		return 20
	}
	return 120
}

// choices are the values of a picklist.
func (c column) choices() []object {
	words := map[string][]string{
		"Lock_Source__s": {string(Manual), string(Automatic)}, "Feature_Type__s": {featureType},
	}[c.name]
	list := make([]object, len(words))
	for i, word := range words {
		list[i] = object{"display_value": word, "actual_value": word, "sequence_number": i + 1}
	}
	return list
}

// oneUser serves a user by id. (Zoho: "Get Users".)
func (o *Org) oneUser(c *call) answer {
	if u, ok := o.user(c.id); ok {
		return shown(object{"users": []object{o.describeUser(u)}})
	}
	return refuse(http.StatusBadRequest, "INVALID_DATA", at(1), "the id given seems to be invalid")
}

// supported is one path of the list of APIs.
type supported struct {
	Path       string      `json:"path"`
	Operations []operation `json:"operation_types"`
	module     string      // that its records belong to; empty for none
}

type operation struct {
	Method string `json:"method"`
	Scope  string `json:"oauth_scope"`
	Most   int    `json:"max_credits"`
	Least  int    `json:"min_credits"`
}

// apis are the calls that the organisation serves, with the scopes that they need.
func (o *Org) apis() []supported {
	get := func(path, scope string, most int) supported {
		return supported{Path: "/crm/v8/" + path, Operations: []operation{{http.MethodGet, scope, most, 1}}}
	}
	list := []supported{
		get("__apis", "ZohoCRM.apis.READ", 1), get("org", "ZohoCRM.org.READ", 1),
		get("users", "ZohoCRM.users.READ", 1), get("users/{{id}}", "ZohoCRM.users.READ", 1),
		get("settings/modules", "ZohoCRM.settings.modules.READ", 1),
		get("settings/modules/{{module}}", "ZohoCRM.settings.modules.READ", 1),
		get("settings/fields", "ZohoCRM.settings.fields.READ", 1), get("settings/profiles", "ZohoCRM.settings.profiles.READ", 1),
		get("settings/record_locking_configurations", "ZohoCRM.settings.record_locking_configurations.READ", 1),
		{Path: "/crm/v8/coql", Operations: []operation{{http.MethodPost, "ZohoCRM.coql.READ", 3, 1}}},
	}
	for _, m := range o.sortedModules() {
		list = append(list, o.apisOf(m)...)
	}
	return list
}

// apisOf are the calls about a module's records. Custom modules go by one name in their scopes.
func (o *Org) apisOf(m *module) []supported {
	word := strings.ToLower(strings.ReplaceAll(m.name, "_", ""))
	if m.Custom {
		word = "custom"
	}
	scope := "ZohoCRM.modules." + word + "."
	path := "/crm/v8/" + m.name
	read := operation{http.MethodGet, scope + "READ", 1, 1}
	list := []supported{
		{path, []operation{read}, m.name}, {path + "/{{id}}", []operation{read}, m.name},
	}
	if m.Locking >= NotConfigured || o.stand.EditionBarred {
		return list
	}
	locks := path + "/{{id}}/" + lockingName
	return append(list,
		supported{locks, []operation{read, {http.MethodPost, scope + "CREATE", 1, 1}}, m.name},
		supported{locks + "/{{id}}", []operation{
			read, {http.MethodPut, scope + "UPDATE", 1, 1}, {http.MethodDelete, scope + "DELETE", 1, 1},
		}, m.name})
}

// filter is the one criterion that the list of APIs takes.
type filter struct {
	Field struct {
		Name string `json:"api_name"`
	} `json:"field"`
	Comparator string `json:"comparator"`
	Value      string `json:"value"`
}

// supportedAPIs serves the list of APIs. (Zoho: "List of Available APIs".)
func (o *Org) supportedAPIs(c *call) answer {
	f, refused := readFilter(c)
	if refused != nil {
		return *refused
	}
	var list []supported
	for _, s := range o.apis() {
		if f == nil || f.keeps(&s) {
			list = append(list, s)
		}
	}
	if len(list) == 0 {
		return nothing()
	}
	return shown(object{"__apis": list})
}

func readFilter(c *call) (*filter, *answer) {
	if !c.query.Has("filters") {
		return nil, nil
	}
	details := object{"param_name": "filters"}
	var f filter
	fields := []string{"module", "operation_types.method", "operation_types.oauth_scope"}
	code, message := "INVALID_DATA", "invalid data"
	switch {
	case json.Unmarshal([]byte(c.query.Get("filters")), &f) != nil:
		details["expected_data_type"] = "jsonobject"
	case f.Field.Name == "" || f.Comparator == "" || f.Value == "":
		code, message = "MANDATORY_NOT_FOUND", "required field not found"
		details["api_name"] = "value"
		if f.Comparator == "" {
			details["api_name"] = "comparator"
		}
		if f.Field.Name == "" {
			details["api_name"], details["json_path"] = "api_name", "$.field.api_name"
		}
	case !slices.Contains(fields, f.Field.Name):
		details["api_name"], details["json_path"], details["supported_values"] = "api_name", "$.field.api_name", fields
	case f.Comparator != "equals":
		details["api_name"], details["json_path"], details["supported_values"] = "comparator", "$.comparator", []string{"equals"}
	default:
		return &f, nil
	}
	a := refuse(http.StatusBadRequest, code, details, message)
	return nil, &a
}

// keeps reports whether s passes the filter, and leaves only those of its operations that do.
func (f *filter) keeps(s *supported) bool {
	if f.Field.Name == "module" {
		return s.module == f.Value
	}
	s.Operations = slices.DeleteFunc(slices.Clone(s.Operations), func(op operation) bool {
		if f.Field.Name == "operation_types.method" {
			return op.Method != f.Value
		}
		return op.Scope != f.Value
	})
	return len(s.Operations) > 0
}

// sortedModules are the modules by name.
func (o *Org) sortedModules() []*module {
	list := make([]*module, 0, len(o.modules))
	for _, m := range o.modules {
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b *module) int { return strings.Compare(a.name, b.name) })
	return list
}
