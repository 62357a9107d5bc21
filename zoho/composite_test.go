package zoho_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zlock/zoho"
	"zlock/zoho/sim"
)

// five is a part of each kind, and one more.
func five() []zoho.Part {
	r := func(id string) zoho.Record { return zoho.Record{Module: "Deals", ID: id} }
	return []zoho.Part{
		{Op: zoho.OpListLocks, Record: r("1")},
		{Op: zoho.OpLock, Record: r("2"), Reason: "closed"},
		{Op: zoho.OpReason, Record: r("3"), LockID: "73", Reason: "audited"},
		{Op: zoho.OpUnlock, Record: r("4"), LockID: "74"},
		{Op: zoho.OpListLocks, Record: r("5")},
	}
}

// wide returns a client with all of its slots open.
func wide(t *testing.T, end http.RoundTripper) *zoho.Client {
	t.Helper()
	return newClientWith(t, zoho.Config{Transport: end, Limiter: zoho.Widen(zoho.NewLimiter(zoho.LimiterConfig{Cap: 10}))})
}

func ran(status int, body string) string {
	return fmt.Sprintf(`{"code":"SUCCESS","status":"success","message":"composite sub request executed successfully","details":{"response":{"status_code":%d,"headers":{},"body":%s}}}`, status, body)
}

func done(id string) string {
	return `{"data":[{"code":"SUCCESS","status":"success","message":"…","details":{"id":"` + id + `"}}]}`
}

func composedOf(parts ...string) string {
	return `{"__composite_requests":[` + strings.Join(parts, ",") + `]}`
}

// Each part is understood by itself, whatever the composite as a whole says.
func TestCompositeParts(t *testing.T) {
	const unsupported = `{"code":"NOT_SUPPORTED","status":"error","message":"not allowed","details":{"allowed_services":[]}}`
	definite := func(code, message string) string {
		return `{"code":"` + code + `","status":"error","message":"` + message + `","details":{"resource_path_index":1}}`
	}
	ok := []string{
		ran(200, `{"data":[{"id":"71","Locked_Reason__s":"r","Lock_Source__s":"Manual"}]}`), ran(201, done("72")), ran(200, done("73")),
		ran(200, done("74")), ran(204, "null"),
	}
	with := func(i int, part string) string {
		parts := append([]string{}, ok...)
		parts[i] = part
		return composedOf(parts...)
	}
	tests := []struct {
		name   string
		status int
		body   string
		part   int       // that went wrong; -1 none
		kind   zoho.Kind // of it
		phase  zoho.Phase
	}{
		{"all well", 200, composedOf(ok...), -1, 0, 0},
		{"already locked", 200, with(1, ran(403, definite("NOT_ALLOWED", "record is already locked"))), 1, zoho.AlreadyLocked, zoho.PhaseDefinite},
		{"no such record", 200, with(3, ran(400, definite("INVALID_DATA", "the related id given seems to be invalid"))), 3, zoho.RecordUnknown, zoho.PhaseDefinite},
		{"throttled within", 200, with(1, ran(429, `{"code":"TOO_MANY_REQUESTS","status":"error","message":"m","details":{}}`)), 1, zoho.Throttled, zoho.PhaseRefused},
		{"server fault within", 200, with(1, ran(500, definite("INTERNAL_ERROR", "m"))), 1, zoho.ServerFault, zoho.PhaseOpen},
		{"a status without a body", 200, with(1, ran(201, "null")), 1, zoho.BadAnswer, zoho.PhaseOpen},
		{"about another lock", 200, with(3, ran(200, done("75"))), 3, zoho.BadAnswer, zoho.PhaseOpen},
		{"not admitted", 207, with(1, unsupported), 1, zoho.NotAdmitted, zoho.PhaseDefinite},
		{"the module's word, or the composite's", 200, with(1, ran(400, unsupported)), 1, zoho.NotAdmitted, zoho.PhaseDefinite},
		{"timed out", 207, with(1, `{"code":"REQUEST_TIMEOUT","status":"error","message":"m","details":{}}`), 1, zoho.NoAnswer, zoho.PhaseOpen},
		{"one call too many", 207, with(1, `{"code":"TOO_MANY_REQUESTS","status":"error","message":"m","details":{}}`), 1, zoho.Throttled, zoho.PhaseRefused},
		{"success without an answer", 200, with(1, `{"code":"SUCCESS","status":"success","details":{}}`), 1, zoho.NoAnswer, zoho.PhaseOpen},
		{"no object at all", 200, with(1, `null`), 1, zoho.NoAnswer, zoho.PhaseOpen},
		{"a body as text", 200, with(1, ran(201, `"{\"data\":[{\"code\":\"SUCCESS\",\"status\":\"success\",\"details\":{\"id\":\"72\"}}]}"`)), -1, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var meter zoho.Meter
			answers, err := wide(t, always(tt.status, tt.body)).Metered(&meter).Composite(t.Context(), five())
			if err != nil || meter.Calls != 1 || meter.Credits != 1 {
				t.Fatalf("%v, %d calls, %d credits", err, meter.Calls, meter.Credits)
			}
			for i, a := range answers {
				var e *zoho.Error
				switch {
				case i != tt.part && a.Err != nil:
					t.Errorf("part %d: %v", i, a.Err)
				case i == tt.part && (!errors.As(a.Err, &e) || e.Kind != tt.kind || e.Phase != tt.phase || e.Record != five()[i].Record):
					t.Errorf("part %d: %v, want %v, %v", i, a.Err, tt.kind, tt.phase)
				}
			}
			if tt.part == -1 && (answers[0].Locks[0].ID != "71" || answers[1].Receipt.LockID != "72" || answers[4].Locks != nil || answers[4].Status != 204) {
				t.Errorf("answers %+v", answers)
			}
		})
	}
}

// What is wrong with the whole leaves every part as it says: open, or without effect.
func TestCompositeAsAWhole(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
		kind   zoho.Kind
	}{
		{"no scope", 401, `{"code":"OAUTH_SCOPE_MISMATCH","status":"error","message":"m","details":{}}`, zoho.ScopeMissing},
		{"not for this org", 400, `{"code":"NOT_SUPPORTED","status":"error","message":"m","details":{}}`, zoho.ModuleUnsupported},
		{"throttled", 429, composedOf(ran(200, "{}")), zoho.Throttled},
		{"server fault", 500, `{"code":"INTERNAL_ERROR","status":"error","message":"m","details":{}}`, zoho.ServerFault},
		{"timed out, with whatever status", 400, `{"code":"REQUEST_TIMEOUT","status":"error","message":"m","details":{}}`, zoho.ServerFault},
		{"fewer answers than parts", 200, composedOf(ran(200, "{}")), zoho.BadAnswer},
		{"no answers", 200, `{"data":[]}`, zoho.BadAnswer},
	}
	for _, tt := range tests {
		_, err := wide(t, always(tt.status, tt.body)).Composite(t.Context(), five())
		var e *zoho.Error
		if !errors.As(err, &e) || e.Kind != tt.kind {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.kind)
		}
	}
}

func TestCompositeAsks(t *testing.T) {
	var doc struct {
		Rollback bool `json:"rollback_on_fail"`
		Parallel bool `json:"parallel_execution"`
		Old      bool `json:"concurrent_execution"`
		Parts    []struct {
			ID, Method, URI string
			Params          map[string]string
			Body            json.RawMessage
		} `json:"__composite_requests"`
	}
	var path string
	end := farEnd(func(r *http.Request) (*http.Response, error) {
		path = r.Method + " " + r.URL.Path
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(body, &doc)
		}
		return reply(500, ""), err
	})
	if _, err := wide(t, end).Composite(t.Context(), five()); err == nil {
		t.Fatal("a 500 was taken for an answer")
	}
	if path != "POST /crm/v8/__composite_requests" || doc.Rollback || !doc.Parallel || !doc.Old || len(doc.Parts) != 5 {
		t.Fatalf("asked %s: %+v", path, doc)
	}
	if p := doc.Parts[0]; p.Method != "GET" || p.URI != "/crm/v8/Deals/1/Locking_Information__s" || !strings.Contains(p.Params["fields"], "Locked_By__s") {
		t.Errorf("first part %+v", p)
	}
	if p := doc.Parts[2]; p.Method != "PUT" || p.URI != "/crm/v8/Deals/3/Locking_Information__s/73" || string(p.Body) != `{"data":[{"Locked_Reason__s":"audited"}]}` {
		t.Errorf("third part %+v, %s", p, p.Body)
	}
}

// A part that could not be asked alone is refused before anything is sent.
func TestCompositeRefusedHere(t *testing.T) {
	lock := zoho.Part{Op: zoho.OpLock, Record: zoho.Record{Module: "Deals", ID: "1"}, Reason: "r"}
	blank, path, lockless, odd := lock, lock, lock, lock
	blank.Reason, path.Record.ID, lockless.Op, odd.Op = " ", "1/2", zoho.OpUnlock, zoho.OpToken
	for name, parts := range map[string][]zoho.Part{
		"none": nil, "six": {lock, lock, lock, lock, lock, lock}, "no reason": {lock, blank}, "a path": {path}, "no lock id": {lockless}, "another call": {odd},
	} {
		var meter zoho.Meter
		if _, err := wide(t, always(200, "{}")).Metered(&meter).Composite(t.Context(), parts); err == nil || meter.Calls > 0 {
			t.Errorf("%s: %v, %d calls", name, err, meter.Calls)
		}
	}
}

// A composite takes five slots: it does not wait for them where there are fewer, and leaves none over.
func TestCompositeSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		org, err := sim.New(sim.Config{Composite: sim.CompositeAll, Latency: func() time.Duration { return 100 * time.Millisecond }})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = org.Close() }()
		limiter := zoho.NewLimiter(zoho.LimiterConfig{Cap: 8})
		client := newClientWith(t, zoho.Config{
			API: "http://127.0.0.1", Tokens: newTokens(t, zoho.TokenConfig{AccessToken: zoho.NewSecret(org.Token())}),
			Limiter: limiter, Transport: org.Transport(),
		})
		_, err = client.Composite(t.Context(), five())
		var narrow *zoho.NarrowError
		if !errors.As(err, &narrow) || narrow.Want != 5 || org.Stats().Calls != 0 {
			t.Fatalf("with two slots open: %v", err)
		}
		ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
		defer stop()
		for range 8 {
			go func() {
				for ctx.Err() == nil {
					_, _ = client.ListLocks(ctx, lead)
				}
			}()
		}
		time.Sleep(2 * time.Second)
		for range 4 {
			if _, err := client.Composite(t.Context(), five()); err != nil {
				t.Error(err)
			}
		}
		<-ctx.Done()
		time.Sleep(time.Second)
		if most, left := org.Stats().MaxInFlight, limiter.Snapshot().InFlight; most > 8 || left != 0 {
			t.Errorf("%d places taken at once, want at most 8; %d slots taken at the end", most, left)
		}
	})
}
