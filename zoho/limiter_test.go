package zoho_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"zlock/zoho"
)

// far is an end of Zoho that knows only how many calls it takes at once, how long it takes over
// one, and whether it answers at all. It lives inside a bubble.
type far struct {
	mu       sync.Mutex
	takes    int // calls at once; 0 = any number
	latency  time.Duration
	down     bool
	inFlight int
	peak     int
	calls    int
	refused  int
	starts   []time.Time
}

// serve is one call to it.
func (f *far) serve() zoho.Feedback {
	f.mu.Lock()
	f.calls++
	f.starts = append(f.starts, time.Now())
	f.inFlight++
	f.peak = max(f.peak, f.inFlight)
	over, down := f.takes > 0 && f.inFlight > f.takes, f.down
	if over {
		f.refused++
	}
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		f.inFlight--
		f.mu.Unlock()
	}()
	if over {
		return throttled(0)
	}
	time.Sleep(f.latency)
	if down {
		return trouble()
	}
	return answered()
}

// begun returns when calls came in, up to now.
func (f *far) begun() []time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.starts)
}

func (f *far) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func answered() zoho.Feedback {
	return zoho.Feedback{Kind: zoho.FeedbackAnswered, Sent: 1, Remaining: -1}
}

func trouble() zoho.Feedback {
	return zoho.Feedback{Kind: zoho.FeedbackTrouble, Sent: 1, Remaining: -1}
}

func throttled(after time.Duration) zoho.Feedback {
	return zoho.Feedback{Kind: zoho.FeedbackThrottled, Sent: 1, Remaining: -1, RetryAfter: after}
}

// crowd has so many workers call f through l, each until more says no or the limiter does. It
// returns the workers' ends.
func crowd(ctx context.Context, l *zoho.Limiter, f *far, workers int, more func() bool) (ends []error) {
	var wg sync.WaitGroup
	ends = make([]error, workers)
	for i := range workers {
		wg.Go(func() {
			for more() {
				s, err := l.Acquire(ctx, 1)
				if err != nil {
					ends[i] = err
					return
				}
				s.Release(f.serve())
			}
		})
	}
	wg.Wait()
	return ends
}

// times returns a function that says yes n times.
func times(n int) func() bool {
	var mu sync.Mutex
	return func() bool {
		mu.Lock()
		defer mu.Unlock()
		n--
		return n >= 0
	}
}

// lasting returns a function that says yes for d from now.
func lasting(d time.Duration) func() bool {
	end := time.Now().Add(d)
	return func() bool { return time.Now().Before(end) }
}

// take acquires a slot that must be had at once.
func take(t *testing.T, l *zoho.Limiter, price int) *zoho.Slot {
	t.Helper()
	before := time.Now()
	s, err := l.Acquire(t.Context(), price)
	if err != nil {
		t.Fatalf("Acquire: %v", err)
	}
	if waited := time.Since(before); waited > 0 {
		t.Fatalf("Acquire waited %v, want a slot at once", waited)
	}
	return s
}

func TestLimiterNeverExceedsCap(t *testing.T) {
	for _, most := range []int{0, 1, 2, 7, 25} {
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &far{latency: 50 * time.Millisecond}
				l := zoho.NewLimiter(zoho.LimiterConfig{Cap: most})
				crowd(t.Context(), l, f, 50, times(2000))
				want := max(most, 1)
				if f.peak != want {
					t.Errorf("most calls in flight = %d, want the cap %d reached and not passed", f.peak, want)
				}
				if s := l.Snapshot(); s.InFlight != 0 || s.Limit != want || s.Credits != 2000 {
					t.Errorf("Snapshot = %+v, want nothing in flight, limit %d, 2000 credits", s, want)
				}
			})
		})
	}
}

func TestLimiterServesInOrderOfArrival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 1})
		held := take(t, l, 1)
		var got []int
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				acquire := l.Acquire
				if i%3 == 0 {
					acquire = l.AcquireRead
				}
				s, err := acquire(t.Context(), i%2)
				if err != nil {
					t.Error(err)
					return
				}
				got = append(got, i)
				s.Release(answered())
			})
			synctest.Wait()
		}
		held.Release(answered())
		wg.Wait()
		if !slices.IsSorted(got) || len(got) != 20 {
			t.Errorf("served in the order %v, want the order of arrival", got)
		}
	})
}

func TestLimiterRefusesNonsense(t *testing.T) {
	l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 1})
	if s, err := l.Acquire(t.Context(), -1); s != nil || err == nil {
		t.Errorf("Acquire at price -1 = %v, %v, want an error", s, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if s, err := l.Acquire(ctx, 1); s != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("Acquire with an ended context = %v, %v, want its error", s, err)
	}
	if s := l.Snapshot(); s.InFlight != 0 {
		t.Errorf("%d in flight after two refusals, want none", s.InFlight)
	}
}

func TestReleaseTwiceDoesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 2})
		a, b := take(t, l, 1), take(t, l, 1)
		a.Release(answered())
		a.Release(answered())
		a.Release(throttled(0))
		if s := l.Snapshot(); s.InFlight != 1 || s.Credits != 2 || s.Throttled != 0 {
			t.Errorf("Snapshot = %+v, want one in flight, two credits, no 429", s)
		}
		b.Release(answered())
	})
}

func TestCancelledWaiterLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 2, MaxCredits: 100})
		a, b := take(t, l, 1), take(t, l, 1)
		ctx, cancel := context.WithCancel(t.Context())
		ends := make(chan error, 10)
		for range 10 {
			go func() {
				_, err := l.Acquire(ctx, 1)
				ends <- err
			}()
		}
		synctest.Wait()
		cancel()
		for range 10 {
			if err := <-ends; !errors.Is(err, context.Canceled) {
				t.Errorf("waiter ended with %v, want the context's error", err)
			}
		}
		a.Release(answered())
		b.Release(answered())
		take(t, l, 1).Release(answered())
		if s := l.Snapshot(); s.InFlight != 0 || s.Credits != 3 {
			t.Errorf("Snapshot = %+v, want nothing in flight and three credits", s)
		}
	})
}

// The head of the queue may be the only one that holds the others up: when it goes, they go on.
func TestCancelledHeadLetsOthersPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 3, MaxCredits: 6})
		a := take(t, l, 2)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _, _ = l.Acquire(ctx, 5) }()
		synctest.Wait()
		passed := make(chan *zoho.Slot)
		go func() {
			s, _ := l.Acquire(t.Context(), 1)
			passed <- s
		}()
		synctest.Wait()
		select {
		case <-passed:
			t.Fatal("the second waiter overtook one of its kind")
		default:
		}
		cancel()
		(<-passed).Release(answered())
		a.Release(answered())
	})
}

// A slot may be granted to a waiter that is just giving up: it must come back.
func TestSlotGrantedToALeaverComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 1})
		left := 0
		for range 500 {
			held := take(t, l, 1)
			ctx, cancel := context.WithCancel(t.Context())
			end := make(chan error)
			go func() {
				s, err := l.Acquire(ctx, 1)
				if s != nil {
					s.Release(answered())
				}
				end <- err
			}()
			synctest.Wait()
			held.Release(answered())
			cancel()
			if err := <-end; err != nil {
				left++
			}
			synctest.Wait()
		}
		if s := l.Snapshot(); s.InFlight != 0 || s.Credits != 1000-left {
			t.Errorf("Snapshot = %+v after %d of 500 left, want nothing in flight and %d credits", s, left, 1000-left)
		}
		if left == 0 {
			t.Skip("no waiter ever left with its slot granted: nothing shown")
		}
	})
}

// Waiters that give up at the very moment they are served must not take a slot or credits along.
func TestCancellationRacesLoseNothing(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			f := &far{latency: 10 * time.Millisecond}
			l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 4, Rate: 200, MaxCredits: 100000, Seed: seed})
			var wg sync.WaitGroup
			for i := range uint64(30) {
				random := rand.New(rand.NewPCG(seed, i))
				wg.Go(func() {
					for range 50 {
						patience := time.Duration(random.IntN(30)) * 5 * time.Millisecond
						ctx, cancel := context.WithTimeout(t.Context(), patience)
						if s, err := l.Acquire(ctx, 1); err == nil {
							s.Release(f.serve())
						}
						cancel()
					}
				})
			}
			wg.Wait()
			if s := l.Snapshot(); s.InFlight != 0 || s.Credits != f.calls || s.Spent24h != f.calls {
				t.Errorf("seed %d: %+v after %d calls: a slot or a credit was lost", seed, s, f.calls)
			}
			if f.calls == 0 || f.peak > 4 {
				t.Errorf("seed %d: %d calls, %d at once", seed, f.calls, f.peak)
			}
			time.Sleep(time.Second)
			take(t, l, 1).Release(answered())
		})
	}
}

func BenchmarkLimiter(b *testing.B) {
	for _, workers := range []int{1, 25} {
		b.Run(fmt.Sprint(workers), func(b *testing.B) {
			l := zoho.NewLimiter(zoho.LimiterConfig{Cap: 25, MaxCredits: 1 << 60, Allowance: 1 << 60})
			more := make(chan struct{}, 1024)
			var wg sync.WaitGroup
			b.ReportAllocs()
			b.ResetTimer()
			for range workers {
				wg.Go(func() {
					for range more {
						s, err := l.Acquire(context.Background(), 1)
						if err != nil {
							b.Error(err)
							continue
						}
						s.Release(answered())
					}
				})
			}
			for range b.N {
				more <- struct{}{}
			}
			close(more)
			wg.Wait()
		})
	}
}
