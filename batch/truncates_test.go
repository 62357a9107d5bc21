package batch_test

import (
	"net/http"
	"strings"
	"testing"

	"zlock/batch"
	"zlock/zoho/sim"
)

// shortSighted is a server that overlooks what a list of ids holds beyond the first so many, in silence.
type shortSighted struct {
	http.RoundTripper
	sees int
}

func (s shortSighted) RoundTrip(r *http.Request) (*http.Response, error) {
	if query := r.URL.Query(); query.Has("ids") {
		ids := strings.Split(query.Get("ids"), ",")
		query.Set("ids", strings.Join(ids[:min(len(ids), s.sees)], ","))
		r = r.Clone(r.Context())
		r.URL.RawQuery = query.Encode()
	}
	return s.RoundTripper.RoundTrip(r)
}

// Records that a longer list of ids may not have reached are not taken for missing.
func TestPrecheckAgainstAServerThatOverlooksIDs(t *testing.T) {
	for _, mode := range []batch.Precheck{batch.PrecheckAuto, batch.PrecheckAlways} {
		bubble(t, func(t *testing.T) {
			rows := unlocksOf(400, "Deals")
			s := newStage(t, sim.Config{Records: orgOf(rows, func(i int) standing { return standing(i % 2) })}, rows)
			s.wire = func(next http.RoundTripper) http.RoundTripper { return shortSighted{next, 50} }
			_, run := s.work(batch.Options{Precheck: mode})
			s.counts(run, map[batch.Outcome]int64{batch.Unlocked: 200, batch.AlreadyUnlocked: 200})
			s.settled()
			s.spent(run)
		})
	}
}
