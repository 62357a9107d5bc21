package sim_test

import (
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"zlock/zoho/sim"
)

const tokenPath = "/oauth/v2/token"

// refresh asks for an access token with the right credentials.
func refresh(t *testing.T, o *sim.Org) reply {
	t.Helper()
	return send(t, o.Transport(), http.MethodPost, "https://accounts.zoho.eu"+tokenPath, signInForm("client", "secret", "refresh"), "")
}

func accessToken(t *testing.T, o *sim.Org) string {
	t.Helper()
	r := refresh(t, o)
	token, _ := decode(t, r.text)["access_token"].(string)
	if token == "" {
		t.Fatalf("no token: %+v", r)
	}
	return token
}

// works reports whether the API takes the token.
func works(t *testing.T, o *sim.Org, token string) bool {
	t.Helper()
	return send(t, o.Transport(), http.MethodGet, "/crm/v8/org", "", "Zoho-oauthtoken "+token).status == http.StatusOK
}

func TestATokenLapses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := found(t, sim.Config{Tokens: signIn()})
		r := refresh(t, o)
		doc := decode(t, r.text)
		if doc["expires_in"] != 3600.0 || doc["api_domain"] != "https://www.zohoapis.eu" {
			t.Errorf("token answer %v", doc)
		}
		token := doc["access_token"].(string)
		time.Sleep(time.Hour - time.Second)
		if !works(t, o, token) {
			t.Error("dead before its time")
		}
		time.Sleep(time.Second)
		if works(t, o, token) {
			t.Error("alive after its time")
		}
	})
}

func TestTokenRefusals(t *testing.T) {
	form := signInForm("client", "secret", "refresh")
	tests := []struct{ name, method, path, body, want string }{
		{"secrets in the query", "POST", tokenPath + "?" + form, "", "general_error"},
		{"secrets in both", "POST", tokenPath + "?" + form, form, "general_error"},
		{"GET", "GET", tokenPath, form, "general_error"},
		{"no grant type", "POST", tokenPath, "client_id=client&client_secret=secret", "general_error"},
		{"no client", "POST", tokenPath, "client_secret=secret&grant_type=refresh_token", "invalid_client"},
		{"no refresh token", "POST", tokenPath, "client_id=client&client_secret=secret&grant_type=refresh_token", "invalid_code"},
		{"no code", "POST", tokenPath, "client_id=client&client_secret=secret&grant_type=authorization_code", "invalid_code"},
		{"revoking nothing", "POST", tokenPath + "/revoke?token=x", "", "invalid_token"},
	}
	o := found(t, sim.Config{Tokens: signIn(), Credits: 1})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := send(t, o.Transport(), tt.method, tt.path, tt.body, "")
			if r.status != http.StatusOK || r.said(t) != tt.want {
				t.Errorf("%+v, want 200 %s", r, tt.want)
			}
		})
	}
	if s := o.Stats(); s.TokenCalls != len(tests) || s.Credits != 0 || s.Calls != 0 || s.Tokens != 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestTenTokensInTenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := found(t, sim.Config{Tokens: signIn()})
		for range 10 {
			accessToken(t, o)
			time.Sleep(time.Second)
		}
		r := refresh(t, o)
		if r.status != http.StatusBadRequest || r.said(t) != "Access Denied" {
			t.Errorf("eleventh: %+v", r)
		}
		time.Sleep(10*time.Minute - 10*time.Second)
		accessToken(t, o)
		if s := o.Stats(); s.Tokens != 11 || s.TokenCalls != 12 {
			t.Errorf("stats %+v", s)
		}
	})
}

func TestTheOldestOfTooManyTokensDies(t *testing.T) {
	cfg := signIn()
	cfg.Live, cfg.Limit = 3, 100
	o := found(t, sim.Config{Tokens: cfg})
	tokens := []string{accessToken(t, o), accessToken(t, o), accessToken(t, o)}
	if !works(t, o, tokens[0]) {
		t.Error("the first died too early")
	}
	accessToken(t, o)
	if works(t, o, tokens[0]) || !works(t, o, tokens[1]) {
		t.Error("want the first dead and the second alive")
	}
}

func TestASelfClientsCodeIsGoodOnce(t *testing.T) {
	cfg := signIn()
	cfg.RefreshToken = ""
	o := found(t, sim.Config{Tokens: cfg})
	form := url.Values{
		"grant_type": {"authorization_code"}, "client_id": {"client"}, "client_secret": {"secret"}, "code": {"1000.abc"},
	}.Encode()
	r := send(t, o.Transport(), http.MethodPost, tokenPath, form, "")
	doc := decode(t, r.text)
	again := send(t, o.Transport(), http.MethodPost, tokenPath, signInForm("client", "secret", doc["refresh_token"].(string)), "")
	if again.said(t) != "" || !works(t, o, doc["access_token"].(string)) {
		t.Errorf("exchange: %v", doc)
	}
	if r := send(t, o.Transport(), http.MethodPost, tokenPath, form, ""); r.said(t) != "invalid_code" {
		t.Errorf("second exchange: %+v", r)
	}
}

func TestRevoking(t *testing.T) {
	cfg := signIn()
	cfg.AccessToken = "standing"
	o := found(t, sim.Config{Tokens: cfg})
	first, second := accessToken(t, o), accessToken(t, o)
	revoke := func(token string) {
		t.Helper()
		if r := send(t, o.Transport(), http.MethodPost, tokenPath+"/revoke?token="+token, "", ""); decode(t, r.text)["status"] != "success" {
			t.Errorf("revoke: %+v", r)
		}
	}
	revoke(first)
	if works(t, o, first) || !works(t, o, second) || !works(t, o, "standing") {
		t.Error("want the first access token dead, and it alone")
	}
	revoke("refresh")
	if works(t, o, second) {
		t.Error("an access token outlived its refresh token")
	}
	if r := refresh(t, o); r.said(t) != "invalid_code" {
		t.Errorf("refresh: %+v", r)
	}
}

func TestAuthorizationHeader(t *testing.T) {
	o := found(t, sim.Config{Tokens: sim.TokenConfig{AccessToken: "good"}})
	tests := []struct {
		name, header string
		status       int
		code         string
	}{
		{"right", "Zoho-oauthtoken good", 200, ""},
		{"none", "", 401, "AUTHENTICATION_FAILURE"},
		{"another scheme", "Bearer good", 401, "AUTHENTICATION_FAILURE"},
		{"no token", "Zoho-oauthtoken ", 401, "AUTHENTICATION_FAILURE"},
		{"another token", "Zoho-oauthtoken bad", 401, "INVALID_TOKEN"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if r := send(t, o.Transport(), http.MethodGet, "/crm/v8/org", "", tt.header); r.status != tt.status || r.said(t) != tt.code {
				t.Errorf("%+v", r)
			}
		})
	}
}
