package batch_test

import (
	"strings"
	"testing"
	"time"

	"zlock/batch"
	"zlock/zoho/sim"
)

// asUnlocks is unlocks of the same records.
func asUnlocks(rows []batch.Row) []batch.Row {
	out := make([]batch.Row, len(rows))
	for i, r := range rows {
		out[i] = batch.Row{Module: r.Module, RecordID: r.RecordID, Action: batch.ActionUnlock}
	}
	return out
}

// An unlock of a lock that a run of ours made costs one credit, and keeps what a look would have kept.
func TestUnlockOfOurOwnLocks(t *testing.T) {
	bubble(t, func(t *testing.T) {
		rows := locksOf(200, "Deals")
		s := newStage(t, sim.Config{}, rows)
		_, run := s.work(batch.Options{})
		s.counts(run, map[batch.Outcome]int64{batch.Locked: 200})
		before := s.org.Stats()
		s.enrolAs("20260930-220001-abcd", asUnlocks(rows))
		_, run = s.work(batch.Options{})
		s.counts(run, map[batch.Outcome]int64{batch.Unlocked: 200})
		s.bare(rows)
		after := s.org.Stats()
		if calls, looks := after.Calls-before.Calls, after.ByOp[sim.OpList]-before.ByOp[sim.OpList]; calls != 200 || looks != 0 {
			t.Errorf("%d calls, %d of them looks; want 200 and none", calls, looks)
		}
		for _, r := range s.rows() {
			if r.PreviousReason != "quarter end" || r.Previous.Source != "Manual" || r.Previous.LockID == "" || r.Message != "" {
				t.Errorf("row %d: previous %+v, message %q", r.Seq, r.Previous, r.Message)
			}
		}
		s.enrolAs("20260930-220002-abcd", asUnlocks(rows[:10]))
		_, run = s.work(batch.Options{})
		s.counts(run, map[batch.Outcome]int64{batch.AlreadyUnlocked: 10})
		s.spentSince(run, after.Calls)
	})
}

// bare fails unless none of the rows' records is locked.
func (s *stage) bare(rows []batch.Row) {
	s.t.Helper()
	for _, r := range rows {
		if lock, locked := s.org.Lock(r.Module, r.RecordID); locked {
			s.t.Errorf("%s is locked: %+v", r.RecordID, lock)
		}
	}
}

// spentSince fails unless the run booked the calls since so many.
func (s *stage) spentSince(run batch.Run, since int) {
	s.t.Helper()
	if got := int64(s.org.Stats().Calls - since); run.Credits != got {
		s.t.Errorf("booked %d credits, the org received %d", run.Credits, got)
	}
}

// Where the lock is no longer the one that we made, the record is looked at as though it had never been known:
// another's goes only where any owner's may.
func TestUnlockOfOurLockThatChanged(t *testing.T) {
	for _, anyOwner := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			rows := locksOf(3, "Deals")
			s := newStage(t, sim.Config{}, rows)
			s.work(batch.Options{})
			for _, r := range rows[:2] {
				if _, err := s.org.Act(sim.Patricia(), sim.OpUnlock, sim.Record{Module: r.Module, ID: r.RecordID}); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := s.org.Act(sim.Patricia(), sim.OpLock, sim.Record{Module: "Deals", ID: rows[1].RecordID, Lock: &sim.Lock{Reason: "hers"}}); err != nil {
				t.Fatal(err)
			}
			s.enrolAs("20260930-220001-abcd", asUnlocks(rows))
			before := s.org.Stats().Calls
			s.onlyOurs = !anyOwner
			report, run := s.work(batch.Options{})
			if report.StoppedBy != "" {
				t.Fatalf("stopped by %s: %s", report.StoppedBy, report.Why)
			}
			s.spentSince(run, before)
			if anyOwner {
				s.counts(run, map[batch.Outcome]int64{batch.AlreadyUnlocked: 1, batch.Unlocked: 2})
				if previous := s.rows()[1].Previous; previous == nil || previous.Reason != "hers" {
					t.Errorf("of another's lock %+v was kept", previous)
				}
				return
			}
			s.counts(run, map[batch.Outcome]int64{batch.AlreadyUnlocked: 1, batch.Failed: 1, batch.Unlocked: 1})
			if code := s.rows()[1].Code; code != batch.CodeOtherOwner {
				t.Errorf("code %q", code)
			}
			if lock, _ := s.org.Lock("Deals", rows[1].RecordID); lock.Reason != "hers" {
				t.Errorf("another's lock was touched: %+v", lock)
			}
		})
	}
}

// A lock of another whose reason we changed is known by its id too: the results say what was not read.
// Without --any-owner it is looked at first.
func TestUnlockOfALockThatWeReworded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		rows := locksOf(1, "Deals")
		rows[0].Action, rows[0].Reason = batch.ActionUpdateReason, "audited"
		s := newStage(t, sim.Config{Records: orgOf(rows, func(int) standing { return theirs })}, rows)
		s.work(batch.Options{})
		since := s.org.Stats().Calls
		s.enrolAs("20260930-220001-abcd", asUnlocks(rows))
		_, run := s.work(batch.Options{})
		s.counts(run, map[batch.Outcome]int64{batch.Unlocked: 1})
		s.spentSince(run, since)
		r := s.rows()[0]
		if run.Credits != 1 || r.PreviousReason != "audited" || r.Previous.ByID != "" || !strings.Contains(r.Message, "who held it was not read") {
			t.Errorf("%d credits, previous %+v, message %q", run.Credits, r.Previous, r.Message)
		}
	})
}

// A lost answer to an unlock of our own lock is settled like any other.
func TestLostUnlockOfOurOwnLock(t *testing.T) {
	for _, kind := range []sim.Kind{sim.DropBefore, sim.DropAfter, sim.Status500After} {
		t.Run(string(kind), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				rows := locksOf(20, "Deals")
				s := newStage(t, sim.Config{Script: []sim.Fault{{Match: sim.Match{Op: sim.OpUnlock, Nth: 1}, Do: kind}}}, rows)
				s.work(batch.Options{})
				since := s.org.Stats().Calls
				s.enrolAs("20260930-220001-abcd", asUnlocks(rows))
				_, run := s.work(batch.Options{})
				s.counts(run, map[batch.Outcome]int64{batch.Unlocked: 20})
				s.spentSince(run, since)
				time.Sleep(time.Minute)
				s.bare(rows)
			})
		})
	}
}

// A lock and its unlock in one file: the unlock waits, and looks.
func TestUnlockOfALockOfTheSameRun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		rows := locksOf(1, "Deals")
		again := rows[0]
		steps := []batch.Row{rows[0], {Module: "Deals", RecordID: again.RecordID, Action: batch.ActionUnlock, After: 1},
			{Module: "Deals", RecordID: again.RecordID, Action: batch.ActionLock, Reason: "once more", After: 2},
			{Module: "Deals", RecordID: again.RecordID, Action: batch.ActionUnlock, After: 3}}
		s := newStage(t, sim.Config{}, steps)
		_, run := s.work(batch.Options{})
		s.counts(run, map[batch.Outcome]int64{batch.Locked: 2, batch.Unlocked: 2})
		s.enrolAs("20260930-220001-abcd", steps)
		_, run = s.work(batch.Options{Precheck: batch.PrecheckAlways})
		s.counts(run, map[batch.Outcome]int64{batch.Locked: 2, batch.Unlocked: 2})
	})
}

// The job file's own lock id spares the look too, and the row says what was not read.
func TestUnlockByLockID(t *testing.T) {
	bubble(t, func(t *testing.T) {
		row := batch.Row{Module: "Deals", RecordID: "58431040000010000", Action: batch.ActionUnlock, LockID: "5843104100000000777"}
		s := newStage(t, sim.Config{Records: func(yield func(sim.Record) bool) {
			yield(sim.Record{Module: "Deals", ID: row.RecordID, Lock: &sim.Lock{ID: row.LockID, Reason: "r"}})
		}}, []batch.Row{row})
		_, run := s.work(batch.Options{})
		s.counts(run, map[batch.Outcome]int64{batch.Unlocked: 1})
		s.spent(run)
		if r := s.rows()[0]; run.Credits != 1 || !strings.Contains(r.Message, "how it was before was not read") {
			t.Errorf("%d credits, message %q", run.Credits, r.Message)
		}
	})
}
