package batch_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"zlock/batch"
	"zlock/zoho"
	"zlock/zoho/sim"
)

// One row that Zoho refuses within a composite, for reasons of its own, says nothing of the kind of call
// that went well beside it: composites go on, and nothing else is remembered.
func TestCompositeSurvivesARowOfItsOwn(t *testing.T) {
	tests := []struct {
		name string
		rows func([]batch.Row)
		mods map[string]sim.Module
		want map[batch.Outcome]int64
	}{
		{"of a module that cannot be locked", func(rows []batch.Row) { rows[140].Module = "Notes" },
			map[string]sim.Module{"Deals": {}, "Notes": {Locking: sim.Unsupported}},
			map[batch.Outcome]int64{batch.Locked: 299, batch.Pending: 1}},
		{"that cannot be sent", func(rows []batch.Row) { rows[140].Reason = "\u2003" }, nil,
			map[batch.Outcome]int64{batch.Locked: 299, batch.Failed: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				rows := locksOf(300, "Deals")
				tt.rows(rows)
				s := newStage(t, sim.Config{Composite: sim.CompositeAll, Modules: tt.mods}, rows)
				learnt := map[string]bool{}
				report, run := s.work(batch.Options{
					Composite: batch.CompositeOn, Workers: 10, LearnAdmits: func(op string, ok bool) { learnt[op] = ok },
				})
				s.counts(run, tt.want)
				if !learnt[zoho.OpLock] || report.Composite.Carried < 250 {
					t.Errorf("learnt %v, %+v", learnt, report.Composite)
				}
				s.spent(run)
			})
		})
	}
}

// swap answers the nth call whose path ends so in another way.
type swap struct {
	http.RoundTripper
	suffix string
	answer func(*http.Request, func() (*http.Response, error)) (*http.Response, error)

	mu   sync.Mutex
	done bool
}

func (s *swap) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	mine := !s.done && strings.HasSuffix(r.URL.Path, s.suffix)
	s.done = s.done || mine
	s.mu.Unlock()
	if !mine {
		return s.RoundTripper.RoundTrip(r)
	}
	return s.answer(r, func() (*http.Response, error) { return s.RoundTripper.RoundTrip(r) })
}

// A composite that Zoho gave up waiting for may have been carried out, whatever status tells of it.
func TestCompositeThatTimedOutAsAWhole(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newStage(t, sim.Config{Composite: sim.CompositeAll}, locksOf(100, "Deals"))
		s.wire = func(next http.RoundTripper) http.RoundTripper {
			return &swap{RoundTripper: next, suffix: "/__composite_requests", answer: func(_ *http.Request, made func() (*http.Response, error)) (*http.Response, error) {
				resp, err := made()
				if err != nil {
					return nil, err
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
				resp.StatusCode, resp.ContentLength = http.StatusBadRequest, -1
				resp.Body = io.NopCloser(strings.NewReader(`{"code":"REQUEST_TIMEOUT","status":"error","message":"request timed out","details":{}}`))
				return resp, nil
			}}
		}
		learnt := map[string]bool{}
		_, run := s.work(batch.Options{Composite: batch.CompositeOn, Workers: 10, LearnAdmits: func(op string, ok bool) { learnt[op] = ok }})
		s.counts(run, map[batch.Outcome]int64{batch.Locked: 100})
		s.settled()
		s.spent(run)
		if !learnt[zoho.OpLock] {
			t.Errorf("learnt %v", learnt)
		}
	})
}
