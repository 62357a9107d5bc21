package sim

import (
	"maps"
	"slices"
	"time"
)

// lateEffect is a call whose connection was cut and which Zoho carries out
// later, as if it came then.
type lateEffect struct {
	N      int64  `json:"n"`
	Due    int64  `json:"due"` // unix milliseconds, our clock
	Op     Op     `json:"op"`
	Module string `json:"module"`
	ID     string `json:"id"`
	LockID string `json:"lock_id,omitempty"`
	Body   []byte `json:"body,omitempty"`
}

// lateFor is the late effect that the trouble makes of c; nil when there is none.
func (o *Org) lateFor(c *call, f trouble) *lateEffect {
	if f.kind != LateEffect || !c.op.writes() {
		return nil
	}
	o.lates++
	return &lateEffect{
		N: o.lates, Due: time.Now().Add(f.span).UnixMilli(),
		Op: c.op, Module: c.module, ID: c.id, LockID: c.lockID, Body: c.body,
	}
}

// schedule lets the effect come when it is due; o.mu is held.
func (o *Org) schedule(l *lateEffect) {
	if l == nil {
		return
	}
	o.pending[l.N] = *l
	time.AfterFunc(time.Until(time.UnixMilli(l.Due)), func() { o.land(l.N) })
}

// startLates takes up the effects that the journal says are still to come, those overdue at once.
func (o *Org) startLates() {
	for _, n := range slices.Sorted(maps.Keys(o.pending)) {
		l := o.pending[n]
		if wait := time.Until(time.UnixMilli(l.Due)); wait > 0 {
			time.AfterFunc(wait, func() { o.land(n) })
		} else {
			o.land(n)
		}
	}
}

// land carries a late effect out, once. A closed organisation leaves it to the journal.
func (o *Org) land(n int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	l, ok := o.pending[n]
	if !ok || o.closed {
		return
	}
	delete(o.pending, n)
	c := &call{op: l.Op, module: l.Module, id: l.ID, lockID: l.LockID, body: l.Body}
	e := Event{Late: true, Fault: LateEffect, Holder: o.holderOf(c)}
	a, ch := o.perform(c)
	if err := o.commit(entry{Landed: n}, ch); err == nil && ch != nil {
		e.Applied, e.Reason = true, ch.reason()
	}
	o.logCall(c, a, e)
}
