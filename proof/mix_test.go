package proof_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"zlock/batch"
	"zlock/proof"
	"zlock/zoho/sim"
)

// mix is the trouble of a very bad day: of all calls, 10 % are carried out and their answers lost, 5 %
// are lost on the way, 3 % are answered with half a body, 3 % with a proxy's page, 3 % with 429, and now
// and then the token is revoked.
func mix() []sim.Fault {
	part := func(kind sim.Kind, prob float64) sim.Fault {
		return sim.Fault{Do: kind, Match: sim.Match{Prob: prob}}
	}
	return []sim.Fault{
		{Do: sim.TokenRevoked, Match: sim.Match{Overall: true, Every: 397}},
		part(sim.DropAfter, 0.10), part(sim.DropBefore, 0.05), part(sim.CutBody, 0.03),
		part(sim.HTML502Before, 0.015), part(sim.HTML502After, 0.015), part(sim.Throttle429, 0.03),
	}
}

func TestFaultMix(t *testing.T) {
	sum := newToll()
	for seed := range uint64(tier(t).of(1, 3, 20)) {
		synctest.Test(t, func(t *testing.T) {
			s := newMixed(t, seed, tier(t).of(600, 4000, 10_000))
			run := s.untilDone(10, func(int) sitting {
				return sitting{options: batch.Options{Workers: 16, AnyOwner: true}}
			})
			s.judged(proof.Options{Sends: 3, AnyOwner: true, Settle: time.Minute, Cap: 16})
			s.mixedRight(run)
			sum.count(s)
		})
	}
	sum.judge(t)
}

// newMixed makes a run of so many rows, a third of each action, each of which has something to change.
func newMixed(t *testing.T, seed uint64, n int) *stand {
	t.Helper()
	var rows []batch.Row
	var records []sim.Record
	for i := range n {
		r := batch.Row{Seq: int64(i + 1), Line: i + 2, Module: "Deals", RecordID: recordID(i), Outcome: batch.Pending, Action: batch.ActionLock, Reason: "quarter end"}
		rec := sim.Record{Module: r.Module, ID: r.RecordID}
		if i%3 > 0 {
			rec.Lock = &sim.Lock{Reason: "before"}
			r.Action, r.Reason = batch.ActionUnlock, ""
		}
		if i%3 == 2 {
			r.Action, r.Reason = batch.ActionUpdateReason, "audited"
		}
		rows, records = append(rows, r), append(records, rec)
	}
	return newStand(t, seed, sim.Config{
		Records: func(yield func(sim.Record) bool) {
			for _, r := range records {
				if !yield(r) {
					return
				}
			}
		},
		Latency: sim.Between(50*time.Millisecond, 150*time.Millisecond, seed), Script: mix(),
	}, rows)
}

// mixedRight fails unless every row was carried out by this run, and is claimed to be.
func (s *stand) mixedRight(run batch.Run) {
	s.t.Helper()
	want := map[batch.Action]batch.Outcome{
		batch.ActionLock: batch.Locked, batch.ActionUnlock: batch.Unlocked, batch.ActionUpdateReason: batch.ReasonUpdated,
	}
	for _, r := range s.rows() {
		if r.Outcome != want[r.Action] {
			s.t.Errorf("row %d: %s %s (%s), want %s", r.Seq, r.Outcome, r.Code, r.Message, want[r.Action])
		}
		lock, locked := s.org.Lock(r.Module, r.RecordID)
		if locked == (r.Action == batch.ActionUnlock) || locked && lock.Reason != r.Reason {
			s.t.Errorf("row %d: %s, and the record's lock is %q", r.Seq, r.Outcome, lock.Reason)
		}
	}
	if n := run.Counts[batch.Failed]; n != 0 {
		s.t.Errorf("%d rows failed through passing faults", n)
	}
}

// toll is what lost answers cost: the calls beyond those that a row needs when nothing goes wrong,
// counted on records that one fault struck and no other.
type toll struct {
	faults int
	struck map[string]int // by what was lost
	extra  map[string]int
	calls  int
	needed int
}

func newToll() *toll { return &toll{struck: map[string]int{}, extra: map[string]int{}} }

func (n *toll) count(s *stand) {
	type record struct {
		calls  int
		faults []string
	}
	records := map[string]*record{}
	for _, e := range s.org.Log() {
		if e.ID == "" {
			continue
		}
		r := records[e.ID]
		if r == nil {
			r = &record{}
			records[e.ID] = r
		}
		r.calls++
		if e.Fault != "" || e.Status == http.StatusUnauthorized { // with a token that was revoked for all
			r.faults = append(r.faults, lossOf(e))
			n.faults++
		}
	}
	for _, row := range s.rows() {
		r, needed := records[row.RecordID], 2
		if row.Action == batch.ActionLock {
			needed = 1
		}
		n.calls, n.needed = n.calls+r.calls, n.needed+needed
		if len(r.faults) == 1 {
			n.struck[r.faults[0]]++
			n.extra[r.faults[0]] += r.calls - needed
		}
	}
}

// lossOf names what a fault took from a change, by whether the change was made.
func lossOf(e sim.Event) string {
	switch {
	case e.Fault == sim.Throttle429, e.Status == http.StatusUnauthorized:
		return "refused"
	case e.Op == sim.OpList:
		return "read lost"
	case e.Applied:
		return "answer lost after the effect"
	}
	return "request lost before the effect"
}

// judge holds the toll against what is promised.
func (n *toll) judge(t *testing.T) {
	t.Helper()
	for _, promise := range []struct {
		loss string
		most float64
	}{
		{"answer lost after the effect", 1.2},
		{"request lost before the effect", 4},
		{"read lost", 1},
		{"refused", 1.5}, // a change of reason looks anew
	} {
		struck := n.struck[promise.loss]
		if struck == 0 {
			t.Errorf("%s: never injected alone", promise.loss)
			continue
		}
		each := float64(n.extra[promise.loss]) / float64(struck)
		figure(t, "fault mix: extra calls per "+promise.loss, "%.2f over %d (at most %.1f)", each, struck, promise.most)
		if each > promise.most {
			t.Errorf("%.2f extra calls per %s, want at most %.1f", each, promise.loss, promise.most)
		}
	}
	figure(t, "fault mix: faults injected", "%d in %d calls", n.faults, n.calls)
	figure(t, "fault mix: calls per call needed", "%s", fmt.Sprintf("%.2f", float64(n.calls)/float64(n.needed)))
}
