package cli_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"zlock/checkpoint"
	"zlock/zoho/sim"
)

// A signal ends the waiting at once.
func TestSignalWhileWaiting(t *testing.T) {
	for _, in := range []struct {
		signal os.Signal
		code   int
		args   []string
	}{
		{os.Interrupt, 130, []string{"--credits-per-day", "100", "--on-budget", "wait"}},
		{syscall.SIGTERM, 143, []string{"--window", "06:00-22:00"}},
	} {
		t.Run(in.signal.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t).inBubble(300, nil)
				s.signals = make(chan os.Signal, 4)
				g := s.start(append([]string{"run", s.manyLocks(300)}, in.args...)...)
				time.Sleep(2*time.Hour + time.Second)
				s.signals <- in.signal
				rung := time.Now()
				s.want(g.wait(), in.code, "is interrupted (stopped by a signal)", "next: zlock resume")
				if took := time.Since(rung); took > time.Second {
					t.Errorf("it took %v to end", took)
				}
				if d := s.status(); d.State != "interrupted" || *d.StoppedBy != "signal" {
					t.Errorf("status %+v", d)
				}
			})
		})
	}
}

// While one run waits, another works on the org and even goes on with it; the first then finds nothing
// left to do. A process that holds the org when the waiting ends is waited for.
func TestOthersWorkMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t).inBubble(300, nil)
		g := s.start("run", s.manyLocks(150), "--credits-per-day", "100", "--on-budget", "wait")
		time.Sleep(time.Hour)
		s.want(s.run("resume", "--credits-per-day", "1000"), 0, "150  locked")
		s.want(g.wait(), 0, "waiting for credits", "150  locked")
		if n := s.org.Stats().Calls; n != 150 {
			t.Errorf("%d calls for 150 locks", n)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t).inBubble(300, nil)
		g := s.start("run", s.manyLocks(150), "--credits-per-day", "100", "--on-budget", "wait")
		time.Sleep(time.Hour)
		files, _ := filepath.Glob(filepath.Join(s.env["ZLOCK_STATE_DIR"], "orgs", "*", "owner.lock"))
		owner, err := checkpoint.Own(files[0], checkpoint.Holder{PID: 77, Host: "elsewhere"})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Hour)
		if d := s.status(); d.Rows["pending"] == 0 {
			t.Errorf("it worked though another held the org: %+v", d)
		}
		owner.Release()
		s.want(g.wait(), 0, "waiting for process 77 on elsewhere", "150  locked")
	})
}

// A signal while another process holds the org is obeyed at once, too.
func TestSignalWhileAnotherHoldsTheOrg(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t).inBubble(300, nil)
		s.signals = make(chan os.Signal, 4)
		g := s.start("run", s.manyLocks(150), "--credits-per-day", "100", "--on-budget", "wait")
		time.Sleep(time.Hour)
		files, _ := filepath.Glob(filepath.Join(s.env["ZLOCK_STATE_DIR"], "orgs", "*", "owner.lock"))
		owner, err := checkpoint.Own(files[0], checkpoint.Holder{PID: 77, Host: "elsewhere"})
		if err != nil {
			t.Fatal(err)
		}
		defer owner.Release()
		time.Sleep(30 * time.Hour)
		s.signals <- os.Interrupt
		rung := time.Now()
		s.want(g.wait(), 130, "waiting for process 77 on elsewhere", "next: zlock resume")
		if took := time.Since(rung); took > time.Second {
			t.Errorf("it took %v to end", took)
		}
	})
}

// When Zoho's own count says that the credits are gone, nobody knows when they come back: it is tried
// again now and then.
func TestZohosOwnCreditsComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t).inBubble(300, func(c *sim.Config) { c.Credits = 100 })
		s.want(s.run("run", s.manyLocks(150), "--on-budget", "wait"), 0, "150  locked")
		if n := s.org.Stats().OutOfCredits; n > 27*3 { // 27 tries, each of two calls at once or three
			t.Errorf("%d calls refused in a day of waiting", n)
		}
	})
}

// Calls that are in flight when the window closes have ended by then: nothing is in doubt.
func TestWindowLeavesNothingInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t).inBubble(2000, func(c *sim.Config) { c.Latency = sim.Between(100*time.Millisecond, 2*time.Second, 5) })
		s.want(s.run("run", s.manyLocks(2000), "--window", "00:00-00:02", "--on-window", "stop"), 6)
		d := s.status()
		if d.Rows["unknown"] != 0 || d.Rows["locked"] < 300 || *d.StoppedBy != "window" {
			t.Errorf("status %+v", d)
		}
		if last := s.org.Log()[len(s.org.Log())-1].At; !last.Before(time.Date(2000, 1, 1, 0, 2, 0, 0, time.UTC)) {
			t.Errorf("the last call ended at %s", last)
		}
	})
}
