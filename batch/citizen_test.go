package batch_test

import (
	"testing"
	"time"

	"zlock/batch"
	"zlock/zoho/sim"
)

// Where Zoho takes fewer calls at once than we would make, every row is carried out all the same, and
// hardly a call is refused.
func TestFewerAtOnceThanWanted(t *testing.T) {
	for _, composite := range []batch.Composite{batch.CompositeOff, batch.CompositeAuto} {
		bubble(t, func(t *testing.T) {
			rows := locksOf(2000, "Deals")
			s := newStage(t, sim.Config{Concurrency: 4, Latency: sim.Between(100*time.Millisecond, 400*time.Millisecond, 1)}, rows)
			_, run := s.work(batch.Options{Workers: 16, Composite: composite})
			s.counts(run, map[batch.Outcome]int64{batch.Locked: 2000})
			s.settled()
			stats := s.org.Stats()
			if stats.Throttled == 0 || float64(stats.Throttled) >= 0.06*float64(stats.Calls) {
				t.Errorf("%d of %d calls were refused, want some and less than 6 %%", stats.Throttled, stats.Calls)
			}
			for _, r := range s.rows() {
				if r.Attempts != 1 {
					t.Errorf("row %d took %d attempts: a refused call is none", r.Seq, r.Attempts)
				}
			}
		})
	}
}
