package batch_test

import (
	"strings"
	"testing"
	"time"

	"zlock/batch"
	"zlock/zoho"
	"zlock/zoho/sim"
)

// Trouble with the question who is signed in is no answer to it: while others' locks are to be left, rows
// wait for one instead of failing, and the question is not asked for each of them.
func TestWhoIsSignedInIsAskedAgain(t *testing.T) {
	locked := func(do sim.Kind, until time.Duration) []sim.Fault {
		return []sim.Fault{{Match: sim.Match{Op: sim.OpUsers, Until: until}, Do: do}}
	}
	for _, test := range []struct {
		name   string
		action batch.Action
		script []sim.Fault
		want   batch.Outcome
		asked  int // at most
	}{
		{"503 for some seconds", batch.ActionUnlock, locked(sim.Status503, 12*time.Second), batch.Unlocked, 5},
		{"a page for some seconds", batch.ActionUnlock, locked(sim.HTML502Before, 12*time.Second), batch.Unlocked, 5},
		{"a page for ever", batch.ActionUnlock, locked(sim.HTML502Before, 0), batch.Pending, 9},
		{"refused", batch.ActionUnlock, locked(sim.Forbidden, 0), batch.Failed, 1},
		{"a page for ever, of locks whose answers are lost", batch.ActionLock,
			append(locked(sim.HTML502Before, 0), sim.Fault{Match: sim.Match{Op: sim.OpLock, Nth: 1}, Do: sim.DropAfter}), batch.Locked, 9},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				rows := locksOf(40, "Deals")
				for i := range rows {
					rows[i].Action = test.action
				}
				s := newStage(t, sim.Config{Script: test.script}, rows)
				s.onlyOurs = true
				report, run := s.work(batch.Options{})
				if said := strings.Contains(report.Why, "who is signed in"); said != (test.want == batch.Pending) {
					t.Errorf("it ended with %q", report.Why)
				}
				for _, row := range s.rows() {
					if row.Outcome != test.want {
						t.Errorf("row %d: %s %s (%s), want %s", row.Seq, row.Outcome, row.Code, row.Message, test.want)
					}
				}
				asked := 0
				for _, e := range s.org.Log() {
					if e.Op == sim.OpUsers {
						asked++
					}
				}
				if asked == 0 || asked > test.asked {
					t.Errorf("asked %d times who is signed in, want 1 to %d", asked, test.asked)
				}
				s.spent(run)
			})
		})
	}
}

// However long nobody says who is signed in, hardly more rows are in flight on disk than are worked or dealt
// ahead: after a crash all of them are in doubt.
func TestNoMoreInHandWhileNobodySaysWho(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const rows, workers = 400, 2
		list := locksOf(rows, "Deals")
		for i := range list {
			list[i].Action = batch.ActionUnlock
		}
		s := newStage(t, sim.Config{Script: []sim.Fault{
			{Match: sim.Match{Op: sim.OpUsers, Until: 12 * time.Second}, Do: sim.HTML502Before},
		}}, list)
		s.onlyOurs = true
		most := int64(0)
		_, run := s.work(batch.Options{Workers: workers, Observe: func(batch.Progress) {
			now, err := s.db.Find(t.Context(), s.run.ID)
			if err != nil {
				t.Fatal(err)
			}
			most = max(most, now.Counts[batch.Sending])
		}})
		const asked = 2 // rows that asked, and wait, before it was known that nothing else is to be begun
		if most > 2*workers+asked {
			t.Errorf("%d rows in flight, want %d at most", most, 2*workers+asked)
		}
		s.counts(run, map[batch.Outcome]int64{batch.Unlocked: rows})
		s.spent(run)
	})
}

// What is settled without knowing who is signed in, since that question gets no answer, is not when it gets
// one: a refused sign-in ends the run, and the row stays in doubt.
func TestRefusedSignInIsNoSilence(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const refused = 25 * time.Second
		s := newStage(t, sim.Config{Script: []sim.Fault{
			{Match: sim.Match{Op: sim.OpLock}, Do: sim.DropAfter},
			{Match: sim.Match{Op: sim.OpUsers, Until: refused}, Do: sim.HTML502Before},
			{Match: sim.Match{Op: sim.OpUsers, From: refused}, Do: sim.TokenRevoked},
		}}, locksOf(8, "Deals"))
		report, run := s.sit(t.Context(), t.Context(), batch.Options{Workers: 1}, zoho.LimiterConfig{Rate: 0.5})
		if report.StoppedBy != batch.StopAuth {
			t.Errorf("stopped by %q (%s)", report.StoppedBy, report.Why)
		}
		if run.Counts[batch.Locked] == 0 || run.Counts[batch.Unknown] == 0 {
			t.Errorf("%v, want some locked while there was silence, and some in doubt", run.Counts)
		}
	})
}
