package sim_test

import (
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"zlock/zoho/sim"
)

// TestConfigurationsAndRecordsOutliveTheProcess does everything that changes
// state, reopens the organisation, and looks for a difference.
func TestConfigurationsAndRecordsOutliveTheProcess(t *testing.T) {
	cfg := office(`"update"`)
	cfg.Modules["Deals"] = sim.Module{Locking: sim.NotConfigured}
	cfg.Modules["Accounts"] = sim.Module{}
	cfg.Journal = filepath.Join(t.TempDir(), "sim.journal")
	paths := []string{
		"/crm/v8/Leads?fields=Full_Name,City,Tag,Owner,Locked__s,Created_Time,Modified_Time,Email,Annual_Revenue&converted=both",
		"/crm/v8/Leads?fields=id", "/crm/v8/Deals?fields=Name,Stage,Amount,Locked__s", "/crm/v8/Accounts?fields=Name",
		settings + "?module=Deals", settings + "?module=Accounts", settings + "?module=Leads",
	}
	read := func(o *sim.Org) (all []string) {
		for _, path := range paths {
			r := call(t, o, http.MethodGet, path, "")
			all = append(all, r.text)
		}
		return append(all, state(o))
	}
	var before []string
	during(t, cfg, func(o *sim.Org) {
		rules := `[{"name":"a","lock_existing_records":true,"criteria":` + nested + `}]`
		call(t, o, http.MethodPost, "/crm/v8/Deals", `{"data":[{"Deal_Name":"x","Amount":2000.50,"Closing_Date":"2026-01-01"}]}`)
		configured(t, o, "Deals", everyKey(rules))
		planted(t, o, "Deals", `{"Deal_Name":"y","Stage":"Closed Won"}`)
		planted(t, o, "Deals", `{"Deal_Name":"z","Stage":"Lost"}`)
		planted(t, o, "Leads", `{"Last_Name":"Frey","City":"Oslo"}`)
		for _, d := range deeds("2")[:7] {
			call(t, o, d.method, d.path, d.body)
		}
		call(t, o, http.MethodDelete, settings+"/"+settingsOf(t, o, "Accounts")["id"].(string)+"?module=Accounts", "")
		call(t, o, http.MethodPut, "/crm/v8/Leads/1", `{"data":[{"Description":"free"}]}`)
		call(t, o, http.MethodDelete, "/crm/v8/Contacts?ids=5843104800000000005", "")
		before = read(o)
	})
	if joined := strings.Join(before, "\n"); strings.Count(joined, "Automatic") != 2 || !strings.Contains(joined, "2000.50") {
		t.Fatalf("state\n%s", joined)
	}
	during(t, cfg, func(o *sim.Org) {
		if after := read(o); !reflect.DeepEqual(after, before) {
			t.Errorf("state\n%s\nwant\n%s", strings.Join(after, "\n"), strings.Join(before, "\n"))
		}
		newer := planted(t, o, "Deals", `{"Deal_Name":"w"}`)
		r := call(t, o, http.MethodPut, settings+"?module=Deals", around(`{"lock_type":"both","locking_rules":[`+equalRule("b", "x")+`]}`))
		list := call(t, o, http.MethodGet, "/crm/v8/Deals?fields=id", "")
		if r.status != http.StatusOK || strings.Count(list.text, newer) != 1 || strings.Count(list.text, `"id":`) != 4 {
			t.Errorf("ids given out twice: %s %s", list.text, r.text)
		}
		if names := ruleNames(settingsOf(t, o, "Deals")); strings.Count(names, "=") != 2 || strings.Count(names, strings.Split(names, "=")[2]) != 1 {
			t.Errorf("rules %s", names)
		}
	})
}

func TestJournalsOfStrangeRecordsAreRefused(t *testing.T) {
	cfg := office(`"update"`)
	cfg.Journal = filepath.Join(t.TempDir(), "sim.journal")
	during(t, cfg, func(*sim.Org) {})
	head := string(contents(t, cfg.Journal))
	for name, line := range map[string]string{
		"no id":   `{"wide":{"records":[{"module":"Leads","id":"x"}]}}`,
		"no lock": `{"wide":{"records":[{"module":"Leads","id":"1","lock":{"id":"7","source":"Odd"}}]}}`,
	} {
		if err := os.WriteFile(cfg.Journal, []byte(head+line+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := sim.New(cfg); err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestConfigurationsThatAreRefusedAtTheStart(t *testing.T) {
	tests := []struct{ configuration, want string }{
		{`[]`, "configuration of Leads"},
		{`{"lock_type":"never"}`, "lock_type not found"},
		{`{"lock_type":"both"}`, "locking_rules should have been given"},
		{`{"lock_type":"manual","excluded_fields":[{"api_name":"Nowhere"}]}`, "field not found"},
	}
	for _, tt := range tests {
		_, err := sim.New(sim.Config{Modules: map[string]sim.Module{"Leads": {Configuration: tt.configuration}}})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.configuration, err)
		}
	}
}

func TestTooManyFieldsAreRefused(t *testing.T) {
	_, err := sim.New(sim.Config{Modules: map[string]sim.Module{"Leads": {Fields: make([]sim.Field, 51)}}})
	if err == nil || !strings.Contains(err.Error(), "Leads") || !strings.Contains(err.Error(), "50") {
		t.Errorf("error %v", err)
	}
}
