package proof_test

import (
	"slices"
	"testing"
	"time"

	"zlock/batch"
	"zlock/checkpoint"
	"zlock/proof"
	"zlock/zoho/sim"
)

const (
	me   = "11"
	her  = "22"
	mine = "9001" // the lock that we make for row 1
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// at is a moment of the story.
func at(seconds float64) time.Time { return noon.Add(time.Duration(seconds * float64(time.Second))) }

// call is an event of ours; when in seconds.
func call(when float64, op sim.Op, id string, status int) sim.Event {
	return sim.Event{At: at(when), Op: op, Module: "Deals", ID: id, Actor: me, Status: status, InFlight: 1}
}

func rowOf(seq int64, id string, a batch.Action, o batch.Outcome, lockID string) checkpoint.RowReport {
	r := checkpoint.RowReport{Row: batch.Row{
		Seq: seq, Line: int(seq) + 1, Module: "Deals", RecordID: id, Action: a, Outcome: o, LockID: lockID, Attempts: 1, Credits: 1,
	}}
	if a != batch.ActionUnlock {
		r.Reason = "audit"
	}
	r.FinishedAt = at(float64(seq) * 10)
	return r
}

// good is a history in which every promise was kept: a lock, an unlock, a change of reason, and three
// that found it so already. Every row is worked in the ten seconds before it is finished.
func good() proof.History {
	lock := call(5, sim.OpLock, "101", 201)
	lock.LockID, lock.Reason, lock.Applied = mine, "audit", true
	look := call(13, sim.OpList, "102", 200)
	drop := call(15, sim.OpUnlock, "102", 200)
	drop.LockID, drop.Applied, drop.Holder = "502", true, me
	see := call(23, sim.OpList, "103", 200)
	word := call(25, sim.OpReason, "103", 200)
	word.LockID, word.Applied, word.Reason, word.Holder = "503", true, "audit", me
	taken := call(35, sim.OpLock, "104", 403)
	free := call(45, sim.OpList, "105", 204)
	same := call(55, sim.OpList, "106", 200)
	h := proof.History{
		Events: []sim.Event{lock, look, drop, see, word, taken, free, same},
		Me:     me,
		Initial: []sim.Record{
			{Module: "Deals", ID: "102", Lock: &sim.Lock{ID: "502", Reason: "before", By: sim.User{ID: me}}},
			{Module: "Deals", ID: "103", Lock: &sim.Lock{ID: "503", Reason: "before", By: sim.User{ID: me}}},
			{Module: "Deals", ID: "104", Lock: &sim.Lock{ID: "504", Reason: "hers", By: sim.User{ID: her}}},
			{Module: "Deals", ID: "106", Lock: &sim.Lock{ID: "506", Reason: "audit", By: sim.User{ID: me}}},
		},
		Run: batch.Run{ID: "run", Total: 6, Calls: 8, Credits: 8, Counts: map[batch.Outcome]int64{
			batch.Locked: 1, batch.Unlocked: 1, batch.ReasonUpdated: 1, batch.AlreadyLocked: 1, batch.AlreadyUnlocked: 1, batch.AlreadySet: 1,
			batch.Failed: 0,
		}},
		Rows: []checkpoint.RowReport{
			rowOf(1, "101", batch.ActionLock, batch.Locked, mine),
			rowOf(2, "102", batch.ActionUnlock, batch.Unlocked, "502"),
			rowOf(3, "103", batch.ActionUpdateReason, batch.ReasonUpdated, "503"),
			rowOf(4, "104", batch.ActionLock, batch.AlreadyLocked, ""),
			rowOf(5, "105", batch.ActionUnlock, batch.AlreadyUnlocked, ""),
			rowOf(6, "106", batch.ActionUpdateReason, batch.AlreadySet, "506"),
		},
		Intents: []proof.Intent{{Row: 1}, {Row: 2}, {Row: 2, LockID: "502", After: 2}, {Row: 3, LockID: "503", After: 4}, {Row: 4, After: 5}},
		Exits:   []int{6, 0},
		Secrets: []string{"hush"}, Artefacts: map[string][]byte{"stderr": []byte("all is well")},
		Options: proof.Options{Cap: 4, Sends: 3, Settle: 60 * time.Second},
	}
	h.Snapshots = []proof.Snapshot{{Name: "results", Events: 3, Killed: true, Rows: told(h.Rows)}}
	for i := range h.Snapshots[0].Rows[2:] {
		h.Snapshots[0].Rows[i+2] = proof.Told{Line: i + 4, Outcome: batch.Pending}
	}
	number(&h)
	return h
}

// number puts the events in the order of their times and numbers them.
func number(h *proof.History) {
	slices.SortStableFunc(h.Events, func(a, b sim.Event) int { return a.At.Compare(b.At) })
	for i := range h.Events {
		h.Events[i].Seq = int64(i + 1)
	}
}

func told(rows []checkpoint.RowReport) []proof.Told {
	var all []proof.Told
	for _, r := range rows {
		all = append(all, proof.Told{Line: r.Line, Outcome: r.Outcome, Code: r.Code, LockID: r.LockID, Attempts: r.Attempts, Credits: r.Credits})
	}
	return all
}

// end makes a row end otherwise than it did.
func end(h *proof.History, seq int, o batch.Outcome) {
	h.Run.Counts[h.Rows[seq-1].Outcome]--
	h.Run.Counts[o]++
	h.Rows[seq-1].Outcome = o
	h.Snapshots, h.Exits = nil, nil
}

// more adds events, paid for, with whatever intents they need.
func more(h *proof.History, events ...sim.Event) {
	for _, e := range events {
		h.Events = append(h.Events, e)
		if e.Actor == me && !e.Late {
			h.Run.Calls, h.Run.Credits = h.Run.Calls+1, h.Run.Credits+1
		}
	}
	number(h)
	h.Intents, h.Snapshots = nil, nil
}

// acted is what somebody else did, by hand.
func acted(when float64, op sim.Op, id, lockID string) sim.Event {
	e := call(when, op, id, 0)
	e.Actor, e.LockID, e.Applied, e.Reason = her, lockID, true, "hers"
	return e
}

// did is a change of ours.
func did(when float64, op sim.Op, id, lockID string) sim.Event {
	e := call(when, op, id, 200)
	e.LockID, e.Applied, e.Reason = lockID, true, "audit"
	return e
}

// lost is a call of ours that got no answer.
func lost(e sim.Event) sim.Event {
	e.Status, e.Fault = 0, sim.DropAfter
	return e
}

func TestGoodHistoryBreaksNothing(t *testing.T) {
	for _, v := range proof.Check(good()) {
		t.Error(v)
	}
	if v := proof.Check(proof.History{}); len(v) > 0 {
		t.Errorf("an empty history: %v", v)
	}
}

// spoiled are histories that break one promise each.
var spoiled = []struct {
	name  string
	id    string // of the invariant that must notice
	spoil func(h *proof.History)
}{
	{"the log has a gap", "I0", func(h *proof.History) { h.Events = slices.Delete(h.Events, 5, 6) }},
	{"the log lost its beginning", "I0", func(h *proof.History) { h.Events = h.Events[1:] }},
	{"a call for no row", "I0", func(h *proof.History) { more(h, call(60, sim.OpList, "999", 204)) }},
	{"a told outcome changed", "I1", func(h *proof.History) { h.Snapshots[0].Rows[0].Outcome = batch.AlreadyLocked }},
	{"a told outcome was forgotten", "I1", func(h *proof.History) { h.Snapshots[0].Rows[5].Outcome = batch.Failed }},
	{"a told lock id changed", "I1", func(h *proof.History) { h.Snapshots[0].Rows[0].LockID = "1" }},
	{"a told share of credits changed", "I1", func(h *proof.History) { h.Snapshots[0].Rows[0].Credits = 2 }},
	{"a lock without intent", "I2", func(h *proof.History) { h.Intents = h.Intents[1:] }},
	{"an intent after its change", "I2", func(h *proof.History) { h.Intents[0].After = 1 }},
	{"an intent for another lock", "I2", func(h *proof.History) { h.Intents[2].LockID = "7" }},
	{"killed after a change, told as pending", "I2", func(h *proof.History) { h.Snapshots[0].Rows[0] = proof.Told{Line: 2, Outcome: batch.Pending} }},
	{"applied twice", "I3", func(h *proof.History) { more(h, did(7, sim.OpLock, "101", mine)) }},
	{"a late effect applied twice", "I3", func(h *proof.History) {
		late := did(90, sim.OpReason, "103", "503")
		late.Status, late.Late = 0, true
		late.Fault = sim.LateEffect
		more(h, late)
	}},
	{"sent too often", "I3", func(h *proof.History) {
		for i := range 4 {
			more(h, call(31+float64(i)/2, sim.OpLock, "104", 403))
		}
	}},
	{"locked, and never made", "I4", func(h *proof.History) { end(h, 4, batch.Locked); h.Rows[3].LockID = "504" }},
	{"locked by another lock", "I4", func(h *proof.History) { h.Rows[0].LockID = "504"; h.Snapshots = nil }},
	{"unlocked, and never done", "I4", func(h *proof.History) { end(h, 5, batch.Unlocked) }},
	{"unlocked by another's hand, and nothing sent", "I4", func(h *proof.History) {
		more(h, acted(41, sim.OpLock, "105", "705"), acted(42, sim.OpUnlock, "105", "705"))
		end(h, 5, batch.Unlocked)
		h.Rows[4].LockID = "705"
	}},
	{"reason changed, and never done", "I4", func(h *proof.History) { end(h, 6, batch.ReasonUpdated) }},
	{"ours claimed as already", "I5", func(h *proof.History) { end(h, 1, batch.AlreadyLocked) }},
	{"done and reported failed", "I5", func(h *proof.History) { end(h, 2, batch.Failed) }},
	{"done and left pending", "I5", func(h *proof.History) { h.Open = true; end(h, 3, batch.Pending) }},
	{"deleted a lock not recorded", "I6", func(h *proof.History) { h.Rows[1].LockID, h.Intents, h.Snapshots = "1", nil, nil }},
	{"named a lock not recorded", "I6", func(h *proof.History) {
		e := call(14, sim.OpUnlock, "102", 400)
		e.LockID = "777"
		more(h, e)
	}},
	{"took away another's lock", "I6", func(h *proof.History) { h.Initial[0].Lock.By.ID = her }},
	{"too many in flight", "I7", func(h *proof.History) { h.Events[3].InFlight = 5 }},
	{"more calls than credits", "I8", func(h *proof.History) { h.Run.Credits, h.Crashed = 7, true }},
	{"credits booked and nothing crashed", "I8", func(h *proof.History) { h.Run.Credits = 9 }},
	{"more calls than the ledger has credits", "I8", func(h *proof.History) { h.Ledger, h.Crashed = 7, true }},
	{"a ledger that is ahead and nothing crashed", "I8", func(h *proof.History) { h.Ledger = 9 }},
	{"calls not counted", "I8", func(h *proof.History) { h.Run.Calls = 7 }},
	{"shares larger than the sum", "I8", func(h *proof.History) { h.Rows[5].Credits = 40 }},
	{"a row is missing", "I9", func(h *proof.History) { h.Rows = h.Rows[:5] }},
	{"a row stands twice", "I9", func(h *proof.History) { h.Rows[5].Seq = 5 }},
	{"a count is wrong", "I9", func(h *proof.History) { h.Run.Counts[batch.Locked] = 2 }},
	{"a row was not told", "I9", func(h *proof.History) { h.Snapshots[0].Rows = h.Snapshots[0].Rows[:5] }},
	{"a line was told twice", "I9", func(h *proof.History) { h.Snapshots[0].Rows[5].Line = 2 }},
	{"a secret was said", "I10", func(h *proof.History) { h.Artefacts["stderr"] = []byte("token=hush!") }},
	{"not done at the end", "I12", func(h *proof.History) { end(h, 5, batch.Unknown) }},
	{"locked, and the lock is gone", "I12", func(h *proof.History) {
		h.Events[0].LockID = "1"
		h.Rows[0].LockID = "1"
		h.Events = append(h.Events, did(61, sim.OpUnlock, "101", "1"))
	}},
	{"unlocked, and it is locked", "I12", func(h *proof.History) { h.Events[2].Applied = false }},
	{"another reason than reported", "I12", func(h *proof.History) { h.Events[4].Reason = "other" }},
	{"a final row was sent again", "P5", func(h *proof.History) {
		h.Events = append(h.Events, call(70, sim.OpLock, "101", 403))
		number(h)
	}},
	{"a final row was read back", "P5", func(h *proof.History) {
		h.Events = append(h.Events, call(70, sim.OpList, "102", 204))
		number(h)
	}},
	{"already locked by nobody", "P9", func(h *proof.History) { h.Initial = slices.Delete(h.Initial, 2, 3) }},
	{"already locked by ourselves", "P9", func(h *proof.History) {
		more(h, call(7, sim.OpLock, "101", 403))
		end(h, 1, batch.AlreadyLocked)
	}},
	{"already unlocked, and it was locked", "P9", func(h *proof.History) {
		h.Initial = append(h.Initial, sim.Record{Module: "Deals", ID: "105", Lock: &sim.Lock{ID: "505", By: sim.User{ID: me}}})
	}},
	{"already set, and it was not", "P9", func(h *proof.History) { h.Initial[3].Lock.Reason = "another" }},
	{"sent again too soon", "P10", func(h *proof.History) {
		more(h, lost(call(1, sim.OpLock, "101", 0)))
	}},
	{"sent again after a crash too soon", "P10", func(h *proof.History) {
		h.Crashed = true
		more(h, call(1, sim.OpLock, "101", 201))
	}},
	{"sent again after its answer", "P10", func(h *proof.History) { more(h, call(1, sim.OpLock, "101", 201)) }},
	{"0, and a row failed", "P12", func(h *proof.History) { end(h, 4, batch.Failed); h.Exits = []int{0} }},
	{"0, and a row is open", "P12", func(h *proof.History) { h.Open = true; end(h, 4, batch.Pending); h.Exits = []int{0} }},
	{"5, and all is well", "P12", func(h *proof.History) { h.Exits = []int{5} }},
	{"failed with 429", "P15", func(h *proof.History) { end(h, 4, batch.Failed); h.Rows[3].HTTP = 429 }},
	{"429 counted as an attempt", "P15", func(h *proof.History) { h.Rows[3].Attempts = 2; h.Snapshots = nil }},
	{"an attempt that was throttled", "P15", func(h *proof.History) { h.Attempts = map[int64][]batch.Attempt{4: {{N: 1, HTTP: 429}}} }},
}

func TestEveryInvariantCanFail(t *testing.T) {
	caught := map[string]bool{}
	for _, tt := range spoiled {
		t.Run(tt.id+" "+tt.name, func(t *testing.T) {
			h := good()
			tt.spoil(&h)
			for _, v := range proof.Check(h) {
				if v.ID == tt.id {
					caught[tt.id] = true
					return
				}
			}
			t.Errorf("%s did not notice; found: %v", tt.id, proof.Check(h))
		})
	}
	for _, id := range proof.Invariants() {
		if !caught[id] {
			t.Errorf("no bad history shows that %s can fail", id)
		}
	}
}

// excused are histories that look bad and are not.
var excused = []struct {
	name string
	bend func(h *proof.History)
}{
	{"made again after another took it away", func(h *proof.History) {
		more(h, lost(did(1, sim.OpLock, "101", "800")), acted(3, sim.OpUnlock, "101", "800"))
		h.Settle = 0
	}},
	{"gone by another's hand while ours was on its way", func(h *proof.History) {
		h.Events[2].Applied = false
		h.Events[2].Status, h.Events[2].Fault = 0, sim.DropBefore
		more(h, acted(16, sim.OpUnlock, "102", "502"))
	}},
	{"locked again by another since", func(h *proof.History) { more(h, acted(80, sim.OpLock, "102", "801")) }},
	{"done, then undone by another, and reported failed", func(h *proof.History) {
		more(h, acted(6, sim.OpUnlock, "101", mine))
		end(h, 1, batch.Failed)
		h.Rows[0].Code = batch.CodeLockChanged
	}},
	{"sent again after patience", func(h *proof.History) { more(h, lost(call(-60, sim.OpLock, "101", 0))) }},
	{"throttled, then sent", func(h *proof.History) { more(h, call(4, sim.OpLock, "101", 429)) }},
	{"crashed: more credits booked than calls arrived", func(h *proof.History) { h.Crashed, h.Run.Credits = true, 12 }},
	{"two rows of one record", func(h *proof.History) {
		first, second := rowOf(7, "107", batch.ActionLock, batch.Locked, "807"), rowOf(8, "107", batch.ActionUnlock, batch.Unlocked, "807")
		h.Rows = append(h.Rows, first, second)
		more(h, did(65, sim.OpLock, "107", "807"), call(74, sim.OpList, "107", 200), did(75, sim.OpUnlock, "107", "807"))
		h.Run.Total = 8
		h.Run.Counts[batch.Locked]++
		h.Run.Counts[batch.Unlocked]++
	}},
	{"a failed row was told, and retried", func(h *proof.History) {
		h.Retried = true
		h.Snapshots[0].Rows[5].Outcome = batch.Failed
	}},
	{"a clock that is ahead", func(h *proof.History) {
		h.Skew = time.Hour
		for i := range h.Events {
			h.Events[i].At = h.Events[i].At.Add(time.Hour)
		}
	}},
}

func TestWhatOthersDidIsNotHeldAgainstUs(t *testing.T) {
	for _, tt := range excused {
		t.Run(tt.name, func(t *testing.T) {
			h := good()
			tt.bend(&h)
			for _, v := range proof.Check(h) {
				t.Error(v)
			}
		})
	}
}
