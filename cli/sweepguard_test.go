package cli_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"zlock/zoho/sim"
)

// What an environment says of job files does not widen a sweep.
func TestSweepIsNotWidenedByTheEnvironment(t *testing.T) {
	s := withDeals(t, 10, everyWay, nil)
	s.env["ZLOCK_ANY_OWNER"] = "true"
	s.want(s.run("sweep", "Deals", "--reason", "Patricia*"), 0, "1 another user's and left")
	if n := s.org.Stats().Applied; n != 0 {
		t.Errorf("%d records changed", n)
	}
}

// Where neither the lock's owner nor who is signed in is known, the lock is left.
func TestSweepLeavesALockOfNobodyKnown(t *testing.T) {
	s := withDeals(t, 3, func(int) *sim.Lock { return &sim.Lock{Source: sim.Manual, Reason: "r", By: sim.Patricia()} }, nil)
	s.org.SetStanding(sim.Standing{ScopeMissing: []sim.Op{sim.OpUsers}})
	owner := regexp.MustCompile(`"Locked_By__s":\{[^}]*\}`)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		s.org.ServeHTTP(answer, r)
		w.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
		w.WriteHeader(answer.Code)
		_, _ = io.WriteString(w, owner.ReplaceAllString(answer.Body.String(), `"Locked_By__s":null`))
	}))
	t.Cleanup(server.Close)
	s.env["ZLOCK_API_URL"] = server.URL
	s.want(s.run("sweep", "Deals", "--source", "manual"), 0, "who is signed in can't be told", "3 another user's and left")
	if n := s.org.Stats().Applied; n != 0 {
		t.Errorf("%d records changed", n)
	}
}

// A record that is gone fails once, and is no lock of ours from then on: else each night's sweep would
// fail for its sake.
func TestSweepOursForgetsRecordsThatAreGone(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.locks("job.csv", 0, 3)), 0)
	s.by(sim.OpUnlock, 1, "")
	s.remove(1)
	s.want(s.run("sweep", "Leads", "--ours"), 5, "2 records unlocked", "INVALID_DATA")
	s.want(s.run("sweep", "Leads", "--ours"), 0, "nothing to unlock; 0 locks of ours known")
}

// A lock that a run has only given another reason may be anybody's, whose is not known here: it is left, and
// not said to be another user's.
func TestSweepOursLeavesWhatItOnlyReworded(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("reason", "Leads", leadID(200), "--reason", "Audit"), 0)
	s.want(s.run("sweep", "Leads", "--ours"), 0, "1 lock of ours known, 1 taken by the filter, 1 made by none of our runs, only re-worded, and left")
	s.want(s.run("sweep", "Leads", "--ours", "--any-owner"), 0, "1 record unlocked")
}

// A list of ids may begin with a byte order mark.
func TestSweepKeepsWithAByteOrderMark(t *testing.T) {
	s := withDeals(t, 10, everyWay, nil)
	s.file("keep.txt", "\ufeff"+dealID(2)+"\r\n"+dealID(3)+"\r\n")
	s.want(s.run("sweep", "Deals", "--source", "manual", "--keep", "keep.txt"), 0, "2 kept")
}

// Others are told how a sweep's run ended, and its figures are kept.
func TestSweepTellsOthers(t *testing.T) {
	s := withDeals(t, 10, everyWay, nil)
	command, read := s.withHook()
	o := s.want(s.run("sweep", "Deals", "--source", "manual", "--notify", command("ok"), "--metrics", "m.prom"), 0)
	told := read()
	var notice struct {
		Run, Event string
		Code       int `json:"exit_code"`
		Rows       map[string]int64
	}
	if len(told) != 1 || json.Unmarshal([]byte(told[0].In), &notice) != nil || notice.Event != "finished" || notice.Rows["unlocked"] != 3 ||
		!strings.Contains(o.err, notice.Run) {
		t.Errorf("told %+v", told)
	}
	if text, err := os.ReadFile(filepath.Join(s.dir, "m.prom")); err != nil || !strings.Contains(string(text), `outcome="unlocked"} 3`) {
		t.Errorf("figures %q, %v", text, err)
	}
	// The next night finds nothing: the figures are of that night, and nobody else is told.
	s.want(s.run("sweep", "Deals", "--source", "manual", "--notify", command("ok"), "--metrics", "m.prom"), 0, "nothing to unlock")
	text, err := os.ReadFile(filepath.Join(s.dir, "m.prom"))
	for _, want := range []string{`outcome="unlocked"} 0`, `state="completed"} 1`, "zlock_exit_code{profile=\"default\"} 0", `run="",job_file="sweep Deals"`,
		"zlock_run_credits_used{profile=\"default\"} 4", fmt.Sprintf("zlock_org_credits_spent{profile=\"default\"} %d\n", s.org.Stats().Calls)} {
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("figures without %s: %s, %v", want, text, err)
		}
	}
	if again := read(); len(again) != 1 {
		t.Errorf("told %+v", again)
	}
}

// A rehearsal in another organisation than the one that is meant lists nothing.
func TestSweepRehearsesInTheRightOrg(t *testing.T) {
	s := withDeals(t, 10, everyWay, nil)
	o := s.want(s.run("sweep", "Deals", "--source", "manual", "--dry-run", "--expect-org", "Somebody else"), 4, "wrong org")
	if strings.Contains(o.out, dealID(2)) {
		t.Errorf("listed %s", o.out)
	}
}
