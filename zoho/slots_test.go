package zoho_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"zlock/zoho"
)

// limits returns the level after each of n round trips of 50 ms under full demand.
func limits(ctx context.Context, l *zoho.Limiter, f *far, n int) (got []int) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		crowd(ctx, l, f, 40, func() bool { return true })
		close(done)
	}()
	time.Sleep(f.latency / 2)
	for range n {
		got = append(got, l.Snapshot().Limit)
		time.Sleep(f.latency)
	}
	cancel()
	<-done
	return got
}

func TestLevelIsFoundFromBelow(t *testing.T) {
	tests := []struct {
		name   string
		in     zoho.LimiterConfig
		trips  int
		answer time.Duration
		want   []int
	}{
		{"doubles", zoho.LimiterConfig{Cap: 20}, 6, 50 * time.Millisecond, []int{2, 4, 8, 16, 20, 20}},
		{"cap below the start", zoho.LimiterConfig{Cap: 1}, 3, 50 * time.Millisecond, []int{1, 1, 1}},
		{"open at first", zoho.LimiterConfig{Cap: 20, Open: 5}, 3, 50 * time.Millisecond, []int{5, 10, 20}},
		{"never more open than the cap", zoho.LimiterConfig{Cap: 3, Open: 5}, 2, 50 * time.Millisecond, []int{3, 3}},
		{"polite grows by one per 5 s", zoho.LimiterConfig{Cap: 4, Polite: true}, 8, 2500 * time.Millisecond,
			[]int{2, 2, 2, 3, 3, 4, 4, 4}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &far{latency: tt.answer}
				got := limits(t.Context(), zoho.NewLimiter(tt.in), f, tt.trips)
				if !slices.Equal(got, tt.want) {
					t.Errorf("levels = %v, want %v", got, tt.want)
				}
			})
		})
	}
}

func TestLevelDoesNotGrowUnused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 20})
		crowd(t.Context(), l, &far{latency: time.Millisecond}, 1, times(500))
		if got := l.Snapshot().Limit; got > 3 {
			t.Errorf("limit = %d after 500 calls one by one, want it not to grow beyond 3", got)
		}
	})
}

// risen returns a limiter whose level has risen to its cap of 8, and 8 slots in flight.
func risen(t *testing.T, c zoho.LimiterConfig) (*zoho.Limiter, []*zoho.Slot) {
	t.Helper()
	c.Cap = 8
	l := zoho.NewLimiter(c)
	crowd(t.Context(), l, &far{latency: time.Second}, 8, lasting(40*time.Second))
	var held []*zoho.Slot
	for range 8 {
		held = append(held, take(t, l, 1))
	}
	return l, held
}

func TestRefusalHalvesOncePerCut(t *testing.T) {
	tests := []struct {
		name    string
		polite  bool
		refused int // of the 8 calls in flight
		want    int
	}{
		{"one", false, 1, 4},
		{"all of one volley", false, 8, 4},
		{"polite falls to one", true, 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, held := risen(t, zoho.LimiterConfig{Polite: tt.polite})
				for i, s := range held {
					if i < tt.refused {
						s.Release(throttled(0))
					} else {
						s.Release(answered())
					}
				}
				got := l.Snapshot()
				if got.Limit != tt.want || got.Throttled != tt.refused {
					t.Errorf("limit %d after %d 429s, want %d after %d", got.Limit, got.Throttled, tt.want, tt.refused)
				}
			})
		})
	}
}

func TestOldAnswersDoNotRaiseTheLevel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, held := risen(t, zoho.LimiterConfig{})
		held[0].Release(throttled(0))
		for _, s := range held[1:] {
			s.Release(answered())
		}
		time.Sleep(time.Until(l.Snapshot().Gate))
		held = held[:0]
		for range 4 {
			held = append(held, take(t, l, 1))
		}
		held[0].Release(answered()) // the first that says anything of the new level
		if got := l.Snapshot().Limit; got != 4 {
			t.Errorf("limit = %d after a cut to 4 and one later answer, want 4", got)
		}
	})
}

func TestLevelGrowsByOneARoundAfterARefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, held := risen(t, zoho.LimiterConfig{})
		for _, s := range held {
			s.Release(throttled(0))
		}
		time.Sleep(time.Until(l.Snapshot().Gate))
		got := limits(t.Context(), l, &far{latency: 50 * time.Millisecond}, 30)
		last := 4
		for i, level := range got {
			if level > last+1 || level > 7 {
				t.Fatalf("levels = %v: more than one step at trip %d, or up to the refused 8", got, i)
			}
			last = level
		}
		if last != 7 {
			t.Errorf("levels = %v, want them to reach 7", got)
		}
	})
}

func TestRefusalHalvesAgainForLaterCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, held := risen(t, zoho.LimiterConfig{})
		var got []int
		for range 4 {
			for _, s := range held {
				s.Release(throttled(0))
			}
			got = append(got, l.Snapshot().Limit)
			time.Sleep(time.Until(l.Snapshot().Gate))
			held = held[:0]
			for range l.Snapshot().Limit {
				held = append(held, take(t, l, 1))
			}
		}
		if want := []int{4, 2, 1, 1}; !slices.Equal(got, want) {
			t.Errorf("limits = %v, want %v", got, want)
		}
	})
}

func TestGateClosesForAll(t *testing.T) {
	tests := []struct {
		name       string
		retryAfter time.Duration
		least      time.Duration
		most       time.Duration
	}{
		{"computed", 0, 1500 * time.Millisecond, 2500 * time.Millisecond},
		{"shorter asked for", time.Second, 1500 * time.Millisecond, 2500 * time.Millisecond},
		{"longer asked for", time.Minute, time.Minute, time.Minute},
		{"absurd", 1000 * time.Hour, time.Hour, time.Hour},
		{"negative", -time.Hour, 1500 * time.Millisecond, 2500 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			gates := map[time.Duration]bool{}
			for seed := range uint64(20) {
				synctest.Test(t, func(t *testing.T) {
					l, held := risen(t, zoho.LimiterConfig{Seed: seed})
					cut := time.Now()
					held[0].Release(throttled(tt.retryAfter))
					gate := l.Snapshot().Gate
					for _, s := range held {
						s.Release(answered())
					}
					f := &far{}
					crowd(t.Context(), l, f, 20, times(20))
					first := f.starts[0].Sub(cut)
					if first < tt.least || first > tt.most || !f.starts[0].Equal(gate) {
						t.Errorf("first start after %v, gate after %v, want both the same in %v..%v",
							first, gate.Sub(cut), tt.least, tt.most)
					}
					if !l.Snapshot().Gate.IsZero() {
						t.Errorf("the gate is still shown as closed")
					}
					gates[first] = true
				})
			}
			if tt.least != tt.most && len(gates) < 10 {
				t.Errorf("only %d different gates with 20 seeds: no jitter", len(gates))
			}
		})
	}
}

func TestGateIsExtendedByLaterAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, held := risen(t, zoho.LimiterConfig{})
		cut := time.Now()
		held[0].Release(throttled(0))
		held[1].Release(throttled(time.Minute))
		held[2].Release(throttled(10 * time.Second))
		if got := l.Snapshot().Gate.Sub(cut); got != time.Minute {
			t.Errorf("gate closed for %v, want the longest time asked for, 1m", got)
		}
	})
}

// Refusals of single calls cost credits and bring nothing: they must become rare.
func TestSingleCallsRefusedComeEverMoreSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 1})
		var gates []time.Duration
		for range 5 {
			s, err := l.Acquire(t.Context(), 1)
			if err != nil {
				t.Fatal(err)
			}
			s.Release(throttled(0))
			gates = append(gates, time.Until(l.Snapshot().Gate).Round(time.Second))
		}
		for i, middle := range []time.Duration{2, 4, 8, 16, 16} {
			middle *= time.Second
			if gates[i] < middle*3/4-time.Second || gates[i] > middle*5/4+time.Second {
				t.Errorf("gate %d closed for %v, want %v ± 25 %%", i, gates[i], middle)
			}
		}
	})
}

func TestLevelSettlesBelowTheRefusedOne(t *testing.T) {
	for seed := range uint64(5) {
		for _, takes := range []int{1, 4, 11} {
			t.Run(fmt.Sprintf("takes %d seed %d", takes, seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := &far{takes: takes, latency: 50 * time.Millisecond}
					l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 16, Seed: seed})
					began := time.Now()
					crowd(t.Context(), l, f, 50, times(2000))
					if share := float64(f.refused) / 2000; share >= 0.06 || f.refused == 0 {
						t.Errorf("%d of 2000 calls refused, want some but less than 6 %%", f.refused)
					}
					ideal := time.Duration(2000/takes) * f.latency
					if took := time.Since(began); took > ideal*5/4+10*time.Second {
						t.Errorf("took %v, ideal %v", took, ideal)
					}
					if s := l.Snapshot(); s.Throttled != f.refused || s.Limit > takes+1 {
						t.Errorf("Snapshot = %+v, want %d throttled and about %d in flight", s, f.refused, takes)
					}
				})
			})
		}
	}
}

func TestRefusedLevelIsTriedRarely(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &far{takes: 4, latency: 50 * time.Millisecond}
		l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 16})
		crowd(t.Context(), l, f, 20, lasting(time.Minute))
		before := f.refused
		crowd(t.Context(), l, f, 20, lasting(10*time.Minute))
		if tries := f.refused - before; tries < 10 || tries > 30 {
			t.Errorf("%d refusals in 10 minutes at a steady limit, want about one per 30 s", tries)
		}
	})
}

func TestLevelRisesAgainWhenOthersLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &far{takes: 2, latency: 50 * time.Millisecond}
		l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 12})
		crowd(t.Context(), l, f, 20, lasting(time.Minute))
		if got := l.Snapshot().Limit; got > 3 {
			t.Fatalf("limit = %d while Zoho takes 2", got)
		}
		f.takes = 12
		crowd(t.Context(), l, f, 20, lasting(3*time.Minute))
		if got := l.Snapshot().Limit; got != 12 {
			t.Errorf("limit = %d three minutes after the others left, want 12", got)
		}
	})
}
