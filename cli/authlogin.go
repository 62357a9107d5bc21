package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"zlock/zoho"
)

// loginOptions are the flags of auth login that are no settings.
type loginOptions struct {
	device, codeStdin, printScopes bool
	scopes                         []string
}

// login is a sign-in in the making.
type login struct {
	*app
	options loginOptions
	place   place
	values  values
	org     org     // where it is to lead
	earlier *signIn // that it replaces; nil for none
	store   string
	asJSON  bool

	clientID string
	secret   string
	consent  *zoho.Consent
}

// login signs in. Nothing is stored before Zoho has said who and where it is, and a grant that is not
// stored is given back.
func (a *app) login(ctx context.Context, flags flagSource, o loginOptions) error {
	l, err := a.prepareLogin(flags, o)
	if err != nil {
		return err
	}
	if o.printScopes {
		return l.printScopes()
	}
	if l.store, err = l.chooseStore(); err != nil {
		return err
	}
	if err := l.client(ctx); err != nil {
		return err
	}
	grant, err := l.ask(ctx)
	if err != nil {
		return err
	}
	a.hide(grant.RefreshToken.Reveal(), grant.AccessToken.Reveal())
	s, err := l.meet(ctx, grant)
	if err == nil {
		err = a.keep(s, keptSecret{l.secret, grant.RefreshToken.Reveal()})
	}
	if err != nil {
		return errors.Join(err, l.giveBack(ctx, grant))
	}
	l.replace(ctx, grant)
	return l.tell(s)
}

// prepareLogin reads the settings, and refuses what contradicts itself.
func (a *app) prepareLogin(flags flagSource, o loginOptions) (*login, error) {
	switch {
	case o.device && o.codeStdin:
		return nil, usage("--device and --code-stdin are two ways to sign in", "give one of them")
	case len(o.scopes) > 0 && !o.device:
		return nil, usage("--scopes is for --device: a Self Client's code has the scopes that it was generated with", "leave it out, or add --device")
	}
	p, v, err := a.resolve(flags)
	if err != nil {
		return nil, err
	}
	l := &login{app: a, options: o, place: p}
	l.values = v
	read := parser{values: l.values}
	l.asJSON, l.store = read.flag("json"), read.choice("store", storeKeyring, storeFile)
	if read.err != nil || o.printScopes {
		return l, read.err
	}
	if l.earlier, err = a.storedSignIn(p.profile.name); err != nil {
		return nil, err
	}
	if l.org, err = a.reach(p, l.earlier.fill(l.values)); err != nil {
		return nil, err
	}
	return l, l.org.pinned(l.values, nil)
}

// chooseStore finds out where the sign-in can be kept before a code is used up, and never takes the weaker
// place unless told to.
func (l *login) chooseStore() (string, error) {
	path := l.world.signInPath(l.place.profile.name)
	if path == "" {
		return "", usage("no directory to keep the sign-in in: neither HOME nor XDG_CONFIG_HOME is set", "set one of them")
	}
	if err := makePrivateDir(filepath.Dir(path)); err != nil {
		return "", err
	}
	if l.store == storeFile {
		return storeFile, nil
	}
	if _, err := l.world.Keyring.Get("availability"); err != nil && !errors.Is(err, ErrNoEntry) {
		return "", usage("there is no keyring to keep the sign-in in: "+clean(err.Error()),
			"--store file keeps it in "+clean(path)+", which only you may read,",
			"in the clear: whoever can read your files can use it")
	}
	return storeKeyring, nil
}

// client learns which client signs in: from the environment, the profile, or the person.
func (l *login) client(ctx context.Context) (err error) {
	if l.world.unread != nil {
		return l.world.unread
	}
	env := l.place.client(l.world.env)
	l.clientID, l.secret = env("ZLOCK_CLIENT_ID"), env("ZLOCK_CLIENT_SECRET")
	asks := l.world.InTerminal && l.world.ErrTerminal
	if !asks && (l.clientID == "" || l.secret == "") {
		return usage("which client signs in is not known, and nobody is there to be asked", "set ZLOCK_CLIENT_ID and ZLOCK_CLIENT_SECRET")
	}
	if asks && !l.options.device && !l.options.codeStdin {
		l.screen.say("In %s make a Self Client, and under Generate Code paste:\n%s",
			strings.Replace(l.org.accounts, "://accounts.", "://api-console.", 1), strings.Join(scopeNames(true), ","))
	}
	if l.clientID == "" {
		if l.clientID, err = l.question(ctx, "Client ID: "); err != nil {
			return err
		}
	}
	if l.secret == "" {
		if l.secret, err = l.app.secret(ctx, "Client secret (not shown): "); err != nil {
			return err
		}
	}
	if l.clientID == "" || l.secret == "" {
		return usage("a client id and a client secret are needed: nothing was sent", "the API console shows both under Client Secret")
	}
	l.consent, err = l.consentAt(l.org.accounts)
	return err
}

func (l *login) consentAt(accounts string) (*zoho.Consent, error) {
	return l.app.consentAt(accounts, l.org.allowHosts, l.clientID, l.secret)
}

// consentAt is the way to give a client consent, and to take it back, at an accounts host.
func (a *app) consentAt(accounts string, allow []string, clientID, secret string) (*zoho.Consent, error) {
	consent, err := zoho.NewConsent(zoho.ConsentConfig{
		Accounts: accounts, ClientID: clientID, ClientSecret: zoho.NewSecret(secret),
		Transport: a.world.Transport, AllowHosts: allow, Log: a.log, Hidden: a.world.hidden,
	})
	if err != nil {
		return nil, usage(clean(err.Error()))
	}
	return consent, nil
}

// ask gets the person's consent.
func (l *login) ask(ctx context.Context) (zoho.Grant, error) {
	if l.options.device {
		return l.askByDevice(ctx)
	}
	code, err := l.code(ctx)
	if err != nil {
		return zoho.Grant{}, err
	}
	if code == "" {
		return zoho.Grant{}, usage("no code was given: nothing was sent", "generate one in the API console, and give it within its few minutes")
	}
	return l.consent.Exchange(ctx, zoho.NewSecret(code))
}

func (l *login) code(ctx context.Context) (string, error) {
	asks := l.world.InTerminal && l.world.ErrTerminal
	switch {
	case asks:
		return l.app.secret(ctx, "Code (not shown): ")
	case !l.options.codeStdin:
		return "", usage("nobody is there to be asked for the code", "give it on standard input, with --code-stdin; or sign in with --device")
	}
	code, err := readLine(ctx, l.world.In)
	code = strings.TrimSpace(code)
	l.hide(code)
	return code, err
}

func (l *login) askByDevice(ctx context.Context) (zoho.Grant, error) {
	device, err := l.consent.StartDevice(ctx, l.wantedScopes())
	if err != nil {
		return zoho.Grant{}, err
	}
	l.screen.tell(fmt.Sprintf("Open %s\nand type this code there: %s\nwaiting for you until %s; Ctrl-C ends it\n",
		clean(device.Page), clean(device.UserCode), device.Expires.Local().Format("15:04:05")))
	return l.consent.AwaitDevice(ctx, device)
}

// wantedScopes is what --device asks for.
func (l *login) wantedScopes() []string {
	list := strings.Join(l.options.scopes, ",")
	switch list {
	case "", "needed":
		return scopeNames(true)
	case "all":
		return append(scopeNames(true), scopeNames(false)...)
	}
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}
