package sim_test

import (
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"zlock/zoho/sim"
)

const accounts = "https://accounts.zoho.eu"

// granting sends a form to a door of the accounts server.
func granting(t *testing.T, o *sim.Org, door string, pairs ...string) map[string]any {
	t.Helper()
	form := url.Values{"client_id": {"client"}, "client_secret": {"secret"}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	r := send(t, o.Transport(), http.MethodPost, accounts+door, form.Encode(), "")
	if r.status != http.StatusOK {
		t.Fatalf("%s: %+v", door, r)
	}
	return decode(t, r.text)
}

func exchange(t *testing.T, o *sim.Org, pairs ...string) map[string]any {
	return granting(t, o, tokenPath, append([]string{"grant_type", "authorization_code"}, pairs...)...)
}

func TestCodesThatWereGenerated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := signIn()
		cfg.APIDomain = "https://sandbox.zohoapis.eu"
		cfg.Codes = []sim.GrantCode{{Code: "one", Scope: "ZohoCRM.modules.ALL"}, {Code: "brief", Life: time.Minute}, {Code: "two"}}
		o := found(t, sim.Config{Tokens: cfg})
		for _, tt := range []struct{ name, key, value, want string }{
			{"made up", "code", "three", "invalid_code"},
			{"none", "code", "", "invalid_code"},
			{"wrong client", "client_id", "another", "invalid_client"},
			{"wrong secret", "client_secret", "another", "invalid_client_secret"},
		} {
			if got := exchange(t, o, "code", "one", tt.key, tt.value); got["error"] != tt.want {
				t.Errorf("%s: %v", tt.name, got)
			}
		}
		got := exchange(t, o, "code", "one")
		if got["refresh_token"] == nil || got["scope"] != "ZohoCRM.modules.ALL" || got["api_domain"] != cfg.APIDomain {
			t.Errorf("first: %v", got)
		}
		again := granting(t, o, tokenPath, "grant_type", "refresh_token", "refresh_token", got["refresh_token"].(string))
		if again["access_token"] == nil {
			t.Errorf("refreshed: %v", again)
		}
		if got := exchange(t, o, "code", "one"); got["error"] != "invalid_code" {
			t.Errorf("again: %v", got)
		}
		time.Sleep(time.Minute)
		if got := exchange(t, o, "code", "brief"); got["error"] != "invalid_code" {
			t.Errorf("after its minute: %v", got)
		}
		if got := exchange(t, o, "code", "two"); got["access_token"] == nil {
			t.Errorf("within the usual life: %v", got)
		}
	})
}

func startDevice(t *testing.T, o *sim.Org) (code, user string) {
	t.Helper()
	got := granting(t, o, "/oauth/v3/device/code", "grant_type", "device_request", "scope", "ZohoCRM.modules.ALL,ZohoCRM.org.READ")
	code, _ = got["device_code"].(string)
	user, _ = got["user_code"].(string)
	if code == "" || user == "" || got["verification_url"] != accounts+"/oauth/v3/device" || got["interval"] != 5000.0 {
		t.Fatalf("start: %v", got)
	}
	return code, user
}

func poll(t *testing.T, o *sim.Org, code string) map[string]any {
	t.Helper()
	return granting(t, o, "/oauth/v3/device/token", "grant_type", "device_token", "code", code)
}

func TestADeviceWaitsForAPerson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := found(t, sim.Config{Tokens: signIn()})
		code, user := startDevice(t, o)
		if got := poll(t, o, code); got["error"] != "authorization_pending" {
			t.Errorf("at once: %v", got)
		}
		time.Sleep(time.Second)
		if got := poll(t, o, code); got["error"] != "slow_down" {
			t.Errorf("too soon: %v", got)
		}
		if err := o.Consent(user, true); err != nil {
			t.Error(err)
		}
		time.Sleep(5 * time.Second)
		got := poll(t, o, code)
		if got["refresh_token"] == nil || got["scope"] != "ZohoCRM.modules.ALL ZohoCRM.org.READ" {
			t.Errorf("after consent: %v", got)
		}
		time.Sleep(5 * time.Second)
		if got := poll(t, o, code); got["error"] != "invalid_code" {
			t.Errorf("a second time: %v", got)
		}
		if err := o.Consent(user, true); err == nil {
			t.Error("consent to what is over")
		}
	})
}

func TestADeviceIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := signIn()
		cfg.Known = []string{"ZohoCRM.modules.ALL", "ZohoCRM.org.READ"}
		o := found(t, sim.Config{Tokens: cfg})
		if got := granting(t, o, "/oauth/v3/device/code", "grant_type", "device_request", "scope", "Zoho.none"); got["error"] != "invalid_scope" {
			t.Errorf("unknown scope: %v", got)
		}
		code, user := startDevice(t, o)
		if err := o.Consent(user, false); err != nil {
			t.Error(err)
		}
		if got := poll(t, o, code); got["error"] != "access_denied" {
			t.Errorf("declined: %v", got)
		}
		late, _ := startDevice(t, o)
		time.Sleep(5 * time.Minute)
		if got := poll(t, o, late); got["error"] != "expired" {
			t.Errorf("late: %v", got)
		}
	})
}

func TestAPersonConsentsByThemselves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := signIn()
		cfg.DeviceAfter = 12 * time.Second
		o := found(t, sim.Config{Tokens: cfg})
		code, _ := startDevice(t, o)
		polls := 0
		for poll(t, o, code)["access_token"] == nil {
			polls++
			time.Sleep(5 * time.Second)
		}
		if polls != 3 {
			t.Errorf("%d polls in vain, want 3", polls)
		}
	})
}

func TestCompany(t *testing.T) {
	o := found(t, sim.Config{Company: sim.Company{Number: "60012345", Name: "Acme GmbH"}})
	org := decode(t, call(t, o, http.MethodGet, "/crm/v8/org", "").text)["org"].([]any)[0].(map[string]any)
	if org["company_name"] != "Acme GmbH" || org["zgid"] != "60012345" || org["id"] == "" {
		t.Errorf("got %v", org)
	}
}
