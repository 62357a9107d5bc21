package sim_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"zlock/zoho/sim"
)

func TestRecordsAreWritten(t *testing.T) {
	o := found(t, office(`"update"`))
	id := planted(t, o, "Leads", `{"First_Name":"Theola","Last_Name":"Frey","Company":"Acme","Annual_Revenue":12.5,"Nonsense":1,"Created_Time":"2020-01-01T00:00:00Z",
		"Owner":{"id":"5843104000000424672"},"Lead_Status":"New"}`)
	r := call(t, o, http.MethodPut, "/crm/v8/Leads/"+id, `{"data":[{"City":"Oslo","Lead_Status":null,"id":"2"}]}`)
	if r.status != http.StatusOK || r.detail(t, "id") != id || !strings.Contains(r.text, `"message":"record updated"`) {
		t.Fatalf("%+v", r)
	}
	row := call(t, o, http.MethodGet, "/crm/v8/Leads/"+id, "").row(t)
	owner, _ := row["Owner"].(map[string]any)
	for field, want := range map[string]any{
		"Full_Name": "Theola Frey", "Company": "Acme", "Annual_Revenue": 12.5, "City": "Oslo", "Lead_Status": nil, "Locked__s": false, "id": id,
	} {
		if row[field] != want {
			t.Errorf("%s is %v, want %v", field, row[field], want)
		}
	}
	if _, there := row["Nonsense"]; there || owner["name"] != "Patricia Boyle" || row["Created_Time"] == "2020-01-01T00:00:00Z" {
		t.Errorf("record %v", row)
	}
	if list := call(t, o, http.MethodGet, "/crm/v8/Leads?fields=id", ""); !strings.Contains(list.text, id) {
		t.Errorf("records %s", list.text)
	}
	if lock := lockID(t, o, id); lock == "" {
		t.Error("it cannot be locked")
	}
}

func TestRecordsAreDeleted(t *testing.T) {
	o := found(t, office(`"update"`))
	lock, _ := o.Lock("Leads", "1")
	r := call(t, o, http.MethodDelete, "/crm/v8/Leads?ids=1,77,1", "")
	want := `{"data":[{"code":"SUCCESS","details":{"id":"1"},"message":"record deleted","status":"success"},` +
		`{"code":"INVALID_DATA","details":{"id":"77"},"message":"record not deleted","status":"error"},` +
		`{"code":"INVALID_DATA","details":{"id":"1"},"message":"record not deleted","status":"error"}]}`
	if r.status != http.StatusMultiStatus || !same(t, r.text, want) {
		t.Errorf("%d %s", r.status, r.text)
	}
	if r := call(t, o, http.MethodGet, list("1")+allOf, ""); r.said(t) != "INVALID_DATA" {
		t.Errorf("it is still there: %+v", r)
	}
	if e := events(o, applied); len(e) != 1 || e[0].Op != sim.OpDelete || e[0].LockID != lock.ID {
		t.Errorf("events %+v", e)
	}
}

func TestTags(t *testing.T) {
	o := found(t, office(`"update"`))
	steps := []struct{ action, body, want string }{
		{"add_tags", `{"tags":[{"name":"hot"},{"name":"new","color_code":"#57B1FD"}]}`, "hot new"},
		{"add_tags", `{"tags":[{"name":"hot"},{"name":"web"}]}`, "hot new web"},
		{"remove_tags", `{"tags":[{"name":"new"},{"name":"cold"}]}`, "hot web"},
		{"add_tags", `{"tags":[{"name":"vip"}],"over_write":true}`, "vip"},
		{"remove_tags", `{"tags":[{"name":"vip"}]}`, ""},
	}
	for _, s := range steps {
		r := call(t, o, http.MethodPost, "/crm/v8/Leads/1/actions/"+s.action, s.body)
		row := call(t, o, http.MethodGet, "/crm/v8/Leads?ids=1&fields=Tag", "").row(t)
		var told, kept []string
		list, _ := r.detail(t, "tags").([]any)
		for _, one := range list {
			told = append(told, one.(map[string]any)["name"].(string))
		}
		list, _ = row["Tag"].([]any)
		for _, one := range list {
			kept = append(kept, one.(map[string]any)["name"].(string))
		}
		if r.status != http.StatusOK || strings.Join(told, " ") != s.want || strings.Join(kept, " ") != s.want {
			t.Errorf("%s %s: %s, record %v", s.action, s.body, r.text, row)
		}
	}
}

func TestALeadIsConverted(t *testing.T) {
	o := found(t, office(`"update"`))
	r := call(t, o, http.MethodPost, "/crm/v8/Leads/2/actions/convert", `{"data":[{"Deals":{"Deal_Name":"Big one","Stage":"Qualification","Amount":5}}]}`)
	if r.status != http.StatusOK || !strings.Contains(r.text, `"message":"The record has been converted successfully"`) {
		t.Fatalf("%+v", r)
	}
	for module, want := range map[string]string{"Contacts": "Gray", "Accounts": "Bolt", "Deals": "Big one"} {
		made, _ := r.detail(t, module).(map[string]any)
		row := call(t, o, http.MethodGet, fmt.Sprintf("/crm/v8/%s/%v", module, made["id"]), "").row(t)
		if made["name"] != want || row["Name"] != want {
			t.Errorf("%s: %v, record %v", module, made, row)
		}
	}
	if again := call(t, o, http.MethodPost, "/crm/v8/Leads/2/actions/convert", `{"data":[{}]}`); again.said(t) != "ID_ALREADY_CONVERTED" {
		t.Errorf("again: %+v", again)
	}
	if list := call(t, o, http.MethodGet, "/crm/v8/Leads?fields=id", ""); strings.Contains(list.text, `"id":"2"`) {
		t.Errorf("it is still listed: %s", list.text)
	}
	account := call(t, o, http.MethodGet, "/crm/v8/Accounts?fields=id", "").row(t)["id"]
	r = call(t, o, http.MethodPost, "/crm/v8/Leads/1/actions/convert", fmt.Sprintf(`{"data":[{"Accounts":{"id":%q}}]}`, account))
	if made, _ := r.detail(t, "Accounts").(map[string]any); made["id"] != account || r.detail(t, "Deals") != nil {
		t.Errorf("into an account that is there: %+v", r)
	}
}

func TestWrongWrites(t *testing.T) {
	row := func(code, details, message string) string { return `{"data":[` + atTop(code, details, message) + `]}` }
	at := func(key, more string) string {
		return fmt.Sprintf(`{"api_name":%q,"json_path":"$.data[0].%[1]s"%s}`, key, more)
	}
	invalid := func(key, more string) string { return row("INVALID_DATA", at(key, more), "invalid data") }
	badID := atTop("INVALID_DATA", `{"resource_path_index":1}`, "the id given seems to be invalid")
	many := `{"data":[` + strings.TrimSuffix(strings.Repeat(`{},`, 101), ",") + `]}`
	tests := []struct {
		name, method, path, body string
		status                   int
		want                     string
	}{
		{"no JSON", "POST", "Leads", `x`, 400, atTop("INVALID_DATA", `{"expected_data_type":"jsonobject"}`, "body")},
		{"no data", "POST", "Leads", `{}`, 400, atTop("MANDATORY_NOT_FOUND", `{"api_name":"data","json_path":"$.data"}`, "required field not found")},
		{"too many", "PUT", "Leads", many, 400, row("LIMIT_EXCEEDED", `{"maximum_length":100,"api_name":"data"}`, "count of records in your request exceeds the limit")},
		{"module", "POST", "Leadz", `{"data":[{}]}`, 400, atTop("INVALID_MODULE", `{"resource_path_index":0}`, "the module name given seems to be invalid")},
		{"no name", "POST", "Leads", `{"data":[{"City":"Oslo"}]}`, 400, row("MANDATORY_NOT_FOUND", at("Last_Name", ""), "required field not found")},
		{"name taken away", "PUT", "Leads/2", `{"data":[{"Last_Name":null}]}`, 400, row("MANDATORY_NOT_FOUND", at("Last_Name", ""), "required field not found")},
		{"text", "PUT", "Leads/2", `{"data":[{"City":5}]}`, 400, invalid("City", `,"expected_data_type":"text"`)},
		{"long text", "PUT", "Leads/2", `{"data":[{"City":"` + strings.Repeat("é", 121) + `"}]}`, 400, invalid("City", `,"maximum_length":120`)},
		{"money", "PUT", "Leads/2", `{"data":[{"Annual_Revenue":"5"}]}`, 400, invalid("Annual_Revenue", `,"expected_data_type":"double"`)},
		{"integer", "PUT", "Leads/2", `{"data":[{"No_of_Employees":5.5}]}`, 400, invalid("No_of_Employees", `,"expected_data_type":"integer"`)},
		{"boolean", "PUT", "Leads/2", `{"data":[{"Email_Opt_Out":"no"}]}`, 400, invalid("Email_Opt_Out", `,"expected_data_type":"boolean"`)},
		{"tags", "PUT", "Leads/2", `{"data":[{"Tag":"hot"}]}`, 400, invalid("Tag", `,"expected_data_type":"jsonarray"`)},
		{"owner", "PUT", "Leads/2", `{"data":[{"Owner":{"id":"9"}}]}`, 400, invalid("Owner", `,"expected_data_type":"jsonobject"`)},
		{"date", "POST", "Deals", `{"data":[{"Deal_Name":"x","Closing_Date":"soon"}]}`, 400, invalid("Closing_Date", `,"expected_data_type":"date"`)},
		{"lookup", "POST", "Deals", `{"data":[{"Deal_Name":"x","Account_Name":"Acme"}]}`, 400, invalid("Account_Name", `,"expected_data_type":"jsonobject"`)},
		{"no id", "PUT", "Leads", `{"data":[{"City":"Oslo"}]}`, 400, row("MANDATORY_NOT_FOUND", at("id", ""), "required field not found")},
		{"unknown id", "PUT", "Leads", `{"data":[{"id":"77"}]}`, 400, row("INVALID_DATA", at("id", ""), "the id given seems to be invalid")},
		{"unknown id in the path", "PUT", "Leads/77", `{"data":[{}]}`, 400, badID},
		{"delete unknown", "DELETE", "Leads/77", "", 400, atTop("INVALID_DATA", `{"resource_path_index":1}`, "record not deleted")},
		{"delete nothing", "DELETE", "Leads", "", 400, atTop("REQUIRED_PARAM_MISSING", `{"param_name":"ids"}`, "One of the expected parameter is missing")},
		{"no owner", "POST", "Leads/2/actions/change_owner", `{}`, 400, atTop("MANDATORY_NOT_FOUND", `{"api_name":"owner","json_path":"$.owner"}`, "required field not found")},
		{"strange owner", "POST", "Leads/2/actions/change_owner", `{"owner":{"id":"9"}}`, 400,
			atTop("INVALID_DATA", `{"api_name":"owner","json_path":"$.owner.id"}`, "Invalid data provided")},
		{"whose owner", "POST", "Leads/actions/change_owner", `{"owner":{"id":"9"}}`, 400, atTop("MANDATORY_NOT_FOUND", `{"api_name":"ids","json_path":"$.ids"}`, "required field not found")},
		{"no tags", "POST", "Leads/2/actions/add_tags", `{}`, 400, atTop("MANDATORY_NOT_FOUND", `{"api_name":"tags","json_path":"$.tags"}`, "required field not found")},
		{"a tag without a name", "POST", "Leads/2/actions/add_tags", `{"tags":[{"id":"5"}]}`, 400,
			atTop("MANDATORY_NOT_FOUND", `{"api_name":"name","json_path":"$.tags[0].name"}`, "required field not found")},
		{"convert a deal", "POST", "Deals/2/actions/convert", `{"data":[{}]}`, 400, atTop("INVALID_MODULE", `{"resource_path_index":0}`, "the module name given seems to be invalid")},
		{"convert unknown", "POST", "Leads/77/actions/convert", `{"data":[{}]}`, 400, badID},
		{"method", "PUT", "Leads/2/actions/convert", `{}`, 400, atTop("INVALID_REQUEST_METHOD", `{}`, "The http request method type is not a valid one")},
		{"action", "POST", "Leads/2/actions/frame", `{}`, 404, atTop("INVALID_URL_PATTERN", `{}`, "Please check if the URL trying to access is a correct one")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := found(t, office(`"update"`))
			r := call(t, o, tt.method, "/crm/v8/"+tt.path, tt.body)
			if r.status != tt.status || !same(t, r.text, tt.want) {
				t.Errorf("%d %s\nwant %d %s", r.status, r.text, tt.status, tt.want)
			}
		})
	}
	o := found(t, office(`"update"`))
	o.SetStanding(sim.Standing{PermissionDenied: []sim.Op{sim.OpUpdate}, ScopeMissing: []sim.Op{sim.OpDelete}})
	if r := call(t, o, http.MethodPut, "/crm/v8/Leads/2", `{"data":[{}]}`); r.status != http.StatusForbidden || r.said(t) != "NO_PERMISSION" {
		t.Errorf("without permission: %+v", r)
	}
	if r := call(t, o, http.MethodDelete, "/crm/v8/Leads/2", ""); r.said(t) != "OAUTH_SCOPE_MISMATCH" {
		t.Errorf("without scope: %+v", r)
	}
}
