package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"zlock/cli"
	"zlock/zoho/sim"
)

func TestRunTwice(t *testing.T) {
	s := newStage(t).withZoho(nil)
	name := s.locks("job.csv", 0, 10)
	s.want(s.run("run", name, "--limit", "4"), 6)
	first := s.status()
	if first.State != "paused" || first.Rows["locked"] != 4 {
		t.Fatalf("status %+v", first)
	}
	s.want(s.run("run", name), 2, "is run "+first.Run+" already", "zlock resume "+first.Run)
	s.want(s.run("run", name, "--again"), 2, "zlock resume "+first.Run) // --again is for completed ones
	s.want(s.run("run", name, "--resume"), 0, "going on with run "+first.Run, "6 of 10 rows left")
	if d := s.status(); d.Run != first.Run || d.State != "completed" || d.Rows["locked"] != 10 || d.Calls != 10 {
		t.Errorf("status %+v", d)
	}
	s.want(s.run("run", name), 2, "was completed as run "+first.Run, "--again")
	s.want(s.run("run", name, "--resume"), 0, "nothing to do")
	s.want(s.run("run", name, "--again"), 0, "10  already_locked")
	if d := s.status(); d.Run == first.Run {
		t.Error("--again did not start a run of its own")
	}
}

func TestRunResumeStartsWhatIsNew(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.locks("job.csv", 0, 3), "--resume"), 0, "3  locked")
}

func TestOtherMeaningIsAnotherRun(t *testing.T) {
	s := newStage(t).withZoho(nil)
	name := s.locks("job.csv", 0, 5)
	s.want(s.run("run", name, "--limit", "1"), 6)
	first := s.status().Run
	s.want(s.run("run", name, "--on-locked", "fail"), 5, "was started with other options", "4  locked", "ALREADY_LOCKED")
	if s.status().Run == first {
		t.Error("the same run")
	}
}

func TestEditedJobFile(t *testing.T) {
	s := newStage(t).withZoho(nil)
	name := s.locks("job.csv", 0, 5)
	s.want(s.run("run", name, "--limit", "1"), 6)
	first := s.status().Run
	s.locks("job.csv", 0, 6)
	s.want(s.run("run", name, "--resume"), 2, "run "+first, "was edited since")
	s.want(s.run("resume"), 0, "was edited since; the run goes on with the rows as they were", "5  locked")
	s.want(s.run("run", name, "--resume"), 0, "1  locked", "5  already_locked")
}

func TestResumeInherits(t *testing.T) {
	s := newStage(t).withZoho(nil)
	url := s.env["ZLOCK_API_URL"]
	delete(s.env, "ZLOCK_API_URL")
	s.want(s.run("run", s.locks("job.csv", 0, 9), "--api-url", url, "--max-credits", "3"), 6)
	s.want(s.run("resume"), 6) // the host and the budget are the run's
	if d := s.status(); d.Rows["locked"] != 6 {
		t.Errorf("status %+v", d)
	}
	s.env["ZLOCK_MAX_CREDITS"] = "1"
	s.want(s.run("resume", "--max-credits", "2"), 6)
	if d := s.status(); d.Rows["locked"] != 8 {
		t.Errorf("a flag given now did not win: %+v", d)
	}
	s.want(s.run("resume"), 0)
}

func TestSimulatedRunStaysSimulated(t *testing.T) {
	s := newStage(t).withZoho(nil)
	name := s.locks("job.csv", 0, 6)
	s.want(s.run("run", name, "--simulate", "--limit", "2"), 6, "SIMULATED: nothing is sent to Zoho", "SIMULATED: nothing of this happened")
	s.want(s.run("run", name, "--simulate"), 2, "zlock resume")
	s.want(s.run("resume"), 0, "SIMULATED")
	s.want(s.run("run", name, "--simulate", "--resume"), 0, "nothing to do")
	if n := s.org.Stats().Calls; n != 0 {
		t.Errorf("a rehearsal made %d calls to the real org", n)
	}
	s.want(s.run("run", name), 0, "6  locked") // and is no run of the real org
}

func TestSimulationRemembersAcrossSittings(t *testing.T) {
	s := newStage(t)
	name := s.file("job.csv", "record_id,module,action,reason\n"+
		"5843104000000109013,Leads,lock,x\n5843104000000100001,Leads,unlock,\n5843104000000109001,Leads,unlock,\n")
	s.want(s.run("run", name, "--simulate", "--limit", "2"), 6)
	s.want(s.run("resume"), 0, "1  already_locked", "2  unlocked")
	files, err := filepath.Glob(filepath.Join(s.dir, "state", "sim", "*.journal"))
	if err != nil || len(files) != 1 {
		t.Errorf("journals: %v, %v", files, err)
	}
}

func TestStandardInput(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.in = `{"record_id":"` + leadID(3) + `"}` + "\n"
	o := s.want(s.run("run", "-", "--module", "leads", "--action", "LOCK", "--reason", "case of {record_id}", "--json"), 0)
	var d status
	if err := json.Unmarshal([]byte(o.out), &d); err != nil || d.Rows["locked"] != 1 {
		t.Fatalf("%v: %s", err, o.out)
	}
	if lock, _ := s.org.Lock("Leads", leadID(3)); lock.Reason != "case of "+leadID(3) {
		t.Errorf("reason %q", lock.Reason)
	}
}

func TestEmptyJobFile(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.file("job.csv", "record_id,module,action,reason\n"), "--allow-empty"), 0, "is completed", "0  rows in all")
	if d := s.status(); d.State != "completed" || d.Rows["total"] != 0 {
		t.Errorf("status %+v", d)
	}
}

func TestAsking(t *testing.T) {
	terminal := func(w *cli.World) { w.InTerminal, w.ErrTerminal = true, true }
	for _, in := range []struct {
		name   string
		rows   int
		answer string
		args   []string
		code   int
		asked  bool
	}{
		{name: "few rows", rows: 100, code: 0},
		{name: "yes", rows: 101, answer: "y\n", code: 0, asked: true},
		{name: "no", rows: 101, answer: "n\n", code: 2, asked: true},
		{name: "nothing", rows: 101, answer: "", code: 2, asked: true},
		{name: "anything else", rows: 101, answer: "yeah\n", code: 2, asked: true},
		{name: "--yes", rows: 101, args: []string{"--yes"}, code: 0},
		{name: "simulated", rows: 101, args: []string{"--simulate", "--limit", "1"}, code: 6},
	} {
		t.Run(in.name, func(t *testing.T) {
			s := newStage(t).withZoho(nil)
			s.world, s.in = func(w *cli.World) { terminal(w); w.Columns = func() int { return 46 } }, in.answer
			s.env["CI"] = "1" // no bar
			o := s.want(s.run(append([]string{"run", s.locks("job.csv", 0, in.rows)}, in.args...)...), in.code)
			if asked := strings.Contains(o.err, "Carry out 101 rows against Simulated"); asked != in.asked {
				t.Errorf("asked %v, want %v: %s", asked, in.asked, o.err)
			}
			if asked := strings.Contains(o.err, "Simulated\n  Organisation (org 58431040) at\n  127.0.0.1:"); asked != in.asked {
				t.Errorf("the question is not folded: %s", o.err)
			}
			if in.code == 2 {
				if o := s.run("runs"); o.out != "" {
					t.Errorf("a declined run is left: %s", o.out)
				}
			}
		})
	}
}

func TestNobodyIsAskedWithoutATerminal(t *testing.T) {
	s := newStage(t).withZoho(nil)
	o := s.want(s.run("run", s.locks("job.csv", 0, 120)), 0)
	if strings.Contains(o.err, "[y/N]") {
		t.Error(o.err)
	}
}

func TestFlagsNameTheRightRowsOfOthers(t *testing.T) {
	s := newStage(t).withZoho(nil)
	job := "record_id,module,action\n5843104000000109001,Leads,unlock\n" // Patricia's
	s.want(s.run("run", s.file("job.csv", job), "--any-owner=false"), 5, "1  failed")
	s.want(s.run("run", "job.csv"), 0, "1  unlocked")
}

func TestFilesArePrivate(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.locks("job.csv", 0, 3)), 0)
	s.want(s.run("run", s.locks("job.csv", 0, 3), "--simulate"), 0)
	s.want(s.run("results", "-o", "results.csv"), 0)
	err := filepath.WalkDir(filepath.Join(s.dir, "state"), func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(filepath.Join(s.dir, "results.csv")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("results: %v, %v", info, err)
	}
}

func TestSecretsStaySecret(t *testing.T) {
	s := newStage(t).withZoho(func(c *sim.Config) {
		c.Script = []sim.Fault{{Match: sim.Match{Nth: 2}, Do: sim.TokenRevoked}}
	})
	s.want(s.run("run", s.locks("job.csv", 0, 30), "--log-level", "debug", "--log-format", "json"), 0)
	s.env["ZLOCK_CLIENT_SECRET"] = "wrong " + secretOfTests
	said := s.run("run", s.locks("other.csv", 30, 40), "--log-level", "debug").err + s.run("status").out
	token := regexp.MustCompile(`1000\.[0-9a-f]{32}\.[0-9a-f]{32}`)
	if strings.Contains(said, secretOfTests) || token.MatchString(said) {
		t.Errorf("a secret is told: %s", said)
	}
	err := filepath.WalkDir(s.dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err == nil && (strings.Contains(string(data), secretOfTests) || strings.Contains(string(data), refreshOfTests)) {
			t.Errorf("%s holds a secret", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestRunIDs(t *testing.T) {
	s := newStage(t)
	s.want(s.run("run", s.locks("a.csv", 0, 2), "--simulate"), 0)
	id := s.status().Run
	if !regexp.MustCompile(`^\d{8}-\d{6}-[a-z2-7]{4}$`).MatchString(id) {
		t.Errorf("run id %q", id)
	}
	s.want(s.run("run", s.locks("b.csv", 2, 4), "--simulate"), 0)
	if got := s.status(id[:len(id)-1]); got.Run != id {
		t.Errorf("the prefix of %s found %s", id, got.Run)
	}
	s.want(s.run("status", "2"), 2, "give more of the id")
	s.want(s.run("status", "1999"), 2, "1999")
	s.want(s.run("status", "a", "b"), 2, "takes one RUN")
}
