package checkpoint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Holder says who holds an owner's lock.
type Holder struct {
	PID     int       `json:"pid"`
	Host    string    `json:"host"`
	Since   time.Time `json:"since"`
	Run     string    `json:"run,omitempty"` // the run worked on, once known
	Command string    `json:"command,omitempty"`
}

// HeldError says that another process holds the lock.
type HeldError struct {
	Path   string
	Holder Holder // zero where the holder had no time yet to say who it is
}

// Error is a sentence that names the holder.
func (e *HeldError) Error() string {
	h := e.Holder
	if h.PID == 0 {
		return "another process works on this org: wait for it, or give --wait 10m"
	}
	s := fmt.Sprintf("process %d on %s works on this org", h.PID, h.Host)
	if h.Run != "" {
		s += ", run " + h.Run
	}
	if !h.Since.IsZero() {
		s += ", since " + h.Since.UTC().Format("2006-01-02 15:04:05 UTC")
	}
	return s + ": wait for it, or give --wait 10m"
}

// Ownership is a lock held. The kernel lets it go when the process ends, however it ends.
type Ownership struct {
	mu sync.Mutex
	f  *os.File
}

// ownPatience is how long Own goes on trying: somebody who only asks whether the lock is held
// (OwnedBy) holds it for microseconds himself.
const ownPatience = 50 * time.Millisecond

// Own takes the lock at path, a file of ours that is made if it is missing (0600, its directory
// 0700) and never removed, and writes into it who holds it. It does not wait: when another process, or
// another Own in this one, has it, the error is a *HeldError.
func Own(path string, holder Holder) (*Ownership, error) {
	return OwnWait(context.Background(), path, holder, 0)
}

// OwnWait is Own that waits for up to wait while another holds the lock, or until ctx ends.
func OwnWait(ctx context.Context, path string, holder Holder, wait time.Duration) (*Ownership, error) {
	until := time.Now().Add(max(wait, ownPatience))
	f, err := waitLock(ctx, path, exclusive, until)
	if errors.Is(err, errHeld) {
		h, _ := readHolder(path) // zero where nothing can be read: the error says enough without
		return nil, &HeldError{Path: path, Holder: h}
	}
	if err != nil {
		return nil, fmt.Errorf("take ownership: %w", err)
	}
	o := &Ownership{f: f}
	if err := o.Describe(holder); err != nil {
		o.Release()
		return nil, err
	}
	return o, nil
}

// Describe replaces what the lock's file says about its holder.
func (o *Ownership) Describe(holder Holder) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.f == nil {
		return errors.New("ownership was let go")
	}
	b, err := json.Marshal(holder)
	if err != nil {
		return fmt.Errorf("describe ownership: %w", err)
	}
	// Written over in one piece, then cut: a reader in between finds trailing text, which it
	// ignores, and never an empty file.
	if _, err := o.f.WriteAt(append(b, '\n'), 0); err != nil {
		return fmt.Errorf("describe ownership: %w", err)
	}
	if err := o.f.Truncate(int64(len(b)) + 1); err != nil {
		return fmt.Errorf("describe ownership: %w", err)
	}
	return nil
}

// Release lets the lock go. A second call does nothing.
func (o *Ownership) Release() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.f == nil {
		return
	}
	_ = o.f.Truncate(0) // what a dead holder leaves there is no harm either
	_ = unlockFile(o.f)
	_ = o.f.Close()
	o.f = nil
}

// OwnedBy says who holds the lock at path, if anybody does. The Holder is zero for one that has had
// no time yet to say who it is.
func OwnedBy(path string) (Holder, bool) {
	f, err := os.Open(path)
	if err != nil {
		return Holder{}, false
	}
	defer f.Close()
	switch err := lockFile(f, shared); {
	case err == nil:
		_ = unlockFile(f)
		return Holder{}, false
	case !errors.Is(err, errHeld):
		return Holder{}, false
	}
	h, _ := readHolder(path)
	return h, true
}

// Owned says whether anybody holds the lock at path.
func Owned(path string) bool {
	_, held := OwnedBy(path)
	return held
}

func readHolder(path string) (Holder, error) {
	var h Holder
	f, err := os.Open(path)
	if err != nil {
		return h, err
	}
	defer f.Close()
	err = json.NewDecoder(io.LimitReader(f, 64<<10)).Decode(&h)
	return h, err
}

// LockFile waits for the lock at path until ctx ends. It keeps processes (and goroutines) apart that
// share a small file for a moment; unlock lets it go.
func LockFile(ctx context.Context, path string) (unlock func(), err error) {
	f, err := waitLock(ctx, path, exclusive, time.Time{})
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return unlocker(f), nil
}

// shareLock waits for a shared lock at path until ctx ends.
func shareLock(ctx context.Context, path string) (unlock func(), err error) {
	f, err := waitLock(ctx, path, shared, time.Time{})
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return unlocker(f), nil
}

// tryLock takes the lock at path for itself alone, if it is free.
func tryLock(path string) (unlock func(), ok bool, err error) {
	f, err := openLock(path, exclusive)
	if errors.Is(err, errHeld) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("lock %s: %w", path, err)
	}
	return unlocker(f), true, nil
}

func unlocker(f *os.File) func() {
	return sync.OnceFunc(func() {
		_ = unlockFile(f)
		_ = f.Close()
	})
}

// kind is how a lock is held.
type kind int

const (
	exclusive kind = iota
	shared
)

// errHeld says that somebody else holds a lock.
var errHeld = errors.New("held by another process")

// waitLock tries at growing distances until the lock is had, until is past (unless zero), or ctx ends.
func waitLock(ctx context.Context, path string, k kind, until time.Time) (*os.File, error) {
	for wait := time.Millisecond; ; wait = min(2*wait, 100*time.Millisecond) {
		f, err := openLock(path, k)
		if !errors.Is(err, errHeld) {
			return f, err
		}
		if !until.IsZero() {
			left := time.Until(until)
			if left <= 0 {
				return nil, err
			}
			wait = min(wait, left)
		}
		if err := sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// openLock opens the file and locks it. A lock is worth something only while others find it under
// its name, so a file that was removed or replaced meanwhile is not taken.
func openLock(path string, k kind) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		if err := lockFile(f, k); err != nil {
			_ = f.Close()
			return nil, err
		}
		same, err := stillNamed(f, path)
		if err == nil && same {
			return f, nil
		}
		_ = unlockFile(f)
		_ = f.Close()
		if err != nil {
			return nil, err
		}
	}
}

func stillNamed(f *os.File, path string) (bool, error) {
	held, err := f.Stat()
	if err != nil {
		return false, err
	}
	named, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return os.SameFile(held, named), nil
}
