package cli_test

import (
	"net/http"
	"runtime/debug"
	"testing"
	"time"

	"zlock/cli"
)

// percentSeen is a way to Zoho that looks at how much garbage may gather while calls are made.
type percentSeen struct {
	http.RoundTripper
	most *int
}

func (p percentSeen) RoundTrip(r *http.Request) (*http.Response, error) {
	now := debug.SetGCPercent(100)
	debug.SetGCPercent(now)
	*p.most = max(*p.most, now)
	return p.RoundTripper.RoundTrip(r)
}

// TestGarbageGathers: while a run makes its calls, unless the environment says how much may; and not after.
func TestGarbageGathers(t *testing.T) {
	for name, in := range map[string]struct {
		gogc string
		want int
	}{"by itself": {"", 300}, "as told": {"100", 100}} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t).withZoho(nil)
			s.env["GOGC"] = in.gogc
			most := 0
			s.world = func(w *cli.World) { w.Transport = percentSeen{http.DefaultTransport, &most} }
			s.want(s.run("run", s.locks("job.csv", 0, 3), "--concurrency", "1"), 0)
			if most != in.want {
				t.Errorf("%d percent while calls are made, want %d", most, in.want)
			}
			if after := debug.SetGCPercent(100); after != 100 {
				t.Errorf("%d percent afterwards", after)
			}
		})
	}
}

// TestGarbageOfTwoRuns: of two runs in one process, the one that ends last leaves the setting as it was before the
// first.
func TestGarbageOfTwoRuns(t *testing.T) {
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	one, other := newStage(t).withZoho(nil), newStage(t).withZoho(nil)
	first := one.start("run", one.locks("job.csv", 0, 40), "--rate", "200")
	time.Sleep(50 * time.Millisecond) // the other begins meanwhile, and ends later
	second := other.start("run", other.locks("job.csv", 0, 50), "--rate", "100")
	one.want(first.wait(), 0)
	other.want(second.wait(), 0)
	if after := debug.SetGCPercent(100); after != 100 {
		t.Errorf("%d percent afterwards", after)
	}
}
