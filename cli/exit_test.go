package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zlock/batch"
	"zlock/checkpoint"
	"zlock/cli"
	"zlock/zoho"
	"zlock/zoho/sim"
)

func TestExitDone(t *testing.T) {
	s := newStage(t).withZoho(nil)
	o := s.want(s.run("run", s.locks("job.csv", 0, 20)), 0, "run ", "is completed", "20  locked")
	if o.out != "" {
		t.Errorf("run without --json printed %q", o.out)
	}
	for i := range 20 {
		if lock, ok := s.org.Lock("Leads", leadID(i)); !ok || lock.Reason != "Audit" {
			t.Errorf("record %d: lock %v, %v", i, lock, ok)
		}
	}
}

func TestExitUsage(t *testing.T) {
	for _, in := range []struct {
		name string
		args string
		env  map[string]string
		says string
	}{
		{name: "unknown command", args: "rnu", says: "did you mean run"},
		{name: "help for an unknown command", args: "runn --help", says: "runn is not a command; did you mean run"},
		{name: "help below auth", args: "auth loginn -h", says: "auth loginn is not a command"},
		{name: "unknown below config", args: "config gte Deals", says: "zlock config --help lists them"},
		{name: "unknown flag", args: "run job.csv --concurency 2", says: "did you mean concurrency"},
		{name: "flag of run on resume", args: "resume --on-locked fail", says: "belongs to zlock run"},
		{name: "flag of run on unlock", args: "unlock Deals 1 --reason x", says: "--reason is not a flag of zlock unlock"},
		{name: "flag without its value", args: "run job.csv --rate", says: "rate"},
		{name: "window of nothing", args: "run job.csv --simulate --window 22:00-22:00", says: "--window 22:00-22:00: must be the hours"},
		{name: "window past midnight", args: "plan job.csv --window 25:00-06:00", says: "there is no time of day 25:00"},
		{name: "window of hours", args: "plan job.csv --window 22-6", says: "such as 22:00-06:00"},
		{name: "unknown zone", args: "plan job.csv --tz Mars/Olympus", says: "--tz Mars/Olympus: must be a zone of the tz database"},
		{name: "zone of a variable", args: "run job.csv --simulate", env: map[string]string{"ZLOCK_TZ": "../../etc/passwd"}, says: "ZLOCK_TZ=../../etc/passwd: must be a zone"},
		{name: "neither wait nor stop", args: "run job.csv --simulate --on-window stay", says: "one of wait, stop"},
		{name: "deadline gone by", args: "plan job.csv --deadline 2001-01-01T00:00", says: "in the future"},
		{name: "flag of run on plan", args: "plan job.csv --max-failures 3", says: "--max-failures is not a flag of zlock plan"},
		{name: "plan of nothing", args: "plan", says: "takes one JOBFILE"},
		{name: "no job file", args: "run", says: "takes one JOBFILE"},
		{name: "two job files", args: "run a.csv b.csv", says: "takes one JOBFILE"},
		{name: "missing job file", args: "run nosuch.csv --simulate", says: "no such file"},
		{name: "directory", args: "run . --simulate", says: "directory"},
		{name: "no credentials", args: "run job.csv", says: "ZLOCK_CLIENT_ID, ZLOCK_CLIENT_SECRET, ZLOCK_REFRESH_TOKEN not set"},
		{name: "part of the credentials", args: "run job.csv", env: map[string]string{"ZLOCK_CLIENT_ID": "c", "ZLOCK_CLIENT_SECRET": secretOfTests}, says: "ZLOCK_REFRESH_TOKEN not set"},
		{name: "foreign host", args: "run job.csv --api-url https://example.com", env: map[string]string{"ZLOCK_ACCESS_TOKEN": "x"}, says: "--api-url https://example.com"},
		{name: "plain http", args: "run job.csv --api-url http://www.zohoapis.com", env: map[string]string{"ZLOCK_ACCESS_TOKEN": "x"}, says: "--api-url"},
		{name: "data centre", args: "run job.csv --dc mars", env: map[string]string{"ZLOCK_ACCESS_TOKEN": "x"}, says: "--dc mars: must be one of us eu"},
		{name: "bad module", args: "run job.csv --simulate --module 7up", says: "--module"},
		{name: "bad action", args: "run job.csv --simulate --action lick", says: "--action"},
		{name: "no run yet", args: "resume", says: "no run yet"},
		{name: "status without a run", args: "status", says: "no run yet"},
		{name: "missing configuration", args: "run job.csv --simulate --config nosuch.yaml", says: "nosuch.yaml"},
		{name: "completion of nothing", args: "completion csh", says: "bash, zsh"},
		{name: "faults onto the job file", args: "run job.csv --simulate --faults job.csv", says: "is the checkpoint or the job file"},
	} {
		t.Run(in.name, func(t *testing.T) {
			s := newStage(t)
			s.locks("job.csv", 0, 3)
			for key, value := range in.env {
				s.env[key] = value
			}
			if o := s.want(s.run(strings.Fields(in.args)...), 2, in.says); o.out != "" {
				t.Errorf("standard output holds %q", o.out)
			}
		})
	}
}

func TestExitFaulty(t *testing.T) {
	s := newStage(t)
	s.file("job.csv", "record_id,module,action,reason\n5.84E+18,Leads,lock,x\n"+leadID(1)+",Leads,lock,\n")
	o := s.want(s.run("run", "job.csv", "--simulate"), 3, "line", "5.84E+18", "2 faults in 2 rows; nothing was sent")
	if o.out != "" {
		t.Errorf("standard output holds %q", o.out)
	}
	o = s.want(s.run("run", "job.csv", "--simulate", "--json", "--faults", "faults.jsonl"), 3)
	for _, word := range []string{`"code":"ID_DAMAGED"`, `"code":"REASON_MISSING"`, `"rows":2`} {
		if !strings.Contains(o.out, word) {
			t.Errorf("document lacks %s: %s", word, o.out)
		}
	}
	list, err := os.ReadFile(filepath.Join(s.dir, "faults.jsonl"))
	if err != nil || strings.Count(string(list), "\n") != 2 {
		t.Errorf("faults file: %v, %s", err, list)
	}
	s.want(s.run("run", "job.csv", "--simulate", "--faults", "faults.jsonl"), 2, "it is there already", "--force")
	s.want(s.run("run", "job.csv", "--simulate", "--faults", "faults.jsonl", "--force"), 3)
	s.want(s.run("run", "job.csv", "--simulate", "--faults", "faults.csv"), 3)
	if list, _ := os.ReadFile(filepath.Join(s.dir, "faults.csv")); !strings.HasPrefix(string(list), "line,column,value,code,message,hint\n2,") {
		t.Errorf("faults file: %s", list)
	}
	if o := s.run("runs"); !strings.Contains(o.err, "no run yet") {
		t.Errorf("a faulty job file left a run: %s", o.out)
	}
}

func TestExitFaultyFiles(t *testing.T) {
	for name, content := range map[string]string{
		"workbook.csv": "PK\x03\x04 this is a zip", "page.csv": "<!DOCTYPE html><html></html>", "empty.csv": "",
		"header.csv": "record_id,module,action,reason\n", "utf8.csv": "record_id,module,action,reason\n1,Leads,lock,\xff\n",
	} {
		s := newStage(t)
		s.want(s.run("run", s.file(name, content), "--simulate"), 3, name)
	}
}

func TestExitPersonMustAct(t *testing.T) {
	for _, in := range []struct {
		name   string
		change func(*sim.Config)
		env    map[string]string
		says   string
	}{
		{name: "wrong secret", change: nil, env: map[string]string{"ZLOCK_CLIENT_SECRET": "another secret"}, says: "next: zlock resume"},
		{name: "scope", change: func(c *sim.Config) { c.Standing.ScopeMissing = []sim.Op{sim.OpLock} }, says: "scope"},
		{name: "edition", change: func(c *sim.Config) { c.Standing.EditionBarred = true }, says: "edition"},
		{name: "no configuration", change: func(c *sim.Config) { c.Modules = map[string]sim.Module{"Leads": {Locking: sim.NotConfigured}} }, says: "Leads cannot be worked on"},
	} {
		t.Run(in.name, func(t *testing.T) {
			s := newStage(t).withZoho(in.change)
			for key, value := range in.env {
				s.env[key] = value
			}
			s.want(s.run("run", s.locks("job.csv", 0, 5)), 4, in.says)
			if d := s.status(); d.State != "paused" || d.Rows["pending"] != 5 {
				t.Errorf("status %+v", d)
			}
		})
	}
}

func TestExitWrongOrg(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.locks("job.csv", 0, 5), "--limit", "2"), 6)
	s.env["ZLOCK_CLIENT_ID"] = "another client"
	s.want(s.run("resume"), 4, "wrong org", "--dc")
}

func TestExitPartial(t *testing.T) {
	s := newStage(t).withZoho(nil)
	name := s.file("job.csv", "record_id,module,action,reason\n"+leadID(0)+",Leads,lock,x\n5843104000000109004,Leads,lock,x\n")
	s.want(s.run("run", name), 5, "1  failed", "INVALID_DATA", "line 3, Leads 5843104000000109004", "next: zlock results")
	s.want(s.run("run", name, "--resume"), 5, "nothing to do")
	s.want(s.run("run", name, "--resume", "--exit-zero-on-partial"), 0)
	s.want(s.run("resume"), 5, "nothing to do")
	s.want(s.run("retry"), 5, "0 of 1 failed row taken up again", "left alone")
	s.want(s.run("retry", "--all"), 5, "1 of 1 failed row taken up again")
	s.want(s.run("retry", "--code", "invalid_data"), 5, "1 of 1 failed row taken up again")
	if d := s.status(); d.Rows["failed"] != 1 || d.Rows["locked"] != 1 || d.Calls != 4 {
		t.Errorf("status %+v", d)
	}
}

func TestExitInvalidRowsSkipped(t *testing.T) {
	s := newStage(t)
	name := s.file("job.csv", "record_id,module,action,reason\n"+leadID(0)+",Leads,lock,x\nabc,Leads,lock,x\n")
	s.want(s.run("run", name, "--simulate", "--on-invalid", "skip"), 5, "1  invalid", "1  locked", "SIMULATED")
}

func TestExitLeft(t *testing.T) {
	for _, in := range []struct{ name, flag, value, cause string }{
		{"limit", "--limit", "3", "limit"},
		{"credits of this sitting", "--max-credits", "4", "budget"},
		{"credits of the day", "--credits-per-day", "6", "budget"},
		{"reserve", "--reserve", "49990", "budget"},
	} {
		t.Run(in.name, func(t *testing.T) {
			s := newStage(t).withZoho(nil)
			s.want(s.run("run", s.locks("job.csv", 0, 30), in.flag, in.value), 6, "is paused", "next: zlock resume")
			d := s.status()
			if d.State != "paused" || d.StoppedBy == nil || *d.StoppedBy != in.cause || d.Rows["pending"] == 0 || d.Rows["locked"] == 0 {
				t.Errorf("status %+v", d)
			}
			for key, value := range map[string]string{"--limit": "1000", "--max-credits": "1000", "--credits-per-day": "50000", "--reserve": "0"} {
				if key == in.flag {
					s.want(s.run("resume", key, value), 0, "is completed")
				}
			}
		})
	}
}

func TestExitDuration(t *testing.T) {
	s := newStage(t).withZoho(func(c *sim.Config) { c.Latency = func() time.Duration { return 300 * time.Millisecond } })
	s.want(s.run("run", s.locks("job.csv", 0, 40), "--max-duration", "1s", "--concurrency", "2"), 6, "its time")
	if d := s.status(); *d.StoppedBy != "duration" || d.Rows["locked"] == 0 || d.Rows["pending"] == 0 {
		t.Errorf("status %+v", d)
	}
}

func TestExitBreaker(t *testing.T) {
	job := "record_id,module,action,reason\n"
	for i := range 10 {
		job += leadID(900+i) + ",Leads,lock,x\n" // none of them exists
	}
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.file("job.csv", job), "--max-failures", "3", "--concurrency", "1"), 7, "--max-failures")
	if d := s.status(); *d.StoppedBy != "breaker" || d.Rows["failed"] < 3 || d.Rows["pending"] == 0 {
		t.Errorf("status %+v", d)
	}
	s.want(s.run("resume", "--max-failures", "100"), 5)
}

func TestExitOutage(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.server.Close()
	s.want(s.run("run", s.locks("job.csv", 0, 5), "--max-outage", "1s"), 7)
	if d := s.status(); *d.StoppedBy != "outage" || d.Rows["pending"] != 5 {
		t.Errorf("status %+v", d)
	}
}

func TestExitHeld(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.locks("job.csv", 0, 5), "--limit", "1"), 6, "one row was worked, which is --limit")
	run := s.status().Run
	orgs, err := filepath.Glob(filepath.Join(s.dir, "state", "orgs", "*", "owner.lock"))
	if err != nil || len(orgs) != 1 {
		t.Fatalf("owner locks: %v, %v", orgs, err)
	}
	owner, err := checkpoint.Own(orgs[0], checkpoint.Holder{PID: 4711, Host: "elsewhere"})
	if err != nil {
		t.Fatal(err)
	}
	defer owner.Release()
	for _, args := range [][]string{{"resume"}, {"retry"}, {"run", "nosuch.csv"}} {
		s.want(s.run(args...), 8, "process 4711 on elsewhere")
	}
	s.want(s.run("run", s.locks("other.csv", 0, 2), "--simulate"), 0) // a rehearsal has an org of its own
	g := s.start("resume", run, "--wait", "1m")
	if err := g.until(t.Context(), "waiting up to"); err != nil {
		t.Fatal(err)
	}
	owner.Release()
	s.want(g.wait(), 0, "is completed")
}

func TestExitInternal(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.locks("job.csv", 0, 100), "--limit", "1"), 6)
	db := filepath.Join(s.dir, "state", "default.db")
	info, err := os.Stat(db)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(db, info.Size()/2); err != nil {
		t.Fatal(err)
	}
	if o := s.run("resume"); o.code != 1 {
		t.Errorf("exit code %d with half a checkpoint: %s", o.code, o.err)
	}
}

func TestExitForeignCheckpoint(t *testing.T) {
	s := newStage(t)
	s.locks("job.csv", 0, 3)
	s.want(s.run("run", "job.csv", "--simulate", "--db", "job.csv"), 2, "not a zlock checkpoint")
}

func TestPanicIsOne(t *testing.T) {
	s := newStage(t)
	s.world = func(w *cli.World) { w.Now = func() time.Time { panic("clock of " + refreshOfTests) } }
	s.env["ZLOCK_REFRESH_TOKEN"] = refreshOfTests
	o := s.want(s.run("run", s.locks("job.csv", 0, 3), "--simulate"), 1, "panic: clock of [redacted]")
	if strings.Contains(o.err, refreshOfTests) {
		t.Error("the panic tells the token")
	}
}

func TestCodeOf(t *testing.T) {
	failed := batch.Run{Counts: map[batch.Outcome]int64{batch.Failed: 1}}
	open := batch.Run{Counts: map[batch.Outcome]int64{batch.Failed: 1, batch.Unknown: 1}}
	interrupt := cli.Signalled{}
	for _, in := range []struct {
		name   string
		run    batch.Run
		report batch.Report
		zero   bool
		want   int
	}{
		{name: "all done", want: 0},
		{name: "failed", run: failed, want: 5},
		{name: "failed, forgiven", run: failed, zero: true, want: 0},
		{name: "rows left", run: open, want: 6},
		{name: "rows left are not forgiven", run: open, zero: true, want: 6},
		{name: "attempts", run: open, report: batch.Report{StoppedBy: batch.StopAttempts}, want: 6},
		{name: "window", run: open, report: batch.Report{StoppedBy: batch.StopWindow}, want: 6},
		{name: "breaker before rows left", run: open, report: batch.Report{StoppedBy: batch.StopBreaker}, want: 7},
		{name: "outage", run: open, report: batch.Report{StoppedBy: batch.StopOutage}, want: 7},
		{name: "sign-in", run: open, report: batch.Report{StoppedBy: batch.StopAuth}, want: 4},
		{name: "a blocked module before a breaker", run: open, report: batch.Report{
			StoppedBy: batch.StopBreaker, Blocked: map[string]*zoho.Error{"Leads": {}}}, want: 4},
		{name: "a broken store before all", run: open, report: batch.Report{StoppedBy: batch.StopError, Fatal: &zoho.Error{}}, want: 1},
	} {
		t.Run(in.name, func(t *testing.T) {
			if got := cli.CodeOf(in.run, in.report, interrupt, in.zero); got != in.want {
				t.Errorf("got %d, want %d", got, in.want)
			}
		})
	}
}
