package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/zalando/go-keyring"
)

// Keyring keeps secrets for the user as the operating system does. An error other than ErrNoEntry says
// that there is no keyring, or that it cannot be used now.
type Keyring interface {
	Get(entry string) (string, error) // ErrNoEntry where there is none
	Set(entry, secret string) error
	Delete(entry string) error // ErrNoEntry where there is none
}

// ErrNoEntry says that a keyring can be used, and holds nothing under that name.
var ErrNoEntry = errors.New("no such entry in the keyring")

const (
	keyringService = "zlock"          // under which all our entries stand
	keyringWait    = 30 * time.Second // a person may have to unlock it
)

// systemKeyring is the keyring of the operating system.
type systemKeyring struct{}

// Get returns the secret of an entry.
func (systemKeyring) Get(entry string) (string, error) {
	var secret string
	err := onKeyring(func() (err error) {
		secret, err = keyring.Get(keyringService, entry)
		return err
	})
	return secret, err
}

// Set keeps a secret under an entry, in the place of what was there.
func (systemKeyring) Set(entry, secret string) error {
	return onKeyring(func() error { return keyring.Set(keyringService, entry, secret) })
}

// Delete forgets an entry.
func (systemKeyring) Delete(entry string) error {
	return onKeyring(func() error { return keyring.Delete(keyringService, entry) })
}

// onKeyring bounds the time for which a keyring may keep us waiting: one that asks somebody who is not
// there to unlock it never answers.
func onKeyring(do func() error) error {
	if !hasKeyring() {
		return errors.New("this session has no D-Bus session bus")
	}
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		if errors.Is(err, keyring.ErrNotFound) {
			return ErrNoEntry
		}
		return err
	case <-time.After(keyringWait):
		return fmt.Errorf("the keyring did not answer within %s: is it locked?", keyringWait)
	}
}

// hasKeyring reports whether it makes sense to try. Without a session bus the library would start a
// program to make one.
func hasKeyring() bool {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" || os.Getenv("DBUS_SESSION_BUS_ADDRESS") != "" {
		return true
	}
	for _, name := range []string{"bus", "dbus-session"} {
		if _, err := os.Stat(filepath.Join("/run/user", strconv.Itoa(os.Getuid()), name)); err == nil {
			return true
		}
	}
	return false
}
