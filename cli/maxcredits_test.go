package cli_test

import (
	"testing"

	"zlock/zoho/sim"
)

// --max-credits is what the far end counts, whatever goes wrong on the way, and resume ends the run.
func TestMaxCreditsHold(t *testing.T) {
	s := newStage(t).withZoho(func(c *sim.Config) {
		c.Script = []sim.Fault{{Match: sim.Match{Every: 17}, Do: sim.DropAfter}, {Match: sim.Match{Every: 23}, Do: sim.Status500Before}}
	})
	s.want(s.run("run", s.locks("job.csv", 0, 300), "--max-credits", "120"), 6, "of the 120 credits", "zlock resume")
	if calls := s.org.Stats().Calls; calls > 120 || calls < 100 {
		t.Errorf("%d calls arrived, 120 were allowed", calls)
	}
	d := s.status()
	if d.Rows["locked"]+d.Rows["already_locked"] == 0 || d.Rows["pending"]+d.Rows["unknown"] == 0 || d.Credits.Used > 120 {
		t.Errorf("status %+v", d)
	}
	s.want(s.run("resume", "--max-credits", "1000"), 0)
	if d := s.status(); d.Rows["locked"]+d.Rows["already_locked"] != 300 {
		t.Errorf("at the end %+v", d)
	}
}

// TestRetryKeepsToItsCredits: the look at the organisation before a retry is paid out of --max-credits too.
func TestRetryKeepsToItsCredits(t *testing.T) {
	s := guarded(t, "edition: free")
	s.file("job.csv", "record_id,module,action,reason\n5843104000000109005,Leads,lock,Audit\n")
	s.want(s.run("run", "job.csv"), 5)
	before := s.org.Stats().Calls
	s.want(s.run("retry", "--all", "--expect-org", "60012345", "--max-credits", "1"), 6, "of the 1 credit")
	if made := s.org.Stats().Calls - before; made != 1 {
		t.Errorf("%d calls were made, 1 was allowed", made)
	}
}
