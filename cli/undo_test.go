package cli_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"zlock/zoho/sim"
)

// changes is a job file that locks records 0 to 2, unlocks 200 to 202 and re-words 203 and 204.
func (s *stage) changes() string {
	s.t.Helper()
	var b strings.Builder
	b.WriteString("Lead Id,Module,Action,Reason,Note\n")
	for i, action := range []string{"lock", "lock", "lock", "unlock", "unlock", "unlock", "update_reason", "update_reason"} {
		reason, id := "", leadID(i)
		if action != "lock" {
			id = leadID(197 + i)
		}
		if action != "unlock" {
			reason = "Audit of May"
		}
		fmt.Fprintf(&b, "%s,Leads,%s,%s,\"=note %d\"\n", id, action, reason, i+1)
	}
	return s.file("changes.csv", b.String())
}

// by has Patricia change a record's lock by hand.
func (s *stage) by(op sim.Op, i int, reason string) {
	s.t.Helper()
	rec := sim.Record{Module: "Leads", ID: leadID(i), Lock: &sim.Lock{Reason: reason}}
	if _, err := s.org.Act(sim.Patricia(), op, rec); err != nil {
		s.t.Error(err)
	}
}

// reasons are those of the leads' locks, "" for none.
func (s *stage) reasons() (out []string) {
	for i := range 400 {
		lock, _ := s.org.Lock("Leads", leadID(i))
		out = append(out, lock.Reason)
	}
	return out
}

func TestUndoScreens(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.env["TZ"] = "UTC"
	s.want(s.run("run", s.changes()), 0)
	s.by(sim.OpReason, 1, "Audit \x1b[31mof June")
	s.by(sim.OpUnlock, 2, "")
	s.by(sim.OpLock, 201, "Patricia's own")
	s.file("ids.txt", "zcrm_"+leadID(0)+"\n\n"+leadID(7)+"\n"+leadID(200)+"\n")
	for _, screen := range []struct{ name, args string }{
		{"dry-run", "undo --dry-run"},
		{"dry-run-ids", "undo --dry-run --only ids.txt"},
		{"only-nothing", "undo --only module=Deals --only outcome=locked"},
		{"only-wrong", "undo --only outcome=already_locked"},
		{"only-no-file", "undo --only unlocked"},
		{"undo", "undo --concurrency 1 --precheck never --max-failures 100"},
		{"results", "results"},
		{"again", "undo --concurrency 1"},
		{"undo-of-lock", "undo --dry-run nonesuch"},
		{"help", "undo --help"},
	} {
		t.Run(screen.name, func(t *testing.T) {
			o := s.run(strings.Fields(screen.args)...)
			got := "$ zlock " + screen.args + "\n" + steady(o.out) + "--- standard error\n" + steady(o.err) +
				"--- exit code " + string(rune('0'+o.code)) + "\n"
			compare(t, filepath.Join("testdata", "undo", screen.name+".golden"), got)
		})
	}
}

// A third was locked before by others, and half of the new locks are meddled with after: the untouched
// half is taken back and nothing else, and each row that was left says why.
func TestUndoTakesBackTheUntouchedHalf(t *testing.T) {
	s := newStage(t).withZoho(nil)
	before := s.reasons()
	s.want(s.run("run", s.locks("job.csv", 120, 240), "--concurrency", "5"), 0, "80  locked", "40  already_locked")
	want := s.reasons()
	for i := 120; i < 160; i++ {
		switch i % 4 {
		case 0:
			s.by(sim.OpUnlock, i, "")
			want[i] = ""
		case 1:
			s.by(sim.OpReason, i, "hers")
			want[i] = "hers"
		case 2:
			s.by(sim.OpUnlock, i, "")
			s.by(sim.OpLock, i, "Audit")
		case 3:
			s.by(sim.OpUnlock, i, "")
			s.remove(i)
			want[i] = ""
		}
	}
	copy(want[160:200], before[160:200])
	s.want(s.run("undo", "--concurrency", "5"), 5, "80 changes; 80 records to take back", "40  unlocked\n", "10  already_unlocked", "30  failed")
	if got := s.reasons(); !slices.Equal(got, want) {
		t.Errorf("reasons\n%q, want\n%q", got, want)
	}
	codes := map[string]int{}
	for _, line := range strings.Split(s.want(s.run("results", "--json", "--only", "failed"), 0).out, "\n") {
		var row struct {
			Code    string `json:"zlock_code"`
			Message string `json:"zlock_message"`
		}
		if line != "" && json.Unmarshal([]byte(line), &row) == nil && row.Message != "" {
			codes[row.Code]++
		}
	}
	if len(codes) != 3 || codes["REASON_CHANGED"] != 10 || codes["LOCK_CHANGED"] != 10 || codes["INVALID_DATA"] != 10 {
		t.Errorf("codes %v", codes)
	}
}

// remove deletes a record that is not locked.
func (s *stage) remove(i int) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodDelete, s.server.URL+"/crm/v8/Leads?ids="+leadID(i), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Zoho-oauthtoken "+s.org.Token())
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		s.t.Fatalf("delete: %s", answer.Status)
	}
}

// holder carries out every call, and from the nth change on keeps the answers to itself.
type holder struct {
	http.Handler
	changes, nth atomic.Int64
	held         chan struct{}
}

func (h *holder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet || strings.HasPrefix(r.URL.Path, "/oauth") || h.changes.Add(1) < h.nth.Load() {
		h.Handler.ServeHTTP(w, r)
		return
	}
	h.Handler.ServeHTTP(httptest.NewRecorder(), r)
	h.held <- struct{}{}
	<-r.Context().Done()
}

// Killed in the middle, with changes made whose answers never came, an undo is gone on with, and does
// nothing twice; and it can itself be taken back.
func TestUndoKilledInTheMiddle(t *testing.T) {
	s := newStage(t).withZoho(nil)
	h := &holder{Handler: s.org, held: make(chan struct{}, 100)}
	h.nth.Store(1 << 30)
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	elsewhere := s.env["ZLOCK_API_URL"]
	s.env["ZLOCK_API_URL"] = server.URL
	before := s.reasons()
	s.want(s.run("run", s.changes()), 0)
	after := s.reasons()
	s.want(s.run("undo", "--api-url", elsewhere), 4, "wrong org")
	h.nth.Store(h.changes.Load() + 4)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "undo", "--concurrency", "2")
	cmd.Dir, cmd.Env = s.dir, []string{"CLI_TEST_IS_ZLOCK=1"}
	for key, value := range s.env {
		cmd.Env = append(cmd.Env, key+"="+value)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-h.held
	<-h.held
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	h.nth.Store(1 << 30)
	if d := s.status(); d.State != "interrupted" || d.Rows["unknown"] < 2 || d.Rows["total"] != 8 {
		t.Fatalf("status after the kill %+v", d)
	}
	s.want(s.run("resume"), 0, "is completed")
	if got := s.reasons(); !slices.Equal(got, before) {
		t.Errorf("reasons\n%q, want\n%q", got, before)
	}
	writes := map[string]int{}
	for _, e := range s.org.Log() {
		if e.Applied && e.Op != sim.OpList {
			writes[e.ID]++
		}
	}
	for id, n := range writes {
		if n != 2 {
			t.Errorf("%s was changed %d times by a run and its undo", id, n)
		}
	}
	s.want(s.run("undo"), 0, "itself the undo of run ")
	if got := s.reasons(); !slices.Equal(got, after) {
		t.Errorf("undo of the undo: reasons\n%q, want\n%q", got, after)
	}
}

// What the run was started with leads its undo, and that one's resume, to the same org.
func TestUndoInheritsTheOrg(t *testing.T) {
	s := newStage(t).withZoho(nil)
	url := s.env["ZLOCK_API_URL"]
	delete(s.env, "ZLOCK_API_URL")
	s.want(s.run("run", s.changes(), "--api-url", url, "--accounts-url", url), 0)
	s.want(s.run("undo", "--limit", "3"), 6, "next: zlock resume")
	s.want(s.run("undo", "--dry-run", "nonesuch"), 2)
	if o := s.want(s.run("runs", "--json"), 0); strings.Count(o.out, `"run":`) != 2 {
		t.Errorf("runs: %s", o.out)
	}
	s.want(s.run("resume"), 0, "8  rows in all")
	s.want(s.run("undo", "--dc", "eu", "--api-url", "https://www.zohoapis.eu"), 4, "wrong org")
}

// A plan of an undo signs in nowhere, calls nobody, and leaves nothing behind; without a change there is
// no undo either.
func TestUndoThatDoesNothing(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("undo"), 2, "there is no run yet")
	s.want(s.run("run", s.locks("job.csv", 200, 203)), 0, "3  already_locked")
	calls := s.org.Stats().Calls
	s.want(s.run("undo"), 0, "nothing to take back: the run changed nothing")
	if o := s.want(s.run("undo", "--json"), 0); !strings.Contains(o.out, `"taken_back":0`) || strings.Count(o.out, "\n") != 1 {
		t.Errorf("document: %s", o.out)
	}
	s.want(s.run("run", s.locks("more.csv", 0, 3)), 0)
	more := s.org.Stats().Calls
	secret := s.env["ZLOCK_CLIENT_SECRET"]
	delete(s.env, "ZLOCK_CLIENT_SECRET")
	if o := s.want(s.run("undo", "--dry-run"), 0); !strings.Contains(o.out, "3  locked then, to be unlocked") {
		t.Errorf("plan: %s", o.out)
	}
	var plan struct {
		Rows struct{ Total int }
		Undo struct {
			Run          string
			Changes      int
			TakenBack    int      `json:"taken_back"`
			NotGivenBack []string `json:"not_given_back"`
			Left         []struct {
				Why  string
				Rows int
			}
		}
	}
	o := s.want(s.run("undo", "--dry-run", "--json", "--only", "outcome=unlocked", "--only", "outcome=reason_updated"), 0)
	if err := json.Unmarshal([]byte(o.out), &plan); err != nil {
		t.Fatalf("%v in %s", err, o.out)
	}
	if u := plan.Undo; plan.Rows.Total != 0 || u.Changes != 3 || u.TakenBack != 0 || u.NotGivenBack == nil || len(u.Left) != 1 || u.Left[0].Rows != 3 || u.Left[0].Why != "not asked for" {
		t.Errorf("plan %+v", plan)
	}
	s.env["ZLOCK_CLIENT_SECRET"] = secret
	if n := s.org.Stats().Calls; n != more || more != calls+3 {
		t.Errorf("%d calls, then %d, then %d", calls, more, n)
	}
	if o := s.run("runs", "--json"); strings.Count(o.out, `"run":`) != 2 {
		t.Errorf("runs: %s", o.out)
	}
}

// A list of ids may be of any form; what is wrong with it is said before anything is sent.
func TestUndoOfAList(t *testing.T) {
	for _, c := range []struct {
		name, file, text string
		code             int
		says             string
		rows             int64
	}{
		{"one a line", "ids", leadID(0) + "\r\n" + leadID(1) + "\n", 0, "3 changes; 2 records to take back", 2},
		{"a job file", "ids.csv", "Note;Lead Id\na;" + leadID(1) + "\n", 0, "3 changes; 1 record to take back", 1},
		{"JSON lines", "ids.jsonl", `{"record_id":"` + leadID(2) + `"}` + "\n", 0, "3 changes; 1 record to take back", 1},
		{"strangers", "ids", leadID(0) + "\n" + leadID(9) + "\n", 0, "1 id in the list: of no record", 1},
		{"damaged", "ids", leadID(0) + "\n5.84E+18\n", 2, "line 2: 5.84E+18", 0},
		{"empty", "ids", "", 0, "nothing to take back, of 3 changes", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t).withZoho(nil)
			s.want(s.run("run", s.locks("job.csv", 0, 3)), 0)
			s.file(c.file, c.text)
			s.want(s.run("undo", "--only", c.file), c.code, c.says)
			if d := s.status(); c.rows > 0 && (d.Rows["unlocked"] != c.rows || d.Rows["total"] != c.rows) {
				t.Errorf("status %+v", d)
			}
		})
	}
}

// The results of an undo are a job file that asks for what the undo's rows asked for.
func TestUndoResultsAreAJobFile(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.changes()), 0)
	s.want(s.run("undo"), 0)
	s.want(s.run("results", "-o", "undone.csv"), 0)
	s.want(s.run("undo"), 0)
	if o := s.want(s.run("plan", "undone.csv"), 0); !strings.Contains(o.out, "3  lock           Leads\n  3  unlock         Leads\n  2  update_reason  Leads") {
		t.Errorf("plan: %s", o.out)
	}
	o := s.want(s.run("results", "--raw-csv"), 0)
	head, _, _ := strings.Cut(o.out, "\n")
	if strings.Contains(head, "undone_undone") || !strings.Contains(head, ",undone_Lead Id,undone_Module,undone_Action,undone_Reason,undone_Note,zlock_line,") {
		t.Errorf("columns: %s", head)
	}
	if !strings.Contains(o.out, "=note 8,9,reason_updated") {
		t.Errorf("results do not name the job file's line and cells: %s", o.out)
	}
}

// The undo of a rehearsal works in the pretend org of the rehearsal, and so does the undo of that.
func TestUndoOfARehearsal(t *testing.T) {
	s := newStage(t)
	s.want(s.run("run", s.changes(), "--simulate"), 0)
	s.want(s.run("undo", "--limit", "3"), 6, "SIMULATED")
	s.want(s.run("resume"), 0, "SIMULATED", "3  locked", "3  unlocked", "2  reason_updated")
	s.want(s.run("undo"), 0, "itself the undo of run", "3  locked", "3  unlocked", "2  reason_updated")
	s.want(s.run("undo", "--dry-run"), 0)
	s.want(s.run("verify"), 0)
}

// An undo that is unfinished is named when another is begun, and so is a run that is.
func TestUndoSaysWhatIsUnfinished(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.locks("job.csv", 0, 6), "--limit", "4"), 6)
	first := s.status().Run
	s.want(s.run("undo", first, "--limit", "1"), 6, "is unfinished: 2 rows were not carried out")
	s.want(s.run("undo", first, "--dry-run"), 0, "is being taken back by run")
	s.want(s.run("resume"), 0, "4  unlocked")
	s.want(s.run("undo", first), 0, "was taken back before, by run", "4  already_unlocked")
}
