package zoho_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"zlock/zoho"
)

// serve runs handler on loopback and returns a client for it.
func serve(t *testing.T, c zoho.Config, handler http.HandlerFunc) *zoho.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	c.API, c.Transport = server.URL, zoho.NewTransport(2)
	return newClientWith(t, c)
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

func TestMeterBooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, farEnd(func(*http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			return reply(200, `{"data":[]}`), nil
		}))
		var m zoho.Meter
		began := time.Now().Round(0)
		for range 3 {
			if _, err := client.Metered(&m).ListLocks(t.Context(), lead); err != nil {
				t.Fatal(err)
			}
		}
		want := zoho.Meter{Calls: 3, Credits: 3, FirstSent: began, LastSent: began.Add(2 * time.Second), LastStatus: 200}
		if m != want {
			t.Errorf("got %+v, want %+v", m, want)
		}
	})
}

// TestSilentRepeatIsCounted: net/http sends a GET again by itself when a kept connection dies under it.
func TestSilentRepeatIsCounted(t *testing.T) {
	var calls atomic.Int32
	limiter := zoho.NewLimiter(zoho.LimiterConfig{Cap: 2})
	client := serve(t, zoho.Config{Limiter: limiter}, func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) == 2 {
			panic(http.ErrAbortHandler) // Zoho has acted; the connection dies
		}
		w.WriteHeader(http.StatusNoContent)
	})
	var m zoho.Meter
	for range 2 {
		if _, err := client.Metered(&m).ListLocks(t.Context(), lead); err != nil {
			t.Fatal(err)
		}
	}
	if m.Calls != 3 || calls.Load() != 3 || limiter.Snapshot().Credits != 3 {
		t.Errorf("booked %d, limiter %d, server saw %d; want 3", m.Calls, limiter.Snapshot().Credits, calls.Load())
	}
}

// TestWritesAreNeverRepeated: after the same death a change is left open and not sent again.
func TestWritesAreNeverRepeated(t *testing.T) {
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		t.Run(method, func(t *testing.T) {
			var writes atomic.Int32
			client := serve(t, zoho.Config{}, func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodGet {
					writes.Add(1)
					panic(http.ErrAbortHandler)
				}
				w.WriteHeader(http.StatusNoContent)
			})
			if err := call(t, client, "GET", onList); err != nil { // leaves a connection open
				t.Fatal(err)
			}
			e := asError(t, call(t, client, method, onOne))
			if e.Kind != zoho.NoAnswer || e.Phase != zoho.PhaseOpen || writes.Load() != 1 {
				t.Errorf("got %v, %v after %d sends", e.Kind, e.Phase, writes.Load())
			}
		})
	}
}

func TestNothingWritten(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := "http://" + listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	limiter := zoho.NewLimiter(zoho.LimiterConfig{Cap: 1})
	var m zoho.Meter
	client := newClientWith(t, zoho.Config{API: closed, Limiter: limiter}).Metered(&m)
	e := asError(t, call(t, client, "POST", onList))
	if e.Kind != zoho.NotSent || e.Phase != zoho.PhaseNotSent || m.Calls != 0 || limiter.Snapshot().Credits != 0 {
		t.Errorf("got %v, %v, %d calls, %d credits", e.Kind, e.Phase, m.Calls, limiter.Snapshot().Credits)
	}
}

func TestCertificateOfAnother(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(server.Close)
	e := asError(t, call(t, newClientWith(t, zoho.Config{API: server.URL}), "POST", onList))
	var unknown x509.UnknownAuthorityError
	if e.Kind != zoho.NotSent || !errors.As(e, &unknown) || !strings.Contains(e.Hint, "certificate") {
		t.Errorf("got %v: %v, hint %q", e.Kind, e, e.Hint)
	}
}

func TestNameNotFound(t *testing.T) {
	end := unreachable{&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "www.zohoapis.com", IsNotFound: true}}}
	e := asError(t, call(t, newClient(t, end), "DELETE", onOne))
	if e.Kind != zoho.NotSent || e.Phase != zoho.PhaseNotSent || !strings.Contains(e.Hint, "name of the host") {
		t.Errorf("got %v, %v, hint %q", e.Kind, e.Phase, e.Hint)
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			t.Errorf("%d was followed", status)
		}))
		client := serve(t, zoho.Config{}, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, status)
		})
		if e := asError(t, call(t, client, "POST", onList)); e.Kind != zoho.Redirected || e.Status != status {
			t.Errorf("%d: got %v", status, e)
		}
		elsewhere.Close()
	}
}

func TestBodiesThatCannotBeBelieved(t *testing.T) {
	bomb := func(w http.ResponseWriter) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		zeros := make([]byte, 1<<20)
		for range 100 {
			if _, err := z.Write(zeros); err != nil {
				return
			}
		}
		_ = z.Close()
	}
	tests := []struct {
		name  string
		write func(http.ResponseWriter)
	}{
		{"cut", func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "500")
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"data":[`)
		}},
		{"cut refusal", func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "500")
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"code":"NOT_`)
		}},
		{"page", func(w http.ResponseWriter) { _, _ = io.WriteString(w, `<html>sign in to the hotel</html>`) }},
		{"huge", func(w http.ResponseWriter) {
			_, _ = io.WriteString(w, `{"x":"`+strings.Repeat("x", 2<<20)+`"}`)
		}},
		{"bomb", bomb},
		{"deep", func(w http.ResponseWriter) { _, _ = io.WriteString(w, strings.Repeat("[", 100_000)) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client := serve(t, zoho.Config{}, func(w http.ResponseWriter, r *http.Request) { tt.write(w) })
			if e := asError(t, call(t, client, "POST", onList)); e.Kind != zoho.BadAnswer || e.Phase != zoho.PhaseOpen {
				t.Errorf("got %v, %v: %v", e.Kind, e.Phase, e)
			}
		})
	}
}

func TestConnectionsAreKept(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]int{}
	client := serve(t, zoho.Config{}, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		seen[r.RemoteAddr]++
		mu.Unlock()
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"code":"NO_PERMISSION","status":"error","message":"`+strings.Repeat("no ", 10_000)+`"}`)
	})
	for range 10 {
		_ = call(t, client, "POST", onList)
	}
	if len(seen) != 1 {
		t.Errorf("%d connections for 10 calls in a row", len(seen))
	}
}

func TestCallEndsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, farEnd(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}))
		began := time.Now()
		e := asError(t, call(t, client, "POST", onList))
		if took := time.Since(began); took != 30*time.Second {
			t.Errorf("took %v", took)
		}
		if e.Kind != zoho.NoAnswer || e.Phase != zoho.PhaseOpen || !strings.Contains(e.Error(), "no whole answer within 30s") {
			t.Errorf("got %v, %v: %v", e.Kind, e.Phase, e)
		}
	})
}

func TestCallerCutsCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		client := newClient(t, farEnd(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}))
		_, err := client.CreateLock(ctx, lead, "x")
		if e := asError(t, err); e.Phase != zoho.PhaseOpen || !errors.Is(e, context.DeadlineExceeded) {
			t.Errorf("got %v: %v", e.Phase, e)
		}
		_, err = client.CreateLock(ctx, lead, "x")
		if e := asError(t, err); e.Phase != zoho.PhaseNotSent || e.Kind != zoho.NotSent {
			t.Errorf("a call that was cut before it began: got %v, %v", e.Kind, e.Phase)
		}
	})
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
	client := newClientWith(t, zoho.Config{
		Limiter:   zoho.NewLimiter(zoho.LimiterConfig{Cap: 1, MaxCredits: 10, KeepForReads: 1}),
		Transport: always(204, ``),
	})
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
	if got := zoho.Kind(99).String() + zoho.Phase(9).String(); got != "Kind(99)Phase(9)" {
		t.Errorf("got %q", got)
	}
}

func TestTransport(t *testing.T) {
	tr := zoho.NewTransport(25)
	if tr.MaxIdleConnsPerHost != 25 || tr.TLSClientConfig.MinVersion != tls.VersionTLS12 || tr.MaxResponseHeaderBytes != 64<<10 ||
		tr.TLSHandshakeTimeout != 5*time.Second || tr.ResponseHeaderTimeout != 20*time.Second {
		t.Errorf("got %+v", tr)
	}
	if tr.Protocols.HTTP2() || !tr.Protocols.HTTP1() {
		t.Errorf("got protocols %v", tr.Protocols)
	}
	if tr := zoho.NewTransport(0); tr.MaxIdleConnsPerHost != 1 {
		t.Errorf("got %d idle connections", tr.MaxIdleConnsPerHost)
	}
}
