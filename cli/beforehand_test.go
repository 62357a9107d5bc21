package cli_test

import (
	"strings"
	"testing"

	"zlock/cli"
	"zlock/zoho/sim"
)

// atTerminal has a person look on.
func (s *stage) atTerminal() *stage {
	s.env["CI"] = "1" // no bar
	s.world = func(w *cli.World) { w.InTerminal, w.ErrTerminal = true, true }
	return s
}

func TestShownBeforeTheFirstChange(t *testing.T) {
	s := newStage(t).withZoho(func(c *sim.Config) { c.Company = sim.Company{Number: "60012345", Name: "Acme\x1b[2J GmbH"} }).atTerminal()
	job := s.file("job.csv", "record_id,module,action,reason\n"+leadID(0)+",Leads,lock,\"two\nlines\u202e\"\n"+leadID(200)+",Leads,unlock,\n")
	o := s.want(s.run("run", job), 0, `org:  Acme\u{1b}[2J GmbH (org 60012345), 127.0.0.1:`, "user: Lena Hart", "first 2 rows:",
		"line 2  lock    Leads  "+leadID(0)+`  "two\u{a}lines\u{202e}"`, "line 4  unlock  Leads  "+leadID(200))
	if shown, done := strings.Index(o.err, "first 2 rows"), strings.Index(o.err, "is completed"); shown > done {
		t.Errorf("it was shown at the end: %s", o.err)
	}
	if d := s.status(); d.Credits.Used != 5 || d.Calls != int64(s.org.Stats().Calls) { // one each for org, user and look, two for the unlock
		t.Errorf("%+v, %d calls on the wire", d, s.org.Stats().Calls)
	}
	before := s.org.Stats().ByOp[sim.OpUsers]
	s.want(s.run("run", s.locks("more.csv", 1, 8)), 0, "user: Lena Hart", "first 5 rows:")
	if n := s.org.Stats().ByOp[sim.OpUsers] - before; n != 0 {
		t.Errorf("who is signed in was asked for %d times more", n)
	}
}

func TestShownToNobody(t *testing.T) {
	for name, change := range map[string]func(*stage) []string{
		"no terminal": func(s *stage) []string { s.world = nil; return nil },
		"quiet":       func(*stage) []string { return []string{"--quiet"} },
		"rehearsal":   func(*stage) []string { return []string{"--simulate"} },
		"no rows": func(s *stage) []string {
			s.file("job.csv", "record_id,module,action\n")
			return []string{"--allow-empty"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t).withZoho(nil).atTerminal()
			s.locks("job.csv", 0, 2)
			o := s.want(s.run(append([]string{"run", "job.csv"}, change(s)...)...), 0)
			if strings.Contains(o.err, "user:") {
				t.Errorf("said %s", o.err)
			}
			if stats := s.org.Stats(); stats.ByOp[sim.OpOrg]+stats.ByOp[sim.OpUsers] != 0 {
				t.Errorf("asked for who and where: %v", stats.ByOp)
			}
		})
	}
}

func TestShownAsNotKnown(t *testing.T) {
	s := newStage(t).withZoho(func(c *sim.Config) { c.Standing.ScopeMissing = []sim.Op{sim.OpOrg, sim.OpUsers} }).atTerminal()
	s.want(s.run("run", s.locks("job.csv", 0, 2)), 0, "org:  not known, 127.0.0.1:", "user: not known", "2  locked")
}

func TestARefusedSignInLeavesNoRun(t *testing.T) {
	s := newStage(t).withZoho(nil).atTerminal()
	s.env["ZLOCK_CLIENT_SECRET"] = "another one"
	s.want(s.run("run", s.locks("job.csv", 0, 2)), 4, "check the client secret")
	if o := s.run("runs"); o.out != "" {
		t.Errorf("a run is left: %s", o.out)
	}
}
