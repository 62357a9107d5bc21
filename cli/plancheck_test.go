package cli_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zlock/zoho/sim"
)

// rows writes a job file of leads from (included) to to, with one action.
func (s *stage) rows(name, action string, from, to int) string {
	s.t.Helper()
	var b strings.Builder
	b.WriteString("record_id,module,action,reason\n")
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, "%s,Leads,%s,Audit\n", leadID(i), action)
	}
	return s.file(name, b.String())
}

func TestPlanCheckScreens(t *testing.T) {
	s := newStage(t).withZoho(nil)
	for _, screen := range []struct {
		name, action string
		from, to     int
		code         int
	}{
		{"plan-check", "lock", 0, 220, 0},
		{"plan-check-wrong-file", "unlock", 20, 220, 9},
		{"plan-check-done", "lock", 190, 400, 9},
		{"plan-check-reason", "update_reason", 200, 400, 0},
		{"plan-check-missing", "unlock", 300, 450, 9},
		{"plan-check-one", "unlock", 300, 301, 0},
	} {
		t.Run(screen.name, func(t *testing.T) {
			s.rows("job.csv", screen.action, screen.from, screen.to)
			before := s.org.Stats()
			o := s.want(s.run("plan", "job.csv", "--check"), screen.code)
			got := "$ zlock plan job.csv --check\n" + strings.ReplaceAll(withoutTimes(o.out), strings.TrimPrefix(s.server.URL, "http://"), "HOST") + "--- standard error\n" + o.err
			compare(t, filepath.Join("testdata", screen.name+".golden"), got)
			after := s.org.Stats()
			if writes := after.Applied - before.Applied; writes > 0 {
				t.Errorf("%d records were changed", writes)
			}
			if bulk := after.ByOp[sim.OpRecords] - before.ByOp[sim.OpRecords]; bulk > (screen.to-screen.from)/100+1 {
				t.Errorf("%d bulk reads for %d rows", bulk, screen.to-screen.from)
			}
			if after.MaxInFlight > 2 {
				t.Errorf("%d calls at once", after.MaxInFlight)
			}
		})
	}
}

// withoutTimes leaves out what hangs on the clock.
func withoutTimes(screen string) string {
	var b strings.Builder
	for line := range strings.Lines(screen) {
		if !strings.HasPrefix(line, "  begins") && !strings.HasPrefix(line, "  ends") {
			b.WriteString(line)
		}
	}
	return b.String()
}

func TestPlanCheckDocument(t *testing.T) {
	s := newStage(t).withZoho(func(c *sim.Config) { c.MaxIDs = 30 })
	var d struct {
		Check struct {
			Calls     int
			Whole     bool
			Kinds     []struct{ Looked, Locked, Unlocked, Missing int64 }
			Holders   []struct{ Records int }
			Need      int64 `json:"need_calls"`
			AsWanted  int64 `json:"as_wanted"`
			Missing   int64
			Surprises []string
		}
		Credits struct {
			Spent *int64 `json:"spent_24h"`
		}
	}
	from, to := 100, 300
	read := func(code int, args ...string) {
		t.Helper()
		d.Check.Kinds, d.Check.Holders, d.Check.Surprises, d.Credits.Spent = nil, nil, nil, nil
		o := s.want(s.run(append([]string{"plan", s.rows("job.csv", "lock", from, to), "--check", "--json"}, args...)...), code)
		if err := json.Unmarshal([]byte(o.out), &d); err != nil {
			t.Fatalf("%v in %s", err, o.out)
		}
	}
	read(0)
	if c := d.Check; !c.Whole || len(c.Kinds) != 1 || c.Kinds[0].Looked != 200 || c.Kinds[0].Locked != 100 || c.Kinds[0].Unlocked != 100 ||
		c.Need != 100 || c.AsWanted != 100 || len(c.Surprises) != 0 || len(c.Holders) != 1 || c.Holders[0].Records != 20 {
		t.Errorf("check %+v", c)
	}
	if calls := s.org.Stats().Calls; calls != d.Check.Calls {
		t.Errorf("%d calls arrived, %d are told", calls, d.Check.Calls)
	}
	// What a check spent is the org's, though no run ever was: the next plan knows of it.
	spent := int64(s.org.Stats().Calls)
	if read(0); d.Credits.Spent == nil || *d.Credits.Spent != spent {
		t.Errorf("spent %v, want %d", d.Credits.Spent, spent)
	}
	from, to = 0, 200
	read(0, "--max-credits", "9")
	if d.Check.Whole || d.Check.Kinds[0].Looked >= 200 {
		t.Errorf("with 9 credits: %+v", d.Check)
	}
}

func TestPlanCheckTellsWhoAlsoHasARule(t *testing.T) {
	s := withDeals(t, 3, func(i int) *sim.Lock {
		return &sim.Lock{Source: []sim.Source{sim.Manual, sim.Automatic, sim.Both}[i], By: sim.Patricia()}
	}, nil)
	s.file("job.csv", "record_id,module,action\n"+dealID(0)+",Deals,unlock\n"+dealID(1)+",Deals,unlock\n"+dealID(2)+",Deals,unlock\n")
	o := s.run("plan", "job.csv", "--check")
	if got, want := strings.Join(strings.Fields(o.out), " "), "1 by a rule of the module, 1 by Patricia Boyle and a rule, 1 by Patricia Boyle"; !strings.Contains(got, want) {
		t.Errorf("it does not say %q: %s", want, o.out)
	}
}

func TestPlanCheckRefusals(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.org.SetStanding(sim.Standing{ScopeMissing: []sim.Op{sim.OpRecords}})
	s.rows("job.csv", "lock", 0, 10)
	s.want(s.run("plan", "job.csv", "--check"), 4, "ZohoCRM.modules")
	s.want(s.run("plan", "job.csv", "--check", "--simulate"), 2, "--simulate has none")
	delete(s.env, "ZLOCK_CLIENT_SECRET")
	s.want(s.run("plan", "job.csv", "--check"), 2, "ZLOCK_CLIENT_SECRET not set")
	s.want(s.run("plan", "job.csv"), 0)
}

// Credits are the organisation's, whatever checkpoint a run writes to, and whoever spent them.
func TestCreditsAreTheOrgs(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.locks("a.csv", 0, 60), "--db", "a.db", "--credits-per-day", "100", "--reserve", "0"), 0)
	s.want(s.run("show", "Leads", leadID(0)), 0)
	s.want(s.run("run", s.locks("b.csv", 60, 120), "--db", "b.db", "--credits-per-day", "100", "--reserve", "0"), 6, "of the 100 credits for 24 hours are spent")
	if calls := s.org.Stats().Calls; calls < 90 || calls > 100 {
		t.Errorf("%d calls with 100 credits", calls)
	}
	p := s.want(s.run("plan", "b.csv", "--db", "c.db", "--json", "--credits-per-day", "100"), 0)
	if want := fmt.Sprintf(`"spent_24h":%d`, s.org.Stats().Calls); !strings.Contains(strings.ReplaceAll(p.out, " ", ""), want) {
		t.Errorf("the plan does not say %s: %s", want, p.out)
	}
	files, _ := filepath.Glob(filepath.Join(s.env["ZLOCK_STATE_DIR"], "orgs", "*", "credits", "*"))
	for _, f := range files {
		if info, err := os.Stat(f); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", f, info.Mode(), err)
		}
	}
	if len(files) < 3 {
		t.Errorf("files of credits: %v", files)
	}
}
