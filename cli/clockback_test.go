package cli_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"zlock/cli"
)

// TestAClockSetBack: the wall clock jumps back by hours between two runs, and in the middle of one. What was
// spent stays counted, and nothing is sent twice.
func TestAClockSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t).inBubble(40, nil)
		var back atomic.Int64 // nanoseconds
		s.world = func(w *cli.World) {
			w.Transport = s.org.Transport()
			w.Now = func() time.Time { return time.Now().Add(-time.Duration(back.Load())) }
		}
		s.want(s.run("run", s.manyLocks(20)), 0)
		back.Store(int64(6 * time.Hour))
		s.want(s.run("run", "job.csv"), 2, "was completed as run")
		o := s.want(s.run("run", s.manyLocks(30), "--credits-per-day", "1000"), 0)
		if !strings.Contains(o.err, "20 of 1,000 spent in the last 24 hours") {
			t.Errorf("what was spent before the jump is not counted: %s", o.err)
		}
		if n := s.org.Stats().Applied; n != 30 {
			t.Errorf("%d locks made, want 30", n)
		}
		mid := s.start("run", s.manyLocks(40), "--concurrency", "1")
		time.Sleep(time.Second)
		back.Store(int64(12 * time.Hour))
		s.want(mid.wait(), 0, "40  rows in all")
		if n := s.org.Stats().Applied; n != 40 {
			t.Errorf("%d locks made, want 40", n)
		}
	})
}
