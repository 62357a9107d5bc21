package cli_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zlock/zoho/sim"
)

// dealID is a deal of withDeals.
func dealID(i int) string { return fmt.Sprintf("584310400003%05d51", i) }

// withDeals puts deals before the stage, of which lock tells how each is locked.
func withDeals(t *testing.T, n int, lock func(int) *sim.Lock, change func(*sim.Config)) *stage {
	t.Helper()
	return newStage(t).withZoho(func(c *sim.Config) {
		c.ByID = false
		c.Records = func(yield func(sim.Record) bool) {
			for i := range n {
				if !yield(sim.Record{Module: "Deals", ID: dealID(i), Lock: lock(i)}) {
					return
				}
			}
		}
		if change != nil {
			change(c)
		}
	})
}

// everyWay is how deals are locked: of ten, one by a rule, one by Patricia, one by hand long ago, one for
// another reason, one by hand today, and five not at all.
func everyWay(i int) *sim.Lock {
	old := time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)
	switch i % 10 {
	case 0:
		return &sim.Lock{Source: sim.Automatic, At: old}
	case 1:
		return &sim.Lock{Source: sim.Manual, Reason: "Patricia's audit", By: sim.Patricia(), At: old}
	case 2:
		return &sim.Lock{Source: sim.Manual, Reason: "Audit of March", At: old}
	case 3:
		return &sim.Lock{Source: sim.Manual, Reason: "=Closing*", At: old.AddDate(0, 0, 20)}
	case 4:
		return &sim.Lock{Source: sim.Manual, Reason: "Audit of today", At: time.Now()}
	}
	return nil
}

// table reads CSV into a row for each record id.
func table(t *testing.T, text string) map[string]map[string]string {
	t.Helper()
	lines, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(lines) == 0 {
		t.Fatalf("%v in %q", err, text)
	}
	rows := map[string]map[string]string{}
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, cell := range line {
			row[lines[0][i]] = cell
		}
		if rows[row["record_id"]] != nil {
			t.Fatalf("%s is listed twice", row["record_id"])
		}
		rows[row["record_id"]] = row
	}
	return rows
}

// 25,000 locked records among 60,000: all found, none twice, for no more than a query for each 2,000 costs.
func TestLocksFindsAllForTheLeast(t *testing.T) {
	const all, locked = 60_000, 25_000
	isLocked := func(i int) bool { return i%12 < 5 }
	s := withDeals(t, all, func(i int) *sim.Lock {
		if isLocked(i) {
			return &sim.Lock{Source: sim.Manual, Reason: "r"}
		}
		return nil
	}, nil)
	o := s.want(s.run("locks", "Deals"), 0, "25,000 records of Deals are locked: 13 queries for 38 credits",
		"25,000 locked records listed; 39 credits in 14 calls")
	rows := table(t, o.out)
	for i := range all {
		if (rows[dealID(i)] != nil) != isLocked(i) {
			t.Fatalf("deal %d: %v", i, rows[dealID(i)])
		}
	}
	stats := s.org.Stats()
	if len(rows) != locked || stats.Credits != 39 || stats.ByOp[sim.OpQuery] != 14 || stats.Calls != 14 {
		t.Errorf("%d listed; %d credits, %d queries of %d calls", len(rows), stats.Credits, stats.ByOp[sim.OpQuery], stats.Calls)
	}
	if said := strings.Index(o.err, "38 credits"); said > strings.Index(o.err, "listed") {
		t.Error("the cost is said afterwards")
	}
}

// What a module of any size costs is told exactly beforehand.
func TestLocksCost(t *testing.T) {
	for _, tt := range []struct{ locked, credits, calls int }{
		{0, 1, 1}, {1, 2, 2}, {200, 2, 2}, {201, 3, 2}, {1000, 3, 2}, {1001, 4, 2}, {2000, 4, 2}, {2200, 5, 3}, {3000, 6, 3},
	} {
		s := withDeals(t, 3100, func(i int) *sim.Lock {
			if i < tt.locked {
				return &sim.Lock{Source: sim.Manual, Reason: "r"}
			}
			return nil
		}, nil)
		o := s.want(s.run("locks", "Deals", "--format", "jsonl"), 0)
		if stats := s.org.Stats(); stats.Credits != tt.credits || stats.Calls != tt.calls || strings.Count(o.out, "\n") != tt.locked {
			t.Errorf("%d locked: %d credits in %d calls, %d listed", tt.locked, stats.Credits, stats.Calls, strings.Count(o.out, "\n"))
		}
	}
}

func TestLocksScreens(t *testing.T) {
	s := withDeals(t, 10, everyWay, func(c *sim.Config) {
		c.Modules = map[string]sim.Module{"Deals": {}, "Campaigns": {Locking: sim.Unsupported}}
		deals := c.Records
		c.Records = func(yield func(sim.Record) bool) {
			deals(yield)
			yield(sim.Record{Module: "Campaigns", ID: "5843104000000600051"})
		}
	})
	s.env["TZ"] = "UTC"
	s.file("ids.txt", "zcrm_"+dealID(2)+"\n"+dealID(7)+"\n\n"+dealID(2)+"\n5843104000000000009\n")
	s.file("job.csv", "record_id,module,action,reason\n"+dealID(5)+",Deals,lock,Audit of May\n"+dealID(6)+",Deals,lock,Audit of June\n")
	s.want(s.run("run", "job.csv"), 0)
	for _, screen := range []struct {
		name, args string
	}{
		{"locks", "locks deals"},
		{"locks-none", "locks Deals --reason nothing"},
		{"locks-details", "locks Deals --details"},
		{"locks-json", "locks Deals --reason patricia* --json"},
		{"locks-one", "locks Deals --locked-before 2025-03-02 --source manual --locked-by me"},
		{"locks-ids", "locks Deals --ids ids.txt"},
		{"locks-ours", "locks Deals --ours"},
		{"locks-ours-reason", "locks Deals --from-run latest --reason *June --format jsonl"},
		{"locks-ours-none", "locks Leads --ours"},
		{"locks-no-module", "locks Nothing"},
		{"locks-unlockable", "locks Campaigns"},
		{"locks-help", "locks --help"},
		{"sweep-help", "sweep --help"},
	} {
		t.Run(screen.name, func(t *testing.T) {
			o := s.run(strings.Fields(screen.args)...)
			got := "$ zlock " + screen.args + "\n" + steadyAge(o.out) + "--- standard error\n" + steadyAge(o.err) +
				"--- exit code " + string(rune('0'+o.code)) + "\n"
			compare(t, filepath.Join("testdata", "locks", screen.name+".golden"), got)
		})
	}
}

// youngAge is the age of a lock that was made while the test ran, in CSV and in JSON.
var youngAge = regexp.MustCompile(`,[0-9]+s,RUN|"age":"[0-9]+s"`)

// steadyAge is steady for lists of locks that were made a moment ago.
func steadyAge(text string) string {
	return youngAge.ReplaceAllStringFunc(steady(text), func(age string) string {
		if age[0] == ',' {
			return ",AGE,RUN"
		}
		return `"age":"AGE"`
	})
}

// What is listed is a job file that unlocks exactly these records.
func TestLocksIsAJobFile(t *testing.T) {
	s := withDeals(t, 30, everyWay, nil)
	s.want(s.run("locks", "Deals", "--source", "manual", "-o", "out.csv"), 0, "12 of 15 locked records listed", "out.csv written")
	s.want(s.run("locks", "Deals", "-o", "out.csv"), 2, "it is there already")
	s.want(s.run("run", "out.csv"), 0, "12  unlocked")
	for i := range 30 {
		_, locked := s.org.Lock("Deals", dealID(i))
		if locked != (i%10 == 0) {
			t.Errorf("deal %d: locked %v", i, locked)
		}
	}
	if info, err := os.Stat(filepath.Join(s.dir, "out.csv")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("out.csv: %v, %v", info, err)
	}
}

// Where queries are refused all records are read, and those given alone where that is refused too.
func TestLocksFallsBack(t *testing.T) {
	for name, tt := range map[string]struct {
		standing sim.Standing
		says     string
	}{
		"no scope":      {standing: sim.Standing{ScopeMissing: []sim.Op{sim.OpQuery}}, says: "queries are refused (OAUTH_SCOPE_MISMATCH): every record of Deals is read instead"},
		"no permission": {standing: sim.Standing{PermissionDenied: []sim.Op{sim.OpQuery}}, says: "queries are refused (NO_PERMISSION)"},
	} {
		t.Run(name, func(t *testing.T) {
			s := withDeals(t, 2450, everyWay, nil)
			s.org.SetStanding(tt.standing)
			rows := table(t, s.want(s.run("locks", "Deals"), 0, tt.says, "1,225 locked records listed").out)
			if n := s.org.Stats().ByOp[sim.OpRecords]; len(rows) != 1225 || n != 13 {
				t.Errorf("%d listed by %d listings", len(rows), n)
			}
		})
	}
	s := withDeals(t, 300, everyWay, func(c *sim.Config) { c.MaxIDs = 30 })
	s.org.SetStanding(sim.Standing{ScopeMissing: []sim.Op{sim.OpQuery, sim.OpRecords}})
	s.want(s.run("locks", "Deals"), 4, "ZohoCRM.modules")
	s.org.SetStanding(sim.Standing{})
	var ids strings.Builder
	for i := range 300 {
		fmt.Fprintln(&ids, dealID(i))
	}
	s.file("ids.txt", ids.String())
	if rows := table(t, s.want(s.run("locks", "Deals", "--ids", "ids.txt"), 0, "150 locked records listed").out); len(rows) != 150 {
		t.Errorf("%d listed", len(rows))
	}
	s.in = ids.String()
	if rows := table(t, s.want(s.run("locks", "Deals", "--ids", "-"), 0).out); len(rows) != 150 {
		t.Errorf("%d listed from standard input", len(rows))
	}
}

// --max-credits ends a list, which is said, and a list that was to be a file is none.
func TestLocksMaxCredits(t *testing.T) {
	s := withDeals(t, 300, everyWay, nil)
	s.want(s.run("locks", "Deals", "--details", "--max-credits", "20", "-o", "out.csv"), 6, "credits")
	if _, err := os.Stat(filepath.Join(s.dir, "out.csv")); err == nil {
		t.Error("half a list was written")
	}
	if n := s.org.Stats().Credits; n > 20 {
		t.Errorf("%d credits were spent", n)
	}
}

// --ours makes no call, and knows what became of each lock since.
func TestLocksOurs(t *testing.T) {
	s := withDeals(t, 10, func(int) *sim.Lock { return nil }, nil)
	s.want(s.run("locks", "Deals", "--ours"), 2, "there is no run yet")
	s.file("job.csv", "record_id,module,action,reason\n"+dealID(5)+",Deals,lock,Audit\n"+dealID(6)+",Deals,lock,Audit\n")
	s.want(s.run("run", "job.csv"), 0)
	s.want(s.run("unlock", "Deals", dealID(6)), 0)
	calls := s.org.Stats().Calls
	var row struct {
		ID   string `json:"record_id"`
		Lock string `json:"lock_id"`
		Age  string
		Run  string
	}
	o := s.want(s.run("locks", "Deals", "--ours", "--json"), 0, "1 lock of runs of ours listed")
	if err := json.Unmarshal([]byte(o.out), &row); err != nil || row.ID != dealID(5) || row.Lock == "" || row.Run == "" || row.Age == "" {
		t.Errorf("%q: %+v, %v", o.out, row, err)
	}
	if o := s.want(s.run("locks", "Deals", "--ours", "--locked-before", "1d"), 0); strings.Count(o.out, "\n") != 1 {
		t.Errorf("older than a day: %q", o.out)
	}
	if n := s.org.Stats().Calls; n != calls {
		t.Errorf("%d calls", n-calls)
	}
}

func TestLocksUsage(t *testing.T) {
	s := withDeals(t, 1, everyWay, nil)
	s.file("bad.txt", dealID(1)+"\nx\n")
	for _, in := range []struct{ args, says string }{
		{"locks", "locks takes one MODULE"},
		{"locks Deals/1", "no module's API name"},
		{"locks Deals --locked-before soon", "an age such as 30d"},
		{"locks Deals --locked-before 2999-01-01", "in the past"},
		{"locks Deals --source rule", "one of manual, automatic, both"},
		{"locks Deals --ours --locked-by me", "--locked-by asks Zoho"},
		{"locks Deals --ours --source automatic", "runs of ours make no such locks"},
		{"locks Deals --ours --ids bad.txt", "--ids asks Zoho"},
		{"locks Deals --ids bad.txt", "not a record id"},
		{"locks Deals --ids nowhere.txt", "no such file"},
		{"locks Deals --from-run 20990101", "there is no run yet"},
	} {
		if o := s.want(s.run(strings.Fields(in.args)...), 2, in.says); o.out != "" {
			t.Errorf("%s: %q", in.args, o.out)
		}
	}
	if n := s.org.Stats().Calls; n != 0 {
		t.Errorf("%d calls", n)
	}
}

// A list of locks is long in the reading: a short outage is waited out, a long one said with what to do.
func TestLocksThroughAnOutage(t *testing.T) {
	for _, in := range []struct {
		name  string
		until time.Duration
		code  int
		says  string
	}{
		{"short", 8 * time.Second, 0, "10 locked records listed"},
		{"long", time.Hour, 7, "zlock doctor looks at both"},
	} {
		t.Run(in.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t).inBubble(0, func(c *sim.Config) {
					c.Records = func(yield func(sim.Record) bool) {
						for i := range 10 {
							if !yield(sim.Record{Module: "Leads", ID: farLead(i), Lock: &sim.Lock{Source: sim.Both, By: sim.Patricia()}}) {
								return
							}
						}
					}
					c.Script = []sim.Fault{{Match: sim.Match{Op: sim.OpList, Until: in.until}, Do: sim.Status503}}
				})
				s.want(s.run("locks", "Leads", "--details"), in.code, in.says)
			})
		})
	}
}
