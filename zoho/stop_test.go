package zoho_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"zlock/zoho"
)

func TestStopErrorIsASentence(t *testing.T) {
	until := time.Date(2026, 3, 1, 14, 5, 0, 0, time.FixedZone("", 3600))
	tests := []struct {
		in   zoho.StopError
		want string
	}{
		{zoho.StopError{Cause: zoho.CauseBudget, Reason: "5 of the 5 credits of this invocation are spent"},
			"call to Zoho not made: 5 of the 5 credits of this invocation are spent"},
		{zoho.StopError{Cause: zoho.CauseBudget, Until: until, Reason: "5 of the 5 credits for 24 hours are spent"},
			"call to Zoho not made: 5 of the 5 credits for 24 hours are spent; credits come back at 2026-03-01 13:05:00 UTC"},
		{zoho.StopError{Cause: zoho.CauseOutage, Reason: "Zoho has not answered for 30m0s"},
			"call to Zoho not made: Zoho has not answered for 30m0s; go on when Zoho answers again"},
	}
	for i, tt := range tests {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			if got := tt.in.Error(); got != tt.want {
				t.Errorf("Error() = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestStopEndsAllWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 1})
		held := take(t, l, 1)
		end := make(chan error)
		for range 3 {
			go func() {
				_, err := l.Acquire(t.Context(), 1)
				end <- err
			}()
		}
		synctest.Wait()
		l.Stop()
		l.Stop()
		for range 3 {
			if err := <-end; !isStop(err, zoho.CauseEnded) {
				t.Errorf("a waiter ended with %v, want the stop", err)
			}
		}
		if s := l.Snapshot(); s.InFlight != 1 || s.Why != "stopped: the run is being stopped" {
			t.Errorf("Snapshot = %+v, want the call in flight left alone", s)
		}
		held.Release(answered())
		if err := refusal(t, l); !isStop(err, zoho.CauseEnded) {
			t.Errorf("a later caller got %v, want the stop", err)
		}
	})
}
