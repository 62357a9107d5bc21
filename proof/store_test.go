package proof_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"zlock/batch"
	"zlock/proof"
	"zlock/zoho/sim"
)

// The n-th commit fails, for every n up to the run's last: before anything was written, or after all
// was. From then on no change leaves; what is known and not stored is handed over for the emergency
// file; and the next sitting ends it right without doing anything twice.
func TestEveryCommitFailsOnce(t *testing.T) {
	struck, rescued := 0, 0
	for _, when := range []string{"before", "after"} {
		for n := 1; n <= tier(t).of(12, 200, 200); n++ {
			done := false
			synctest.Test(t, func(t *testing.T) {
				b := newBreakage(t, n, when)
				b.finish()
				struck += b.faults.total()
				rescued += len(b.rescued)
				done = b.faults.total() == 0
			})
			if done {
				break // the run has fewer commits
			}
		}
	}
	figure(t, "store: commits failed, one after the other", "%d: no change sent after, nothing lost, resumed right", struck)
	figure(t, "store: outcomes handed over for the emergency file", "%d", rescued)
	if struck == 0 || rescued == 0 {
		t.Errorf("%d commits failed, %d outcomes were rescued: something was never tried", struck, rescued)
	}
}

// breakage is a run whose n-th commit of the first sitting fails.
type breakage struct {
	*stand
	faults  *storeFaults
	broke   time.Time
	rescued []batch.Result
	told    []batch.Result
}

func newBreakage(t *testing.T, n int, when string) *breakage {
	t.Helper()
	var rows []batch.Row
	var records []sim.Record
	for i := range 40 {
		r := batch.Row{Seq: int64(i + 1), Line: i + 2, Module: "Deals", RecordID: recordID(i), Outcome: batch.Pending, Action: batch.ActionLock, Reason: "quarter end"}
		rec := sim.Record{Module: r.Module, ID: r.RecordID}
		if i%2 == 1 {
			r.Action, r.Reason, rec.Lock = batch.ActionUnlock, "", &sim.Lock{Reason: "before"}
		}
		rows, records = append(rows, r), append(records, rec)
	}
	b := &breakage{faults: &storeFaults{}}
	b.stand = newStand(t, uint64(n), sim.Config{
		Records: func(yield func(sim.Record) bool) {
			for _, r := range records {
				if !yield(r) {
					return
				}
			}
		},
		Latency: sim.Between(50*time.Millisecond, 150*time.Millisecond, uint64(n)),
		Script:  []sim.Fault{{Do: sim.DropAfter, Match: sim.Match{Op: sim.AnyWrite, Prob: 0.1}}},
	}, rows)
	b.sit(sitting{
		options: batch.Options{Workers: 4, AnyOwner: true, Rescue: func(lost []batch.Result) error {
			b.rescued = append(b.rescued, lost...)
			return nil
		}, Observe: func(p batch.Progress) { b.told = append(b.told, p.Results...) }},
		store: func(store batch.Store) batch.Store {
			return &faultyStore{Store: store, faults: b.faults, at: func(k int) string {
				if k != n {
					return ""
				}
				b.broke = time.Now()
				return when
			}}
		},
	})
	return b
}

// finish judges how the sitting broke off, goes on, and judges the end.
func (b *breakage) finish() {
	b.t.Helper()
	if b.faults.total() > 0 {
		b.nothingSentSince()
		b.nothingLost()
		b.toldIsStored()
	}
	b.untilDone(5, func(int) sitting {
		return sitting{options: batch.Options{Workers: 4, AnyOwner: true}}
	})
	b.judged(proof.Options{Sends: 3, AnyOwner: true, Settle: time.Minute, Cap: 4})
	for _, r := range b.rows() {
		if want := map[batch.Action]batch.Outcome{batch.ActionLock: batch.Locked, batch.ActionUnlock: batch.Unlocked}[r.Action]; r.Outcome != want {
			b.t.Errorf("row %d is %s, want %s", r.Seq, r.Outcome, want)
		}
	}
}

// nothingSentSince is P8: what was under way at the failure may end, nothing that changes begins.
func (b *breakage) nothingSentSince() {
	b.t.Helper()
	for _, at := range b.line.sent() {
		if at.After(b.broke) {
			b.t.Errorf("a change left %v after the store had failed", at.Sub(b.broke))
		}
	}
}

// toldIsStored is P1: what was told of a row is what the checkpoint says.
func (b *breakage) toldIsStored() {
	b.t.Helper()
	rows := b.rows()
	for _, told := range b.told {
		if r := rows[told.Seq-1]; told.Outcome.Final() && r.Outcome != told.Outcome {
			b.t.Errorf("row %d was told to be %s, and is stored as %s", told.Seq, told.Outcome, r.Outcome)
		}
	}
}

// nothingLost fails unless every change that was answered is stored, or was handed over.
func (b *breakage) nothingLost() {
	b.t.Helper()
	known := map[string]bool{}
	rows := b.rows()
	for _, r := range rows {
		known[r.RecordID] = r.Outcome.Final()
	}
	for _, r := range b.rescued {
		if r.Outcome.Final() {
			known[rows[r.Seq-1].RecordID] = true
		}
	}
	for _, e := range b.org.Log() {
		if e.Applied && e.Fault == "" && !known[e.ID] {
			b.t.Errorf("record %s: the answer to event %d is neither stored nor handed over", e.ID, e.Seq)
		}
	}
}

// A store that is only slow, or deals little at a time, changes nothing.
func TestSlowStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMixed(t, 5, 120)
		faults := &storeFaults{slow: 0.5, short: 0.5}
		n := 0
		run := s.untilDone(200, func(int) sitting {
			n++
			return sitting{options: batch.Options{Workers: 8, AnyOwner: true}, store: func(store batch.Store) batch.Store {
				return &faultyStore{Store: store, faults: faults, random: newRandom(uint64(n))}
			}}
		})
		s.judged(proof.Options{Sends: 3, AnyOwner: true, Settle: time.Minute, Cap: 8})
		s.mixedRight(run)
		if faults.count["slow"] == 0 || faults.count["short"] == 0 {
			t.Errorf("%v: something was never tried", faults.count)
		}
		figure(t, "store: slow commits, short deals", "%s", fmt.Sprint(faults.count["slow"], ", ", faults.count["short"]))
	})
}
