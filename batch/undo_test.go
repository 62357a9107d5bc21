package batch_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"zlock/batch"
	"zlock/zoho/sim"
)

// kept takes rows as an enrolment does.
type kept []batch.Row

func (k *kept) Add(row batch.Row) error {
	*k = append(*k, row)
	return nil
}

func (k *kept) Mark(int64, batch.Outcome, string, string, int64) error { return nil }

// undo enrols what takes the stage's run back, as its next run.
func (s *stage) undo(id string) (batch.UndoSummary, []batch.Row) {
	s.t.Helper()
	var rows kept
	sum, err := batch.Undo(s.t.Context(), s.db.Backwards(s.t.Context(), s.run.ID), batch.UndoOptions{}, &rows)
	if err != nil {
		s.t.Fatal(err)
	}
	s.enrolAs(id, rows)
	return sum, rows
}

// by has Patricia change a record's lock by hand.
func (s *stage) by(op sim.Op, id, reason string) {
	s.t.Helper()
	rec := sim.Record{Module: "Deals", ID: id, Lock: &sim.Lock{Reason: reason}}
	if _, err := s.org.Act(sim.Patricia(), op, rec); err != nil {
		s.t.Error(err)
	}
}

// remove deletes a record that is not locked.
func (s *stage) remove(id string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodDelete, "http://127.0.0.1/crm/v8/Deals?ids="+id, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Zoho-oauthtoken "+s.org.Token())
	answer, err := s.org.Transport().RoundTrip(request)
	if err != nil {
		s.t.Fatal(err)
	}
	body, _ := io.ReadAll(answer.Body)
	if !strings.Contains(string(body), "record deleted") {
		s.t.Fatalf("delete: %s", body)
	}
}

// meddling is what others do to a record between a run and its undo.
type meddling struct {
	name    string
	do      func(s *stage, id string)
	outcome batch.Outcome
	code    string
	says    string // the message of the undo's row
	reason  string // of the lock in the end; "" for none
}

func nothing(*stage, string)          {}
func unlocked(s *stage, id string)    { s.by(sim.OpUnlock, id, "") }
func reworded(s *stage, id string)    { s.by(sim.OpReason, id, "hers") }
func relocked(s *stage, id string)    { unlocked(s, id); s.by(sim.OpLock, id, "new") }
func deleted(s *stage, id string)     { unlocked(s, id); s.remove(id) }
func lockedByHer(s *stage, id string) { s.by(sim.OpLock, id, "hers") }
func putBack(s *stage, id string)     { s.by(sim.OpReason, id, "before") }

// meddlings is, by what the run did to the record, what becomes of it.
func meddlings() map[batch.Action][]meddling {
	return map[batch.Action][]meddling{
		batch.ActionLock: {
			{"untouched", nothing, batch.Unlocked, "", "", ""},
			{"unlocked", unlocked, batch.AlreadyUnlocked, "", "unlocked since", ""},
			{"reworded", reworded, batch.Failed, batch.CodeReasonChanged, `to "hers"`, "hers"},
			{"relocked", relocked, batch.Failed, batch.CodeLockChanged, "by Patricia", "new"},
			{"deleted", deleted, batch.Failed, batch.CodeRecordNotFound, "", ""},
		},
		batch.ActionUnlock: {
			{"untouched", nothing, batch.Locked, "", "do not come back", "before"},
			{"locked", lockedByHer, batch.Failed, batch.CodeAlreadyLocked, "locked since; by Patricia", "hers"},
			{"deleted", func(s *stage, id string) { s.remove(id) }, batch.Failed, batch.CodeRecordNotFound, "", ""},
		},
		batch.ActionUpdateReason: {
			{"untouched", nothing, batch.ReasonUpdated, "", "", "before"},
			{"put back", putBack, batch.AlreadySet, "", "", "before"},
			{"reworded", reworded, batch.Failed, batch.CodeReasonChanged, `to "hers"`, "hers"},
			{"unlocked", unlocked, batch.Failed, batch.CodeNotLocked, "not locked", ""},
			{"relocked", relocked, batch.Failed, batch.CodeLockChanged, "by Patricia", "new"},
			{"deleted", deleted, batch.Failed, batch.CodeRecordNotFound, "", ""},
		},
	}
}

// Only what is as the run left it is taken back, and the rest is left with the reason why, with or
// without bulk reads before.
func TestUndoLeavesWhatOthersChanged(t *testing.T) {
	for _, o := range []batch.Options{{}, {Precheck: batch.PrecheckAlways}, {OnLocked: batch.OnLockedUpdateReason}, {Composite: batch.CompositeOn}} {
		t.Run(fmt.Sprint(o.Precheck, o.OnLocked, o.Composite), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				rows, fates := meddled(4)
				s := newStage(t, sim.Config{}, rows)
				_, run := s.work(batch.Options{})
				if run.Counts[batch.Failed] > 0 || run.Open() > 0 {
					t.Fatalf("counts %v", run.Counts)
				}
				for i, row := range rows {
					fates[i].do(s, row.RecordID)
				}
				since := s.org.Stats().Calls
				s.undo("20260930-220001-abcd")
				_, run = s.work(o)
				s.met(rows, fates)
				s.spentSince(run, since)
			})
		})
	}
}

// meddled is rows of every kind, n of each meddling.
func meddled(n int) (rows []batch.Row, fates []meddling) {
	for action, kinds := range meddlings() {
		for range n {
			for _, kind := range kinds {
				row := batch.Row{Module: "Deals", RecordID: fmt.Sprintf("58431040000%08d", 10000+len(rows)), Action: action}
				if action != batch.ActionUnlock {
					row.Reason = "new"
				}
				rows, fates = append(rows, row), append(fates, kind)
			}
		}
	}
	return rows, fates
}

// met fails unless each record came to what its meddling foretells.
func (s *stage) met(rows []batch.Row, fates []meddling) {
	s.t.Helper()
	got := s.rows()
	slices.Reverse(got) // the undo goes backwards
	if len(got) != len(rows) {
		s.t.Fatalf("%d rows for %d", len(got), len(rows))
	}
	for i, r := range got {
		fate, name := fates[i], fmt.Sprintf("%s then %s", rows[i].Action, fates[i].name)
		found := strings.Contains(r.Message, "bulk read")
		if r.RecordID != rows[i].RecordID || r.Outcome != fate.outcome || r.Code != fate.code || !found && !strings.Contains(r.Message, fate.says) {
			s.t.Errorf("%s: %s %s %s (%s), want %s %s (%s)", name, r.RecordID, r.Outcome, r.Code, r.Message, fate.outcome, fate.code, fate.says)
		}
		if lock, _ := s.org.Lock("Deals", r.RecordID); lock.Reason != fate.reason {
			s.t.Errorf("%s: the record's reason is %q, want %q", name, lock.Reason, fate.reason)
		}
		if r.Outcome == batch.Failed && r.Code != batch.CodeRecordNotFound && !strings.Contains(r.Hint, "left as it is") {
			s.t.Errorf("%s: hint %q", name, r.Hint)
		}
	}
}

// Answers that are lost, with the change or without, change nothing of it; nor does a process that dies.
func TestUndoInDoubt(t *testing.T) {
	for _, do := range []sim.Kind{sim.DropBefore, sim.DropAfter, sim.Status500Before, sim.HTML502After, sim.Throttle429} {
		t.Run(string(do), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				rows, fates := meddled(2)
				script := []sim.Fault{{Match: sim.Match{Op: sim.AnyWrite, Every: 2}, Do: do}}
				s := newStage(t, sim.Config{Script: script}, rows)
				s.work(batch.Options{})
				for i, row := range rows {
					fates[i].do(s, row.RecordID)
				}
				_, undo := s.undo("20260930-220001-abcd")
				s.killed(len(undo) / 2)
				_, run := s.work(batch.Options{Attempts: 5})
				if run.Open() > 0 {
					t.Fatalf("counts %v", run.Counts)
				}
				for i := range fates {
					fates[i].says = "" // what is said of an answer that was lost is another matter
				}
				s.met(rows, fates)
			})
		})
	}
}

// meddler lets others at a record when a call of that kind has come back for the nth time.
type meddler struct {
	next   http.RoundTripper
	method string
	then   func()
}

func (m *meddler) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := m.next.RoundTrip(r)
	if r.Method == m.method && m.then != nil {
		then := m.then
		m.then = nil
		then()
	}
	return answer, err
}

// What changed after the first look is seen by the next one: nothing that was put off, or has to be sent
// again, is done on the strength of an old one.
func TestUndoLooksAgainBeforeItActsAgain(t *testing.T) {
	for _, c := range []struct {
		action batch.Action
		method string
		op     sim.Op
		fault  sim.Kind
		do     func(*stage, string)
		code   string
		reason string
	}{
		{batch.ActionLock, http.MethodDelete, sim.OpUnlock, sim.Throttle429, reworded, batch.CodeReasonChanged, "hers"},
		{batch.ActionLock, http.MethodDelete, sim.OpUnlock, sim.DropBefore, reworded, batch.CodeReasonChanged, "hers"},
		{batch.ActionLock, http.MethodDelete, sim.OpUnlock, sim.Throttle429, relocked, batch.CodeLockChanged, "new"},
		{batch.ActionLock, http.MethodDelete, sim.OpUnlock, sim.Throttle429, unlocked, "", ""},
		{batch.ActionUpdateReason, http.MethodPut, sim.OpReason, sim.Throttle429, reworded, batch.CodeReasonChanged, "hers"},
		{batch.ActionUpdateReason, http.MethodPut, sim.OpReason, sim.DropBefore, reworded, batch.CodeReasonChanged, "hers"},
		{batch.ActionUpdateReason, http.MethodPut, sim.OpReason, sim.DropBefore, relocked, batch.CodeLockChanged, "new"},
		{batch.ActionUnlock, http.MethodPost, sim.OpLock, sim.Throttle429, lockedByHer, batch.CodeAlreadyLocked, "hers"},
		{batch.ActionUnlock, http.MethodPost, sim.OpLock, sim.DropBefore, lockedByHer, batch.CodeAlreadyLocked, "hers"},
	} {
		t.Run(fmt.Sprint(c.action, c.fault, c.code), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				row := batch.Row{Module: "Deals", RecordID: "5843104000000010003", Action: c.action}
				if c.action != batch.ActionUnlock {
					row.Reason = "new"
				}
				nth := 1
				if c.action == batch.ActionUpdateReason {
					nth = 2 // the first was the run's own
				}
				s := newStage(t, sim.Config{Script: []sim.Fault{{Match: sim.Match{Op: c.op, Nth: nth}, Do: c.fault}}}, []batch.Row{row})
				s.work(batch.Options{})
				s.undo("20260930-220001-abcd")
				s.wire = func(next http.RoundTripper) http.RoundTripper {
					return &meddler{next: next, method: c.method, then: func() { c.do(s, row.RecordID) }}
				}
				s.work(batch.Options{OnLocked: batch.OnLockedUpdateReason}) // which has no say here
				got := s.rows()[0]
				if got.Code != c.code || !got.Outcome.Final() {
					t.Errorf("%s %s (%s), want %s", got.Outcome, got.Code, got.Message, c.code)
				}
				if lock, _ := s.org.Lock("Deals", row.RecordID); lock.Reason != c.reason {
					t.Errorf("the record's reason is %q, want %q", lock.Reason, c.reason)
				}
			})
		})
	}
}

// What a run did to one record in steps is taken back as a whole, by one row at most.
func TestUndoOfASequence(t *testing.T) {
	const lock, unlock, reword = batch.ActionLock, batch.ActionUnlock, batch.ActionUpdateReason
	for _, c := range []struct {
		name    string
		steps   []batch.Action // the n-th gives the reason "reason n", a "lock again" the one that was there
		do      func(*stage, string)
		kept    map[batch.Kept]int64
		action  batch.Action // of the undo's row; "" for none
		outcome batch.Outcome
		reason  string // in the end
	}{
		{"reworded, unlocked, locked", []batch.Action{reword, unlock, lock}, nothing,
			map[batch.Kept]int64{batch.KeptTogether: 2}, reword, batch.ReasonUpdated, "before"},
		{"reworded, unlocked", []batch.Action{reword, unlock}, nothing,
			map[batch.Kept]int64{batch.KeptTogether: 1}, lock, batch.Locked, "before"},
		{"unlocked, locked, by others unlocked", []batch.Action{unlock, lock}, unlocked,
			map[batch.Kept]int64{batch.KeptTogether: 1}, reword, batch.Failed, ""},
		{"unlocked, locked, by others reworded", []batch.Action{unlock, lock}, reworded,
			map[batch.Kept]int64{batch.KeptTogether: 1}, reword, batch.Failed, "hers"},
		{"locked, reworded", []batch.Action{lock, reword}, nothing,
			map[batch.Kept]int64{batch.KeptTogether: 1}, unlock, batch.Unlocked, ""},
		{"locked, unlocked", []batch.Action{lock, unlock}, nothing,
			map[batch.Kept]int64{batch.KeptTogether: 1, batch.KeptItself: 1}, "", "", ""},
		{"unlocked, locked with the reason it had", []batch.Action{unlock, "lock again"}, nothing,
			map[batch.Kept]int64{batch.KeptTogether: 1, batch.KeptItself: 1}, "", "", "before"},
		{"already locked, unlocked", []batch.Action{"already", unlock}, nothing,
			map[batch.Kept]int64{}, lock, batch.Locked, "before"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				id := "5843104000000010003"
				rows := []batch.Row{{Module: "Deals", RecordID: "5843104000000010009", Action: batch.ActionLock, Reason: "x"}}
				locked := c.steps[0] != lock
				for i, action := range c.steps {
					row := batch.Row{Module: "Deals", RecordID: id, Action: action, Reason: fmt.Sprint("reason ", i+1)}
					switch action {
					case "already":
						row.Action = lock
					case "lock again":
						row.Action, row.Reason = lock, "before"
					}
					if i > 0 {
						row.After = int64(len(rows))
					}
					rows = append(rows, row)
				}
				records := func(yield func(sim.Record) bool) {
					rec := sim.Record{Module: "Deals", ID: id}
					if locked {
						rec.Lock = &sim.Lock{Reason: "before"}
					}
					_ = yield(rec) && yield(sim.Record{Module: "Deals", ID: "5843104000000010009"})
				}
				s := newStage(t, sim.Config{Records: records}, rows)
				s.work(batch.Options{})
				c.do(s, id)
				sum, made := s.undo("20260930-220001-abcd")
				if !maps.Equal(sum.Kept, c.kept) {
					t.Errorf("kept %v, want %v", sum.Kept, c.kept)
				}
				s.work(batch.Options{})
				for i, r := range s.rows() {
					if r.RecordID == id && (r.Outcome != c.outcome || made[i].Action != c.action) {
						t.Errorf("%s: %s %s (%s), want %s: %s", made[i].Action, r.Outcome, r.Code, r.Message, c.action, c.outcome)
					}
				}
				if n := len(made) - 1; n != map[bool]int{true: 0, false: 1}[c.action == ""] {
					t.Errorf("%d rows about the record", n)
				}
				if lock, _ := s.org.Lock("Deals", id); lock.Reason != c.reason {
					t.Errorf("the record's reason is %q, want %q", lock.Reason, c.reason)
				}
			})
		})
	}
}
