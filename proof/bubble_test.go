package proof_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zlock/batch"
	"zlock/checkpoint"
	"zlock/proof"
	"zlock/zoho/sim"
)

// The whole engine, from runner to disk, with everything going wrong that a seed can think of: sitting
// after sitting until the run is completed. Then every promise is held against what the far end saw.
func TestAnyStoryEndsRight(t *testing.T) {
	seen := newTotals()
	for seed := range uint64(tier(t).of(25, 200, 10_000)) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := tell(seed, false)
				s := p.played(t)
				p.judged(t, s)
				seen.add(s, p)
			})
		})
	}
	seen.log(t, "simulation")
	if seen.troubles == 0 || seen.broken == 0 || seen.acts == 0 {
		t.Errorf("%d faults of the far end, %d of the store, %d acts of others: some were never injected", seen.troubles, seen.broken, seen.acts)
	}
}

// The same seed twice gives the same story, to the order and the time of every call, where one worker
// works: hardly anything is due at the same instant then, so that nothing is left to the scheduler but,
// for a seed in a hundred, whether the far end frees the place of a call that was given up before or after
// the next one arrives. With more workers, calls that are due at the same instant may change places, and
// what hangs on the order of all calls with them: which of two gets the last slot, what a probe after an
// outage is.
func TestSameSeedSameStory(t *testing.T) {
	same, seeds := 0, tier(t).of(6, 30, 500)
	for seed := range uint64(seeds) {
		var first string
		for range 2 {
			synctest.Test(t, func(t *testing.T) {
				p := tell(1_000_000+seed, true)
				s := p.played(t)
				p.judged(t, s)
				switch got := digest(s); {
				case first == "":
					first = got
				case got != first:
					t.Logf("seed %d: the story differs the second time:\n%s\n%s", seed, first, got)
				default:
					same++
				}
			})
		}
	}
	if seeds-same > seeds/20 {
		t.Errorf("%d of %d seeds tell the same story twice: chance has come in by some door", same, seeds)
	}
	figure(t, "simulation: seeds told twice, the same", "%d of %d", same, seeds)
}

// played sits at the plot's run until it is done.
func (p *plot) played(t *testing.T) *stand {
	s := newStand(t, p.seed, p.config, p.rows)
	for _, a := range p.acts {
		time.AfterFunc(a.after, func() { _, _ = s.org.Act(sim.Patricia(), a.op, a.rec) }) // impossible acts are no acts
	}
	for n := range 60 {
		e := s.sit(p.sitting(n))
		if e.err != nil && !errors.Is(e.err, errDisk) {
			t.Errorf("seed %d, sitting %d: %v", p.seed, n+1, e.err)
		}
		if e.run.State == batch.Completed {
			time.Sleep(2 * time.Minute) // whatever is still to land lands
			return s
		}
		switch e.report.StoppedBy {
		case batch.StopBudget:
			time.Sleep(25 * time.Hour)
		case batch.StopOutage:
			time.Sleep(30 * time.Minute)
		default:
			time.Sleep(time.Duration(n) * 5 * time.Second)
		}
	}
	t.Fatalf("seed %d: not completed after %d sittings: %v", p.seed, s.sittings, s.run.Counts)
	return s
}

// judged holds the promises against what happened, and the failures against what explains them.
func (p *plot) judged(t *testing.T, s *stand) {
	t.Helper()
	sends := p.attempts
	if p.onLocked == batch.OnLockedUpdateReason {
		sends = 0 // a lock that was refused is asked for again where the look after it came to nothing
	}
	settle := time.Minute
	if slices.ContainsFunc(p.config.Script, func(f sim.Fault) bool { return f.Do == sim.Slow || f.Do == sim.Drip }) {
		settle = 0 // the far end's log does not say which of these answers came in time
	}
	s.judgedBut(proof.Options{
		Sends: sends, AnyOwner: p.anyOwner, OnLocked: string(p.onLocked),
		Settle: settle, Slack: 2 * time.Second, Skew: p.config.Skew,
	}, p.undecidable(s))
	if most := s.line.mostAtOnce(); most > p.workers {
		t.Errorf("seed %d: %d calls under way at once, with %d workers", p.seed, most, p.workers)
	}
	acted, blank := map[string]bool{}, map[string]bool{}
	for _, e := range s.org.Log() {
		if e.Applied && e.Actor != simMe {
			acted[e.Module+e.ID] = true
		}
		if e.Fault == sim.EmptyBody && e.Status >= 400 {
			blank[e.Module+e.ID] = true
		}
	}
	for _, r := range s.rows() {
		if r.Code == "" && blank[r.Module+r.RecordID] {
			continue // a refusal that gives no reason is taken for one
		}
		if why := p.unexplained(r, acted[r.Module+r.RecordID]); why != "" {
			t.Errorf("seed %d, row %d: %s %s as %s (%s): %s", p.seed, r.Seq, r.Action, r.RecordID, r.Code, r.Message, why)
		}
	}
}

// undecidable finds what nobody can tell from outside: whether a lock that was ours is ours after another
// has re-worded it; who took away a lock that was named, is gone, and was never seen; and who took away
// one that we were about to when we died.
func (p *plot) undecidable(s *stand) func(proof.Violation) bool {
	reworded, unlocked := map[string]bool{}, map[string]bool{}
	for _, e := range s.org.Log() {
		if e.Applied && e.Actor != simMe {
			reworded[e.ID] = reworded[e.ID] || e.Op == sim.OpReason
			unlocked[e.ID] = unlocked[e.ID] || e.Op == sim.OpUnlock
		}
	}
	return func(v proof.Violation) bool {
		var r batch.Row
		if v.Row > 0 {
			r = p.rows[v.Row-1]
		}
		switch v.ID {
		case "P9", "I5":
			return r.Action == batch.ActionLock && reworded[r.RecordID]
		case "I3": // refused, and the look after it lost: that says nothing of the lock, so it is asked again
			return r.Action == batch.ActionUnlock && strings.HasPrefix(r.LockID, staleLocks)
		case "I4", "I12":
			return r.Action == batch.ActionUnlock && (strings.HasPrefix(r.LockID, staleLocks) || s.crashes > 0 && unlocked[r.RecordID])
		}
		return false
	}
}

// unexplained says why a failure has no cause that lasts: no row may fail through what passes.
func (p *plot) unexplained(r checkpoint.RowReport, acted bool) string {
	if r.Outcome != batch.Failed {
		return ""
	}
	first := p.records[slices.IndexFunc(p.records, func(rec sim.Record) bool { return rec.ID == r.RecordID })]
	asked := p.rows[r.Seq-1]
	explained := false
	switch r.Code {
	case batch.CodePrecedingStep:
		explained = r.After != 0
	case batch.CodeAutomaticLock:
		explained = acted || first.Lock != nil && (first.Lock.Source == sim.Automatic || first.Lock.Source == sim.Both)
	case batch.CodeLockChanged:
		explained = acted || asked.LockID != "" && first.Lock != nil && first.Lock.ID != asked.LockID
	case batch.CodeNotLocked:
		explained = acted || first.Lock == nil || r.After != 0
	case batch.CodeOtherOwner:
		explained = !p.anyOwner && (acted || first.Lock != nil && first.Lock.By == sim.Patricia())
	case batch.CodeAlreadyLocked:
		explained = p.onLocked == batch.OnLockedFail && (acted || first.Lock != nil)
	case batch.CodeRecordNotFound:
		explained = first.Module != r.Module
	}
	if explained {
		return ""
	}
	return "nothing that lasts explains the failure"
}

// digest is the story in one line: what happened, in order, and what came of each row.
func digest(s *stand) string {
	var b strings.Builder
	for _, e := range s.org.Log() {
		fmt.Fprintln(&b, e.At.UnixNano(), e.Op, e.ID, e.LockID, e.Status, e.Code, e.Applied, e.Late, e.Fault)
	}
	events := strings.Count(b.String(), "\n")
	for _, r := range s.rows() {
		fmt.Fprintln(&b, r.Seq, r.Outcome, r.Code, r.LockID, r.Attempts, r.Credits, r.FinishedAt.UnixNano())
	}
	sum := sha256.Sum256([]byte(b.String()))
	return fmt.Sprintf("%d sittings, %d events, %s", s.sittings, events, hex.EncodeToString(sum[:8]))
}

// totals are what all seeds together went through.
type totals struct {
	seeds, rows, sittings, events, troubles, broken, acts, lates int
	short                                                        int64
	kinds                                                        map[sim.Kind]int
}

func newTotals() *totals { return &totals{kinds: map[sim.Kind]int{}} }

func (n *totals) add(s *stand, p *plot) {
	n.seeds++
	n.rows += len(p.rows)
	n.sittings += s.sittings
	n.broken += p.faults.total()
	n.short = max(n.short, s.short)
	for kind, k := range s.org.Stats().Faults {
		n.kinds[kind] += k
		n.troubles += k
	}
	for _, e := range s.org.Log() {
		n.events++
		if e.Late {
			n.lates++
		} else if e.Actor != simMe && e.Applied {
			n.acts++
		}
	}
}

func (n *totals) log(t *testing.T, name string) {
	figure(t, name+": seeds", "%d", n.seeds)
	figure(t, name+": rows", "%d in %d sittings", n.rows, n.sittings)
	figure(t, name+": far end's events", "%d", n.events)
	figure(t, name+": faults injected", "%d by the far end, of %d kinds; %d by the store", n.troubles, len(n.kinds), n.broken)
	figure(t, name+": credits booked too few after crashes", "%d at most in a run", n.short)
	figure(t, name+": acts of others, late effects", "%d, %d", n.acts, n.lates)
	for _, kind := range slices.Sorted(maps.Keys(n.kinds)) {
		t.Logf("%s: %d", kind, n.kinds[kind])
	}
}
