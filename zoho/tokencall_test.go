package zoho_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zlock/zoho"
)

func TestTokenAnswers(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
		kind   zoho.Kind
		phase  zoho.Phase
		hint   string
	}{
		{"dead refresh token", 200, `{"error":"invalid_code"}`, zoho.SignIn, zoho.PhaseDefinite, "revoked"},
		{"client or data centre", 200, `{"error":"invalid_client"}`, zoho.SignIn, zoho.PhaseDefinite, "data centre"},
		{"client secret", 200, `{"error":"invalid_client_secret"}`, zoho.SignIn, zoho.PhaseDefinite, "client secret"},
		{"denied", 200, `{"error":"access_denied"}`, zoho.SignIn, zoho.PhaseDefinite, "sign in"},
		{"throttled at 200", 200, `{"error":"Access Denied","error_description":"You have made too many requests continuously."}`, zoho.TokenThrottled, zoho.PhaseRefused, "10 minutes"},
		{"throttled, no sentence", 400, `{"error":"Access Denied"}`, zoho.TokenThrottled, zoho.PhaseRefused, "10 minutes"},
		{"429", 429, ``, zoho.TokenThrottled, zoho.PhaseRefused, "10 minutes"},
		{"page", 200, `<html>`, zoho.BadAnswer, zoho.PhaseNotSent, "portal"},
		{"no token", 200, `{"token_type":"Bearer"}`, zoho.BadAnswer, zoho.PhaseNotSent, "portal"},
		{"an array", 200, `[]`, zoho.BadAnswer, zoho.PhaseNotSent, "portal"},
		{"wrong address", 404, `<html>`, zoho.BadAnswer, zoho.PhaseNotSent, "portal"},
		{"fault", 503, `<html>`, zoho.ServerFault, zoho.PhaseNotSent, ""},
		{"redirect", 302, ``, zoho.Redirected, zoho.PhaseDefinite, "redirects"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := newTokens(t, signIn(always(tt.status, tt.body, "Location", "https://evil.example"))).Token(t.Context())
			e := asError(t, err)
			if e.Kind != tt.kind || e.Phase != tt.phase || e.Op != zoho.OpToken || !strings.Contains(e.Hint, tt.hint) {
				t.Errorf("got %v, %v, %s, hint %q", e.Kind, e.Phase, e.Op, e.Hint)
			}
		})
	}
}

func TestTokenEndpointUnreachable(t *testing.T) {
	client := newClientWith(t, zoho.Config{
		Tokens:    newTokens(t, signIn(unreachable{io.EOF})),
		Transport: farEnd(func(*http.Request) (*http.Response, error) { return nil, errors.New("must not be sent") }),
	})
	e := asError(t, call(t, client, "POST", onList))
	if e.Kind != zoho.NotSent || e.Phase != zoho.PhaseNotSent || e.Record != lead || !errors.Is(e, io.EOF) {
		t.Errorf("got %v, %v: %v", e.Kind, e.Phase, e)
	}
}

func TestRefusedSignInIsNotTriedAgain(t *testing.T) {
	m := &mint{answer: func(int) *http.Response { return reply(200, `{"error":"invalid_code"}`) }}
	tokens := newTokens(t, signIn(m))
	for range 5 {
		if _, err := tokens.Token(t.Context()); asError(t, err).Kind != zoho.SignIn {
			t.Errorf("got %v", err)
		}
	}
	m.mustHaveBeenCalled(t, 1)
}

func TestTokenLives(t *testing.T) {
	tests := []struct {
		name, life string
		after      time.Duration // until just before the renewal
	}{
		{"an hour", `,"expires_in":3600`, 55 * time.Minute},
		{"as text", `,"expires_in":"3600"`, 55 * time.Minute},
		{"milliseconds", `,"expires_in":3600000`, 55 * time.Minute},
		{"milliseconds and seconds", `,"expires_in":3600000,"expires_in_sec":1800`, 25 * time.Minute},
		{"unsaid", ``, 55 * time.Minute},
		{"junk", `,"expires_in":"soon"`, 55 * time.Minute},
		{"negative", `,"expires_in":-1`, 55 * time.Minute},
		{"a minute", `,"expires_in":60`, 45 * time.Second},
		{"for ever", `,"expires_in":9000000000000000000`, 24*time.Hour - 5*time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := &mint{answer: func(n int) *http.Response {
					return reply(200, fmt.Sprintf(`{"access_token":"t%d"%s}`, n, tt.life))
				}}
				tokens := newTokens(t, signIn(m))
				mustToken(t, tokens, "t1")
				time.Sleep(tt.after - time.Second)
				mustToken(t, tokens, "t1")
				time.Sleep(2 * time.Second)
				mustToken(t, tokens, "t2")
			})
		})
	}
}

// TestTokensAreAskedForSparingly: whatever happens, at most 5 calls in any 10 minutes.
func TestTokensAreAskedForSparingly(t *testing.T) {
	faults := map[string]func(int) *http.Response{
		"refused at once": nil,
		"faults":          func(int) *http.Response { return reply(500, ``) },
		"pages":           func(int) *http.Response { return reply(200, `<html>`) },
	}
	for name, answer := range faults {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var asked []time.Time
				m := &mint{}
				m.answer = func(n int) *http.Response {
					asked = append(asked, time.Now())
					if answer == nil {
						return nil
					}
					return answer(n)
				}
				tokens := newTokens(t, signIn(m))
				end := time.Now().Add(time.Hour)
				for time.Now().Before(end) {
					token, err := tokens.Token(t.Context())
					if err == nil {
						tokens.Invalidate(token)
					} else if e := asError(t, err); e.Kind == zoho.TokenThrottled && (e.RetryAfter <= 0 || e.RetryAfter > 10*time.Minute) {
						t.Fatalf("told to wait %v", e.RetryAfter)
					}
					time.Sleep(time.Second)
				}
				if len(asked) < 25 {
					t.Errorf("only %d calls in an hour", len(asked))
				}
				for i := 5; i < len(asked); i++ {
					if gap := asked[i].Sub(asked[i-5]); gap < 10*time.Minute {
						t.Fatalf("6 calls within %v", gap)
					}
				}
			})
		})
	}
}

func TestThrottledTokensWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttle := fixture(t, "token_throttled")
		m := &mint{answer: func(n int) *http.Response {
			if n == 1 {
				return throttle.reply()
			}
			return nil
		}}
		tokens := newTokens(t, signIn(m))
		for range 9 {
			_, err := tokens.Token(t.Context())
			if e := asError(t, err); e.Kind != zoho.TokenThrottled || e.Phase != zoho.PhaseRefused || e.RetryAfter <= 0 {
				t.Fatalf("got %v", e)
			}
			time.Sleep(time.Minute)
		}
		m.mustHaveBeenCalled(t, 1)
		time.Sleep(time.Minute)
		mustToken(t, tokens, "t2")
	})
}

func TestTokenCallsTakeSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter := zoho.NewLimiter(zoho.LimiterConfig{Cap: 1})
		m := &mint{takes: time.Second}
		config := signIn(m)
		config.Limiter = limiter
		slot, err := limiter.Acquire(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		time.AfterFunc(5*time.Second, func() { slot.Release(zoho.Feedback{Kind: zoho.FeedbackAnswered, Sent: 1, Remaining: -1}) })
		mustToken(t, newTokens(t, config), "t1")
		if took := time.Since(began); took != 6*time.Second {
			t.Errorf("took %v", took)
		}
		if s := limiter.Snapshot(); s.InFlight != 0 || s.Credits != 1 {
			t.Errorf("got %+v", s)
		}
	})
}

func TestAPIDomain(t *testing.T) {
	tests := []struct {
		name, accounts, domain, want string
	}{
		{"named", "https://accounts.zoho.com", "https://www.zohoapis.eu", "https://www.zohoapis.eu"},
		{"with a slash", "https://accounts.zoho.com", "https://sandbox.zohoapis.com/", "https://sandbox.zohoapis.com"},
		{"foreign", "https://accounts.zoho.in", "https://www.zohoapis.com.evil.example", "https://www.zohoapis.in"},
		{"plain http", "https://accounts.zoho.in", "http://www.zohoapis.in", "https://www.zohoapis.in"},
		{"this machine, from afar", "https://accounts.zoho.in", "http://127.0.0.1:80", "https://www.zohoapis.in"},
		{"this machine, from itself", "http://127.0.0.1:8080", "http://127.0.0.1:8080", "http://127.0.0.1:8080"},
		{"unnamed", "https://accounts.zohocloud.ca", "", "https://www.zohoapis.ca"},
		{"unknown", "http://127.0.0.1:8080", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			config := signIn(always(200, fmt.Sprintf(`{"access_token":"t1","api_domain":%q,"expires_in":3600}`, tt.domain)))
			config.Accounts = tt.accounts
			tokens := newTokens(t, config)
			mustToken(t, tokens, "t1")
			if got := tokens.APIDomain(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestAPIFromTokenAnswer(t *testing.T) {
	var host string
	client, err := zoho.New(zoho.Config{
		Tokens:  newTokens(t, signIn(&mint{})),
		Limiter: zoho.NewLimiter(zoho.LimiterConfig{Cap: 1}),
		Transport: farEnd(func(r *http.Request) (*http.Response, error) {
			host = r.URL.Host
			return reply(204, ``), nil
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := call(t, client, "GET", onList); err != nil || host != "www.zohoapis.eu" {
		t.Errorf("got %q, %v", host, err)
	}
}

// TestTokenErrorsKeepSecrets: an accounts server that echoes what it was sent does not get it into errors.
func TestTokenErrorsKeepSecrets(t *testing.T) {
	for _, body := range []string{
		`{"error":"invalid_code","error_description":"refresh-canary of client-canary is no good"}`,
		`{"error":"refresh-canary"}`,
		`<html>client-canary refresh-canary</html>`,
	} {
		_, err := newTokens(t, signIn(always(200, body))).Token(t.Context())
		e := asError(t, err)
		if text := fmt.Sprintf("%v %#v", e, *e); strings.Contains(text, "canary") {
			t.Errorf("%s: %s", body, text)
		}
	}
}
