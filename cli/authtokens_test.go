package cli_test

import (
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"zlock/zoho/sim"
)

func TestLogoutWhenZohoIsAway(t *testing.T) {
	s := signingIn(t, nil)
	s.login(0)
	s.server.Close()
	s.want(s.run("auth", "logout"), 4, "forgotten here, but could not be revoked", "Connected Apps")
	if _, err := os.Stat(s.signInFile("default")); !errors.Is(err, fs.ErrNotExist) || len(s.keys.entries) != 0 {
		t.Errorf("left behind: %v, %v", err, s.keys.entries)
	}
}

// TestTokensFollowNoRedirect: an accounts server and an API that send elsewhere get nothing sent there.
func TestTokensFollowNoRedirect(t *testing.T) {
	reached := 0
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached++ }))
	defer elsewhere.Close()
	s := signingIn(t, nil)
	for _, door := range []string{"/oauth/v2/token", "/crm/v8/org"} {
		redirecting := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == door {
				http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusTemporaryRedirect)
				return
			}
			s.org.ServeHTTP(w, r)
		}))
		s.env["ZLOCK_API_URL"] = redirecting.URL
		s.login(4)
		redirecting.Close()
	}
	if reached != 0 {
		t.Errorf("%d calls went elsewhere", reached)
	}
}

func TestForeignAPIDomainIsNotBelieved(t *testing.T) {
	s := signingIn(t, func(c *sim.Config) { c.Tokens.APIDomain = "https://www.zohoapis.com.evil.test" })
	if o := s.login(0); !strings.Contains(o.err, "https://www.zohoapis.com.evil.test for the API, which is none of Zoho's own") {
		t.Errorf("said %s", o.err)
	}
	if d := s.auth(0); d.API != s.server.URL {
		t.Errorf("API %s", d.API)
	}
}
