package batch_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"zlock/batch"
	"zlock/zoho"
	"zlock/zoho/sim"
)

func TestStops(t *testing.T) {
	for _, test := range []struct {
		name  string
		o     batch.Options
		l     zoho.LimiterConfig
		cause batch.StopCause
		check func(*testing.T, *stage, batch.Run)
	}{
		{"limit", batch.Options{Limit: 7}, zoho.LimiterConfig{}, batch.StopLimit, func(t *testing.T, s *stage, r batch.Run) {
			s.counts(r, map[batch.Outcome]int64{batch.Locked: 7, batch.Pending: 193})
		}},
		{"budget", batch.Options{}, zoho.LimiterConfig{MaxCredits: 60}, batch.StopBudget, func(t *testing.T, s *stage, r batch.Run) {
			if n := s.org.Stats().Calls; n > 60 || n < 50 {
				t.Errorf("%d calls with a budget of 60", n)
			}
		}},
		{"time", batch.Options{Until: time.Date(2000, 1, 1, 0, 0, 1, 0, time.UTC)}, zoho.LimiterConfig{}, batch.StopDuration,
			func(t *testing.T, s *stage, r batch.Run) {
				if n := r.Counts[batch.Locked]; n == 0 || n == 200 {
					t.Errorf("%d rows locked in one second", n)
				}
			}},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newStage(t, sim.Config{}, locksOf(200, "Deals"))
				report, run := s.sit(t.Context(), t.Context(), test.o, test.l)
				if report.StoppedBy != test.cause {
					t.Errorf("stopped by %q (%s), want %q", report.StoppedBy, report.Why, test.cause)
				}
				if run.State != batch.Paused || run.Counts[batch.Unknown]+run.Counts[batch.Sending] != 0 {
					t.Errorf("state %s, %d unknown, %d sending", run.State, run.Counts[batch.Unknown], run.Counts[batch.Sending])
				}
				test.check(t, s, run)
				s.spent(run)
				_, run = s.work(batch.Options{})
				s.counts(run, map[batch.Outcome]int64{batch.Locked: 200})
				s.settled()
			})
		})
	}
}

// A stop that passes by itself says when; one of this invocation's own does not.
func TestAStopSaysWhenToGoOn(t *testing.T) {
	night, err := zoho.ParseWindow("23:00-00:01", time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name  string
		l     zoho.LimiterConfig
		cause batch.StopCause
		from  time.Duration // since the beginning, at midnight; 0: not known
		to    time.Duration
		rolls bool
	}{
		{"window", zoho.LimiterConfig{Window: night, Rate: 1}, batch.StopWindow, 23 * time.Hour, 23 * time.Hour, false},
		{"allowance", zoho.LimiterConfig{Allowance: 60}, batch.StopBudget, 24 * time.Hour, 25 * time.Hour, true},
		{"own", zoho.LimiterConfig{MaxCredits: 60}, batch.StopBudget, 0, 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newStage(t, sim.Config{}, locksOf(200, "Deals"))
				began := time.Now()
				report, _ := s.sit(t.Context(), t.Context(), batch.Options{Workers: 1}, test.l)
				if report.StoppedBy != test.cause || report.Rolls != test.rolls || report.ResumeAt.IsZero() != (test.to == 0) {
					t.Fatalf("stopped by %q, to go on at %v, rolling %v", report.StoppedBy, report.ResumeAt, report.Rolls)
				}
				if at := report.ResumeAt.Sub(began); test.to > 0 && (at < test.from || at > test.to) {
					t.Errorf("to go on after %v, want %v to %v", at, test.from, test.to)
				}
			})
		})
	}
}

// A stop for too many failures begins nothing new, and reads back what is in doubt before it ends.
func TestAStopSettlesTheDoubt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		rows := locksOf(100, "Deals")
		s := newStage(t, sim.Config{
			Records: recordsOf(rows[:4], sim.User{}), // all others fail
			Script:  []sim.Fault{{Match: sim.Match{Op: sim.OpLock, Until: 150 * time.Millisecond}, Do: sim.DropAfter}},
		}, rows)
		report, run := s.work(batch.Options{Workers: 4, MaxFailures: 5})
		if report.StoppedBy != batch.StopBreaker || run.Counts[batch.Unknown] != 0 || run.Counts[batch.Locked] != 4 {
			t.Errorf("stopped by %q, %v", report.StoppedBy, run.Counts)
		}
		s.settled()
		s.spent(run)
	})
}

// A run that nobody has given a time goes on for as long as it takes.
func TestARunOfHours(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newStage(t, sim.Config{}, locksOf(30, "Deals"))
		began := time.Now()
		report, run := s.sit(t.Context(), t.Context(), batch.Options{}, zoho.LimiterConfig{Rate: 1.0 / 300})
		if took := time.Since(began); report.StoppedBy != "" || took < 2*time.Hour {
			t.Errorf("stopped by %q after %v", report.StoppedBy, took)
		}
		s.counts(run, map[batch.Outcome]int64{batch.Locked: 30})
	})
}

func TestFailuresStop(t *testing.T) {
	for _, test := range []struct {
		name string
		o    batch.Options
	}{
		{"number", batch.Options{MaxFailures: 12}},
		{"rate", batch.Options{MaxFailureRate: 0.3}},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				rows := locksOf(300, "Deals")
				present := recordsOf(rows, sim.User{})
				s := newStage(t, sim.Config{Records: func(yield func(sim.Record) bool) {
					i := 0
					for r := range present {
						if i++; i%2 == 0 && !yield(r) {
							return
						}
					}
				}}, rows)
				report, run := s.work(test.o)
				if report.StoppedBy != batch.StopBreaker {
					t.Errorf("stopped by %q (%s), want the breaker", report.StoppedBy, report.Why)
				}
				if n := run.Counts[batch.Failed]; n < 12 || n > 50 {
					t.Errorf("%d rows failed before it stopped", n)
				}
			})
		})
	}
}

// The first signal: nothing new begins, calls in flight end and are written down.
func TestSoftStop(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newStage(t, sim.Config{}, locksOf(200, "Deals"))
		soft, stop := context.WithCancel(t.Context())
		go func() {
			time.Sleep(time.Second)
			stop()
		}()
		report, run := s.sit(soft, t.Context(), batch.Options{}, zoho.LimiterConfig{})
		if report.StoppedBy != batch.StopSignal {
			t.Errorf("stopped by %q", report.StoppedBy)
		}
		if run.Counts[batch.Locked] == 0 || run.Counts[batch.Pending] == 0 || run.Open() != run.Counts[batch.Pending] {
			t.Errorf("counts %v: want some locked, the rest pending", run.Counts)
		}
		stopped := time.Date(2000, 1, 1, 0, 0, 1, 0, time.UTC)
		for _, e := range s.org.Log() {
			if e.At.After(stopped.Add(100 * time.Millisecond)) {
				t.Errorf("%s %s was served %v after the signal", e.Op, e.ID, e.At.Sub(stopped))
			}
		}
		s.spent(run)
		before := len(s.org.Log())
		done := map[string]bool{}
		for _, r := range s.rows() {
			done[r.RecordID] = r.Outcome.Final()
		}
		_, run = s.work(batch.Options{})
		s.counts(run, map[batch.Outcome]int64{batch.Locked: 200})
		s.settled()
		for _, e := range s.org.Log()[before:] {
			if done[e.ID] {
				t.Errorf("row of %s was final and was sent again", e.ID)
			}
		}
	})
}

// A signal leaves in doubt what was in doubt, for the next sitting to read back: none is sent again unseen.
func TestSoftStopLeavesTheDoubt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newStage(t, sim.Config{Script: []sim.Fault{
			{Match: sim.Match{Op: sim.OpLock, Until: 200 * time.Millisecond}, Do: sim.DropAfter},
		}}, locksOf(100, "Deals"))
		soft, stop := context.WithTimeout(t.Context(), time.Second) // before anything is read back
		defer stop()
		_, run := s.sit(soft, t.Context(), batch.Options{Workers: 4}, zoho.LimiterConfig{})
		lost := s.org.Stats().Faults[sim.DropAfter]
		if lost == 0 || run.Counts[batch.Unknown] != int64(lost) {
			t.Errorf("%d answers were lost, %v", lost, run.Counts)
		}
		_, run = s.work(batch.Options{})
		s.counts(run, map[batch.Outcome]int64{batch.Locked: 100})
		s.settled()
		s.sentOnce(sim.OpLock)
	})
}

// A row that cannot be read back stays in doubt, whatever was tried: the next sitting does not send it unseen.
func TestDoubtThatCannotBeReadStays(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newStage(t, sim.Config{Script: []sim.Fault{
			{Match: sim.Match{Op: sim.OpLock, Nth: 5, Overall: true}, Do: sim.DropAfter},
			{Match: sim.Match{Op: sim.OpList, Until: time.Hour}, Do: sim.CutBody},
		}}, locksOf(20, "Deals"))
		report, run := s.work(batch.Options{})
		if report.StoppedBy != batch.StopAttempts {
			t.Errorf("stopped by %q", report.StoppedBy)
		}
		s.counts(run, map[batch.Outcome]int64{batch.Locked: 19, batch.Unknown: 1})
		time.Sleep(2 * time.Hour) // of the bubble: reads are answered again
		_, run = s.work(batch.Options{})
		s.counts(run, map[batch.Outcome]int64{batch.Locked: 20})
		s.settled()
		s.sentOnce(sim.OpLock)
	})
}

// The second signal: calls in flight are cut, and their rows stay in doubt until they are read back.
func TestHardStop(t *testing.T) {
	bubble(t, func(t *testing.T) {
		rows := locksOf(60, "Deals")
		for i := range rows {
			if i%2 == 1 {
				rows[i].Action = batch.ActionUnlock
			}
		}
		s := newStage(t, sim.Config{Latency: func() time.Duration { return 300 * time.Millisecond }}, rows)
		hard, cut := context.WithCancel(t.Context())
		go func() {
			time.Sleep(1400 * time.Millisecond)
			cut()
		}()
		_, run := s.sit(hard, hard, batch.Options{}, zoho.LimiterConfig{})
		if run.Counts[batch.Unknown] == 0 || run.Counts[batch.Unknown] > 8 {
			t.Fatalf("%d rows in doubt, want those in flight", run.Counts[batch.Unknown])
		}
		_, run = s.work(batch.Options{})
		s.counts(run, map[batch.Outcome]int64{batch.Locked: 30, batch.Unlocked: 30})
		s.settled()
	})
}

// stumbling is a way to the far end on which somebody's transport panics, at every change.
type stumbling struct {
	http.RoundTripper
	mu      sync.Mutex
	changes int
}

// RoundTrip is http.RoundTripper's.
func (w *stumbling) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodGet || !strings.HasPrefix(r.URL.Path, "/crm/") {
		return w.RoundTripper.RoundTrip(r)
	}
	w.mu.Lock()
	w.changes++
	w.mu.Unlock()
	panic("out of wires")
}

// A pass that ends the run is the last that its worker makes, although another row waits for it already and
// the keeper has not heard of it yet. Who would be the quicker is chance, so each is tried many times.
func TestThePassThatEndsTheRunIsTheLast(t *testing.T) {
	const times, refused = 10, 2 // a call whose token is refused is made once more with a fresh one
	t.Run("sign-in", func(t *testing.T) {
		for range times {
			bubble(t, func(t *testing.T) {
				s := newStage(t, sim.Config{Script: []sim.Fault{{Match: sim.Match{Op: sim.AnyWrite}, Do: sim.TokenRevoked}}}, locksOf(20, "Deals"))
				report, run := s.work(batch.Options{Workers: 1})
				if n := s.org.Stats().Calls; n != refused || report.StoppedBy != batch.StopAuth {
					t.Errorf("%d calls, stopped by %q; want the %d of the first row alone, and %q", n, report.StoppedBy, refused, batch.StopAuth)
				}
				s.counts(run, map[batch.Outcome]int64{batch.Pending: 20})
				s.spent(run)
			})
		}
	})
	t.Run("panic", func(t *testing.T) {
		for range times {
			bubble(t, func(t *testing.T) {
				s := newStage(t, sim.Config{}, locksOf(20, "Deals"))
				session, err := s.db.Begin(t.Context(), s.run.ID, "pid 1 on test")
				if err != nil {
					t.Fatal(err)
				}
				var wire *stumbling
				s.wire = func(inner http.RoundTripper) http.RoundTripper {
					wire = &stumbling{RoundTripper: inner}
					return wire
				}
				s.last = zoho.NewLimiter(zoho.LimiterConfig{Cap: 1})
				o := batch.Options{RunID: s.run.ID, AnyOwner: true, Workers: 1}
				report, err := batch.NewRunner(session, s.client(), s.last, o).Run(t.Context(), t.Context())
				if wire.changes != 1 || err == nil || report.StoppedBy != batch.StopError {
					t.Errorf("%d changes begun, stopped by %q: %v; want the one that panicked alone", wire.changes, report.StoppedBy, err)
				}
				run, err := session.End(t.Context(), batch.Paused, report.StoppedBy)
				if err != nil {
					t.Fatal(err)
				}
				s.counts(run, map[batch.Outcome]int64{batch.Unknown: 2, batch.Pending: 18}) // the one that was dealt ahead too
			})
		}
	})
}
