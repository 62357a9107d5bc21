package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"

	"zlock/batch"
	"zlock/checkpoint"
	"zlock/zoho"
)

// org is one Zoho organisation as one client sees it.
type org struct {
	api, accounts string // base URLs
	version       string
	edition       edition
	credentials   credentials
	simulated     bool
	key           string // names it in the checkpoint and on disk
	allowHosts    []string
	profile       string

	pins    []pin             // which organisation it must be
	met     zoho.Organisation // which one it is, once it has answered
	title   string            // the organisation's name and number; "" when not known
	confirm bool              // somebody must name the organisation before it is changed
	typed   bool              // and has done so when asked
}

// credentials are what signs us in: from the environment or, where that has none, as zlock auth login
// stored them.
type credentials struct {
	source                            string // "environment", or the store of a sign-in
	clientID                          string
	clientSecret, refresh, accessOnly zoho.Secret
}

// edition is what an edition of Zoho CRM allows.
type edition struct {
	name        string // "" when not known
	concurrency int64  // calls at once, at most
	usual       int64  // calls at once unless somebody says otherwise
	credits     int64  // credits in 24 hours, until the edition's formula can be filled in
}

// editionNamed returns what is known of an edition; the empty name is for one not known.
func editionNamed(name string) edition {
	atOnce := map[string]int64{"free": 5, "standard": 10, "professional": 15, "enterprise": 20, "ultimate": 25}[name]
	switch {
	case name == "":
		return edition{concurrency: 25, usual: 5, credits: 50_000}
	case name == "free":
		return edition{name: name, concurrency: atOnce, usual: atOnce / 2, credits: 5_000}
	default:
		return edition{name: name, concurrency: atOnce, usual: atOnce / 2, credits: 50_000}
	}
}

// org resolves hosts, credentials, and who has a say on which organisation it must be. It asks nobody but
// a keyring: what is wrong with them is found by the first call.
func (a *app) org(p place, v values) (org, error) {
	stored, err := a.signedIn(p)
	if err != nil {
		return org{}, err
	}
	o, err := a.reach(p, stored.fill(v))
	if err != nil {
		return o, err
	}
	if stored != nil {
		err = a.useStored(&o, stored, v)
	} else {
		err = o.signIn(p.client(a.world.env))
	}
	if err != nil {
		return o, err
	}
	o.key = o.fingerprint()
	return o, o.pinned(v, stored)
}

// reach resolves where the org is, and what its edition allows.
func (a *app) reach(p place, v values) (org, error) {
	read := parser{values: v}
	o := org{profile: p.profile.name, allowHosts: p.config.allowHosts}
	o.edition = editionNamed(read.choice("edition", "free", "standard", "professional", "enterprise", "ultimate"))
	o.version = v["api-version"].text
	if read.err != nil {
		return o, read.err
	}
	if err := zoho.CheckVersion(o.version); err != nil {
		return o, usage(orElse(v["api-version"].where, "--api-version") + ": " + clean(err.Error()))
	}
	if err := o.hosts(v); err != nil {
		return o, err
	}
	return o, a.trust(v, o.allowHosts)
}

func (o *org) hosts(v values) error {
	dc, ok := zoho.DataCentre(strings.ToLower(v["dc"].text))
	if !ok {
		return usage(fmt.Sprintf("%s: must be one of us eu in au jp cn ca sa uk", orElse(v["dc"].where, "--dc")))
	}
	api, err := environmentOf(v, dc)
	if err != nil {
		return err
	}
	o.api, o.accounts = orElse(v["api-url"].text, api), v["accounts-url"].text
	// A pretend Zoho on this machine must never make us send real credentials elsewhere.
	if o.accounts == "" && loopback(o.api) {
		o.accounts = o.api
	}
	if o.accounts == "" {
		o.accounts = dc.Accounts
	}
	for _, name := range []string{"api-url", "accounts-url"} {
		base := map[string]string{"api-url": o.api, "accounts-url": o.accounts}[name]
		if err := zoho.CheckHost(base, o.allowHosts); err != nil {
			return usage(fmt.Sprintf("%s: %v", orElse(v[name].where, "--"+name), clean(err.Error())),
				"give one of Zoho's own hosts, or name the host under allow_hosts in zlock.yaml")
		}
	}
	return nil
}

func loopback(base string) bool {
	u, err := url.Parse(base)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// signature tells one sign-in from another without saying anything of its secrets.
func (c credentials) signature() string {
	secret := c.refresh
	if secret.IsZero() {
		secret = c.accessOnly
	}
	sum := sha256.Sum256([]byte("sign-in\x00" + secret.Reveal()))
	return hex.EncodeToString(sum[:8])
}

// signIn reads the credentials and says which ones are missing.
func (o *org) signIn(env func(string) string) error {
	c := credentials{
		source: "environment", clientID: env("ZLOCK_CLIENT_ID"), clientSecret: zoho.NewSecret(env("ZLOCK_CLIENT_SECRET")),
		refresh: zoho.NewSecret(env("ZLOCK_REFRESH_TOKEN")), accessOnly: zoho.NewSecret(env("ZLOCK_ACCESS_TOKEN")),
	}
	o.credentials = c
	var missing []string
	for _, name := range []string{"ZLOCK_CLIENT_ID", "ZLOCK_CLIENT_SECRET", "ZLOCK_REFRESH_TOKEN"} {
		if env(name) == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 || !c.accessOnly.IsZero() && c.refresh.IsZero() {
		return nil
	}
	return usage("no credentials: "+strings.Join(missing, ", ")+" not set, and nobody is signed in",
		"sign in with a Self Client of Zoho's API console: zlock auth login",
		"or set its client id, secret and refresh token, or ZLOCK_ACCESS_TOKEN",
		"or rehearse without any: zlock run JOBFILE --simulate, or zlock sim for all else")
}

// fingerprint names the organisation: its hosts and the client that speaks to them.
func (o *org) fingerprint() string {
	client := o.credentials.clientID
	if client == "" {
		client = "access-token:" + o.profile
	}
	sum := sha256.Sum256([]byte(host(o.api) + "|" + host(o.accounts) + "|" + client))
	return hex.EncodeToString(sum[:])[:16]
}

func host(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return strings.ToLower(base)
	}
	return strings.ToLower(u.Host)
}

// describe says in a word which org it is.
func (o *org) describe() string {
	if o.simulated {
		return "a pretend Zoho (SIMULATED)"
	}
	if o.title != "" {
		return o.title + " at " + host(o.api)
	}
	return host(o.api)
}

func (p place) orgDir(key string) string     { return filepath.Join(p.state, "orgs", key) }
func (p place) ownerFile(key string) string  { return filepath.Join(p.orgDir(key), "owner.lock") }
func (p place) cacheFile(key string) string  { return filepath.Join(p.orgDir(key), "token.json") }
func (p place) cacheGuard(key string) string { return filepath.Join(p.orgDir(key), "token.lock") }

// alive reports whether a live process works on the run.
func (p place) alive(run batch.Run) bool {
	holder, held := checkpoint.OwnedBy(p.ownerFile(run.Org))
	return held && holder.Run == run.ID
}

// tokens returns the source of access tokens for a real org.
func (o *org) tokens(p place, limiter *zoho.Limiter, transport http.RoundTripper, log *slog.Logger, hidden *zoho.Hidden) (*zoho.Tokens, error) {
	c := o.credentials
	return zoho.NewTokens(zoho.TokenConfig{
		Accounts: o.accounts, ClientID: c.clientID, ClientSecret: c.clientSecret,
		RefreshToken: c.refresh, AccessToken: c.accessOnly,
		CachePath: p.cacheFile(o.key),
		Lock: func(ctx context.Context) (func(), error) {
			return checkpoint.LockFile(ctx, p.cacheGuard(o.key))
		},
		Limiter: limiter, AllowHosts: o.allowHosts, Transport: transport, Log: log, Hidden: hidden,
	})
}
