package proof_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"zlock/batch"
	"zlock/checkpoint"
	"zlock/proof"
	"zlock/zoho"
	"zlock/zoho/sim"
)

const runOfStand = "20260930-220000-abcd"

// stand is one pretend Zoho, one checkpoint on a real file, and one run: the whole engine but for the
// command line, for use inside a bubble.
type stand struct {
	t    *testing.T
	org  *sim.Org
	db   *checkpoint.DB
	run  batch.Run
	seed uint64

	sittings int
	crashes  int // sittings that ended without a word
	workers  int
	short    int64 // credits booked too few, found by judged
	me       zoho.User

	line *line

	initial   []sim.Record
	intents   []proof.Intent
	snapshots []proof.Snapshot
}

// sitting says how one sitting at the run goes.
type sitting struct {
	options    batch.Options
	limits     zoho.LimiterConfig
	soft, hard time.Duration // after which the first and the second signal come; 0: never
	store      func(batch.Store) batch.Store
}

// ending is what a sitting came to.
type ending struct {
	report batch.Report
	run    batch.Run
	err    error // of a store that broke
}

func newStand(t *testing.T, seed uint64, cfg sim.Config, rows []batch.Row) *stand {
	t.Helper()
	cfg.Seed = seed
	org, err := sim.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = org.Close() })
	db, err := checkpoint.Open(t.Context(), filepath.Join(t.TempDir(), "zlock.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	s := &stand{t: t, org: org, db: db, seed: seed, line: &line{to: org.Transport()}, initial: proof.Before(org)}
	s.enrol(rows)
	return s
}

func (s *stand) enrol(rows []batch.Row) {
	s.t.Helper()
	run := batch.Run{ID: runOfStand, Org: "org", Format: "csv", CreatedAt: time.Now()}
	e, err := s.db.Enrol(s.t.Context(), run)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, r := range rows {
		outcome, after := r.Outcome, r.After
		r.Outcome, r.After = batch.Pending, 0
		if err := e.Add(r); err != nil {
			s.t.Fatal(err)
		}
		if outcome == batch.Pending && after == 0 {
			continue
		}
		if err := e.Mark(r.Seq, outcome, r.Code, r.Message, after); err != nil {
			s.t.Fatal(err)
		}
	}
	if s.run, err = e.Finish(s.t.Context(), run); err != nil {
		s.t.Fatal(err)
	}
}

// sit works on the run once. A store that breaks ends the sitting as a crash would.
func (s *stand) sit(sit sitting) ending {
	s.t.Helper()
	s.sittings++
	session, err := s.db.Begin(s.t.Context(), s.run.ID, "pid 1 on test")
	if err != nil {
		s.t.Fatal(err)
	}
	defer session.Close()
	var store batch.Store = &witness{session, s}
	if sit.store != nil {
		store = sit.store(store)
	}
	var e ending
	e.report, e.err = s.runner(store, sit)(signals(s.t, sit))
	defer s.snapshot()
	if e.err != nil {
		s.crashes++
		if e.run, err = s.db.Find(s.t.Context(), s.run.ID); err != nil {
			s.t.Fatal(err)
		}
		return e
	}
	if e.run, err = session.End(s.t.Context(), batch.Paused, e.report.StoppedBy); err != nil {
		s.t.Fatal(err)
	}
	return e
}

// signals are the two contexts of a sitting.
func signals(t *testing.T, sit sitting) (soft, hard context.Context) {
	after := func(parent context.Context, d time.Duration) context.Context {
		if d <= 0 {
			return parent
		}
		ctx, cancel := context.WithTimeout(parent, d)
		t.Cleanup(cancel)
		return ctx
	}
	hard = after(t.Context(), sit.hard)
	return after(hard, sit.soft), hard
}

// runner is the engine over a store, with the client and the limiter that a command would make.
func (s *stand) runner(store batch.Store, sit sitting) func(soft, hard context.Context) (batch.Report, error) {
	s.t.Helper()
	o := sit.options
	o.RunID, o.Me, o.Learn = s.run.ID, s.me, func(u zoho.User) { s.me = u }
	o.Workers, o.Seed = max(o.Workers, 1), s.seed+uint64(s.sittings)
	s.workers = max(s.workers, o.Workers)
	spent, err := s.db.Spent(s.t.Context(), s.run.Org, time.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	l := sit.limits
	l.Cap, l.Seed, l.KeepForReads = o.Workers, o.Seed, o.Workers
	for _, was := range spent {
		l.Spent = append(l.Spent, zoho.Spend{At: was.At.Add(5 * time.Minute), Credits: was.Credits})
	}
	limiter := zoho.NewLimiter(l)
	tokens, err := zoho.NewTokens(zoho.TokenConfig{
		Accounts: "http://127.0.0.1", ClientID: "1000.A", ClientSecret: zoho.NewSecret("s"), RefreshToken: zoho.NewSecret("r"),
		Limiter: limiter, Transport: s.line,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	client, err := zoho.New(zoho.Config{API: "http://127.0.0.1", Tokens: tokens, Limiter: limiter, Transport: s.line})
	if err != nil {
		s.t.Fatal(err)
	}
	return batch.NewRunner(store, client, limiter, o).Run
}

// untilDone sits at the run until it is completed, at most so many times, each as plan says.
func (s *stand) untilDone(most int, plan func(n int) sitting) batch.Run {
	s.t.Helper()
	for n := range most {
		e := s.sit(plan(n))
		if e.run.State == batch.Completed {
			return e.run
		}
		time.Sleep(time.Second) // a person types
	}
	run, err := s.db.Find(s.t.Context(), s.run.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Fatalf("not completed after %d sittings: %v", most, run.Counts)
	return run
}

func (s *stand) rows() []checkpoint.RowReport {
	s.t.Helper()
	var rows []checkpoint.RowReport
	for r, err := range s.db.Rows(s.t.Context(), s.run.ID, nil) {
		if err != nil {
			s.t.Fatal(err)
		}
		rows = append(rows, r)
	}
	return rows
}

func (s *stand) attempts() map[int64][]batch.Attempt {
	s.t.Helper()
	all := map[int64][]batch.Attempt{}
	for _, r := range s.rows() {
		history, err := s.db.Attempts(s.t.Context(), s.run.ID, r.Seq)
		if err != nil {
			s.t.Fatal(err)
		}
		all[r.Seq] = history
	}
	return all
}

// snapshot keeps what the rows say now.
func (s *stand) snapshot() {
	snap := proof.Snapshot{Name: fmt.Sprintf("after sitting %d", s.sittings), Events: s.org.Stats().Events}
	for _, r := range s.rows() {
		snap.Rows = append(snap.Rows, proof.Told{
			Line: r.Line, Outcome: r.Outcome, Code: r.Code, LockID: r.LockID, Attempts: r.Attempts, Credits: r.Credits,
		})
	}
	s.snapshots = append(s.snapshots, snap)
}

// history is what the checker is given.
func (s *stand) history(o proof.Options) proof.History {
	s.t.Helper()
	run, err := s.db.Find(s.t.Context(), s.run.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	o.Sittings, o.Crashed = s.sittings, s.crashes > 0
	return proof.History{
		Events: s.org.Log(), Me: simMe, Initial: s.initial, Run: run, Rows: s.rows(), Attempts: s.attempts(),
		Intents: s.intents, Snapshots: s.snapshots, Options: o,
	}
}

// judged fails the test for every promise that the history breaks.
func (s *stand) judged(o proof.Options) {
	s.t.Helper()
	s.judgedBut(o, func(proof.Violation) bool { return false })
}

// judgedBut is judged without what except lets pass.
func (s *stand) judgedBut(o proof.Options, except func(proof.Violation) bool) {
	s.t.Helper()
	h := s.history(o)
	for _, v := range proof.Check(h) {
		if !except(v) && !(v.ID == "I8" && s.crashes > 0) {
			s.t.Errorf("seed %d: %s", s.seed, v)
		}
	}
	// What dies in the middle of a call that is sent again with a fresh token is booked without it.
	wire := int64(s.org.Stats().Calls)
	if slack := int64(s.crashes * s.workers); h.Run.Credits < wire-slack {
		s.t.Errorf("seed %d: %d credits booked, %d calls on the wire, %d crashes", s.seed, h.Run.Credits, wire, s.crashes)
	}
	s.short = max(0, wire-h.Run.Credits)
}

// simMe is the user that an org makes up for its caller.
const simMe = "5843104000000420001"

// recordID is the n-th record of a stand.
func recordID(n int) string { return fmt.Sprintf("58431040000%08d", 10000+3*n) }
