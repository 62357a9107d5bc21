package batch_test

import (
	"testing"

	"zlock/batch"
	"zlock/zoho/sim"
)

// An unlock whose remembered lock is gone is looked up; where that look meets a passing fault the row
// looks again, and does not go on with the lock that is gone.
func TestUnlockOfOurLockThatChangedMeetsTrouble(t *testing.T) {
	for _, kind := range []sim.Kind{sim.Throttle429, sim.Status500Before, sim.DropBefore} {
		for _, mode := range []batch.Composite{batch.CompositeOff, batch.CompositeOn} {
			t.Run(string(kind)+" "+string(mode), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					rows := locksOf(6, "Deals")
					s := newStage(t, sim.Config{
						Composite: sim.CompositeAll,
						Script:    []sim.Fault{{Match: sim.Match{Op: sim.OpList, Nth: 1}, Do: kind}},
					}, rows)
					s.work(batch.Options{})
					for _, r := range rows {
						for _, act := range []struct {
							op   sim.Op
							lock *sim.Lock
						}{{sim.OpUnlock, nil}, {sim.OpLock, &sim.Lock{Reason: "hers"}}} {
							if _, err := s.org.Act(sim.Patricia(), act.op, sim.Record{Module: r.Module, ID: r.RecordID, Lock: act.lock}); err != nil {
								t.Fatal(err)
							}
						}
					}
					before := s.org.Stats().Calls
					s.enrolAs("20260930-220001-abcd", asUnlocks(rows))
					learnt := map[string]bool{}
					_, run := s.work(batch.Options{Composite: mode, LearnAdmits: func(op string, ok bool) { learnt[op] = ok }})
					s.counts(run, map[batch.Outcome]int64{batch.Unlocked: 6})
					s.bare(rows)
					s.spentSince(run, before)
					for op, ok := range learnt {
						if !ok {
							t.Errorf("it was learnt that composites do not take calls to %s", op)
						}
					}
					for _, r := range s.rows() {
						if r.Previous == nil || r.Previous.Reason != "hers" {
							t.Errorf("row %d: %s %s, previous %+v", r.Seq, r.Code, r.Message, r.Previous)
						}
					}
				})
			})
		}
	}
}
