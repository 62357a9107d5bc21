package sim

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// TokenConfig describes the accounts server. Empty credentials mean that any are taken.
type TokenConfig struct {
	ClientID     string
	ClientSecret string
	RefreshToken string
	AccessToken  string // one more access token, which is good from the start and does not lapse

	TTL    time.Duration // life of an access token; 0 means 1 hour
	Limit  int           // access tokens given out per Window; 0 means 10
	Window time.Duration // 0 means 10 minutes
	Live   int           // live access tokens, beyond which the oldest dies; 0 means 15

	Codes          []GrantCode   // of Self Clients, each good once; nil means that any code is
	Scope          string        // of what is granted, blanks between; empty means what locking needs
	Known          []string      // scopes that exist, for the devices' flow; nil means all
	DeviceInterval time.Duration // between two polls of a device; 0 means 5 seconds
	DeviceAfter    time.Duration // when the person at a device consents without Org.Consent; 0 means never
	DevicePage     string        // base address of the page that devices are sent to; empty means the caller's
	APIDomain      string        // what token answers give as api_domain; empty means the one beside the accounts server
}

// usualScope is the scope of a sign-in for which nobody chose one.
const usualScope = "ZohoCRM.modules.ALL ZohoCRM.modules.lockinginformation.ALL ZohoCRM.org.READ ZohoCRM.users.READ"

func (c TokenConfig) filled() TokenConfig {
	if c.TTL == 0 {
		c.TTL = time.Hour
	}
	if c.Limit == 0 {
		c.Limit = 10
	}
	if c.Window == 0 {
		c.Window = 10 * time.Minute
	}
	if c.Live == 0 {
		c.Live = 15
	}
	if c.Scope == "" {
		c.Scope = usualScope
	}
	return c
}

// tokens is the accounts server's memory; Org.mu guards it. It does not outlive
// the process: after a reopening every caller must refresh.
type tokens struct {
	cfg     TokenConfig
	salt    uint64
	n       uint64
	live    []liveToken // oldest first
	given   []time.Time // when access tokens were given out, oldest first
	refresh []string    // refresh tokens made out here
	dead    []string    // refresh tokens revoked
	codes   []string    // grant codes used
	devices []*device   // sign-ins that wait, or waited, for a person
	began   time.Time
}

type liveToken struct {
	text string
	ends time.Time // zero: never
}

func newTokens(cfg TokenConfig, began time.Time) tokens {
	t := tokens{cfg: cfg, salt: uint64(began.UnixNano()), began: began}
	if cfg.AccessToken != "" {
		t.live = []liveToken{{text: cfg.AccessToken}}
	}
	return t
}

// Token gives out an access token beyond all limits, for callers who have no
// wish to sign in.
func (o *Org) Token() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.tokens.mint(time.Now())
}

// authorise checks the Authorization header of an API call; nil lets it pass.
func (o *Org) authorise(c *call, header string) *answer {
	token, ok := strings.CutPrefix(header, "Zoho-oauthtoken ")
	if !ok || token == "" {
		a := noAuthorization()
		return &a
	}
	c.token = token
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.tokens.good(token, time.Now()) {
		a := deadToken()
		return &a
	}
	return nil
}

func (t *tokens) good(text string, now time.Time) bool {
	return slices.ContainsFunc(t.live, func(l liveToken) bool {
		return l.text == text && (l.ends.IsZero() || now.Before(l.ends))
	})
}

func (t *tokens) kill(text string) {
	t.live = slices.DeleteFunc(t.live, func(l liveToken) bool { return l.text == text })
}

// mint makes an access token, and lets the oldest die where there are too many.
func (t *tokens) mint(now time.Time) string {
	text := t.text()
	t.live = append(t.live, liveToken{text, now.Add(t.cfg.TTL)})
	t.live = slices.DeleteFunc(t.live, func(l liveToken) bool { return !l.ends.IsZero() && !now.Before(l.ends) })
	for len(t.live) > t.cfg.Live {
		t.live = slices.Delete(t.live, 0, 1)
	}
	return text
}

// text is a new token in the form that Zoho's have.
func (t *tokens) text() string {
	t.n++
	a := mix(t.salt ^ mix(t.n))
	b, c, d := mix(a+1), mix(a+2), mix(a+3)
	return fmt.Sprintf("1000.%016x%016x.%016x%016x", a, b, c, d)
}

// serveToken answers a call to the accounts server. It costs no credit and takes
// no place among the API's calls.
func (o *Org) serveToken(d *desk, c *call) {
	o.mu.Lock()
	o.history.enter(c.op, 0)
	o.mu.Unlock()
	o.serve(d, c, o.latency())
}

// accounts does what a call to the accounts server asks for; o.mu is held. Its
// errors come with status 200, as Zoho's do.
func (o *Org) accounts(c *call) answer {
	form, err := url.ParseQuery(string(c.body))
	if c.method != http.MethodPost || err != nil {
		return tokenError("general_error")
	}
	if c.op == OpRevoke {
		return o.tokens.revoke(c.query.Get("token") + form.Get("token"))
	}
	if len(c.query) > 0 {
		// Zoho takes secrets in the query too. Here they are refused, since
		// that is where logs find them.
		return tokenError("general_error")
	}
	answered := map[Op]func(url.Values, time.Time, string) answer{
		OpToken: o.tokens.grant, OpDevice: o.tokens.startDevice, OpDeviceToken: o.tokens.pollDevice,
	}[c.op]
	a := answered(form, time.Now(), c.host)
	if a.code == "" && c.op != OpDevice {
		o.history.stats.Tokens++
	}
	return a
}

func tokenError(code string) answer {
	return answer{status: http.StatusOK, code: code, body: encode(object{"error": code})}
}

func tokenThrottled() answer {
	return answer{status: http.StatusBadRequest, code: "Access Denied", body: encode(object{
		"error_description": "You have made too many requests continuously. Please try again after some time.",
		"error":             "Access Denied", "status": "failure",
	})}
}

// knowsClient checks the client of a form; where it is wrong, the answer says what is.
func (t *tokens) knowsClient(form url.Values) (refused answer, ok bool) {
	switch {
	case !fits(t.cfg.ClientID, form.Get("client_id")):
		return tokenError("invalid_client"), false
	case !fits(t.cfg.ClientSecret, form.Get("client_secret")):
		return tokenError("invalid_client_secret"), false
	}
	return answer{}, true
}

func (t *tokens) grant(form url.Values, now time.Time, host string) answer {
	if refused, ok := t.knowsClient(form); !ok {
		return refused
	}
	extra := object{}
	switch form.Get("grant_type") {
	case "refresh_token":
		if !t.takes(form.Get("refresh_token")) {
			return tokenError("invalid_code")
		}
	case "authorization_code":
		scope, ok := t.exchange(form.Get("code"), now)
		if !ok {
			return tokenError("invalid_code")
		}
		extra["refresh_token"], extra["scope"] = t.newRefresh(), scope
	default:
		return tokenError("general_error")
	}
	return t.give(now, host, extra)
}

// give gives out an access token, unless too many were given out of late.
func (t *tokens) give(now time.Time, host string, extra object) answer {
	t.given = slices.DeleteFunc(t.given, func(at time.Time) bool { return !now.Before(at.Add(t.cfg.Window)) })
	if len(t.given) >= t.cfg.Limit {
		return tokenThrottled()
	}
	t.given = append(t.given, now)
	extra["access_token"] = t.mint(now)
	extra["api_domain"] = apiDomain(host)
	if t.cfg.APIDomain != "" {
		extra["api_domain"] = t.cfg.APIDomain
	}
	extra["token_type"] = "Bearer"
	extra["expires_in"] = int(t.cfg.TTL / time.Second)
	return shown(extra)
}

// newRefresh makes a refresh token, another one for each consent.
func (t *tokens) newRefresh() string {
	text := t.text()
	t.refresh = append(t.refresh, text)
	return text
}

// takes reports whether a refresh token is good.
func (t *tokens) takes(refresh string) bool {
	return !slices.Contains(t.dead, refresh) && (fits(t.cfg.RefreshToken, refresh) || slices.Contains(t.refresh, refresh))
}

func fits(want, got string) bool {
	return got != "" && (want == "" || want == got)
}

// revoke ends a token: an access token alone, a refresh token with all its access tokens.
func (t *tokens) revoke(text string) answer {
	switch {
	case t.good(text, time.Time{}):
		t.kill(text)
	case t.takes(text):
		t.dead = append(t.dead, text)
		t.live = nil
	default:
		return tokenError("invalid_token")
	}
	return shown(object{"status": "success"})
}

// apiDomain is the API's address beside an accounts server called host.
func apiDomain(host string) string {
	scheme, name, _ := strings.Cut(host, "://")
	for _, prefix := range []string{"accounts.zoho.", "accounts.zohocloud."} {
		if tail, ok := strings.CutPrefix(name, prefix); ok {
			return scheme + "://www.zohoapis." + tail
		}
	}
	return host
}
