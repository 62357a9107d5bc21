package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"zlock/zoho"
)

// authDocument is what auth login and auth status print with --json. Its names are fixed.
type authDocument struct {
	Profile     string      `json:"profile"`
	OK          bool        `json:"ok"`
	Problem     *string     `json:"problem"`
	Source      string      `json:"source"` // environment, keyring or file
	User        *knownUser  `json:"user"`
	Org         *knownOrg   `json:"org"`
	Pinned      *knownOrg   `json:"pinned"`
	DC          *string     `json:"data_centre"`
	Environment *string     `json:"environment"`
	API         string      `json:"api"`
	Accounts    string      `json:"accounts"`
	ClientID    *string     `json:"client_id"`
	SignedInAt  *time.Time  `json:"signed_in_at"`
	Expires     *time.Time  `json:"access_token_expires_at"`
	Renews      bool        `json:"renews"` // there is a refresh token, which is good until revoked
	Scopes      []string    `json:"scopes"` // null: not known
	Allows      []allowance `json:"allows"`
}

// allowance is one thing that a sign-in may or may not do.
type allowance struct {
	What    string `json:"what"`
	Scope   string `json:"scope"`
	Needed  bool   `json:"needed"`
	Allowed *bool  `json:"allowed"` // null: not known
}

func allowances(given []string) []allowance {
	var out []allowance
	for _, s := range scopes() {
		a := allowance{What: s.allows, Scope: s.name, Needed: s.needed}
		if yes, sure := grants(given, s.name); sure {
			a.Allowed = &yes
		}
		out = append(out, a)
	}
	return out
}

// signInDocument is what is known of an org's sign-in without asking Zoho.
func signInDocument(o org, s *signIn) authDocument {
	d := authDocument{
		Profile: o.profile, OK: true, Source: o.credentials.source, API: o.api, Accounts: o.accounts,
		ClientID: told(o.credentials.clientID), Renews: !o.credentials.refresh.IsZero(),
	}
	dc, environment := placeOf(o.accounts, o.api)
	d.DC, d.Environment = told(dc), told(environment)
	if s != nil {
		d.SignedInAt, d.Scopes = instant(s.At), s.Scopes
		if s.Org.ID != "" {
			d.Pinned = &s.Org
		}
	}
	d.Allows = allowances(d.Scopes)
	return d
}

// tell shows what has been signed in to.
func (l *login) tell(s *signIn) error {
	o := l.org
	o.profile = s.Profile
	o.credentials = credentials{source: s.Store, clientID: s.ClientID, refresh: zoho.NewSecret("kept")}
	d := signInDocument(o, s)
	d.Org = d.Pinned
	if s.User.ID != "" {
		d.User = &s.User
	}
	var b strings.Builder
	printAuth(&b, d)
	printLacking(&b, d)
	fmt.Fprintf(&b, "next: %s\n", l.place.command("run", "JOBFILE"))
	l.screen.say("%s", strings.TrimRight(b.String(), "\n"))
	for _, name := range []string{"ZLOCK_REFRESH_TOKEN", "ZLOCK_ACCESS_TOKEN"} {
		if l.world.env(name) != "" {
			l.screen.warn("%s is set, and wins over what was stored", name)
		}
	}
	if l.asJSON {
		return writeJSON(l.world.Out, d)
	}
	return nil
}

// authStatus tells who is signed in, where, and what that allows.
func (a *app) authStatus(ctx context.Context, flags flagSource) error {
	p, v, err := a.resolve(flags)
	if err != nil {
		return err
	}
	read := parser{values: v}
	asJSON := read.flag("json")
	if read.err != nil {
		return read.err
	}
	o, err := a.org(p, v)
	if err != nil {
		return err
	}
	stored, err := a.signedIn(p)
	if err != nil {
		return err
	}
	d := signInDocument(o, stored)
	problem := a.verify(ctx, p, &o, &d)
	if problem != nil {
		d.OK, d.Problem = false, told(clean(problem.Error()))
	}
	if asJSON {
		err = writeJSON(a.world.Out, d)
	} else {
		var b strings.Builder
		printAuth(&b, d)
		if d.OK {
			printAllowances(&b, d)
		}
		_, err = io.WriteString(a.world.Out, b.String())
	}
	return errors.Join(problem, err)
}

// verify asks Zoho who and where the sign-in is, and compares that with who has a say on it.
func (a *app) verify(ctx context.Context, p place, o *org, d *authDocument) error {
	q, err := a.inquire(p, *o, 0)
	if err != nil {
		return err
	}
	defer q.end()
	met, err := q.organisation(ctx)
	switch {
	case err == nil:
		org := known(met)
		d.Org = &org
		err = o.compare(met)
	case barred(err) && len(o.pins) > 0:
		err = a.unknown(o, err)
	case barred(err):
		err = nil
	}
	d.Expires = instant(q.tokens.Expires())
	if err != nil {
		return err
	}
	me, err := q.user(ctx)
	if err != nil && !barred(err) {
		return err
	}
	if me.ID != "" {
		d.User = &knownUser{me.ID, me.Name}
	}
	return nil
}

// printAuth prints a sign-in for a person.
func printAuth(b *strings.Builder, d authDocument) {
	who, where := "a user who could not be read", "an organisation that could not be read"
	if d.User != nil {
		who = clean(d.User.Name)
	}
	if d.Org != nil {
		where = named(d.Org.org())
	}
	state := "signed in as " + who + " at " + where
	if d.Problem != nil {
		state = "the sign-in does not work"
	}
	fmt.Fprintf(b, "profile %s: %s\n", clean(d.Profile), state)
	t := newTable()
	t.add("sign-in", signInText(d))
	t.add("data centre", clean(centreText(d)))
	t.add("API", clean(host(d.API)))
	t.add("org", pinText(d))
	if d.ClientID != nil {
		t.add("client", clean(*d.ClientID))
	}
	t.add("tokens", tokenText(d))
	t.print(b, "  ")
}

func signInText(d authDocument) string {
	if d.Source == "environment" {
		return "from the environment"
	}
	in := map[string]string{storeKeyring: "in the keyring", storeFile: "in a file that only you may read"}[d.Source]
	return fmt.Sprintf("%s, since %s", in, moment(*d.SignedInAt))
}

func centreText(d authDocument) string {
	if d.DC == nil {
		return "none of Zoho's: " + host(d.Accounts)
	}
	if d.Environment == nil {
		return *d.DC
	}
	return *d.DC + ", " + *d.Environment
}

func pinText(d authDocument) string {
	if d.Pinned == nil {
		return "not pinned: --expect-org or org in zlock.yaml names one"
	}
	return named(d.Pinned.org()) + " is pinned"
}

func tokenText(d authDocument) string {
	text := "good for an hour, not renewed"
	if d.Renews {
		text = "renewed until revoked"
	}
	if d.Expires != nil {
		text += "; the next by " + moment(*d.Expires)
	}
	return text
}

// printAllowances says what the scopes allow, and which one is missing for what they do not.
func printAllowances(b *strings.Builder, d authDocument) {
	if d.Scopes == nil {
		fmt.Fprintln(b, "  scopes: not known; zlock auth login --print-scopes lists those to have")
		return
	}
	fmt.Fprintln(b, "  it may")
	for _, a := range d.Allows {
		switch {
		case a.Allowed == nil:
			fmt.Fprintf(b, "    ?    %s\n         Zoho's pages disagree; to be sure add\n         %s\n", a.What, a.Scope)
		case *a.Allowed:
			fmt.Fprintf(b, "    yes  %s\n", a.What)
		default:
			fmt.Fprintf(b, "    no   %s\n         %s\n", a.What, a.Scope)
		}
	}
}

// printLacking says what of the needed scopes is missing, surely or perhaps.
func printLacking(b *strings.Builder, d authDocument) {
	for _, a := range d.Allows {
		if a.Needed && d.Scopes != nil && (a.Allowed == nil || !*a.Allowed) {
			fmt.Fprintf(b, "  it lacks %s\n    to %s\n", a.Scope, a.What)
		}
	}
}
