package checkpoint

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Purse is what an organisation has spent in 24 hours over all checkpoints of this machine: a directory
// with a file for each checkpoint that says what its runs have spent, and one for calls that belong to
// no run. A checkpoint's own ledger is exact; the purse is how the others know of it.
type Purse struct{ dir string }

// NewPurse returns the purse in a directory, which is made by the first Publish or Add.
func NewPurse(dir string) Purse { return Purse{dir} }

// spent is one file of a purse.
type spent struct {
	Spent []spending `json:"spent"`
}

type spending struct {
	At      time.Time `json:"at"`
	Credits int       `json:"credits"`
}

const (
	purseSuffix = ".json"
	ofNoRun     = "calls-of-no-run"
)

// Others returns what was spent from elsewhere in the 24 hours before now: by every checkpoint but the
// one of that name, and by calls of no run. A file that cannot be read is an error: what it hides may be
// a day's credits.
func (p Purse) Others(name string, now time.Time) ([]Spend, error) {
	entries, err := os.ReadDir(p.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read what others spent: %w", err)
	}
	var all []Spend
	for _, e := range entries {
		of, ok := strings.CutSuffix(e.Name(), purseSuffix)
		if !ok || of == name {
			continue
		}
		some, err := p.read(of, now)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// OfRuns returns what the runs of all checkpoints have spent in the 24 hours before now.
func (p Purse) OfRuns(now time.Time) ([]Spend, error) { return p.Others(ofNoRun, now) }

// OfNoRun returns what calls that belong to no run have cost in the 24 hours before now.
func (p Purse) OfNoRun(now time.Time) ([]Spend, error) { return p.read(ofNoRun, now) }

// Publish replaces what others are told of a checkpoint. What is more than 24 hours old is left out.
func (p Purse) Publish(name string, all []Spend, now time.Time) error {
	var doc spent
	for _, s := range all {
		if s.Credits > 0 && s.At.After(now.Add(-window-bucketWidth)) {
			doc.Spent = append(doc.Spent, spending{s.At.UTC(), s.Credits})
		}
	}
	text, err := json.Marshal(doc)
	if err == nil {
		err = p.replace(name, text)
	}
	if err != nil {
		return fmt.Errorf("tell others what was spent: %w", err)
	}
	return nil
}

// Add books calls that belong to no run. Less than no credits gives back some that were booked ahead.
func (p Purse) Add(ctx context.Context, credits int, now time.Time) error {
	if credits == 0 {
		return nil
	}
	unlock, err := LockFile(ctx, filepath.Join(p.dir, ofNoRun+".lock"))
	if err != nil {
		return fmt.Errorf("book credits: %w", err)
	}
	defer unlock()
	all, err := p.read(ofNoRun, now)
	if err != nil {
		return err
	}
	if at := time.Unix(bucketOf(now), 0); credits > 0 && (len(all) == 0 || !all[len(all)-1].At.Equal(at)) {
		all = append(all, Spend{At: at})
	}
	for i := len(all) - 1; i >= 0 && credits != 0; i-- { // what is given back was booked of late
		most := max(credits, -all[i].Credits)
		all[i].Credits += most
		credits -= most
	}
	return p.Publish(ofNoRun, all, now)
}

func (p Purse) read(name string, now time.Time) ([]Spend, error) {
	path := filepath.Join(p.dir, name+purseSuffix)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var doc spent
	if err == nil {
		err = json.Unmarshal(text, &doc)
	}
	if err != nil {
		return nil, fmt.Errorf("read what others spent: %s: %w", path, err)
	}
	var all []Spend
	for _, s := range doc.Spent {
		if s.At.After(now) {
			s.At = now // booked under a clock that was ahead
		}
		if s.At.After(now.Add(-window - bucketWidth)) {
			all = append(all, Spend(s))
		}
	}
	return all, nil
}

// replace puts a file in place as a whole, durably.
func (p Purse) replace(name string, text []byte) error {
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(p.dir, name+"-*") // of mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(p.dir, name+purseSuffix))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncDir(p.dir)
}

const (
	factName  = "checkpoint"
	factPlace = "checkpoint.place" // where the file lay when it was named
)

// Name returns what a purse knows the checkpoint by, and gives it one where it has none yet. A copy of a
// checkpoint gets a name of its own: under one name each would hide from others, and from itself, what the
// other spends. A checkpoint opened only to read that has none returns "".
func (d *DB) Name(ctx context.Context) (string, error) {
	name, err := d.Recall(ctx, "", factName)
	if err != nil {
		return "", err
	}
	place, err := d.Recall(ctx, "", factPlace)
	if err != nil || name != "" && place == d.path {
		return name, err
	}
	fresh := name == "" || d.copied(place)
	switch {
	case d.readOnly && fresh:
		return "", nil
	case d.readOnly:
		return name, nil
	case fresh:
		name = strings.ToLower(rand.Text()[:16])
	}
	// The name comes first: until the place is right as well, the copy is taken for one.
	return name, errors.Join(d.Remember(ctx, "", factName, name), d.Remember(ctx, "", factPlace, d.path))
}

// copied says whether another file lies where this one was named.
func (d *DB) copied(place string) bool {
	if place == "" {
		return false
	}
	there, err := os.Stat(place)
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	here, err := os.Stat(d.path)
	return err != nil || !os.SameFile(there, here)
}
