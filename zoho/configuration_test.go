package zoho_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"zlock/zoho"
	"zlock/zoho/sim"
)

// clientOfSim is a client of a pretend Zoho whose Leads are configured for locking by hand, and whose Deals
// are not configured.
func clientOfSim(t *testing.T) *zoho.Client {
	t.Helper()
	org, err := sim.New(sim.Config{Modules: map[string]sim.Module{
		"Leads": {Locking: sim.LockingManual}, "Deals": {Locking: sim.NotConfigured}, "Campaigns": {Locking: sim.Unsupported},
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = org.Close() })
	tokens := newTokens(t, signIn(org.Transport()))
	return newClientWith(t, zoho.Config{Transport: org.Transport(), Tokens: tokens})
}

// updateSample is the sample input of the page "Update Record Locking Configuration".
const updateSample = `{"record_locking_configurations":[{"locked_for":"all_profiles_except_excluded_profiles","excluded_fields":null,
	"locking_rules":[{"id":"5843104000000766010","_delete":true},
		{"name":"email rule 34","id":"5843104000000766034","lock_existing_records":false,
			"criteria":{"comparator":"equal","field":{"api_name":"Email","id":"5843104000000002599"},"value":"test@gmail.com"}},
		{"name":"email rule 5","lock_existing_records":false,
			"criteria":{"comparator":"equal","field":{"api_name":"Email","id":"5843104000000002599"},"value":"test5@gmail.com"}}],
	"restricted_actions":null,"lock_for_portal_users":true,"restricted_communications":["send_mail"],"system_defined":false,
	"lock_type":"both","restricted_custom_buttons":[{"name":"Send with Zoho Sign","id":"5843104000000485570"}],
	"lock_excluded_profiles":[{"name":"Administrator","id":"5843104000000026011"}]}]}`

// addSample is the sample input of the page "Add Record Locking Configuration".
const addSample = `{"record_locking_configurations":[{"lock_type":"both","locking_rules":[{"name":"Select leads lock","lock_existing_records":false,
	"criteria":{"group_operator":"AND","group":[
		{"comparator":"less_than","field":{"api_name":"Last_Activity_Time","id":"5843104000000052001"},"value":"2018-10-01T01:00:00+05:30"},
		{"comparator":"less_than","field":{"api_name":"Created_Time","id":"5843104000000002627"},"value":"2018-10-01T01:00:00+05:30"}]}}],
	"locked_for":"all_profiles_except_excluded_profiles","lock_excluded_profiles":[{"name":"Administrator","id":"5843104000000026011"}],
	"excluded_fields":[{"api_name":"Annual_Revenue","id":"5843104000000002617"}],"feature_type":"record_locking",
	"restricted_actions":["update","delete","change_owner"],"lock_for_portal_users":true,"restricted_communications":["send_mail"],
	"system_defined":false,"restricted_custom_buttons":[{"name":"Send Doc","id":"5843104000000485570"}]}]}`

func parse(t *testing.T, text string) zoho.Configuration {
	t.Helper()
	c, err := zoho.ParseConfiguration([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// anyJSON is a JSON text as it compares: keys in any order, numbers by their digits.
func anyJSON(t *testing.T, text []byte) any {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

// TestDocumentedBodiesAreSentAsTheyStand: what the pages show as input leaves us word for word.
func TestDocumentedBodiesAreSentAsTheyStand(t *testing.T) {
	for name, sample := range map[string]string{"PUT": updateSample, "POST": addSample} {
		t.Run(name, func(t *testing.T) {
			var sent []byte
			var target string
			client := newClient(t, farEnd(func(r *http.Request) (*http.Response, error) {
				sent, _ = io.ReadAll(r.Body)
				target = r.Method + " " + r.URL.RequestURI()
				return reply(200, string(fixture(t, "config_update_ok").Response.Body)), nil
			}))
			c := parse(t, sample)
			send := client.UpdateConfiguration
			if name == "POST" {
				send = client.CreateConfiguration
			}
			if id, err := send(t.Context(), "Leads", c); err != nil || id != configurationID {
				t.Fatalf("got %q, %v", id, err)
			}
			if got, want := anyJSON(t, sent), anyJSON(t, []byte(sample)); !reflect.DeepEqual(got, want) {
				t.Errorf("sent %v\nwant %v", got, want)
			}
			if want := name + " /crm/v8/settings/record_locking_configurations?module=Leads"; target != want {
				t.Errorf("sent to %s, want %s", target, want)
			}
		})
	}
}

// TestAnswerSurvives: every key of an answer, those too that no page documents, comes back from our JSON.
func TestAnswerSurvives(t *testing.T) {
	body := fixture(t, "config_get_ok").Response.Body
	odd := strings.Replace(string(body), `"lock_type"`, `"zia_hint":{"n":5843104000000425565,"l":[null,true]},"lock_type"`, 1)
	for _, text := range []string{string(body), odd} {
		got, err := newClient(t, always(200, text)).GetConfiguration(t.Context(), "Leads")
		if err != nil {
			t.Fatal(err)
		}
		written, err := json.Marshal(map[string]any{"record_locking_configurations": []any{got}})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := anyJSON(t, written), anyJSON(t, []byte(text)); !reflect.DeepEqual(got, want) {
			t.Errorf("got  %v\nwant %v", got, want)
		}
		if again := parse(t, string(written)); !reflect.DeepEqual(again, *got) {
			t.Errorf("read again: %+v\nwant %+v", again, *got)
		}
	}
}

func TestReadOnlyKeysAreNotSent(t *testing.T) {
	var sent []byte
	client := newClient(t, farEnd(func(r *http.Request) (*http.Response, error) {
		sent, _ = io.ReadAll(r.Body)
		if want := "/crm/v8/settings/record_locking_configurations/2000000066499?module=Leads"; r.URL.RequestURI() != want {
			t.Errorf("sent to %s", r.URL.RequestURI())
		}
		return reply(200, strings.Replace(string(fixture(t, "config_update_ok").Response.Body), configurationID, "2000000066499", 1)), nil
	}))
	c := parse(t, string(fixture(t, "config_get_ok").Response.Body))
	if _, err := client.UpdateConfiguration(t.Context(), "Leads", c); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"created_time", "created_by", "modified_time", "modified_by", `"id":"2000000066499"`} {
		if strings.Contains(string(sent), key) {
			t.Errorf("%s was sent: %s", key, sent)
		}
	}
}

func TestNoConfiguration(t *testing.T) {
	for name, end := range map[string]farEnd{
		"204": always(204, ""), "an empty list": always(200, `{"record_locking_configurations":[]}`),
	} {
		if c, err := newClient(t, end).GetConfiguration(t.Context(), "Leads"); c != nil || err != nil {
			t.Errorf("%s: got %+v, %v", name, c, err)
		}
	}
}

func TestConfigurationThatCannotBeBelieved(t *testing.T) {
	const path = "/crm/v8/settings/record_locking_configurations"
	success := func(id string) string {
		return `{"record_locking_configurations":[{"code":"SUCCESS","status":"success","details":{"id":` + id + `}}]}`
	}
	for _, tt := range []struct {
		name, method, path string
		status             int
		body               string
	}{
		{"get: nothing in it", "GET", path, 200, `{}`},
		{"get: no list", "GET", path, 200, `{"record_locking_configurations":null}`},
		{"get: two", "GET", path, 200, `{"record_locking_configurations":[{"lock_type":"both"},{"lock_type":"both"}]}`},
		{"get: no object", "GET", path, 200, `{"record_locking_configurations":["both"]}`},
		{"get: a key of another type", "GET", path, 200, `{"record_locking_configurations":[{"lock_type":7}]}`},
		{"get: rules that are none", "GET", path, 200, `{"record_locking_configurations":[{"locking_rules":{"name":"x"}}]}`},
		{"create: 204", "POST", path, 204, ``},
		{"create: no id", "POST", path, 201, success("null")},
		{"create: under data", "POST", path, 201, `{"data":[{"code":"SUCCESS","status":"success","details":{"id":"1"}}]}`},
		{"update: another", "PUT", path + "/" + configurationID, 200, success(`"7"`)},
		{"delete: another", "DELETE", path + "/" + configurationID, 200, success(`"7"`)},
		{"modules: none", "GET", "/crm/v8/settings/modules", 200, `{}`},
		{"modules: nameless", "GET", "/crm/v8/settings/modules", 200, `{"modules":[{"id":"1"}]}`},
		{"module: none", "GET", "/crm/v8/settings/modules/Leads", 200, `{"modules":[]}`},
		{"fields: nameless", "GET", "/crm/v8/settings/fields", 200, `{"fields":[{"id":"1"}]}`},
		{"profiles: without id", "GET", "/crm/v8/settings/profiles", 200, `{"profiles":[{"name":"x"}]}`},
		{"count: no rows", "POST", "/crm/v8/coql", 200, `{"info":{}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := asError(t, call(t, newClient(t, always(tt.status, tt.body)), tt.method, tt.path))
			if e.Kind != zoho.BadAnswer || e.Message == "" {
				t.Errorf("got %v: %v", e.Kind, e)
			}
		})
	}
}

// TestRefusedHere: what cannot be part of an address never leaves.
func TestRefusedHere(t *testing.T) {
	client := newClient(t, farEnd(func(*http.Request) (*http.Response, error) {
		return nil, errors.New("a call was made")
	}))
	ctx := t.Context()
	for name, f := range map[string]func() error{
		"module":      func() error { _, err := client.GetConfiguration(ctx, "Leads/../x"); return err },
		"one module":  func() error { _, err := client.Module(ctx, ".."); return err },
		"fields":      func() error { _, err := client.Fields(ctx, "a b"); return err },
		"count":       func() error { _, _, err := client.CountLocked(ctx, "Leads where 1=1"); return err },
		"delete":      func() error { return client.DeleteConfiguration(ctx, "Leads", "..") },
		"delete none": func() error { return client.DeleteConfiguration(ctx, "Leads", "") },
		"update": func() error {
			_, err := client.UpdateConfiguration(ctx, "Leads", zoho.Configuration{ID: "x/y"})
			return err
		},
	} {
		if e := asError(t, f()); e.Phase != zoho.PhaseDefinite || e.Status != 0 || e.Err != nil {
			t.Errorf("%s: got %v", name, e)
		}
	}
}

// TestKeysOfRefusals: an error says which key Zoho blames, and what it takes instead.
func TestKeysOfRefusals(t *testing.T) {
	const at = "record_locking_configurations[0]."
	for name, want := range map[string]struct{ keys, hint string }{
		"config_update_lock_type":       {at + "lock_type", "Zoho takes manual, automatic or both"},
		"config_update_rules_limit":     {at + "locking_rules", "Zoho takes at most 5"},
		"config_update_field_nameless":  {at + "excluded_fields[0].api_name " + at + "excluded_fields[0].id", "name the field"},
		"config_update_field_ambiguous": {at + "excluded_fields[0].api_name " + at + "excluded_fields[0].id", "different fields"},
		"config_update_rules_missing":   {at + "locking_rules", "give both"},
		"config_update_name_twice":      {at + "locking_rules[1].name", "of its own"},
		"config_get_no_module":          {"module", "API name"},
		"config_create_exists":          {"module", "already"},
		"config_delete_unknown":         {"", "read it again"},
		"config_delete_system":          {"", "made this configuration itself"},
		"config_update_scope":           {"", "ZohoCRM.settings.record_locking_configurations.ALL"},
		"config_get_no_permission":      {"", "Crm_Implied_Customize_Zoho_CRM"},
		"count_scope":                   {"", "ZohoCRM.coql.READ"},
	} {
		t.Run(name, func(t *testing.T) {
			e := fixture(t, name)
			err := asError(t, callExample(t, e, farEnd(func(*http.Request) (*http.Response, error) { return e.reply(), nil })))
			if got := strings.Join(err.Keys, " "); got != want.keys {
				t.Errorf("keys %q, want %q", got, want.keys)
			}
			if !strings.Contains(err.Hint, want.hint) {
				t.Errorf("hint %q lacks %q", err.Hint, want.hint)
			}
			for _, key := range err.Keys {
				if !strings.Contains(err.Error(), key) {
					t.Errorf("%v does not name %s", err, key)
				}
			}
		})
	}
}

// TestEchoedSecret: a far end that echoes the token in what it blames gets it nowhere.
func TestEchoedSecret(t *testing.T) {
	body := `{"record_locking_configurations":[{"code":"INVALID_DATA","status":"error","message":"x 1000.access","details":{
		"json_path":"$.1000.access","supported_values":["1000.access"]}}]}`
	err := asError(t, call(t, newClient(t, always(400, body)), "PUT", "/crm/v8/settings/record_locking_configurations"))
	if all := fmt.Sprint(err, err.Hint, err.Keys); strings.Contains(all, "1000.access") {
		t.Errorf("the token is in %s", all)
	}
}

func TestMetadata(t *testing.T) {
	ctx := t.Context()
	body := func(name string) *zoho.Client {
		return newClient(t, always(200, string(fixture(t, name).Response.Body)))
	}
	modules, err := body("modules_ok").Modules(ctx)
	leads := zoho.Module{ID: "5843104000000002175", APIName: "Leads", Singular: "Lead", Plural: "Leads", Kind: "default", APISupported: true, Viewable: true}
	if err != nil || len(modules) != 2 || modules[0] != leads || modules[1].APIName != zoho.LockingModule || modules[1].Viewable {
		t.Errorf("modules %+v, %v", modules, err)
	}
	if m, err := body("module_ok").Module(ctx, "Leads"); err != nil || m != leads {
		t.Errorf("module %+v, %v", m, err)
	}
	fields, err := body("fields_locking").Fields(ctx, zoho.LockingModule)
	source := zoho.Field{ID: "5843104000000759002", APIName: "Lock_Source__s", Label: "Lock Source", DataType: "picklist", Length: 120,
		ReadOnly: true, Values: []string{"Automatic", "Manual"}}
	if err != nil || len(fields) != 9 || fields[0].ReadOnly || fields[0].Length != 3000 || !reflect.DeepEqual(fields[1], source) {
		t.Errorf("fields %+v, %v", fields, err)
	}
	profiles, err := body("profiles_ok").Profiles(ctx)
	if err != nil || !reflect.DeepEqual(profiles, []zoho.Profile{{"5843104000000026011", "Administrator"}, {"5843104000000026014", "Standard"}}) {
		t.Errorf("profiles %+v, %v", profiles, err)
	}
	if n, more, err := body("count_ok").CountLocked(ctx, "Leads"); n != 1 || more || err != nil {
		t.Errorf("counted %d, %v, %v", n, more, err)
	}
	many := newClient(t, always(200, `{"data":[{"id":"1"}],"info":{"more_records":true}}`))
	if n, more, err := many.CountLocked(ctx, "Leads"); n != 1 || !more || err != nil {
		t.Errorf("counted %d, %v, %v", n, more, err)
	}
	if n, _, err := newClient(t, always(204, "")).CountLocked(ctx, "Leads"); n != 0 || err != nil {
		t.Errorf("counted %d, %v", n, err)
	}
}

// TestLongMetadata: the fields of a large module are longer than any other answer, and still read.
func TestLongMetadata(t *testing.T) {
	field := `{"api_name":"A","tooltip":"` + strings.Repeat("x", 4096) + `"},`
	body := `{"fields":[` + strings.TrimSuffix(strings.Repeat(field, 500), ",") + `]}`
	if fields, err := newClient(t, always(200, body)).Fields(t.Context(), "Leads"); len(fields) != 500 || err != nil {
		t.Errorf("got %d fields, %v", len(fields), err)
	}
}

// TestFetchedEditedApplied: what the pretend Zoho shows, sent back, comes back the same.
func TestFetchedEditedApplied(t *testing.T) {
	client, ctx := clientOfSim(t), t.Context()
	sample := strings.NewReplacer("Last_Activity_Time", "Modified_Time", `,"id":"5843104000000052001"`, "", `,"id":"5843104000000002627"`, "",
		`,"id":"5843104000000002617"`, "", "Send Doc", "Send with Zoho Sign").Replace(addSample)
	if _, err := client.CreateConfiguration(ctx, "Deals", parse(t, strings.ReplaceAll(sample, "Annual_Revenue", "Next_Step"))); err != nil {
		t.Fatal(err)
	}
	before, err := client.GetConfiguration(ctx, "Deals")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.UpdateConfiguration(ctx, "Deals", *before); err != nil {
		t.Fatal(err)
	}
	after, err := client.GetConfiguration(ctx, "Deals")
	if err != nil {
		t.Fatal(err)
	}
	after.ModifiedBy, after.ModifiedTime = before.ModifiedBy, before.ModifiedTime
	if !reflect.DeepEqual(before, after) {
		t.Errorf("before %+v\nafter  %+v", before, after)
	}
	if err := client.DeleteConfiguration(ctx, "Deals", after.ID); err != nil {
		t.Fatal(err)
	}
	if gone, err := client.GetConfiguration(ctx, "Deals"); gone != nil || err != nil {
		t.Errorf("after deleting: %+v, %v", gone, err)
	}
}
