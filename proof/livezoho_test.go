//go:build live

package proof_test

import (
	"net/url"
	"os"
	"strings"
	"testing"

	"zlock/zoho"
)

// TestLive goes through the cases in an organisation of Zoho's. docs/zoho.md tells of its variables.
func TestLive(t *testing.T) {
	need := func(name string) string {
		value := os.Getenv(name)
		if value == "" {
			t.Fatalf("%s is not set: docs/zoho.md says what it is for", name)
		}
		return value
	}
	if os.Getenv("ZLOCK_LIVE_API") == "" {
		t.Skip("ZLOCK_LIVE_API is not set: there is no organisation to try")
	}
	api := need("ZLOCK_LIVE_API")
	if os.Getenv("ZLOCK_LIVE_PRODUCTION") != "yes" && !harmless(api) {
		t.Fatalf("%s is neither a sandbox, nor a developer organisation, nor this machine: set ZLOCK_LIVE_PRODUCTION=yes if it is meant", api)
	}
	record := zoho.Record{Module: need("ZLOCK_LIVE_MODULE"), ID: need("ZLOCK_LIVE_RECORD")}
	signIn := zoho.TokenConfig{AccessToken: zoho.NewSecret(os.Getenv("ZLOCK_ACCESS_TOKEN"))}
	if os.Getenv("ZLOCK_ACCESS_TOKEN") == "" {
		signIn = zoho.TokenConfig{
			Accounts: need("ZLOCK_LIVE_ACCOUNTS"), ClientID: need("ZLOCK_CLIENT_ID"),
			ClientSecret: zoho.NewSecret(need("ZLOCK_CLIENT_SECRET")), RefreshToken: zoho.NewSecret(need("ZLOCK_REFRESH_TOKEN")),
		}
	}
	newLive(t, api, signIn, record, os.Getenv("ZLOCK_LIVE_CONFIG_MODULE")).hold(t)
}

// TestLiveHosts: only hosts that cannot be a production organisation's are taken without a word.
func TestLiveHosts(t *testing.T) {
	for api, want := range map[string]bool{
		"https://sandbox.zohoapis.com": true, "https://developer.zohoapis.eu": true, "http://127.0.0.1:8080": true, "http://localhost:1": true,
		"https://www.zohoapis.com": false, "https://zohoapis.sandbox.example": false, "https://sandboxes.zohoapis.com": false, "": false,
	} {
		if got := harmless(api); got != want {
			t.Errorf("%q is harmless: %v", api, got)
		}
	}
}

func harmless(api string) bool {
	u, err := url.Parse(api)
	if err != nil {
		return false
	}
	host := u.Hostname()
	return strings.HasPrefix(host, "sandbox.zohoapis.") || strings.HasPrefix(host, "developer.zohoapis.") || host == "localhost" || host == "127.0.0.1" || host == "::1"
}
