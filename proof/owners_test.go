package proof_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// goingOn is what a command says once the org is its own and it goes on with a run.
const goingOn = "going on with run"

// until waits until the command has said text, and reports false when it ended before.
func (c *child) until(text string) bool {
	c.rig.t.Helper()
	deadline := time.NewTimer(rigPatience)
	defer deadline.Stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !strings.Contains(c.err.String(), text) {
		select {
		case <-tick.C:
		case <-c.done:
			return strings.Contains(c.err.String(), text)
		case <-deadline.C:
			c.rig.t.Fatalf("%s: does not say %q\n%s", c.name, text, c.err.String())
		}
	}
	return true
}

// slow is a pace at which a run outlasts every test: somebody holds it.
var slow = []string{"--rate", "2"}

// begun is a rig whose run is enrolled, and begun by a process that was killed.
func begun(t *testing.T, flags ...string) *rig {
	t.Helper()
	r := newRig(t, newJob(5, 60), nil, flags...)
	if _, crashed := r.start("after-commit:2", "run", "job.csv", "--resume").wait(); !crashed {
		t.Fatal("the run was not stopped in its middle")
	}
	r.snapshot(true)
	return r
}

func TestTwentyProcessesOneWorks(t *testing.T) {
	const processes = 20
	rounds := tier(t).of(1, 5, 50)
	var slowest time.Duration
	for range rounds {
		r := begun(t, slow...)
		var all []*child
		for range processes {
			all = append(all, r.start("", "resume"))
		}
		turnedAway := collectEnds(t, all, processes-1)
		holder := theOther(t, all, turnedAway)
		if !holder.until(goingOn) {
			t.Fatalf("the one that was not turned away does not work\n%s", holder.err.String())
		}
		pid := fmt.Sprintf("process %d on ", holder.cmd.Process.Pid)
		for _, c := range turnedAway {
			if code, _ := c.wait(); code != 8 {
				t.Errorf("%s: ended with %d, want 8\n%s", c.name, code, c.err.String())
			}
			if !strings.Contains(c.err.String(), pid) {
				t.Errorf("%s: does not name %q\n%s", c.name, pid, c.err.String())
			}
			slowest = max(slowest, c.elapsed)
		}
		holder.kill()
		holder.wait()
		r.snapshot(true)
		r.flags = r.flags[:len(r.flags)-len(slow)]
		r.hurry()
		r.judge()
	}
	if slowest > 5*time.Second {
		t.Errorf("one was turned away only after %v", slowest)
	}
	figure(t, "twenty processes at once", "1 works, 19 exit 8, the slowest after %v (%d rounds, all twenty started together on this machine)",
		slowest.Round(time.Millisecond), rounds)
}

// collectEnds waits until n of the commands have ended, and returns these.
func collectEnds(t *testing.T, all []*child, n int) []*child {
	t.Helper()
	ends := make(chan *child, len(all))
	for _, c := range all {
		go func() { <-c.done; ends <- c }()
	}
	deadline := time.After(rigPatience)
	var ended []*child
	for len(ended) < n {
		select {
		case c := <-ends:
			ended = append(ended, c)
		case <-deadline:
			t.Fatalf("only %d of %d processes were turned away", len(ended), n)
		}
	}
	return ended
}

func theOther(t *testing.T, all, ended []*child) *child {
	t.Helper()
	for _, c := range all {
		if !slices.Contains(ended, c) {
			return c
		}
	}
	t.Fatal("all of them ended")
	return nil
}

// hurry finishes the run at full pace, whatever pace it was started at.
func (r *rig) hurry() {
	r.t.Helper()
	r.flags = append(r.flags, "--rate", "0")
	r.finish(10)
}

func TestNextStartsWhenTheHolderIsKilled(t *testing.T) {
	times := tier(t).of(10, 200, 500)
	r := begun(t, slow...)
	holder := r.start("", "resume")
	var slowest time.Duration
	for range times {
		if !holder.until(goingOn) {
			code, _ := holder.wait()
			t.Fatalf("after the holder was killed the next one ended with %d\n%s", code, holder.err.String())
		}
		holder.kill()
		if _, crashed := holder.wait(); !crashed {
			t.Fatal("the holder ended by itself")
		}
		holder = r.start("", "resume")
		began := time.Now()
		holder.until(goingOn)
		slowest = max(slowest, time.Since(began))
	}
	holder.kill()
	holder.wait()
	r.snapshot(true)
	r.flags = r.flags[:len(r.flags)-len(slow)]
	r.hurry()
	r.judge()
	figure(t, "takeovers from a killed holder", "%d of %d by the next process at once, the slowest in %v from its start", times, times, slowest.Round(time.Millisecond))
}
