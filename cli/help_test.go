package cli_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestHelp(t *testing.T) {
	s := newStage(t)
	root := s.want(s.run("--help"), 0).out
	if s.run().out != root || s.run("help").out != root {
		t.Error("zlock, zlock help and zlock --help differ")
	}
	commands := []string{
		"run", "plan", "resume", "retry", "status", "runs", "results", "report", "verify", "undo", "prune", "show", "lock", "unlock", "reason",
		"locks", "sweep", "auth", "doctor", "modules", "config", "sim", "version", "completion",
	}
	for _, name := range commands {
		if !strings.Contains(root, "\n  "+name+" ") {
			t.Errorf("%s is not listed", name)
		}
		help := s.want(s.run(name, "--help"), 0).out
		if s.run("help", name).out != help {
			t.Errorf("zlock help %s differs from its --help", name)
		}
		for _, part := range []string{"Usage:\n  zlock " + name, "Example:\n  ", "Exit codes:\n  0  "} {
			if !strings.Contains(help, part) {
				t.Errorf("the help of %s lacks %q:\n%s", name, part, help)
			}
		}
		for _, line := range strings.Split(root+help, "\n") {
			if utf8.RuneCountInString(line) > 80 {
				t.Errorf("%s: %d columns: %s", name, utf8.RuneCountInString(line), line)
			}
		}
	}
}

func TestVersion(t *testing.T) {
	s := newStage(t)
	if o := s.want(s.run("version"), 0); !strings.HasPrefix(o.out, "zlock ") || !strings.Contains(o.out, "go1.") {
		t.Errorf("version %q", o.out)
	}
	if plain, flag := s.run("version").out, s.want(s.run("--version"), 0).out; flag != plain {
		t.Errorf("--version says %q, version %q", flag, plain)
	}
	var v struct{ Version, Go, System string }
	if err := json.Unmarshal([]byte(s.want(s.run("version", "--json"), 0).out), &v); err != nil || v.Version == "" || v.Go == "" || v.System == "" {
		t.Errorf("version %+v, %v", v, err)
	}
}

func TestCompletion(t *testing.T) {
	s := newStage(t)
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if o := s.want(s.run("completion", shell), 0); !strings.Contains(o.out, "zlock") {
			t.Errorf("%s: %q", shell, o.out)
		}
	}
	if o := s.run("__complete", "re"); !strings.Contains(o.out, "resume") || !strings.Contains(o.out, "results") {
		t.Errorf("completes to %q", o.out)
	}
}

func TestRuns(t *testing.T) {
	s := newStage(t)
	if o := s.want(s.run("runs", "--json"), 0); o.out != `{"runs":[]}`+"\n" {
		t.Errorf("runs %q", o.out)
	}
	s.want(s.run("run", s.locks("a\u202eb.csv", 0, 2), "--simulate"), 0)
	s.want(s.run("run", s.locks("c.csv", 0, 3), "--simulate", "--limit", "1"), 6)
	table := s.want(s.run("runs"), 0).out
	if !strings.Contains(table, `a\u{202e}b.csv`) || strings.Index(table, "c.csv") > strings.Index(table, `a\u{202e}b.csv`) {
		t.Errorf("runs %s", table)
	}
	var list struct{ Runs []status }
	if err := json.Unmarshal([]byte(s.want(s.run("runs", "--json"), 0).out), &list); err != nil || len(list.Runs) != 2 || list.Runs[0].State != "paused" {
		t.Errorf("runs %+v, %v", list, err)
	}
	s.want(s.run("runs", "latest"), 2)
	s.env["ZLOCK_LIMIT"] = "1" // of rows, for run
	for _, in := range []struct{ args, left string }{
		{"--state paused", "c.csv"}, {"--state completed,running", `a\u{202e}b.csv`}, {"--limit 1", "c.csv"}, {"--limit 5 --state PAUSED", "c.csv"},
	} {
		o := s.want(s.run(append([]string{"runs"}, strings.Fields(in.args)...)...), 0)
		if n := strings.Count(o.out, "\n"); n != 3 || !strings.Contains(o.out, in.left) {
			t.Errorf("%s: %s", in.args, o.out)
		}
	}
	if o := s.want(s.run("runs", "--state", "running"), 0, "none of 2 runs is in that state"); o.out != "" {
		t.Errorf("runs %s", o.out)
	}
	s.want(s.run("runs", "--state", "done"), 2, "--state done: must be one or more of enrolled")
	s.want(s.run("runs", "--limit", "0"), 2, "--limit 0")
}
