package batch_test

import (
	"testing"

	"zlock/batch"
	"zlock/zoho"
	"zlock/zoho/sim"
)

// A sample settles no more rows than --limit leaves to a later stint.
func TestSampleWithinTheLimit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		rows := unlocksOf(400, "Deals")
		s := newStage(t, sim.Config{Records: orgOf(rows, func(int) standing { return bare })}, rows)
		_, run := s.work(batch.Options{Precheck: batch.PrecheckAuto, Limit: 250, Ended: 240})
		if n := run.Total - run.Counts[batch.Pending]; n > 10 {
			t.Errorf("%d rows were worked where --limit left 10", n)
		}
	})
}

// Near the end of --max-credits no composite leaves that could put more rows in doubt than there are
// credits to read back.
func TestCompositeNearTheEndOfMaxCredits(t *testing.T) {
	for most := 6; most <= 14; most++ {
		bubble(t, func(t *testing.T) {
			s := newStage(t, sim.Config{
				Composite: sim.CompositeAll,
				Script:    []sim.Fault{{Match: sim.Match{Op: sim.OpComposite, Nth: 2}, Do: sim.DropAfter}, {Match: sim.Match{Op: sim.OpComposite, Nth: 3}, Do: sim.DropAfter}},
			}, locksOf(400, "Deals"))
			_, run := s.sit(t.Context(), t.Context(), batch.Options{Composite: batch.CompositeOn, Workers: 5, Me: zoho.User{ID: "5843104000000420001"}}, zoho.LimiterConfig{MaxCredits: most})
			if run.Counts[batch.Unknown] > 2 { // single calls that left while the reading back began
				t.Errorf("--max-credits %d: %d rows are left in doubt", most, run.Counts[batch.Unknown])
			}
			if calls := s.org.Stats().Calls; calls > most {
				t.Errorf("--max-credits %d: %d calls", most, calls)
			}
		})
	}
}
