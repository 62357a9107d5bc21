package cli

import (
	"crypto/x509"
	"fmt"
	"maps"
	"os"

	"zlock/zoho"
)

// signedIn is the stored sign-in that counts: nil where the environment brings a token, or none is stored.
func (a *app) signedIn(p place) (*signIn, error) {
	if a.world.unread != nil {
		return nil, a.world.unread
	}
	if a.world.env("ZLOCK_REFRESH_TOKEN") != "" || a.world.env("ZLOCK_ACCESS_TOKEN") != "" {
		return nil, nil
	}
	return a.storedSignIn(p.profile.name)
}

// client is the environment, with the profile's client id where the environment has none.
func (p place) client(env func(string) string) func(string) string {
	return func(name string) string {
		if text := env(name); text != "" || name != "ZLOCK_CLIENT_ID" {
			return text
		}
		return p.profile.values["client-id"]
	}
}

// fill says where the sign-in leads, in the place of defaults: what somebody says otherwise still counts.
func (s *signIn) fill(v values) values {
	if s == nil {
		return v
	}
	out := maps.Clone(v)
	say := func(name, text string) {
		if !v[name].given && text != "" {
			out[name] = value{text: text, where: "the sign-in of profile " + s.Profile}
		}
	}
	say("dc", s.DC)
	if v["dc"].given {
		return out
	}
	if api := v["api-url"]; !api.given || !loopback(api.text) {
		say("accounts-url", s.Accounts)
	}
	if !v["environment"].given {
		say("api-url", s.API)
	}
	return out
}

// useStored takes the credentials of a stored sign-in, if they may go where the settings lead.
func (a *app) useStored(o *org, s *signIn, v values) error {
	if host(o.accounts) != host(s.Accounts) {
		return usage(fmt.Sprintf("profile %s is signed in at %s, and the settings lead to %s", s.Profile, host(s.Accounts), host(o.accounts)),
			"leave out --dc and the URLs, or sign in there: zlock auth login, with a --profile of its own")
	}
	for where, id := range map[string]string{"ZLOCK_CLIENT_ID": a.world.env("ZLOCK_CLIENT_ID"), v["client-id"].where: v["client-id"].text} {
		if id != "" && id != s.ClientID {
			return usage(fmt.Sprintf("profile %s is signed in with another client than %s says", s.Profile, where),
				"sign in with that one: zlock auth login")
		}
	}
	kept, err := a.secrets(s)
	if err != nil {
		return err
	}
	o.credentials = credentials{
		source: s.Store, clientID: s.ClientID, clientSecret: zoho.NewSecret(kept.ClientSecret), refresh: zoho.NewSecret(kept.RefreshToken),
	}
	return nil
}

// environmentOf is the address of the API that --environment names in a data centre.
func environmentOf(v values, dc zoho.DC) (string, error) {
	read := parser{values: v}
	hosts := map[string]string{"": dc.API, "production": dc.API, "sandbox": dc.Sandbox, "developer": dc.Developer}
	api := hosts[read.choice("environment", "production", "sandbox", "developer")]
	overruled := v["environment"].profiled() && !v["api-url"].profiled()
	if read.err == nil && v["environment"].given && v["api-url"].given && !overruled {
		read.problem(usage(v["environment"].where+" and "+v["api-url"].where+" both say which host the API has", "give one of them"))
	}
	return api, read.err
}

// profiled reports a value that a profile gave.
func (v value) profiled() bool { return v.given && !v.flag && !v.environment() }

// trust reads --ca-file and has its certificates trusted besides the system's, on every way to Zoho that
// this command goes.
func (a *app) trust(v values, allow []string) error {
	name := v["ca-file"].text
	if name == "" || a.world.Transport != nil {
		return nil
	}
	body, err := os.ReadFile(a.world.path(name))
	if err != nil {
		return usage(fmt.Sprintf("%s: %v", v["ca-file"].where, err), "give a file of certificates in PEM")
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		return usage("--ca-file: the system's certificates cannot be read, and it only adds to them: " + err.Error())
	}
	if !pool.AppendCertsFromPEM(body) {
		return usage(v["ca-file"].where+": there is no certificate in it", "give a file of certificates in PEM, -----BEGIN CERTIFICATE----- and so on")
	}
	a.world.Transport = zoho.NewDirect(zoho.TransportConfig{
		Concurrency: int(editionNamed("").concurrency), AllowHosts: allow, RootCAs: pool,
	})
	return nil
}
