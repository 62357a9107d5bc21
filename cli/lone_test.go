package cli_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zlock/cli"
	"zlock/zoho/sim"
)

// TestSingleSaysThatItWaits: who sits before a command about one record is told that it takes long; a script,
// and who asked for quiet, is not.
func TestSingleSaysThatItWaits(t *testing.T) {
	for name, in := range map[string]struct {
		terminal bool
		env      string
		takes    time.Duration // a call: one signs in, one locks
		says     int           // times
	}{
		"at a terminal": {true, "", 24 * time.Second, 4},
		"over at once":  {true, "", 4 * time.Second, 0},
		"in a script":   {false, "", 24 * time.Second, 0},
		"quiet":         {true, "ZLOCK_QUIET", 24 * time.Second, 0},
		"CI":            {true, "CI", 24 * time.Second, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t).inBubble(3, func(c *sim.Config) { c.Latency = func() time.Duration { return in.takes } })
				if in.env != "" {
					s.env[in.env] = "true"
				}
				change := s.world
				s.world = func(w *cli.World) {
					change(w)
					w.ErrTerminal = in.terminal
				}
				o := s.want(s.run("lock", "Leads", farLead(1), "--reason", "Audit"), 0)
				if n := strings.Count(o.err, "not done yet: waiting for Zoho\n"); n != in.says || strings.Contains(o.err, "\r") {
					t.Errorf("told %d times, want %d: %q", n, in.says, o.err)
				}
			})
		})
	}
}

// TestSingleSaysThatItIsInDoubt: where the answer was lost it is read back for a while, which is told.
func TestSingleSaysThatItIsInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t).inBubble(3, func(c *sim.Config) {
			c.Script = []sim.Fault{{Match: sim.Match{Op: sim.OpLock, Nth: 1}, Do: sim.DropBefore}}
		})
		s.env["ZLOCK_SETTLE"] = "60s"
		change := s.world
		s.world = func(w *cli.World) { change(w); w.ErrTerminal = true }
		s.want(s.run("lock", "Leads", farLead(1), "--reason", "Audit"), 0, "not done yet: an answer was lost; the record is read back")
	})
}
