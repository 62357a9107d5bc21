package sim_test

import (
	"net/http"
	"strings"
	"testing"

	"zlock/zoho/sim"
)

func TestConfigurationOfAModule(t *testing.T) {
	cfg := sim.Config{Modules: map[string]sim.Module{
		"Leads": {}, "Deals": {Locking: sim.LockingManual}, "Cases": {Locking: sim.LockingAutomatic},
		"Tasks": {Locking: sim.NotConfigured}, "Vendors": {Locking: sim.RelationMissing}, "Calls": {Locking: sim.Unsupported},
	}}
	tests := []struct {
		name, query string
		standing    sim.Standing
		status      int
		want        string
	}{
		{"both", "?module=Leads", sim.Standing{}, 200, `"lock_type":"both"`},
		{"manual", "?module=Deals", sim.Standing{}, 200, `"lock_type":"manual"`},
		{"automatic", "?module=Cases&feature_type=record_locking", sim.Standing{}, 200, `"lock_type":"automatic"`},
		{"none", "?module=Tasks", sim.Standing{}, 204, ""},
		{"never", "?module=Vendors", sim.Standing{}, 204, ""},
		{"unsupported", "?module=Calls", sim.Standing{}, 400, "NOT_SUPPORTED"},
		{"unknown", "?module=Leadz", sim.Standing{}, 400, "INVALID_MODULE"},
		{"no module", "", sim.Standing{}, 400, `"param_name":"module"`},
		{"edition", "?module=Leads", sim.Standing{EditionBarred: true}, 400, "FEATURE_NOT_SUPPORTED"},
		{"permission", "?module=Leads", sim.Standing{PermissionDenied: []sim.Op{sim.OpConfiguration}}, 403, "Crm_Implied_Customize_Zoho_CRM"},
		{"scope", "?module=Leads", sim.Standing{ScopeMissing: []sim.Op{sim.OpConfiguration}}, 401, "OAUTH_SCOPE_MISMATCH"},
	}
	o := found(t, cfg)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o.SetStanding(tt.standing)
			r := call(t, o, http.MethodGet, "/crm/v8/settings/record_locking_configurations"+tt.query, "")
			if r.status != tt.status || !strings.Contains(r.text, tt.want) {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestModulesAndWhichCanBeLocked(t *testing.T) {
	o := found(t, sim.Config{Modules: map[string]sim.Module{
		"Leads": {}, "Price_Books": {Custom: true}, "Calls": {Locking: sim.Unsupported},
	}})
	tests := []struct{ name, query, want string }{
		{"all", "", "Calls Leads Price_Books Locking_Information__s"},
		{"lockable", "?feature_name=record_locking_configurations", "Leads Price_Books"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var names []string
			r := call(t, o, http.MethodGet, "/crm/v8/settings/modules"+tt.query, "")
			for _, m := range decode(t, r.text)["modules"].([]any) {
				names = append(names, m.(map[string]any)["api_name"].(string))
			}
			if got := strings.Join(names, " "); got != tt.want {
				t.Errorf("modules %q, want %q", got, tt.want)
			}
		})
	}
	bare := found(t, sim.Config{Modules: map[string]sim.Module{}})
	if r := call(t, bare, http.MethodGet, "/crm/v8/settings/modules", ""); r.status != http.StatusNoContent {
		t.Errorf("no modules: %+v", r)
	}
}

func TestWhoAndWhere(t *testing.T) {
	o := found(t, sim.Config{Me: sim.User{ID: "5", Name: "Prince"}, Edition: "free"})
	tests := []struct{ name, path, want string }{
		{"me", "/crm/v8/users?type=CurrentUser", `"full_name":"Prince"`},
		{"me alone", "/crm/v8/users?type=CurrentUser", `"count":1`},
		{"all", "/crm/v8/users?type=AllUsers", `"full_name":"Patricia Boyle"`},
		{"edition", "/crm/v8/org", `"paid_type":"free"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if r := call(t, o, http.MethodGet, tt.path, ""); r.status != http.StatusOK || !strings.Contains(r.text, tt.want) {
				t.Errorf("%+v", r)
			}
		})
	}
}
