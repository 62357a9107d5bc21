package cli_test

import (
	"net/http"
	"runtime/debug"
	"testing"

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

// TestGarbageGathers: while a run makes its calls, unless the environment says how much may.
func TestGarbageGathers(t *testing.T) {
	for name, in := range map[string]struct {
		gogc string
		want int
	}{"by itself": {"", 300}, "as told": {"100", 100}} {
		t.Run(name, func(t *testing.T) {
			defer debug.SetGCPercent(debug.SetGCPercent(100))
			s := newStage(t).withZoho(nil)
			s.env["GOGC"] = in.gogc
			most := 0
			s.world = func(w *cli.World) { w.Transport = percentSeen{http.DefaultTransport, &most} }
			s.want(s.run("run", s.locks("job.csv", 0, 3), "--concurrency", "1"), 0)
			if most != in.want {
				t.Errorf("%d percent while calls are made, want %d", most, in.want)
			}
		})
	}
}
