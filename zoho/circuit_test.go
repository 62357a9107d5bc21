package zoho_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"zlock/zoho"
)

// feed has one call after another come to these ends: t trouble, a answered, x 429, u unused.
func feed(t *testing.T, l *zoho.Limiter, ends string) {
	t.Helper()
	for _, end := range ends {
		s, err := l.Acquire(t.Context(), 1)
		if err != nil {
			t.Fatalf("Acquire: %v", err)
		}
		switch end {
		case 't':
			s.Release(trouble())
		case 'a':
			s.Release(answered())
		case 'x':
			s.Release(throttled(0))
		case 'u':
			s.Release(zoho.Feedback{Kind: zoho.FeedbackUnused, Remaining: -1})
		}
	}
}

func TestCircuitOpens(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"nine in a row", strings.Repeat("t", 9), "closed"},
		{"ten in a row", strings.Repeat("t", 10), "open"},
		{"an answer between", strings.Repeat("t", 9) + "a" + strings.Repeat("t", 9), "closed"},
		{"429s do not break a row", "ttttt" + "x" + "ttttt", "open"},
		{"429s do not count", strings.Repeat("xxxxta", 10), "closed"},
		{"calls not made do not count", strings.Repeat("u", 40), "closed"},
		{"half of nineteen", strings.Repeat("at", 9), "closed"},
		{"half of twenty", strings.Repeat("at", 10), "open"},
		{"half of the last forty", strings.Repeat("a", 40) + strings.Repeat("tta", 9) + "tttt", "open"},
		{"a third", strings.Repeat("aat", 100), "closed"},
		{"just under half", strings.Repeat("atata", 100), "closed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 4})
				feed(t, l, tt.in)
				if got := l.Snapshot().Circuit; got != tt.want {
					t.Errorf("circuit is %s after %q, want %s", got, tt.in, tt.want)
				}
			})
		})
	}
}

func TestCircuitForgetsAfterAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 4})
		for range 20 {
			feed(t, l, "ta")
			time.Sleep(10 * time.Second)
		}
		if got := l.Snapshot().Circuit; got != "closed" {
			t.Errorf("circuit is %s with six troubles a minute, want closed", got)
		}
	})
}

func TestCircuitTestsOneAtATimeAndCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &far{latency: time.Second}
		l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 8})
		crowd(t.Context(), l, f, 8, lasting(time.Minute))
		feed(t, l, strings.Repeat("t", 10))
		opened := time.Now()
		f.peak, f.starts = 0, nil
		crowd(t.Context(), l, f, 8, times(3))
		if f.peak != 1 {
			t.Errorf("%d tests at once, want one at a time", f.peak)
		}
		if first := f.starts[0].Sub(opened); first < 2500*time.Millisecond || first > 5*time.Second {
			t.Errorf("first test after %v, want 2.5 to 5 s", first)
		}
		if s := l.Snapshot(); s.Circuit != "closed" || s.Limit != 1 {
			t.Errorf("circuit %s and limit %d after three answers, want closed and 1", s.Circuit, s.Limit)
		}
	})
}

func TestCircuitPausesDouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 1, MaxOutage: 24 * time.Hour})
		feed(t, l, strings.Repeat("t", 10))
		pause := 5 * time.Second
		for range 12 {
			before := time.Now()
			feed(t, l, "t")
			if got := time.Since(before); got < pause/2 || got > pause {
				t.Errorf("paused for %v, want %v to %v", got, pause/2, pause)
			}
			pause = min(2*pause, 5*time.Minute)
		}
		feed(t, l, "aaa"+strings.Repeat("t", 10))
		before := time.Now()
		feed(t, l, "a")
		if got := time.Since(before); got > 5*time.Second {
			t.Errorf("first pause of a new outage lasted %v, want 5s at most", got)
		}
	})
}

func TestCircuitWhileTesting(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"two answers", "aa", "half-open"},
		{"three answers", "aaa", "closed"},
		{"a 429 changes nothing", "axaxa", "closed"},
		{"a call not made changes nothing", "auaua", "closed"},
		{"trouble starts over", "aataa", "half-open"},
		{"trouble opens", "aat", "open"},
		{"trouble of before is forgotten", "aaa" + "atatatatat", "closed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 4})
				feed(t, l, strings.Repeat("t", 10)+tt.in)
				if got := l.Snapshot().Circuit; got != tt.want {
					t.Errorf("circuit is %s after %q, want %s", got, tt.in, tt.want)
				}
			})
		})
	}
}

// The token endpoint is another host: that it answers says nothing of the API.
func TestTokenCallsProveNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 4, MaxOutage: time.Minute})
		token := func() {
			s, err := l.Acquire(t.Context(), 0)
			if err != nil {
				t.Fatal(err)
			}
			s.Release(answered())
		}
		feed(t, l, "ttttt")
		token()
		feed(t, l, "ttttt")
		if got := l.Snapshot().Circuit; got != "open" {
			t.Fatalf("circuit is %s, want open in spite of a token call", got)
		}
		for range 5 {
			token()
		}
		if got := l.Snapshot().Circuit; got != "half-open" {
			t.Errorf("circuit is %s after five token calls, want half-open", got)
		}
		time.Sleep(time.Minute)
		if _, err := l.Acquire(t.Context(), 0); !isStop(err, zoho.CauseOutage) {
			t.Errorf("Acquire = %v, want the outage's end in spite of token calls", err)
		}
	})
}

func isStop(err error, cause string) bool {
	stop, ok := errors.AsType[*zoho.StopError](err)
	return ok && stop.Cause == cause
}

func TestReadsTestFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 4})
		feed(t, l, strings.Repeat("t", 10))
		var order []string
		var wg sync.WaitGroup
		ask := func(name string, read bool) {
			wg.Go(func() {
				acquire := l.Acquire
				if read {
					acquire = l.AcquireRead
				}
				s, err := acquire(t.Context(), 1)
				if err != nil {
					t.Error(err)
					return
				}
				order = append(order, name)
				time.Sleep(time.Second)
				s.Release(answered())
			})
			synctest.Wait()
		}
		ask("write 1", false)
		ask("write 2", false)
		ask("read 1", true)
		ask("read 2", true)
		wg.Wait()
		if got, want := fmt.Sprint(order), "[read 1 read 2 write 1 write 2]"; got != want {
			t.Errorf("order = %s, want %s", got, want)
		}
	})
}

func TestCallsInAnOutageAreFew(t *testing.T) {
	for seed := range uint64(10) {
		synctest.Test(t, func(t *testing.T) {
			f := &far{latency: time.Second}
			l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 16, MaxOutage: 3 * time.Hour, Seed: seed})
			more := lasting(72 * time.Minute)
			var ends []error
			var wg sync.WaitGroup
			wg.Go(func() { ends = crowd(t.Context(), l, f, 32, more) })
			time.Sleep(time.Minute + 500*time.Millisecond) // in the middle of a round of calls
			before, began := len(f.begun()), time.Now()
			f.set(func() { f.down = true })
			time.Sleep(5 * time.Minute)
			early := len(f.begun())
			time.Sleep(55 * time.Minute)
			f.set(func() { f.down = false })
			starts := f.begun()
			if got := len(starts) - before; got > 60 || got < 20 {
				t.Errorf("seed %d: %d calls in an outage of an hour, want 20 to 60", seed, got)
			}
			late := starts[early:]
			for i := 1; i < len(late); i++ {
				if apart := late[i].Sub(late[i-1]); apart < 30*time.Second {
					t.Errorf("seed %d: calls %v apart, %v into the outage", seed, apart, late[i].Sub(began))
				}
			}
			time.Sleep(10 * time.Minute)
			if s := l.Snapshot(); s.Circuit != "closed" || s.Limit != 16 {
				t.Errorf("seed %d: %+v ten minutes after the outage, want full speed", seed, s)
			}
			wg.Wait()
			for _, err := range ends {
				if err != nil {
					t.Errorf("seed %d: a worker was refused: %v", seed, err)
				}
			}
		})
	}
}

func TestOutageEndsAllWaiting(t *testing.T) {
	tests := []struct {
		name string
		in   time.Duration
		want time.Duration
	}{
		{"default", 0, 30 * time.Minute},
		{"given", 7 * time.Minute, 7 * time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &far{latency: time.Second, down: true}
				l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 4, MaxOutage: tt.in})
				began := time.Now()
				ends := crowd(t.Context(), l, f, 10, func() bool { return true })
				if got := time.Since(began); got < tt.want || got > tt.want+3*time.Second {
					t.Errorf("all stopped after %v, want %v", got, tt.want)
				}
				for _, err := range append(ends, refusal(t, l)) {
					if !isStop(err, zoho.CauseOutage) {
						t.Errorf("a worker ended with %v, want the outage", err)
					}
				}
				text := ends[0].Error()
				if !strings.Contains(text, "not answered for "+tt.want.String()) || !strings.Contains(text, "calls without an answer") {
					t.Errorf("error = %q, want the time and the calls", text)
				}
			})
		})
	}
}

// refusal returns why l lets no call leave, now.
func refusal(t *testing.T, l *zoho.Limiter) error {
	t.Helper()
	before := time.Now()
	s, err := l.Acquire(t.Context(), 1)
	if s != nil {
		t.Error("a call may leave, want it refused")
		s.Release(answered())
	}
	if waited := time.Since(before); waited > 0 {
		t.Errorf("refused after %v, want at once", waited)
	}
	return err
}

func TestOutageIsCountedFromTheLastAnswer(t *testing.T) {
	for _, sign := range []string{"a", "x"} {
		t.Run(sign, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 4, MaxOutage: 2 * time.Minute})
				feed(t, l, "t")
				time.Sleep(time.Hour) // nobody asked: no outage
				feed(t, l, sign+strings.Repeat("t", 10))
				time.Sleep(time.Minute)
				feed(t, l, sign+"t")
				began := time.Now()
				ends := crowd(t.Context(), l, &far{down: true}, 1, func() bool { return true })
				if got := time.Since(began); got < 2*time.Minute || got > 2*time.Minute+time.Second {
					t.Errorf("stopped %v after the last sign of life with %v, want 2m", got, ends)
				}
			})
		})
	}
}

// A test may be in flight when patience ends: it is waited for, and may save the day.
func TestOutageWaitsForTheTestInFlight(t *testing.T) {
	tests := []struct {
		name string
		last zoho.Feedback
		stop bool
	}{
		{"answered", answered(), false},
		{"not", trouble(), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 4, MaxOutage: 20 * time.Second})
				feed(t, l, strings.Repeat("t", 10))
				s, err := l.Acquire(t.Context(), 1)
				if err != nil {
					t.Fatal(err)
				}
				end := make(chan error)
				go func() {
					s, err := l.Acquire(t.Context(), 1)
					if s != nil {
						s.Release(answered())
					}
					end <- err
				}()
				time.Sleep(time.Minute)
				s.Release(tt.last)
				if err := <-end; isStop(err, zoho.CauseOutage) != tt.stop {
					t.Errorf("the waiter ended with %v, want stopped: %v", err, tt.stop)
				}
			})
		})
	}
}

// Calls that left before the outage end during it or after it: they must not reopen the circuit,
// nor count as tests.
func TestStragglersDoNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, held := risen(t, zoho.LimiterConfig{})
		held[0].Release(answered())
		feed(t, l, strings.Repeat("t", 10))
		for _, s := range held[1:4] {
			s.Release(answered())
		}
		if got := l.Snapshot().Circuit; got != "open" {
			t.Fatalf("circuit is %s after answers to old calls, want open", got)
		}
		feed(t, l, "a")
		for _, s := range held[4:6] {
			s.Release(answered())
		}
		if got := l.Snapshot().Circuit; got != "half-open" {
			t.Fatalf("circuit is %s after one test and answers to old calls, want half-open", got)
		}
		feed(t, l, "aa")
		for _, s := range held[6:] {
			s.Release(trouble())
		}
		feed(t, l, "ttttttttt")
		if got := l.Snapshot().Circuit; got != "closed" {
			t.Errorf("circuit is %s after nine troubles and two of old calls, want closed", got)
		}
	})
}
