package zoho_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"zlock/zoho"
)

// town is an organisation that takes so many calls at once from all of its clients together, and
// refuses any more. Its neighbours' calls come by chance, and are not repeated when they are refused.
type town struct {
	takes int

	mu               sync.Mutex
	inFlight         int
	rng              *rand.Rand
	neighbours, ours struct{ calls, refused int }
}

const (
	townLatency = 270 * time.Millisecond // of a call, on average
	townGap     = 60 * time.Millisecond  // between a call's end and the next one's arrival from the same client
)

// serve is one call; refused, it is over at once.
func (w *town) serve(account *struct{ calls, refused int }) (taken bool) {
	w.mu.Lock()
	account.calls++
	if taken = w.inFlight < w.takes; !taken {
		account.refused++
		w.mu.Unlock()
		return false
	}
	w.inFlight++
	lasts := 90*time.Millisecond + time.Duration(w.rng.ExpFloat64()*float64(townLatency-90*time.Millisecond))
	w.mu.Unlock()
	time.Sleep(lasts)
	w.mu.Lock()
	w.inFlight--
	w.mu.Unlock()
	return true
}

// live has the neighbours call until done is closed; load is how many of their calls are in flight on
// average, as a day goes on.
func (w *town) live(done <-chan struct{}, load func(at time.Duration) float64) {
	began := time.Now()
	for {
		calls := load(time.Since(began))
		pause := time.Second
		if calls > 0 {
			w.mu.Lock()
			pause = time.Duration(w.rng.ExpFloat64() / calls * float64(townLatency))
			w.mu.Unlock()
		}
		select {
		case <-done:
			return
		case <-time.After(pause):
		}
		if calls > 0 {
			go w.serve(&w.neighbours)
		}
	}
}

// The loads that neighbours may put on.
var loads = []struct {
	name string
	load func(time.Duration) float64
}{
	{"quiet", func(time.Duration) float64 { return 0 }},
	{"steady", func(time.Duration) float64 { return 11 }},
	{"bursts", func(at time.Duration) float64 {
		if at%(60*time.Second) < 12*time.Second {
			return 20
		}
		return 4
	}},
}

// policies are ways to decide when the next call leaves: with a limiter of ours, or so many at once
// whatever comes back.
var policies = []struct {
	name  string
	ours  bool
	calls int
	limit zoho.LimiterConfig
}{
	{name: "nobody"},
	{name: "fixed 20", calls: 20},
	{name: "fixed 10", calls: 10},
	{name: "fixed 5", calls: 5},
	{name: "limiter, up to 20", ours: true, calls: 20, limit: zoho.LimiterConfig{Cap: 20}},
	{name: "limiter, up to 10", ours: true, calls: 10, limit: zoho.LimiterConfig{Cap: 10}},
	{name: "limiter, polite", ours: true, calls: 10, limit: zoho.LimiterConfig{Cap: 10, Polite: true}},
}

// outcome is what a policy came to beside neighbours.
type outcome struct {
	took            time.Duration
	ours, neighbour float64 // shares of calls that were refused
}

func share(refused, calls int) float64 {
	if calls == 0 {
		return 0
	}
	return float64(refused) / float64(calls)
}

// spend has rows carried out by a policy beside neighbours, who live on for ten minutes at least.
func spend(t *testing.T, rows, policy, load int) (got outcome) {
	synctest.Test(t, func(t *testing.T) {
		w := &town{takes: 20, rng: rand.New(rand.NewPCG(uint64(policy), uint64(load)))}
		done := make(chan struct{})
		var others sync.WaitGroup
		others.Go(func() { w.live(done, loads[load].load) })
		began := time.Now()
		p := policies[policy]
		if p.calls > 0 {
			w.carry(t, rows, p.calls, p.ours, p.limit)
		}
		got.took = time.Since(began)
		if rest := 10*time.Minute - got.took; rest > 0 && p.calls == 0 {
			time.Sleep(rest)
		}
		close(done)
		others.Wait()
		synctest.Wait()
		time.Sleep(time.Minute) // calls still in flight end
		got.ours, got.neighbour = share(w.ours.refused, w.ours.calls), share(w.neighbours.refused, w.neighbours.calls)
	})
	return got
}

// carry carries rows out; a refused call is made again.
func (w *town) carry(t *testing.T, rows, workers int, ours bool, limit zoho.LimiterConfig) {
	limiter := zoho.NewLimiter(limit)
	var mu sync.Mutex
	take := func() bool {
		mu.Lock()
		defer mu.Unlock()
		rows--
		return rows >= 0
	}
	var crew sync.WaitGroup
	for range workers {
		crew.Go(func() {
			for take() {
				for !w.call(t, limiter, ours) {
				}
				time.Sleep(townGap)
			}
		})
	}
	crew.Wait()
}

func (w *town) call(t *testing.T, limiter *zoho.Limiter, ours bool) bool {
	if !ours {
		taken := w.serve(&w.ours)
		if !taken {
			time.Sleep(townGap)
		}
		return taken
	}
	slot, err := limiter.Acquire(t.Context(), 1)
	if err != nil {
		t.Error(err)
		return true
	}
	time.Sleep(townGap / 2)
	taken := w.serve(&w.ours)
	time.Sleep(townGap / 2)
	if taken {
		slot.Release(answered())
	} else {
		slot.Release(throttled(0))
	}
	return taken
}

// What others feel of us, in a model of an organisation that takes 20 calls at once. Its figures rank
// policies; they foretell nothing. The table of docs/limits.md is this one with ten times the rows.
func TestNeighbours(t *testing.T) {
	const rows = 2000
	var table strings.Builder
	fmt.Fprintf(&table, "%-18s", "")
	for _, l := range loads {
		fmt.Fprintf(&table, " | %-24s", l.name)
	}
	results := map[string]outcome{}
	for i, p := range policies {
		fmt.Fprintf(&table, "\n%-18s", p.name)
		for j, l := range loads {
			o := spend(t, rows, i, j)
			results[p.name+"/"+l.name] = o
			fmt.Fprintf(&table, " | %5.0f s %5.1f %% %5.1f %%  ", o.took.Seconds(), 100*o.ours, 100*o.neighbour)
		}
	}
	t.Logf("time, our refused calls, others' refused calls\n%s", table.String())
	for _, l := range loads[1:] {
		alone, greedy := results["nobody/"+l.name].neighbour, results["fixed 20/"+l.name].neighbour
		for _, policy := range []string{"limiter, up to 10", "limiter, polite"} {
			got := results[policy+"/"+l.name]
			if got.neighbour > alone+0.05 || got.neighbour > greedy/2 {
				t.Errorf("%s, %s: %.1f %% of others' calls were refused, %.1f %% without us, %.1f %% beside 20 calls kept up",
					policy, l.name, 100*got.neighbour, 100*alone, 100*greedy)
			}
			if got.ours > 0.06 {
				t.Errorf("%s, %s: %.1f %% of our calls were refused", policy, l.name, 100*got.ours)
			}
		}
	}
}
