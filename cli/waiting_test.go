package cli_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zlock/checkpoint"
	"zlock/cli"
	"zlock/zoho/sim"
)

// inBubble puts a pretend Zoho behind the stage without a network, for a test in a bubble: n leads that
// are not locked, each call taking 200 ms.
func (s *stage) inBubble(n int, change func(*sim.Config)) *stage {
	s.t.Helper()
	config := sim.Config{
		Latency: func() time.Duration { return 200 * time.Millisecond },
		Tokens:  sim.TokenConfig{ClientID: "client", ClientSecret: secretOfTests, RefreshToken: refreshOfTests},
		Records: func(yield func(sim.Record) bool) {
			for i := range n {
				if !yield(sim.Record{Module: "Leads", ID: farLead(i)}) {
					return
				}
			}
		},
	}
	if change != nil {
		change(&config)
	}
	org, err := sim.New(config)
	if err != nil {
		s.t.Fatal(err)
	}
	s.org = org
	s.t.Cleanup(func() { _ = org.Close() })
	s.env["ZLOCK_API_URL"] = "http://127.0.0.1"
	s.env["ZLOCK_CLIENT_ID"], s.env["ZLOCK_CLIENT_SECRET"], s.env["ZLOCK_REFRESH_TOKEN"] = "client", secretOfTests, refreshOfTests
	s.world = func(w *cli.World) { w.Transport = org.Transport() }
	return s
}

func farLead(i int) string { return fmt.Sprintf("5843104000%07d51", i) }

// manyLocks writes a job file that locks the first n leads of inBubble.
func (s *stage) manyLocks(n int) string {
	s.t.Helper()
	var b strings.Builder
	b.WriteString("record_id,module,action,reason\n")
	for i := range n {
		fmt.Fprintf(&b, "%s,Leads,lock,Audit\n", farLead(i))
	}
	return s.file("job.csv", b.String())
}

// planned is what plan --json says.
type planned struct {
	Rows     struct{ Total, Duplicate, Invalid int64 }
	Credits  struct{ Expected, Worst int64 }
	EndsAt   time.Time `json:"ends_at"`
	Calendar []struct {
		Date          string
		From, To      time.Time
		Rows, Credits int64
		FirstRow      int64 `json:"first_row"`
		LastRow       int64 `json:"last_row"`
		Hours         []struct {
			Hour          string
			Rows, Credits int64
		}
	}
}

func (s *stage) plan(code int, args ...string) planned {
	s.t.Helper()
	o := s.want(s.run(append([]string{"plan", "--json"}, args...)...), code)
	var p planned
	if err := json.Unmarshal([]byte(o.out), &p); err != nil {
		s.t.Fatalf("plan: %v in %s", err, o.out)
	}
	return p
}

// byDay counts the locks made on each day in a zone.
func (s *stage) byDay(zone *time.Location) map[string]int64 {
	days := map[string]int64{}
	for _, e := range s.org.Log() {
		if e.Applied {
			days[e.At.In(zone).Format("2006-01-02")]++
		}
	}
	return days
}

// near fails unless got is within 5 % of want.
func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if got < want*0.95 || got > want*1.05 {
		t.Errorf("%s: %g, the plan said %g", what, got, want)
	}
}

// lookedFirst is what a sample and the try of a composite may cost a run, however often it waits.
const lookedFirst = 4

// A job of three days' credits waits and ends by itself, as its calendar says, and Zoho never sees more
// than the allowance in any 24 hours.
func TestThreeDaysOfCredits(t *testing.T) {
	for _, in := range []struct {
		name string
		args []string
	}{
		{"credits", []string{"--credits-per-day", "400", "--reserve", "25%"}},
		{"credits and a window", []string{"--credits-per-day", "300", "--window", "22:00-06:00", "--tz", "Europe/Berlin"}},
		{"a slow pace", []string{"--credits-per-day", "300", "--rate", "0.01", "--concurrency", "1"}},
	} {
		t.Run(in.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t).inBubble(1000, nil)
				began := time.Now()
				args := append([]string{s.manyLocks(1000), "--latency", "200ms", "--on-budget", "wait"}, in.args...)
				plan := s.plan(0, args...)
				args = append(append([]string{"run", args[0]}, "--on-budget", "wait"), in.args...)
				s.want(s.run(args...), 0, "waiting for credits until", "going on with run", "1,000  locked")
				ended := s.org.Log()[len(s.org.Log())-1].At

				near(t, "its length", ended.Sub(began).Hours(), plan.EndsAt.Sub(began).Hours())
				days := s.byDay(time.UTC)
				if strings.Contains(in.name, "window") {
					days = s.byDay(zoneOf(t, "Europe/Berlin"))
				}
				if len(plan.Calendar) < 3 || len(days) != len(plan.Calendar) {
					t.Errorf("%d days, %d planned", len(days), len(plan.Calendar))
				}
				next := int64(1)
				for _, day := range plan.Calendar {
					near(t, day.Date, float64(days[day.Date]), float64(day.Rows))
					if day.FirstRow != next || day.LastRow-day.FirstRow+1 != day.Rows {
						t.Errorf("%s: rows %d to %d, %d in all, after %d", day.Date, day.FirstRow, day.LastRow, day.Rows, next-1)
					}
					next = day.LastRow + 1
				}
				if most := s.mostInADay(); most > 300 {
					t.Errorf("%d calls within 24 hours, 300 are ours", most)
				}
				far := int64(s.org.Stats().Calls)
				if d := s.status(); d.Calls != far || d.Credits.Used != far || far > 1000+lookedFirst {
					t.Errorf("%d calls arrived, status %+v", far, d)
				}
			})
		})
	}
}

// mostInADay is the most calls that the far end saw within 24 hours.
func (s *stage) mostInADay() int {
	var calls []time.Time
	for _, e := range s.org.Log() {
		if e.Op != sim.OpToken {
			calls = append(calls, e.At)
		}
	}
	most, first := 0, 0
	for i, at := range calls {
		for at.Sub(calls[first]) >= 24*time.Hour {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

func zoneOf(t *testing.T, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// A run over the nights around a change of the clock, in either direction, sends nothing outside its
// window, goes on by itself each night, and lets go of the org in between.
func TestNightsOnly(t *testing.T) {
	for _, day := range []time.Time{time.Date(2000, 3, 24, 15, 0, 0, 0, time.UTC), time.Date(2000, 10, 27, 15, 0, 0, 0, time.UTC)} {
		t.Run(day.Format("Jan"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(day))
				s := newStage(t).inBubble(2000, func(c *sim.Config) { c.Latency = sim.Between(50*time.Millisecond, 900*time.Millisecond, 3) })
				args := []string{s.manyLocks(2000), "--window", "22:00-06:00", "--tz", "Europe/Berlin", "--rate", "0.02", "--concurrency", "1"}
				plan := s.plan(0, args...)
				g := s.start(append([]string{"run", "--no-progress"}, args...)...)
				noon := time.Date(day.Year(), day.Month(), day.Day()+2, 12, 0, 0, 0, time.UTC)
				time.Sleep(time.Until(noon))
				if d := s.status(); d.State != "paused" || *d.StoppedBy != "window" || d.Rows["pending"] == 0 || d.Rows["locked"] == 0 {
					t.Errorf("at noon: %+v", d)
				}
				if owners := s.owners(); len(owners) != 0 {
					t.Errorf("the org is held at noon: %v", owners)
				}
				s.want(g.wait(), 0, "the window is 22:00-06:00: waiting until", "CET", "CEST", "2,000  locked")
				berlin := zoneOf(t, "Europe/Berlin")
				for _, e := range s.org.Log() {
					if hour := e.At.In(berlin).Hour(); hour < 22 && hour >= 6 {
						t.Errorf("%s at %s", e.Op, e.At.In(berlin))
					}
				}
				days := s.byDay(berlin)
				var done, want int64
				for _, d := range plan.Calendar {
					done, want = done+days[d.Date], want+d.Rows
					near(t, "done by the end of "+d.Date, float64(done), float64(want))
				}
				if len(plan.Calendar) < 4 {
					t.Errorf("%d days planned: that shows nothing", len(plan.Calendar))
				}
			})
		})
	}
}

// owners are the orgs that somebody holds.
func (s *stage) owners() []string {
	s.t.Helper()
	files, err := filepath.Glob(filepath.Join(s.env["ZLOCK_STATE_DIR"], "orgs", "*", "owner.lock"))
	if err != nil || len(files) == 0 {
		s.t.Fatalf("no locks of owners: %v", err)
	}
	var held []string
	for _, file := range files {
		if checkpoint.Owned(file) {
			held = append(held, file)
		}
	}
	return held
}

func TestStopInsteadOfWaiting(t *testing.T) {
	for _, in := range []struct {
		name string
		args []string
		says []string
		by   string
	}{
		{"budget, no terminal", []string{"--credits-per-day", "100"}, []string{"credits used up", "it makes sense to go on at 2000-01-02 00:"}, "budget"},
		{"budget, told", []string{"--credits-per-day", "100", "--on-budget", "stop"}, nil, "budget"},
		{"the invocation's own", []string{"--max-credits", "50", "--on-budget", "wait"}, []string{"50 of the 50 credits of this invocation are spent"}, "budget"},
		{"window", []string{"--window", "06:00-22:00", "--on-window", "stop"}, []string{"outside its window", "it makes sense to go on at 2000-01-01 06:00:00 UTC"}, "window"},
		{"no time to wait", []string{"--credits-per-day", "100", "--on-budget", "wait", "--max-duration", "5h"}, []string{"its time is up before that"}, "budget"},
	} {
		t.Run(in.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t).inBubble(300, nil)
				s.want(s.run(append([]string{"run", s.manyLocks(300)}, in.args...)...), 6, in.says...)
				if took := time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)); took > time.Hour {
					t.Errorf("it waited %v", took)
				}
				if d := s.status(); d.State != "paused" || *d.StoppedBy != in.by {
					t.Errorf("status %+v", d)
				}
			})
		})
	}
}

// At a terminal a run waits unless told otherwise.
func TestWaitsAtATerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t).inBubble(300, nil)
		far := s.world
		s.world = func(w *cli.World) { far(w); w.ErrTerminal = true }
		s.want(s.run("run", s.manyLocks(150), "--credits-per-day", "100", "--no-progress"), 0, "waiting for credits until 2000-01-02 00:05:00\n", "150  locked")
	})
}

// A rehearsal waits too, and its pretend Zoho is the same one after the waiting.
func TestRehearsalWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.want(s.run("run", s.manyLocks(150), "--simulate", "--credits-per-day", "100", "--on-budget", "wait", "--window", "00:30-01:00"), 0,
			"the window is 00:30-01:00: waiting until 2000-01-01 00:30:00 UTC", "150  locked")
		if took := time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)); took < 24*time.Hour || took > 25*time.Hour {
			t.Errorf("it took %v", took)
		}
		if d := s.status(); d.Calls != 150 {
			t.Errorf("%d calls", d.Calls)
		}
	})
}

// What bounds an invocation bounds it over all its stints.
func TestBoundsCountEveryStint(t *testing.T) {
	for _, in := range []struct {
		args string
		want int64 // rows locked
		code int
	}{
		{"--max-credits 250", 250, 6},
		{"--limit 250", 250, 6},
		{"--max-duration 30h", 198, 6}, // two days of 100, of which one is kept for reading back
		{"--until 2000-01-01T23:00", 99, 6},
	} {
		t.Run(in.args, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t).inBubble(400, nil)
				args := append([]string{"run", s.manyLocks(400), "--credits-per-day", "100", "--on-budget", "wait", "--concurrency", "1", "--precheck", "never"}, strings.Fields(in.args)...)
				s.want(s.run(args...), in.code)
				if d := s.status(); d.Rows["locked"] != in.want || d.Calls != in.want {
					t.Errorf("%d rows locked in %d calls, want %d", d.Rows["locked"], d.Calls, in.want)
				}
			})
		})
	}
}

// Failures count over all stints too.
func TestBreakerCountsEveryStint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t).inBubble(10, nil) // the others do not exist
		s.want(s.run("run", s.manyLocks(400), "--credits-per-day", "60", "--on-budget", "wait", "--concurrency", "1", "--precheck", "never",
			"--max-failures", "100", "--max-failure-rate", "none"), 7, "100 rows failed, which is --max-failures")
		if d := s.status(); d.Rows["failed"] < 100 || d.Rows["failed"] > 102 { // those in hand end
			t.Errorf("status %+v", d)
		}
	})
}
