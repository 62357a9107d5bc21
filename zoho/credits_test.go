package zoho_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zlock/zoho"
)

// sent is an answer to a call that was written so many times, with what Zoho says remains.
func sent(n, remaining int) zoho.Feedback {
	return zoho.Feedback{Kind: zoho.FeedbackAnswered, Sent: n, Remaining: remaining}
}

func TestCreditsStopExactlyAtTheMost(t *testing.T) {
	tests := []struct {
		name string
		in   zoho.LimiterConfig
		want int
	}{
		{"invocation", zoho.LimiterConfig{Cap: 16, MaxCredits: 137}, 137},
		{"invocation, one at a time", zoho.LimiterConfig{Cap: 1, MaxCredits: 10}, 10},
		{"invocation, nothing kept but for rows in doubt", zoho.LimiterConfig{Cap: 16, MaxCredits: 137, KeepForReads: 40}, 137},
		{"day", zoho.LimiterConfig{Cap: 16, Allowance: 60}, 60},
		{"day, some kept", zoho.LimiterConfig{Cap: 16, Allowance: 60, KeepForReads: 20}, 40},
		{"day, kept no more than half", zoho.LimiterConfig{Cap: 16, Allowance: 60, KeepForReads: 100}, 30},
		{"the smaller", zoho.LimiterConfig{Cap: 16, MaxCredits: 50, Allowance: 40}, 40},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &far{latency: 50 * time.Millisecond}
				l := zoho.NewLimiter(tt.in)
				ends := crowd(t.Context(), l, f, 50, func() bool { return true })
				if f.calls != tt.want {
					t.Errorf("%d calls sent, want exactly %d", f.calls, tt.want)
				}
				for _, err := range ends {
					if !isStop(err, zoho.CauseBudget) {
						t.Errorf("a worker ended with %v, want the budget", err)
					}
				}
			})
		})
	}
}

func TestReadsMayUseWhatIsKept(t *testing.T) {
	tests := []struct {
		name string
		in   zoho.LimiterConfig
		want int // reads after writes have ended
	}{
		{"invocation", zoho.LimiterConfig{MaxCredits: 100}, 7},
		{"day", zoho.LimiterConfig{Allowance: 100, KeepForReads: 7}, 7},
		{"day, by rows in doubt", zoho.LimiterConfig{Allowance: 100, KeepForReads: 3}, 7},
		{"both", zoho.LimiterConfig{MaxCredits: 100, Allowance: 101, KeepForReads: 7}, 7},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := zoho.NewLimiter(tt.in)
				l.Owe(7)
				crowd(t.Context(), l, &far{}, 3, func() bool { return true })
				if err := refusal(t, l); !strings.Contains(err.Error(), "last 7 are kept for reading back") {
					t.Errorf("error = %q, want it to say what is kept", err)
				}
				reads := 0
				for {
					s, err := l.AcquireRead(t.Context(), 1)
					if err != nil {
						break
					}
					s.Release(answered())
					reads++
				}
				if reads != tt.want {
					t.Errorf("%d reads after the budget, want %d", reads, tt.want)
				}
			})
		})
	}
}

func TestWaitersForCreditsInFlight(t *testing.T) {
	tests := []struct {
		name string
		in   zoho.Feedback // of the call that holds the last credit
		want bool          // the waiter goes
	}{
		{"given back", zoho.Feedback{Kind: zoho.FeedbackTrouble, Sent: 0, Remaining: -1}, true},
		{"unused", zoho.Feedback{Kind: zoho.FeedbackUnused, Remaining: -1}, true},
		{"spent", answered(), false},
		{"spent on a 429", throttled(0), false},
		{"spent twice", sent(2, -1), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 2, MaxCredits: 1})
				held := take(t, l, 1)
				end := make(chan error)
				go func() {
					s, err := l.Acquire(t.Context(), 1)
					if s != nil {
						s.Release(answered())
					}
					end <- err
				}()
				synctest.Wait()
				select {
				case err := <-end:
					t.Fatalf("ended with %v while the last credit was in flight, want it to wait", err)
				default:
				}
				take(t, l, 0).Release(answered()) // a token call passes it
				held.Release(tt.in)
				if err := <-end; (err == nil) != tt.want {
					t.Errorf("the waiter ended with %v, want it to go: %v", err, tt.want)
				}
			})
		})
	}
}

// A read may pass a write that waits for the last credits: some are kept for it.
func TestReadPassesAWriteThatWaitsForCredits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 2, MaxCredits: 10})
		l.Owe(1)
		for range 8 {
			take(t, l, 1).Release(answered())
		}
		held := take(t, l, 1)
		end := make(chan error)
		go func() {
			_, err := l.Acquire(t.Context(), 1)
			end <- err
		}()
		synctest.Wait()
		s, err := l.AcquireRead(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		s.Release(answered())
		held.Release(answered())
		if err := <-end; !isStop(err, zoho.CauseBudget) {
			t.Errorf("the write ended with %v, want the budget", err)
		}
	})
}

func TestEverySendIsCounted(t *testing.T) {
	tests := []struct {
		name  string
		price int
		in    zoho.Feedback
		want  int
	}{
		{"once", 1, answered(), 1},
		{"sent again silently", 1, sent(2, -1), 2},
		{"dear", 3, answered(), 3},
		{"dear, sent again", 3, sent(2, -1), 6},
		{"never left", 3, sent(0, -1), 0},
		{"nonsense", 3, sent(-5, -1), 0},
		{"refused", 1, throttled(0), 1},
		{"token", 0, answered(), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 2, Spent: []zoho.Spend{{At: time.Now(), Credits: 100}}})
				s := take(t, l, tt.price)
				if got := l.Snapshot(); got.Credits != tt.price || got.Spent24h != 100+tt.price {
					t.Errorf("in flight: %d credits, %d in 24 h, want the price %d counted", got.Credits, got.Spent24h, tt.price)
				}
				s.Release(tt.in)
				if got := l.Snapshot(); got.Credits != tt.want || got.Spent24h != 100+tt.want {
					t.Errorf("afterwards: %d credits, %d in 24 h, want %d more", got.Credits, got.Spent24h, tt.want)
				}
			})
		})
	}
}

func TestZohosOwnFigureWins(t *testing.T) {
	tests := []struct {
		name  string
		floor int
		says  []int // by the answers to one call after another
		price int
		want  string // what the refusal of the next call says, "" when it goes
	}{
		{"silent", 0, []int{-1, -1}, 1, ""},
		{"plenty", 0, []int{500}, 1, ""},
		{"none", 0, []int{0}, 1, "Zoho says that 0 credits remain"},
		{"too few", 0, []int{2}, 3, "Zoho says that 2 credits remain, and the call costs 3"},
		{"counted down when silent", 0, []int{2, -1, -1}, 1, "2 credits remain"},
		{"the lower of two", 0, []int{0, 500}, 1, "0 credits remain"},
		{"left to others", 100, []int{100}, 1, "100 credits remain, of which 100 are left to others"},
		{"just above what is left to others", 100, []int{101}, 1, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 5, Floor: tt.floor})
				var held []*zoho.Slot // all in flight together, so that each figure is heard
				for range 2 {
					held = append(held, take(t, l, 1))
				}
				for i, said := range tt.says {
					if i >= len(held) {
						held = append(held, take(t, l, 1))
					}
					held[i].Release(sent(1, said))
				}
				for _, s := range held {
					s.Release(zoho.Feedback{Kind: zoho.FeedbackUnused, Remaining: -1})
				}
				s, err := l.Acquire(t.Context(), tt.price)
				switch {
				case tt.want == "" && err != nil:
					t.Fatalf("refused: %v", err)
				case tt.want == "":
					s.Release(answered())
				case !isStop(err, zoho.CauseBudget) || !strings.Contains(err.Error(), tt.want):
					t.Errorf("Acquire = %v, want %q", err, tt.want)
				}
				if last := tt.says[len(tt.says)-1]; last >= 0 && l.Snapshot().Remaining != last {
					t.Errorf("Remaining = %d, want %d", l.Snapshot().Remaining, last)
				}
			})
		})
	}
}

func TestZohosFigureAges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 2})
		take(t, l, 1).Release(sent(1, 0))
		time.Sleep(time.Minute)
		_ = refusal(t, l)
		time.Sleep(time.Nanosecond)
		take(t, l, 1).Release(sent(1, 800))
		take(t, l, 1).Release(answered())
		if got := l.Snapshot().Remaining; got != 800 {
			t.Errorf("Remaining = %d, want what Zoho last said, 800", got)
		}
	})
}

func TestFiguresOfNoWorthAreIgnored(t *testing.T) {
	tests := []struct {
		name  string
		price int
		in    zoho.Feedback
	}{
		{"token call", 0, zoho.Feedback{Kind: zoho.FeedbackAnswered, Sent: 1}},
		{"call not sent", 1, zoho.Feedback{Kind: zoho.FeedbackTrouble}},
		{"token call throttled", 0, zoho.Feedback{Kind: zoho.FeedbackThrottled, Sent: 1, CreditsGone: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 2})
				take(t, l, tt.price).Release(tt.in)
				s, err := l.Acquire(t.Context(), 1)
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				s.Release(answered())
				if got := l.Snapshot().Remaining; got != -1 {
					t.Errorf("Remaining = %d, want -1", got)
				}
			})
		})
	}
}

func TestThrottledForWantOfCredits(t *testing.T) {
	gone := throttled(0)
	gone.CreditsGone = true
	later := gone
	later.RetryAfter = 2 * time.Hour
	zero := throttled(0)
	zero.Remaining = 0
	plenty := throttled(0)
	plenty.Remaining = 1000
	tests := []struct {
		name  string
		in    zoho.Feedback
		want  string // "" when it is not taken for that
		until time.Duration
	}{
		{"said in words", gone, "Zoho says that the day's credits are used up (1 spent by us in 24 hours)", 0},
		{"said in words, with a time", later, "Zoho says that the day's credits are used up", 2 * time.Hour},
		{"none remain", zero, "Zoho refuses calls and says that 0 credits remain", 0},
		{"many remain", plenty, "", 0},
		{"nothing said", throttled(0), "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 1})
				held := take(t, l, 1)
				end := make(chan error)
				go func() {
					s, err := l.Acquire(t.Context(), 1)
					if s != nil {
						s.Release(answered())
					}
					end <- err
				}()
				synctest.Wait()
				held.Release(tt.in)
				now := time.Now()
				err := <-end
				if tt.want == "" {
					if err != nil {
						t.Errorf("the waiter ended with %v, want it to go on", err)
					}
					return
				}
				stop, _ := err.(*zoho.StopError)
				if stop == nil || stop.Cause != zoho.CauseBudget || !strings.Contains(stop.Error(), tt.want) {
					t.Fatalf("the waiter ended with %v, want %q", err, tt.want)
				}
				if until := stop.Until; until.IsZero() != (tt.until == 0) || tt.until > 0 && !until.Equal(now.Add(tt.until)) {
					t.Errorf("until %v, want %v from now", until, tt.until)
				}
				if err := refusal(t, l); err != error(stop) {
					t.Errorf("a later caller got %v, want the same", err)
				}
			})
		})
	}
}

func TestSingleCallsRefusedForTwoMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 8})
		calls, began := 0, time.Now()
		var err error
		for err == nil {
			var s *zoho.Slot
			if s, err = l.Acquire(t.Context(), 1); err == nil {
				s.Release(throttled(0))
				calls++
			}
		}
		took := time.Since(began)
		if !isStop(err, zoho.CauseBudget) || took < 2*time.Minute || took > 2*time.Minute+25*time.Second {
			t.Errorf("ended with %v after %v, want the budget after two minutes", err, took)
		}
		if calls > 20 {
			t.Errorf("%d calls refused meanwhile, want few", calls)
		}
	})
}

// That the token endpoint answers says nothing of the credits.
func TestTokenCallsDoNotShowThatCreditsRemain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 1})
		began := time.Now()
		for time.Since(began) < 3*time.Minute {
			s, err := l.Acquire(t.Context(), 1)
			if err != nil {
				if !isStop(err, zoho.CauseBudget) {
					t.Errorf("ended with %v, want the budget", err)
				}
				return
			}
			s.Release(throttled(0))
			if s, err = l.Acquire(t.Context(), 0); err == nil {
				s.Release(answered())
			}
		}
		t.Error("three minutes of refusals were not taken for spent credits")
	})
}

func TestOneAnswerShowsThatCreditsRemain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 1})
		for i := range 200 { // far longer than two minutes
			s, err := l.Acquire(t.Context(), 1)
			if err != nil {
				t.Fatalf("call %d: %v", i, err)
			}
			if i%5 == 4 {
				s.Release(answered())
			} else {
				s.Release(throttled(0))
			}
		}
	})
}
