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
	if !strings.Contains(root, "Later versions: report undo") {
		t.Errorf("help does not say what is to come: %s", root)
	}
	commands := []string{"run", "plan", "resume", "retry", "status", "runs", "results", "verify", "show", "lock", "unlock", "reason", "config", "modules", "version", "completion"}
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
}
