package zoho_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"zlock/zoho"
)

// serve runs handler on loopback and returns a client for it, over a Direct unless told otherwise.
func serve(t *testing.T, c zoho.Config, handler http.HandlerFunc) *zoho.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	if c.Transport == nil {
		c.Transport = zoho.NewDirect(zoho.TransportConfig{Concurrency: 2})
	}
	c.API = server.URL
	return newClientWith(t, c)
}

// eachWay runs a test over both transports: that of API calls, and net/http's, which makes them where there
// is a proxy.
func eachWay(t *testing.T, test func(t *testing.T, way http.RoundTripper)) {
	t.Run("direct", func(t *testing.T) { test(t, zoho.NewDirect(zoho.TransportConfig{Concurrency: 2})) })
	t.Run("net/http", func(t *testing.T) { test(t, zoho.NewTransport(2)) })
}

func asError(t *testing.T, err error) *zoho.Error {
	t.Helper()
	var e *zoho.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *Error", err)
	}
	return e
}

func TestNewRefuses(t *testing.T) {
	tokens := newTokens(t, zoho.TokenConfig{AccessToken: zoho.NewSecret("x")})
	limiter := zoho.NewLimiter(zoho.LimiterConfig{Cap: 1})
	tests := []struct {
		name string
		in   zoho.Config
	}{
		{"no tokens", zoho.Config{Limiter: limiter}},
		{"no limiter", zoho.Config{Tokens: tokens}},
		{"foreign host", zoho.Config{Tokens: tokens, Limiter: limiter, API: "https://api.example.com"}},
		{"version", zoho.Config{Tokens: tokens, Limiter: limiter, API: "https://www.zohoapis.com", Version: "v8/../v2"}},
	}
	for _, tt := range tests {
		if _, err := zoho.New(tt.in); err == nil {
			t.Errorf("%s: taken", tt.name)
		}
	}
}

func TestRequestOnTheWire(t *testing.T) {
	type seen struct {
		method, uri, body string
		header            http.Header
		proto             int
	}
	var got seen
	client := serve(t, zoho.Config{Version: "v7"}, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = seen{r.Method, r.RequestURI, string(body), r.Header, r.ProtoMajor}
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"data":[{"code":"SUCCESS","status":"success","details":{"id":"`+lockID+`"}}]}`)
	})
	receipt, err := client.CreateLock(t.Context(), lead, `it's <final> "now"`)
	if err != nil || receipt.LockID != lockID {
		t.Fatalf("got %+v, %v", receipt, err)
	}
	if got.method != "POST" || got.uri != "/crm/v7/Leads/"+recordID+"/Locking_Information__s" || got.proto != 1 {
		t.Errorf("got %s %s, HTTP %d", got.method, got.uri, got.proto)
	}
	var body map[string][]map[string]string
	if err := json.Unmarshal([]byte(got.body), &body); err != nil || len(body["data"]) != 1 || body["data"][0]["Locked_Reason__s"] != `it's <final> "now"` {
		t.Errorf("got body %s", got.body)
	}
	for name, want := range map[string]string{"Authorization": "Zoho-oauthtoken 1000.access", "Accept": "application/json", "Content-Type": "application/json"} {
		if got.header.Get(name) != want {
			t.Errorf("%s: got %q, want %q", name, got.header.Get(name), want)
		}
	}
	if agent := got.header.Get("User-Agent"); !strings.HasPrefix(agent, "zlock/") {
		t.Errorf("got User-Agent %q", agent)
	}
	for _, name := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
		if got.header.Get(name) != "" {
			t.Errorf("%s is set: net/http would send the call again by itself", name)
		}
	}
}

func TestPathsOfTheDoors(t *testing.T) {
	var uris []string
	client := newClient(t, farEnd(func(r *http.Request) (*http.Response, error) {
		uris = append(uris, r.Method+" "+r.URL.RequestURI())
		return reply(500, ``), nil
	}))
	_, _ = client.ListLocks(t.Context(), lead)
	_, _ = client.GetLock(t.Context(), lead, lockID)
	_ = client.UpdateReason(t.Context(), lead, lockID, "x")
	_ = client.DeleteLock(t.Context(), lead, lockID)
	_, _ = client.CurrentUser(t.Context())
	want := []string{
		"GET " + onList + "?fields=Locked_For__s,Locked_Reason__s,Lock_Source__s,Locked_Time__s,Locked_By__s,Record_Locking_Rule_Id__s,Record_Locking_Configuration_Id__s,Owner,Parent_Id",
		"GET " + onOne, "PUT " + onOne, "DELETE " + onOne, "GET /crm/v8/users?type=CurrentUser",
	}
	if strings.Join(uris, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(uris, "\n"), strings.Join(want, "\n"))
	}
}

func TestRefusedBeforeSending(t *testing.T) {
	client := newClient(t, farEnd(func(r *http.Request) (*http.Response, error) {
		t.Errorf("%s %s was sent", r.Method, r.URL)
		return reply(500, ``), nil
	}))
	var m zoho.Meter
	c := client.Metered(&m)
	tests := []struct {
		name string
		call func() error
		want zoho.Kind
	}{
		{"module with a path", func() error { return c.DeleteLock(t.Context(), zoho.Record{Module: "../Leads", ID: "1"}, "1") }, zoho.ModuleUnknown},
		{"no module", func() error { _, err := c.ListLocks(t.Context(), zoho.Record{ID: "1"}); return err }, zoho.ModuleUnknown},
		{"id in letters", func() error {
			_, err := c.CreateLock(t.Context(), zoho.Record{Module: "Leads", ID: "1?x"}, "r")
			return err
		}, zoho.RecordUnknown},
		{"id too long", func() error {
			_, err := c.ListLocks(t.Context(), zoho.Record{Module: "Leads", ID: "12345678901234567890"})
			return err
		}, zoho.RecordUnknown},
		{"no lock id", func() error { return c.DeleteLock(t.Context(), lead, "") }, zoho.LockUnknown},
		{"no reason", func() error { _, err := c.CreateLock(t.Context(), lead, " \n"); return err }, zoho.ReasonRefused},
		{"no new reason", func() error { return c.UpdateReason(t.Context(), lead, lockID, "") }, zoho.ReasonRefused},
	}
	for _, tt := range tests {
		if e := asError(t, tt.call()); e.Kind != tt.want || e.Phase != zoho.PhaseDefinite {
			t.Errorf("%s: got %v, %v", tt.name, e.Kind, e.Phase)
		}
	}
	if m.Calls != 0 {
		t.Errorf("%d calls booked", m.Calls)
	}
}

// TestTroubleWithTheNewToken: the token was refused, and another is not to be had just now. The call did
// nothing, so it can be made again.
func TestTroubleWithTheNewToken(t *testing.T) {
	m := &mint{answer: func(n int) *http.Response {
		if n == 1 {
			return nil
		}
		return reply(503, ``)
	}}
	client := newClientWith(t, zoho.Config{Tokens: newTokens(t, signIn(m)), Transport: always(401, `{"code":"INVALID_TOKEN","status":"error"}`)})
	e := asError(t, call(t, client, "POST", onList))
	if e.Kind != zoho.ServerFault || e.Op != zoho.OpToken || e.Phase != zoho.PhaseNotSent || e.Record != lead {
		t.Errorf("got %v, %v: %v", e.Kind, e.Phase, e)
	}
}

func TestAddressUnknown(t *testing.T) {
	config := signIn(always(200, `{"access_token":"t1"}`))
	config.Accounts = "http://127.0.0.1:1"
	client, err := zoho.New(zoho.Config{
		Tokens: newTokens(t, config), Limiter: zoho.NewLimiter(zoho.LimiterConfig{Cap: 1}), Transport: unreachable{io.EOF},
	})
	if err != nil {
		t.Fatal(err)
	}
	if e := asError(t, call(t, client, "GET", onList)); e.Kind != zoho.RequestRefused || !strings.Contains(e.Hint, "data centre") {
		t.Errorf("got %v, hint %q", e, e.Hint)
	}
}

func TestStoppedByLimiter(t *testing.T) {
	client := newClientWith(t, zoho.Config{
		Limiter:   zoho.NewLimiter(zoho.LimiterConfig{Cap: 1, MaxCredits: 1}),
		Transport: always(204, ``),
	})
	if err := call(t, client, "GET", onList); err != nil {
		t.Fatal(err)
	}
	e := asError(t, call(t, client, "GET", onList))
	var stop *zoho.StopError
	if e.Kind != zoho.Stopped || e.Phase != zoho.PhaseNotSent || !errors.As(e, &stop) || stop.Cause != "budget" {
		t.Errorf("got %v, %v: %v", e.Kind, e.Phase, e)
	}
}

func TestReadBackMayUseKeptCredits(t *testing.T) {
	limiter := zoho.NewLimiter(zoho.LimiterConfig{Cap: 1, MaxCredits: 10})
	limiter.Owe(1)
	client := newClientWith(t, zoho.Config{Limiter: limiter, Transport: always(204, ``)})
	for range 9 {
		if err := call(t, client, "GET", onList); err != nil {
			t.Fatal(err)
		}
	}
	if e := asError(t, call(t, client, "GET", onList)); e.Kind != zoho.Stopped {
		t.Errorf("got %v", e)
	}
	if err := call(t, client.ReadBack(), "GET", onList); err != nil {
		t.Errorf("read back: %v", err)
	}
}

func TestLimiterIsTold(t *testing.T) {
	tests := []struct {
		name string
		end  http.RoundTripper
		want func(zoho.Snapshot) bool
	}{
		{"429", always(429, ``), func(s zoho.Snapshot) bool { return s.Throttled == 1 && s.Credits == 1 }},
		{"remaining", always(204, ``, "X-API-CREDITS-REMAINING", "2500"), func(s zoho.Snapshot) bool { return s.Remaining == 2500 }},
		{"remaining unsaid", always(204, ``), func(s zoho.Snapshot) bool { return s.Remaining == -1 }},
		{"remaining junk", always(204, ``, "X-API-CREDITS-REMAINING", "-7"), func(s zoho.Snapshot) bool { return s.Remaining == -1 }},
		{"not sent", unreachable{io.EOF}, func(s zoho.Snapshot) bool { return s.Credits == 0 && s.InFlight == 0 }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			limiter := zoho.NewLimiter(zoho.LimiterConfig{Cap: 4})
			_ = call(t, newClientWith(t, zoho.Config{Limiter: limiter, Transport: tt.end}), "GET", onList)
			if s := limiter.Snapshot(); !tt.want(s) || s.InFlight != 0 {
				t.Errorf("got %+v", s)
			}
		})
	}
}

func TestCreditsGoneStops(t *testing.T) {
	e := fixture(t, "throttled_credits")
	client := newClient(t, farEnd(func(*http.Request) (*http.Response, error) { return e.reply(), nil }))
	if got := asError(t, call(t, client, "POST", onList)); got.Kind != zoho.Throttled {
		t.Fatalf("got %v", got)
	}
	if got := asError(t, call(t, client, "POST", onList)); got.Kind != zoho.Stopped {
		t.Errorf("got %v, want the limiter to stop all", got)
	}
}

func TestOutageOpensCircuit(t *testing.T) {
	limiter := zoho.NewLimiter(zoho.LimiterConfig{Cap: 1})
	client := newClientWith(t, zoho.Config{Limiter: limiter, Transport: always(502, `<html>`)})
	for range 10 {
		_ = call(t, client, "GET", onList)
	}
	if s := limiter.Snapshot(); s.Circuit != "open" {
		t.Errorf("circuit %s after 10 faults", s.Circuit)
	}
}

// TestNothingSecretComesOut runs into every failure with a server that echoes the token, and looks for
// it in errors and logs.
func TestNothingSecretComesOut(t *testing.T) {
	const canary = "1000.canary"
	echo := `{"code":"NOT_ALLOWED","status":"error","message":"token 1000.canary","details":{}}`
	ends := map[string]http.RoundTripper{
		"echo": always(403, echo), "echo in code": always(400, `{"code":"1000.canary","status":"error"}`),
		"fault": always(500, echo), "dead": always(401, echo), "page": always(200, canary),
		"network": unreachable{errors.New("no route")},
	}
	for name, end := range ends {
		var log bytes.Buffer
		logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		client := newClientWith(t, zoho.Config{
			Transport: end, Log: logger,
			Tokens: newTokens(t, zoho.TokenConfig{AccessToken: zoho.NewSecret(canary), Log: logger}),
		})
		_, err := client.CreateLock(t.Context(), lead, "private reason")
		e := asError(t, err)
		for _, text := range []string{e.Error(), e.Hint, e.Code, log.String()} {
			if strings.Contains(text, "canary") || strings.Contains(text, "private reason") {
				t.Errorf("%s: %q", name, text)
			}
		}
		if !strings.Contains(log.String(), "op=lock") {
			t.Errorf("%s: nothing logged: %q", name, log.String())
		}
	}
}

func TestErrorReads(t *testing.T) {
	tests := []struct {
		in   zoho.Error
		want string
	}{
		{zoho.Error{Op: zoho.OpUnlock, Record: lead, Status: 403, Code: "NO_PERMISSION", Message: "no"}, "unlock Leads " + recordID + ": 403 NO_PERMISSION: no"},
		{zoho.Error{Op: zoho.OpToken, Err: io.EOF}, "access token: EOF"},
		{zoho.Error{Op: zoho.OpLock, Record: lead, Status: 500}, "lock Leads " + recordID + ": 500"},
	}
	for _, tt := range tests {
		if got := tt.in.Error(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
	for phase, want := range map[zoho.Phase]string{
		zoho.PhaseNotSent: "not sent", zoho.PhaseRefused: "refused", zoho.PhaseOpen: "open", zoho.PhaseDefinite: "definite",
	} {
		if got := phase.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := zoho.Kind(99).String() + zoho.Phase(9).String(); got != "Kind(99)Phase(9)" {
		t.Errorf("got %q", got)
	}
}
