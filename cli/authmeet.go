package cli

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"zlock/checkpoint"
	"zlock/zoho"
)

// meet asks with the new token who and where it is, and refuses a sign-in that is not the one wanted.
func (l *login) meet(ctx context.Context, g zoho.Grant) (*signIn, error) {
	if g.Scopes != nil && !fit(g.Scopes) {
		return nil, &scopesError{missingScopes(g.Scopes)}
	}
	if err := l.lead(g); err != nil {
		return nil, err
	}
	s := &signIn{
		Version: signInVersion, Profile: l.place.profile.name, Store: l.store, API: l.org.api, Accounts: g.Accounts,
		ClientID: l.clientID, Scopes: g.Scopes, At: l.world.Now().UTC().Truncate(time.Second),
	}
	s.DC, s.Environment = placeOf(g.Accounts, l.org.api)
	if s.Store == storeKeyring {
		s.Entry = entryName(s.Profile)
	}
	return s, l.identify(ctx, g, s)
}

// lead takes in where the grant leads: to the API that Zoho names, if it is one of Zoho's own and nobody
// wanted another.
func (l *login) lead(g zoho.Grant) error {
	l.org.accounts = g.Accounts
	if g.Foreign != "" {
		l.screen.warn("Zoho's answer points to %s for the API, which is none of Zoho's own hosts: not believed; %s is used",
			clean(g.Foreign), host(l.org.api))
		return nil
	}
	wanted := l.values["environment"].given || l.values["api-url"].given
	if g.APIDomain == "" || host(g.APIDomain) == host(l.org.api) {
		return nil
	}
	if wanted {
		return &elsewhereError{want: host(l.org.api), got: host(g.APIDomain)}
	}
	l.org.api = g.APIDomain
	return nil
}

// identify reads user and organisation with the new token. What its scopes do not let us read is left out,
// and said.
func (l *login) identify(ctx context.Context, g zoho.Grant, s *signIn) error {
	l.org.credentials = credentials{clientID: l.clientID, accessOnly: g.AccessToken}
	l.org.key = l.org.fingerprint()
	q, err := l.inquire(l.place, l.org, 0)
	if err != nil {
		return err
	}
	defer q.end()
	met, err := q.organisation(ctx)
	switch {
	case err == nil:
		if err := l.org.compare(met); err != nil {
			return err
		}
		s.Org = known(met)
	case !barred(err):
		return err
	case len(l.org.pins) > 0:
		return &unknownOrgError{l.org.pins[0], err}
	}
	me, err := q.user(ctx)
	if err != nil && !barred(err) {
		return err
	}
	s.User = knownUser{me.ID, me.Name}
	return nil
}

// barred reports a refusal for want of a scope or a permission.
func barred(err error) bool {
	var e *zoho.Error
	return errors.As(err, &e) && (e.Kind == zoho.ScopeMissing || e.Kind == zoho.NoPermission)
}

// entryName is a name in the keyring that nothing else has.
func entryName(profile string) string {
	var random [4]byte
	_, _ = rand.Read(random[:]) // never fails
	return profile + "-" + hex.EncodeToString(random[:])
}

// placeOf names the data centre and the environment that hosts stand for.
func placeOf(accounts, api string) (dc, environment string) {
	for _, d := range zoho.DataCentres() {
		if host(d.Accounts) == host(accounts) {
			dc = d.Name
		}
		switch host(api) {
		case host(d.Sandbox):
			environment = "sandbox"
		case host(d.Developer):
			environment = "developer"
		case host(d.API):
			environment = "production"
		}
	}
	return dc, environment
}

// giveBack revokes a grant that is not stored.
func (l *login) giveBack(ctx context.Context, g zoho.Grant) error {
	consent, err := l.consentAt(g.Accounts)
	if err == nil {
		err = consent.Revoke(context.WithoutCancel(ctx), g.RefreshToken)
	}
	if err != nil {
		l.screen.warn("what Zoho has just granted could not be given back: %s; remove it under %s", clean(err.Error()), connectedApps(g.Accounts))
	}
	return nil
}

// replace ends the sign-in that this one takes the place of.
func (l *login) replace(ctx context.Context, g zoho.Grant) {
	if l.earlier == nil {
		return
	}
	if l.earlier.Store == storeKeyring {
		defer func() { _ = l.world.Keyring.Delete(l.earlier.Entry) }() // an entry that nobody finds any more
	}
	kept, err := l.secrets(l.earlier)
	if err != nil || kept.RefreshToken == g.RefreshToken.Reveal() {
		return
	}
	if checkpoint.Owned(l.place.ownerFile(l.earlier.fingerprint())) {
		l.screen.warn("the earlier sign-in is in use by a run and was not revoked; remove it under %s when that is done", connectedApps(l.earlier.Accounts))
		return
	}
	consent, err := l.app.consentAt(l.earlier.Accounts, l.org.allowHosts, l.earlier.ClientID, kept.ClientSecret)
	if err == nil {
		err = consent.Revoke(context.WithoutCancel(ctx), zoho.NewSecret(kept.RefreshToken))
	}
	if err != nil {
		l.screen.warn("the earlier sign-in could not be revoked: %s; remove it under %s", clean(err.Error()), connectedApps(l.earlier.Accounts))
	}
}

// connectedApps is where a person revokes by hand.
func connectedApps(accounts string) string { return "Sessions, Connected Apps at " + accounts }

// scopesError is a sign-in that cannot do the main job.
type scopesError struct{ missing []string }

// Error names the scopes.
func (e *scopesError) Error() string {
	return "the sign-in lacks " + strings.Join(e.missing, ", ") + "; it is not stored"
}

// elsewhereError is a sign-in that leads to another environment than was asked for.
type elsewhereError struct{ want, got string }

// Error names both hosts.
func (e *elsewhereError) Error() string {
	return fmt.Sprintf("the sign-in is for %s, and %s was asked for; it is not stored", e.got, e.want)
}

// signInComplaint explains what becomes of sign-ins.
func signInComplaint(err error) (complaint, bool) {
	var lacks *scopesError
	var elsewhere *elsewhereError
	var remains *notRevokedError
	switch {
	case errors.As(err, &remains):
		return complaint{exitPerson, remains.Error(), []string{"remove it by hand, under " + connectedApps(remains.accounts)}}, true
	case errors.As(err, &lacks):
		return complaint{exitPerson, lacks.Error(), []string{"generate a new code with the scopes of: zlock auth login --print-scopes"}}, true
	case errors.As(err, &elsewhere):
		return complaint{exitPerson, elsewhere.Error(), []string{
			"choose that environment's organisation when the code is generated, or leave --environment and --api-url out"}}, true
	}
	return complaint{}, false
}
