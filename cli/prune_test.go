package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zlock/cli"
	"zlock/zoho/sim"
)

// pruned is what prune --json prints.
type pruned struct {
	DryRun    bool `json:"dry_run"`
	Before    time.Time
	Forgotten []string
	Rows      int64
	Kept      struct {
		Newer, Unfinished int64
		WithLocks         int64 `json:"with_locks"`
	}
	Freed *int64 `json:"freed_bytes"`
}

func (s *stage) prune(args ...string) pruned {
	s.t.Helper()
	o := s.want(s.run(append([]string{"prune", "--json"}, args...)...), 0)
	var p pruned
	if err := json.Unmarshal([]byte(o.out), &p); err != nil || strings.Count(o.out, "\n") != 1 {
		s.t.Fatalf("prune: %v in %s", err, o.out)
	}
	return p
}

// ids are the runs that are left, oldest first.
func (s *stage) ids() (out []string) {
	s.t.Helper()
	var list struct{ Runs []status }
	if err := json.Unmarshal([]byte(s.want(s.run("runs", "--json"), 0).out), &list); err != nil {
		s.t.Fatal(err)
	}
	for _, run := range list.Runs {
		out = append(out, run.Run)
	}
	slices.Reverse(out)
	return out
}

// TestPrune lets a year go by over five runs: one whose lock still holds, one whose lock another run
// took away, that other, one unfinished, and a rehearsal.
func TestPrune(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t).inBubble(20, func(c *sim.Config) { c.Latency = nil })
		s.want(s.run("run", s.file("held.csv", jobOf("lock", 1))), 0)
		s.want(s.run("run", s.file("freed.csv", jobOf("lock", 2, 3))), 0)
		s.want(s.run("run", s.file("unlock.csv", jobOf("unlock", 2, 3))), 0)
		s.want(s.run("run", s.file("open.csv", jobOf("lock", 4, 5)), "--limit", "1"), 6)
		s.want(s.run("run", "freed.csv", "--simulate"), 0)
		was := s.ids()
		if p := s.prune(); len(p.Forgotten) != 0 || p.Kept.Newer != 5 {
			t.Errorf("at once: %+v", p)
		}
		time.Sleep(399 * 24 * time.Hour)
		s.want(s.run("run", s.file("new.csv", jobOf("lock", 6))), 0)
		time.Sleep(36 * time.Hour)

		o := s.want(s.run("prune", "--dry-run"), 0, "3 runs with 6 rows would be forgotten", "1 old run is kept: not completed; zlock runs --state",
			"1 old run is kept: locks of theirs still hold")
		for _, id := range []string{was[1], was[2], was[4]} {
			if !strings.Contains(o.out, id) {
				t.Errorf("%s is not listed: %s", id, o.out)
			}
		}
		if got := s.ids(); len(got) != 6 {
			t.Errorf("a dry run left %q", got)
		}
		if files := s.filesOf(was[4]); len(files) != 2 {
			t.Errorf("the rehearsal has left %q", files)
		}
		p := s.prune()
		if !slices.Equal(p.Forgotten, []string{was[1], was[2], was[4]}) || p.Rows != 6 || p.Kept.Newer != 1 || p.Kept.Unfinished != 1 || p.Kept.WithLocks != 1 || p.Freed == nil {
			t.Errorf("pruned %+v", p)
		}
		if files := s.filesOf(was[4]); len(files) != 0 {
			t.Errorf("of the rehearsal there is left %q", files)
		}
		if d := s.plan(0, s.file("x.csv", jobOf("lock", 7))); d.Credits.Expected != 1 {
			t.Errorf("plan %+v", d)
		}
		s.want(s.run("status", was[1]), 2, "there is no run")
		if p := s.prune("--with-locks"); !slices.Equal(p.Forgotten, []string{was[0]}) {
			t.Errorf("with locks: %+v", p)
		}
		s.want(s.run("resume", was[3]), 0, "2  locked")
		time.Sleep(time.Second)
		s.want(s.run("prune", "--keep", "0s", "--with-locks"), 0, "2 runs with 3 rows forgotten; ", " given back")
		s.want(s.run("prune", "--keep", "0s"), 0, "nothing to forget")
		if got := s.ids(); len(got) != 0 {
			t.Errorf("left: %q", got)
		}
	})
}

// jobOf is a job file over leads of inBubble.
func jobOf(action string, leads ...int) string {
	job := "record_id,module,action,reason\n"
	for _, i := range leads {
		job += farLead(i) + ",Leads," + action + ",Audit\n"
	}
	return job
}

// filesOf are the files that bear a run's name.
func (s *stage) filesOf(id string) (out []string) {
	s.t.Helper()
	for _, pattern := range []string{"state/sim/*", "state/orgs/*"} {
		found, err := filepath.Glob(filepath.Join(s.dir, pattern))
		if err != nil {
			s.t.Fatal(err)
		}
		out = append(out, found...)
	}
	return slices.DeleteFunc(out, func(name string) bool { return !strings.Contains(name, id) })
}

func TestPruneBesideARun(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.locks("a.csv", 0, 2), "--simulate"), 0)
	gate := s.gated()
	g := s.start("run", s.locks("b.csv", 2, 10), "--concurrency", "1")
	<-gate.arrived
	s.want(s.run("prune", "--keep", "0s"), 0, "1 run with 2 rows forgotten", "given back by a later prune")
	gate.open()
	s.want(g.wait(), 0, "8  locked")
	s.want(s.run("prune"), 0, "nothing to forget")
	s.want(s.run("results"), 0)
}

func TestPruneAsks(t *testing.T) {
	s := newStage(t)
	s.want(s.run("prune"), 0, "nothing to forget") // where nothing was ever run
	s.want(s.run("prune", "--dry-run"), 0, "nothing to forget")
	if _, err := os.Stat(filepath.Join(s.dir, "state", "default.db")); err == nil {
		t.Error("a checkpoint was made")
	}
	s.want(s.run("run", s.locks("a.csv", 0, 2), "--simulate"), 0)
	s.world = func(w *cli.World) { w.InTerminal, w.ErrTerminal = true, true }
	s.in = "n\n"
	s.want(s.run("prune", "--keep", "0s"), 2, "Forget 1 run with 2 rows? [y/N]", "declined: nothing is forgotten")
	s.want(s.run("prune"), 0, "nothing to forget") // nothing to ask
	s.in = "y\n"
	s.want(s.run("prune", "--keep", "0s"), 0, "1 run with 2 rows forgotten")
	s.want(s.run("run", "a.csv", "--simulate"), 0) // it counts as new
	s.in = ""
	s.want(s.run("prune", "--keep", "0s", "--yes"), 0, "1 run with 2 rows forgotten")
	s.want(s.run("prune", "--keep", "soon"), 2, "--keep soon: must be a span")
	s.want(s.run("prune", "--keep", "36501d"), 2, "from 0s to 36500d")
	s.want(s.run("prune", "--keep", "36500d"), 0)
	s.want(s.run("prune", "x"), 2, "prune takes no argument")
}
