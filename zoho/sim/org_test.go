package sim_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"zlock/zoho/sim"
)

func TestSomebodyElseActs(t *testing.T) {
	tests := []struct {
		name string
		op   sim.Op
		rec  sim.Record
		want string // the lock afterwards, or the error
	}{
		{"locks", sim.OpLock, lockedLead("1"), "Manual deal in progress Patricia Boyle"},
		{"a rule locks", sim.OpLock, sim.Record{Module: "Leads", ID: "1", Lock: &sim.Lock{Source: sim.Automatic}}, "Automatic  "},
		{"locks twice", sim.OpLock, lead("2"), "locked already"},
		{"re-words", sim.OpReason, sim.Record{Module: "Leads", ID: "2", Lock: &sim.Lock{Reason: "hers"}}, "Manual hers Lena Hart"},
		{"unlocks", sim.OpUnlock, lead("2"), "free"},
		{"unlocks what is free", sim.OpUnlock, lead("1"), "not locked"},
		{"an unknown record", sim.OpLock, lead("9"), "no such record"},
		{"an unknown module", sim.OpLock, sim.Record{Module: "Deals", ID: "1"}, "no such record"},
		{"reads", sim.OpList, lead("2"), "list changes nothing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			mine := lead("2")
			mine.Lock = &sim.Lock{Reason: "mine"}
			o := found(t, holding(lead("1"), mine))
			l, err := o.Act(sim.Patricia(), tt.op, tt.rec)
			if err != nil {
				if !strings.Contains(err.Error(), tt.want) || len(o.Log()) != 0 {
					t.Errorf("error %v, want %q; log %+v", err, tt.want, o.Log())
				}
				return
			}
			got := "free"
			if now, locked := o.Lock(tt.rec.Module, tt.rec.ID); locked {
				got = fmt.Sprintf("%s %s %s", now.Source, now.Reason, now.By.Name)
			}
			if got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
			log := o.Log()
			if len(log) != 1 || log[0].Actor != sim.Patricia().ID || log[0].LockID != l.ID || !log[0].Applied || l.ID == "" {
				t.Errorf("log %+v, lock %+v", log, l)
			}
		})
	}
}

func TestTheLogTellsWhoseLockItWas(t *testing.T) {
	o := found(t, holding(lockedLead("1"), lead("2")))
	l, _ := o.Lock("Leads", "1")
	call(t, o, http.MethodDelete, one("1", l.ID), "")
	mine := lockID(t, o, "2")
	call(t, o, http.MethodGet, list("2")+allOf, "")
	call(t, o, http.MethodGet, "/crm/v8/nowhere/at/all", "")
	type brief struct {
		seq            int64
		op             sim.Op
		id, lock, held string
		status         int
		applied        bool
		reason         string
	}
	me := o.Log()[0].Actor
	want := []brief{
		{1, sim.OpUnlock, "1", l.ID, sim.Patricia().ID, 200, true, ""},
		{2, sim.OpLock, "2", mine, "", 201, true, "closing of the quarter"},
		{3, sim.OpList, "2", mine, me, 200, false, ""},
		{4, sim.OpOther, "", "", "", 404, false, ""},
	}
	var got []brief
	for _, e := range o.Log() {
		got = append(got, brief{e.Seq, e.Op, e.ID, e.LockID, e.Holder, e.Status, e.Applied, e.Reason})
		if e.InFlight != 1 || e.At.IsZero() {
			t.Errorf("event %+v", e)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("log\n%v, want\n%v", got, want)
	}
}

func TestTheLogKeepsTheNewest(t *testing.T) {
	cfg := holding(lead("1"))
	cfg.LogLimit = 3
	o := found(t, cfg)
	for n := range 20 {
		call(t, o, http.MethodGet, list("1")+allOf, "")
		log := o.Log()
		if len(log) != min(n+1, 3) || log[len(log)-1].Seq != int64(n+1) || o.Stats().Events != int64(n+1) {
			t.Fatalf("after %d calls: %+v", n+1, log)
		}
	}
}

func TestLocksGoInOrder(t *testing.T) {
	deal := sim.Record{Module: "Deals", ID: "50", Lock: &sim.Lock{}, Name: "Big one"}
	o := found(t, holding(lockedLead("10"), lockedLead("9"), lead("3"), deal))
	var got []string
	for r := range o.Locks() {
		got = append(got, r.Module+" "+r.ID+" "+r.Name)
	}
	if want := []string{"Deals 50 Big one", "Leads 9 Leads 0009 (Sample)", "Leads 10 Leads 0010 (Sample)"}; !slices.Equal(got, want) {
		t.Errorf("locks %q, want %q", got, want)
	}
	for range o.Locks() {
		break
	}
}

// TestEverybodyAtOnce lets many callers and Patricia work on the same records,
// then checks that the log is a history that could have been.
func TestEverybodyAtOnce(t *testing.T) {
	const callers, rounds, records = 16, 40, 10
	var recs []sim.Record
	for i := range records {
		recs = append(recs, lead(strconv.Itoa(i+1)))
	}
	cfg := kept(t, recs...)
	cfg.Latency = sim.Between(0, 200*time.Microsecond, 3)
	cfg.Script = []sim.Fault{
		{Match: sim.Match{Prob: 0.05}, Do: sim.DropAfter}, {Match: sim.Match{Prob: 0.05}, Do: sim.DropBefore},
		{Match: sim.Match{Prob: 0.05}, Do: sim.LateEffect, For: time.Millisecond}, {Match: sim.Match{Prob: 0.05}, Do: sim.CutBody},
	}
	o := found(t, cfg)
	var all sync.WaitGroup
	for n := range callers {
		all.Go(func() {
			for round := range rounds {
				busy(t, o, strconv.Itoa((n*7+round)%records+1), n == 0)
			}
		})
	}
	all.Wait()
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	checkHistory(t, o)
	after := state(o)
	during(t, cfg, func(again *sim.Org) {
		if n := len(events(again, func(e sim.Event) bool { return e.Late })); n == 0 && state(again) != after {
			t.Errorf("reopened as\n%swant\n%s", state(again), after)
		}
	})
}

// busy locks the record if it is free, and frees it if it is not.
func busy(t *testing.T, o *sim.Org, id string, patricia bool) {
	l, locked := o.Lock("Leads", id)
	switch {
	case patricia && locked:
		_, _ = o.Act(sim.Patricia(), sim.OpUnlock, lead(id)) // somebody may have been faster
	case patricia:
		_, _ = o.Act(sim.Patricia(), sim.OpLock, lockedLead(id))
	case locked:
		call(t, o, http.MethodDelete, one(id, l.ID), "")
	default:
		call(t, o, http.MethodPost, list(id), reason)
	}
}

// checkHistory replays the log: locks come to free records alone, and only the
// lock that is there can go.
func checkHistory(t *testing.T, o *sim.Org) {
	t.Helper()
	held := map[string]string{}
	born := map[string]bool{}
	for i, e := range o.Log() {
		if e.Seq != int64(i+1) {
			t.Fatalf("event %d has number %d", i+1, e.Seq)
		}
		switch {
		case !e.Applied:
		case e.Op == sim.OpLock && (held[e.ID] != "" || born[e.LockID]):
			t.Errorf("event %d: %s locked as %s, is %q", e.Seq, e.ID, e.LockID, held[e.ID])
		case e.Op == sim.OpLock:
			held[e.ID], born[e.LockID] = e.LockID, true
		case held[e.ID] != e.LockID:
			t.Errorf("event %d: %s unlocked of %s, is %q", e.Seq, e.ID, e.LockID, held[e.ID])
		default:
			delete(held, e.ID)
		}
	}
	for r := range o.Locks() {
		if held[r.ID] != r.Lock.ID {
			t.Errorf("%s is locked as %s, by the log as %q", r.ID, r.Lock.ID, held[r.ID])
		}
		delete(held, r.ID)
	}
	if len(held) > 0 {
		t.Errorf("the log leaves locks that are not there: %v", held)
	}
	s := o.Stats()
	for _, k := range []sim.Kind{sim.DropAfter, sim.DropBefore, sim.LateEffect, sim.CutBody} {
		if s.Faults[k] == 0 {
			t.Errorf("no %s struck", k)
		}
	}
}
