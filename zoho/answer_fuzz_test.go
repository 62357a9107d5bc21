package zoho_test

import (
	"errors"
	"strings"
	"testing"

	"zlock/zoho"
)

// FuzzAnswer throws any status and body at every door. Each gives a verdict with a known kind, and success
// is never claimed without the id that it is about.
func FuzzAnswer(f *testing.F) {
	for _, e := range examples(f) {
		f.Add(e.Response.Status, string(e.Response.Body)+e.Response.Text)
	}
	for _, body := range []string{``, `{`, `[[[]]]`, `{"data":[[{"code":7}]]}`, `{"data":{"data":[]}}`, `{"code":"SUCCESS","status":"success"}`, "\xff", `{"a":1,"a":2}`, `{"data":[{"id":1e3}]}`} {
		f.Add(200, body)
		f.Add(403, body)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		status = 200 + (status%400+400)%400
		for _, method := range []string{"GET", "POST", "PUT", "DELETE"} {
			path := onOne
			if method == "POST" {
				path = onList
			}
			err := call(t, newClient(t, always(status, body)), method, path) // a new one, lest a 429 closes its gate
			if err == nil {
				checkSuccess(t, method, status, body)
				continue
			}
			var e *zoho.Error
			if !errors.As(err, &e) || e.Kind < zoho.AlreadyLocked || e.Kind > zoho.RequestRefused {
				t.Fatalf("%s: no verdict: %v", method, err)
			}
			if n := len([]rune(e.Message)); n > 300 {
				t.Errorf("%s: a message of %d characters", method, n)
			}
		}
	})
}

func checkSuccess(t *testing.T, method string, status int, body string) {
	t.Helper()
	if status >= 300 {
		t.Fatalf("%s: success at %d", method, status)
	}
	lower := strings.ToLower(body)
	said := strings.Contains(lower, `success`) || strings.Contains(lower, `\u`)
	if method != "GET" && (!said || status == 204 && body == "") {
		t.Errorf("%s: success out of %q", method, body)
	}
	if (method == "PUT" || method == "DELETE") && !strings.Contains(body, lockID) && !strings.Contains(lower, `\u`) {
		t.Errorf("%s: success without the lock's id out of %q", method, body)
	}
}
