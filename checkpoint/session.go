package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"zlock/batch"
	"zlock/internal/crash"
)

// Session is one sitting at a run: the batch.Store of its runner. Its methods are safe for concurrent
// use, one at a time.
type Session struct {
	mu   sync.Mutex
	link *link
	file presence
	over error // why nothing more is written

	path     string
	id, org  string
	n        int64 // the run's number
	sitting  int64
	commits  int64 // as last seen: moves with every commit
	last     time.Time
	patience time.Duration // how long a passing fault is tried again

	// What this sitting has dealt. It changes only once a commit is known to have happened.
	doubts   []doubt            // rows found in doubt that are not dealt yet, in order
	cursor   int64              // key up to which pending rows were dealt or passed over
	first    int64              // the key before the run's first pending row when the sitting began
	skip     []string           // modules passed over so far
	held     map[int64]struct{} // keys of pending rows that are shown, or were given back: not dealt again
	reserved reservations
	changed  map[int64]int    // of the commit being written: lent to one after the other
	modules  map[int64]string // names of modules, by id: neither is ever changed
}

// doubt is a row found in doubt.
type doubt struct {
	key    int64
	module string
}

// errEnded says that a session was ended before.
var errEnded = errors.New("the session has ended")

// Commit writes c as one durable transaction and returns the rows dealt by it: see batch.Store. Once
// it has begun it does not end with ctx. A fault that may pass (another program's lock, a full disk) is
// tried again for ten seconds. An error ends the session: *TakenError, *GoneError, *DamagedError, or
// one that says what the disk said.
func (s *Session) Commit(ctx context.Context, c batch.Changes) ([]batch.Row, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over != nil {
		return nil, fmt.Errorf("commit to run %s: %w", s.id, s.over)
	}
	if c.Now.IsZero() {
		c.Now = time.Now()
	}
	var w *writing
	err := s.persist(context.WithoutCancel(ctx), func(ctx context.Context) error {
		w = newWriting(s, c)
		defer crash.At("in-commit")
		return w.all(ctx)
	})
	if err == nil {
		err = s.file.check()
	}
	if err != nil {
		s.over = fmt.Errorf("commit to run %s: %w", s.id, explain(s.path, err))
		return nil, s.over
	}
	w.keep()
	return w.rows, nil
}

const (
	// persistFor is how long a passing fault is tried again.
	persistFor = 10 * time.Second
	// persistPause is the longest wait between two tries.
	persistPause = 500 * time.Millisecond
)

// persist runs do in a transaction until it is known to have happened, or not to. A failed commit is
// itself ambiguous: with a fault in its last sync, it can be there all the same. So after an error the
// file is opened anew, and the run's count of commits says which it was.
func (s *Session) persist(ctx context.Context, do func(context.Context) error) error {
	began := time.Now()
	var failed error
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, persistPause) {
		happened, err := s.ready(ctx)
		switch {
		case err != nil:
		case failed != nil && happened:
			return nil
		case failed != nil && !passing(failed):
			return failed
		default:
			err = s.attempt(ctx, do)
		}
		if err == nil || certain(err) {
			return err
		}
		if s.link == nil && !passing(err) || time.Since(began) > s.patience {
			s.drop()
			return errors.Join(failed, err)
		}
		if err := s.file.check(); err != nil {
			return err
		}
		s.drop()
		failed = err
		if noRoom(err) {
			ballastOf(s.path).drop()
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// certain says whether an error of ours ended a transaction: it did not happen.
func certain(err error) bool {
	var r *refusal
	var t *TakenError
	var g *GoneError
	return errors.As(err, &r) || errors.As(err, &t) || errors.As(err, &g)
}

func (s *Session) attempt(ctx context.Context, do func(context.Context) error) error {
	err := s.link.transact(ctx, do)
	if err == nil {
		s.commits++
	}
	return err
}

// ready sees to it that there is a connection. A new one is made after a fault, and then happened
// says whether the commit that met it is there.
func (s *Session) ready(ctx context.Context) (happened bool, err error) {
	if s.link != nil {
		return false, nil
	}
	if err := s.file.checkDB(); err != nil {
		return false, err // what lies there now is another file: it is not touched
	}
	l, err := newLink(ctx, s.path)
	if err != nil {
		return false, err
	}
	happened, err = s.compare(ctx, l)
	if err != nil {
		_ = l.close()
		return false, err
	}
	s.link = l
	return happened, nil
}

func (s *Session) compare(ctx context.Context, l *link) (happened bool, err error) {
	if s.file, err = see(s.path); err != nil {
		return false, err
	}
	var commits, sitting int64
	if err := l.get(ctx, "SELECT commits, sitting FROM runs WHERE n = ?", []any{s.n}, &commits, &sitting); err != nil {
		return false, err
	}
	if sitting != s.sitting {
		return false, &TakenError{Run: s.id}
	}
	happened = commits == s.commits+1
	s.commits = commits
	return happened, nil
}

func (s *Session) drop() {
	if s.link != nil {
		_ = s.link.close()
		s.link = nil
	}
}

// End ends the sitting: rows still in flight become unknown, and the run is left in state, stopped
// by cause. A run with no open row is completed whatever state says, and one with open rows is not:
// it is paused then. End works after a failed Commit too, if the file can be written again. It
// returns the run as it stands.
func (s *Session) End(ctx context.Context, state batch.State, cause batch.StopCause) (batch.Run, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if errors.Is(s.over, errEnded) {
		return batch.Run{}, fmt.Errorf("end run %s: %w", s.id, s.over)
	}
	ctx = context.WithoutCancel(ctx)
	if s.over != nil {
		if g := (*GoneError)(nil); errors.As(s.over, &g) {
			return batch.Run{}, fmt.Errorf("end run %s: %w", s.id, g)
		}
		s.drop() // what the connection is in the middle of is not known
	}
	var run batch.Run
	err := s.persist(ctx, func(ctx context.Context) error {
		var err error
		run, err = s.end(ctx, state, cause)
		crash.At("in-end")
		return err
	})
	if err == nil {
		err = s.file.check()
	}
	s.over = errEnded
	s.drop()
	ballastOf(s.path).drop()
	if err != nil {
		return batch.Run{}, fmt.Errorf("end run %s: %w", s.id, explain(s.path, err))
	}
	return run, nil
}

func (s *Session) end(ctx context.Context, state batch.State, cause batch.StopCause) (batch.Run, error) {
	now := time.Now()
	if err := s.letGo(ctx, now); err != nil {
		return batch.Run{}, err
	}
	counts, err := talliesOf(ctx, s.link, s.n)
	if err != nil {
		return batch.Run{}, err
	}
	switch open := (batch.Run{Counts: counts}).Open(); {
	case open == 0:
		state, cause = batch.Completed, ""
	case state == batch.Completed:
		state = batch.Paused
	}
	n, err := s.link.exec(ctx, `UPDATE runs SET state = ?, stopped_by = ?, ended_at = ?, updated_at = ?, worked = worked + ?,
		owner = '', reserved = 0, commits = commits + 1 WHERE n = ? AND sitting = ?`,
		string(state), string(cause), stamp(now), stamp(now), s.since(now), s.n, s.sitting)
	if err != nil {
		return batch.Run{}, err
	}
	if n == 0 {
		return batch.Run{}, &TakenError{Run: s.id}
	}
	k, err := exactly(ctx, s.link.conn, s.id)
	k.Counts = counts
	return k.Run, err
}

// letGo makes rows that are still in flight unknown. A runner that works leaves none: where there are
// some, what the rows in hand had reserved may have been spent.
func (s *Session) letGo(ctx context.Context, now time.Time) error {
	n, err := s.unsettle(ctx, now)
	if err != nil || n == 0 {
		return err
	}
	var reserved int
	if err := s.link.get(ctx, "SELECT reserved FROM runs WHERE n = ?", []any{s.n}, &reserved); err != nil {
		return err
	}
	if _, err := s.link.exec(ctx, "UPDATE runs SET credits = credits + reserved, calls = calls + reserved WHERE n = ?", s.n); err != nil {
		return err
	}
	return book(ctx, linkWriter{s.link}, s.org, reserved, reserved, now)
}

// unsettle makes rows in flight unknown, sent as late as now for all that is known, and returns how
// many. Their calls were never answered for: each row is charged what was reserved for it, one credit,
// or two where it had read a lock before changing it.
func (s *Session) unsettle(ctx context.Context, now time.Time) (int64, error) {
	first, last := keys(s.n)
	n, err := s.link.exec(ctx, `UPDATE rows SET state = 'unknown', sent_at = ?, credits = credits + 1 + (previous IS NOT NULL)
		WHERE key BETWEEN ? AND ? AND state = 'sending'`, stamp(now), first, last)
	if err != nil || n == 0 {
		return n, err
	}
	return n, move(ctx, s.link, s.n, map[batch.Outcome]int64{batch.Sending: -n, batch.Unknown: n})
}

// move changes the counts of a run.
func move(ctx context.Context, l *link, n int64, by map[batch.Outcome]int64) error {
	var cases, states string
	var moves, named []any
	for _, o := range batch.Outcomes() { // in their order, so that the statements are few
		if d := by[o]; d != 0 {
			cases, states = cases+" WHEN ? THEN ?", states+", ?"
			moves, named = append(moves, string(o), d), append(named, string(o))
		}
	}
	if len(moves) == 0 {
		return nil
	}
	_, err := l.exec(ctx, "UPDATE tallies SET n = n + CASE state"+cases+" END WHERE run = ? AND state IN ("+states[2:]+")",
		slices.Concat(moves, []any{n}, named)...)
	if err != nil {
		return fmt.Errorf("count rows: %w", err)
	}
	return nil
}

// since is the time worked since the last commit; a clock that was set back has none.
func (s *Session) since(now time.Time) time.Duration { return max(now.Sub(s.last), 0) }

// Close lets the run go without ending the sitting, as a crash would: the next Begin finds what was
// in flight in doubt. After End it does nothing.
func (s *Session) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over == nil {
		s.over = errors.New("the session was closed")
	}
	if s.link == nil {
		return nil
	}
	err := s.link.close()
	s.link = nil
	return err
}
