package cli_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"zlock/checkpoint"
	"zlock/zoho/sim"
)

var operator = sim.User{ID: "5843104000000424001", Name: "Olga Operator"}

// act changes a lock as somebody else would.
func (s *stage) act(who sim.User, op sim.Op, i int, reason string) {
	s.t.Helper()
	r := sim.Record{Module: "Leads", ID: leadID(i), Lock: &sim.Lock{Reason: reason, Source: sim.Manual}}
	if _, err := s.org.Act(who, op, r); err != nil {
		s.t.Fatal(err)
	}
}

// call makes a call to the pretend Zoho that is none of the program's.
func (s *stage) call(method, path, body string) string {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.server.URL+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Zoho-oauthtoken "+s.org.Token())
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	var b strings.Builder
	if err := resp.Write(&b); err != nil || resp.StatusCode >= 300 {
		s.t.Fatalf("%s %s: %v %s", method, path, err, b.String())
	}
	return b.String()
}

// verifyDocument is what verify --json prints.
type verifyDocument struct {
	Run         string
	Differences []verifyLine
	Unread      []verifyLine
	Edited      []verifyLine
	Rows        map[string]any
	Edits       map[string]int
	Calls       int
	Credits     int
	Complete    bool

	Configurations []struct {
		Module   string
		Known    bool
		WhyNot   *string  `json:"why_not"`
		Profiles []string `json:"excluded_profiles"`
		Changed  *bool    `json:"changed_since_run"`
	}
}

type verifyLine struct {
	Line     int
	RecordID string `json:"record_id"`
	What     string
	Found    *string
	Edited   *string
	Note     *string
	Lock     *struct {
		ID       string
		Reason   *string
		LockedBy *struct{ Name string } `json:"locked_by"`
	} `json:"found_lock"`
}

func (s *stage) verify(code int, args ...string) verifyDocument {
	s.t.Helper()
	o := s.want(s.run(append([]string{"verify", "--json"}, args...)...), code)
	var d verifyDocument
	if err := json.Unmarshal([]byte(o.out), &d); err != nil {
		s.t.Fatalf("verify: %v in %s", err, o.out)
	}
	if strings.Count(o.out, "\n") != 1 {
		s.t.Errorf("more than a document: %q", o.out)
	}
	return d
}

func whats(lines []verifyLine) map[string]string {
	out := map[string]string{}
	for _, l := range lines {
		out[l.RecordID] = l.What
	}
	return out
}

// tampered is an org in which a run locked 60 leads, of which Patricia had locked 20 before, re-worded 10
// and unlocked 10; then half of what it did was tampered with. It returns what verify is to find.
func tampered(t *testing.T) (*stage, map[string]string) {
	t.Helper()
	s := newStage(t).withZoho(func(c *sim.Config) {
		c.Me = operator
		leads := c.Records
		c.Records = func(yield func(sim.Record) bool) {
			for r := range leads {
				if r.Lock != nil {
					r.Lock.By = sim.Patricia()
				}
				if !yield(r) {
					return
				}
			}
		}
	})
	var b strings.Builder
	b.WriteString("record_id,module,action,reason\n")
	rows := func(action, reason string, from, to int) {
		for i := from; i < to; i++ {
			fmt.Fprintf(&b, "%s,Leads,%s,%s\n", leadID(i), action, reason)
		}
	}
	rows("lock", "Audit", 0, 40)
	rows("lock", "Audit", 200, 220) // Patricia's
	rows("unlock", "", 220, 230)
	rows("update_reason", "June", 230, 240)
	rows("unlock", "", 40, 45)                           // never locked
	b.WriteString("5843104000000109002,Leads,unlock,\n") // a rule's: fails
	b.WriteString(leadID(0) + ",Leads,lock,Audit\n")     // a duplicate
	s.want(s.run("run", s.file("job.csv", b.String())), 5)

	want := map[string]string{}
	tamper := func(what string, from, to int, how func(int)) {
		for i := from; i < to; i++ {
			how(i)
			want[leadID(i)] = what
		}
	}
	patricia := sim.Patricia()
	unlock := func(i int) { s.act(patricia, sim.OpUnlock, i, "") }
	tamper("unlocked", 0, 4, unlock)
	tamper("locked_by_another", 4, 8, func(i int) { unlock(i); s.act(patricia, sim.OpLock, i, "Audit") })
	tamper("other_lock", 8, 12, func(i int) { unlock(i); s.act(operator, sim.OpLock, i, "Audit") })
	tamper("reason_differs", 12, 16, func(i int) { s.act(patricia, sim.OpReason, i, "=cmd()\x1b[31m") })
	tamper("record_gone", 16, 20, func(i int) { unlock(i); s.call(http.MethodDelete, "/crm/v8/Leads/"+leadID(i), "") })
	tamper("unlocked", 200, 203, unlock)
	tamper("locked", 220, 223, func(i int) { s.act(patricia, sim.OpLock, i, "Mine") })
	tamper("reason_differs", 230, 232, func(i int) { s.act(patricia, sim.OpReason, i, "July") })
	tamper("locked", 40, 41, func(i int) { s.act(operator, sim.OpLock, i, "Again") })
	return s, want
}

func TestVerifyNamesEveryDifferenceAndNoOther(t *testing.T) {
	s, want := tampered(t)
	before := s.org.Stats()
	d := s.verify(9)
	if got := whats(d.Differences); !maps.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if !slices.IsSortedFunc(d.Differences, func(a, b verifyLine) int { return a.Line - b.Line }) {
		t.Error("the differences are not in the job file's order")
	}
	for name, n := range map[string]float64{"total": 87, "compared": 85, "differences": float64(len(want)), "as_left": 85 - float64(len(want)),
		"superseded": 1, "not_compared": 1, "not_looked_at": 0, "unread": 0} {
		if d.Rows[name] != n {
			t.Errorf("%s: %v, want %v", name, d.Rows[name], n)
		}
	}
	after := s.org.Stats()
	if writes := after.Applied - before.Applied; writes > 0 {
		t.Errorf("%d records were changed", writes)
	}
	if calls := after.Calls - before.Calls; d.Calls != calls || d.Credits != calls || !d.Complete {
		t.Errorf("%d calls arrived, %d are told, %d credits", calls, d.Calls, d.Credits)
	}
	if after.MaxInFlight > 5 {
		t.Errorf("%d calls at once", after.MaxInFlight)
	}
	for _, l := range d.Differences {
		if l.What == "locked_by_another" && (l.Lock == nil || l.Lock.LockedBy == nil || l.Lock.LockedBy.Name != sim.Patricia().Name) {
			t.Errorf("by whom is not told: %+v", l)
		}
	}
}

func TestVerifyUntouched(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.locks("job.csv", 190, 210)), 0)
	d := s.verify(0)
	if len(d.Differences)+len(d.Unread) > 0 || d.Rows["as_left"] != 20.0 || !d.Complete {
		t.Errorf("%+v", d)
	}
	// One bulk read, ten of the locks that this run made, one of the configuration: of locks that were
	// there before, a bulk read tells all that is known of them.
	if d.Calls != 12 {
		t.Errorf("%d calls", d.Calls)
	}
	if c := d.Configurations; len(c) != 1 || !c[0].Known || c[0].Changed == nil || *c[0].Changed {
		t.Errorf("configurations %+v", c)
	}
}

func TestVerifyQuick(t *testing.T) {
	s, want := tampered(t)
	for id, what := range want {
		if what != "unlocked" && what != "locked" && what != "record_gone" {
			delete(want, id)
		}
	}
	before := s.org.Stats().ByOp[sim.OpList]
	d := s.verify(9, "--quick")
	if got := whats(d.Differences); !maps.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if d.Calls != 2 || s.org.Stats().ByOp[sim.OpList] != before {
		t.Errorf("%d calls", d.Calls)
	}
}

func TestVerifyFiles(t *testing.T) {
	s, want := tampered(t)
	o := s.want(s.run("verify", "-o", "rows.csv"), 9, "rows.csv written")
	if !strings.Contains(o.out, "differences, the first 20 of 29") {
		t.Errorf("summary %s", o.out)
	}
	f, err := os.Open(filepath.Join(s.dir, "rows.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) != 88 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	got := map[string]string{}
	reason := slices.Index(rows[0], "found_reason")
	for _, row := range rows[1:] {
		switch what := row[slices.Index(rows[0], "what")]; what {
		case "as_left", "superseded", "not_compared":
		default:
			got[row[1]] = what
		}
		if strings.HasPrefix(row[reason], "=") {
			t.Errorf("a formula: %q", row[reason])
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	s.want(s.run("verify", "-o", "rows.csv"), 2, "there already")
	s.want(s.run("verify", "--cutoff", "2999-01-01T00:00"), 2, "--cutoff 2999-01-01T00:00: must be in the past")
	s.want(s.run("verify", "-o", "rows.csv", "--format", "text"), 2, "for a file")
	both := s.want(s.run("verify", "-o", "rows.jsonl", "--json"), 9)
	var d verifyDocument
	if err := json.Unmarshal([]byte(both.out), &d); err != nil || len(d.Differences) != len(want) {
		t.Errorf("%v: %s", err, both.out)
	}
	text, err := os.ReadFile(filepath.Join(s.dir, "rows.jsonl"))
	if err != nil || strings.Count(string(text), "\n") != 87 || !json.Valid(text[:strings.IndexByte(string(text), '\n')]) {
		t.Errorf("%v: %s", err, text)
	}
}

// Of several rows of one record the last that did something decides.
func TestVerifySequences(t *testing.T) {
	s := newStage(t).withZoho(nil)
	job := "record_id,module,action,reason\n" +
		leadID(0) + ",Leads,lock,A\n" + leadID(0) + ",Leads,unlock,\n" +
		leadID(1) + ",Leads,lock,A\n" + leadID(1) + ",Leads,update_reason,B\n" +
		leadID(2) + ",Leads,lock,A\n" + leadID(2) + ",Leads,unlock,\n" + leadID(2) + ",Leads,lock,C\n"
	s.want(s.run("run", s.file("job.csv", job), "--on-conflict", "sequence"), 0)
	d := s.verify(0)
	if d.Rows["superseded"] != 4.0 || d.Rows["as_left"] != 3.0 {
		t.Errorf("rows %v", d.Rows)
	}
	s.act(sim.Patricia(), sim.OpReason, 1, "A")
	if got := whats(s.verify(9).Differences); !maps.Equal(got, map[string]string{leadID(1): "reason_differs"}) {
		t.Errorf("differences %v", got)
	}
}

func TestVerifySimulated(t *testing.T) {
	s := newStage(t)
	s.want(s.run("run", s.locks("job.csv", 0, 20), "--simulate"), 0)
	o := s.want(s.run("verify"), 0, "SIMULATED")
	if !strings.Contains(o.out, "=  20  as the run left it") {
		t.Errorf("verify: %s", o.out)
	}
	if files, err := filepath.Glob(filepath.Join(s.dir, "state", "orgs", "sim-*", "credits", "*")); err != nil || len(files) > 0 {
		t.Errorf("a rehearsal's credits are booked: %v %v", files, err)
	}
}

// It works beside a run, on what that has done so far.
func TestVerifyBesideARun(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.locks("job.csv", 0, 30), "--limit", "10"), 6)
	files, err := filepath.Glob(filepath.Join(s.dir, "state", "orgs", "*", "owner.lock"))
	if err != nil || len(files) != 1 {
		t.Fatalf("owners' files %v, %v", files, err)
	}
	owner, err := checkpoint.Own(files[0], checkpoint.Holder{PID: 77, Host: "elsewhere"})
	if err != nil {
		t.Fatal(err)
	}
	defer owner.Release()
	d := s.verify(0)
	if d.Rows["as_left"] != 10.0 || d.Rows["not_compared"] != 20.0 {
		t.Errorf("rows %v", d.Rows)
	}
}

func TestVerifyConfigurations(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.locks("job.csv", 0, 2)), 0)
	s.org.SetStanding(sim.Standing{PermissionDenied: []sim.Op{sim.OpConfiguration}})
	d := s.verify(0)
	if c := d.Configurations; len(c) != 1 || c[0].Known || c[0].WhyNot == nil || c[0].Changed != nil {
		t.Errorf("configurations %+v", c)
	}
	if o := s.want(s.run("verify"), 0); !strings.Contains(o.out, "Leads  not known: ") {
		t.Errorf("verify: %s", o.out)
	}
}

func TestVerifyScreens(t *testing.T) {
	s, _ := tampered(t)
	s.env["TZ"] = "UTC"
	s.want(s.run("run", s.locks("good.csv", 60, 63)), 0)
	s.want(s.run("run", s.file("none.csv", "record_id,module,action,reason\n5843104000000109004,Leads,lock,Audit\n")), 5)
	runs := map[string]string{}
	var list struct {
		Runs []struct {
			Run     string
			JobFile string `json:"job_file"`
		}
	}
	if err := json.Unmarshal([]byte(s.want(s.run("runs", "--json"), 0).out), &list); err != nil {
		t.Fatal(err)
	}
	for _, r := range list.Runs {
		runs[r.JobFile] = r.Run
	}
	for _, screen := range []struct{ name, job, args string }{
		{"differences", "job.csv", ""},
		{"quick", "job.csv", "--quick"},
		{"clean", "good.csv", ""},
		{"clean-json", "good.csv", "--json"},
		{"clean-csv", "good.csv", "--format csv"},
		{"none", "none.csv", ""},
		{"cutoff-of-what", "good.csv", "--cutoff 2026-09-30"},
		{"no-run", "", "nosuch"},
	} {
		t.Run(screen.name, func(t *testing.T) {
			args := strings.Fields("verify " + runs[screen.job] + " " + screen.args)
			o := s.run(args...)
			got := "$ zlock " + steady(strings.Join(args, " ")) + "\n" + steady(o.out) + "--- standard error\n" + steady(o.err) +
				"--- exit code " + string(rune('0'+o.code)) + "\n"
			compare(t, filepath.Join("testdata", "verify", screen.name+".golden"), got)
		})
	}
	help := s.want(s.run("verify", "--help"), 0)
	compare(t, filepath.Join("testdata", "verify", "help.golden"), help.out)
}
