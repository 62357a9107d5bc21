package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"zlock/checkpoint"
	"zlock/zoho"
)

// logout revokes the stored sign-in of a profile at Zoho, and forgets it whether that went well or not.
func (a *app) logout(ctx context.Context, flags flagSource) error {
	p, v, err := a.resolve(flags)
	if err != nil {
		return err
	}
	read := parser{values: v}
	asJSON := read.flag("json")
	if read.err != nil {
		return read.err
	}
	s, err := a.storedSignIn(p.profile.name)
	if err != nil {
		return err
	}
	if s == nil {
		a.screen.say("profile %s is not signed in here: nothing to do", clean(p.profile.name))
		return a.toldLogout(asJSON, p.profile.name, false, nil)
	}
	if err := a.trust(v, p.config.allowHosts); err != nil {
		return err
	}
	if s.Store == storeKeyring {
		if _, err := a.world.Keyring.Get(s.Entry); err != nil && !errors.Is(err, ErrNoEntry) {
			_, err = a.secrets(s) // which says so: what is in the keyring can neither be revoked nor forgotten now
			return err
		}
	}
	notRevoked := a.revoke(ctx, p, s)
	if err := errors.Join(a.forget(s), p.forgetToken(s)); err != nil {
		return err
	}
	if notRevoked == nil {
		a.screen.say("profile %s: the sign-in is revoked at %s and forgotten here", clean(s.Profile), host(s.Accounts))
		return a.toldLogout(asJSON, s.Profile, true, nil)
	}
	return errors.Join(a.toldLogout(asJSON, s.Profile, true, notRevoked), &notRevokedError{s.Profile, s.Accounts, notRevoked})
}

// revoke ends the sign-in at Zoho.
func (a *app) revoke(ctx context.Context, p place, s *signIn) error {
	kept, err := a.secrets(s)
	if err != nil {
		return err
	}
	if checkpoint.Owned(p.ownerFile(s.fingerprint())) {
		a.screen.warn("a run is at work with this sign-in: it will stop when its token is refused")
	}
	consent, err := a.consentAt(s.Accounts, p.config.allowHosts, s.ClientID, kept.ClientSecret)
	if err != nil {
		return err
	}
	return consent.Revoke(ctx, zoho.NewSecret(kept.RefreshToken))
}

// forgetToken removes the access token that processes share.
func (p place) forgetToken(s *signIn) error {
	if err := os.Remove(p.cacheFile(s.fingerprint())); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// toldLogout prints the document that --json asks for.
func (a *app) toldLogout(asJSON bool, profile string, forgotten bool, notRevoked error) error {
	if !asJSON {
		return nil
	}
	d := struct {
		Profile   string  `json:"profile"`
		Forgotten bool    `json:"forgotten"`
		Revoked   bool    `json:"revoked"`
		Problem   *string `json:"problem"`
	}{Profile: profile, Forgotten: forgotten, Revoked: forgotten && notRevoked == nil}
	if notRevoked != nil {
		d.Problem = told(clean(notRevoked.Error()))
	}
	return writeJSON(a.world.Out, d)
}

// notRevokedError is a sign-in that is forgotten here, and goes on at Zoho.
type notRevokedError struct {
	profile, accounts string
	err               error
}

// Error says what was done, and what was not.
func (e *notRevokedError) Error() string {
	return "profile " + e.profile + ": the sign-in is forgotten here, but could not be revoked at " + host(e.accounts) + ": " + e.err.Error()
}
