package cli_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"zlock/checkpoint"
	"zlock/zoho/sim"
)

// withColleague is a stage whose record 300 is locked by Patricia.
func withColleague(t *testing.T) *stage {
	t.Helper()
	s := newStage(t).withZoho(nil)
	mine := sim.Record{Module: "Leads", ID: leadID(300)}
	if _, err := s.org.Act(sim.Patricia(), sim.OpUnlock, mine); err != nil {
		t.Fatal(err)
	}
	mine.Lock = &sim.Lock{Reason: "Patricia's audit", Source: sim.Manual}
	if _, err := s.org.Act(sim.Patricia(), sim.OpLock, mine); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSingleScreens(t *testing.T) {
	s := withColleague(t)
	s.env["TZ"] = "UTC"
	for _, screen := range []struct {
		name string
		args []string
	}{
		{"lock", []string{"lock", "leads", "zcrm_" + leadID(1), "--reason", "Audit of {record_id}"}},
		{"lock-already", []string{"lock", "Leads", leadID(300), "--reason", "Audit"}},
		{"lock-update-reason", []string{"lock", "Leads", leadID(1), "--reason", "Audit of May", "--on-locked", "update-reason"}},
		{"lock-fail", []string{"lock", "Leads", leadID(1), "--reason", "Audit", "--on-locked", "fail"}},
		{"lock-json", []string{"lock", "Leads", leadID(2), "--reason", "Audit", "--json"}},
		{"lock-simulated", []string{"lock", "Leads", leadID(3), "--reason", "Audit", "--simulate"}},
		{"lock-no-reason", []string{"lock", "Leads", leadID(3)}},
		{"lock-damaged", []string{"lock", "Leads", "5.84310E+18", "--reason", "Audit"}},
		{"lock-placeholder", []string{"lock", "Leads", leadID(3), "--reason", "Audit of {Quarter}"}},
		{"lock-no-record", []string{"lock", "Leads", "5843104000000109004", "--reason", "Audit"}},
		{"reason", []string{"reason", "Leads", leadID(1), "--reason", "Audit of June"}},
		{"reason-already", []string{"reason", "Leads", leadID(1), "--reason", "Audit of June"}},
		{"reason-unlocked", []string{"reason", "Leads", leadID(4), "--reason", "Audit of June"}},
		{"unlock", []string{"unlock", "Leads", leadID(1)}},
		{"unlock-already", []string{"unlock", "Leads", leadID(1)}},
		{"unlock-other", []string{"unlock", "Leads", leadID(300)}},
		{"unlock-any", []string{"unlock", "Leads", leadID(300), "--any-owner"}},
		{"unlock-rule", []string{"unlock", "Leads", "5843104000000109002", "--any-owner"}},
		{"unlock-changed", []string{"unlock", "Leads", leadID(301), "--lock-id", "5843104000000000001"}},
		{"show", []string{"show", "leads", "zcrm_" + leadID(2)}},
		{"show-json", []string{"show", "Leads", leadID(2), "--json"}},
		{"show-rule", []string{"show", "Leads", "5843104000000109002"}},
		{"show-unlocked", []string{"show", "Leads", leadID(4)}},
		{"show-unlocked-json", []string{"show", "Leads", leadID(4), "--json"}},
		{"show-no-record", []string{"show", "Leads", "5843104000000109004"}},
		{"show-no-module", []string{"show", "Nothing", leadID(4)}},
		{"show-help", []string{"show", "--help"}},
		{"lock-help", []string{"lock", "--help"}},
		{"unlock-help", []string{"unlock", "--help"}},
		{"reason-help", []string{"reason", "--help"}},
	} {
		t.Run(screen.name, func(t *testing.T) {
			o := s.run(screen.args...)
			got := "$ zlock " + strings.Join(screen.args, " ") + "\n" + steady(o.out) + "--- standard error\n" + steady(o.err) +
				"--- exit code " + string(rune('0'+o.code)) + "\n"
			compare(t, filepath.Join("testdata", "single", screen.name+".golden"), got)
		})
	}
}

// single is the document that lock, unlock and reason print.
type single struct {
	status
	Row struct {
		Outcome string `json:"zlock_outcome"`
		Code    string `json:"zlock_code"`
		LockID  string `json:"zlock_lock_id"`
		Credits int    `json:"zlock_credits"`
		Run     string `json:"zlock_run"`
	}
}

func (s *stage) single(code int, args ...string) single {
	s.t.Helper()
	o := s.want(s.run(append(args, "--json")...), code)
	var d single
	if err := json.Unmarshal([]byte(o.out), &d); err != nil {
		s.t.Fatalf("%v in %q", err, o.out)
	}
	return d
}

// Each is a run of its own, however often the same is typed, and no job file is taken for one.
func TestSingleIsANewRunEachTime(t *testing.T) {
	s := newStage(t).withZoho(nil)
	first := s.single(0, "lock", "Leads", leadID(1), "--reason", "Audit")
	second := s.single(0, "lock", "Leads", leadID(1), "--reason", "Audit")
	if first.Run == second.Run || first.Row.Outcome != "locked" || second.Row.Outcome != "already_locked" || second.Row.Run != second.Run {
		t.Errorf("first %+v, second %+v", first, second)
	}
	s.in = `{"record_id":"` + leadID(1) + `","module":"Leads","action":"lock"}` + "\n"
	s.want(s.run("run", "-", "--reason", "Audit"), 0, "1  already_locked")
	if o := s.want(s.run("runs", "--json"), 0); strings.Count(o.out, `"run":`) != 3 {
		t.Errorf("runs: %s", o.out)
	}
	if o := s.want(s.run("results", first.Run, "--only", "locked"), 0); !strings.Contains(o.out, leadID(1)+",Leads,lock,Audit,") {
		t.Errorf("results: %s", o.out)
	}
}

// The look at who holds a lock that was there before costs a credit, which the run and the org's ledger
// know of.
func TestSingleBooksItsLook(t *testing.T) {
	s := withColleague(t)
	d := s.single(0, "lock", "Leads", leadID(300), "--reason", "Audit")
	if d.Credits.Used != 2 || d.Calls != 2 || s.org.Stats().Credits != 2 {
		t.Errorf("document %+v; the org counted %d", d, s.org.Stats().Credits)
	}
	if now := s.status(); now.Credits.Used != 2 {
		t.Errorf("status %+v", now)
	}
}

func TestSingleGoesOnWithResume(t *testing.T) {
	s := newStage(t).withZoho(func(c *sim.Config) { c.Standing.EditionBarred = true })
	d := s.single(4, "lock", "Leads", leadID(1), "--reason", "Audit of {run}")
	if d.State != "paused" || d.Row.Outcome != "pending" {
		t.Errorf("document %+v", d)
	}
	s.org.SetStanding(sim.Standing{})
	s.want(s.run("resume"), 0, "1  locked")
	if lock, _ := s.org.Lock("Leads", leadID(1)); lock.Reason != "Audit of "+d.Run {
		t.Errorf("lock %+v", lock)
	}
}

// An answer that was lost is read back, as in any run.
func TestSingleReadsBack(t *testing.T) {
	s := newStage(t).withZoho(nil)
	if d := s.single(0, "lock", "Leads", "5843104000000109006", "--reason", "Audit"); d.Row.Outcome != "locked" || d.Calls < 2 {
		t.Errorf("document %+v", d)
	}
}

// One record is changed under the org's lock, as in any run; looking at one asks nobody's leave.
func TestSingleTakesTheOrg(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("lock", "Leads", leadID(1), "--reason", "Audit"), 0)
	files, err := filepath.Glob(filepath.Join(s.dir, "state", "orgs", "*", "owner.lock"))
	if err != nil || len(files) != 1 {
		t.Fatalf("owners' files %v, %v", files, err)
	}
	owner, err := checkpoint.Own(files[0], checkpoint.Holder{PID: 77, Host: "elsewhere"})
	if err != nil {
		t.Fatal(err)
	}
	defer owner.Release()
	for _, args := range [][]string{{"lock", "Leads", leadID(2), "--reason", "Audit"}, {"unlock", "Leads", leadID(1)}} {
		s.want(s.run(args...), 8, "process 77 on elsewhere")
	}
	if o := s.want(s.run("show", "Leads", leadID(1)), 0); !strings.Contains(o.out, "by hand") {
		t.Errorf("show: %s", o.out)
	}
}

func TestSingleUsage(t *testing.T) {
	for _, in := range []struct {
		name string
		args []string
		says string
	}{
		{"no id", []string{"lock", "Leads"}, "takes a MODULE and an ID"},
		{"two ids", []string{"unlock", "Leads", "1", "2"}, "zlock run JOBFILE"},
		{"empty id", []string{"unlock", "Leads", ""}, "no record id"},
		{"empty module", []string{"unlock", "", "1"}, "no module"},
		{"module as a path", []string{"unlock", "../users", "1"}, `"../users" is no module's API name`},
		{"id with a slash", []string{"show", "Leads", "1/../2"}, "not a record id"},
		{"id beyond int64", []string{"show", "Leads", "9999999999999999999"}, "an id has at most 19 digits"},
		{"id that a spreadsheet cut", []string{"unlock", "Leads", "584310400000042000"}, "--ids-checked"},
		{"lock id", []string{"unlock", "Leads", "1", "--lock-id", "x"}, "x: not a lock id"},
		{"blank reason", []string{"lock", "Leads", "1", "--reason", "  "}, "only white space"},
		{"reason with an escape", []string{"reason", "Leads", "1", "--reason", "a\x1b[31mb"}, "control character"},
		{"on-locked", []string{"lock", "Leads", "1", "--reason", "x", "--on-locked", "maybe"}, "one of skip, update-reason, fail"},
		{"a flag of run", []string{"lock", "Leads", "1", "--map", "a=b"}, "--map"},
		{"show of nothing", []string{"show"}, "show takes a MODULE and an ID"},
	} {
		t.Run(in.name, func(t *testing.T) {
			s := newStage(t)
			s.env["ZLOCK_ACCESS_TOKEN"] = "1000.x.y"
			if o := s.want(s.run(in.args...), 2, in.says); o.out != "" || strings.Contains(o.err, "\x1b") {
				t.Errorf("%q, %q", o.out, o.err)
			}
			if o := s.run("runs"); !strings.Contains(o.err, "no run yet") && o.out != "" && strings.Contains(o.out, "lock") {
				t.Errorf("a run is left: %s", o.out)
			}
		})
	}
}

// What describes job files in the environment has no say in one typed record.
func TestSingleHeedsNoJobFileSettings(t *testing.T) {
	s := withColleague(t)
	s.env["ZLOCK_COMPOSITE"], s.env["ZLOCK_PRECHECK"], s.env["ZLOCK_CONCURRENCY"] = "on", "always", "2"
	s.env["ZLOCK_MODULE"], s.env["ZLOCK_ACTION"], s.env["ZLOCK_MAP"], s.env["ZLOCK_LIMIT"] = "Deals", "lock", "record_id=Nothing", "1"
	s.want(s.run("unlock", "Leads", leadID(250)), 0, "is unlocked")
	s.want(s.run("unlock", "Leads", leadID(300)), 5, "locked by another user; by Patricia Boyle")
	s.env["ZLOCK_ANY_OWNER"] = "true"
	s.want(s.run("unlock", "Leads", leadID(300)), 0, "is unlocked")
}

// A rehearsal needs no credentials, and no call leaves.
func TestSingleSimulated(t *testing.T) {
	s := newStage(t).withZoho(nil)
	delete(s.env, "ZLOCK_REFRESH_TOKEN")
	for _, args := range [][]string{
		{"lock", "Leads", leadID(1), "--reason", "Audit"}, {"unlock", "Leads", leadID(1)}, {"reason", "Leads", leadID(1), "--reason", "Audit"},
	} {
		s.want(s.run(append(args, "--simulate")...), 0, "SIMULATED: nothing of this happened in Zoho")
	}
	if n := s.org.Stats().Calls; n != 0 {
		t.Errorf("%d calls to the org that is no rehearsal", n)
	}
	s.want(s.run("lock", "Leads", leadID(1), "--reason", "Audit"), 2, "ZLOCK_REFRESH_TOKEN not set")
}

func TestShowCleansWhatZohoSays(t *testing.T) {
	const evil = "a\x1b]0;owned\x07\u202eb"
	s := newStage(t).withZoho(nil)
	lead := sim.Record{Module: "Leads", ID: leadID(5), Lock: &sim.Lock{Reason: evil, Source: sim.Manual}}
	if _, err := s.org.Act(sim.User{ID: "5843104000000420009", Name: evil}, sim.OpLock, lead); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"show", "Leads", leadID(5)}, {"show", "Leads", leadID(5), "--json"}, {"lock", "Leads", leadID(5), "--reason", "x"}} {
		if o := s.want(s.run(args...), 0); strings.ContainsAny(o.out+o.err, "\x1b\x07\u202e") {
			t.Errorf("%v: %q %q", args, o.out, o.err)
		}
	}
}

// A look tries again where nothing but passing trouble was met, and ends with 7 where it goes on.
func TestShowTriesAgain(t *testing.T) {
	for name, in := range map[string]struct {
		faults []sim.Fault
		code   int
	}{
		"once": {[]sim.Fault{{Match: sim.Match{Op: sim.OpList, Nth: 1}, Do: sim.Status503}}, 0},
		"on":   {[]sim.Fault{{Match: sim.Match{Op: sim.OpList}, Do: sim.Status503}}, 7},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t).inBubble(3, func(c *sim.Config) { c.Script = in.faults })
				s.want(s.run("show", "Leads", farLead(1)), in.code)
			})
		})
	}
}

// What is shown is paid for like everything else, once there is a ledger.
func TestShowBooksItsCredit(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("lock", "Leads", leadID(1), "--reason", "Audit"), 0)
	s.want(s.run("show", "Leads", leadID(1)), 0)
	s.want(s.run("show", "Leads", leadID(1), "--credits-per-day", "2"), 6, "credits")
}
