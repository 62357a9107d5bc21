package cli_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zlock/checkpoint"
	"zlock/zoho/sim"
)

// With more to unlock than --max-unlocks, or than the profile's most, nothing is sent and no run is left.
func TestSweepMaxUnlocks(t *testing.T) {
	s := withDeals(t, 10, everyWay, nil)
	s.file("zlock.yaml", "profiles:\n  guarded:\n    max_unlocks: 2\n")
	for _, in := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--max-unlocks", "2"}, 2, "sweep would unlock 3 records of Deals, and --max-unlocks is 2; nothing was sent"},
		{[]string{"--max-unlocks", "2", "--dry-run"}, 2, "would unlock 3 records"},
		{[]string{"--max-unlocks", "0"}, 2, "would unlock 3 records"},
		{[]string{"--max-unlocks", "9", "--config", "zlock.yaml"}, 2, "max_unlocks of profile guarded is 2"},
		{[]string{"--max-unlocks", "many"}, 2, "a whole number"},
		{[]string{"--max-unlocks", "3"}, 0, "3 records unlocked"},
	} {
		s.want(s.run(append([]string{"sweep", "Deals", "--source", "manual"}, in.args...)...), in.code, in.says)
		if n := s.org.Stats().Applied; (n > 0) != (in.code == 0) {
			t.Errorf("%v: %d records changed", in.args, n)
		}
	}
	if o := s.run("runs", "--json"); strings.Count(o.out, `"run":`) != 1 {
		t.Errorf("runs: %s", o.out)
	}
}

// One process at a time sweeps an org; a rehearsal, and a list, ask nobody's leave.
func TestSweepTakesTheOrg(t *testing.T) {
	s := withDeals(t, 10, everyWay, nil)
	s.want(s.run("sweep", "Deals", "--reason", "none"), 0)
	files, err := filepath.Glob(filepath.Join(s.dir, "state", "orgs", "*", "owner.lock"))
	if err != nil || len(files) != 1 {
		t.Fatalf("owners' files %v, %v", files, err)
	}
	owner, err := checkpoint.Own(files[0], checkpoint.Holder{PID: 77, Host: "elsewhere"})
	if err != nil {
		t.Fatal(err)
	}
	calls := s.org.Stats().Calls
	s.want(s.run("sweep", "Deals", "--source", "manual"), 8, "process 77 on elsewhere")
	if n := s.org.Stats().Calls; n != calls {
		t.Errorf("%d calls while another holds the org", n-calls)
	}
	s.want(s.run("sweep", "Deals", "--source", "manual", "--dry-run"), 0, "3 records would be unlocked")
	s.want(s.run("locks", "Deals"), 0)
	waiting := s.start("sweep", "Deals", "--source", "manual", "--wait", "1m")
	if err := waiting.until(t.Context(), "waiting up to 1m 00s for process 77"); err != nil {
		t.Fatal(err)
	}
	owner.Release()
	s.want(waiting.wait(), 0, "3 records unlocked")
}

// Two at once: each lock is taken away once, and whoever comes second waits and finds nothing.
func TestSweepTwoAtOnce(t *testing.T) {
	s := withDeals(t, 10, everyWay, nil)
	args := []string{"sweep", "Deals", "--source", "manual", "--wait", "1m"}
	one, two := s.start(args...), s.start(args...)
	said := s.want(one.wait(), 0).err + s.want(two.wait(), 0).err
	if !strings.Contains(said, "3 records unlocked") || !strings.Contains(said, "nothing to unlock") || s.org.Stats().ByOp[sim.OpUnlock] != 3 {
		t.Errorf("said %s; %d unlocks", said, s.org.Stats().ByOp[sim.OpUnlock])
	}
}

// A sweep that was stopped is gone on with by resume.
func TestSweepGoesOnWithResume(t *testing.T) {
	s := withDeals(t, 10, everyWay, nil)
	o := s.want(s.run("sweep", "Deals", "--source", "manual", "--max-credits", "9", "--composite", "off"), 6, "next: zlock resume")
	if !strings.HasPrefix(o.err, "Deals: ") || len(s.stillLocked(10)) == 2 || s.org.Stats().Credits > 9 {
		t.Errorf("said %s; locked %v; %d credits", o.err, s.stillLocked(10), s.org.Stats().Credits)
	}
	s.want(s.run("resume"), 0)
	if got := s.stillLocked(10); !slices.Equal(got, []int{0, 1}) {
		t.Errorf("locked still: %v", got)
	}
}

// Where the finding is stopped nothing was sent, and no run is left.
func TestSweepThatFindsNoEnd(t *testing.T) {
	for name, tt := range map[string]struct {
		standing sim.Standing
		args     []string
		code     int
	}{
		"credits":    {args: []string{"--max-credits", "4"}, code: 6},
		"permission": {standing: sim.Standing{PermissionDenied: []sim.Op{sim.OpList}}, code: 4},
	} {
		t.Run(name, func(t *testing.T) {
			s := withDeals(t, 10, everyWay, nil)
			s.org.SetStanding(tt.standing)
			s.want(s.run(append([]string{"sweep", "Deals", "--source", "manual"}, tt.args...)...), tt.code)
			if o := s.run("runs", "--json"); strings.Contains(o.out, `"run":`) || s.org.Stats().Applied != 0 {
				t.Errorf("runs: %s; %d changed", o.out, s.org.Stats().Applied)
			}
		})
	}
}

// Who is signed in is asked once and remembered; where Zoho will not say, others' locks are safe.
func TestSweepLearnsWhoItIs(t *testing.T) {
	s := withDeals(t, 10, everyWay, nil)
	s.want(s.run("sweep", "Deals", "--reason", "Patricia*"), 0, "1 another user's and left")
	s.want(s.run("sweep", "Deals", "--reason", "Patricia*"), 0)
	if n := s.org.Stats().ByOp[sim.OpUsers]; n != 1 {
		t.Errorf("asked %d times who is signed in", n)
	}
	s = withDeals(t, 10, everyWay, nil)
	s.org.SetStanding(sim.Standing{ScopeMissing: []sim.Op{sim.OpUsers}})
	s.want(s.run("sweep", "Deals", "--source", "manual"), 0, "who is signed in can't be told", "nothing to unlock", "4 another user's and left")
	if len(s.stillLocked(10)) != 5 {
		t.Errorf("locked still: %v", s.stillLocked(10))
	}
}

// What Zoho holds as reasons goes through our reader, whatever it is.
func TestSweepTakesAnyReason(t *testing.T) {
	for _, reason := range []string{"{Quarter} {record_id}", "a\x1b[31mb\x00", "'=1+1", strings.Repeat("ä", 3000), "two\nlines", "<script>"} {
		s := withDeals(t, 1, func(int) *sim.Lock { return &sim.Lock{Source: sim.Manual, Reason: reason} }, nil)
		o := s.want(s.run("sweep", "Deals", "--source", "manual", "--dry-run"), 0)
		if strings.ContainsAny(o.err, "\x1b\x00") {
			t.Errorf("%q: said %q", reason, o.err)
		}
		s.want(s.run("sweep", "Deals", "--source", "manual"), 0)
		var row struct {
			Previous string `json:"zlock_previous_reason"`
		}
		if err := json.Unmarshal([]byte(s.want(s.run("results", "--json"), 0).out), &row); err != nil || row.Previous != strings.ReplaceAll(reason, "\x00", "\uFFFD") {
			t.Errorf("%q is kept as %q, %v", reason, row.Previous, err)
		}
	}
}

func TestSweepUsage(t *testing.T) {
	s := withDeals(t, 1, everyWay, nil)
	s.file("bad.txt", dealID(1)+"\nx\n")
	s.file("damaged.txt", "5843104000000420000\n")
	s.want(s.run("sweep", "Deals", "--ours", "--keep", "damaged.txt", "--ids-checked"), 0, "nothing to unlock")
	for _, in := range []struct{ args, says string }{
		{"sweep", "sweep takes one MODULE"},
		{"sweep Deals", "a filter is missing"},
		{"sweep Deals --any-owner", "a filter is missing"},
		{"sweep ../users --ours", "no module's API name"},
		{"sweep Deals --source automatic", "one of manual"},
		{"sweep Deals --locked-before yesterday", "an age such as 30d"},
		{"sweep Deals --ours --keep bad.txt", "not a record id"},
		{"sweep Deals --ours --keep damaged.txt", "--ids-checked"},
		{"sweep Deals --ours --keep nowhere.txt", "no such file"},
		{"sweep Deals --from-run 20990101", "20990101"},
		{"sweep Deals --ours --simulate", "--simulate"},
		{"sweep Deals --ours --limit 3", "--limit"},
	} {
		if o := s.want(s.run(strings.Fields(in.args)...), 2, in.says); o.out != "" {
			t.Errorf("%s: %q", in.args, o.out)
		}
	}
	s.env["ZLOCK_SIMULATE"] = "true"
	s.want(s.run("sweep", "Deals", "--ours"), 2, "zlock sim is a Zoho to sweep")
	if n := s.org.Stats().Calls; n != 0 {
		t.Errorf("%d calls", n)
	}
}

// Outside of the window a sweep waits before its first call, or stops there.
func TestSweepKeepsToTheWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which begins at midnight, UTC
		s := newStage(t).inBubble(3, func(c *sim.Config) {
			c.Records = func(yield func(sim.Record) bool) {
				yield(sim.Record{Module: "Deals", ID: dealID(1), Lock: &sim.Lock{Source: sim.Manual, Reason: "r"}})
			}
		})
		began := time.Now()
		args := []string{"sweep", "Deals", "--source", "manual", "--window", "02:00-06:00", "--tz", "UTC"}
		s.want(s.run(append(args, "--on-window", "stop")...), 6, "window")
		if s.org.Stats().Calls != 0 {
			t.Errorf("%d calls outside of the window", s.org.Stats().Calls)
		}
		if o := s.want(s.run(append(args, "--max-duration", "1h")...), 6, "window"); strings.Contains(o.err, "waiting until") || s.org.Stats().Calls != 0 {
			t.Errorf("its time was up before the window: %s", o.err)
		}
		if waited := time.Since(began); waited > time.Hour {
			t.Errorf("waited %v for a window beyond its time", waited)
		}
		s.want(s.run(args...), 0, "waiting until", "1 record unlocked")
		if waited := time.Since(began); waited < 2*time.Hour || waited > 3*time.Hour {
			t.Errorf("waited %v", waited)
		}
	})
}
