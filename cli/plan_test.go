package cli_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zlock/cli"
)

// at has commands believe that it is a certain time.
func (s *stage) at(now time.Time) *stage {
	before := s.world
	s.world = func(w *cli.World) {
		if before != nil {
			before(w)
		}
		w.Now = func() time.Time { return now }
	}
	return s
}

// quarterEnd is a Wednesday evening in Berlin.
func quarterEnd(t *testing.T) time.Time {
	t.Helper()
	return time.Date(2026, 9, 30, 18, 0, 0, 0, zoneOf(t, "Europe/Berlin"))
}

// deals writes a job file of n locks, of which the second half is unlocks where mixed is set.
func (s *stage) deals(n int, mixed bool) string {
	s.t.Helper()
	var b strings.Builder
	b.WriteString("record_id,module,action,reason\n")
	for i := range n {
		action := "lock"
		if mixed && i >= n/2 {
			action = "unlock"
		}
		fmt.Fprintf(&b, "5843104000%07d,Deals,%s,Q3 closed\n", i, action)
	}
	return s.file("deals.csv", b.String())
}

func TestPlanScreens(t *testing.T) {
	s := newStage(t).at(quarterEnd(t))
	s.deals(150_000, false)
	s.file("few.csv", "Record Id,Module,Action,Reason,lock_id\n1,Leads,lock,x,\n2,Leads,unlock,,\n3,Contacts,unlock,,77\n1,Leads,lock,x,\n4,Leads,update_reason,y,\n")
	for _, screen := range []struct {
		name string
		args string
		code int
	}{
		{"plan-nights", "plan deals.csv --edition enterprise --concurrency 4 --credits-per-day 75000 --reserve 20% --window 22:00-06:00 --tz Europe/Berlin --on-budget wait --deadline 2026-10-03T08:00", 0},
		{"plan-missed", "plan deals.csv --deadline 2026-10-01T08:00", 9},
		{"plan-few", "plan few.csv --deadline 19:00", 0},
		{"plan-json", "plan few.csv --json --tz Europe/Berlin --window 18:00-19:00 --credits-per-day 4 --concurrency 1 --deadline 20:00", 9},
		{"plan-limit", "plan few.csv --limit 2 --deadline 19:00", 9},
		{"plan-help", "plan --help", 0},
	} {
		t.Run(screen.name, func(t *testing.T) {
			o := s.want(s.run(strings.Fields(screen.args)...), screen.code)
			got := "$ zlock " + screen.args + "\n" + o.out + "--- standard error\n" + o.err
			compare(t, filepath.Join("testdata", screen.name+".golden"), got)
		})
	}
	if _, err := os.Stat(s.env["ZLOCK_STATE_DIR"]); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("plan left something behind: %v", err)
	}
}

// The example in the documentation is what the program prints.
func TestPlanIsDocumented(t *testing.T) {
	golden, err := os.ReadFile(filepath.Join("testdata", "plan-nights.golden"))
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join("..", "docs", "limits.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, screen, _ := strings.Cut(string(golden), "\n")
	screen, _, _ = strings.Cut(screen, "--- standard error")
	for line := range strings.Lines(screen) {
		if !strings.Contains(string(page), line) {
			t.Errorf("docs/limits.md lacks %q", line)
		}
	}
	s := newStage(t).at(quarterEnd(t))
	s.deals(150_000, false)
	command, _, _ := strings.Cut(strings.TrimPrefix(string(golden), "$ zlock plan "), "\n")
	for _, day := range s.plan(0, strings.Fields(command)...).Calendar {
		berlin := zoneOf(t, "Europe/Berlin")
		for _, figure := range []string{
			day.From.In(berlin).Format("15:04-") + day.To.In(berlin).Format("15:04"), day.From.In(berlin).Format("Mon 2 Jan"),
			cli.Number(day.LastRow),
		} {
			if !strings.Contains(string(page), figure) {
				t.Errorf("the drawing in docs/limits.md lacks %q", figure)
			}
		}
	}
}

func TestPlanFitsTheTerminal(t *testing.T) {
	s := newStage(t).at(quarterEnd(t))
	o := s.want(s.run("plan", s.deals(20_000, true), "--credits-per-day", "400", "--window", "22:00-06:00", "--tz", "America/Argentina/Buenos_Aires"), 0)
	for line := range strings.Lines(o.out) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	if !strings.Contains(o.out, "more days") || strings.Count(o.out, "|\n")+strings.Count(o.out, "|  ") > 40 {
		t.Errorf("the calendar is not cut: %s", o.out)
	}
	p := s.plan(0, "deals.csv", "--credits-per-day", "400", "--window", "22:00-06:00", "--tz", "America/Argentina/Buenos_Aires")
	var rows, credits int64
	for _, d := range p.Calendar {
		rows, credits = rows+d.Rows, credits+d.Credits
		var inHours int64
		for _, h := range d.Hours {
			inHours += h.Credits
			if h.Hour >= "06:00" && h.Hour < "22:00" {
				t.Errorf("%s: calls at %s", d.Date, h.Hour)
			}
		}
		if inHours != d.Credits {
			t.Errorf("%s: %d credits, by hours %d", d.Date, d.Credits, inHours)
		}
	}
	if rows != 20_000 || credits != 30_000 || p.Credits.Expected != 30_000 {
		t.Errorf("%d rows, %d credits, %d expected", rows, credits, p.Credits.Expected)
	}
}

// What was spent in the last 24 hours is taken from the checkpoint, with credentials or, for want of
// them, from the latest run at the same host; and nothing else there is touched.
func TestPlanReadsWhatWasSpent(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.locks("job.csv", 0, 50)), 0)
	plan := func() string {
		out := s.want(s.run("plan", s.locks("more.csv", 50, 60), "--credits-per-day", "60"), 0).out
		return strings.Join(strings.Fields(out), " ")
	}
	if out := plan(); !strings.Contains(out, "spent 50 in the last 24 hours") || !strings.Contains(out, "calendar:") {
		t.Errorf("with credentials: %s", out)
	}
	for _, name := range []string{"ZLOCK_CLIENT_ID", "ZLOCK_CLIENT_SECRET", "ZLOCK_REFRESH_TOKEN"} {
		delete(s.env, name)
	}
	if out := plan(); !strings.Contains(out, "spent 50 in the last 24 hours") {
		t.Errorf("without credentials: %s", out)
	}
	s.env["ZLOCK_CLIENT_ID"] = "another"
	if out := plan(); !strings.Contains(out, "spent 0 in the last 24 hours") {
		t.Errorf("as another client: %s", out)
	}
	s.env["ZLOCK_API_URL"] = "http://127.0.0.1:1"
	delete(s.env, "ZLOCK_CLIENT_ID")
	if out := plan(); !strings.Contains(out, "not known") {
		t.Errorf("at another host: %s", out)
	}
	if n := strings.Count(s.want(s.run("runs", "--json"), 0).out, `"run":`); n != 1 {
		t.Errorf("%d runs, want the one that was carried out", n)
	}
}

func TestPlanOfAFaultyFile(t *testing.T) {
	s := newStage(t)
	s.file("job.csv", "id,module,action,reason\n5.84E+18,Leads,lock,x\n"+leadID(1)+",Leads,lock,\n"+leadID(2)+",Leads,lock,x\n")
	if o := s.want(s.run("plan", "job.csv"), 3, "5.84E+18", "2 faults in 3 rows; nothing was sent"); o.out != "" {
		t.Errorf("standard output holds %q", o.out)
	}
	if o := s.want(s.run("plan", "job.csv", "--json", "--faults", "faults.csv"), 3); strings.Count(o.out, `"code":`) != 2 {
		t.Errorf("document %s", o.out)
	}
	if list, err := os.ReadFile(filepath.Join(s.dir, "faults.csv")); err != nil || strings.Count(string(list), "\n") != 3 {
		t.Errorf("faults: %v, %s", err, list)
	}
	p := s.plan(0, "job.csv", "--on-invalid", "skip")
	if p.Rows.Total != 3 || p.Rows.Invalid != 2 || p.Credits.Expected != 1 {
		t.Errorf("plan %+v", p)
	}
	s.in = "id,module,action,reason\n" + leadID(1) + ",Leads,lock,x\n"
	if p := s.plan(0, "-"); p.Rows.Total != 1 {
		t.Errorf("plan of standard input %+v", p)
	}
}

// run shows the figures of plan before it starts.
func TestRunShowsThePlan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.want(s.run("run", s.locks("job.csv", 0, 150), "--simulate", "--credits-per-day", "100"), 6,
			"credits: 150 expected, 1,800 at worst; 0 of 100 spent", "time: about 8s with 5 calls at once", "ends: about 2000-01-02 00:05",
			"the run stops where the credits of 24 hours are spent (exit 6)", "--on-budget wait")
		s.want(s.run("run", s.locks("other.csv", 0, 100), "--simulate", "--max-credits", "20"), 6, "--max-credits 20 ends it, with 80 rows left")
		s.want(s.run("run", s.locks("night.csv", 0, 10), "--simulate", "--window", "22:00-23:00", "--on-window", "stop"), 6,
			"the run stops outside its window (exit 6)", "outside its window")
	})
}
