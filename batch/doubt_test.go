package batch_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"zlock/batch"
	"zlock/zoho/sim"
)

// killed deals rows out as a process would that is killed before it sends anything.
func (s *stage) killed(deal int) {
	s.t.Helper()
	session, err := s.db.Begin(s.t.Context(), s.run.ID, "pid 1 on test")
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := session.Commit(s.t.Context(), batch.Changes{Deal: deal, Workers: deal, Now: time.Now()}); err != nil {
		s.t.Fatal(err)
	}
	if err := session.Close(); err != nil {
		s.t.Fatal(err)
	}
}

// A row that was dealt and waited for the one before it has not been sent, whatever became of its
// owner: it goes on waiting.
func TestARowThatWaitedIsNotInDoubt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		unlock := batch.Row{Module: "Deals", RecordID: "5843104000000010003", Action: batch.ActionUnlock}
		lock := batch.Row{Module: "Deals", RecordID: unlock.RecordID, Action: batch.ActionLock, Reason: "anew", After: 1}
		s := newStage(t, sim.Config{Script: []sim.Fault{{Match: sim.Match{Op: sim.OpUnlock, Nth: 1}, Do: sim.DropBefore}}}, []batch.Row{unlock, lock})
		s.killed(2)
		_, run := s.work(batch.Options{})
		s.counts(run, map[batch.Outcome]int64{batch.Unlocked: 1, batch.Locked: 1})
		if l, _ := s.org.Lock("Deals", unlock.RecordID); l.Reason != "anew" {
			t.Errorf("the record's reason is %q: the rows were carried out in another order", l.Reason)
		}
	})
}

// A lock that is on its way for most of --settle is waited for, and not sent again meanwhile.
func TestALateLockIsSentOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		rows := locksOf(1, "Deals")
		s := newStage(t, sim.Config{Script: []sim.Fault{{Match: sim.Match{Op: sim.OpLock, Nth: 1}, Do: sim.LateEffect, For: 55 * time.Second}}}, rows)
		_, run := s.work(batch.Options{})
		s.counts(run, map[batch.Outcome]int64{batch.Locked: 1})
		calls := 0
		for _, e := range s.org.Log() {
			if e.Op == sim.OpLock && !e.Late {
				calls++
			}
		}
		if calls != 1 {
			t.Errorf("sent %d times, want once", calls)
		}
	})
}

// The job file names a lock that is gone, the owner dies: nothing says that this run took it away.
func TestALockThatWasGoneBeforeIsNotClaimed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		row := batch.Row{Module: "Deals", RecordID: "5843104000000010003", Action: batch.ActionUnlock, LockID: "5843104200000000001"}
		s := newStage(t, sim.Config{Script: []sim.Fault{{Match: sim.Match{Op: sim.OpUnlock, Nth: 1}, Do: sim.DropBefore}}}, []batch.Row{row})
		s.killed(1)
		s.work(batch.Options{})
		if got := s.rows()[0]; got.Outcome != batch.Failed || got.Code != batch.CodeLockChanged {
			t.Errorf("%s %s (%s), want %s", got.Outcome, got.Code, got.Message, batch.CodeLockChanged)
		}
	})
}

// While the answer to a lock is open, finding another's lock does not settle it: should that one go,
// ours can still come to be.
func TestAlreadyLockedWaitsForTheLateEffect(t *testing.T) {
	bubble(t, func(t *testing.T) {
		row := batch.Row{Module: "Deals", RecordID: "5843104000000010003", Action: batch.ActionLock, Reason: "ours"}
		s := newStage(t, sim.Config{
			Records: func(yield func(sim.Record) bool) {
				yield(sim.Record{Module: row.Module, ID: row.RecordID, Lock: &sim.Lock{Reason: "hers", By: sim.Patricia()}})
			},
			Script: []sim.Fault{{Match: sim.Match{Op: sim.OpLock, Nth: 1}, Do: sim.LateEffect, For: 30 * time.Second}},
		}, []batch.Row{row})
		time.AfterFunc(10*time.Second, func() {
			if _, err := s.org.Act(sim.Patricia(), sim.OpUnlock, sim.Record{Module: row.Module, ID: row.RecordID}); err != nil {
				t.Error(err)
			}
		})
		_, run := s.work(batch.Options{})
		s.counts(run, map[batch.Outcome]int64{batch.Locked: 1})
		s.settled()
	})
}

// Between the look and the unlock the record's lock becomes another's, which nobody asked to take away.
func TestALockThatChangesHandsIsLeft(t *testing.T) {
	bubble(t, func(t *testing.T) {
		row := batch.Row{Module: "Deals", RecordID: "5843104000000010003", Action: batch.ActionUnlock}
		s := newStage(t, sim.Config{Latency: func() time.Duration { return 100 * time.Millisecond }}, []batch.Row{row})
		rec := sim.Record{Module: row.Module, ID: row.RecordID, Lock: &sim.Lock{Reason: "hers now"}}
		time.AfterFunc(220*time.Millisecond, func() { // token, look, then this
			for _, op := range []sim.Op{sim.OpUnlock, sim.OpLock} {
				if _, err := s.org.Act(sim.Patricia(), op, rec); err != nil {
					t.Error(err)
				}
			}
		})
		s.work(batch.Options{})
		if got := s.rows()[0]; got.Outcome != batch.Failed || got.Code != batch.CodeLockChanged {
			t.Errorf("%s %s (%s), want %s", got.Outcome, got.Code, got.Message, batch.CodeLockChanged)
		}
		if l, _ := s.org.Lock(row.Module, row.RecordID); l.By != sim.Patricia() {
			t.Error("her lock was taken away")
		}
	})
}

// A rule's lock that the job file names is refused by Zoho, not found unlocked.
func TestARulesLockThatIsNamed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		lock := sim.Lock{ID: "5843104200000000001", Source: sim.Automatic}
		row := batch.Row{Module: "Deals", RecordID: "5843104000000010003", Action: batch.ActionUnlock, LockID: lock.ID}
		s := newStage(t, sim.Config{Records: func(yield func(sim.Record) bool) {
			yield(sim.Record{Module: row.Module, ID: row.RecordID, Lock: &lock})
		}}, []batch.Row{row})
		s.work(batch.Options{})
		if got := s.rows()[0]; got.Outcome != batch.Failed || got.Code != batch.CodeAutomaticLock {
			t.Errorf("%s %s (%s), want %s", got.Outcome, got.Code, got.Message, batch.CodeAutomaticLock)
		}
	})
}

// A lost change of reason costs a look soon, two later, and the change again: settling has read what
// the change needs to know.
func TestALostChangeOfReasonIsReadOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		row := batch.Row{Module: "Deals", RecordID: "5843104000000010003", Action: batch.ActionUpdateReason, Reason: "audited"}
		s := newStage(t, sim.Config{Script: []sim.Fault{{Match: sim.Match{Op: sim.OpReason, Nth: 1}, Do: sim.DropBefore}}}, []batch.Row{row})
		_, run := s.work(batch.Options{})
		s.counts(run, map[batch.Outcome]int64{batch.ReasonUpdated: 1})
		if reads, sends := s.sends(sim.OpList, row.RecordID), s.sends(sim.OpReason, row.RecordID); reads != 4 || sends != 2 {
			t.Errorf("%d reads and %d changes, want 4 and 2", reads, sends)
		}
		s.settled()
		s.spent(run)
	})
}

// A look that is refused takes no doubt away: the change may have happened all the same.
func TestARefusedLookLeavesTheDoubt(t *testing.T) {
	for _, action := range []batch.Action{batch.ActionLock, batch.ActionUnlock} {
		t.Run(string(action), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				row := batch.Row{Module: "Deals", RecordID: "5843104000000410001", Action: action, Reason: "r", LockID: "5843104300000000001"}
				s := newStage(t, sim.Config{
					Records: func(yield func(sim.Record) bool) {
						r := sim.Record{Module: "Deals", ID: row.RecordID}
						if action == batch.ActionUnlock {
							r.Lock = &sim.Lock{ID: row.LockID, Reason: "r"}
						}
						yield(r)
					},
					Script: []sim.Fault{
						{Match: sim.Match{Op: sim.AnyWrite, Nth: 1}, Do: sim.DropAfter},
						{Match: sim.Match{Op: sim.OpList, Nth: 1}, Do: sim.Forbidden},
					},
				}, []batch.Row{row})
				report, run := s.work(batch.Options{})
				s.counts(run, map[batch.Outcome]int64{batch.Unknown: 1})
				if report.StoppedBy != batch.StopAttempts {
					t.Errorf("stopped by %q (%s)", report.StoppedBy, report.Why)
				}
				_, run = s.work(batch.Options{})
				s.counts(run, map[batch.Outcome]int64{map[batch.Action]batch.Outcome{batch.ActionLock: batch.Locked, batch.ActionUnlock: batch.Unlocked}[action]: 1})
				s.settled()
				s.spent(run)
			})
		})
	}
}

// A record that Zoho refuses without naming a cause is one failed row, and no reason to leave its
// module out.
func TestARefusalWithoutACauseIsTheRowsOwn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		rows := locksOf(12, "Deals")
		s := newStage(t, sim.Config{}, rows)
		odd := rows[3].RecordID
		s.wire = func(inner http.RoundTripper) http.RoundTripper {
			return roundTrip(func(r *http.Request) (*http.Response, error) {
				if r.Method != http.MethodPost || !strings.Contains(r.URL.Path, odd) {
					return inner.RoundTrip(r)
				}
				body := `{"code":"NOT_ALLOWED","details":{"resource_path_index":1},"message":"record is in review","status":"error"}`
				return &http.Response{StatusCode: 403, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
			})
		}
		report, run := s.work(batch.Options{})
		s.counts(run, map[batch.Outcome]int64{batch.Locked: 11, batch.Failed: 1})
		if got := s.rows()[3]; got.Code != "NOT_ALLOWED" || len(report.Blocked) != 0 {
			t.Errorf("code %q, blocked %v", got.Code, report.Blocked)
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip is http.RoundTripper's.
func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
