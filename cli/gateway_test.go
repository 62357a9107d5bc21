package cli_test

import (
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zlock/cli"
	"zlock/zoho/sim"
)

// gateway is a way to Zoho's API on which somebody asks for a sign-in of their own, until a time; zero is for ever.
type gateway struct {
	http.RoundTripper
	until time.Time
}

func (g gateway) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasPrefix(r.URL.Path, "/oauth") || !g.until.IsZero() && time.Now().After(g.until) {
		return g.RoundTripper.RoundTrip(r)
	}
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil {
		trace.GotConn(httptrace.GotConnInfo{})
		trace.WroteHeaders()
		trace.WroteRequest(httptrace.WroteRequestInfo{})
	}
	return response(http.StatusUnauthorized, "text/html", "<html>sign in to the gateway</html>")
}

// TestGatewayBeforeTheLook: which organisation it is, is looked at once the gateway lets calls through, and
// not left out for its page.
func TestGatewayBeforeTheLook(t *testing.T) {
	for _, in := range []struct {
		name, org string
		code      int
		says      string
		locks     int64
	}{
		{"the one expected", "60012345", 0, "is completed", 3},
		{"another", "70012345", 4, "leads to", 0},
	} {
		t.Run(in.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t).inBubble(3, acme)
				open := time.Now().Add(10 * time.Minute)
				s.world = func(w *cli.World) { w.Transport = gateway{s.org.Transport(), open} }
				s.want(s.run("run", s.manyLocks(3), "--expect-org", in.org), in.code, in.says)
				if time.Now().Before(open) {
					t.Error("it did not wait")
				}
				if n := int64(s.org.Stats().ByOp[sim.OpLock]); n != in.locks {
					t.Errorf("%d locks, want %d", n, in.locks)
				}
			})
		})
	}
}

// TestGatewayThatStays: a run waits for it as for an outage, and says what to do.
func TestGatewayThatStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t).inBubble(3, acme)
		s.world = func(w *cli.World) { w.Transport = gateway{s.org.Transport(), time.Time{}} }
		s.want(s.run("run", s.manyLocks(3), "--max-outage", "5m"), 7, "zlock resume", "HTML page; a proxy or gateway")
		s.want(s.run("show", "Leads", farLead(0)), 7, "401", "asks for a sign-in of its own")
	})
}

// TestDoctorMeetsAGateway: a run would meet it too.
func TestDoctorMeetsAGateway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t).inBubble(3, acme)
		s.world = func(w *cli.World) { w.Transport = gateway{s.org.Transport(), time.Time{}} }
		if c := s.doctor(4, "Leads")["org"]; c.Level != "fail" || c.ToDo == nil || !strings.Contains(*c.ToDo, "asks for a sign-in of its own") {
			t.Errorf("org %+v", c)
		}
	})
}
