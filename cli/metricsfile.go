package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"zlock/batch"
	"zlock/zoho"
)

// measureEvery is how often the figures are written anew while rows are worked; a collector looks
// about as often.
const measureEvery = 15 * time.Second

// meter keeps the file of figures for a collector.
type meter struct {
	warned bool
}

// mayMeasure refuses a place where no file of figures can be put.
func mayMeasure(path string) error {
	if path == "" {
		return nil
	}
	if dir, err := os.Stat(filepath.Dir(path)); err != nil || !dir.IsDir() {
		return usage(fmt.Sprintf("--metrics %s: its directory is not there", clean(path)), "name a file in the collector's directory, such as zlock.prom")
	}
	return mayWrite(path, true, nil)
}

// measuring writes the figures at once and then now and then, until what it returns is called.
func (s *sitting) measuring() (stop func()) {
	if s.toTell().metrics == "" {
		return func() {}
	}
	// What the sitting itself writes to is not looked at from here.
	limits, run := s.limiter.Snapshot, s.run
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(measureEvery)
		defer ticker.Stop()
		for {
			s.measureRun(ctx, run, limits, nil)
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
	}()
	return func() {
		cancel()
		<-done
		s.measure(context.Background(), nil) // it may wait for hours now
	}
}

// measure writes how the sitting ended; code is what the program exits with.
func (s *sitting) measure(ctx context.Context, code *int) {
	if s.toTell().metrics == "" {
		return
	}
	limits := func() zoho.Snapshot { return zoho.Snapshot{} }
	if s.limiter != nil {
		limits = s.limiter.Snapshot
	}
	s.measureRun(ctx, s.run, limits, code)
}

// measureRun writes the figures of a run as they are now.
func (s *sitting) measureRun(ctx context.Context, run batch.Run, limits func() zoho.Snapshot, code *int) {
	now, err := s.db.Find(context.WithoutCancel(ctx), run.ID)
	if err != nil {
		s.unmeasured(err)
		return
	}
	s.unmeasured(s.putFigures(ctx, figures{run: now, limits: limits(), code: code}))
}

// unmeasured tells once that the figures could not be written, which is nothing to stop for.
func (s *sitting) unmeasured(err error) {
	if err != nil && !s.meter.warned {
		s.meter.warned = true
		s.screen.warn("the figures are not kept up to date: %s", clean(err.Error()))
	}
}

// putFigures puts figures into the file for them, with what is known of the org.
func (s *sitting) putFigures(ctx context.Context, f figures) error {
	f.org, f.now = s.org.describe(), s.world.Now()
	f.spent = max(s.spent(ctx), int64(f.limits.Spent24h)) // the limiter also knows of other checkpoints'
	if err := mayWrite(s.toTell().metrics, true, s.place.files(f.run)); err != nil {
		return err
	}
	return replaceFile(s.toTell().metrics, f.text())
}

// spent is what the org has been charged in the last 24 hours, as far as this checkpoint knows.
func (s *sitting) spent(ctx context.Context) int64 {
	ledger, err := s.db.Spent(context.WithoutCancel(ctx), s.org.key, s.world.Now())
	if err != nil {
		s.log.Warn("the credits of the last 24 hours are not known", "error", err)
	}
	var sum int64
	for _, one := range ledger {
		sum += int64(one.Credits)
	}
	return sum
}

// replaceFile puts a text in a file's place, as a whole. A file that was there keeps its permissions; a
// new one may be read by everybody, unlike all others that we make: a collector is another user, and
// what stands in it are counts, and the names of the job file, the profile and the host.
func replaceFile(path string, text []byte) error {
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".zlock-*") // no name that a collector would take up
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp.Name()) }() // gone already when all went well
	_, err = temp.Write(text)
	if err = errors.Join(err, temp.Chmod(mode), temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}
