package zoho

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

const (
	maxAsks     = 5 // calls to the token endpoint in askWindow; Zoho blocks after 10
	askWindow   = 10 * time.Minute
	maxCacheLen = 64 << 10
)

// cacheFile is what processes share about one sign-in: its access token, and when it asked for one.
type cacheFile struct {
	Key       string      `json:"key"` // binds the file to the sign-in, see cacheKey
	Token     string      `json:"access_token,omitempty"`
	Got       time.Time   `json:"got,omitzero"`
	Expires   time.Time   `json:"expires,omitzero"`
	APIDomain string      `json:"api_domain,omitempty"`
	Asked     []time.Time `json:"asked,omitempty"`    // calls of the last askWindow
	Failures  int         `json:"failures,omitempty"` // calls since the last that Zoho answered properly
	Blocked   time.Time   `json:"blocked,omitzero"`   // Zoho throttles the sign-in until then
}

func (f cacheFile) access() access {
	return access{token: NewSecret(f.Token), got: f.Got, expires: f.Expires, apiDomain: f.APIDomain}
}

func (f *cacheFile) keep(a access) {
	f.Token, f.Got, f.Expires, f.APIDomain = a.token.Reveal(), a.got, a.expires, a.apiDomain
}

// asked books a call to the token endpoint, and the block that it met.
func (f *cacheFile) asked(now time.Time, e *Error) {
	f.Asked = append(f.recent(now), now)
	f.Failures++
	if e == nil || e.Phase != PhaseNotSent {
		f.Failures = 0
	}
	if e != nil && e.Kind == TokenThrottled {
		f.Blocked = now.Add(e.RetryAfter)
	}
}

// recent returns the calls of the last askWindow; one from the future, of a clock set back, is dropped.
func (f *cacheFile) recent(now time.Time) []time.Time {
	var recent []time.Time
	for _, at := range f.Asked {
		if age := now.Sub(at); age >= 0 && age < askWindow {
			recent = append(recent, at)
		}
	}
	return recent
}

// pause returns how long to wait after a call that went wrong for no fault of the sign-in, so that a
// short outage of the token endpoint does not use up the calls of the window.
func (f *cacheFile) pause(now time.Time) time.Duration {
	recent := f.recent(now)
	if f.Failures <= 0 || len(recent) == 0 {
		return 0
	}
	steps := [...]time.Duration{5 * time.Second, 15 * time.Second, renewPause}
	step := steps[min(f.Failures, len(steps))-1]
	return recent[len(recent)-1].Add(step).Sub(now)
}

// latest returns when the last call was made.
func (f *cacheFile) latest() time.Time {
	if len(f.Asked) == 0 {
		return time.Time{}
	}
	return f.Asked[len(f.Asked)-1]
}

// mayAsk refuses a call that Zoho would block us for, and says how long to wait.
func (f *cacheFile) mayAsk(now time.Time) *Error {
	wait, why := time.Duration(0), ""
	if left := f.Blocked.Sub(now); left > 0 && left <= tokenBlock {
		wait, why = left, "Zoho blocks this sign-in for having asked for too many access tokens"
	} else if recent := f.recent(now); len(recent) >= maxAsks {
		wait = recent[len(recent)-maxAsks].Add(askWindow).Sub(now)
		why = fmt.Sprintf("%d access tokens were asked for within %v; is something else using up this sign-in's tokens?", len(recent), askWindow)
	}
	if wait == 0 {
		return nil
	}
	return (&Error{Op: OpToken, Index: -1, Kind: TokenThrottled, Message: why, RetryAfter: wait}).settleToken()
}

// cacheKey binds the file to one sign-in at one accounts host: another's token is never used.
func (t *Tokens) cacheKey() string {
	sum := sha256.Sum256([]byte("zlock\x00" + t.cfg.Accounts + "\x00" + t.cfg.ClientID + "\x00" + t.cfg.RefreshToken.Reveal()))
	return hex.EncodeToString(sum[:])
}

// readCache returns what the processes share, or what this one knows by itself where the file is missing,
// cannot be trusted, or could not be written.
func (t *Tokens) readCache() cacheFile {
	file := t.readShared()
	file.APIDomain = t.believe(file.APIDomain)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.own.latest().After(file.latest()) {
		return t.own
	}
	return file
}

func (t *Tokens) readShared() cacheFile {
	empty := cacheFile{Key: t.cacheKey()}
	if t.cfg.CachePath == "" {
		return empty
	}
	file, err := loadCache(t.cfg.CachePath)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.log.Warn("access token file ignored", "error", err)
	}
	if err != nil || file.Key != empty.Key {
		return empty
	}
	return file
}

// loadCache reads a cache file that only its owner can read.
func loadCache(path string) (cacheFile, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return cacheFile{}, fmt.Errorf("read token cache: %w", err)
	}
	if !info.Mode().IsRegular() || looseMode(info.Mode()) {
		return cacheFile{}, fmt.Errorf("read token cache: %s: not a regular file that only its owner may read (mode %v)", path, info.Mode())
	}
	file, err := os.Open(path)
	if err != nil {
		return cacheFile{}, fmt.Errorf("read token cache: %w", err)
	}
	defer file.Close() // it was only read
	var f cacheFile
	body, err := io.ReadAll(io.LimitReader(file, maxCacheLen))
	if err == nil {
		err = json.Unmarshal(body, &f)
	}
	if err != nil {
		return cacheFile{}, fmt.Errorf("read token cache: %s: damaged", path)
	}
	return f, nil
}

// looseMode reports whether others than the owner may read. Windows has no such modes: it shows 0666 for
// every file, and guards the state directory itself.
func looseMode(mode os.FileMode) bool { return runtime.GOOS != "windows" && mode.Perm()&0o077 != 0 }

// writeCache remembers f, and replaces the shared file as a whole.
func (t *Tokens) writeCache(f cacheFile) error {
	t.mu.Lock()
	t.own = f
	t.mu.Unlock()
	if t.cfg.CachePath == "" {
		return nil
	}
	body, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("write token cache: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(t.cfg.CachePath), 0o700); err != nil {
		return fmt.Errorf("write token cache: %w", err)
	}
	return replaceFile(t.cfg.CachePath, body)
}

// replaceFile writes body to a new file that only its owner may read, and puts it in the place of path.
func replaceFile(path string, body []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(path), ".token-*") // 0600
	if err != nil {
		return fmt.Errorf("write token cache: %w", err)
	}
	_, err = temp.Write(body)
	if err = errors.Join(err, temp.Close()); err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write token cache: %w", errors.Join(err, os.Remove(temp.Name())))
	}
	return nil
}
