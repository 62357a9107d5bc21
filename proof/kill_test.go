package proof_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"zlock/zoho/sim"
)

// inParallel runs n subtests, several at once whatever GOMAXPROCS is: they mostly wait.
func inParallel(t *testing.T, atOnce, n int, do func(t *testing.T, i int)) {
	t.Helper()
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(atOnce, n) {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				t.Run(fmt.Sprint(i), func(t *testing.T) { do(t, i) })
			}
		})
	}
	all.Wait()
}

// lossy is a far end whose answers, and now and then whose requests, get lost.
func lossy() []sim.Fault {
	return []sim.Fault{
		{Match: sim.Match{Op: sim.AnyOp, Prob: 0.04}, Do: sim.DropAfter},
		{Match: sim.Match{Op: sim.AnyOp, Prob: 0.02}, Do: sim.DropBefore},
		{Match: sim.Match{Op: sim.AnyOp, Prob: 0.02}, Do: sim.CutBody},
		{Match: sim.Match{Op: sim.AnyOp, Prob: 0.01}, Do: sim.HTML502After},
		{Match: sim.Match{Op: sim.AnyWrite, Prob: 0.01}, Do: sim.LateEffect, For: rigSettle / 3},
		{Match: sim.Match{Op: sim.AnyOp, Prob: 0.01}, Do: sim.Throttle429},
	}
}

// instant draws a moment between 20 and 2,000 ms, every scale of it alike: a process spends little time
// in its most delicate places.
func instant(random *rand.Rand) time.Duration {
	return time.Duration(float64(20*time.Millisecond) * math.Pow(100, random.Float64()))
}

func TestKillAtRandomInstants(t *testing.T) {
	t.Parallel()
	const killsPerRun = 12
	want := tier(t).of(6, 60, 500)
	quota := min(killsPerRun, want/2)
	var kills, faults, rows, runs, told atomic.Int64
	inParallel(t, 4, (want+quota-1)/quota, func(t *testing.T, i int) {
		random := rand.New(rand.NewPCG(uint64(i), 77))
		for had := 0; had < quota; { // a run may be done before it was killed often enough
			r := newRig(t, newJob(random.Uint64(), tier(t).of(250, 500, 500)), lossy())
			had += r.killUpTo(quota-had, random)
			r.finish(20)
			r.judge()
			kills.Add(int64(r.crashes))
			runs.Add(1)
			rows.Add(int64(len(r.job.rows)))
			told.Add(int64(len(r.shots)))
			for _, n := range r.org.Stats().Faults {
				faults.Add(int64(n))
			}
		}
	})
	if kills.Load() < int64(want) || faults.Load() == 0 {
		t.Errorf("%d kills and %d faults hit; %d kills were meant", kills.Load(), faults.Load(), want)
	}
	figure(t, "kill -9 at random instants", "%d kills, %d runs of %d rows, %d faults at the far end, %d snapshots of results compared: no outcome lost, none doubled, every final state right",
		kills.Load(), runs.Load(), rows.Load(), faults.Load(), told.Load())
}

// killUpTo works on the run and kills, until it has killed so often or the run is done, and returns
// how often it has.
func (r *rig) killUpTo(most int, random *rand.Rand) int {
	r.t.Helper()
	before := r.crashes
	for r.crashes-before < most {
		code, crashed := r.sit(instant(random))
		r.snapshot(crashed)
		if !crashed && code != 6 {
			break
		}
	}
	return r.crashes - before
}
