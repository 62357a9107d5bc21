package zoho_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zlock/zoho"
)

func TestAllowanceComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(2 * time.Minute) // into a bucket of five minutes, which began at midnight
		now := time.Now()
		l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 2, Allowance: 100, Spent: []zoho.Spend{
			{At: now.Add(-time.Hour), Credits: 40},
			{At: now.Add(-23 * time.Hour), Credits: 50},
			{At: now.Add(-25 * time.Hour), Credits: 1000}, // forgotten
			{At: now.Add(-2 * time.Hour), Credits: -7},    // nonsense
		}})
		if got := l.Snapshot().Spent24h; got != 90 {
			t.Fatalf("%d spent in 24 h, want 90", got)
		}
		crowd(t.Context(), l, &far{}, 1, func() bool { return true })
		err := refusal(t, l)
		stop, _ := err.(*zoho.StopError)
		want := now.Add(time.Hour + 3*time.Minute)
		if stop == nil || !stop.Until.Equal(want) {
			t.Fatalf("refused with %+v, want credits back at %v", err, want)
		}
		if text := err.Error(); !strings.Contains(text, "100 of the 100 credits for 24 hours") || !strings.Contains(text, "2000-01-01 01:05:00 UTC") {
			t.Errorf("error = %q, want the numbers and the time", text)
		}
		time.Sleep(time.Until(want) - 1)
		_ = refusal(t, l)
		time.Sleep(time.Nanosecond)
		f := &far{}
		crowd(t.Context(), l, f, 3, func() bool { return true })
		if f.calls != 50 {
			t.Errorf("%d calls once 50 credits were back, want 50", f.calls)
		}
	})
}

func TestUntilIsWhenEnoughIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 2, Allowance: 10, Spent: []zoho.Spend{
			{At: now.Add(-20 * time.Hour), Credits: 2},
			{At: now.Add(-10 * time.Hour), Credits: 3},
			{At: now.Add(-5 * time.Hour), Credits: 20},
		}})
		tests := []struct {
			price int
			want  time.Time
		}{
			{1, now.Add(19*time.Hour + 5*time.Minute)},
			{10, now.Add(19*time.Hour + 5*time.Minute)},
			{11, time.Time{}},
		}
		for _, tt := range tests {
			_, err := l.Acquire(t.Context(), tt.price)
			if stop, _ := err.(*zoho.StopError); stop == nil || !stop.Until.Equal(tt.want) {
				t.Errorf("price %d refused with %+v, want until %v", tt.price, err, tt.want)
			}
		}
	})
}

// Spending seen in the future was under a clock set wrong: it counts for a day from now, no longer.
func TestSpendingInTheFuture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 2, Allowance: 10, Spent: []zoho.Spend{
			{At: time.Now().AddDate(10, 0, 0), Credits: 10},
		}})
		_ = refusal(t, l)
		time.Sleep(24*time.Hour + 5*time.Minute)
		take(t, l, 1).Release(answered())
	})
}

// Whatever the order of spending and waiting, no 24 hours see more than the allowance.
func TestAllowanceHoldsInEveryWindow(t *testing.T) {
	const allowance = 200
	for seed := range uint64(50) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			var all []zoho.Spend
			for total := 0; total < allowance; {
				s := zoho.Spend{At: time.Now().Add(-time.Duration(random.Int64N(int64(30 * time.Hour)))), Credits: 1 + random.IntN(20)}
				s.Credits = min(s.Credits, allowance-total)
				total += s.Credits
				all = append(all, s)
			}
			l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 3, Allowance: allowance, Spent: all})
			refused := 0
			for range 600 {
				time.Sleep(time.Duration(random.Int64N(int64(20 * time.Minute))))
				price := 1 + random.IntN(5)
				s, err := l.Acquire(t.Context(), price)
				if err != nil {
					refused++
					continue
				}
				all = append(all, zoho.Spend{At: time.Now(), Credits: price})
				s.Release(answered())
			}
			slices.SortFunc(all, func(a, b zoho.Spend) int { return a.At.Compare(b.At) })
			from, sum := 0, 0
			for _, s := range all {
				sum += s.Credits
				for !all[from].At.After(s.At.Add(-24 * time.Hour)) {
					sum -= all[from].Credits
					from++
				}
				if sum > allowance {
					t.Fatalf("seed %d: %d credits in the 24 h before %v, allowance %d", seed, sum, s.At, allowance)
				}
			}
			if refused == 0 || refused == 600 {
				t.Errorf("seed %d: %d of 600 refused, the test shows nothing", seed, refused)
			}
		})
	}
}
