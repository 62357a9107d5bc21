package sim_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"zlock/zoho/sim"
)

// inRow is an error as Zoho puts it inside record_locking_configurations[0].
func inRow(code, details, message string) string {
	return around(atTop(code, details, message))
}

// atTop is an error at the top level of the answer.
func atTop(code, details, message string) string {
	return fmt.Sprintf(`{"code":%q,"details":%s,"message":%q,"status":"error"}`, code, details, message)
}

// where is the details of an error about one key; path begins below the configuration.
func where(key, path string) string {
	return fmt.Sprintf(`{"api_name":%q,"json_path":"$.record_locking_configurations[0].%s"}`, key, path)
}

func whereBut(key, path, more string) string {
	return strings.TrimSuffix(where(key, path), "}") + "," + more + "}"
}

// wrongBody is a body that makes a configuration and the answer it gets.
type wrongBody struct{ name, body, want string }

// manual is a configuration with one more key.
func manual(more string) string { return `{"lock_type":"manual",` + more + `}` }

// ruled is a configuration whose only rules are these.
func ruled(rules ...string) string {
	return `{"lock_type":"automatic","locking_rules":[` + strings.Join(rules, ",") + `]}`
}

// wanting is a rule with this criteria.
func wanting(criteria string) string { return ruled(`{"name":"a","criteria":` + criteria + `}`) }

func many(n int, one string) string { return strings.TrimSuffix(strings.Repeat(one+",", n), ",") }

func equalRule(name, value string) string {
	return fmt.Sprintf(`{"name":%q,"criteria":{"comparator":"equal","field":{"api_name":"Stage"},"value":%q}}`, name, value)
}

// wrongSettings are the errors about the settings, as the documents and Zoho's examples give them.
var wrongSettings = []wrongBody{
	{"no lock_type", `{"locked_for":"all_profiles"}`, inRow("MANDATORY_NOT_FOUND", where("lock_type", "lock_type"), "required field not found")},
	{"lock_type null", `{"lock_type":null}`, inRow("MANDATORY_NOT_FOUND", where("lock_type", "lock_type"), "required field not found")},
	{"lock_type", `{"lock_type":"never"}`, inRow("INVALID_DATA", whereBut("lock_type", "lock_type", `"supported_values":["manual","automatic","both"]`), "lock_type not found")},
	{"lock_type a number", `{"lock_type":3}`, inRow("INVALID_DATA", whereBut("lock_type", "lock_type", `"expected_data_type":"text"`), "invalid data")},
	{"locked_for", manual(`"locked_for":"nobody"`), inRow("INVALID_DATA", whereBut("locked_for", "locked_for",
		`"supported_values":["all_profiles","all_profiles_except_excluded_profiles"]`), "locked_for not found")},
	{"feature_type", manual(`"feature_type":"approval"`), inRow("INVALID_DATA", where("feature_type", "feature_type"), "invalid data")},
	{"portal users", manual(`"lock_for_portal_users":"yes"`), inRow("INVALID_DATA",
		whereBut("lock_for_portal_users", "lock_for_portal_users", `"expected_data_type":"boolean"`), "invalid data")},
	{"action", manual(`"restricted_actions":["update","print"]`), inRow("INVALID_DATA", whereBut("restricted_actions", "restricted_actions[1]",
		`"supported_values":["convert","update","delete","change_owner","tags"]`), "action not found")},
	{"actions no list", manual(`"restricted_actions":"update"`), inRow("INVALID_DATA",
		whereBut("restricted_actions", "restricted_actions", `"expected_data_type":"jsonarray"`), "invalid data")},
	{"communication", manual(`"restricted_communications":["send_mail","send_fax"]`), inRow("INVALID_DATA", whereBut("restricted_communications",
		"restricted_communications[1]", `"supported_values":["send_mail","send_survey","send_portal_invitation"]`), "communications not found")},
	{"button", manual(`"restricted_custom_buttons":[{"id":"77"}]`), inRow("INVALID_DATA", where("id", "restricted_custom_buttons[0].id"), "custom button not found")},
	{"button by name", manual(`"restricted_custom_buttons":[{"name":"Print"}]`), inRow("INVALID_DATA", where("name", "restricted_custom_buttons[0].name"), "custom button not found")},
	{"button nameless", manual(`"restricted_custom_buttons":[{}]`), inRow("MANDATORY_NOT_FOUND", where("id", "restricted_custom_buttons[0].id"), "required field not found")},
	{"button no object", manual(`"restricted_custom_buttons":["77"]`), inRow("INVALID_DATA",
		whereBut("restricted_custom_buttons", "restricted_custom_buttons[0]", `"expected_data_type":"jsonobject"`), "invalid data")},
	{"31 buttons", manual(`"restricted_custom_buttons":[` + many(31, `{"id":"5843104000000485570"}`) + `]`), inRow("LIMIT_EXCEEDED",
		whereBut("restricted_custom_buttons", "restricted_custom_buttons", `"limit":30,"available_limit":30`), "Maximum limit for restricted custom buttons exceeded")},
	{"profile", manual(`"lock_excluded_profiles":[{"id":"5843104000000026011"},{"id":"77"}]`), inRow("INVALID_DATA",
		where("id", "lock_excluded_profiles[1].id"), "lock_excluded_profiles not found")},
	{"profile's id no number", manual(`"lock_excluded_profiles":[{"id":"x"}]`), inRow("INVALID_DATA",
		whereBut("id", "lock_excluded_profiles[0].id", `"expected_data_type":"long"`), "invalid data")},
	{"16 profiles", manual(`"lock_excluded_profiles":[` + many(16, `{"id":"5843104000000026011"}`) + `]`), inRow("LIMIT_EXCEEDED",
		whereBut("lock_excluded_profiles", "lock_excluded_profiles", `"limit":15,"available_limit":15`), "Maximum limit for excluded profiles exceeded")},
	{"profiles wanting", manual(`"locked_for":"all_profiles_except_excluded_profiles"`), inRow("DEPENDENT_FIELD_MISSING",
		whereBut("lock_excluded_profiles", "lock_excluded_profiles",
			`"dependee":{"api_name":"locked_for","json_path":"$.record_locking_configurations[0].locked_for"}`),
		"lock_excluded_profiles should have been given when locked_for is given as all_profiles_except_excluded_profiles ")},
	{"field", manual(`"excluded_fields":[{"api_name":"Stages"}]`), inRow("INVALID_DATA", where("api_name", "excluded_fields[0].api_name"), "field not found")},
	{"field's id", manual(`"excluded_fields":[{"api_name":"Stage","id":"77"}]`), inRow("INVALID_DATA", where("id", "excluded_fields[0].id"), "field not found")},
	{"field nameless", manual(`"excluded_fields":[{}]`), inRow("EXPECTED_FIELD_MISSING", `{"expected_fields":[`+
		where("api_name", "excluded_fields[0].api_name")+`,`+where("id", "excluded_fields[0].id")+`]}`, "Field Id and apiname is missing.")},
	{"field ambiguous", manual(`"excluded_fields":[{"api_name":"Stage","id":"5843104000000003301"}]`), inRow("AMBIGUITY_DURING_PROCESSING",
		`{"ambiguity_due_to":[`+where("api_name", "excluded_fields[0].api_name")+`,`+where("id", "excluded_fields[0].id")+`]}`, "Field Id and apiname are ambiguous")},
	{"field read-only", manual(`"excluded_fields":[{"api_name":"Stage"},{"api_name":"Created_Time"}]`), inRow("NOT_SUPPORTED",
		where("api_name", "excluded_fields[1].api_name"), "Field not supported")},
	{"field Tag", manual(`"excluded_fields":[{"api_name":"Tag"}]`), inRow("NOT_SUPPORTED", where("api_name", "excluded_fields[0].api_name"), "Field not supported")},
	{"field Owner", manual(`"excluded_fields":[{"api_name":"Owner"}]`), inRow("NOT_SUPPORTED", where("api_name", "excluded_fields[0].api_name"), "Field not supported")},
	{"16 fields", manual(`"excluded_fields":[` + many(16, `{"api_name":"Stage"}`) + `]`), inRow("LIMIT_EXCEEDED",
		whereBut("excluded_fields", "excluded_fields", `"limit":15,"available_limit":15`), "Maximum limit for excluded fields exceeded")},
}

const (
	rulesWanting = "locking_rules should have been given when lock_type is given as automatic or both"
	dependsOn    = `"dependee":{"api_name":"lock_type","json_path":"$.record_locking_configurations[0].lock_type"}`
	atRule       = "locking_rules[0]."
	atCriteria   = atRule + "criteria."
	numbers      = `"supported_values":["equal","not_equal","less_than","less_equal","greater_than","greater_equal","between","not_between"]`
)

// wrongRules are the errors about rules and their criteria.
var wrongRules = []wrongBody{
	{"no rules", `{"lock_type":"both"}`, inRow("DEPENDENT_FIELD_MISSING", whereBut("locking_rules", "locking_rules", dependsOn), rulesWanting)},
	{"rules null", `{"lock_type":"automatic","locking_rules":null}`, inRow("DEPENDENT_FIELD_MISSING", whereBut("locking_rules", "locking_rules", dependsOn), rulesWanting)},
	{"rules empty", ruled(), inRow("DEPENDENT_FIELD_MISSING", whereBut("locking_rules", "locking_rules", dependsOn), rulesWanting)},
	{"rule nameless", ruled(`{"criteria":{}}`), inRow("MANDATORY_NOT_FOUND", where("name", atRule+"name"), "required field not found")},
	{"rule's name empty", ruled(equalRule("", "x")), inRow("MANDATORY_NOT_FOUND", where("name", atRule+"name"), "required field not found")},
	{"rule's name long", ruled(equalRule(strings.Repeat("é", 257), "x")), inRow("INVALID_DATA", whereBut("name", atRule+"name", `"maximum_length":256`), "invalid data")},
	{"existing records", ruled(`{"name":"a","lock_existing_records":"all","criteria":{}}`), inRow("INVALID_DATA",
		whereBut("lock_existing_records", atRule+"lock_existing_records", `"expected_data_type":"boolean"`), "invalid data")},
	{"no criteria", ruled(`{"name":"a"}`), inRow("MANDATORY_NOT_FOUND", where("criteria", atRule+"criteria"), "required field not found")},
	{"criteria no object", wanting(`"Stage = Lost"`), inRow("INVALID_DATA", whereBut("criteria", atRule+"criteria", `"expected_data_type":"jsonobject"`), "invalid data")},
	{"6 rules", ruled(many(6, equalRule("a", "x"))), inRow("LIMIT_EXCEEDED", whereBut("locking_rules", "locking_rules", `"limit":5,"available_limit":5`),
		"Maximum limit for locking rules exceeded")},
	{"same name", ruled(equalRule("a", "x"), equalRule("a", "y")), inRow("DUPLICATE_DATA", where("name", "locking_rules[1].name"),
		"Duplicate rule name found, Enter unique rulename.")},
	{"same criteria", ruled(equalRule("a", "x"), equalRule("b", "x")), inRow("DUPLICATE_DATA", where("criteria", "locking_rules[1].criteria"),
		"Duplicate criteria found, Enter unique criteria.")},
	{"no field", wanting(`{"comparator":"equal","value":"x"}`), inRow("EXPECTED_FIELD_MISSING", `{"expected_fields":[`+
		where("api_name", atCriteria+"field.api_name")+`,`+where("id", atCriteria+"field.id")+`]}`, "Field Id and apiname is missing.")},
	{"field no object", wanting(`{"comparator":"equal","field":"Amount","value":5}`), inRow("INVALID_DATA",
		whereBut("field", atCriteria+"field", `"expected_data_type":"jsonobject"`), "invalid data")},
	{"field unknown", wanting(`{"comparator":"equal","field":{"api_name":"Stages"},"value":"x"}`), inRow("INVALID_DATA",
		where("api_name", atCriteria+"fields.api_name"), "field not found")},
	{"field unknown in a group", wanting(`{"group_operator":"OR","group":[{"comparator":"equal","field":{"id":"7"},"value":"x"}]}`), inRow("INVALID_DATA",
		where("id", atCriteria+"group[0].field.id"), "field not found")},
	{"field ambiguous", wanting(`{"comparator":"equal","field":{"api_name":"Stage","id":"5843104000000003301"},"value":"x"}`), inRow("AMBIGUITY_DURING_PROCESSING",
		`{"ambiguity_due_to":[`+where("api_name", atCriteria+"field.api_name")+`,`+where("id", atCriteria+"field.id")+`]}`, "Field Id and apiname are ambiguous")},
	{"field not supported", wanting(`{"group_operator":"AND","group":[{"comparator":"equal","field":{"api_name":"Tag"},"value":"x"}]}`), inRow("NOT_SUPPORTED",
		where("api_name", atCriteria+"group[0].field.api_name"), "field not supported")},
	{"no comparator", wanting(`{"field":{"api_name":"Amount"},"value":1}`), inRow("MANDATORY_NOT_FOUND", where("comparator", atCriteria+"comparator"), "required field not found")},
	{"comparator", wanting(`{"comparator":"is","field":{"api_name":"Amount"},"value":1}`), inRow("INVALID_DATA",
		whereBut("comparator", atCriteria+"comparator", numbers), "invalid data")},
	{"no value", wanting(`{"comparator":"equal","field":{"api_name":"Amount"},"value":null}`), inRow("MANDATORY_NOT_FOUND", where("value", atCriteria+"value"), "required field not found")},
	{"value", wanting(`{"comparator":"equal","field":{"api_name":"Amount"},"value":"much"}`), inRow("NOT_SUPPORTED", where("value", atCriteria+"value"), "value not supported")},
	{"no operator", wanting(`{"group":[]}`), inRow("MANDATORY_NOT_FOUND", where("group_operator", atCriteria+"group_operator"), "required field not found")},
	{"operator", wanting(`{"group_operator":"XOR","group":[]}`), inRow("INVALID_DATA",
		whereBut("group_operator", atCriteria+"group_operator", `"supported_values":["AND","OR"]`), "invalid data")},
	{"group empty", wanting(`{"group_operator":"AND","group":[]}`), inRow("MANDATORY_NOT_FOUND", where("group", atCriteria+"group"), "required field not found")},
	{"group in a group", wanting(`{"group_operator":"AND","group":[{"group_operator":"OR","group":[{"comparator":"equal","field":{"api_name":"Amount"},"value":1},{}]}]}`),
		inRow("EXPECTED_FIELD_MISSING", `{"expected_fields":[`+where("api_name", atCriteria+"group[0].group[1].field.api_name")+`,`+
			where("id", atCriteria+"group[0].group[1].field.id")+`]}`, "Field Id and apiname is missing.")},
}

func TestWrongConfigurations(t *testing.T) {
	for _, tt := range append(wrongSettings, wrongRules...) {
		t.Run(tt.name, func(t *testing.T) {
			o := found(t, sales())
			r := call(t, o, http.MethodPost, settings+"?module=Deals", around(tt.body))
			if r.status != http.StatusBadRequest || !same(t, r.text, tt.want) {
				t.Errorf("%d %s\nwant %s", r.status, r.text, tt.want)
			}
			if r := call(t, o, http.MethodGet, settings+"?module=Deals", ""); r.status != http.StatusNoContent {
				t.Errorf("a refused configuration is there: %+v", r)
			}
		})
	}
}

func TestWrongCallsToConfigure(t *testing.T) {
	denied := sim.Standing{PermissionDenied: []sim.Op{sim.OpConfigure}}
	const ok = `{"lock_type":"manual"}`
	tests := []struct {
		name, method, path, body string
		standing                 sim.Standing
		status                   int
		want                     string
	}{
		{"no module", "POST", "", ok, sim.Standing{}, 400, atTop("REQUIRED_PARAM_MISSING", `{"param_name":"module"}`, "One of the expected parameter is missing")},
		{"unknown module", "PUT", "?module=Dealz", ok, sim.Standing{}, 400, atTop("INVALID_MODULE", `{}`, "the module name given seems to be invalid")},
		{"module not supported", "POST", "?module=Calls", ok, sim.Standing{}, 400, atTop("NOT_SUPPORTED", `{"param_name":"module"}`, "the module name given is not supported for the  feature")},
		{"edition", "POST", "?module=Deals", ok, sim.Standing{EditionBarred: true}, 400,
			atTop("FEATURE_NOT_SUPPORTED", `{}`, "Record Locking Configuration is not supported in your edition")},
		{"permission", "POST", "?module=Deals", ok, denied, 403, atTop("NO_PERMISSION", `{"permissions":["Crm_Implied_Customize_Zoho_CRM"]}`, "permission denied")},
		{"scope", "DELETE", "/5843104000000758004?module=Leads", "", sim.Standing{ScopeMissing: []sim.Op{sim.OpConfigure}}, 401,
			atTop("OAUTH_SCOPE_MISMATCH", `{}`, "invalid oauth scope to access this URL")},
		{"configured already", "POST", "?module=Leads", ok, sim.Standing{}, 400, atTop("LIMIT_EXCEEDED", `{"param_name":"module","limit":1}`, "Configuration already created for this module")},
		{"not configured", "PUT", "?module=Deals", ok, sim.Standing{}, 400, atTop("NOT_ALLOWED", `{"resource_path_index":1}`, "Required Record Locking Configuration is not present")},
		{"another id", "PUT", "/77?module=Leads", ok, sim.Standing{}, 400, atTop("INVALID_DATA", `{"resource_path_index":2}`, "the id given seems to be invalid")},
		{"another id to get", "GET", "/77?module=Leads", "", sim.Standing{}, 400, atTop("INVALID_DATA", `{"resource_path_index":2}`, "the id given seems to be invalid")},
		{"another id to delete", "DELETE", "?module=Leads&ids=77", "", sim.Standing{}, 400, atTop("INVALID_DATA", `{"resource_path_index":2}`, "the id given seems to be invalid")},
		{"another id in the body", "PUT", "?module=Leads", `{"id":"77","lock_type":"manual"}`, sim.Standing{}, 400, inRow("INVALID_DATA", where("id", "id"), "the id given seems to be invalid")},
		{"no ids", "DELETE", "?module=Leads", "", sim.Standing{}, 400, atTop("REQUIRED_PARAM_MISSING", `{"param_name":"ids"}`, "One of the expected parameter is missing")},
		{"the system's to update", "PUT", "?module=Cases", ok, sim.Standing{}, 400, atTop("NOT_ALLOWED", `{"resource_path_index":1}`, "Configuration created by system cannot be updated")},
		{"the system's to delete", "DELETE", "/5843104000000758002?module=Cases", "", sim.Standing{}, 403,
			atTop("NOT_ALLOWED", `{"resource_path_index":1}`, "Configuration created by system cannot be deleted")},
		{"id no number", "GET", "/x?module=Leads", "", sim.Standing{}, 404, atTop("INVALID_URL_PATTERN", `{}`, "Please check if the URL trying to access is a correct one")},
		{"method", "PATCH", "?module=Leads", ok, sim.Standing{}, 400, atTop("INVALID_REQUEST_METHOD", `{}`, "The http request method type is not a valid one")},
		{"feature_type", "GET", "?module=Leads&feature_type=approval", "", sim.Standing{}, 400, atTop("INVALID_DATA", `{"param_name":"feature_type"}`, "invalid data")},
	}
	o := found(t, sales())
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o.SetStanding(tt.standing)
			body := ""
			if tt.body != "" {
				body = around(tt.body)
			}
			r := call(t, o, tt.method, settings+tt.path, body)
			if r.status != tt.status || !same(t, r.text, tt.want) {
				t.Errorf("%d %s\nwant %d %s", r.status, r.text, tt.status, tt.want)
			}
		})
	}
}

func TestBodiesThatAreNoConfiguration(t *testing.T) {
	at := `{"api_name":"record_locking_configurations","json_path":"$.record_locking_configurations"`
	tests := []wrongBody{
		{"no JSON", `lock them all`, atTop("INVALID_DATA", `{"expected_data_type":"jsonobject"}`, "body")},
		{"nothing", `{}`, atTop("MANDATORY_NOT_FOUND", at+`}`, "required field not found")},
		{"null", `{"record_locking_configurations":null}`, atTop("MANDATORY_NOT_FOUND", at+`}`, "required field not found")},
		{"an empty list", `{"record_locking_configurations":[]}`, atTop("MANDATORY_NOT_FOUND", at+`}`, "required field not found")},
		{"no list", `{"record_locking_configurations":{}}`, atTop("INVALID_DATA", at+`,"expected_data_type":"jsonarray"}`, "invalid data")},
		{"no object", `{"record_locking_configurations":[7]}`, atTop("INVALID_DATA",
			`{"api_name":"record_locking_configurations","json_path":"$.record_locking_configurations[0]","expected_data_type":"jsonobject"}`, "invalid data")},
		{"two", `{"record_locking_configurations":[{},{}]}`, atTop("LIMIT_EXCEEDED", at+`,"maximum_length":1}`, "invalid data")},
	}
	o := found(t, sales())
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if r := call(t, o, http.MethodPut, settings+"?module=Leads", tt.body); r.status != http.StatusBadRequest || !same(t, r.text, tt.want) {
				t.Errorf("%d %s\nwant %s", r.status, r.text, tt.want)
			}
		})
	}
}

// TestChangesToRules tries what an update can ask of the two rules that Leads has.
func TestChangesToRules(t *testing.T) {
	const first, second = "5843104000000766010", "5843104000000766034"
	renamed := func(id, name string) string { return fmt.Sprintf(`{"id":%q,"name":%q}`, id, name) }
	gone := func(id string) string { return fmt.Sprintf(`{"id":%q,"_delete":true}`, id) }
	made := func(name string) string {
		return fmt.Sprintf(`{"name":%q,"criteria":{"comparator":"equal","field":{"api_name":"City"},"value":%[1]q}}`, name)
	}
	tests := []struct{ name, body, rules, want string }{
		{"edited", ruled(renamed(second, "x")), "email rule 1=" + first + " x=" + second, ""},
		{"names exchanged", ruled(renamed(first, "email rule 3"), renamed(second, "email rule 1")), "email rule 3=" + first + " email rule 1=" + second, ""},
		{"one for one", ruled(gone(first), made("email rule 1")), "email rule 3=" + second + " email rule 1=5843104000001068001", ""},
		{"full", ruled(made("a"), made("b"), made("c")), "email rule 1=" + first + " email rule 3=" + second +
			" a=5843104000001068001 b=5843104000001068002 c=5843104000001068003", ""},
		{"too many", ruled(made("a"), made("b"), gone(first), made("c"), made("d"), made("e")), "", inRow("LIMIT_EXCEEDED",
			whereBut("locking_rules", "locking_rules", `"limit":5,"available_limit":4`), "Maximum limit for locking rules exceeded")},
		{"a name there already", ruled(made("a"), made("email rule 3")), "", inRow("DUPLICATE_DATA", where("name", "locking_rules[1].name"),
			"Duplicate rule name found, Enter unique rulename.")},
		{"none left", ruled(gone(first), gone(second)), "", inRow("DEPENDENT_FIELD_MISSING", whereBut("locking_rules", "locking_rules", dependsOn), rulesWanting)},
		{"unknown", ruled(made("a"), renamed("77", "x")), "", inRow("INVALID_DATA", where("id", "locking_rules[1].id"), "the id given seems to be invalid")},
		{"unknown to delete", ruled(gone("77")), "", inRow("INVALID_DATA", where("id", "locking_rules[0].id"), "the id given seems to be invalid")},
		{"deleted without an id", ruled(`{"_delete":true,"name":"email rule 1"}`), "", inRow("MANDATORY_NOT_FOUND", where("id", "locking_rules[0].id"), "required field not found")},
		{"by hand only", `{"lock_type":"manual"}`, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := found(t, sales())
			r := call(t, o, http.MethodPut, settings+"?module=Leads", around(tt.body))
			if tt.want != "" {
				if r.status != http.StatusBadRequest || !same(t, r.text, tt.want) {
					t.Errorf("%d %s\nwant %s", r.status, r.text, tt.want)
				}
				tt.rules = "email rule 1=" + first + " email rule 3=" + second
			} else if r.status != http.StatusOK {
				t.Errorf("%+v", r)
			}
			if rules := ruleNames(settingsOf(t, o, "Leads")); rules != tt.rules {
				t.Errorf("rules %s, want %s", rules, tt.rules)
			}
		})
	}
}
