package cli_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"zlock/zoho/sim"
)

// swept is what sweep --json prints.
type swept struct {
	Module                                                     string
	DryRun                                                     bool `json:"dry_run"`
	Locked, Matched, Kept, Automatic, Others, Unclear, Unlocks int64
	Calls, Credits                                             int
	Run                                                        *status
}

func (s *stage) swept(code int, args ...string) swept {
	s.t.Helper()
	o := s.want(s.run(append(append([]string{"sweep", "Deals"}, args...), "--json")...), code)
	var d swept
	if err := json.Unmarshal([]byte(o.out), &d); err != nil {
		s.t.Fatalf("%v in %q", err, o.out)
	}
	return d
}

// stillLocked are the numbers of the deals below n that are locked.
func (s *stage) stillLocked(n int) (locked []int) {
	for i := range n {
		if _, is := s.org.Lock("Deals", dealID(i)); is {
			locked = append(locked, i)
		}
	}
	return locked
}

// A nightly sweep twice in a row: the second finds nothing, and that is a success.
func TestSweepTwice(t *testing.T) {
	s := withDeals(t, 30, everyWay, nil)
	night := []string{"sweep", "Deals", "--locked-before", "30d", "--source", "manual", "--any-owner"}
	first := s.want(s.run(night...), 0)
	if strings.Count(first.err, "\n") != 1 || first.out != "" || !strings.HasPrefix(first.err, "Deals: 9 records unlocked; 15 records locked, 9 taken by the filter; found for 17 credits; run ") {
		t.Errorf("said %q, %q", first.err, first.out)
	}
	if got, want := s.stillLocked(30), []int{0, 4, 10, 14, 20, 24}; !slices.Equal(got, want) {
		t.Errorf("locked still: %v, want %v", got, want)
	}
	second := s.want(s.run(night...), 0)
	if second.err != "Deals: nothing to unlock; 6 records locked, 0 taken by the filter; found for 8 credits\n" || second.out != "" {
		t.Errorf("said %q, %q", second.err, second.out)
	}
	if o := s.run("runs", "--json"); strings.Count(o.out, `"run":`) != 1 {
		t.Errorf("runs: %s", o.out)
	}
}

// A sweep is a run: counted, paid for, shown and kept like any other, with what each lock was.
func TestSweepIsARun(t *testing.T) {
	s := withDeals(t, 10, everyWay, nil)
	d := s.swept(0, "--reason", "=closing?", "--reason", "=CLOSING*")
	if d.Locked != 5 || d.Matched != 1 || d.Unlocks != 1 || d.Run == nil || d.Run.State != "completed" || d.Run.Rows["unlocked"] != 1 {
		t.Fatalf("document %+v", d)
	}
	if spent := int64(s.org.Stats().Credits); d.Run.Credits.Used != spent || d.Run.Credits.Forecast != spent || s.status().Credits.Used != spent {
		t.Errorf("the run is told to have spent %d, to cost %d, and spent %d", d.Run.Credits.Used, d.Run.Credits.Forecast, spent)
	}
	rows := table(t, s.want(s.run("results"), 0).out)
	row := rows[dealID(3)]
	if row["zlock_outcome"] != "unlocked" || row["zlock_previous_reason"] != "'=Closing*" || row["zlock_lock_id"] == "" || row["zlock_lock_id"] != row["lock_id"] {
		t.Errorf("row %v", row)
	}
	if !strings.Contains(row["input"], "Lena Hart") || !strings.Contains(row["input"], "2025-03-21T12:00:00Z") {
		t.Errorf("input %s", row["input"])
	}
	again := s.swept(0, "--reason", "=CLOSING*")
	if again.Run != nil || again.Unlocks != 0 || again.Credits == 0 {
		t.Errorf("again %+v", again)
	}
}

func TestSweepScreens(t *testing.T) {
	s := withDeals(t, 20, everyWay, nil)
	s.file("keep.txt", dealID(4)+"\n")
	for _, screen := range []struct{ name, args string }{
		{"sweep-dry-run", "sweep Deals --locked-before 30d --dry-run"},
		{"sweep-dry-run-json", "sweep Deals --locked-before 30d --dry-run --json"},
		{"sweep-too-many", "sweep Deals --source manual --max-unlocks 2"},
		{"sweep-no-filter", "sweep Deals"},
		{"sweep-one", "sweep Deals --locked-before 2025-03-10 --keep keep.txt"},
		{"sweep-nothing", "sweep Deals --locked-before 2025-03-10"},
		{"sweep-nothing-json", "sweep Deals --ours --json"},
		{"sweep-json", "sweep Deals --locked-before 30d --json --composite off"},
		{"sweep-quiet", "sweep Deals --source manual --keep keep.txt --quiet"},
		{"sweep-failing", "sweep Deals --source manual --any-owner --max-credits 8 --composite off --concurrency 1"},
	} {
		t.Run(screen.name, func(t *testing.T) {
			o := s.run(strings.Fields(screen.args)...)
			got := "$ zlock " + screen.args + "\n" + steady(o.out) + "--- standard error\n" + steady(o.err) +
				"--- exit code " + string(rune('0'+o.code)) + "\n"
			compare(t, filepath.Join("testdata", "locks", screen.name+".golden"), got)
		})
	}
}

// What a sweep spends is counted once against the org's credits.
func TestSweepIsPaidForOnce(t *testing.T) {
	s := withDeals(t, 60, everyWay, nil)
	s.want(s.run("sweep", "Deals", "--source", "manual", "--any-owner"), 0)
	p := s.want(s.run("plan", s.rows("job.csv", "lock", 0, 1), "--json"), 0)
	var d struct {
		Credits struct {
			Spent *int64 `json:"spent_24h"`
		}
	}
	if err := json.Unmarshal([]byte(p.out), &d); err != nil || d.Credits.Spent == nil || *d.Credits.Spent != int64(s.org.Stats().Credits) {
		t.Errorf("spent %v, the org counted %d (%v)", d.Credits.Spent, s.org.Stats().Credits, err)
	}
}

// Filters, and whose locks go.
func TestSweepFilters(t *testing.T) {
	for _, tt := range []struct {
		args string
		left []int // of 0 to 4
		want swept
	}{
		{"--source manual", []int{0, 1}, swept{Locked: 5, Matched: 4, Others: 1, Unlocks: 3}},
		{"--source manual --any-owner", []int{0}, swept{Locked: 5, Matched: 4, Unlocks: 4}},
		{"--locked-before 30d", []int{0, 1, 4}, swept{Locked: 5, Matched: 4, Automatic: 1, Others: 1, Unlocks: 2}},
		{"--locked-before 2025-03-10", []int{0, 1, 3, 4}, swept{Locked: 5, Matched: 3, Automatic: 1, Others: 1, Unlocks: 1}},
		{"--locked-by patricia?boyle", []int{0, 1, 2, 3, 4}, swept{Locked: 5, Matched: 1, Others: 1}},
		{"--locked-by patricia?boyle --any-owner", []int{0, 2, 3, 4}, swept{Locked: 5, Matched: 1, Unlocks: 1}},
		{"--locked-by me --reason Audit*", []int{0, 1, 3}, swept{Locked: 5, Matched: 2, Unlocks: 2}},
		{"--locked-by 5843104000000424672,me --any-owner", []int{0}, swept{Locked: 5, Matched: 4, Unlocks: 4}},
		{"--reason audit", []int{0, 1, 2, 3, 4}, swept{Locked: 5}},
		{"--source manual --keep keep.txt", []int{0, 1, 2, 4}, swept{Locked: 5, Matched: 4, Others: 1, Kept: 2, Unlocks: 1}},
		{"--source manual --keep keep.csv", []int{0, 1, 3}, swept{Locked: 5, Matched: 4, Others: 1, Kept: 1, Unlocks: 2}},
	} {
		t.Run(tt.args, func(t *testing.T) {
			s := withDeals(t, 10, everyWay, nil)
			s.file("keep.txt", dealID(2)+"\n"+dealID(4)+"\n5843104000000000007\n")
			s.file("keep.csv", "Name,Deal Id,Module\nBig,zcrm_"+dealID(3)+",Deals\n")
			args := strings.Fields(tt.args)
			for i := range args {
				args[i] = strings.ReplaceAll(args[i], "?", " ")
			}
			plan := s.swept(0, append(args, "--dry-run")...)
			if n := s.org.Stats().Applied; n != 0 || plan.Run != nil || !plan.DryRun {
				t.Errorf("--dry-run changed %d records: %+v", n, plan)
			}
			got := s.swept(0, args...)
			if left := s.stillLocked(5); !slices.Equal(left, tt.left) {
				t.Errorf("locked still: %v, want %v", left, tt.left)
			}
			plan.DryRun, plan.Module, plan.Calls, plan.Credits = false, "", 0, 0
			got.Module, got.Calls, got.Credits, got.Run = "", 0, 0, nil
			if got != tt.want || plan != tt.want {
				t.Errorf("swept %+v, planned %+v, want %+v", got, plan, tt.want)
			}
		})
	}
}

// Our own locks are found without a call, and each costs one credit to take away.
func TestSweepOurs(t *testing.T) {
	s := withDeals(t, 40, func(i int) *sim.Lock {
		if i == 39 {
			return &sim.Lock{Source: sim.Manual, Reason: "Patricia's", By: sim.Patricia()}
		}
		return nil
	}, nil)
	var b strings.Builder
	b.WriteString("record_id,module,action,reason\n")
	for i := range 30 {
		b.WriteString(dealID(i) + ",Deals,lock,Audit\n")
	}
	b.WriteString(dealID(39) + ",Deals,update_reason,Ours now\n")
	s.file("job.csv", b.String())
	s.want(s.run("run", "job.csv", "--composite", "off"), 0)
	s.want(s.run("lock", "Deals", dealID(30), "--reason", "Alone"), 0)
	s.want(s.run("unlock", "Deals", dealID(0)), 0)
	before := s.org.Stats()
	d := s.swept(0, "--from-run", "latest", "--dry-run")
	if d.Locked != 31 || d.Matched != 0 {
		t.Errorf("of the unlock: %+v", d)
	}
	d = s.swept(0, "--ours", "--reason", "Audit", "--composite", "off")
	after := s.org.Stats()
	if d.Locked != 31 || d.Unlocks != 29 || d.Credits != 0 || d.Run.Credits.Used != 29 || after.Credits-before.Credits != 29 || after.ByOp[sim.OpList] != before.ByOp[sim.OpList] {
		t.Errorf("swept %+v; %d credits, %d looks", d, after.Credits-before.Credits, after.ByOp[sim.OpList]-before.ByOp[sim.OpList])
	}
	if got, want := s.stillLocked(40), []int{30, 39}; !slices.Equal(got, want) {
		t.Errorf("locked still: %v, want %v", got, want)
	}
	rows := table(t, s.want(s.run("results"), 0).out)
	if rows[dealID(5)]["zlock_previous_reason"] != "Audit" {
		t.Errorf("row %v", rows[dealID(5)])
	}
	if d := s.swept(0, "--ours"); d.Unlocks != 1 || d.Others != 1 {
		t.Errorf("another's lock with our reason: %+v", d)
	}
	if d := s.swept(0, "--ours", "--any-owner"); d.Unlocks != 1 || len(s.stillLocked(40)) != 0 {
		t.Errorf("with --any-owner: %+v, %v", d, s.stillLocked(40))
	}
	if d := s.swept(0, "--ours"); d.Locked != 0 || d.Run != nil {
		t.Errorf("nothing left: %+v", d)
	}
}

// A lock that a run of ours made goes, whoever is signed in now.
func TestSweepTakesOursOfAnotherUser(t *testing.T) {
	s := withDeals(t, 3, func(int) *sim.Lock { return nil }, nil)
	s.want(s.run("lock", "Deals", dealID(0), "--reason", "Audit"), 0)
	s.org.SetStanding(sim.Standing{ScopeMissing: []sim.Op{sim.OpUsers}})
	other := sim.Record{Module: "Deals", ID: dealID(1), Lock: &sim.Lock{Reason: "Audit", Source: sim.Manual}}
	if _, err := s.org.Act(sim.Patricia(), sim.OpLock, other); err != nil {
		t.Fatal(err)
	}
	s.env["ZLOCK_REFRESH_TOKEN"], s.env["ZLOCK_ACCESS_TOKEN"] = "", s.org.Token() // another sign-in of the same client
	d := s.swept(0, "--reason", "Audit")
	if left := s.stillLocked(3); d.Matched != 2 || d.Unlocks != 1 || d.Others != 1 || !slices.Equal(left, []int{1}) {
		t.Errorf("swept %+v, locked still %v", d, left)
	}
}

// A lock that is another one by the time is left.
func TestSweepLeavesWhatChangedMeanwhile(t *testing.T) {
	s := withDeals(t, 4, func(int) *sim.Lock { return &sim.Lock{Source: sim.Manual, Reason: "Old"} }, nil)
	var once sync.Once
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			once.Do(func() {
				mine := sim.Record{Module: "Deals", ID: dealID(2)}
				if _, err := s.org.Act(sim.Patricia(), sim.OpUnlock, mine); err != nil {
					t.Error(err)
				}
				mine.Lock = &sim.Lock{Reason: "New", Source: sim.Manual}
				if _, err := s.org.Act(sim.Patricia(), sim.OpLock, mine); err != nil {
					t.Error(err)
				}
				if _, err := s.org.Act(sim.Patricia(), sim.OpUnlock, sim.Record{Module: "Deals", ID: dealID(3)}); err != nil {
					t.Error(err)
				}
			})
		}
		s.org.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.env["ZLOCK_API_URL"] = server.URL
	o := s.want(s.run("sweep", "Deals", "--source", "manual", "--concurrency", "1", "--composite", "off"), 5, "LOCK_CHANGED", "next: ")
	if !strings.HasPrefix(o.err, "Deals: 2 records unlocked, 1 by somebody else meanwhile; ") {
		t.Errorf("said %s", o.err)
	}
	if lock, locked := s.org.Lock("Deals", dealID(2)); !locked || lock.Reason != "New" || len(s.stillLocked(4)) != 1 {
		t.Errorf("lock %+v, locked %v", lock, s.stillLocked(4))
	}
	s.want(s.run("retry", "--all"), 5)
	if len(s.stillLocked(4)) != 1 {
		t.Error("a retry took the new lock away")
	}
}
