package cli_test

import (
	"strings"
	"testing"
	"testing/synctest"
)

// TestGivenWithNothing: what a script's unset variable leaves of a flag or of a RUN widens nothing.
func TestGivenWithNothing(t *testing.T) {
	for _, in := range []struct {
		name string
		args []string
		says string
	}{
		{"undo of no run", []string{"undo", "", "--yes"}, "undo: the RUN is empty"},
		{"resume of blanks", []string{"resume", " "}, "resume: the RUN is empty"},
		{"results of no run", []string{"results", ""}, "results: the RUN is empty"},
		{"undo of no part", []string{"undo", "--only", "", "--yes"}, "--only is given with nothing"},
		{"undo of one part and no other", []string{"undo", "--only", "module=Leads", "--only=", "--yes"}, "--only is given with nothing"},
		{"sweep of any number", []string{"sweep", "Leads", "--source", "manual", "--max-unlocks", ""}, "--max-unlocks is given with nothing"},
		{"sweep that keeps nothing", []string{"sweep", "Leads", "--source", "manual", "--keep="}, "--keep is given with nothing"},
		{"sweep of anybody's", []string{"sweep", "Leads", "--source", "manual", "--locked-by", ","}, "--locked-by is given with nothing"},
		{"sweep of any run's", []string{"sweep", "Leads", "--source", "manual", "--from-run", ""}, "--from-run is given with nothing"},
		{"prune of all", []string{"prune", "--keep", "", "--yes"}, "--keep is given with nothing"},
		{"run on any org", []string{"run", "job.csv", "--again", "--expect-org", ""}, "--expect-org is given with nothing"},
		{"run of any length", []string{"run", "job.csv", "--again", "--expect-rows", ""}, "--expect-rows is given with nothing"},
		{"run without end", []string{"run", "job.csv", "--again", "--limit", " "}, "--limit is given with nothing"},
		{"retry of all codes", []string{"retry", "--code", ","}, "--code is given with nothing"},
		{"plan at any hour", []string{"plan", "job.csv", "--window", ""}, "--window is given with nothing"},
	} {
		t.Run(in.name, func(t *testing.T) {
			s := newStage(t).withZoho(nil)
			s.want(s.run("run", s.locks("job.csv", 0, 3)), 0, "3  locked")
			made := s.org.Stats().Calls
			if o := s.want(s.run(in.args...), 2, in.says, "is a variable not set?"); o.out != "" {
				t.Errorf("standard output holds %q", o.out)
			}
			if n := s.org.Stats().Calls; n != made {
				t.Errorf("%d calls were made", n-made)
			}
			if o := s.run("runs"); strings.Count(o.out, "completed") != 1 {
				t.Errorf("the runs are not as they were: %s%s", o.out, o.err)
			}
		})
	}
}

// TestGivenWithNothingMeansSomething: some flags have a use for it, and an unset variable is none that is given.
func TestGivenWithNothingMeansSomething(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.locks("job.csv", 0, 3)), 0)
	s.want(s.run("sweep", "Leads", "--reason", "", "--dry-run"), 0, "0 records would be unlocked", "1 taken by the filter")
	s.env["ZLOCK_LIMIT"] = ""
	s.want(s.run("run", s.locks("more.csv", 3, 6)), 0, "3  locked")
}

// TestWindowOfNone: a run that was begun with a window goes on without one.
func TestWindowOfNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t).inBubble(3, nil)
		s.want(s.run("run", s.manyLocks(3), "--window", "06:00-22:00", "--on-window", "stop"), 6, "outside its window")
		s.want(s.run("resume"), 6, "outside its window")
		s.want(s.run("resume", "--window", "none"), 0, "3  locked")
	})
}
