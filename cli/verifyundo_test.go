package cli_test

import (
	"strings"
	"testing"
)

// The undo of a rehearsal is verified in the pretend organisation of the rehearsal.
func TestVerifyTheUndoOfARehearsal(t *testing.T) {
	s := newStage(t)
	s.want(s.run("run", s.changes(), "--simulate"), 0)
	s.want(s.run("undo"), 0)
	s.want(s.run("verify"), 0)
	s.want(s.run("undo"), 0)
	s.want(s.run("verify"), 0)
}

// Of several rows of a record the last is looked at, and no other is reckoned with.
func TestVerifyForecastsOneRowARecord(t *testing.T) {
	s := newStage(t).withZoho(nil)
	var rows strings.Builder
	rows.WriteString("record_id,module,action,reason\n")
	for i := range 3 {
		rows.WriteString(leadID(i) + ",Leads,lock,A\n" + leadID(i) + ",Leads,update_reason,B\n")
	}
	rows.WriteString(leadID(2) + ",Leads,unlock,\n")
	s.file("steps.csv", rows.String())
	s.want(s.run("run", "steps.csv", "--on-conflict", "sequence"), 0)
	before := s.org.Stats().Credits
	o := s.want(s.run("verify"), 0, "3 records to look at\n", "up to 2 reads of a lock", "about 4 credits")
	if spent := s.org.Stats().Credits - before; spent != 4 || !strings.Contains(o.out, "3  compared\n") {
		t.Errorf("%d credits: %s", spent, o.out)
	}
}
