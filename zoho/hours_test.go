package zoho_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"zlock/zoho"
)

// Workers that call without a pause and are told to wait do so for ten nights, among them the one on
// which the clock is put forward, and then those around its being put back.
func TestNoCallOutsideTheWindow(t *testing.T) {
	for _, text := range []string{"22:00-06:00", "02:10-02:50", "23:50-00:10", "09:00-17:30"} {
		for _, day := range []time.Time{time.Date(2000, 3, 22, 12, 0, 0, 0, time.UTC), time.Date(2000, 10, 25, 12, 0, 0, 0, time.UTC)} {
			t.Run(text+" "+day.Format("Jan"), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					time.Sleep(time.Until(day))
					w := window(t, text, zone(t, "Europe/Berlin"))
					calls, openings := nights(t, w, day.AddDate(0, 0, 10))
					if calls < 1000 || openings < 9 {
						t.Errorf("%d calls in %d openings: that shows nothing", calls, openings)
					}
				})
			})
		}
	}
}

// nights calls until the end, and fails for each call that begins or ends outside the window.
func nights(t *testing.T, w zoho.Window, end time.Time) (calls, openings int) {
	random := rand.New(rand.NewPCG(1, 2))
	for time.Now().Before(end) {
		l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 3, Rate: 0.5, Window: w})
		var stop *zoho.StopError
		for stop == nil {
			slot, err := l.Acquire(t.Context(), 1)
			if errors.As(err, &stop) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			time.Sleep(200*time.Millisecond + time.Duration(random.Int64N(int64(5*time.Second))))
			if !w.Open(began) || !w.Open(time.Now()) {
				t.Fatalf("a call from %s to %s", began.In(w.Zone()), time.Now().In(w.Zone()))
			}
			slot.Release(answered())
			calls++
		}
		if stop.Cause != zoho.CauseWindow || !stop.Until.After(time.Now()) || !w.Open(stop.Until) || w.Open(stop.Until.Add(-time.Second)) {
			t.Fatalf("at %s stopped by %q until %s", time.Now().In(w.Zone()), stop.Cause, stop.Until.In(w.Zone()))
		}
		time.Sleep(time.Until(stop.Until))
		openings++
	}
	return calls, openings
}

// The last call leaves nearly as long before the end as calls take, and not much sooner.
func TestLastCallBeforeTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := time.Now().Add(time.Hour)
		l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 4, Window: window(t, "22:00-01:00", time.UTC)})
		f := &far{latency: 7 * time.Second}
		for _, err := range crowd(t.Context(), l, f, 8, func() bool { return true }) {
			var stop *zoho.StopError
			if !errors.As(err, &stop) || stop.Cause != zoho.CauseWindow || !stop.Until.Equal(end.Add(21*time.Hour)) {
				t.Errorf("ended with %v, want it to say when the window opens", err)
			}
		}
		starts := f.begun()
		if before := end.Sub(starts[len(starts)-1]); before < 8*time.Second || before > 16*time.Second {
			t.Errorf("the last call left %v before the end, calls take 7s", before)
		}
		if got := time.Now(); got.After(end) {
			t.Errorf("the last call ended at %s", got)
		}
	})
}

// Who waits for a slot, for the pace, or for a gate is told when the window ends, not kept.
func TestWaitersAreToldAtTheEnd(t *testing.T) {
	for name, hold := range map[string]func(*testing.T, *zoho.Limiter){
		"slot": func(t *testing.T, l *zoho.Limiter) { take(t, l, 1) },
		"gate": func(t *testing.T, l *zoho.Limiter) { take(t, l, 1).Release(throttled(time.Hour)) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(55 * time.Minute)
				l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 1, Window: window(t, "22:00-01:00", time.UTC)})
				hold(t, l)
				if _, err := l.Acquire(t.Context(), 0); !isStop(err, zoho.CauseWindow) {
					t.Errorf("ended with %v, want the window", err)
				}
				if left := 5*time.Minute - time.Since(time.Date(2000, 1, 1, 0, 55, 0, 0, time.UTC)); left < time.Second || left > 10*time.Second {
					t.Errorf("told %v before the end", left)
				}
			})
		})
	}
}

// A read-back and a token call are calls too.
func TestWindowHoldsEveryKindOfCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 4, Window: window(t, "22:00-23:00", time.UTC)})
		for name, acquire := range map[string]func(context.Context, int) (*zoho.Slot, error){"call": l.Acquire, "read": l.AcquireRead} {
			for price := range 2 {
				if _, err := acquire(t.Context(), price); !isStop(err, zoho.CauseWindow) {
					t.Errorf("%s of price %d: %v, want the window", name, price, err)
				}
			}
		}
	})
}
