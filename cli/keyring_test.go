package cli_test

import (
	"errors"
	"sync"

	"zlock/cli"
)

// fakeKeyring is a keyring in memory, or one that is not there.
type fakeKeyring struct {
	mu      sync.Mutex
	entries map[string]string
	broken  error // why it cannot be used; nil when it can
}

var errNoBus = errors.New("this session has no D-Bus session bus")

func (k *fakeKeyring) Get(entry string) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	secret, ok := k.entries[entry]
	if k.broken == nil && !ok {
		return "", cli.ErrNoEntry
	}
	return secret, k.broken
}

func (k *fakeKeyring) Set(entry, secret string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.broken == nil {
		k.entries[entry] = secret
	}
	return k.broken
}

func (k *fakeKeyring) Delete(entry string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, ok := k.entries[entry]; k.broken == nil && !ok {
		return cli.ErrNoEntry
	}
	delete(k.entries, entry)
	return k.broken
}
