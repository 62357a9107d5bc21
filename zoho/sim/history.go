package sim

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Event is one thing that happened in the organisation: a call, an act of
// somebody else, or the late effect of an earlier call. A call that was cut or
// left waiting has Status 0.
type Event struct {
	Seq      int64     // from 1, without gaps: the order in which things came true
	At       time.Time // the organisation's clock
	Op       Op
	Module   string
	ID       string   // of the record
	IDs      []string // of a bulk read: the records asked for
	LockID   string   // that the call named, made or was told of; of a change always the lock changed
	Actor    string   // user id
	Holder   string   // user id of the one whose lock the record had just before; empty for a rule's or none
	Reason   string   // of the lock that came of it
	Status   int
	Code     string // Zoho's
	Applied  bool   // it changed the record's lock
	Late     bool   // it is the late effect of a call logged before as not applied
	Fault    Kind   // what struck it
	Part     bool   // it came within a composite, which is logged too, and paid for
	InFlight int    // API calls being served at that moment, this one included
}

// Stats counts what happened since New.
type Stats struct {
	Calls        int          // calls to the API, refused ones included
	Credits      int          // credits that they cost
	TokenCalls   int          // calls to the accounts server
	Tokens       int          // access tokens given out by it
	Throttled    int          // answers with 429
	OutOfCredits int          // of those, the ones for want of credits
	MaxInFlight  int          // most API calls served at once
	Applied      int          // changes to locks, by anyone
	Events       int64        // logged; more than Log returns when it holds only the newest
	ByOp         map[Op]int   // calls, token calls included
	Faults       map[Kind]int // faults that struck
}

// history is the log and its counts; Org.mu guards it.
type history struct {
	limit  int
	events []Event
	stats  Stats
}

// Log returns the events in order, the newest Config.LogLimit of them.
func (o *Org) Log() []Event {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.history.kept())
}

// Stats returns the counts as they stand.
func (o *Org) Stats() Stats {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := o.history.stats
	s.ByOp, s.Faults = maps.Clone(s.ByOp), maps.Clone(s.Faults)
	return s
}

func (h *history) kept() []Event {
	return h.events[max(0, len(h.events)-h.limit):]
}

func (h *history) enter(op Op, inFlight int) {
	if h.stats.ByOp == nil {
		h.stats.ByOp = map[Op]int{}
	}
	h.stats.ByOp[op]++
	if op.accounts() {
		h.stats.TokenCalls++
		return
	}
	h.stats.Calls++
	h.stats.MaxInFlight = max(h.stats.MaxInFlight, inFlight)
}

func (h *history) strike(k Kind) {
	if k == "" {
		return
	}
	if h.stats.Faults == nil {
		h.stats.Faults = map[Kind]int{}
	}
	h.stats.Faults[k]++
}

// record puts an event at the end of the log; o.mu is held.
func (o *Org) record(e Event) {
	h := &o.history
	h.stats.Events++
	e.Seq, e.At, e.InFlight = h.stats.Events, o.now(), o.gate.inFlight
	if e.Applied {
		h.stats.Applied++
	}
	if len(h.events) >= 2*h.limit {
		h.events = slices.Clone(h.kept())
	}
	h.events = append(h.events, e)
}

// logCall records a call and its answer; o.mu is held.
func (o *Org) logCall(c *call, a answer, e Event) {
	e.Op, e.Module, e.ID, e.LockID, e.Part = c.op, c.module, c.id, c.lockID, c.part
	if c.op == OpRecords && c.query.Has("ids") {
		e.IDs = strings.Split(c.query.Get("ids"), ",")
	}
	if a.lockID != "" {
		e.LockID = a.lockID
	}
	e.Actor = o.cfg.Me.ID
	if !e.Late && !a.bring.cut && !a.bring.hang {
		e.Status, e.Code = a.status, a.code
	}
	if e.Status == http.StatusTooManyRequests {
		o.history.stats.Throttled++
	}
	o.record(e)
}
