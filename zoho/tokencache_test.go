package zoho_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"zlock/zoho"
)

func TestCacheIsShared(t *testing.T) {
	m := &mint{}
	config := signIn(m)
	config.CachePath = filepath.Join(t.TempDir(), "org", "token.json")
	mustToken(t, newTokens(t, config), "t1")
	second := newTokens(t, config)
	mustToken(t, second, "t1")
	m.mustHaveBeenCalled(t, 1)
	if got := second.APIDomain(); got != "https://www.zohoapis.eu" {
		t.Errorf("got API %q", got)
	}
	info, err := os.Stat(config.CachePath)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
	text, err := os.ReadFile(config.CachePath)
	if err != nil || strings.Contains(string(text), "canary") {
		t.Errorf("the file holds more than the access token: %s, %v", text, err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(config.CachePath), ".token-*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestCacheOfAnother: a token is never used for a sign-in other than the one that it was made for.
func TestCacheOfAnother(t *testing.T) {
	changes := map[string]func(*zoho.TokenConfig){
		"client":        func(c *zoho.TokenConfig) { c.ClientID = "1000.OTHER" },
		"refresh token": func(c *zoho.TokenConfig) { c.RefreshToken = zoho.NewSecret("other") },
		"data centre":   func(c *zoho.TokenConfig) { c.Accounts = "https://accounts.zoho.eu" },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			m := &mint{}
			config := signIn(m)
			config.CachePath = filepath.Join(t.TempDir(), "token.json")
			mustToken(t, newTokens(t, config), "t1")
			change(&config)
			mustToken(t, newTokens(t, config), "t2")
		})
	}
}

func TestCacheNotTrusted(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(path string) error
	}{
		{"readable by the group", func(path string) error { return os.Chmod(path, 0o640) }},
		{"readable by all", func(path string) error { return os.Chmod(path, 0o604) }},
		{"a link", func(path string) error {
			return errors.Join(os.Rename(path, path+".real"), os.Symlink(path+".real", path))
		}},
		{"damaged", func(path string) error { return os.WriteFile(path, []byte(`{"key":`), 0o600) }},
		{"endless", func(path string) error { return os.Truncate(path, 1<<30) }},
		{"empty", func(path string) error { return os.Truncate(path, 0) }},
		{"gone", os.Remove},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := &mint{}
			config := signIn(m)
			config.CachePath = filepath.Join(t.TempDir(), "token.json")
			mustToken(t, newTokens(t, config), "t1")
			if err := tt.spoil(config.CachePath); err != nil {
				t.Fatal(err)
			}
			mustToken(t, newTokens(t, config), "t2")
			mustToken(t, newTokens(t, config), "t2") // it is whole again
			m.mustHaveBeenCalled(t, 2)
		})
	}
}

func TestCacheNotWritable(t *testing.T) {
	m := &mint{}
	config := signIn(m)
	config.CachePath = filepath.Join(t.TempDir(), "file", "token.json")
	if err := os.WriteFile(filepath.Dir(config.CachePath), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tokens := newTokens(t, config)
	for n := range 5 {
		tokens.Invalidate(mustToken(t, tokens, fmt.Sprintf("t%d", n+1)))
	}
	_, err := tokens.Token(t.Context())
	if e := asError(t, err); e.Kind != zoho.TokenThrottled {
		t.Errorf("got %v: the calls must be counted even so", e)
	}
}

func TestCachedTokenThatRanOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &mint{}
		config := signIn(m)
		config.CachePath = filepath.Join(t.TempDir(), "token.json")
		mustToken(t, newTokens(t, config), "t1")
		time.Sleep(2 * time.Hour)
		mustToken(t, newTokens(t, config), "t2")
	})
}

// TestProcessesShareOneRefresh: two processes are told at the same time that their token is dead.
func TestProcessesShareOneRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &mint{takes: time.Second}
		config := signIn(m)
		config.CachePath = filepath.Join(t.TempDir(), "token.json")
		held := make(chan struct{}, 1)
		config.Lock = func(ctx context.Context) (func(), error) {
			select {
			case held <- struct{}{}:
				return func() { <-held }, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		one, two := newTokens(t, config), newTokens(t, config)
		mustToken(t, one, "t1")
		mustToken(t, two, "t1")
		var wg sync.WaitGroup
		for _, tokens := range []*zoho.Tokens{one, two} {
			wg.Go(func() {
				tokens.Invalidate(zoho.NewSecret("t1"))
				if got, err := tokens.Token(t.Context()); err != nil || got.Reveal() != "t2" {
					t.Errorf("got %q, %v", got.Reveal(), err)
				}
			})
		}
		wg.Wait()
		m.mustHaveBeenCalled(t, 2)
		if len(held) != 0 {
			t.Error("the lock is still held")
		}
	})
}

func TestProcessesCountTogether(t *testing.T) {
	m := &mint{}
	config := signIn(m)
	config.CachePath = filepath.Join(t.TempDir(), "token.json")
	for n := range 5 {
		tokens := newTokens(t, config)
		if n > 0 {
			tokens.Invalidate(mustToken(t, tokens, fmt.Sprintf("t%d", n)))
		}
		mustToken(t, tokens, fmt.Sprintf("t%d", n+1))
	}
	last := newTokens(t, config)
	last.Invalidate(mustToken(t, last, "t5"))
	if _, err := last.Token(t.Context()); asError(t, err).Kind != zoho.TokenThrottled {
		t.Errorf("got %v", err)
	}
	m.mustHaveBeenCalled(t, 5)
}

func TestLockNotHad(t *testing.T) {
	config := signIn(farEnd(func(*http.Request) (*http.Response, error) { return nil, errors.New("must not be asked") }))
	config.Lock = func(context.Context) (func(), error) { return nil, os.ErrPermission }
	_, err := newTokens(t, config).Token(t.Context())
	if e := asError(t, err); e.Kind != zoho.NotSent || !errors.Is(e, os.ErrPermission) {
		t.Errorf("got %v", e)
	}
}
