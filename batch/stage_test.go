package batch_test

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"zlock/batch"
	"zlock/checkpoint"
	"zlock/zoho"
	"zlock/zoho/sim"
)

// stage is one org, one checkpoint and one run on it: the real client over the simulator's
// transport, the real store on a real file.
type stage struct {
	t        *testing.T
	org      *sim.Org
	db       *checkpoint.DB
	run      batch.Run
	last     *zoho.Limiter
	onlyOurs bool // other users' locks are left

	wire func(http.RoundTripper) http.RoundTripper // what stands between us and the org; nil for nothing
}

// bubble runs a test in a bubble whose clock stands at a day of our own choosing.
func bubble(t *testing.T, do func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, do)
}

func locksOf(n int, module string) []batch.Row {
	rows := make([]batch.Row, 0, n)
	for i := range n {
		rows = append(rows, batch.Row{Module: module, RecordID: fmt.Sprintf("58431040000%08d", 10000+3*i), Action: batch.ActionLock, Reason: "quarter end"})
	}
	return rows
}

func newStage(t *testing.T, cfg sim.Config, rows []batch.Row) *stage {
	t.Helper()
	if cfg.Records == nil {
		cfg.Records = recordsOf(rows, cfg.Me)
	}
	if cfg.Latency == nil {
		cfg.Latency = sim.Between(50*time.Millisecond, 90*time.Millisecond, 1)
	}
	org, err := sim.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	db, err := checkpoint.Open(t.Context(), filepath.Join(t.TempDir(), "zlock.db"))
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, org: org, db: db}
	t.Cleanup(func() { _ = db.Close(); _ = org.Close() })
	s.enrol(rows)
	return s
}

// recordsOf is an org that holds just the rows' records, locked by us where they are to be unlocked
// or re-worded.
func recordsOf(rows []batch.Row, me sim.User) func(func(sim.Record) bool) {
	return func(yield func(sim.Record) bool) {
		seen := map[string]bool{}
		for _, r := range rows {
			key := r.Module + r.RecordID
			if seen[key] {
				continue
			}
			seen[key] = true
			rec := sim.Record{Module: r.Module, ID: r.RecordID}
			if r.Action != batch.ActionLock {
				rec.Lock = &sim.Lock{Reason: "before", By: me}
			}
			if !yield(rec) {
				return
			}
		}
	}
}

func (s *stage) enrol(rows []batch.Row) {
	s.t.Helper()
	s.enrolAs("20260930-220000-abcd", rows)
}

func (s *stage) enrolAs(id string, rows []batch.Row) {
	s.t.Helper()
	run := batch.Run{ID: id, Org: "org", Format: "csv", CreatedAt: time.Now()}
	e, err := s.db.Enrol(s.t.Context(), run)
	if err != nil {
		s.t.Fatal(err)
	}
	for i, r := range rows {
		r.Seq, r.Line, r.Outcome = int64(i+1), i+2, batch.Pending
		after := r.After
		r.After = 0
		if err := e.Add(r); err != nil {
			s.t.Fatal(err)
		}
		if after != 0 {
			if err := e.Mark(r.Seq, batch.Pending, "", "", after); err != nil {
				s.t.Fatal(err)
			}
		}
	}
	if s.run, err = e.Finish(s.t.Context(), run); err != nil {
		s.t.Fatal(err)
	}
}

// sit works on the run once, with contexts that end when told.
func (s *stage) sit(soft, hard context.Context, o batch.Options, l zoho.LimiterConfig) (batch.Report, batch.Run) {
	s.t.Helper()
	session, err := s.db.Begin(s.t.Context(), s.run.ID, "pid 1 on test")
	if err != nil {
		s.t.Fatal(err)
	}
	o.RunID, o.AnyOwner = s.run.ID, !s.onlyOurs
	if o.Workers == 0 {
		o.Workers = 8
	}
	l.Cap = o.Workers
	s.last = zoho.NewLimiter(l)
	report, err := batch.NewRunner(session, s.client(), s.last, o).Run(soft, hard)
	if err != nil {
		s.t.Fatal(err)
	}
	run, err := session.End(s.t.Context(), batch.Paused, report.StoppedBy)
	if err != nil {
		s.t.Fatal(err)
	}
	return report, run
}

func (s *stage) client() *zoho.Client {
	s.t.Helper()
	tokens, err := zoho.NewTokens(zoho.TokenConfig{
		Accounts: "http://127.0.0.1", ClientID: "1000.A", ClientSecret: zoho.NewSecret("s"), RefreshToken: zoho.NewSecret("r"),
		Limiter: s.last, Transport: s.org.Transport(),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	transport := s.org.Transport()
	if s.wire != nil {
		transport = s.wire(transport)
	}
	client, err := zoho.New(zoho.Config{API: "http://127.0.0.1", Tokens: tokens, Limiter: s.last, Transport: transport})
	if err != nil {
		s.t.Fatal(err)
	}
	return client
}

func (s *stage) work(o batch.Options) (batch.Report, batch.Run) {
	s.t.Helper()
	return s.sit(s.t.Context(), s.t.Context(), o, zoho.LimiterConfig{})
}

func (s *stage) rows() []checkpoint.RowReport {
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

// counts fails unless the run's rows ended as want says, and nothing else.
func (s *stage) counts(run batch.Run, want map[batch.Outcome]int64) {
	s.t.Helper()
	for _, o := range batch.Outcomes() {
		if run.Counts[o] != want[o] {
			s.t.Errorf("%s: %d rows, want %d", o, run.Counts[o], want[o])
		}
	}
}

// settled fails unless the org's own state bears every final outcome out, and no change was
// applied twice.
func (s *stage) settled() {
	s.t.Helper()
	applied := map[string]int{}
	for _, e := range s.org.Log() {
		if e.Applied && e.Actor != sim.Patricia().ID {
			applied[e.Module+" "+e.ID]++
		}
	}
	for _, r := range s.rows() {
		lock, locked := s.org.Lock(r.Module, r.RecordID)
		bad := ""
		switch r.Outcome {
		case batch.Locked:
			if !locked || lock.ID != r.LockID {
				bad = fmt.Sprintf("the record's lock is %q", lock.ID)
			}
		case batch.Unlocked, batch.AlreadyUnlocked:
			if locked {
				bad = "the record is locked"
			}
		case batch.ReasonUpdated, batch.AlreadySet:
			if lock.Reason != r.Reason {
				bad = fmt.Sprintf("its reason is %q", lock.Reason)
			}
		}
		if bad != "" {
			s.t.Errorf("row %d, %s %s: %s", r.Seq, r.RecordID, r.Outcome, bad)
		}
		if n := applied[r.Module+" "+r.RecordID]; n > 1 {
			s.t.Errorf("row %d, %s: changed %d times", r.Seq, r.RecordID, n)
		}
	}
}

// spent fails unless credits booked are the calls that the org received.
func (s *stage) spent(run batch.Run) {
	s.t.Helper()
	var rows int64
	for _, r := range s.rows() {
		rows += int64(r.Credits)
	}
	got := int64(s.org.Stats().Calls)
	if run.Credits != got || run.Calls != got {
		s.t.Errorf("booked %d credits and %d calls, the org received %d", run.Credits, run.Calls, got)
	}
	if rows != got {
		s.t.Errorf("rows' shares add up to %d credits, the org received %d calls", rows, got)
	}
}

// sends counts the calls of one kind that the org received for a record.
// sentOnce says which rows were not sent once and no more.
func (s *stage) sentOnce(op sim.Op) {
	s.t.Helper()
	for _, r := range s.rows() {
		if n := s.sends(op, r.RecordID); n != 1 {
			s.t.Errorf("row %d was sent %d times", r.Seq, n)
		}
	}
}

func (s *stage) sends(op sim.Op, id string) int {
	n := 0
	for _, e := range s.org.Log() {
		if e.Op == op && e.ID == id {
			n++
		}
	}
	return n
}
