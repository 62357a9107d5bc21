package batch_test

import (
	"strings"
	"testing"
	"time"

	"zlock/batch"
	"zlock/zoho"
	"zlock/zoho/sim"
)

func TestRunLocksUnlocksRewords(t *testing.T) {
	bubble(t, func(t *testing.T) {
		rows := locksOf(60, "Deals")
		for i := range rows {
			switch i % 3 {
			case 1:
				rows[i].Action, rows[i].Reason = batch.ActionUnlock, ""
			case 2:
				rows[i].Action, rows[i].Reason = batch.ActionUpdateReason, "audited"
			}
		}
		s := newStage(t, sim.Config{}, rows)
		report, run := s.work(batch.Options{})
		if report.StoppedBy != "" || run.State != batch.Completed {
			t.Fatalf("stopped by %q, state %s: %s", report.StoppedBy, run.State, report.Why)
		}
		s.counts(run, map[batch.Outcome]int64{batch.Locked: 20, batch.Unlocked: 20, batch.ReasonUpdated: 20})
		s.settled()
		s.spent(run)
		if most := s.org.Stats().MaxInFlight; most > 8 {
			t.Errorf("%d calls at once, want at most 8", most)
		}
		for _, r := range s.rows() {
			if r.Action != batch.ActionLock && r.PreviousReason != "before" {
				t.Errorf("row %d: previous reason %q, want what the lock said before", r.Seq, r.PreviousReason)
			}
			if r.Attempts != 1 {
				t.Errorf("row %d: %d attempts, want 1", r.Seq, r.Attempts)
			}
		}
	})
}

// Every agreed way of misbehaving, and what becomes of the row.
func TestAgreedTroubles(t *testing.T) {
	tests := []struct {
		name   string
		id     string
		action batch.Action
		want   batch.Outcome
		code   string
	}{
		{"locked by another", "5843104000000419001", batch.ActionLock, batch.AlreadyLocked, ""},
		{"locked by a rule", "5843104000000419002", batch.ActionLock, batch.AlreadyLocked, ""},
		{"locked by ourselves before", "5843104000000419013", batch.ActionLock, batch.AlreadyLocked, ""},
		{"no such record", "5843104000000419004", batch.ActionLock, batch.Failed, "INVALID_DATA"},
		{"no permission", "5843104000000419005", batch.ActionLock, batch.Failed, "NO_PERMISSION"},
		{"lost after its effect", "5843104000000419006", batch.ActionLock, batch.Locked, ""},
		{"lost before its effect", "5843104000000419007", batch.ActionLock, batch.Locked, ""},
		{"429 first", "5843104000000419008", batch.ActionLock, batch.Locked, ""},
		{"500 without effect", "5843104000000419009", batch.ActionLock, batch.Locked, ""},
		{"502 after the effect", "5843104000000419010", batch.ActionLock, batch.Locked, ""},
		{"cut body", "5843104000000419011", batch.ActionLock, batch.Locked, ""},
		{"late effect", "5843104000000419012", batch.ActionLock, batch.Locked, ""},
		{"slow", "5843104000000419014", batch.ActionLock, batch.Locked, ""},
		{"not locked", "5843104000000419000", batch.ActionUnlock, batch.AlreadyUnlocked, ""},
		{"unlock of a rule's lock", "5843104000000419002", batch.ActionUnlock, batch.Failed, batch.CodeAutomaticLock},
		{"unlock of both", "5843104000000419003", batch.ActionUnlock, batch.Failed, batch.CodeAutomaticLock},
		{"unlock lost after its effect", "5843104000000419006", batch.ActionUnlock, batch.Unlocked, ""},
		{"unlock lost before its effect", "5843104000000419007", batch.ActionUnlock, batch.Unlocked, ""},
		{"unlock, cut body", "5843104000000419011", batch.ActionUnlock, batch.Unlocked, ""},
		{"unlock, look answered with 503", "5843104000000419015", batch.ActionUnlock, batch.Unlocked, ""},
		{"unlock, lock changes hands", "5843104000000419017", batch.ActionUnlock, batch.Failed, batch.CodeLockChanged},
		{"reason so already", "5843104000000419013", batch.ActionUpdateReason, batch.AlreadySet, ""},
		{"reason of no lock", "5843104000000419000", batch.ActionUpdateReason, batch.Failed, batch.CodeNotLocked},
		{"reason of a rule's lock", "5843104000000419002", batch.ActionUpdateReason, batch.Failed, batch.CodeAutomaticLock},
		{"reason lost after its effect", "5843104000000419006", batch.ActionUpdateReason, batch.ReasonUpdated, ""},
		{"reason lost before its effect", "5843104000000419007", batch.ActionUpdateReason, batch.ReasonUpdated, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				row := batch.Row{Module: "Deals", RecordID: test.id, Action: test.action, Reason: "Locked earlier by this user"}
				s := newStage(t, sim.Config{ByID: true}, []batch.Row{row})
				_, run := s.work(batch.Options{MaxFailureRate: 0})
				got := s.rows()[0]
				if got.Outcome != test.want || got.Code != test.code {
					t.Fatalf("%s %s (%s), want %s %s", got.Outcome, got.Code, got.Message, test.want, test.code)
				}
				s.settled()
				s.spent(run)
			})
		})
	}
}

// A record whose every change is answered with 500 never fails: passing faults use up the sends,
// and the row stays pending.
func TestOutOfAttemptsStaysPending(t *testing.T) {
	bubble(t, func(t *testing.T) {
		rows := append(locksOf(5, "Deals"), batch.Row{Module: "Deals", RecordID: "5843104000000419016", Action: batch.ActionLock, Reason: "r"})
		s := newStage(t, sim.Config{ByID: true}, rows)
		report, run := s.work(batch.Options{Attempts: 2})
		if report.StoppedBy != batch.StopAttempts {
			t.Errorf("stopped by %q, want attempts", report.StoppedBy)
		}
		s.counts(run, map[batch.Outcome]int64{batch.Locked: 5, batch.Pending: 1})
		if n := s.sends(sim.OpLock, "5843104000000419016"); n != 2 {
			t.Errorf("sent %d times, want 2", n)
		}
		s.spent(run)
	})
}

func TestOnLocked(t *testing.T) {
	for _, test := range []struct {
		name string
		on   batch.OnLocked
		want batch.Outcome
	}{
		{"skip", batch.OnLockedSkip, batch.AlreadyLocked},
		{"update the reason", batch.OnLockedUpdateReason, batch.ReasonUpdated},
		{"fail", batch.OnLockedFail, batch.Failed},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				row := batch.Row{Module: "Deals", RecordID: "5843104000000419001", Action: batch.ActionLock, Reason: "ours now"}
				s := newStage(t, sim.Config{ByID: true}, []batch.Row{row})
				_, run := s.work(batch.Options{OnLocked: test.on})
				s.counts(run, map[batch.Outcome]int64{test.want: 1})
				s.spent(run)
				if lock, _ := s.org.Lock("Deals", row.RecordID); (lock.Reason == "ours now") != (test.on == batch.OnLockedUpdateReason) {
					t.Errorf("the lock's reason is %q now", lock.Reason)
				}
			})
		})
	}
}

// A module without a locking configuration is left out; the others are finished.
func TestBlockedModule(t *testing.T) {
	bubble(t, func(t *testing.T) {
		rows := append(locksOf(40, "Deals"), locksOf(40, "Quotes")...)
		for i := range rows { // interleave
			if i%2 == 1 && i < 40 {
				rows[i], rows[79-i] = rows[79-i], rows[i]
			}
		}
		s := newStage(t, sim.Config{Modules: map[string]sim.Module{"Deals": {}, "Quotes": {Locking: sim.NotConfigured}}}, rows)
		report, run := s.work(batch.Options{})
		if report.StoppedBy != batch.StopConfiguration || report.Blocked["Quotes"] == nil || report.Blocked["Deals"] != nil {
			t.Errorf("stopped by %q, blocked %v", report.StoppedBy, report.Blocked)
		}
		s.counts(run, map[batch.Outcome]int64{batch.Locked: 40, batch.Pending: 40})
		s.spent(run)
	})
}

func TestNobodyMayLock(t *testing.T) {
	for _, test := range []struct {
		name  string
		stand sim.Standing
		want  zoho.Kind
		cause batch.StopCause
	}{
		{"edition", sim.Standing{EditionBarred: true}, zoho.NoEdition, batch.StopConfiguration},
		{"scope", sim.Standing{ScopeMissing: []sim.Op{sim.AnyWrite}}, zoho.ScopeMissing, batch.StopAuth},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newStage(t, sim.Config{Standing: test.stand}, locksOf(30, "Deals"))
				report, run := s.work(batch.Options{})
				if report.Fatal == nil || report.Fatal.Kind != test.want || report.StoppedBy != test.cause {
					t.Errorf("stopped by %q, fatal %v", report.StoppedBy, report.Fatal)
				}
				s.counts(run, map[batch.Outcome]int64{batch.Pending: 30})
				s.spent(run)
				if calls := s.org.Stats().Calls; calls > 16 {
					t.Errorf("%d calls before it stopped", calls)
				}
			})
		})
	}
}

func TestPermissionInARowStops(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newStage(t, sim.Config{Standing: sim.Standing{PermissionDenied: []sim.Op{sim.AnyWrite}}}, locksOf(200, "Deals"))
		report, run := s.work(batch.Options{})
		if report.StoppedBy != batch.StopAuth || report.Fatal == nil {
			t.Errorf("stopped by %q, fatal %v", report.StoppedBy, report.Fatal)
		}
		if n := run.Counts[batch.Failed]; n < 20 || n > 20+16 {
			t.Errorf("%d rows failed before it stopped, want 20 and those in hand at most", n)
		}
		if !strings.HasPrefix(report.Why, "20 rows in a row were refused") {
			t.Errorf("it says %q", report.Why)
		}
	})
}

// Rows of one record are carried out in file order, and not at all after one that failed.
func TestRowsOfOneRecordInOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var rows []batch.Row
		for _, r := range locksOf(20, "Deals") {
			u := r
			u.Action, u.After = batch.ActionUnlock, int64(len(rows)+1)
			rows = append(rows, r, u)
		}
		gone := batch.Row{Module: "Deals", RecordID: "5843104000000419004", Action: batch.ActionLock, Reason: "r"}
		then := gone
		then.Action, then.After = batch.ActionUnlock, int64(len(rows)+1)
		rows = append(rows, gone, then)
		s := newStage(t, sim.Config{ByID: true}, rows)
		_, run := s.work(batch.Options{})
		s.counts(run, map[batch.Outcome]int64{batch.Locked: 20, batch.Unlocked: 20, batch.Failed: 2})
		last := s.rows()[41]
		if last.Code != batch.CodePrecedingStep {
			t.Errorf("the step after the failed one has code %q", last.Code)
		}
		if n := s.sends(sim.OpList, then.RecordID); n != 0 {
			t.Errorf("the step after the failed one was sent %d times", n)
		}
		s.spent(run)
	})
}

// Throttling never fails a row and never uses up its attempts.
func TestThrottledNeverFails(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newStage(t, sim.Config{Concurrency: 3}, locksOf(300, "Deals"))
		_, run := s.work(batch.Options{Workers: 16, Attempts: 1})
		s.counts(run, map[batch.Outcome]int64{batch.Locked: 300})
		s.spent(run)
		if s.org.Stats().Throttled == 0 {
			t.Error("nothing was throttled: the test shows nothing")
		}
		for _, r := range s.rows() {
			if r.Attempts != 1 {
				t.Errorf("row %d: %d attempts, want 1", r.Seq, r.Attempts)
			}
		}
	})
}

// A lock by a stranger with the same reason, made while our answer was lost, is not ours.
func TestLostAnswerOfAnothersLock(t *testing.T) {
	bubble(t, func(t *testing.T) {
		rows := locksOf(1, "Deals")
		s := newStage(t, sim.Config{Script: []sim.Fault{{Match: sim.Match{Op: sim.OpLock, Nth: 1}, Do: sim.DropBefore}}}, rows)
		go func() {
			time.Sleep(500 * time.Millisecond)
			if _, err := s.org.Act(sim.Patricia(), sim.OpLock, sim.Record{Module: "Deals", ID: rows[0].RecordID, Lock: &sim.Lock{Reason: rows[0].Reason}}); err != nil {
				t.Error(err)
			}
		}()
		_, run := s.work(batch.Options{})
		s.counts(run, map[batch.Outcome]int64{batch.AlreadyLocked: 1})
		s.spent(run)
	})
}

func TestOutageStopsWithoutFailures(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newStage(t, sim.Config{Script: []sim.Fault{{Match: sim.Match{From: 2 * time.Second, Until: 2 * time.Hour}, Do: sim.Outage}}}, locksOf(500, "Deals"))
		report, run := s.sit(t.Context(), t.Context(), batch.Options{}, zoho.LimiterConfig{MaxOutage: 10 * time.Minute})
		if report.StoppedBy != batch.StopOutage {
			t.Errorf("stopped by %q (%s)", report.StoppedBy, report.Why)
		}
		if run.Counts[batch.Failed] != 0 {
			t.Errorf("%d rows failed for an outage", run.Counts[batch.Failed])
		}
		time.Sleep(2 * time.Hour)
		_, run = s.work(batch.Options{})
		s.counts(run, map[batch.Outcome]int64{batch.Locked: 500})
		s.settled()
		s.spent(run)
	})
}

// Without leave to take others' locks away, one that the job file names is looked at too.
func TestOthersLocksAreLeft(t *testing.T) {
	for _, test := range []struct {
		name   string
		lockID string
		by     sim.User
		want   batch.Outcome
		code   string
	}{
		{"another's", "", sim.Patricia(), batch.Failed, batch.CodeOtherOwner},
		{"another's, named", "5843104300000000001", sim.Patricia(), batch.Failed, batch.CodeOtherOwner},
		{"ours, named", "5843104300000000001", sim.User{}, batch.Unlocked, ""},
		{"ours, another named", "5843104300000000002", sim.User{}, batch.Failed, batch.CodeLockChanged},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				row := batch.Row{Module: "Deals", RecordID: "5843104000000410001", Action: batch.ActionUnlock, LockID: test.lockID}
				s := newStage(t, sim.Config{Records: func(yield func(sim.Record) bool) {
					yield(sim.Record{Module: "Deals", ID: row.RecordID, Lock: &sim.Lock{ID: "5843104300000000001", Reason: "r", By: test.by}})
				}}, []batch.Row{row})
				s.onlyOurs = true
				_, run := s.work(batch.Options{})
				got := s.rows()[0]
				if got.Outcome != test.want || got.Code != test.code {
					t.Errorf("%s %s (%s), want %s %s", got.Outcome, got.Code, got.Message, test.want, test.code)
				}
				s.spent(run)
			})
		})
	}
}
