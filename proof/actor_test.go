package proof_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"zlock/batch"
	"zlock/proof"
	"zlock/zoho/sim"
)

// Somebody else works on the very records, rules lock some of them, and changes whose connection broke
// come true up to 55 seconds later. Run without --any-owner, and with locks named by nobody, the
// program takes away no lock of another, says of each row what is so, and claims as its own what is.
func TestSecondActor(t *testing.T) {
	var sum rivalry
	for seed := range uint64(tier(t).of(60, 600, 10_000)) {
		synctest.Test(t, func(t *testing.T) {
			r := newRival(seed)
			s := newStand(t, seed, r.config, r.rows)
			for _, a := range r.acts {
				time.AfterFunc(a.after, func() { _, _ = s.org.Act(sim.Patricia(), a.op, a.rec) })
			}
			s.untilDone(10, func(int) sitting { return sitting{options: batch.Options{Workers: 4}} })
			time.Sleep(2 * time.Minute)
			s.judgedBut(proof.Options{Sends: 3, Settle: time.Minute, Cap: 4}, r.undecidable(s))
			sum.count(t, s)
		})
	}
	figure(t, "second actor: seeds", "%d", sum.seeds)
	figure(t, "second actor: acts of others, late effects", "%d, %d", sum.acts, sum.lates)
	figure(t, "second actor: locks taken away, of those foreign", "%d, %d", sum.removed, sum.foreign)
	figure(t, "second actor: rows left to their owners or rules", "%d", sum.left)
	if sum.acts == 0 || sum.lates == 0 || sum.left == 0 || sum.removed == 0 {
		t.Errorf("%+v: something was never tried", sum)
	}
}

// rivalry is what all seeds came to.
type rivalry struct{ seeds, acts, lates, removed, foreign, left int }

func (n *rivalry) count(t *testing.T, s *stand) {
	n.seeds++
	for _, e := range s.org.Log() {
		ours := e.Actor == simMe
		switch {
		case !e.Applied:
		case !ours:
			n.acts++
		case e.Op == sim.OpUnlock:
			n.removed++
			if e.Holder != simMe {
				n.foreign++
				t.Errorf("seed %d: event %d took away lock %s of %q", s.seed, e.Seq, e.LockID, e.Holder)
			}
		}
		if e.Late {
			n.lates++
		}
	}
	for _, r := range s.rows() {
		if r.Code == batch.CodeOtherOwner || r.Code == batch.CodeAutomaticLock || r.Code == batch.CodeLockChanged {
			n.left++
		}
	}
}

// newRival draws a small run whose records are fought over: acts come when the program is most likely
// to be at the record, or has left it in doubt.
func newRival(seed uint64) *plot {
	p := &plot{seed: seed, random: rand.New(rand.NewPCG(seed, 0x616374)), faults: &storeFaults{}}
	asks := []batch.Action{batch.ActionLock, batch.ActionUnlock, batch.ActionUpdateReason}
	for n := range 8 {
		rec := sim.Record{Module: "Deals", ID: recordID(n)}
		r := batch.Row{
			Seq: int64(n + 1), Line: n + 2, Module: rec.Module, RecordID: rec.ID, Outcome: batch.Pending,
			Action: asks[p.random.IntN(3)], Reason: "quarter end",
		}
		switch q := p.random.Float64(); {
		case r.Action == batch.ActionLock && q < 0.7:
		case q < 0.8:
			rec.Lock = &sim.Lock{Reason: "before"}
		case q < 0.9:
			rec.Lock = &sim.Lock{Reason: "hers", By: sim.Patricia()}
		default:
			rec.Lock = &sim.Lock{Source: sim.Automatic}
		}
		if r.Action == batch.ActionUnlock {
			r.Reason = ""
		}
		p.rows, p.records = append(p.rows, r), append(p.records, rec)
		for range p.random.IntN(3) {
			p.acts = append(p.acts, p.rival(rec))
		}
		if p.chance(0.3) { // the lock changes hands
			at := time.Duration(p.random.Int64N(int64(40 * time.Second)))
			p.acts = append(p.acts, act{at, sim.OpUnlock, sim.Record{Module: rec.Module, ID: rec.ID}},
				act{at + time.Millisecond, sim.OpLock, sim.Record{Module: rec.Module, ID: rec.ID, Lock: &sim.Lock{Reason: "hers now"}}})
		}
	}
	p.setOrg()
	p.config.Concurrency, p.config.Credits = 0, 0
	late := time.Second + time.Duration(p.random.Int64N(int64(54*time.Second)))
	p.config.Script = []sim.Fault{
		{Do: sim.LateEffect, Match: sim.Match{Op: sim.AnyWrite, Prob: 0.35}, For: late},
		{Do: sim.DropAfter, Match: sim.Match{Op: sim.AnyWrite, Prob: 0.15}},
		{Do: sim.DropBefore, Match: sim.Match{Prob: 0.1}},
	}
	return p
}

// rival draws what another does to a record, half of the time within the first second.
func (p *plot) rival(rec sim.Record) act {
	span := time.Second
	if p.chance(0.5) {
		span = 70 * time.Second
	}
	a := act{after: time.Duration(p.random.Int64N(int64(span))), rec: sim.Record{Module: rec.Module, ID: rec.ID}}
	switch p.random.IntN(5) {
	case 0, 1:
		a.op = sim.OpUnlock
	case 2:
		a.op, a.rec.Lock = sim.OpLock, &sim.Lock{Source: sim.Automatic}
	case 3:
		a.op, a.rec.Lock = sim.OpReason, &sim.Lock{Reason: fmt.Sprintf("hers now, %d", p.random.IntN(9))}
	default:
		a.op, a.rec.Lock = sim.OpLock, &sim.Lock{Reason: "quarter end"}
	}
	return a
}
