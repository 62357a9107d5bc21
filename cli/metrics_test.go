package cli_test

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var metricLine = regexp.MustCompile(`^(zlock_[a-z0-9_]+)\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\} (\S+)$`)

// metrics reads a file of figures by the rules of Prometheus's text format: each metric's lines stand
// together, below its HELP and its TYPE, and no series stands twice. The key is name{labels}.
func (s *stage) metrics(name string) map[string]float64 {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		s.t.Fatal(err)
	}
	out, seen, current := map[string]float64{}, map[string]bool{}, ""
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	for i, line := range lines {
		if help, ok := strings.CutPrefix(line, "# HELP "); ok {
			current, _, _ = strings.Cut(help, " ")
			if seen[current] || i+1 == len(lines) || lines[i+1] != "# TYPE "+current+" gauge" {
				s.t.Errorf("line %d: %s", i+1, line)
			}
			seen[current] = true
			continue
		}
		if strings.HasPrefix(line, "# TYPE ") {
			continue
		}
		m := metricLine.FindStringSubmatch(line)
		if m == nil || m[1] != current {
			s.t.Errorf("line %d: %s", i+1, line)
			continue
		}
		value, err := strconv.ParseFloat(m[3], 64)
		if _, twice := out[m[1]+"{"+m[2]+"}"]; err != nil || twice {
			s.t.Errorf("line %d: %s", i+1, line)
		}
		out[m[1]+"{"+m[2]+"}"] = value
	}
	return out
}

func TestMetricsWhileAndAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t).inBubble(200, nil)
		run := s.start("run", s.manyLocks(200), "--rate", "1", "--concurrency", "1", "--max-credits", "100", "--metrics", "zlock.prom", "--no-progress")
		time.Sleep(50 * time.Second)
		const of = `profile="default"`
		m := s.metrics("zlock.prom")
		if n := m[`zlock_run_rows{`+of+`,outcome="locked"}`]; n < 35 || n > 47 {
			t.Errorf("%g rows locked after 45 seconds at one a second", n)
		}
		for key, want := range map[string]float64{
			`zlock_run_state{` + of + `,state="running"}`: 1, `zlock_run_state{` + of + `,state="paused"}`: 0,
			`zlock_run_credits_forecast{` + of + `}`: 200,
		} {
			if got, ok := m[key]; !ok || got != want {
				t.Errorf("%s is %g", key, got)
			}
		}
		for key := range m {
			if strings.HasPrefix(key, "zlock_exit_code") || strings.HasPrefix(key, "zlock_run_ended") {
				t.Errorf("there is a %s while it works", key)
			}
		}
		s.want(run.wait(), 6)
		m = s.metrics("zlock.prom")
		d := s.status()
		if d.Rows["locked"] < 90 || d.Rows["pending"] < 90 {
			t.Errorf("status %+v", d)
		}
		for key, want := range map[string]float64{
			`zlock_run_state{` + of + `,state="running"}`: 0, `zlock_run_state{` + of + `,state="paused"}`: 1,
			`zlock_run_rows{` + of + `,outcome="locked"}`: float64(d.Rows["locked"]), `zlock_run_rows{` + of + `,outcome="pending"}`: float64(d.Rows["pending"]),
			`zlock_run_rows{` + of + `,outcome="failed"}`: 0,
			`zlock_run_credits_used{` + of + `}`:          100, `zlock_run_calls{` + of + `}`: float64(d.Calls), `zlock_org_credits_spent{` + of + `}`: 100,
			`zlock_calls_in_flight{` + of + `}`: 0, `zlock_exit_code{` + of + `}`: 6,
			`zlock_written_timestamp_seconds{` + of + `}`: float64(time.Now().Unix()),
		} {
			if got, ok := m[key]; !ok || got < want || got >= want+1 {
				t.Errorf("%s is %g, want %g", key, got, want)
			}
		}
		s.want(s.run("resume", "--max-credits", "1000", "--metrics", "zlock.prom"), 0)
		if m := s.metrics("zlock.prom"); m[`zlock_run_rows{`+of+`,outcome="locked"}`] != 200 || m[`zlock_exit_code{`+of+`}`] != 0 {
			t.Errorf("at the end: %v", m)
		}
	})
}

// A run that waits for tomorrow's credits says so meanwhile, and not that it runs.
func TestMetricsWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t).inBubble(50, nil)
		run := s.start("run", s.manyLocks(50), "--credits-per-day", "40", "--on-budget", "wait", "--metrics", "zlock.prom")
		time.Sleep(time.Hour)
		if m := s.metrics("zlock.prom"); m[`zlock_run_state{profile="default",state="paused"}`] != 1 {
			t.Errorf("while it waits: %v", m)
		}
		s.want(run.wait(), 0)
	})
}

func TestMetricsFile(t *testing.T) {
	s := newStage(t).withZoho(nil)
	job := "a\"b \u202e.csv"
	s.locks(job, 0, 2)
	s.want(s.run("run", job, "--metrics", "new.prom"), 0)
	found := false
	for key := range s.metrics("new.prom") {
		found = found || strings.Contains(key, `,job_file="a\"b \\u{202e}.csv",org="127.0.0.1:`)
	}
	if !found {
		t.Errorf("no label names the job file: %v", s.metrics("new.prom"))
	}
	s.file("old.prom", "old")
	s.want(s.run("run", s.locks("b.csv", 2, 4), "--metrics", "old.prom"), 0)
	s.metrics("old.prom")
	for name, mode := range map[string]os.FileMode{"new.prom": 0o644, "old.prom": 0o600} {
		if info, err := os.Stat(filepath.Join(s.dir, name)); err != nil || info.Mode().Perm() != mode && runtime.GOOS != "windows" {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if left, err := filepath.Glob(filepath.Join(s.dir, ".zlock-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

func TestMetricsThatCannotBe(t *testing.T) {
	s := newStage(t).withZoho(nil)
	job := s.locks("job.csv", 0, 2)
	s.mkdir("dir.prom")
	s.want(s.run("run", job, "--metrics", "none/zlock.prom"), 2, "its directory is not there")
	s.want(s.run("run", job, "--metrics", "dir.prom"), 2, "not a file")
	if n := s.org.Stats().Calls; n != 0 {
		t.Errorf("%d calls were made", n)
	}
	before, err := os.ReadFile(filepath.Join(s.dir, job))
	if err != nil {
		t.Fatal(err)
	}
	o := s.want(s.run("run", job, "--metrics", job), 0, "zlock: warning: the figures are not kept up to date: write ", "that is the checkpoint or the job file")
	if n := strings.Count(o.err, "figures"); n != 1 {
		t.Errorf("%d warnings: %s", n, o.err)
	}
	if after, err := os.ReadFile(filepath.Join(s.dir, job)); err != nil || string(after) != string(before) {
		t.Errorf("the job file was written to: %v", err)
	}
	s.want(s.run("resume", "--metrics", "state/default.db"), 0, "that is the checkpoint or the job file")
	s.status()
}
