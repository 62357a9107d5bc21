package cli_test

import (
	"fmt"
	"testing"

	"zlock/zoho/sim"
)

// inComposites is a pretend Zoho with many leads that takes composites.
func inComposites(takes sim.Composite) func(*sim.Config) {
	return func(c *sim.Config) {
		c.Composite = takes
		c.Records = func(yield func(sim.Record) bool) {
			for i := range 900 {
				if !yield(sim.Record{Module: "Leads", ID: leadID(i)}) {
					return
				}
			}
		}
	}
}

// How many calls find company hangs on the machine's speed: the figures are for a slow one. What composites cost at best is
// tested on a clock of its own, in batch.
func TestCompositeFlag(t *testing.T) {
	for _, in := range []struct {
		takes sim.Composite
		rows  int
		mode  string
		said  string
		most  int64
	}{
		{sim.CompositeAll, 200, "on", "went along in", 90},
		{sim.CompositeAll, 200, "auto", "200  locked", 203},
		{sim.CompositeAll, 600, "auto", "composite: Zoho takes calls to lock five at a time, for one credit", 200},
		{sim.CompositeNone, 600, "auto", "composite: Zoho does not take calls to lock so: they are made one by one", 604},
		{sim.CompositeAll, 600, "off", "600  locked", 603},
	} {
		t.Run(fmt.Sprint(in.takes, in.rows, in.mode), func(t *testing.T) {
			s := newStage(t).withZoho(inComposites(in.takes))
			s.want(s.run("run", s.locks("job.csv", 0, in.rows), "--composite", in.mode, "--edition", "enterprise"), 0, in.said)
			if used := s.status().Credits.Used; used > in.most || used != int64(s.org.Stats().Calls) {
				t.Errorf("%d credits, want at most %d, and the %d calls that were received", used, in.most, s.org.Stats().Calls)
			}
		})
	}
}

// What was tried once is not tried by the next run.
func TestCompositeIsRemembered(t *testing.T) {
	s := newStage(t).withZoho(inComposites(sim.CompositeNone))
	s.want(s.run("run", s.locks("one.csv", 0, 520), "--edition", "enterprise"), 0)
	if n := s.org.Stats().ByOp[sim.OpComposite]; n != 1 {
		t.Errorf("%d composites, want one that tries", n)
	}
	s.want(s.run("run", s.locks("two.csv", 0, 521), "--edition", "enterprise"), 0)
	s.want(s.run("run", s.locks("three.csv", 300, 900), "--edition", "enterprise"), 0)
	if n := s.org.Stats().ByOp[sim.OpComposite]; n != 1 {
		t.Errorf("%d composites, want no more", n)
	}
}

func TestCompositeNeedsFiveSlots(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.locks("job.csv", 0, 3)
	s.want(s.run("run", "job.csv", "--composite", "on", "--concurrency", "4"), 2, "a composite takes 5 calls at once, and --concurrency is 4")
	s.want(s.run("run", "job.csv", "--composite", "on", "--edition", "free"), 2, "--concurrency is 2")
	s.want(s.run("run", "job.csv", "--composite", "perhaps"), 2, "must be", "auto")
	if n := s.org.Stats().Calls; n != 0 {
		t.Errorf("%d calls were made", n)
	}
	s.want(s.run("run", "job.csv", "--composite", "auto", "--concurrency", "4"), 0)
}
