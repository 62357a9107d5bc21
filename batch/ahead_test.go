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

// TestReservedWhateverWaits: rows in doubt that have piled up, all due by now, are read back with what they
// cost reserved: whenever the process is killed, no more was spent than is booked.
func TestReservedWhateverWaits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const rows, workers = 200, 1
		s := newStage(t, sim.Config{
			Latency: func() time.Duration { return time.Millisecond },
			Script:  []sim.Fault{{Match: sim.Match{Op: sim.AnyWrite, Until: 50 * time.Millisecond}, Do: sim.DropBefore}},
		}, locksOf(rows, "Leads"))
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
