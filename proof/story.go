package proof

import (
	"net/http"
	"slices"
	"time"

	"zlock/batch"
	"zlock/checkpoint"
	"zlock/zoho/sim"
)

// story is a history put in order: what happened to each record, and which row each call was for.
type story struct {
	History
	records map[record]*tale
	rows    []*life // by Seq
	shots   []shot
	strays  []fact // calls of ours about a record of no row
}

// shot is a snapshot, and its rows by their lines.
type shot struct {
	Snapshot
	told map[int]Told
}

type record struct{ module, id string }

// tale is what happened to one record, in order.
type tale struct {
	rows  []*life // in the order of the file
	facts []fact
	now   lock // after the last fact
}

// life is one row and the calls that were made for it.
type life struct {
	checkpoint.RowReport
	tale  *tale
	facts []fact
}

// lock is a record's lock as the log tells of it; the zero value is none.
type lock struct {
	id     string
	holder string // user id
	reason string
	maker  int64 // event that made it; 0: it was there at the start
}

// fact is an event in its place.
type fact struct {
	sim.Event
	ours   bool // made by this program, and by nobody else under the same name
	before lock
	after  lock
}

func newStory(h History) *story {
	if h.Sittings == 0 {
		h.Sittings = 1
	}
	if h.Slack == 0 {
		h.Slack = 100 * time.Millisecond
	}
	if h.OnLocked == "" {
		h.OnLocked = string(batch.OnLockedSkip)
	}
	s := &story{History: h, records: map[record]*tale{}}
	for _, r := range h.Initial {
		if r.Lock != nil {
			s.tale(r.Module, r.ID).now = lock{id: r.Lock.ID, holder: r.Lock.By.ID, reason: r.Lock.Reason}
		}
	}
	for _, r := range h.Rows {
		t := s.tale(r.Module, r.RecordID)
		l := &life{RowReport: r, tale: t}
		s.rows = append(s.rows, l)
		if r.Outcome != batch.Invalid && r.Outcome != batch.Duplicate {
			t.rows = append(t.rows, l)
		}
	}
	for _, snapshot := range h.Snapshots {
		s.shots = append(s.shots, shot{snapshot, snapshot.byLine()})
	}
	for _, e := range h.Events {
		if e.ID != "" {
			s.enter(e)
		}
		for _, id := range e.IDs {
			seen := e
			seen.ID, seen.IDs = id, nil
			s.enter(seen)
		}
	}
	return s
}

func (s *story) tale(module, id string) *tale {
	k := record{module, id}
	t, ok := s.records[k]
	if !ok {
		t = &tale{}
		s.records[k] = t
	}
	return t
}

// enter puts an event into its record's tale, and into the row's for which the call was made.
func (s *story) enter(e sim.Event) {
	t := s.tale(e.Module, e.ID)
	f := fact{Event: e, ours: s.isOurs(e), before: t.now}
	if e.Applied {
		t.now = leaves(e, t.now)
	}
	f.after = t.now
	t.facts = append(t.facts, f)
	if !f.ours {
		return
	}
	if l := t.rowOf(e, s.Skew); l != nil {
		l.facts = append(l.facts, f)
		return
	}
	s.strays = append(s.strays, f)
}

// isOurs tells a call from what somebody did without one: what a hand does has neither a status nor a fault.
func (s *story) isOurs(e sim.Event) bool {
	return (s.Me == "" || e.Actor == s.Me) && (e.Status != 0 || e.Fault != "")
}

// leaves is the lock that an applied event leaves behind.
func leaves(e sim.Event, was lock) lock {
	switch e.Op {
	case sim.OpLock:
		return lock{id: e.LockID, holder: e.Actor, reason: e.Reason, maker: e.Seq}
	case sim.OpReason:
		was.reason = e.Reason
		return was
	case sim.OpUnlock:
		return lock{}
	}
	return was
}

// rowOf is the row for which a call was made. The rows of one record are worked one after the other:
// the call is for the first that could make it and was not finished by then, or else for the last.
func (t *tale) rowOf(e sim.Event, skew time.Duration) *life {
	var last *life
	for _, l := range t.rows {
		if !mayCall(l.Action, e.Op) {
			continue
		}
		last = l
		if l.FinishedAt.IsZero() || !e.At.Add(-skew).After(l.FinishedAt) {
			return l
		}
	}
	return last
}

// mayCall says which calls an action is carried out with.
func mayCall(a batch.Action, op sim.Op) bool {
	switch op {
	case sim.OpLock:
		return a == batch.ActionLock
	case sim.OpReason:
		return a == batch.ActionUpdateReason || a == batch.ActionLock
	case sim.OpUnlock:
		return a == batch.ActionUnlock
	}
	return true
}

// writes are the calls of the row that may have changed something, late effects aside.
func (l *life) writes() []fact {
	return slices.DeleteFunc(slices.Clone(l.facts), func(f fact) bool { return f.Late || !isWrite(f.Op) || f.refused() })
}

// applied are the changes that the row's calls made.
func (l *life) applied() []fact {
	return slices.DeleteFunc(slices.Clone(l.facts), func(f fact) bool { return !f.Applied })
}

func isWrite(op sim.Op) bool { return op == sim.OpLock || op == sim.OpReason || op == sim.OpUnlock }

// refused says that the far end turned the call away before it began.
func (f fact) refused() bool {
	return f.Status == http.StatusTooManyRequests || f.Status == http.StatusUnauthorized || f.Status == http.StatusTemporaryRedirect
}

// open says that the caller can't know what came of the call.
func (f fact) open() bool {
	return isWrite(f.Op) && (f.Status == 0 || f.Status >= 500 || f.Fault == sim.CutBody || f.Fault == sim.WrongID ||
		f.Fault == sim.EmptyBody || f.Fault == sim.Drip || f.Fault == sim.HugeBody || f.Fault == sim.Slow)
}

// foreign returns what others did to the record after the event seq.
func (t *tale) foreign(seq int64) []fact {
	return slices.DeleteFunc(slices.Clone(t.facts), func(f fact) bool { return f.ours || !f.Applied || f.Seq <= seq })
}

// meddled says whether others ever changed the record's lock.
func (t *tale) meddled() bool { return len(t.foreign(0)) > 0 }
