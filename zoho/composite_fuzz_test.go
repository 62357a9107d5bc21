package zoho_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"zlock/zoho"
)

// FuzzComposite answers a composite of a lock and an unlock with anything. Each part has a verdict, and
// none is done without its own word for it.
func FuzzComposite(f *testing.F) {
	part := func(status, body string) string {
		return `{"code":"SUCCESS","status":"success","details":{"response":{"status_code":` + status + `,"body":` + body + `}}}`
	}
	done := part("200", `{"data":[{"code":"SUCCESS","status":"success","details":{"id":"`+lockID+`"}}]}`)
	for _, parts := range []string{
		done + "," + done, done, part("204", "null") + "," + done, part("429", `{"code":"TOO_MANY_REQUESTS","status":"error"}`) + "," + part("200", `"<html>"`),
		`{"code":"REQUEST_TIMEOUT"},{"code":"LIMIT_REACHED"}`, part("201", `{"data":[]}`) + `,"x"`, `[],null`, part("-1", "{}") + "," + part("1e3", "[[]]"),
	} {
		for _, status := range []int{200, 207, 400, 500} {
			f.Add(status, `{"__composite_requests":[`+parts+`]}`)
		}
	}
	f.Add(200, `{"__composite_requests":`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		status = 200 + (status%400+400)%400
		other := zoho.Record{Module: "Leads", ID: "5843104000000425577"}
		answers, err := wide(t, always(status, body)).Composite(t.Context(), []zoho.Part{
			{Op: zoho.OpLock, Record: lead, Reason: "why"}, {Op: zoho.OpUnlock, Record: other, LockID: lockID},
		})
		if err != nil {
			mustBeVerdict(t, err)
			return
		}
		if len(answers) != 2 {
			t.Fatalf("%d answers for two parts", len(answers))
		}
		for i, a := range answers {
			if a.Err != nil {
				mustBeVerdict(t, a.Err)
				continue
			}
			if status >= 500 || a.Status < 200 || a.Status >= 300 || !json.Valid([]byte(strings.TrimPrefix(body, "\ufeff"))) {
				t.Errorf("part %d is done out of %d %q", i+1, status, body)
			}
			if i == 1 && !strings.Contains(body, lockID) && !strings.Contains(body, `\u`) {
				t.Errorf("unlocked without the lock's id out of %q", body)
			}
		}
	})
}

func mustBeVerdict(t *testing.T, err error) {
	t.Helper()
	var e *zoho.Error
	if !errors.As(err, &e) || e.Kind.String() == "" || e.Phase.String() == "" {
		t.Fatalf("no verdict: %v", err)
	}
	if len([]rune(e.Message)) > 300 || len([]rune(e.Code)) > 300 {
		t.Errorf("a message of %d bytes, a code of %d", len(e.Message), len(e.Code))
	}
}

// FuzzTokenAnswer answers a request for an access token with anything. What comes of it is a token and
// an address that may have it, or a verdict that tells nothing secret.
func FuzzTokenAnswer(f *testing.F) {
	for _, e := range examples(f) {
		if strings.Contains(e.Request.Path, "token") {
			f.Add(e.Response.Status, string(e.Response.Body)+e.Response.Text)
		}
	}
	for _, body := range []string{
		`{"access_token":"1000.t","api_domain":"https://www.zohoapis.com.evil.test"}`, `{"access_token":"","expires_in":-1}`, `{"access_token":"t","expires_in":1e30}`,
		`{"error":"Access Denied"}`, `{"access_token":{"a":1}}`, `{"access_token":"refresh-canary","error":"client-canary"}`, `[]`, ``, "\xff",
	} {
		f.Add(200, body)
		f.Add(400, body)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		tokens := newTokens(t, signIn(always(200+(status%400+400)%400, body)))
		token, err := tokens.Token(t.Context())
		if err != nil {
			mustBeVerdict(t, err)
			if text := err.Error(); strings.Contains(text, "refresh-canary") || strings.Contains(text, "client-canary") {
				t.Errorf("a secret is told: %s", text)
			}
			return
		}
		if token.IsZero() {
			t.Errorf("no token out of %q", body)
		}
		if err := zoho.CheckHost(tokens.APIDomain(), nil); err != nil {
			t.Errorf("out of %q: %v", body, err)
		}
	})
}
