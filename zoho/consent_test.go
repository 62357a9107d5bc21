package zoho_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zlock/zoho"
	"zlock/zoho/sim"
)

func newConsent(t *testing.T, accounts string, end http.RoundTripper) *zoho.Consent {
	t.Helper()
	c, err := zoho.NewConsent(zoho.ConsentConfig{
		Accounts: accounts, ClientID: "client", ClientSecret: zoho.NewSecret("client-canary"), Transport: end,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// pretend is an organisation whose client and tokens are the canaries.
func pretend(t *testing.T, change func(*sim.Config)) *sim.Org {
	t.Helper()
	cfg := sim.Config{Tokens: sim.TokenConfig{ClientID: "client", ClientSecret: "client-canary", RefreshToken: "refresh-canary"}}
	if change != nil {
		change(&cfg)
	}
	o, err := sim.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.Close() })
	return o
}

func TestExchange(t *testing.T) {
	o := pretend(t, func(c *sim.Config) { c.Tokens.Codes = []sim.GrantCode{{Code: "code-canary", Scope: "B.READ A.READ"}} })
	consent := newConsent(t, "https://accounts.zoho.eu", o.Transport())
	got, err := consent.Exchange(t.Context(), zoho.NewSecret(" code-canary\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got.RefreshToken.IsZero() || got.AccessToken.IsZero() || got.APIDomain != "https://www.zohoapis.eu" ||
		got.Accounts != "https://accounts.zoho.eu" || !slices.Equal(got.Scopes, []string{"A.READ", "B.READ"}) || got.Foreign != "" {
		t.Errorf("got %+v", got)
	}
	if left := time.Until(got.Expires); left < 50*time.Minute || left > time.Hour {
		t.Errorf("expires in %v", left)
	}
	_, err = consent.Exchange(t.Context(), zoho.NewSecret("code-canary"))
	if e := asError(t, err); e.Kind != zoho.SignIn || e.Op != zoho.OpSignIn || !strings.Contains(e.Hint, "used before") {
		t.Errorf("a second time: %v, hint %q", e, e.Hint)
	}
}

func TestRevoke(t *testing.T) {
	o := pretend(t, nil)
	consent := newConsent(t, "https://accounts.zoho.eu", o.Transport())
	for range 2 { // the second time there is nothing left to revoke
		if err := consent.Revoke(t.Context(), zoho.NewSecret("refresh-canary")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := newTokens(t, signInAt(o.Transport())).Token(t.Context()); asError(t, err).Kind != zoho.SignIn {
		t.Errorf("the token outlived its end: %v", err)
	}
	for _, body := range []string{`{"status":"failure"}`, `{}`, `<html>`} {
		if err := newConsent(t, "https://accounts.zoho.eu", always(200, body)).Revoke(t.Context(), zoho.NewSecret("x")); asError(t, err).Kind != zoho.BadAnswer {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func signInAt(end http.RoundTripper) zoho.TokenConfig {
	c := signIn(end)
	c.ClientID = "client"
	return c
}

// TestConsentSendsSecretsInTheBody: nothing that matters stands in an address, which ends up in logs.
func TestConsentSendsSecretsInTheBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := pretend(t, func(c *sim.Config) { c.Tokens.DeviceAfter = time.Second })
		doors := map[string]int{}
		consent := newConsent(t, "https://accounts.zoho.eu", farEnd(func(r *http.Request) (*http.Response, error) {
			doors[r.URL.Path]++
			if r.URL.RawQuery != "" || r.Method != http.MethodPost || r.Header.Get("Authorization") != "" {
				t.Errorf("%s %s", r.Method, r.URL)
			}
			return o.Transport().RoundTrip(r)
		}))
		if _, err := consent.Exchange(t.Context(), zoho.NewSecret("1000.code")); err != nil {
			t.Error(err)
		}
		device, err := consent.StartDevice(t.Context(), []string{"A.READ"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := consent.AwaitDevice(t.Context(), device); err != nil {
			t.Error(err)
		}
		if err := consent.Revoke(t.Context(), zoho.NewSecret("refresh-canary")); err != nil {
			t.Error(err)
		}
		if len(doors) != 4 {
			t.Errorf("doors %v", doors)
		}
	})
}

// TestConsentMeetsHostileAnswers: none is believed, and none gets a secret into an error.
func TestConsentMeetsHostileAnswers(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
		kind   zoho.Kind
	}{
		{"page", 200, `<html>code-canary</html>`, zoho.BadAnswer},
		{"no refresh token", 200, `{"access_token":"a"}`, zoho.BadAnswer},
		{"no access token", 200, `{"refresh_token":"r"}`, zoho.BadAnswer},
		{"an array", 200, `[]`, zoho.BadAnswer},
		{"throttled", 400, `{"error":"Access Denied","error_description":"too many requests"}`, zoho.TokenThrottled},
		{"secret echoed", 200, `{"error":"code-canary","error_description":"client-canary"}`, zoho.SignIn},
		{"redirect", 307, ``, zoho.Redirected},
		{"fault", 502, `<html>`, zoho.ServerFault},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			end := always(tt.status, tt.body, "Location", "https://evil.example/code-canary")
			_, err := newConsent(t, "https://accounts.zoho.com", end).Exchange(t.Context(), zoho.NewSecret("code-canary"))
			e := asError(t, err)
			if text := fmt.Sprintf("%v %#v", e, *e); e.Kind != tt.kind || strings.Contains(text, "canary") {
				t.Errorf("got %v: %s", e.Kind, text)
			}
		})
	}
}

func TestForeignAPIDomain(t *testing.T) {
	for _, domain := range []string{
		"https://www.zohoapis.com.evil.test", "http://www.zohoapis.com", "https://me@www.zohoapis.com", "https://www.zohoapis.com.",
		"https://www.zohoapis.com:8443", "https://xn--wwwzohoapis-abc.com", "http://127.0.0.1:80", "https://10.0.0.1", "nonsense",
	} {
		o := pretend(t, func(c *sim.Config) { c.Tokens.APIDomain = domain })
		got, err := newConsent(t, "https://accounts.zoho.eu", o.Transport()).Exchange(t.Context(), zoho.NewSecret("1000.code"))
		if err != nil || got.APIDomain != "" || got.Foreign != domain {
			t.Errorf("%s: got %+v, %v", domain, got, err)
		}
	}
}

func TestDeviceWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var polls []time.Duration
		began := time.Now()
		o := pretend(t, nil)
		consent := newConsent(t, "https://accounts.zoho.eu", farEnd(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/token") {
				polls = append(polls, time.Since(began))
			}
			switch len(polls) {
			case 2:
				return reply(200, `{"error":"slow_down"}`), nil
			case 3:
				return reply(503, ``), nil
			case 4:
				return nil, io.EOF
			}
			return o.Transport().RoundTrip(r)
		}))
		device, err := consent.StartDevice(t.Context(), []string{"A.READ", "B.READ"})
		if err != nil || device.Page != "https://accounts.zoho.eu/oauth/v3/device" || device.Interval != 5*time.Second || time.Until(device.Expires) != 5*time.Minute {
			t.Fatalf("got %+v, %v", device, err)
		}
		time.AfterFunc(time.Minute+50*time.Second, func() {
			if err := o.Consent(device.UserCode, true); err != nil {
				t.Error(err)
			}
		})
		got, err := consent.AwaitDevice(t.Context(), device)
		if err != nil || got.RefreshToken.IsZero() || !slices.Equal(got.Scopes, []string{"A.READ", "B.READ"}) {
			t.Errorf("got %+v, %v", got, err)
		}
		want := []time.Duration{5 * time.Second, 10 * time.Second, 40 * time.Second, 70 * time.Second, 100 * time.Second, 130 * time.Second}
		if !slices.Equal(polls, want) {
			t.Errorf("polled at %v, want %v", polls, want)
		}
	})
}

func TestDeviceEnds(t *testing.T) {
	for name, want := range map[string]string{"declined": "declined in the browser", "nobody": "in time", "cancelled": "canceled"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := pretend(t, nil)
				consent := newConsent(t, "https://accounts.zoho.eu", o.Transport())
				device, err := consent.StartDevice(t.Context(), []string{"A.READ"})
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				switch name {
				case "declined":
					if err := o.Consent(device.UserCode, false); err != nil {
						t.Error(err)
					}
				case "cancelled":
					time.AfterFunc(time.Second, cancel)
				}
				_, err = consent.AwaitDevice(ctx, device)
				if e := asError(t, err); !strings.Contains(e.Error(), want) || name == "cancelled" != errors.Is(err, context.Canceled) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

// TestDeviceOfAnotherDataCentre: only hosts on the list are followed, and this machine points nowhere else.
func TestDeviceOfAnotherDataCentre(t *testing.T) {
	tests := []struct {
		accounts, location string
		hosts              []string // that were polled
		ok                 bool
	}{
		{"https://accounts.zoho.com", `"user_location":"eu"`, []string{"accounts.zoho.com", "accounts.zoho.eu"}, true},
		{"https://accounts.zoho.com", `"dc":"CA"`, []string{"accounts.zoho.com", "accounts.zohocloud.ca"}, true},
		{"https://accounts.zoho.com", `"user_location":"https://evil.test"`, []string{"accounts.zoho.com"}, false},
		{"https://accounts.zoho.com", `"x":1`, []string{"accounts.zoho.com"}, false},
		{"http://127.0.0.1:1", `"user_location":"eu"`, []string{"127.0.0.1:1"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.accounts+tt.location, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var hosts []string
				consent := newConsent(t, tt.accounts, farEnd(func(r *http.Request) (*http.Response, error) {
					switch {
					case strings.HasSuffix(r.URL.Path, "/code"):
						return reply(200, `{"device_code":"1000.device","user_code":"u","interval":1,"expires_in":300}`), nil
					case len(hosts) == 0:
						hosts = append(hosts, r.URL.Host)
						return reply(200, `{"error":"other_dc",`+tt.location+`}`), nil
					}
					hosts = append(hosts, r.URL.Host)
					return reply(200, `{"access_token":"a","refresh_token":"r"}`), nil
				}))
				device, err := consent.StartDevice(t.Context(), nil)
				if err != nil {
					t.Fatal(err)
				}
				got, err := consent.AwaitDevice(t.Context(), device)
				if (err == nil) != tt.ok || !slices.Equal(hosts, tt.hosts) {
					t.Errorf("polled %v: %v", hosts, err)
				}
				if tt.ok && got.Accounts != "https://"+tt.hosts[1] {
					t.Errorf("accounts %q", got.Accounts)
				}
			})
		})
	}
}

func TestDevicePageIsZohos(t *testing.T) {
	const usual = "https://accounts.zoho.com/oauth/v3/device"
	for page, want := range map[string]string{
		"https://accounts.zoho.eu/oauth/v3/device?x=1": "https://accounts.zoho.eu/oauth/v3/device?x=1",
		"https://accounts.zoho.com.evil.test/login":    usual,
		"http://accounts.zoho.com/login":               usual,
		"https://me@accounts.zoho.com/":                usual,
		"http://127.0.0.1:99/":                         usual,
		"javascript:alert(1)":                          usual,
		"https://accounts.zoho.com/\u202e":             "https://accounts.zoho.com/\u202e", // cleaned where it is shown
		"":                                             usual,
	} {
		end := always(200, fmt.Sprintf(`{"device_code":"1000.device","user_code":"u","verification_url":%q}`, page))
		device, err := newConsent(t, "https://accounts.zoho.com", end).StartDevice(t.Context(), nil)
		if err != nil || device.Page != want || device.Interval != 30*time.Second {
			t.Errorf("%q: got %+v, %v", page, device, err)
		}
	}
}

func TestDeviceSpans(t *testing.T) {
	for _, tt := range []struct {
		interval, life string
		every, lasts   time.Duration
	}{
		{"5", "300", 5 * time.Second, 5 * time.Minute},
		{"5000", "300000", 5 * time.Second, 5 * time.Minute},
		{"0", "-1", 30 * time.Second, 5 * time.Minute},
		{`"x"`, "null", 30 * time.Second, 5 * time.Minute},
		{"9000000000000000000", "9000000000000000000", time.Minute, time.Hour},
		{"61", "300", time.Second, 5 * time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			end := always(200, fmt.Sprintf(`{"device_code":"1000.device","user_code":"u","interval":%s,"expires_in":%s}`, tt.interval, tt.life))
			device, err := newConsent(t, "https://accounts.zoho.com", end).StartDevice(t.Context(), nil)
			if err != nil || device.Interval != tt.every || time.Until(device.Expires) != tt.lasts {
				t.Errorf("%s, %s: got %v, %v, %v", tt.interval, tt.life, device.Interval, time.Until(device.Expires), err)
			}
		})
	}
}

func TestConsentRefusesHosts(t *testing.T) {
	for _, accounts := range []string{"", "http://accounts.zoho.com", "https://accounts.zoho.com.evil.test", "https://accounts.zoho.com:8443"} {
		if _, err := zoho.NewConsent(zoho.ConsentConfig{Accounts: accounts}); err == nil {
			t.Errorf("%q was taken", accounts)
		}
	}
}

func TestOrganisation(t *testing.T) {
	o := pretend(t, func(c *sim.Config) {
		c.Company = sim.Company{Number: "60012345", Name: "Acme GmbH"}
		c.Edition = "Enterprise"
	})
	client := newClientWith(t, zoho.Config{Tokens: newTokens(t, signInAt(o.Transport())), Transport: o.Transport()})
	got, err := client.Organisation(t.Context())
	want := zoho.Organisation{ID: "5843104000000020005", Number: "60012345", Name: "Acme GmbH", Edition: "enterprise"}
	if err != nil || got != want {
		t.Fatalf("got %+v, %v", got, err)
	}
	for text, answers := range map[string]bool{
		"60012345": true, "org60012345": true, "ORG60012345": true, "5843104000000020005": true, " acme gmbh ": true,
		"": false, "org": false, "6001234": false, "Acme": false, "org5843104000000020005": false,
	} {
		if want.Answers(text) != answers {
			t.Errorf("%q: want %v", text, answers)
		}
	}
	o.SetStanding(sim.Standing{ScopeMissing: []sim.Op{sim.OpOrg}})
	_, err = client.Organisation(t.Context())
	if e := asError(t, err); e.Kind != zoho.ScopeMissing || !strings.Contains(e.Hint, "ZohoCRM.org.READ") {
		t.Errorf("got %v, hint %q", e, e.Hint)
	}
}

func TestOrganisationThatIsNone(t *testing.T) {
	for _, body := range []string{
		`{"org":[]}`, `{"org":[{"id":"x"}]}`, `{"org":[{"id":"584310400000001"},{"id":"584310400000002"}]}`, `{}`,
		`{"org":[{"id":"584310400000001","zgid":"60 012"}]}`,
	} {
		if _, err := newClient(t, always(200, body)).Organisation(t.Context()); asError(t, err).Kind != zoho.BadAnswer {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestSameOrganisation(t *testing.T) {
	full := zoho.Organisation{ID: "584310400000001", Number: "1"}
	for _, tt := range []struct {
		other zoho.Organisation
		same  bool
	}{
		{zoho.Organisation{ID: "584310400000001"}, true}, {zoho.Organisation{Number: "1"}, true},
		{zoho.Organisation{ID: "584310400000002", Number: "1"}, false}, {zoho.Organisation{Number: "2"}, false}, {zoho.Organisation{}, false},
	} {
		if full.Same(tt.other) != tt.same {
			t.Errorf("%+v: want %v", tt.other, tt.same)
		}
	}
}
