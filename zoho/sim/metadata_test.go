package sim_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"zlock/zoho/sim"
)

func unmarshal(t *testing.T, r reply, into any) {
	t.Helper()
	if r.status != http.StatusOK {
		t.Fatalf("%+v", r)
	}
	if err := json.Unmarshal([]byte(r.text), into); err != nil {
		t.Fatal(err)
	}
}

func someModules() sim.Config {
	return sim.Config{Modules: map[string]sim.Module{
		"Leads": {}, "Deals": {Locking: sim.NotConfigured}, "Calls": {Locking: sim.Unsupported}, "Trees": {Custom: true},
	}}
}

func TestOneModule(t *testing.T) {
	o := found(t, someModules())
	for path, want := range map[string]string{
		"Leads": `"api_name":"Leads"`, "Trees": `"generated_type":"custom"`,
		"Locking_Information__s": `"viewable":false`, "Nowhere": `"resource_path_index":2`,
	} {
		if r := call(t, o, http.MethodGet, "/crm/v8/settings/modules/"+path, ""); !strings.Contains(r.text, want) {
			t.Errorf("%s: %+v", path, r)
		}
	}
	never := found(t, sim.Config{Modules: map[string]sim.Module{"Deals": {Locking: sim.RelationMissing}}})
	if r := call(t, never, http.MethodGet, "/crm/v8/settings/modules/Locking_Information__s", ""); r.said(t) != "INVALID_MODULE" {
		t.Errorf("locking was never configured: %+v", r)
	}
}

func TestFieldsOfAModule(t *testing.T) {
	o := found(t, someModules())
	type field struct {
		ID, Name, Kind string
		ReadOnly       bool
	}
	read := func(module string) (names []string, byName map[string]field) {
		var doc struct {
			Fields []struct {
				ID       string `json:"id"`
				Name     string `json:"api_name"`
				Kind     string `json:"data_type"`
				ReadOnly bool   `json:"field_read_only"`
			}
		}
		unmarshal(t, call(t, o, http.MethodGet, "/crm/v8/settings/fields?module="+module, ""), &doc)
		byName = map[string]field{}
		for _, f := range doc.Fields {
			names = append(names, f.Name)
			byName[f.Name] = field(f)
		}
		return names, byName
	}
	ids := map[string]bool{}
	for _, module := range []string{"Leads", "Deals", "Calls", "Trees", "Locking_Information__s"} {
		names, fields := read(module)
		if locked, ok := fields["Locked__s"]; module != "Locking_Information__s" &&
			(ok != (module != "Calls") || ok && (locked.Kind != "boolean" || !locked.ReadOnly)) {
			t.Errorf("%s: Locked__s %+v of %q", module, locked, names)
		}
		for _, f := range fields {
			if ids[f.ID] {
				t.Errorf("%s: the id of %s is given twice", module, f.Name)
			}
			ids[f.ID] = true
		}
	}
	names, fields := read("Locking_Information__s")
	if fields["Locked_Reason__s"].Kind != "textarea" || fields["Lock_Source__s"].Kind != "picklist" || !slices.Contains(names, "Record_Locking_Rule_Id__s") {
		t.Errorf("fields of locks %+v", fields)
	}
	for query, want := range map[string]string{"": "REQUIRED_PARAM_MISSING", "?module=Nowhere": "INVALID_MODULE"} {
		if r := call(t, o, http.MethodGet, "/crm/v8/settings/fields"+query, ""); r.said(t) != want {
			t.Errorf("%s: %+v", query, r)
		}
	}
}

func TestOneUser(t *testing.T) {
	o := found(t, sim.Config{Me: sim.User{ID: "5", Name: "Prince"}})
	for id, want := range map[string]string{"5": `"full_name":"Prince"`, sim.Patricia().ID: "Patricia Boyle", "6": "INVALID_DATA"} {
		if r := call(t, o, http.MethodGet, "/crm/v8/users/"+id, ""); !strings.Contains(r.text, want) {
			t.Errorf("%s: %+v", id, r)
		}
	}
}

func TestSupportedAPIs(t *testing.T) {
	o := found(t, someModules())
	type apis struct {
		List []struct {
			Path       string
			Operations []struct {
				Method string
				Scope  string `json:"oauth_scope"`
				Most   int    `json:"max_credits"`
				Least  int    `json:"min_credits"`
			} `json:"operation_types"`
		} `json:"__apis"`
	}
	methods := func(filters string) map[string]string {
		var got apis
		unmarshal(t, call(t, o, http.MethodGet, "/crm/v8/__apis"+filters, ""), &got)
		byPath := map[string]string{}
		for _, a := range got.List {
			for _, op := range a.Operations {
				byPath[a.Path] += op.Method + " "
				if op.Least != 1 || op.Most < 1 || !strings.HasPrefix(op.Scope, "ZohoCRM.") {
					t.Errorf("%s: %+v", a.Path, op)
				}
			}
		}
		return byPath
	}
	where := func(field, value string) string {
		return "?filters=" + url.QueryEscape(`{"field":{"api_name":"`+field+`"},"comparator":"equals","value":"`+value+`"}`)
	}
	const locks = "/{{id}}/Locking_Information__s"
	all := methods("")
	if all["/crm/v8/Leads"+locks] != "GET POST " || all["/crm/v8/Trees"+locks+"/{{id}}"] != "GET PUT DELETE " || all["/crm/v8/coql"] != "POST " {
		t.Errorf("all %v", all)
	}
	if all["/crm/v8/Deals"+locks] != "" || all["/crm/v8/Deals"] == "" {
		t.Errorf("Deals, which has no locking: %v", all)
	}
	if got := methods(where("module", "Leads")); len(got) != 4 || got["/crm/v8/Leads/{{id}}"] != "GET " {
		t.Errorf("of Leads %v", got)
	}
	if got := methods(where("operation_types.method", "DELETE")); len(got) != 2 {
		t.Errorf("to delete %v", got)
	}
	if got := methods(where("operation_types.oauth_scope", "ZohoCRM.modules.custom.UPDATE")); len(got) != 1 {
		t.Errorf("of a scope %v", got)
	}
	if r := call(t, o, http.MethodGet, "/crm/v8/__apis"+where("module", "Nowhere"), ""); r.status != http.StatusNoContent {
		t.Errorf("of no module: %+v", r)
	}
	for filters, want := range map[string]string{
		"x": "INVALID_DATA", "{}": "MANDATORY_NOT_FOUND",
		`{"field":{"api_name":"module"},"comparator":"equals"}`:             "MANDATORY_NOT_FOUND",
		`{"field":{"api_name":"module"},"value":"Leads"}`:                   "MANDATORY_NOT_FOUND",
		`{"field":{"api_name":"path"},"comparator":"equals","value":"x"}`:   "INVALID_DATA",
		`{"field":{"api_name":"module"},"comparator":"in","value":"Leads"}`: "INVALID_DATA",
	} {
		if r := call(t, o, http.MethodGet, "/crm/v8/__apis?filters="+url.QueryEscape(filters), ""); r.status != 400 || r.said(t) != want {
			t.Errorf("%s: %+v", filters, r)
		}
	}
}

// TestProfilesAreThoseConfigured: the list of profiles is the organisation's.
func TestProfilesAreThoseConfigured(t *testing.T) {
	cfg := sales()
	cfg.Profiles = []sim.Profile{{ID: "77", Name: "Auditors"}}
	list := decode(t, call(t, found(t, cfg), http.MethodGet, "/crm/v8/settings/profiles", "").text)["profiles"].([]any)
	if len(list) != 1 || list[0].(map[string]any)["name"] != "Auditors" || list[0].(map[string]any)["id"] != "77" {
		t.Errorf("profiles %v", list)
	}
}
