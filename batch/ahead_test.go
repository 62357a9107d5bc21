package batch_test

import (
	"context"
	"testing"
	"time"

	"zlock/batch"
	"zlock/zoho"
	"zlock/zoho/sim"
)

// watched is a store that looks, before each commit, at what a crash just then would leave booked.
type watched struct {
	batch.Store
	look func()
}

// Commit is batch.Store's.
func (w watched) Commit(ctx context.Context, c batch.Changes) ([]batch.Row, error) {
	w.look()
	return w.Store.Commit(ctx, c)
}

// TestReservedWhateverWaits: rows in doubt that have piled up are read back with what they cost reserved:
// whenever the process is killed, no more was spent than is booked. They come due a few at a time, or, since
// the worker hung meanwhile, all together.
func TestReservedWhateverWaits(t *testing.T) {
	lost := sim.Fault{Match: sim.Match{Op: sim.AnyWrite, Until: 50 * time.Millisecond}, Do: sim.DropBefore}
	hung := sim.Fault{Match: sim.Match{Op: sim.OpList, From: 58 * time.Second, Until: 61 * time.Second}, Do: sim.Hang}
	each := sim.Fault{Match: sim.Match{Op: sim.AnyWrite, Until: 30 * time.Second, Every: 2, Overall: true}, Do: sim.DropBefore}
	for name, script := range map[string][]sim.Fault{"a few": {lost}, "all together": {each, hung}} {
		t.Run(name, func(t *testing.T) { reservedWhateverWaits(t, script) })
	}
}

func reservedWhateverWaits(t *testing.T, script []sim.Fault) {
	bubble(t, func(t *testing.T) {
		const rows, workers = 200, 1
		s := newStage(t, sim.Config{Latency: func() time.Duration { return time.Millisecond }, Script: script}, locksOf(rows, "Leads"))
		session, err := s.db.Begin(t.Context(), s.run.ID, "pid 1 on test")
		if err != nil {
			t.Fatal(err)
		}
		worst := 0
		look := func() {
			spends, err := s.db.Spent(t.Context(), "org", time.Now())
			if err != nil {
				t.Fatal(err)
			}
			booked := 0
			for _, x := range spends {
				booked += x.Credits
			}
			worst = max(worst, int(s.org.Stats().Calls)-booked)
		}
		s.last = zoho.NewLimiter(zoho.LimiterConfig{Cap: workers})
		o := batch.Options{RunID: s.run.ID, AnyOwner: true, Workers: workers}
		if _, err := batch.NewRunner(watched{session, look}, s.client(), s.last, o).Run(t.Context(), t.Context()); err != nil {
			t.Fatal(err)
		}
		if worst > 0 {
			t.Errorf("a crash would have left %d calls unbooked", worst)
		}
		run, err := session.End(t.Context(), batch.Paused, "")
		if err != nil {
			t.Fatal(err)
		}
		s.counts(run, map[batch.Outcome]int64{batch.Locked: rows})
		s.spent(run)
	})
}

// TestNoMoreInHandThanPromised: whatever rows wait for, no more are in flight on disk than twice those that
// are worked: after a crash all of them are in doubt.
func TestNoMoreInHandThanPromised(t *testing.T) {
	for _, tt := range []struct {
		name   string
		config sim.Config
	}{
		{"many come due together", sim.Config{Script: []sim.Fault{
			{Match: sim.Match{Op: sim.AnyWrite, Until: time.Second, Every: 10, Overall: true}, Do: sim.DropBefore},
			{Match: sim.Match{Op: sim.OpLock, From: time.Second, Until: 1200 * time.Millisecond}, Do: sim.Hang},
		}}},
		{"the sign-in is throttled", sim.Config{Tokens: sim.TokenConfig{Limit: 1}, Script: []sim.Fault{
			{Match: sim.Match{Op: sim.OpLock, Nth: 20, Overall: true}, Do: sim.TokenRevoked},
		}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				const rows, workers = 400, 2
				tt.config.Latency = func() time.Duration { return 10 * time.Millisecond }
				s := newStage(t, tt.config, locksOf(rows, "Leads"))
				most, struck := int64(0), false
				_, run := s.work(batch.Options{Workers: workers, Observe: func(batch.Progress) {
					now, err := s.db.Find(t.Context(), s.run.ID)
					if err != nil {
						t.Fatal(err)
					}
					most = max(most, now.Counts[batch.Sending])
					struck = struck || len(s.org.Stats().Faults) == len(tt.config.Script)
				}})
				if most > 2*workers || !struck {
					t.Errorf("%d rows in flight, want %d at most; all faults struck: %v", most, 2*workers, struck)
				}
				s.counts(run, map[batch.Outcome]int64{batch.Locked: rows})
				s.settled()
				s.spent(run)
			})
		})
	}
}
