package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"zlock/zoho"
)

// The places where a sign-in's secrets can be kept.
const (
	storeKeyring = "keyring"
	storeFile    = "file"
)

// signIn is what zlock auth login has stored of a profile's sign-in. What is no secret always stands in a
// file of its own; the secrets stand there too, or in the keyring, as the user said.
type signIn struct {
	Version     int         `json:"version"`
	Profile     string      `json:"profile"`
	Store       string      `json:"store"`
	Entry       string      `json:"entry,omitempty"` // of the keyring
	DC          string      `json:"dc,omitempty"`    // "" where the accounts host is none of Zoho's
	Environment string      `json:"environment"`
	API         string      `json:"api_url"`
	Accounts    string      `json:"accounts_url"`
	ClientID    string      `json:"client_id"`
	Scopes      []string    `json:"scopes"` // nil where Zoho did not say
	Org         knownOrg    `json:"org"`    // zero where it could not be read
	User        knownUser   `json:"user"`
	At          time.Time   `json:"signed_in_at"`
	Secrets     *keptSecret `json:"secrets,omitempty"`
}

const signInVersion = 1

// knownOrg is an organisation as files and documents have it.
type knownOrg struct {
	ID     string `json:"id"`
	Number string `json:"number"`
	Name   string `json:"name"`
}

func (k knownOrg) org() zoho.Organisation {
	return zoho.Organisation{ID: k.ID, Number: k.Number, Name: k.Name}
}

func known(o zoho.Organisation) knownOrg { return knownOrg{o.ID, o.Number, o.Name} }

// knownUser is a user as files and documents have them.
type knownUser struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// fingerprint is that of the org to which the sign-in leads: see org.
func (s *signIn) fingerprint() string {
	o := org{api: s.API, accounts: s.Accounts, profile: s.Profile, credentials: credentials{clientID: s.ClientID}}
	return o.fingerprint()
}

// keptSecret is the secrets as they are kept: in the clear, which is why nothing else may print it.
type keptSecret struct {
	ClientSecret string `json:"client_secret"`
	RefreshToken string `json:"refresh_token"`
}

// String keeps the secrets from being printed by accident.
func (keptSecret) String() string { return redacted }

// GoString keeps the secrets from being printed by accident.
func (keptSecret) GoString() string { return redacted }

// signInPath is where a profile's sign-in is kept; "" where there is no directory for it.
func (w World) signInPath(profile string) string {
	config := w.configPath()
	if !filepath.IsAbs(config) {
		return ""
	}
	return filepath.Join(filepath.Dir(config), "signin", profile+".json")
}

// storedSignIn returns the profile's sign-in, nil where there is none. Secrets in a keyring are left there.
func (a *app) storedSignIn(profile string) (*signIn, error) {
	path := a.world.signInPath(profile)
	if path == "" {
		return nil, nil
	}
	body, err := readPrivate(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s := new(signIn)
	switch err := json.Unmarshal(body, s); {
	case err != nil || s.Accounts == "" || s.Store != storeKeyring && s.Store != storeFile:
		return nil, usage(clean(path)+" is damaged", "remove it, and sign in again: zlock auth login")
	case s.Version > signInVersion:
		return nil, usage(clean(path)+" was written by a later version of zlock", "use that version, or sign in again with this one")
	case s.Profile != profile: // a file system that takes Acme for acme
		return nil, usage(fmt.Sprintf("%s holds the sign-in of profile %s", clean(path), clean(s.Profile)), "give the profiles names that differ by more than case")
	}
	return s, nil
}

// secrets returns the sign-in's secrets from where they are kept, and has them taken out of all that is
// said from now on.
func (a *app) secrets(s *signIn) (keptSecret, error) {
	kept := keptSecret{}
	switch {
	case s.Store == storeFile && s.Secrets != nil:
		kept = *s.Secrets
	case s.Store == storeKeyring:
		text, err := a.world.Keyring.Get(s.Entry)
		if errors.Is(err, ErrNoEntry) {
			return kept, usage("the keyring no longer holds the sign-in of profile "+s.Profile, "sign in again: zlock auth login")
		}
		if err != nil {
			return kept, usage("the keyring that holds the sign-in of profile "+s.Profile+" cannot be used: "+clean(err.Error()),
				"unlock it; or sign in again with --store file; or set ZLOCK_CLIENT_ID, ZLOCK_CLIENT_SECRET and ZLOCK_REFRESH_TOKEN")
		}
		if json.Unmarshal([]byte(text), &kept) != nil {
			kept = keptSecret{}
		}
	}
	if kept.RefreshToken == "" || kept.ClientSecret == "" {
		return kept, usage("the stored sign-in of profile "+s.Profile+" is not whole", "sign in again: zlock auth login")
	}
	a.hide(kept.ClientSecret, kept.RefreshToken)
	return kept, nil
}

// keep stores a sign-in with its secrets.
func (a *app) keep(s *signIn, kept keptSecret) error {
	path := a.world.signInPath(s.Profile)
	switch s.Store {
	case storeFile:
		s.Secrets = &kept
	case storeKeyring:
		body, err := json.Marshal(kept)
		if err != nil {
			return fmt.Errorf("store sign-in: %w", err)
		}
		if err := a.world.Keyring.Set(s.Entry, string(body)); err != nil {
			return usage("the sign-in could not be stored in the keyring: "+clean(err.Error()), "store it in a file only you may read: --store file")
		}
	}
	body, err := json.MarshalIndent(s, "", "  ")
	if err == nil {
		err = writePrivate(path, append(body, '\n'))
	}
	if err != nil && s.Store == storeKeyring {
		_ = a.world.Keyring.Delete(s.Entry) // it would be found by nobody
	}
	return err
}

// forget removes a sign-in from this machine.
func (a *app) forget(s *signIn) error {
	var err error
	if s.Store == storeKeyring {
		if err = a.world.Keyring.Delete(s.Entry); errors.Is(err, ErrNoEntry) {
			err = nil
		}
		if err != nil {
			err = fmt.Errorf("forget sign-in: keyring: %w", err)
		}
	}
	if gone := os.Remove(a.world.signInPath(s.Profile)); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
		err = errors.Join(err, fmt.Errorf("forget sign-in: %w", gone))
	}
	return err
}
