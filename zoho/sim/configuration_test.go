package sim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"zlock/zoho/sim"
)

const settings = "/crm/v8/settings/record_locking_configurations"

// sales is an organisation whose Leads are configured as in the examples of
// Zoho's documents, Deals not yet, and Calls never.
func sales() sim.Config {
	return sim.Config{
		Modules: map[string]sim.Module{
			"Leads": {Configuration: `{"id":"5843104000000758004","lock_type":"both","locking_rules":[
				{"name":"email rule 1","id":"5843104000000766010","lock_existing_records":false,"criteria":{"comparator":"equal","field":{"api_name":"Email","id":"1"},"value":"a@b.c"}},
				{"name":"email rule 3","id":"5843104000000766034","lock_existing_records":false,"criteria":{"comparator":"equal","field":{"api_name":"Email","id":"1"},"value":"b@b.c"}}]}`},
			"Deals": {Locking: sim.NotConfigured}, "Tasks": {Locking: sim.NotConfigured}, "Calls": {Locking: sim.Unsupported},
			"Cases": {Configuration: `{"lock_type":"manual","system_defined":true}`},
		},
		Profiles: []sim.Profile{{ID: "5843104000000026011", Name: "Administrator"}, {ID: "5843104000000026014", Name: "Standard"}},
	}
}

// around puts a configuration into a body.
func around(configuration string) string {
	return `{"record_locking_configurations":[` + configuration + `]}`
}

// same reports whether two texts are the same JSON.
func same(t *testing.T, got, want string) bool {
	t.Helper()
	return reflect.DeepEqual(decode(t, got), decode(t, want))
}

// settingsOf is the configuration of a module as GET shows it.
func settingsOf(t *testing.T, o *sim.Org, module string) map[string]any {
	t.Helper()
	r := call(t, o, http.MethodGet, settings+"?module="+module, "")
	if r.status != http.StatusOK {
		t.Fatalf("configuration of %s: %+v", module, r)
	}
	list := decode(t, r.text)["record_locking_configurations"].([]any)
	if len(list) != 1 {
		t.Fatalf("%d configurations", len(list))
	}
	return list[0].(map[string]any)
}

// TestTheDocumentsUpdate sends the sample input of "Update Record Locking
// Configuration" and expects the sample response and, afterwards, what it asked for.
func TestTheDocumentsUpdate(t *testing.T) {
	const sample = `{"record_locking_configurations":[{"locked_for":"all_profiles_except_excluded_profiles","excluded_fields":null,
		"locking_rules":[{"id":"5843104000000766010","_delete":true},
			{"name":"email rule 34","id":"5843104000000766034","lock_existing_records":false,"criteria":{"comparator":"equal","field":{"api_name":"Email","id":"5843104000000002599"},"value":"test@gmail.com"}},
			{"name":"email rule 5","lock_existing_records":false,"criteria":{"comparator":"equal","field":{"api_name":"Email","id":"5843104000000002599"},"value":"test5@gmail.com"}}],
		"restricted_actions":null,"lock_for_portal_users":true,"restricted_communications":["send_mail"],"system_defined":false,"lock_type":"both",
		"restricted_custom_buttons":[{"name":"Send with Zoho Sign","id":"5843104000000485570"}],
		"lock_excluded_profiles":[{"name":"Administrator","id":"5843104000000026011"}]}]}`
	const receipt = `{"record_locking_configurations":[{"code":"SUCCESS","details":{"id":"5843104000000758004"},
		"message":"record locking configuration updated successfully","status":"success"}]}`
	for _, path := range []string{settings, settings + "/5843104000000758004"} {
		o := found(t, sales())
		r := call(t, o, http.MethodPut, path+"?module=Leads", sample)
		if r.status != http.StatusOK || !same(t, r.text, receipt) {
			t.Fatalf("%+v", r)
		}
		got := settingsOf(t, o, "Leads")
		for key, want := range map[string]string{
			"locked_for": `"all_profiles_except_excluded_profiles"`, "excluded_fields": `null`, "restricted_actions": `["update"]`,
			"lock_for_portal_users": `true`, "restricted_communications": `["send_mail"]`, "system_defined": `false`, "lock_type": `"both"`,
			"restricted_custom_buttons": `[{"name":"Send with Zoho Sign","id":"5843104000000485570"}]`, "feature_type": `"record_locking"`,
			"lock_excluded_profiles": `[{"name":"Administrator","id":"5843104000000026011"}]`, "id": `"5843104000000758004"`,
		} {
			if text := jsonOf(t, got[key]); !sameValue(t, text, want) {
				t.Errorf("%s is %s, want %s", key, text, want)
			}
		}
		if names := ruleNames(got); names != "email rule 34=5843104000000766034 email rule 5=5843104000001068001" {
			t.Errorf("rules %s", names)
		}
	}
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func sameValue(t *testing.T, a, b string) bool {
	t.Helper()
	return same(t, `{"v":`+a+`}`, `{"v":`+b+`}`)
}

func ruleNames(configuration map[string]any) string {
	rules, _ := configuration["locking_rules"].([]any)
	var names []string
	for _, r := range rules {
		names = append(names, fmt.Sprintf("%v=%v", r.(map[string]any)["name"], r.(map[string]any)["id"]))
	}
	return strings.Join(names, " ")
}

// everyKey is a configuration that uses every documented key.
func everyKey(rules string) string {
	return `{"lock_type":"both","locked_for":"all_profiles_except_excluded_profiles","feature_type":"record_locking",
		"lock_for_portal_users":false,"restricted_actions":["delete","update","tags","convert","change_owner"],
		"restricted_communications":["send_mail","send_survey","send_portal_invitation"],
		"restricted_custom_buttons":[{"name":"Send with Zoho Sign","id":"5843104000000485570"}],
		"excluded_fields":[{"api_name":"Description"},{"api_name":"Next_Step"}],
		"lock_excluded_profiles":[{"name":"Administrator","id":"5843104000000026011"},{"name":"Standard","id":"5843104000000026014"}],
		"locking_rules":` + rules + `}`
}

const nested = `{"group_operator":"OR","group":[
	{"comparator":"equal","field":{"api_name":"Stage"},"type":"value","value":["Closed Won","Closed Lost"]},
	{"group_operator":"AND","group":[
		{"comparator":"between","field":{"api_name":"Amount"},"value":[1000,"5000"]},
		{"comparator":"not_equal","field":{"api_name":"Closing_Date"},"value":"${EMPTY}"}]}]}`

// TestWhatIsPutComesBack makes a configuration of every key, fetches it, puts it
// back as it was fetched, and expects no difference but the time.
func TestWhatIsPutComesBack(t *testing.T) {
	o := found(t, sales())
	sent := everyKey(`[{"name":"Done or large","lock_existing_records":true,"criteria":` + nested + `}]`)
	r := call(t, o, http.MethodPost, settings+"?module=Deals", around(sent))
	if r.status != http.StatusCreated || !strings.Contains(r.text, `"message":"record locking configuration created successfully"`) {
		t.Fatalf("%+v", r)
	}
	got := settingsOf(t, o, "Deals")
	for key, want := range decode(t, sent) {
		if missing := difference(want, got[key]); missing != "" {
			t.Errorf("%s: %s", key, missing)
		}
	}
	if me := got["created_by"].(map[string]any)["name"]; me != "Lena Hart" {
		t.Errorf("made by %v", me)
	}
	r = call(t, o, http.MethodPut, settings+"?module=Deals", around(jsonOf(t, got)))
	if r.status != http.StatusOK {
		t.Fatalf("%+v", r)
	}
	if again := settingsOf(t, o, "Deals"); !reflect.DeepEqual(got, again) {
		t.Errorf("configuration\n%v\nwant\n%v", again, got)
	}
}

// difference says what of want is not in got; objects in got may have more keys.
func difference(want, got any) string {
	switch want := want.(type) {
	case map[string]any:
		g, _ := got.(map[string]any)
		for k, v := range want {
			if d := difference(v, g[k]); d != "" {
				return k + "." + d
			}
		}
		return ""
	case []any:
		g, _ := got.([]any)
		if len(g) != len(want) {
			return fmt.Sprintf("%v instead of %v", got, want)
		}
		for i := range want {
			if d := difference(want[i], g[i]); d != "" {
				return fmt.Sprintf("[%d].%s", i, d)
			}
		}
		return ""
	}
	if !reflect.DeepEqual(want, got) {
		return fmt.Sprintf("%v instead of %v", got, want)
	}
	return ""
}

func TestAbsentKeysChangeNothing(t *testing.T) {
	o := found(t, sales())
	call(t, o, http.MethodPost, settings+"?module=Deals", around(everyKey(`[{"name":"a","criteria":`+nested+`}]`)))
	before := settingsOf(t, o, "Deals")
	body := around(`{"lock_type":"automatic","locking_rules":[{"name":"b","criteria":{"comparator":"equal","field":{"api_name":"Stage"},"value":"Lost"}}]}`)
	if r := call(t, o, http.MethodPut, settings+"?module=Deals", body); r.status != http.StatusOK {
		t.Fatalf("%+v", r)
	}
	after := settingsOf(t, o, "Deals")
	if names := ruleNames(after); names != "a=5843104000001068002 b=5843104000001068003" {
		t.Errorf("rules %s", names)
	}
	before["lock_type"], before["locking_rules"] = "automatic", after["locking_rules"]
	if !reflect.DeepEqual(before, after) {
		t.Errorf("configuration\n%v\nwant\n%v", after, before)
	}
}

func TestLockTypeDecidesWhatMayBeLocked(t *testing.T) {
	cfg := sales()
	cfg.Records = func(yield func(sim.Record) bool) { yield(sim.Record{Module: "Deals", ID: "1"}) }
	o := found(t, cfg)
	const deal = "/crm/v8/Deals/1/Locking_Information__s"
	rules := `,"locking_rules":[{"name":"a","criteria":` + nested + `}]}`
	steps := []struct {
		method, path, body string
		want               string
	}{
		{http.MethodPost, deal, reason, "Required Record Locking Configuration is not present"},
		{http.MethodPost, settings + "?module=Deals", around(`{"lock_type":"automatic"` + rules), "created successfully"},
		{http.MethodPost, deal, reason, "record cannot be locked, only automatic locking is configured"},
		{http.MethodPut, settings + "?module=Deals", around(`{"lock_type":"both"` + rules[:len(rules)-2] + `,{"_delete":true,"id":"5843104000001068002"}]}`), "updated successfully"},
		{http.MethodPut, settings + "?module=Deals", around(`{"lock_type":"manual"}`), "updated successfully"},
		{http.MethodPost, deal, reason, "record added"},
		{http.MethodDelete, settings + "/5843104000001068001?module=Deals", "", "record locking configuration deleted"},
		{http.MethodGet, settings + "?module=Deals", "", ""},
		{http.MethodGet, deal + "?fields=id", "", "Required Record Locking Configuration is not present"},
		{http.MethodPost, settings + "?module=Deals", around(`{"lock_type":"manual"}`), "created successfully"},
		{http.MethodGet, deal + "?fields=id", "", ""},
	}
	for i, s := range steps {
		if r := call(t, o, s.method, s.path, s.body); !strings.Contains(r.text, s.want) || (s.want == "") != (r.status == http.StatusNoContent) {
			t.Errorf("step %d: %+v, want %q", i+1, r, s.want)
		}
	}
}
