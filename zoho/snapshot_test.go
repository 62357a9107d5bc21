package zoho_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zlock/zoho"
)

// wait has n calls wait at l until the test ends.
func wait(t *testing.T, l *zoho.Limiter, n int) {
	for range n {
		go func() {
			if s, err := l.Acquire(t.Context(), 1); err == nil {
				s.Release(answered())
			}
		}()
	}
	synctest.Wait()
}

func TestSnapshotSaysWhy(t *testing.T) {
	at := func(s zoho.Snapshot) string { return s.Gate.Format("15:04:05") }
	tests := []struct {
		name string
		in   zoho.LimiterConfig
		do   func(*testing.T, *zoho.Limiter)
		want string // "@" stands for the time of the gate
	}{
		{"nothing holds back", zoho.LimiterConfig{Cap: 2}, func(*testing.T, *zoho.Limiter) {}, ""},
		{"finding out", zoho.LimiterConfig{Cap: 9}, func(*testing.T, *zoho.Limiter) {}, "2 in flight: finding out how many Zoho takes"},
		{"polite", zoho.LimiterConfig{Cap: 9, Polite: true}, func(*testing.T, *zoho.Limiter) {}, "2 in flight: leaving room for others"},
		{"at the cap", zoho.LimiterConfig{Cap: 2}, func(t *testing.T, l *zoho.Limiter) {
			take(t, l, 1)
			take(t, l, 1)
			wait(t, l, 1)
		}, "2 in flight: the most allowed"},
		{"pace", zoho.LimiterConfig{Cap: 2, Rate: 0.25}, func(t *testing.T, l *zoho.Limiter) {
			take(t, l, 1)
			wait(t, l, 1)
		}, "at the pace that was set: 0.25 calls a second"},
		{"credits in flight", zoho.LimiterConfig{Cap: 2, MaxCredits: 1}, func(t *testing.T, l *zoho.Limiter) {
			take(t, l, 1)
			wait(t, l, 1)
		}, "the last credits are with the calls in flight"},
		{"gate", zoho.LimiterConfig{Cap: 2}, func(t *testing.T, l *zoho.Limiter) {
			take(t, l, 1).Release(throttled(0))
		}, "paused: Zoho said too many, on at @"},
		{"after the gate", zoho.LimiterConfig{Cap: 9}, func(t *testing.T, l *zoho.Limiter) {
			crowd(t.Context(), l, &far{takes: 3, latency: time.Second}, 9, lasting(20*time.Second))
			time.Sleep(3 * time.Second)
		}, "3 in flight: Zoho said too many"},
		{"outage", zoho.LimiterConfig{Cap: 2}, func(t *testing.T, l *zoho.Limiter) {
			feed(t, l, strings.Repeat("t", 10))
		}, "paused: Zoho does not answer, next try at 00:00:0"},
		{"testing", zoho.LimiterConfig{Cap: 2}, func(t *testing.T, l *zoho.Limiter) {
			feed(t, l, strings.Repeat("t", 10))
			time.Sleep(5 * time.Second)
		}, "testing whether Zoho answers again"},
		{"stopped", zoho.LimiterConfig{Cap: 2}, func(t *testing.T, l *zoho.Limiter) {
			take(t, l, 1).Release(zoho.Feedback{Kind: zoho.FeedbackThrottled, Sent: 1, CreditsGone: true, Remaining: -1})
		}, "stopped: Zoho says that the day's credits are used up (1 spent by us in 24 hours)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := zoho.NewLimiter(tt.in)
				tt.do(t, l)
				s := l.Snapshot()
				want := strings.ReplaceAll(tt.want, "@", at(s))
				if got := s.Why; got != want && (tt.name != "outage" || !strings.HasPrefix(got, want)) {
					t.Errorf("Why = %q, want %q", got, want)
				}
			})
		})
	}
}

func TestDecisionsAreLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 2, MaxOutage: time.Minute, Log: slog.New(slog.NewTextHandler(&log, nil))})
		feed(t, l, "x"+strings.Repeat("t", 10)+"aaa")
		crowd(t.Context(), l, &far{down: true}, 1, func() bool { return true })
		synctest.Wait() // the log is written after the waiters are told
		for _, want := range []string{
			`msg="limiter: Zoho said too many: fewer calls at once" limit=1`,
			`msg="limiter: Zoho does not answer: calls are held back" unanswered=10`,
			`msg="limiter: Zoho answers again: calls go on"`,
			`msg="limiter: no more calls" cause=outage reason="Zoho has not answered for 1m0s`,
		} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("log lacks %s:\n%s", want, log.String())
			}
		}
	})
}

// reentrant is a log whose writer looks at the limiter, as a progress bar may.
type reentrant struct{ limiter *zoho.Limiter }

func (r *reentrant) Write(p []byte) (int, error) {
	r.limiter.Snapshot()
	return len(p), nil
}

func TestLogIsWrittenWithoutTheLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r reentrant
		r.limiter = zoho.NewLimiter(zoho.LimiterConfig{Cap: 2, Log: slog.New(slog.NewTextHandler(&r, nil))})
		feed(t, r.limiter, "x"+strings.Repeat("t", 10))
		if s := r.limiter.Snapshot(); s.Throttled != 1 || s.Circuit != "open" {
			t.Errorf("Snapshot = %+v, want one 429 and the circuit open", s)
		}
	})
}
