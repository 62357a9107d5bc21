package zoho_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"zlock/zoho"
)

// mint is an accounts server that hands out t1, t2, … after a while, living an hour each.
type mint struct {
	calls  atomic.Int32
	takes  time.Duration
	answer func(n int) *http.Response // nil: a token
	form   url.Values                 // of the last call
}

func (m *mint) RoundTrip(r *http.Request) (*http.Response, error) {
	return farEnd(func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		m.form, _ = url.ParseQuery(string(body))
		n := int(m.calls.Add(1))
		select {
		case <-time.After(m.takes):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
		if m.answer != nil {
			if resp := m.answer(n); resp != nil {
				return resp, nil
			}
		}
		return reply(200, minted(n)), nil
	}).RoundTrip(r)
}

func minted(n int) string {
	return fmt.Sprintf(`{"access_token":"t%d","api_domain":"https://www.zohoapis.eu","token_type":"Bearer","expires_in":3600}`, n)
}

func mustToken(t *testing.T, tokens *zoho.Tokens, want string) zoho.Secret {
	t.Helper()
	got, err := tokens.Token(t.Context())
	if err != nil || got.Reveal() != want {
		t.Fatalf("got %q, %v; want %q", got.Reveal(), err, want)
	}
	return got
}

func (m *mint) mustHaveBeenCalled(t *testing.T, want int32) {
	t.Helper()
	if got := m.calls.Load(); got != want {
		t.Fatalf("%d token calls, want %d", got, want)
	}
}

func TestNewTokensRefuses(t *testing.T) {
	full := signIn(&mint{})
	change := func(f func(*zoho.TokenConfig)) zoho.TokenConfig {
		c := full
		f(&c)
		return c
	}
	tests := []struct {
		name string
		in   zoho.TokenConfig
	}{
		{"nothing", zoho.TokenConfig{}},
		{"blank access token", zoho.TokenConfig{AccessToken: zoho.NewSecret(" ")}},
		{"no client id", change(func(c *zoho.TokenConfig) { c.ClientID = "" })},
		{"no client secret", change(func(c *zoho.TokenConfig) { c.ClientSecret = zoho.Secret{} })},
		{"no accounts host", change(func(c *zoho.TokenConfig) { c.Accounts = "" })},
		{"foreign accounts host", change(func(c *zoho.TokenConfig) { c.Accounts = "https://accounts.example.com" })},
		{"plain http", change(func(c *zoho.TokenConfig) { c.Accounts = "http://accounts.zoho.com" })},
	}
	for _, tt := range tests {
		if _, err := zoho.NewTokens(tt.in); err == nil {
			t.Errorf("%s: taken", tt.name)
		} else if strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: a secret shows in %q", tt.name, err)
		}
	}
}

func TestTokenRequest(t *testing.T) {
	var seen *http.Request
	m := &mint{}
	config := signIn(farEnd(func(r *http.Request) (*http.Response, error) {
		seen = r
		return m.RoundTrip(r)
	}))
	config.RefreshToken = zoho.NewSecret(" refresh-canary\n")
	mustToken(t, newTokens(t, config), "t1")
	if got := seen.Method + " " + seen.URL.String(); got != "POST https://accounts.zoho.com/oauth/v2/token" {
		t.Errorf("got %s", got)
	}
	want := url.Values{"grant_type": {"refresh_token"}, "client_id": {"1000.CLIENT"}, "client_secret": {"client-canary"}, "refresh_token": {"refresh-canary"}}
	if m.form.Encode() != want.Encode() {
		t.Errorf("got form %v", m.form)
	}
}

func TestOneRefreshForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &mint{takes: time.Second}
		tokens := newTokens(t, signIn(m))
		for round := range 2 {
			var wg sync.WaitGroup
			for range 25 {
				wg.Go(func() {
					want := fmt.Sprintf("t%d", round+1)
					got, err := tokens.Token(t.Context())
					if err != nil || got.Reveal() != want {
						t.Errorf("got %q, %v; want %s", got.Reveal(), err, want)
					}
				})
			}
			wg.Wait()
			m.mustHaveBeenCalled(t, int32(round+1))
			time.Sleep(59 * time.Minute) // past the point of renewal
		}
	})
}

// TestOneRefreshForManyRefusals: 25 calls in flight are told at once that the token is dead.
func TestOneRefreshForManyRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &mint{takes: time.Second}
		client := newClientWith(t, zoho.Config{
			Tokens: newTokens(t, signIn(m)),
			Transport: farEnd(func(r *http.Request) (*http.Response, error) {
				time.Sleep(200 * time.Millisecond)
				if r.Header.Get("Authorization") == "Zoho-oauthtoken t1" {
					return reply(401, `{"code":"INVALID_TOKEN","details":{},"message":"invalid oauth token","status":"error"}`), nil
				}
				return reply(204, ``), nil
			}),
		})
		var wg sync.WaitGroup
		for range 25 {
			wg.Go(func() {
				var meter zoho.Meter
				if _, err := client.Metered(&meter).ListLocks(t.Context(), lead); err != nil || meter.Calls > 2 {
					t.Errorf("got %v after %d calls", err, meter.Calls)
				}
			})
		}
		wg.Wait()
		m.mustHaveBeenCalled(t, 2)
	})
}

func TestDeadTokenIsSentOnceMore(t *testing.T) {
	tests := []struct {
		name   string
		body   string
		kind   zoho.Kind
		calls  int
		tokens int32
	}{
		{"dead", `{"code":"INVALID_TOKEN","status":"error"}`, zoho.SignIn, 2, 2},
		{"garbled", `{"code":"AUTHENTICATION_FAILURE","status":"error"}`, zoho.SignIn, 2, 2},
		{"of a sibling", `{"code":"INVALID_OAUTHTOKEN","status":"error"}`, zoho.SignIn, 2, 2},
		{"scope", `{"code":"OAUTH_SCOPE_MISMATCH","status":"error"}`, zoho.ScopeMissing, 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, meter := &mint{}, zoho.Meter{}
			client := newClientWith(t, zoho.Config{Tokens: newTokens(t, signIn(m)), Transport: always(401, tt.body)})
			_, err := client.Metered(&meter).CreateLock(t.Context(), lead, "x")
			if e := asError(t, err); e.Kind != tt.kind || e.Phase != zoho.PhaseDefinite || e.Hint == "" {
				t.Errorf("got %v, %v, hint %q", e.Kind, e.Phase, e.Hint)
			}
			if meter.Calls != tt.calls {
				t.Errorf("%d calls, want %d", meter.Calls, tt.calls)
			}
			m.mustHaveBeenCalled(t, tt.tokens)
		})
	}
}

// TestPageOfAnotherIsNoDeadToken: a 401 that is not Zoho's costs no token and no second call, which could have
// a second effect.
func TestPageOfAnotherIsNoDeadToken(t *testing.T) {
	m, meter := &mint{}, zoho.Meter{}
	client := newClientWith(t, zoho.Config{Tokens: newTokens(t, signIn(m)),
		Transport: always(401, `<html>who are you</html>`, "Content-Type", "text/html")})
	for range 2 {
		_, err := client.Metered(&meter).CreateLock(t.Context(), lead, "x")
		e := asError(t, err)
		if e.Kind != zoho.BadAnswer || e.Phase != zoho.PhaseOpen || !strings.Contains(e.Message, "HTML page") || !strings.Contains(e.Hint, "sign-in of its own") {
			t.Errorf("got %v, %v, hint %q", e, e.Phase, e.Hint)
		}
	}
	if meter.Calls != 2 {
		t.Errorf("%d calls, want 2", meter.Calls)
	}
	m.mustHaveBeenCalled(t, 1)
}

func TestAccessTokenAlone(t *testing.T) {
	calls := 0
	client := newClient(t, farEnd(func(*http.Request) (*http.Response, error) {
		calls++
		return reply(401, `{"code":"INVALID_TOKEN","message":"invalid oauth token","status":"error"}`), nil
	}))
	e := asError(t, call(t, client, "POST", onList))
	if e.Kind != zoho.SignIn || e.Status != 401 || e.Code != "INVALID_TOKEN" || !strings.Contains(e.Hint, "new access token") {
		t.Errorf("got %v, hint %q", e, e.Hint)
	}
	if e := asError(t, call(t, client, "POST", onList)); e.Kind != zoho.SignIn || calls != 1 {
		t.Errorf("got %v after %d calls; a refused token must not be sent again", e, calls)
	}
}

// TestOldTokenServesWhileRenewalFails: an outage of the accounts host in the last five minutes of a token
// stops nobody, and costs one call a minute at most.
func TestOldTokenServesWhileRenewalFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &mint{answer: func(n int) *http.Response {
			if n == 1 {
				return nil
			}
			return reply(503, ``)
		}}
		tokens := newTokens(t, signIn(m))
		mustToken(t, tokens, "t1")
		time.Sleep(56 * time.Minute)
		for range 100 {
			mustToken(t, tokens, "t1")
			time.Sleep(time.Second)
		}
		if n := m.calls.Load(); n < 2 || n > 4 {
			t.Errorf("%d token calls", n)
		}
		time.Sleep(3 * time.Minute)
		if _, err := tokens.Token(t.Context()); asError(t, err).Kind != zoho.ServerFault {
			t.Errorf("got %v once the token has run out", err)
		}
	})
}

func TestOldTokenServesAfterSignInDied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &mint{answer: func(n int) *http.Response {
			if n == 1 {
				return nil
			}
			return reply(200, `{"error":"invalid_code"}`)
		}}
		tokens := newTokens(t, signIn(m))
		mustToken(t, tokens, "t1")
		time.Sleep(56 * time.Minute)
		mustToken(t, tokens, "t1")
		mustToken(t, tokens, "t1")
		m.mustHaveBeenCalled(t, 2)
		time.Sleep(5 * time.Minute)
		if _, err := tokens.Token(t.Context()); asError(t, err).Kind != zoho.SignIn {
			t.Errorf("got %v", err)
		}
	})
}

func TestCallerGivesUpWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &mint{takes: 10 * time.Second}
		tokens := newTokens(t, signIn(m))
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := tokens.Token(impatient)
			var e *zoho.Error
			if !errors.As(err, &e) || e.Phase != zoho.PhaseNotSent || !errors.Is(e, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		})
		wg.Go(func() {
			if got, err := tokens.Token(t.Context()); err != nil || got.Reveal() != "t1" {
				t.Errorf("got %q, %v", got.Reveal(), err)
			}
		})
		wg.Wait()
		m.mustHaveBeenCalled(t, 1)
	})
}

// TestAbandonedRefresh: when everybody gave up, the call is cut, and one who comes later gets a token all
// the same.
func TestAbandonedRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &mint{takes: 10 * time.Second}
		tokens := newTokens(t, signIn(m))
		began := time.Now()
		for range 3 {
			impatient, cancel := context.WithTimeout(t.Context(), time.Second)
			if _, err := tokens.Token(impatient); err == nil {
				t.Error("got a token before it was there")
			}
			cancel()
		}
		m.takes = 0
		got, err := tokens.Token(t.Context())
		if err != nil || got.IsZero() {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took > 3*time.Minute {
			t.Errorf("took %v", took)
		}
	})
}
