package zoho_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"zlock/zoho"
)

// TestExampleAnswers holds the client to every example answer: what kind it is, and whether the call may
// have had an effect.
func TestExampleAnswers(t *testing.T) {
	for name, e := range examples(t) {
		t.Run(name, func(t *testing.T) {
			end := farEnd(func(*http.Request) (*http.Response, error) { return e.reply(), nil })
			err := callExample(t, e, end)
			if e.Kind == "" {
				if err != nil {
					t.Fatalf("got %v, want success", err)
				}
				return
			}
			var got *zoho.Error
			if !errors.As(err, &got) {
				t.Fatalf("got %v, want an *Error", err)
			}
			if got.Kind.String() != e.Kind || got.Vague {
				t.Errorf("got %v (vague %v), want %s", got.Kind, got.Vague, e.Kind)
			}
			if want := phaseOf(e); got.Phase != want {
				t.Errorf("got phase %v, want %v", got.Phase, want)
			}
			if got.Status != e.Response.Status {
				t.Errorf("got status %d, want %d", got.Status, e.Response.Status)
			}
		})
	}
}

func callExample(t *testing.T, e example, end http.RoundTripper) error {
	if strings.HasPrefix(e.Request.Path, "/oauth/") {
		_, err := newTokens(t, signIn(end)).Token(t.Context())
		return err
	}
	return call(t, newClient(t, end), e.Request.Method, e.Request.Path)
}

func phaseOf(e example) zoho.Phase {
	switch e.Kind {
	case "Throttled", "TokenThrottled":
		return zoho.PhaseRefused
	case "ServerFault":
		return zoho.PhaseOpen
	case "BadAnswer": // of the token endpoint
		return zoho.PhaseNotSent
	}
	return zoho.PhaseDefinite
}

// TestEveryKindHasAHint: a failure that a person must resolve says how.
func TestEveryKindHasAHint(t *testing.T) {
	speechless := map[string]bool{"AlreadyLocked": true, "Throttled": true, "ServerFault": true}
	for name, e := range examples(t) {
		if e.Kind == "" || speechless[e.Kind] || name == "list_fields_missing" {
			continue
		}
		end := farEnd(func(*http.Request) (*http.Response, error) { return e.reply(), nil })
		var got *zoho.Error
		if err := callExample(t, e, end); !errors.As(err, &got) || got.Hint == "" {
			t.Errorf("%s: no hint in %v", name, err)
		}
	}
}
