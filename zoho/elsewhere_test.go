package zoho_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zlock/zoho"
)

// What others spend meanwhile counts for the day, as what they spent before does.
func TestCreditsSpentElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 1, Allowance: 10})
		now := time.Now()
		take(t, l, 1).Release(answered())
		l.Elsewhere([]zoho.Spend{{At: now.Add(-23 * time.Hour), Credits: 4}, {At: now, Credits: 4}})
		take(t, l, 1).Release(answered())
		_, err := l.Acquire(t.Context(), 1)
		var stop *zoho.StopError
		if !errors.As(err, &stop) || !stop.Rolls || stop.Until.Sub(now) < 55*time.Minute || stop.Until.Sub(now) > 70*time.Minute {
			t.Fatalf("with 10 of 10 spent: %v", err)
		}
		if !strings.Contains(stop.Error(), "10 of the 10 credits") {
			t.Errorf("%v", stop)
		}
	})
}
