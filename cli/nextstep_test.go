package cli_test

import (
	"strings"
	"testing"

	"zlock/zoho/sim"
)

// TestRetryIsNamedWhereItHelps: a retry that would take no row up is nobody's next step.
func TestRetryIsNamedWhereItHelps(t *testing.T) {
	const missing, refused = "5843104000000109004,Leads,lock,Audit\n", "5843104000000109005,Leads,lock,Audit\n"
	for name, in := range map[string]struct {
		rows  string
		retry bool
	}{
		"the record is gone":   {missing, false},
		"permission refused":   {refused, true},
		"one of each":          {missing + refused, true},
		"gone, and what hangs": {missing + "5843104000000109004,Leads,unlock,\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t).withZoho(nil)
			command, read := s.withHook()
			s.file("job.csv", "record_id,module,action,reason\n"+in.rows)
			o := s.want(s.run("run", "job.csv", "--on-conflict", "sequence", "--notify", command("ok")), 5, "next: zlock results ", " --only failed,invalid")
			s.want(s.run("report", "-o", "r.html"), 0)
			for where, text := range map[string]string{"the summary": o.err, "the notice": readNotice(t, read()[0].In).Text, "the report": s.page("r.html")} {
				if strings.Contains(text, "then zlock retry") != in.retry {
					t.Errorf("%s: %s", where, text)
				}
			}
			if o := s.want(s.run("retry"), 5); strings.Contains(o.err, "0 of ") == in.retry {
				t.Errorf("a retry says %s", o.err)
			}
		})
	}
}

// TestRetryOfNothing: where no row failed, that is said, and not how many of none were taken up.
func TestRetryOfNothing(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.locks("job.csv", 0, 2)), 0)
	if o := s.want(s.run("retry"), 0, "has no failed row", "nothing to do"); strings.Contains(o.err, "taken up") {
		t.Errorf("it says %s", o.err)
	}
}

// TestModuleMistyped: a module that is not there may be a slip of the pen; one that is hidden is none.
func TestModuleMistyped(t *testing.T) {
	for _, args := range []string{
		"run job.csv", "lock Lead 5843104000000200051 --reason Audit", "show Lead 5843104000000200051", "config get Lead", "doctor Lead", "locks Lead",
	} {
		t.Run(args, func(t *testing.T) {
			s := newStage(t).withZoho(nil)
			s.file("job.csv", "record_id,module,action,reason\n"+leadID(0)+",Lead,lock,Audit\n")
			o := s.run(strings.Fields(args)...)
			said := strings.Join(strings.Fields(o.out+o.err), " ")
			if o.code != 4 || !strings.Contains(said, "its tab; did you mean Leads?") {
				t.Errorf("exit code %d: %s", o.code, said)
			}
		})
	}
	s := newStage(t).withZoho(func(c *sim.Config) { c.Modules, c.Records = map[string]sim.Module{"Contacts": {}}, nil })
	if o := s.want(s.run("show", "Leads", leadID(0)), 4, "INVALID_MODULE"); strings.Contains(o.err, "did you mean") {
		t.Errorf("it says %s", o.err)
	}
}
