package sim_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zlock/zoho/sim"
)

// consoleOf serves an organisation with its page, and asks for a path of it.
func consoleOf(t *testing.T, cfg sim.Config) (*sim.Org, *httptest.Server) {
	t.Helper()
	o := found(t, cfg)
	server := httptest.NewServer(sim.Console(o, "sim.example"))
	t.Cleanup(server.Close)
	return o, server
}

func visit(t *testing.T, method, url, body string, change func(*http.Request)) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(req)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, string(text), err}
}

type pageState struct {
	Token                     string
	Calls, Locked, Credits    int
	Used                      int `json:"credits_used"`
	Switches                  sim.Switches
	Modules                   []struct{ Name string }
	Locks                     []struct{ ID, Reason, Source, By string }
	Events                    []struct{ Op, ID, Fault string }
	InFlight, Throttled, Seen int
}

func stateOf(t *testing.T, server *httptest.Server) pageState {
	t.Helper()
	var s pageState
	r := visit(t, http.MethodGet, server.URL+"/console/state", "", nil)
	if err := json.Unmarshal([]byte(r.text), &s); err != nil || r.status != http.StatusOK {
		t.Fatalf("%+v: %v", r, err)
	}
	return s
}

func TestTheConsoleShowsTheState(t *testing.T) {
	cfg := tenLeads()
	cfg.Credits = 100
	o, server := consoleOf(t, cfg)
	for i := range 60 {
		ask(t, o, http.DefaultTransport, http.MethodGet, server.URL+list(fmt.Sprint(i%10+1))+allOf, "")
	}
	s := stateOf(t, server)
	if s.Calls != 60 || s.Used != 60 || s.Credits != 100 || s.Locked != 3 || len(s.Modules) != 3 {
		t.Errorf("state %+v", s)
	}
	if len(s.Events) != 50 || s.Events[0].ID != "10" || s.Events[0].Op != "list" {
		t.Errorf("%d events, the first %+v", len(s.Events), s.Events[0])
	}
	if len(s.Locks) != 3 || s.Locks[0].ID != "2" || s.Locks[0].By != "Patricia Boyle" || s.Locks[0].Source != "Manual" {
		t.Errorf("locks %+v", s.Locks)
	}
	page := visit(t, http.MethodGet, server.URL+"/", "", nil)
	if page.status != 200 || !strings.Contains(page.text, "<title>A pretend Zoho</title>") || strings.Contains(page.text, s.Token) {
		t.Errorf("page %+v", page)
	}
	if got := stateOf(t, server); got.Calls != 60 || got.Used != 60 {
		t.Errorf("looking at the page was counted: %+v", got)
	}
}

func TestTheConsoleShowsTwoHundredLocks(t *testing.T) {
	cfg := sim.Config{Records: func(yield func(sim.Record) bool) {
		for i := range 500 {
			if !yield(lockedLead(fmt.Sprint(i + 1))) {
				return
			}
		}
	}}
	_, server := consoleOf(t, cfg)
	if s := stateOf(t, server); s.Locked != 500 || len(s.Locks) != 200 || s.Locks[199].ID != "200" {
		t.Errorf("%d locked, %d shown", s.Locked, len(s.Locks))
	}
}

func TestTheConsoleIsGuarded(t *testing.T) {
	_, server := consoleOf(t, tenLeads())
	page := visit(t, http.MethodGet, server.URL, "", nil)
	policy := page.header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "script-src 'sha256-", "style-src 'sha256-"} {
		if !strings.Contains(policy, part) {
			t.Errorf("the policy lacks %s: %s", part, policy)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(page.text, "onclick") || strings.Contains(page.text, "innerHTML") ||
		strings.Contains(page.text, "http://") || strings.Contains(page.text, "https://") {
		t.Error("the page does what it must not")
	}
	for host, want := range map[string]int{
		"evil.example": 421, "evil.example:80": 421, "127.0.0.1.evil.example": 421, "": 200,
		"localhost:99": 200, "127.0.0.1": 200, "[::1]:8470": 200, "sim.example:8470": 200, "SIM.example": 200,
	} {
		for _, path := range []string{"/", "/console/state"} {
			r := visit(t, http.MethodGet, server.URL+path, "", func(r *http.Request) {
				if host != "" {
					r.Host = host
				}
			})
			if r.status != want {
				t.Errorf("%s of %q: %d, want %d", path, host, r.status, want)
			}
		}
	}
	for path, want := range map[string]int{"/favicon.ico": 404, "/console": 404, "/console/switch": 405} {
		if r := visit(t, http.MethodGet, server.URL+path, "", nil); r.status != want {
			t.Errorf("%s: %+v", path, r)
		}
	}
}

func TestTheConsolesSwitches(t *testing.T) {
	o, server := consoleOf(t, tenLeads())
	token := stateOf(t, server).Token
	turn := func(body string, change func(*http.Request)) reply {
		return visit(t, http.MethodPost, server.URL+"/console/switch", body, func(r *http.Request) {
			r.Header.Set("X-Console-Token", token)
			if change != nil {
				change(r)
			}
		})
	}
	for name, change := range map[string]func(*http.Request){
		"no token":       func(r *http.Request) { r.Header.Del("X-Console-Token") },
		"wrong token":    func(r *http.Request) { r.Header.Set("X-Console-Token", token+"x") },
		"another origin": func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") },
		"another host":   func(r *http.Request) { r.Host = "evil.example" },
	} {
		if r := turn(`{"name":"outage","on":true}`, change); r.status/100 != 4 || o.Switches() != (sim.Switches{}) {
			t.Errorf("%s: %d, %+v", name, r.status, o.Switches())
		}
	}
	for body, want := range map[string]int{`{"name":"coffee","on":true}`: 400, `nonsense`: 400} {
		if r := turn(body, nil); r.status != want {
			t.Errorf("%s: %+v", body, r)
		}
	}
	look := func() reply { return call(t, o, http.MethodGet, list("2")+allOf, "") }
	for name, want := range map[string]int{"throttle": 429, "outage": 503, "slow": 200} {
		if r := turn(`{"name":"`+name+`","on":true}`, func(r *http.Request) { r.Header.Set("Origin", server.URL) }); r.status != 204 {
			t.Fatalf("%s on: %+v", name, r)
		}
		if name != "slow" {
			if r := look(); r.status != want {
				t.Errorf("%s: %d", name, r.status)
			}
		}
		if s := stateOf(t, server).Switches; s == (sim.Switches{}) {
			t.Errorf("%s is not shown: %+v", name, s)
		}
		if r := turn(`{"name":"`+name+`","on":false}`, nil); r.status != 204 {
			t.Fatalf("%s off: %+v", name, r)
		}
		if r := look(); r.status != 200 {
			t.Errorf("after %s: %d", name, r.status)
		}
	}
	signedIn := "Zoho-oauthtoken " + o.Token()
	if r := turn(`{"name":"revoke","on":true}`, nil); r.status != 204 {
		t.Fatalf("revoke: %+v", r)
	}
	if r := send(t, o.Transport(), http.MethodGet, list("2")+allOf, "", signedIn); r.said(t) != "INVALID_TOKEN" {
		t.Errorf("after the revocation: %+v", r)
	}
}

func TestSwitchesLeaveTokenCallsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := found(t, tenLeads())
		o.SetSwitches(sim.Switches{Outage: true, Throttle: true, Slow: true})
		r := send(t, o.Transport(), http.MethodPost, "/oauth/v2/token",
			"grant_type=refresh_token&client_id=a&client_secret=b&refresh_token=c", "")
		if r.status != http.StatusOK || !strings.Contains(r.text, "access_token") {
			t.Errorf("a token call in an outage: %+v", r)
		}
		if r := call(t, o, http.MethodGet, list("2")+allOf, ""); r.status != http.StatusServiceUnavailable {
			t.Errorf("the outage comes first: %+v", r)
		}
		o.SetSwitches(sim.Switches{Slow: true})
		began := time.Now()
		if r := call(t, o, http.MethodGet, list("2")+allOf, ""); r.status != 200 || time.Since(began) != 3*time.Second {
			t.Errorf("slow: %d after %v", r.status, time.Since(began))
		}
	})
}
