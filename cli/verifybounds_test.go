package cli_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"zlock/cli"
	"zlock/zoho/sim"
)

// What was found before the credits ran out is paid for, and told.
func TestVerifyStopsAtItsCredits(t *testing.T) {
	s, want := tampered(t)
	before := s.org.Stats().Calls
	d := s.verify(6, "--max-credits", "20")
	if calls := s.org.Stats().Calls - before; calls > 20 || d.Complete {
		t.Errorf("%d calls with 20 credits, complete: %v", calls, d.Complete)
	}
	left, _ := d.Rows["not_looked_at"].(float64)
	if left == 0 || len(d.Differences) == 0 || d.Rows["compared"] == 0.0 {
		t.Errorf("rows %v", d.Rows)
	}
	for id, what := range whats(d.Differences) {
		if want[id] != what {
			t.Errorf("%s: %s, want %s", id, what, want[id])
		}
	}
}

func TestVerifyAsks(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.locks("job.csv", 0, 120)), 0)
	before := s.org.Stats().Calls
	s.world = func(w *cli.World) { w.InTerminal, w.ErrTerminal = true, true }
	s.in = "n\n"
	s.want(s.run("verify"), 2, "declined: nothing was read", "about 123 credits")
	if calls := s.org.Stats().Calls - before; calls != 0 {
		t.Errorf("%d calls", calls)
	}
	s.want(s.run("verify", "--quick"), 0)
	s.in = "y\n"
	s.want(s.run("verify"), 0)
}

// A record that Zoho would not tell of is named, and neither a difference nor as it was left.
func TestVerifyUnread(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.locks("job.csv", 0, 5)), 0)
	s.org.SetStanding(sim.Standing{PermissionDenied: []sim.Op{sim.OpList}})
	d := s.verify(6)
	if len(d.Unread) != 5 || d.Unread[0].Note == nil || !strings.Contains(*d.Unread[0].Note, "NO_PERMISSION") || len(d.Differences) != 0 || !d.Complete {
		t.Errorf("%+v", d)
	}
	s.org.SetStanding(sim.Standing{ScopeMissing: []sim.Op{sim.OpRecords}})
	if d := s.verify(4); d.Complete || d.Rows["not_looked_at"] != 5.0 {
		t.Errorf("%+v", d)
	}
}

// The records edited between the cut-off and their lock are those whose Modified_Time lies between.
func TestVerifyCutoff(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.locks("job.csv", 180, 220)), 0)
	var list struct {
		Data []struct {
			ID string
			At time.Time `json:"Modified_Time"`
		}
	}
	for _, ids := range [][2]int{{180, 220}} {
		var names []string
		for i := ids[0]; i < ids[1]; i++ {
			names = append(names, leadID(i))
		}
		text := s.call(http.MethodGet, "/crm/v8/Leads?fields=id,Modified_Time&ids="+strings.Join(names, ","), "")
		if err := json.Unmarshal([]byte(text[strings.Index(text, "{"):]), &list); err != nil {
			t.Fatal(err)
		}
	}
	times := make([]time.Time, len(list.Data))
	for i, r := range list.Data {
		times[i] = r.At
	}
	slices.SortFunc(times, time.Time.Compare)
	cutoff := times[len(times)/2]
	want := map[string]bool{}
	for _, r := range list.Data {
		if r.At.After(cutoff) {
			want[r.ID] = true
		}
	}
	d := s.verify(0, "--cutoff", cutoff.UTC().Format(time.RFC3339))
	got := map[string]bool{}
	for _, l := range d.Edited {
		if l.Edited == nil || *l.Edited != "before_lock" {
			t.Errorf("%+v", l)
		}
		got[l.RecordID] = true
	}
	if len(want) < 5 || !maps.Equal(got, want) || d.Edits["before_lock"] != len(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	// Records that were locked before the run tell only by their lock when that was.
	for _, l := range s.verify(0, "--quick", "--cutoff", cutoff.UTC().Format(time.RFC3339)).Edited {
		known := slices.ContainsFunc(d.Edited, func(o verifyLine) bool { return o.RecordID == l.RecordID })
		if !known || l.Edited == nil || (*l.Edited == "after_cutoff") != (l.Line > 21) {
			t.Errorf("quick: %+v", l)
		}
	}
}

// What the lock lets through, or whom, is advice: the lock is as the run left it.
func TestVerifyEditsAfterTheLock(t *testing.T) {
	s := newStage(t).withZoho(func(c *sim.Config) {
		c.Modules = map[string]sim.Module{"Leads": {Configuration: `{"lock_type":"manual","locked_for":"all_profiles",` +
			`"excluded_fields":[{"api_name":"Description"}],"restricted_actions":["update"]}`}}
	})
	s.want(s.run("run", s.locks("job.csv", 198, 202)), 0)
	s.call(http.MethodPut, "/crm/v8/Leads/"+leadID(201), `{"data":[{"Description":"late"}]}`)
	d := s.verify(0, "--cutoff", "2001-01-01T00:00")
	if d.Edits["after_lock"] != 1 || d.Edits["before_lock"] != 3 || len(d.Edited) != 3 || d.Rows["as_left"] != 4.0 {
		t.Errorf("edits %v, rows %v", d.Edits, d.Rows)
	}
	o := s.want(s.run("verify", "--cutoff", "2001-01-01T00:00"), 0)
	for _, says := range []string{"advice: 1 record was edited after being locked", "3 records were edited between it and the lock, as far",
		"Description stays editable."} {
		if !strings.Contains(strings.Join(strings.Fields(o.out), " "), says) {
			t.Errorf("%q is not said: %s", says, o.out)
		}
	}
}

// A configuration that was changed since the run began is said, and no difference.
func TestVerifyConfigurationChanged(t *testing.T) {
	for _, tt := range []struct {
		name, modified string
		after          []string // a command once the run is done
		code           int
		changed        bool
		says           string
	}{
		{"untouched", "2001-01-01T00:00:00+02:00", nil, 0, false, "Not changed since the run began."},
		{"changed", "2999-01-01T00:00:00Z", nil, 0, true, "Changed since the run began: 2999-01-01 00:00:00 UTC, by Patricia Boyle."},
		{"deleted", "2001-01-01T00:00:00Z", []string{"config", "delete", "Leads", "--yes"}, 9, true, "no locking configuration any more"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t).withZoho(func(c *sim.Config) {
				c.Modules = map[string]sim.Module{"Leads": {Configuration: `{"lock_type":"manual","locked_for":"all_profiles",` +
					`"restricted_actions":["update"],"modified_time":"` + tt.modified + `"}`}}
			})
			s.want(s.run("run", s.locks("job.csv", 0, 2)), 0)
			if tt.after != nil {
				s.want(s.run(tt.after...), 0)
			}
			d := s.verify(tt.code)
			if c := d.Configurations; len(c) != 1 || c[0].Changed == nil || *c[0].Changed != tt.changed {
				t.Errorf("%+v", c)
			}
			o := s.want(s.run("verify", "--tz", "UTC"), tt.code)
			if !strings.Contains(strings.Join(strings.Fields(o.out), " "), tt.says) {
				t.Errorf("%q is not said: %s", tt.says, o.out)
			}
		})
	}
}

// Rows are told in the job file's order, however many there are and whatever modules they name, and
// bulk reads are full all the same.
func TestVerifyManyRows(t *testing.T) {
	const n = 2_300
	id := func(i int) string { return fmt.Sprintf("58431040000030%04d1", i) }
	module := func(i int) string { return []string{"Leads", "Deals", "Contacts"}[i%3] }
	s := newStage(t).withZoho(func(c *sim.Config) {
		c.MaxIDs = 60
		c.Records = func(yield func(sim.Record) bool) {
			for i := range n {
				if !yield(sim.Record{Module: module(i), ID: id(i), Lock: &sim.Lock{Reason: "Before"}}) {
					return
				}
			}
		}
	})
	var b strings.Builder
	b.WriteString("record_id,module,action,reason\n")
	for i := range n {
		fmt.Fprintf(&b, "%s,%s,lock,Audit\n", id(i), module(i))
	}
	s.want(s.run("run", s.file("job.csv", b.String()), "--precheck", "always"), 0)
	want := map[string]string{}
	for i := 0; i < n; i += 97 {
		if _, err := s.org.Act(sim.Patricia(), sim.OpUnlock, sim.Record{Module: module(i), ID: id(i)}); err != nil {
			t.Fatal(err)
		}
		want[id(i)] = "unlocked"
	}
	before := s.org.Stats().Calls
	o := s.want(s.run("verify", "--format", "jsonl"), 9, "2,000 of 2,300 rows; 21 differences")
	got, line := map[string]string{}, 2
	for text := range strings.Lines(o.out) {
		var l verifyLine
		if err := json.Unmarshal([]byte(text), &l); err != nil || l.Line != line {
			t.Fatalf("line %d: %v in %s", line, err, text)
		}
		if line++; l.What != "as_left" {
			got[l.RecordID] = l.What
		}
	}
	if line != n+2 || !maps.Equal(got, want) {
		t.Errorf("%d lines; got %v, want %v", line-2, got, want)
	}
	if calls := s.org.Stats().Calls - before; calls > 60 {
		t.Errorf("%d calls for %d records", calls, n)
	}
}

func TestVerifyInterrupted(t *testing.T) {
	s := newStage(t).withZoho(nil)
	gate := s.gated()
	gate.open()
	s.want(s.run("run", s.locks("job.csv", 0, 5)), 0)
	gate.mu.Lock()
	gate.shut = make(chan struct{})
	gate.mu.Unlock()
	s.signals = make(chan os.Signal, 4)
	g := s.start("verify", "--json")
	<-gate.arrived
	s.signals <- os.Interrupt
	o := s.want(g.wait(), 130, "nothing was sent")
	gate.open()
	var d verifyDocument
	if err := json.Unmarshal([]byte(o.out), &d); err != nil || d.Complete || d.Rows["not_looked_at"] != 5.0 {
		t.Errorf("%v in %s", err, o.out)
	}
}
