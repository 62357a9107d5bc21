package proof_test

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"zlock/batch"
	"zlock/proof"
	"zlock/zoho/sim"
)

// marksIn are the steps at which the source tree says that a process must survive being killed, and
// the room that each stands in.
func marksIn(t testing.TB, root string) map[string]string {
	t.Helper()
	mark := regexp.MustCompile(`crash\.At\("([a-z-]+)"\)`)
	found := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		content, err := os.ReadFile(path)
		for _, m := range mark.FindAllSubmatch(content, -1) {
			found[string(m[1])] = filepath.Base(filepath.Dir(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// stepsLeast is how many steps there are at least: a search that finds none proves nothing.
const stepsLeast = 19

// scene is a command that is to crash at a step.
type scene struct {
	name    string
	reading bool // it comes to the steps of cli alone, and others to none of these
	faults  []sim.Fault
	// play sets the stage, then lets the command crash at step:n, and says whether it did.
	play func(r *rig, crashAt string) (crashed bool)
}

// turns is how many of the turns the scene is played: the fast tier plays one for most.
func (s scene) turns(t testing.TB, all int) int {
	if tier(t) == Fast && s.name != "run" {
		return 1
	}
	return all
}

func scenes() []scene {
	return []scene{
		{name: "run", play: func(r *rig, crashAt string) bool {
			_, crashed := r.start(crashAt, "run", "job.csv", "--resume").wait()
			return crashed
		}},
		{name: "resume", play: func(r *rig, crashAt string) bool {
			// Rows in flight, some of them carried out, none answered for: what a resume must settle.
			if _, crashed := r.start("after-answer:7", "run", "job.csv", "--resume").wait(); !crashed {
				r.t.Fatal("the run was not stopped in its middle")
			}
			r.snapshot(true)
			_, crashed := r.start(crashAt, "resume").wait()
			return crashed
		}},
		{name: "retry", faults: refusedAtFirst(), play: func(r *rig, crashAt string) bool {
			if code, _ := r.sit(0); code != 5 {
				r.t.Fatalf("a run in which rows fail ended with %d", code)
			}
			r.snapshot(false)
			r.retried = true
			_, crashed := r.start(crashAt, "retry", "--all").wait()
			return crashed
		}},
		{name: "results", reading: true, play: func(r *rig, crashAt string) bool {
			r.sit(0)
			_, crashed := r.start(crashAt, "results", "-o", "out.csv").wait()
			return crashed
		}},
	}
}

// refusedAtFirst fails the first change of every tenth record, and lets the second pass.
func refusedAtFirst() []sim.Fault {
	return []sim.Fault{{Match: sim.Match{Op: sim.AnyWrite, IDSuffix: "4", Nth: 1}, Do: sim.Forbidden}}
}

// TestKillAtEveryStep kills each command at the first, second, third… time that it comes to each step,
// until it ends without coming there that often.
func TestKillAtEveryStep(t *testing.T) {
	t.Parallel()
	marks := marksIn(t, "..")
	steps := slices.Sorted(maps.Keys(marks))
	if len(steps) < stepsLeast {
		t.Fatalf("only %d steps are marked in the source: %q", len(steps), steps)
	}
	turns := []int{1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233}[:tier(t).of(2, 12, 12)]
	if tier(t) == Soak {
		turns = nil
		for n := range 50 {
			turns = append(turns, n+1)
		}
	}
	type act struct {
		step string
		scene
	}
	var acts []act
	for _, step := range steps {
		for _, s := range scenes() {
			if s.reading != (marks[step] == "cli") {
				continue
			}
			acts = append(acts, act{step, s})
		}
	}
	var mu sync.Mutex
	hits, played := map[string]int{}, 0
	inParallel(t, 10, len(acts), func(t *testing.T, i int) {
		for _, n := range turns[:acts[i].turns(t, len(turns))] {
			r := newRig(t, newJob(uint64(n), tier(t).of(24, 60, 60)), acts[i].faults)
			crashed := acts[i].play(r, fmt.Sprintf("%s:%d", acts[i].step, n))
			if !crashed {
				break
			}
			mu.Lock()
			hits[acts[i].step]++
			played++
			mu.Unlock()
			r.afterCrash()
			if t.Failed() {
				t.Fatalf("after a crash of zlock %s at %s:%d", acts[i].name, acts[i].step, n)
			}
		}
	})
	for _, step := range steps {
		if hits[step] == 0 {
			t.Errorf("no command ever came to the step %s", step)
		}
	}
	figure(t, "kill -9 at every marked step", "%d steps, %d crashes, every final state right", len(steps), played)
}

// afterCrash looks at what a crash left, lets the run be finished, and judges.
func (r *rig) afterCrash() {
	r.t.Helper()
	r.wholeOrAbsent("out.csv")
	r.snapshot(true)
	r.finish(10)
	if r.retried {
		if code, c := r.run("retry", "--all"); code != 0 {
			r.t.Errorf("%s: ended with %d\n%s", c.name, code, c.err.String())
		}
	}
	r.judge()
	if code, c := r.run("results", "-o", "out.csv", "--force"); code != 0 {
		r.t.Errorf("%s: ended with %d\n%s", c.name, code, c.err.String())
	}
	r.wholeOrAbsent("out.csv")
}

// wholeOrAbsent looks at an exported file: a crash leaves all of it, or nothing.
func (r *rig) wholeOrAbsent(name string) {
	r.t.Helper()
	content, err := os.ReadFile(filepath.Join(r.dir, name))
	if os.IsNotExist(err) {
		return
	}
	if err != nil {
		r.t.Fatal(err)
	}
	if lines := strings.Count(string(content), "\n"); lines != len(r.job.rows)+1 {
		r.t.Errorf("%s has %d lines, the job file has %d rows and a header", name, lines, len(r.job.rows))
	}
}

// TestTenCrashesInARow crashes one run ten times, each time at another step.
func TestTenCrashesInARow(t *testing.T) {
	t.Parallel()
	steps := []string{
		"in-enrol:1", "before-finish:1", "after-finish:1", "in-takeover:1", "after-intent:2", "after-answer:5",
		"before-settle:2", "in-commit:4", "after-settle:3", "before-print:6", "after-commit:3", "before-commit:5",
	}
	runs := tier(t).of(1, 4, 40)
	inParallel(t, 4, runs, func(t *testing.T, i int) {
		r := newRig(t, newJob(uint64(100+i), 80), lossy())
		for _, step := range steps {
			if _, crashed := r.start(step, "run", "job.csv", "--resume").wait(); crashed {
				r.snapshot(true)
			}
		}
		r.finish(20)
		r.judge()
		if struck := len(r.org.Stats().Faults); r.crashes < 10 || struck == 0 {
			t.Errorf("%d crashes hit, %d kinds of faults struck", r.crashes, struck)
		}
	})
	figure(t, "crashes in a row on one run", "10 and more, %d runs", runs)
}

// TestEnrolmentIsWholeOrAbsent crashes a long enrolment between and within its commits: there is a run
// of all rows afterwards, or none, and a second try makes one of all rows.
func TestEnrolmentIsWholeOrAbsent(t *testing.T) {
	t.Parallel()
	const rows = 11_000 // three commits
	steps := []string{"in-enrol:2", "after-finish:1", "in-enrol:3", "before-finish:1"}[:tier(t).of(2, 4, 4)]
	inParallel(t, 2, len(steps), func(t *testing.T, i int) {
		r := newRig(t, newJob(7, rows), nil)
		if _, crashed := r.start(steps[i], "run", "job.csv", "--resume").wait(); !crashed {
			t.Fatalf("%s was not reached", steps[i])
		}
		if enrolled := r.snapshot(true); enrolled != (steps[i] == "after-finish:1") {
			t.Errorf("after %s: enrolled is %v", steps[i], enrolled)
		}
		if code, c := r.run("run", "job.csv", "--resume", "--limit", "1"); code != 6 {
			t.Fatalf("%s: ended with %d\n%s", c.name, code, c.err.String())
		}
		r.snapshot(false)
		if got := len(r.shots[len(r.shots)-1].Rows); got != len(r.job.rows) {
			t.Errorf("%d rows are enrolled, want %d", got, len(r.job.rows))
		}
		h := r.history()
		h.Open = true
		for _, v := range proof.Check(h) {
			t.Error(v)
		}
	})
}

// TestResendIsDoubtedAnew loses every first request, and every second; it crashes when some of the second
// ones have left. What is on disk of these rows is the time of their first send: the next process must not
// take the patience that was had with that for patience with the second.
func TestResendIsDoubtedAnew(t *testing.T) {
	t.Parallel()
	const rows = 8
	j := job{seed: 1}
	for i := range rows {
		j.add(jobRow{id: fmt.Sprint(7001 + i), action: batch.ActionLock, reason: "audit", want: batch.Locked})
	}
	lose := func(nth int) sim.Fault {
		return sim.Fault{Match: sim.Match{Op: sim.OpLock, Nth: nth}, Do: sim.DropBefore}
	}
	r := newRig(t, j, []sim.Fault{lose(1), lose(2)})
	if _, crashed := r.start(fmt.Sprintf("after-answer:%d", rows+3), "run", "job.csv", "--resume").wait(); !crashed {
		t.Fatal("the run was not stopped at its second sends")
	}
	r.snapshot(true)
	if lost := r.org.Stats().Faults[sim.DropBefore]; lost < rows+3 {
		t.Fatalf("%d requests were lost, want %d and more", lost, rows+3)
	}
	r.finish(5)
	r.judge()
}
