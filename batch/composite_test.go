package batch_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"zlock/batch"
	"zlock/zoho"
	"zlock/zoho/sim"
)

// What a row costs where composites are taken, as the organisation counts it.
func TestCreditsPerRowInComposites(t *testing.T) {
	every := func(s standing) func(int) standing { return func(int) standing { return s } }
	reworded := locksOf(700, "Deals")
	for i := range reworded {
		reworded[i].Action, reworded[i].Reason = batch.ActionUpdateReason, "audited"
	}
	tests := []struct {
		name    string
		rows    []batch.Row
		how     func(int) standing
		takes   sim.Composite
		workers int
		most    float64
		want    batch.Outcome
	}{
		{"locks", locksOf(1000, "Deals"), every(bare), sim.CompositeAll, 10, 0.22, batch.Locked},
		{"locks, eight at once", locksOf(1000, "Deals"), every(bare), sim.CompositeAll, 8, 0.22, batch.Locked},
		{"locks, five at once", locksOf(800, "Deals"), every(bare), sim.CompositeAll, 5, 0.22, batch.Locked},
		{"locks, twenty-five at once", locksOf(4000, "Deals"), every(bare), sim.CompositeAll, 25, 0.22, batch.Locked},
		{"unlocks", unlocksOf(1000, "Deals"), every(ours), sim.CompositeAll, 10, 0.45, batch.Unlocked},
		{"reasons", reworded, every(ours), sim.CompositeAll, 10, 0.45, batch.ReasonUpdated},
		{"unlocks, reads only", unlocksOf(500, "Deals"), every(ours), sim.CompositeReads, 10, 1.3, batch.Unlocked},
		{"locks, reads only", locksOf(500, "Deals"), every(bare), sim.CompositeReads, 10, 1.01, batch.Locked},
		{"locks, nothing taken", locksOf(500, "Deals"), every(bare), sim.CompositeNone, 10, 1.01, batch.Locked},
		{"unlocks, nothing taken", unlocksOf(500, "Deals"), every(ours), sim.CompositeNone, 10, 2.01, batch.Unlocked},
		{"locks, four at once", locksOf(500, "Deals"), every(bare), sim.CompositeAll, 4, 1, batch.Locked},
		{"too few rows", locksOf(499, "Deals"), every(bare), sim.CompositeAll, 10, 1, batch.Locked},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newStage(t, sim.Config{Composite: tt.takes, Records: orgOf(tt.rows, tt.how), Concurrency: tt.workers}, tt.rows)
				report, run := s.work(batch.Options{Composite: batch.CompositeAuto, Workers: tt.workers})
				s.counts(run, map[batch.Outcome]int64{tt.want: int64(len(tt.rows))})
				s.settled()
				s.spent(run)
				stats := s.org.Stats()
				if got := float64(stats.Calls) / float64(len(tt.rows)); got > tt.most {
					t.Errorf("%.4f credits a row, want at most %.4f (%+v, %d composites)", got, tt.most, report.Composite, stats.ByOp[sim.OpComposite])
				}
				if stats.MaxInFlight > tt.workers || stats.Throttled > 0 {
					t.Errorf("%d calls at once, %d throttled; want at most %d and none", stats.MaxInFlight, stats.Throttled, tt.workers)
				}
				if report.Composite.Made != stats.ByOp[sim.OpComposite] {
					t.Errorf("%d composites reported, %d received", report.Composite.Made, stats.ByOp[sim.OpComposite])
				}
			})
		})
	}
}

// Whether calls go along with others changes what they cost, and nothing else.
func TestCompositeChangesNoOutcome(t *testing.T) {
	for seed, takes := range []sim.Composite{sim.CompositeNone, sim.CompositeReads, sim.CompositeAll} {
		t.Run(takes.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				rows, how := mixture(uint64(seed), 500)
				var want []string
				for _, mode := range []batch.Composite{batch.CompositeOff, batch.CompositeAuto} {
					s := newStage(t, sim.Config{Records: orgOf(rows, how), Composite: takes}, rows)
					report, run := s.work(batch.Options{Composite: mode, Workers: 12})
					if report.StoppedBy != "" || run.State != batch.Completed {
						t.Fatalf("%s: stopped by %q (%s)", mode, report.StoppedBy, report.Why)
					}
					s.spent(run)
					var got []string
					for _, r := range s.rows() {
						got = append(got, fmt.Sprint(r.Seq, r.Outcome, r.Code, r.HTTP, r.Attempts, r.PreviousReason))
					}
					if want == nil {
						want = got
					}
					for i := range got {
						if got[i] != want[i] {
							t.Errorf("%s: row %s, want %s", mode, got[i], want[i])
						}
					}
				}
			})
		})
	}
}

// However a composite goes wrong, no row is lost, none is done twice, and the account is right.
func TestCompositeTroubles(t *testing.T) {
	whole := func(nth int) sim.Match { return sim.Match{Op: sim.OpComposite, Nth: nth} }
	some := sim.Match{Op: sim.AnyWrite, Nth: 1, Prob: 0.1}
	tests := []struct {
		name   string
		script []sim.Fault
	}{
		{"the probe is lost before its effect", []sim.Fault{{Match: whole(1), Do: sim.DropBefore}}},
		{"the probe is lost after its effect", []sim.Fault{{Match: whole(1), Do: sim.DropAfter}}},
		{"lost after their effect", []sim.Fault{{Match: sim.Match{Op: sim.OpComposite, Every: 4}, Do: sim.DropAfter}}},
		{"lost before their effect", []sim.Fault{{Match: sim.Match{Op: sim.OpComposite, Every: 4}, Do: sim.DropBefore}}},
		{"cut off", []sim.Fault{{Match: sim.Match{Op: sim.OpComposite, Every: 5}, Do: sim.CutBody}}},
		{"500 after their effect", []sim.Fault{{Match: sim.Match{Op: sim.OpComposite, Every: 5}, Do: sim.Status500After}}},
		{"502", []sim.Fault{{Match: sim.Match{Op: sim.OpComposite, Every: 5}, Do: sim.HTML502Before}}},
		{"429", []sim.Fault{{Match: whole(6), Do: sim.Throttle429}}},
		{"the token dies", []sim.Fault{{Match: whole(3), Do: sim.TokenRevoked}}},
		{"an empty answer", []sim.Fault{{Match: whole(3), Do: sim.EmptyBody}}},
		{"parts time out after their effect", []sim.Fault{{Match: some, Do: sim.DropAfter}}},
		{"parts time out before their effect", []sim.Fault{{Match: some, Do: sim.DropBefore}}},
		{"parts are cut off", []sim.Fault{{Match: some, Do: sim.CutBody}}},
		{"parts name another lock", []sim.Fault{{Match: sim.Match{Op: sim.OpUnlock, Nth: 1, Prob: 0.1}, Do: sim.WrongID}}},
		{"parts with 500", []sim.Fault{{Match: some, Do: sim.Status500Before}}},
		{"parts with 502 after their effect", []sim.Fault{{Match: some, Do: sim.HTML502After}}},
		{"parts with 429", []sim.Fault{{Match: sim.Match{Op: sim.AnyWrite, Nth: 1, IDSuffix: "327"}, Do: sim.Throttle429}}},
		{"reads without an answer", []sim.Fault{{Match: sim.Match{Op: sim.OpList, Nth: 1, Prob: 0.1}, Do: sim.DropAfter}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				rows := append(locksOf(120, "Deals"), unlocksOf(120, "Quotes")...)
				s := newStage(t, sim.Config{Composite: sim.CompositeAll, Records: recordsOf(rows, sim.User{}), Script: tt.script}, rows)
				report, run := s.work(batch.Options{Composite: batch.CompositeOn, Workers: 10, Attempts: 9, Me: zoho.User{ID: "5843104000000420001"}})
				s.counts(run, map[batch.Outcome]int64{batch.Locked: 120, batch.Unlocked: 120})
				s.settled()
				s.spent(run)
				if faults := s.org.Stats().Faults; len(faults) == 0 {
					t.Error("nothing went wrong: the test shows nothing")
				}
				if report.Composite.Carried < 150 {
					t.Errorf("%+v: want most calls carried", report.Composite)
				}
			})
		})
	}
}

// What is learnt of composites is told, once, and remembered: the next run does not try.
func TestCompositeIsLearnt(t *testing.T) {
	for _, tt := range []struct {
		takes sim.Composite
		want  map[string]bool
		tries int
	}{
		{sim.CompositeNone, map[string]bool{zoho.OpListLocks: false, zoho.OpUnlock: false}, 1},
		{sim.CompositeReads, map[string]bool{zoho.OpListLocks: true, zoho.OpUnlock: false}, 1},
		{sim.CompositeAll, map[string]bool{zoho.OpListLocks: true, zoho.OpUnlock: true}, 0},
	} {
		t.Run(tt.takes.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				rows := unlocksOf(600, "Deals")
				s := newStage(t, sim.Config{Composite: tt.takes, Records: recordsOf(rows, sim.User{})}, rows)
				learnt, told := map[string]bool{}, []string{}
				o := batch.Options{Composite: batch.CompositeAuto, LearnAdmits: func(op string, ok bool) { learnt[op] = ok }, Tell: func(s string) { told = append(told, s) }}
				s.work(o)
				for op, admitted := range tt.want {
					if got, known := learnt[op]; known && got != admitted {
						t.Errorf("%s is taken: %v, want %v", op, got, admitted)
					}
				}
				if len(told) == 0 || len(told) > 2 || !strings.HasPrefix(told[0], "composite: ") {
					t.Errorf("told %q", told)
				}
				// the same records, to be locked: what is known of looks is not tried again
				before := s.org.Stats().ByOp[sim.OpComposite]
				s.enrolAs("20260930-220001-abcd", locksOf(600, "Deals"))
				o.Admits = maps.Clone(learnt)
				o.Admits[zoho.OpLock] = tt.takes == sim.CompositeAll
				_, run := s.work(o)
				s.counts(run, map[batch.Outcome]int64{batch.Locked: 600})
				if n := s.org.Stats().ByOp[sim.OpComposite] - before; (n > 0) != (tt.takes == sim.CompositeAll) {
					t.Errorf("%d composites in the second run", n)
				}
			})
		})
	}
}

// A composite that the sign-in has no scope for costs one credit, and the rows go on without.
func TestCompositeWithoutTheScope(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newStage(t, sim.Config{Composite: sim.CompositeAll, Standing: sim.Standing{ScopeMissing: []sim.Op{sim.OpComposite}}}, locksOf(600, "Deals"))
		report, run := s.work(batch.Options{Composite: batch.CompositeAuto})
		s.counts(run, map[batch.Outcome]int64{batch.Locked: 600})
		s.spent(run)
		if report.Composite.Made != 1 || run.Credits != 601 {
			t.Errorf("%d composites, %d credits", report.Composite.Made, run.Credits)
		}
	})
}

// Five slots are not always open: with fewer, calls are made one by one, and again five at once later.
func TestCompositeAgainstANarrowServer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newStage(t, sim.Config{Composite: sim.CompositeAll, Concurrency: 4}, locksOf(600, "Deals"))
		_, run := s.work(batch.Options{Composite: batch.CompositeOn, Workers: 16})
		s.counts(run, map[batch.Outcome]int64{batch.Locked: 600})
		s.settled()
		s.spent(run)
	})
}

// Stopped at any instant, no call of a composite is forgotten.
func TestCompositeStops(t *testing.T) {
	for _, soft := range []bool{true, false} {
		for _, after := range []time.Duration{200 * time.Millisecond, 1510 * time.Millisecond, 2340 * time.Millisecond} {
			t.Run(fmt.Sprint(soft, after), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					rows := append(locksOf(300, "Deals"), unlocksOf(300, "Quotes")...)
					s := newStage(t, sim.Config{Composite: sim.CompositeAll, Records: recordsOf(rows, sim.User{}), Latency: func() time.Duration { return 300 * time.Millisecond }}, rows)
					ctx, stop := context.WithCancel(t.Context())
					defer stop()
					time.AfterFunc(after, stop)
					hard := t.Context()
					if !soft {
						hard = ctx
					}
					o := batch.Options{Composite: batch.CompositeAuto, Precheck: batch.PrecheckAuto, Workers: 10}
					_, run := s.sit(ctx, hard, o, zoho.LimiterConfig{})
					if run.Counts[batch.Pending] == 0 || soft && run.Counts[batch.Unknown] > 0 {
						t.Fatalf("counts %v", run.Counts)
					}
					if soft {
						s.spent(run)
					}
					_, run = s.work(o)
					s.counts(run, map[batch.Outcome]int64{batch.Locked: 300, batch.Unlocked: 300})
					s.settled()
				})
			})
		}
	}
}
