package sim_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"zlock/zoho/sim"
)

const (
	sorry       = "Sorry, you cannot perform this operation as the record is locked."
	plainly     = "You cannot perform this operation as the record is locked."
	lockedFirst = `{"data":[{"code":"RECORD_LOCKED","details":{"api_name":"id","json_path":"$.data[0].id","action":"record_locking"},"message":"` + sorry + `","status":"error"}]}`
)

// lockedByID is what Zoho says of a locked record that is named by its id.
func lockedByID(id, message string) string {
	return atTop("RECORD_LOCKED", fmt.Sprintf(`{"action":"record_locking","id":%q}`, id), message)
}

// office is an organisation in which Lead 1 is locked and Lead 2 is not, and
// locks keep everybody from the actions given.
func office(actions string) sim.Config {
	return sim.Config{
		Modules: map[string]sim.Module{
			"Leads": {Configuration: `{"lock_type":"manual","restricted_actions":[` + actions + `],
				"excluded_fields":[{"api_name":"Description"},{"api_name":"Rating"}]}`},
			"Contacts": {}, "Accounts": {}, "Deals": {},
		},
		Records: func(yield func(sim.Record) bool) {
			_ = yield(sim.Record{Module: "Leads", ID: "1", Lock: &sim.Lock{Reason: "signed"}, Fields: map[string]any{"Last_Name": "Frey", "Company": "Acme"}}) &&
				yield(sim.Record{Module: "Leads", ID: "2", Fields: map[string]any{"Last_Name": "Gray", "Company": "Bolt"}})
		},
	}
}

// deed is something done to a record.
type deed struct{ action, method, path, body, refusal string }

func deeds(id string) []deed {
	owner := `{"owner":{"id":"5843104000000424672"}}`
	owners := fmt.Sprintf(`{"owner":{"id":"5843104000000424672"},"ids":[%q]}`, id)
	tagged := fmt.Sprintf(`{"tags":[{"name":"hot"}],"ids":[%q]}`, id)
	lead := "/crm/v8/Leads/" + id
	return []deed{
		{"update", http.MethodPut, lead, `{"data":[{"City":"Oslo"}]}`, lockedFirst},
		{"update", http.MethodPut, "/crm/v8/Leads", fmt.Sprintf(`{"data":[{"id":%q,"City":"Oslo"}]}`, id), lockedFirst},
		{"change_owner", http.MethodPost, lead + "/actions/change_owner", owner, lockedByID(id, sorry)},
		{"change_owner", http.MethodPost, "/crm/v8/Leads/actions/change_owner", owners, `{"data":[` + lockedByID(id, sorry) + `]}`},
		{"tags", http.MethodPost, lead + "/actions/add_tags", `{"tags":[{"name":"hot"}]}`, `{"data":[` + lockedByID(id, plainly) + `],"locked_count":"1","success_count":"0"}`},
		{"tags", http.MethodPost, "/crm/v8/Leads/actions/remove_tags", tagged, `{"data":[` + lockedByID(id, plainly) + `],"locked_count":"1"}`},
		{"convert", http.MethodPost, lead + "/actions/convert", `{"data":[{}]}`, `{"data":[` + lockedByID(id, plainly) + `]}`},
		{"delete", http.MethodDelete, lead, "", `{"data":[` + lockedByID(id, plainly) + `]}`},
		{"delete", http.MethodDelete, "/crm/v8/Leads?ids=" + id, "", `{"data":[` + lockedByID(id, plainly) + `]}`},
	}
}

// TestWhatALockKeepsOneFrom restricts one action after the other, besides update,
// which always is, and tries all of them on a locked record and on one that is not.
func TestWhatALockKeepsOneFrom(t *testing.T) {
	for _, restricted := range []string{"update", "delete", "tags", "convert", "change_owner"} {
		for _, id := range []string{"1", "2"} {
			for _, d := range deeds(id) {
				t.Run(restricted+" and "+d.method+" "+d.path, func(t *testing.T) {
					o := found(t, office(`"`+restricted+`"`))
					r := call(t, o, d.method, d.path, d.body)
					if id == "1" && (d.action == restricted || d.action == "update") {
						if r.status != http.StatusBadRequest || !same(t, r.text, d.refusal) {
							t.Errorf("%d %s\nwant %s", r.status, r.text, d.refusal)
						}
						return
					}
					if r.status != http.StatusOK || !strings.Contains(r.text, `"SUCCESS"`) {
						t.Errorf("%d %s", r.status, r.text)
					}
				})
			}
		}
	}
}

func TestWhomALockLeavesFree(t *testing.T) {
	const update = `{"data":[{"City":"Oslo"}]}`
	tests := []struct {
		name, configuration, profile, body string
		status                             int
	}{
		{"nobody", `"locked_for":"all_profiles"`, "Administrator", update, 400},
		{"profiles given that are not asked for", `"locked_for":"all_profiles","lock_excluded_profiles":[{"id":"5843104000000026011","name":"Administrator"}]`, "Administrator", update, 400},
		{"the excluded profile", `"locked_for":"all_profiles_except_excluded_profiles","lock_excluded_profiles":[{"id":"5843104000000026011","name":"Administrator"}]`, "Administrator", update, 200},
		{"another profile", `"locked_for":"all_profiles_except_excluded_profiles","lock_excluded_profiles":[{"id":"5843104000000026011","name":"Administrator"}]`, "Standard", update, 400},
		{"excluded fields", `"locked_for":"all_profiles"`, "Standard", `{"data":[{"Description":"called","Rating":"Hot"}]}`, 200},
		{"an excluded field and another", `"locked_for":"all_profiles"`, "Standard", `{"data":[{"Description":"called","City":"Oslo"}]}`, 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := office(`"update"`)
			leads := cfg.Modules["Leads"]
			leads.Configuration = strings.TrimSuffix(leads.Configuration, "}") + "," + tt.configuration + "}"
			cfg.Modules["Leads"] = leads
			cfg.Standing.Profile = tt.profile
			o := found(t, cfg)
			if r := call(t, o, http.MethodPut, "/crm/v8/Leads/1", tt.body); r.status != tt.status {
				t.Errorf("%+v", r)
			}
			row := call(t, o, http.MethodGet, "/crm/v8/Leads?ids=1&fields=Locked__s,$locked_for_me", "").row(t)
			if bound := tt.status == 400 || tt.name == "excluded fields"; row["Locked__s"] != true || row["$locked_for_me"] != bound {
				t.Errorf("row %v", row)
			}
			me := call(t, o, http.MethodGet, "/crm/v8/users?type=CurrentUser", "")
			if !strings.Contains(me.text, `"name":"`+tt.profile+`"`) {
				t.Errorf("user %s", me.text)
			}
		})
	}
}

func TestOnlySomeAreLocked(t *testing.T) {
	tests := []struct{ name, method, path, body, want string }{
		{"update", http.MethodPut, "/crm/v8/Leads", `{"data":[{"id":"1","City":"Oslo"},{"id":"2","City":"Oslo"}]}`, `"RECORD_LOCKED"`},
		{"delete", http.MethodDelete, "/crm/v8/Leads?ids=1,2", "", `"record deleted"`},
		{"owner", http.MethodPost, "/crm/v8/Leads/actions/change_owner", `{"owner":{"id":"5843104000000424672"},"ids":["1","2"]}`, `"owner is successfully updated"`},
		{"tags", http.MethodPost, "/crm/v8/Leads/actions/add_tags", `{"tags":[{"name":"hot"}],"ids":["1","2"]}`, `"locked_count":"1","success_count":"1"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := found(t, office(`"update","delete","change_owner","tags"`))
			r := call(t, o, tt.method, tt.path, tt.body)
			if r.status != http.StatusMultiStatus || !strings.Contains(r.text, tt.want) || strings.Count(r.text, `"RECORD_LOCKED"`) != 1 {
				t.Errorf("%d %s", r.status, r.text)
			}
		})
	}
}

// TestNoConfigurationNoEffect: a lock binds nobody once the configuration is gone.
func TestNoConfigurationNoEffect(t *testing.T) {
	o := found(t, office(`"update"`))
	if r := call(t, o, http.MethodPut, "/crm/v8/Leads/1", `{"data":[{"City":"Oslo"}]}`); r.said(t) != "RECORD_LOCKED" {
		t.Fatalf("%+v", r)
	}
	lock, _ := o.Lock("Leads", "1")
	id := settingsOf(t, o, "Leads")["id"].(string)
	if r := call(t, o, http.MethodDelete, settings+"?module=Leads&ids="+id, ""); r.status != http.StatusOK {
		t.Fatalf("%+v", r)
	}
	if r := call(t, o, http.MethodPut, "/crm/v8/Leads/1", `{"data":[{"City":"Oslo"}]}`); r.status != http.StatusOK {
		t.Errorf("%+v", r)
	}
	if e := events(o, applied); len(e) != 1 || e[0].Op != sim.OpConfigure || e[0].LockID != lock.ID || e[0].ID != "1" {
		t.Errorf("events %+v", e)
	}
}
