package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zlock/cli"
	"zlock/zoho/sim"
)

func acme(c *sim.Config) { c.Company = sim.Company{Number: "60012345", Name: "Acme GmbH"} }

// guarded is a stage with a profile that holds the lines given.
func guarded(t *testing.T, lines ...string) *stage {
	t.Helper()
	s := newStage(t).withZoho(acme)
	s.file("zlock.yaml", "profiles:\n  acme:\n    dc: eu\n    "+strings.Join(lines, "\n    ")+"\n")
	s.env["ZLOCK_CONFIG"] = "zlock.yaml"
	return s
}

// unlocks writes a job file that unlocks n locked leads.
func (s *stage) unlocks(name string, n int) string {
	var b strings.Builder
	b.WriteString("record_id,module,action\n")
	for i := range n {
		fmt.Fprintf(&b, "%s,Leads,unlock\n", leadID(200+i))
	}
	return s.file(name, b.String())
}

func TestGuards(t *testing.T) {
	for _, in := range []struct {
		name, profile, args string
		code                int
		says                string
	}{
		{"rows as expected", "edition: free", "run locks.csv --expect-rows 3", 0, "completed"},
		{"another number of rows", "edition: free", "run locks.csv --expect-rows 4", 2, "locks.csv has 3 rows, and --expect-rows says 4; nothing was sent"},
		{"no rows expected", "edition: free", "run locks.csv --expect-rows 0", 2, "says 0"},
		{"rehearsal of another number", "edition: free", "run locks.csv --simulate --expect-rows 4", 2, "says 4"},
		{"rows no number", "edition: free", "run locks.csv --expect-rows many", 2, "a whole number from 0"},
		{"org as expected, by number", "edition: free", "run locks.csv --expect-org org60012345", 0, "against Acme GmbH (org 60012345)"},
		{"org as expected, by name", "edition: free", "run locks.csv --expect-org acme?gmbh", 0, "completed"},
		{"another org", "edition: free", "run locks.csv --expect-org Beta", 4, "wrong org: the sign-in leads to Acme GmbH (org 60012345), and --expect-org wants Beta; nothing was changed"},
		{"another org in the profile", "org: Beta", "run locks.csv", 4, "profile acme wants Beta"},
		{"the org of the profile", "org: \"60012345\"", "run locks.csv", 0, "completed"},
		{"org of a rehearsal", "org: Beta", "run locks.csv --simulate", 0, "completed"},
		{"org expected of a rehearsal", "edition: free", "run locks.csv --simulate --expect-org Beta", 2, "a rehearsal has no organisation"},
		{"unlocks within the most", "max_unlocks: 5", "run unlocks.csv", 0, "completed"},
		{"too many unlocks", "max_unlocks: 4", "run unlocks.csv", 2, "would unlock 5 records, and max_unlocks of profile acme is 4; nothing was sent"},
		{"locks are no unlocks", "max_unlocks: 0", "run locks.csv", 0, "completed"},
		{"rehearsing too many", "max_unlocks: 0", "run unlocks.csv --simulate", 0, "completed"},
		{"most as a flag", "max_unlocks: 0", "run unlocks.csv --max-unlocks 9", 2, "stands in a profile of zlock.yaml alone, as max_unlocks"},
		{"most that is none", "max_unlocks: few", "run unlocks.csv", 2, `max-unlocks "few" of profile acme: must be a whole number`},
		{"no ticket", "require_ticket: true", "run locks.csv", 2, "demands a ticket (require_ticket)"},
		{"ticket of blanks", "require_ticket: true", "run locks.csv --ticket ?", 2, "demands a ticket"},
		{"ticket", "require_ticket: true", "run locks.csv --ticket CHG-77", 0, "completed"},
		{"rehearsing without one", "require_ticket: true", "run locks.csv --simulate", 0, "completed"},
		{"org not named", "confirm_org: true", "run locks.csv", 2, "demands that the org is named (confirm_org)"},
		{"yes names no org", "confirm_org: true", "run locks.csv --yes", 2, "--expect-org"},
		{"org named", "confirm_org: true", "run locks.csv --expect-org 60012345", 0, "completed"},
		{"org named wrong", "confirm_org: true", "run locks.csv --expect-org 6001234", 4, "wrong org"},
		{"rehearsing unnamed", "confirm_org: true", "run locks.csv --simulate", 0, "completed"},
		{"unknown guard", "confirm_orgs: true", "run locks.csv", 2, "unknown key confirm_orgs; did you mean confirm-org?"},
	} {
		t.Run(in.name, func(t *testing.T) {
			s := guarded(t, in.profile)
			s.locks("locks.csv", 0, 3)
			s.unlocks("unlocks.csv", 5)
			args := strings.Fields(in.args)
			for i := range args {
				args[i] = strings.ReplaceAll(args[i], "?", " ")
			}
			s.want(s.run(args...), in.code, in.says)
			if in.code == 0 {
				return
			}
			if stats := s.org.Stats(); stats.ByOp[sim.OpLock]+stats.ByOp[sim.OpUnlock] != 0 {
				t.Errorf("stats %+v", stats)
			}
			delete(s.env, "ZLOCK_CONFIG") // which may be at fault
			if o := s.run("runs", "--profile", "acme"); !strings.Contains(o.err, "no run yet") {
				t.Errorf("a run is left: %s", o.out)
			}
		})
	}
}

func TestTicketIsKept(t *testing.T) {
	s := guarded(t, "require_ticket: true")
	s.want(s.run("run", s.locks("job.csv", 0, 3), "--limit", "1", "--ticket", "CHG-77 \x1b[31m"), 6)
	s.want(s.run("resume"), 0)
	if o := s.run("status"); !strings.Contains(o.out, `ticket    CHG-77 \u{1b}[31m`) {
		t.Errorf("status %s", o.out)
	}
	if o := s.run("status", "--json"); !strings.Contains(o.out, `"ticket":"CHG-77 \u001b[31m"`) {
		t.Errorf("status %s", o.out)
	}
	if o := s.run("runs"); !strings.Contains(o.out, `job.csv, ticket CHG-77 \u{1b}[31m`) {
		t.Errorf("runs %s", o.out)
	}
	s.env["ZLOCK_TICKET"] = "CHG-78"
	s.want(s.run("run", s.locks("other.csv", 5, 6)), 0)
	if o := s.run("status"); !strings.Contains(o.out, "ticket    CHG-78") {
		t.Errorf("status %s", o.out)
	}
	s.want(s.run("run", s.locks("third.csv", 7, 8), "--ticket", strings.Repeat("x", 201)), 2, "at most 200 characters")
}

func TestOrgIsTyped(t *testing.T) {
	for answer, want := range map[string]struct {
		code int
		says string
	}{
		"acme gmbh": {0, "completed"}, "60012345": {0, "completed"}, "Beta": {4, "wants Beta"}, "": {2, "declined"},
	} {
		t.Run(answer, func(t *testing.T) {
			s := guarded(t, "confirm_org: true", `org: "60012345"`)
			s.world = func(w *cli.World) { w.InTerminal, w.ErrTerminal = true, true }
			s.in = answer + "\n"
			s.want(s.run("run", s.locks("job.csv", 0, 150), "--no-progress"), want.code, want.says,
				"This changes records of Acme GmbH (org 60012345)")
		})
	}
}

func TestOrgIsTypedToResume(t *testing.T) {
	s := guarded(t, "edition: free")
	s.want(s.run("run", s.locks("job.csv", 0, 3), "--limit", "1"), 6)
	s.file("zlock.yaml", "profiles:\n  acme:\n    confirm_org: true\n")
	s.want(s.run("resume"), 2, "confirm_org")
	s.want(s.run("retry", "--expect-org", "Beta"), 4, "wrong org")
	s.want(s.run("resume", "--expect-org", "60012345"), 0)
}

// TestRetryAsksFirst: whoever does not name the org that answers has changed nothing about the run.
func TestRetryAsksFirst(t *testing.T) {
	for name, in := range map[string]struct {
		profile, answer, args string
		terminal              bool
		code                  int
		says                  string
		left                  int64 // rows that failed, after all
		lasts                 bool  // they would again
	}{
		"nobody to be asked":     {"confirm_org: true", "", "retry", false, 2, "confirm_org", 1, false},
		"declined":               {"confirm_org: true", "", "retry", true, 2, "declined", 1, false},
		"another org typed":      {"confirm_org: true", "Beta", "retry", true, 4, "wants Beta; nothing was changed", 1, false},
		"another org expected":   {"confirm_org: true", "", "retry --expect-org Beta", false, 4, "--expect-org wants Beta", 1, false},
		"another in the profile": {"org: Beta", "", "retry", false, 4, "profile acme wants Beta", 1, false},
		"named":                  {"confirm_org: true", "Acme GmbH", "retry --all", true, 5, "1 of 1 failed row taken up again", 1, false},
		"nothing would change":   {"confirm_org: true", "", "retry", false, 5, "0 of 1 failed row", 1, true},
		"nothing to be changed":  {"confirm_org: true", "", "retry", false, 0, "nothing to do", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := guarded(t, "edition: free")
			record := leadID(0)
			if in.left > 0 {
				record = "5843104000000109005" // every write is refused
			}
			if in.lasts {
				record = "5843104000000109004" // it is not there
			}
			s.file("job.csv", "record_id,module,action,reason\n"+record+",Leads,lock,Audit\n")
			s.run("run", "job.csv")
			before := s.status()
			s.file("zlock.yaml", "profiles:\n  acme:\n    "+in.profile+"\n")
			s.world = func(w *cli.World) { w.InTerminal, w.ErrTerminal = in.terminal, in.terminal }
			s.in = in.answer + "\n"
			s.want(s.run(strings.Fields(in.args)...), in.code, in.says)
			after := s.status()
			if after.State != "completed" || after.Rows["failed"] != in.left || after.Rows["pending"] != 0 {
				t.Errorf("status %+v, before %+v", after, before)
			}
		})
	}
}

// TestRetryKeepsItsOrg: a retry that names the organisation which answers now is still held to that of its run.
func TestRetryKeepsItsOrg(t *testing.T) {
	s := newStage(t).withZoho(acme)
	s.file("job.csv", "record_id,module,action,reason\n5843104000000109005,Leads,lock,Audit\n")
	s.want(s.run("run", "job.csv", "--expect-org", "60012345"), 5)
	moved, err := sim.New(sim.Config{
		Company: sim.Company{ID: "5843104000000099999", Number: "70000000", Name: "Beta"},
		Tokens:  sim.TokenConfig{ClientID: "client", ClientSecret: secretOfTests, RefreshToken: refreshOfTests},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer moved.Close()
	s.server.Config.Handler = moved
	removeTokens(t, s)
	s.want(s.run("retry", "--expect-org", "Beta"), 4, "leads to Beta", "wants Acme GmbH (org 60012345)")
	if d := s.status(); d.State != "completed" || d.Rows["failed"] != 1 {
		t.Errorf("status %+v", d)
	}
}

// TestRunKeepsItsOrg: the organisation that a run met is the one it goes on with.
func TestRunKeepsItsOrg(t *testing.T) {
	s := newStage(t).withZoho(acme)
	s.want(s.run("run", s.locks("job.csv", 0, 4), "--limit", "1", "--expect-org", "60012345"), 6)
	if d := s.status(); d.Calls != 2 || d.Credits.Used != 2 {
		t.Errorf("status %+v", d)
	}
	moved, err := sim.New(sim.Config{
		Company: sim.Company{ID: "5843104000000099999", Number: "70000000", Name: "Beta\x1b[31m"},
		Tokens:  sim.TokenConfig{ClientID: "client", ClientSecret: secretOfTests, RefreshToken: refreshOfTests},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer moved.Close()
	s.server.Config.Handler = moved // another organisation answers where the first one did
	removeTokens(t, s)
	s.want(s.run("resume"), 4, `leads to Beta\u{1b}[31m (org 70000000), and run 2`, "wants Acme GmbH (org 60012345)")
	if n := moved.Stats().Calls; n != 1 {
		t.Errorf("%d calls, want the one that looks", n)
	}
	s.server.Config.Handler = s.org
	removeTokens(t, s)
	s.want(s.run("resume"), 0)
	s.server.Config.Handler = moved
	for i, command := range []string{"verify", "undo"} {
		removeTokens(t, s)
		s.want(s.run(command), 4, "leads to Beta", "wants Acme GmbH (org 60012345)")
		if n := moved.Stats().Calls; n != i+2 {
			t.Errorf("%s: %d calls, want one that looks", command, n-i-1)
		}
	}
	if o := s.run("runs", "--json"); strings.Count(o.out, `"run":`) != 1 {
		t.Errorf("an undo in the wrong org left a run: %s", o.out)
	}
}

func removeTokens(t *testing.T, s *stage) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(s.dir, "state", "orgs", "*", "token.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no token file: %v", err)
	}
	for _, file := range files {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOrgThatCannotBeRead: a pin of the sign-in is passed over with a warning, once; one that somebody has
// named is not.
func TestOrgThatCannotBeRead(t *testing.T) {
	s := signingIn(t, nil)
	s.login(0)
	s.org.SetStanding(sim.Standing{ScopeMissing: []sim.Op{sim.OpOrg}})
	o := s.want(s.run("run", s.locks("job.csv", 0, 3)), 0, "completed")
	if n := strings.Count(o.err, "is not compared with the pinned one (Acme GmbH (org 60012345))"); n != 1 {
		t.Errorf("warned %d times: %s", n, o.err)
	}
	s.want(s.run("run", s.locks("other.csv", 5, 6), "--expect-org", "60012345"), 4, "is not known", "ZohoCRM.org.READ")
}

func TestPinnedAtSignIn(t *testing.T) {
	s := signingIn(t, nil)
	s.login(0)
	s.want(s.run("run", s.locks("job.csv", 0, 3), "--limit", "1"), 6)
	other, err := sim.New(sim.Config{
		Company: sim.Company{ID: "5843104000000099999", Number: "70000000", Name: "Beta"},
		Modules: map[string]sim.Module{"Leads": {}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	s.server.Config.Handler = other
	removeTokens(t, s.stage)
	s.want(s.run("run", s.locks("more.csv", 5, 8)), 4, "leads to Beta (org 70000000), and the sign-in of ", "wants Acme GmbH (org 60012345)")
	s.want(s.run("resume"), 4, "leads to Beta")
	if d := s.auth(4); d.OK || d.Org.Name != "Beta" || d.Pinned.Name != "Acme GmbH" {
		t.Errorf("status %+v", d)
	}
	if o := s.want(s.run("doctor"), 4); !strings.Contains(o.out, "leads to Beta (org 70000000)") {
		t.Errorf("doctor %s", o.out)
	}
	s.want(s.run("lock", "Leads", leadID(1), "--reason", "x"), 4, "leads to Beta")
	s.want(s.run("config", "delete", "Leads", "--yes"), 4, "leads to Beta")
	if n := other.Stats().ByOp[sim.OpLock]; n != 0 {
		t.Errorf("%d locks in the wrong org", n)
	}
}

// TestPlanNeedsNoKeyring: a plan makes no call and reads no secret, and knows the org all the same.
func TestPlanNeedsNoKeyring(t *testing.T) {
	s := signingIn(t, nil)
	s.login(0)
	s.want(s.run("run", s.locks("job.csv", 0, 3)), 0)
	s.keys.broken = errNoBus
	delete(s.env, "ZLOCK_API_URL")
	calls := s.org.Stats().Calls
	if o := s.want(s.run("plan", "job.csv"), 0); !strings.Contains(o.out, "spent     4") && !strings.Contains(o.out, "in the last 24 hours, that we know of") {
		t.Errorf("plan %s", o.out)
	}
	if s.org.Stats().Calls != calls {
		t.Error("a call was made")
	}
}

// TestOrgIsLookedAtWhenItMayBe: outside the window, and while Zoho is away, nothing is sent; the look comes
// before the first change all the same.
func TestOrgIsLookedAtWhenItMayBe(t *testing.T) {
	for _, in := range []struct {
		name  string
		fault []sim.Fault
		args  []string
		wait  time.Duration // at least
	}{
		{"window", nil, []string{"--window", "20:00-21:00", "--tz", "UTC"}, 20 * time.Hour},
		{"outage", []sim.Fault{{Match: sim.Match{Until: 10 * time.Minute}, Do: sim.Outage}}, nil, 10 * time.Minute},
	} {
		t.Run(in.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t).inBubble(3, func(c *sim.Config) { acme(c); c.Script = in.fault })
				began := time.Now()
				s.want(s.run(append([]string{"run", s.manyLocks(3), "--expect-org", "60012345"}, in.args...)...), 0, "is completed")
				if took := time.Since(began); took < in.wait {
					t.Errorf("took %v", took)
				}
				looked := false
				for _, e := range s.org.Log() {
					looked = looked || e.Op == sim.OpOrg && e.Code == ""
					if e.Op == sim.OpLock && !looked {
						t.Fatal("locked before it looked")
					}
				}
			})
		})
	}
}

func TestOutageBeforeTheLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t).inBubble(3, func(c *sim.Config) { acme(c); c.Script = []sim.Fault{{Do: sim.Outage}} })
		s.want(s.run("run", s.manyLocks(3), "--expect-org", "60012345", "--max-outage", "5m"), 7, "Zoho did not answer", "zlock resume")
	})
}

func TestSignalBeforeTheLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t).inBubble(3, func(c *sim.Config) { acme(c); c.Script = []sim.Fault{{Do: sim.Outage}} })
		s.signals = make(chan os.Signal, 1)
		run := s.start("run", s.manyLocks(3), "--expect-org", "60012345")
		time.Sleep(2 * time.Minute)
		s.signals <- os.Interrupt
		s.want(run.wait(), 130, "zlock resume")
	})
}

func TestTimeIsUpBeforeTheLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t).inBubble(3, func(c *sim.Config) { acme(c); c.Script = []sim.Fault{{Do: sim.Outage}} })
		s.want(s.run("run", s.manyLocks(3), "--expect-org", "60012345", "--max-duration", "1m"), 6, "its time was up", "zlock resume")
	})
}

func TestWrongOrgAfterTheWindowOpened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t).inBubble(3, acme)
		s.want(s.run("run", s.manyLocks(3), "--expect-org", "Beta", "--window", "20:00-21:00", "--tz", "UTC"), 4, "wrong org")
		if n := s.org.Stats().ByOp[sim.OpLock]; n != 0 {
			t.Errorf("%d locks", n)
		}
	})
}

// TestSampleProfiles: the commented sample can be used as it stands.
func TestSampleProfiles(t *testing.T) {
	sample, err := os.ReadFile("../samples/zlock.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t)
	s.file("zlock.yaml", string(sample))
	s.env["ZLOCK_CONFIG"] = "zlock.yaml"
	for _, profile := range []string{"acme", "acme-sandbox"} {
		s.want(s.run("plan", s.locks("acme.csv", 0, 2), "--profile", profile), 0)
	}
	s.want(s.run("plan", "acme.csv"), 2, "--profile is needed")
	// What is commented out must be right too.
	s.file("zlock.yaml", strings.Replace(string(sample), "# allow_hosts", "allow_hosts", 1))
	s.want(s.run("plan", "acme.csv", "--profile", "acme"), 0)
}
