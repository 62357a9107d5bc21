package cli_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"zlock/cli"
	"zlock/zoho/sim"
)

func TestPrecheckFlag(t *testing.T) {
	for _, in := range []struct {
		args  []string
		said  []string
		least int64 // credits
		most  int64
	}{
		{nil, []string{"precheck: a sample decides", "precheck: of 100 rows looked at beforehand, ", ": bulk reads sort such rows out first", "bulk reads looked at "}, 102, 107},
		{[]string{"--precheck", "always"}, []string{"precheck: bulk reads look at all rows first", "bulk reads looked at 300 rows and settled 200"}, 103, 106},
		{[]string{"--precheck", "never"}, nil, 300, 300},
	} {
		t.Run(strings.Join(in.args, " "), func(t *testing.T) {
			s := newStage(t).withZoho(nil)
			o := s.want(s.run(append([]string{"run", s.locks("job.csv", 100, 400)}, in.args...)...), 0, in.said...)
			if in.said == nil && strings.Contains(o.err, "precheck") {
				t.Errorf("precheck is spoken of: %s", o.err)
			}
			got := s.status()
			if got.Rows["locked"] != 100 || got.Rows["already_locked"] != 200 {
				t.Errorf("rows %v", got.Rows)
			}
			if used := got.Credits.Used; used < in.least || used > in.most || used != int64(s.org.Stats().Calls) {
				t.Errorf("%d credits, want %d to %d, and the %d calls that were received", used, in.least, in.most, s.org.Stats().Calls)
			}
		})
	}
}

func TestPrecheckIsInherited(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.locks("job.csv", 200, 260), "--precheck", "always", "--limit", "20"), 6)
	s.want(s.run("resume"), 0, "settled 40")
	s.want(s.run("run", "job.csv", "--precheck", "sometimes"), 2, "must be", "auto")
}

// What a bulk read has settled says so in the results, with its share of the credit.
func TestPrecheckInResults(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.locks("job.csv", 200, 260), "--precheck", "always"), 0)
	rows := readCSV(t, s.run("results").out)
	column := func(name string) int { return slices.Index(rows[0], name) }
	credits := 0
	for _, row := range rows[1:] {
		if row[column("zlock_outcome")] != "already_locked" || row[column("zlock_http")] != "200" ||
			!strings.Contains(row[column("zlock_message")], "bulk read") || row[column("zlock_attempts")] != "0" {
			t.Errorf("row %q", row)
		}
		if row[column("zlock_credits")] == "1" {
			credits++
		}
	}
	if used := s.status().Credits.Used; int64(credits) != used || used != 2 {
		t.Errorf("the rows' shares are %d credits, the run's %d, want 2", credits, used)
	}
}

// anyCase is a way to a Zoho that takes a module's API name in any case; whether the real one does is not documented.
type anyCase struct{ http.RoundTripper }

func (a anyCase) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Path = regexp.MustCompile("(?i)/projects/").ReplaceAllString(r.URL.Path, "/Projects/")
	return a.RoundTripper.RoundTrip(r)
}

// The locks of a module of the organisation's own are ours in whatever case a job file or a command names it.
func TestUnlockOfOwnLocksInAnotherCase(t *testing.T) {
	s := newStage(t).withZoho(func(c *sim.Config) {
		c.Modules = map[string]sim.Module{"Projects": {Custom: true}}
		c.Records = func(yield func(sim.Record) bool) {
			for i := range 5 {
				if !yield(sim.Record{Module: "Projects", ID: leadID(i)}) {
					return
				}
			}
		}
	})
	s.world = func(w *cli.World) { w.Transport = anyCase{http.DefaultTransport} }
	job := func(module, action string) string {
		text := "record_id,module,action,reason\n"
		for i := range 5 {
			text += leadID(i) + "," + module + "," + action + ",Audit\n"
		}
		return s.file(action+".csv", text)
	}
	s.want(s.run("run", job("Projects", "lock")), 0, "5  locked")
	if o := s.want(s.run("locks", "PROJECTS", "--ours"), 0); len(readCSV(t, o.out)) != 6 {
		t.Errorf("locks of ours: %s", o.out)
	}
	s.want(s.run("run", job("projects", "unlock")), 0, "5  unlocked")
	if used := s.status().Credits.Used; used != 5 {
		t.Errorf("%d credits, want 5", used)
	}
	if o := s.want(s.run("locks", "Projects", "--ours"), 0); len(readCSV(t, o.out)) != 1 {
		t.Errorf("locks of ours that are gone: %s", o.out)
	}
}

// An unlock of what an earlier run locked needs no look-up.
func TestUnlockOfOwnLocks(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.locks("job.csv", 0, 30)), 0, "30  locked")
	unlocks := "record_id,module,action\n"
	for i := range 30 {
		unlocks += leadID(i) + ",Leads,unlock\n"
	}
	s.want(s.run("run", s.file("unlock.csv", unlocks)), 0, "30  unlocked")
	if used := s.status().Credits.Used; used != 30 {
		t.Errorf("%d credits, want 30", used)
	}
	rows := readCSV(t, s.run("results").out)
	if i := slices.Index(rows[0], "zlock_previous_reason"); rows[1][i] != "Audit" {
		t.Errorf("row %q", rows[1])
	}
}
