package zoho_test

import (
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"zlock/zoho"
)

func TestPaceIsKept(t *testing.T) {
	tests := []struct {
		rate    float64
		latency time.Duration
		want    int // starts in the first 10 s
	}{
		{1, 50 * time.Millisecond, 10},
		{0.5, 50 * time.Millisecond, 5},
		{7, 300 * time.Millisecond, 70},
		{100, 50 * time.Millisecond, 1000},
		{1000, time.Millisecond, 10000},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.rate), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &far{latency: tt.latency}
				l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 25, Rate: tt.rate})
				crowd(t.Context(), l, f, 30, lasting(time.Minute)) // finds its level
				f.starts = nil
				crowd(t.Context(), l, f, 30, lasting(10*time.Second))
				apart := time.Duration(float64(time.Second) / tt.rate)
				got := 0
				for i, s := range f.starts {
					if s.Sub(f.starts[0]) < 10*time.Second {
						got++
					}
					// 100 starts take 100 times as long as one, but two may be close when one is late.
					if i >= 100 && s.Sub(f.starts[i-100]) < 100*apart-5*time.Millisecond {
						t.Fatalf("starts %d to %d in %v, want at least %v", i-100, i, s.Sub(f.starts[i-100]), 100*apart)
					}
				}
				if math.Abs(float64(got-tt.want)) > max(1, float64(tt.want)/500) {
					t.Errorf("%d starts in 10 s, want %d", got, tt.want)
				}
			})
		})
	}
}

// A start that comes a little late must not make all later ones late.
func TestPaceMakesUpForLateness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 1, Rate: 1000})
		began := time.Now()
		for i := range 3000 {
			s, err := l.Acquire(t.Context(), 1)
			if err != nil {
				t.Fatal(err)
			}
			if i%3 == 0 {
				time.Sleep(3 * time.Millisecond)
			}
			s.Release(answered())
		}
		if took := time.Since(began); took < 2990*time.Millisecond || took > 3010*time.Millisecond {
			t.Errorf("3000 calls at 1000 a second took %v, want 3s", took)
		}
	})
}

func TestPaceHasNoBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &far{latency: 50 * time.Millisecond}
		l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 25, Rate: 10})
		for range 3 {
			time.Sleep(time.Minute) // idle time must not be saved up
			crowd(t.Context(), l, f, 25, times(25))
		}
		for i := 1; i < len(f.starts); i++ {
			if apart := f.starts[i].Sub(f.starts[i-1]); apart < 99*time.Millisecond {
				t.Errorf("starts %d and %d are %v apart, want 100ms", i-1, i, apart)
			}
		}
	})
}

func TestNoSlotIsHeldWhileWaitingForPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 5, Rate: 0.1})
		take(t, l, 1).Release(answered())
		done := make(chan struct{})
		go func() {
			crowd(t.Context(), l, &far{}, 5, times(5))
			close(done)
		}()
		synctest.Wait()
		if got := l.Snapshot().InFlight; got != 0 {
			t.Errorf("%d in flight while all wait for the pace, want none", got)
		}
		<-done
	})
}

func TestPaceTakesNonsenseForNone(t *testing.T) {
	for _, rate := range []float64{0, -1, math.NaN(), math.Inf(1), math.Inf(-1)} {
		synctest.Test(t, func(t *testing.T) {
			l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 1, Rate: rate})
			for range 10 {
				take(t, l, 1).Release(answered())
			}
		})
	}
}
