package batch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"zlock/zoho"
)

// Composite says when five calls are made in one, which Zoho counts as one credit.
type Composite string

// The choices of --composite.
const (
	CompositeAuto Composite = "auto" // in a large run, once a try has shown that Zoho takes such calls
	CompositeOn   Composite = "on"   // in every run, and tried anew whatever is remembered
	CompositeOff  Composite = "off"
)

// CompositeReport says what composites did in a sitting.
type CompositeReport struct {
	Made    int // composites
	Carried int // calls that went along in them
}

const (
	compositeLeast = 500                    // pending rows below which auto does not try
	linger         = 100 * time.Millisecond // how long a call waits for others to go along with
)

// bundle gathers the calls of rows that are worked side by side into composites. What a row does, and
// what it makes of an answer, is none of its business: a call that can't go along is made alone.
type bundle struct {
	client  *zoho.Client
	limiter *zoho.Limiter
	options Options

	mu      sync.Mutex
	waiting []*ticket
	ripe    bool // the oldest has waited long enough
	timer   *time.Timer
	out     int             // composites in flight
	admits  map[string]bool // what is known, by the call's op
	carried map[string]bool // calls that a composite has made in this sitting
	trying  map[string]bool // calls of which the first composite is in flight
	off     bool
	report  CompositeReport
}

// ticket is one row's call on its way.
type ticket struct {
	part   zoho.Part
	meter  *zoho.Meter
	ctx    context.Context
	done   chan struct{}
	answer zoho.PartAnswer
	alone  bool // it is to be made alone: nothing of it has left
}

func newBundle(r *Runner) *bundle {
	b := &bundle{client: r.client, limiter: r.limiter, options: r.options, admits: map[string]bool{}, carried: map[string]bool{}, trying: map[string]bool{}}
	if r.options.Composite == CompositeAuto {
		for op, admitted := range r.options.Admits {
			b.admits[op] = admitted
		}
	}
	b.timer = time.AfterFunc(time.Hour, b.ripen)
	b.timer.Stop()
	return b
}

// make makes the call as part of a composite. Not made: it is to be made alone.
func (b *bundle) make(ctx context.Context, p zoho.Part, meter *zoho.Meter) (zoho.PartAnswer, bool) {
	t := &ticket{part: p, meter: meter, ctx: ctx, done: make(chan struct{})}
	b.mu.Lock()
	if !b.takes(p.Op) {
		b.mu.Unlock()
		return zoho.PartAnswer{}, false
	}
	b.waiting = append(b.waiting, t)
	b.pump()
	b.mu.Unlock()
	select {
	case <-t.done:
	case <-ctx.Done():
		if b.withdraw(t) {
			return zoho.PartAnswer{Err: ctx.Err()}, true
		}
		<-t.done // it has left: only its answer ends it
	}
	return t.answer, !t.alone
}

// takes says whether calls of that kind may go along: those known to be admitted, and of those not yet
// known as many as one composite tries.
func (b *bundle) takes(op string) bool {
	admitted, known := b.admits[op]
	return !b.off && b.lanes() > 0 && (admitted || !known && !b.trying[op])
}

// lanes is how many composites fit into the slots that are open.
func (b *bundle) lanes() int { return b.limiter.Snapshot().Limit / zoho.MaxParts }

func (b *bundle) withdraw(t *ticket) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.Index(b.waiting, t)
	if i >= 0 {
		b.waiting = slices.Delete(b.waiting, i, i+1)
	}
	return i >= 0
}

func (b *bundle) ripen() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ripe = true
	b.pump()
}

// pump sends off what may leave: full composites, and what has waited long enough for others.
func (b *bundle) pump() {
	for len(b.waiting) > 0 {
		lanes := b.lanes()
		switch {
		case lanes == 0 || b.off:
			b.release(b.take(len(b.waiting)))
			return
		case b.out >= lanes:
			return
		case len(b.waiting) < zoho.MaxParts && !b.ripe:
			b.timer.Reset(linger)
			return
		}
		b.ripe = false
		tickets := b.admitted(b.take(zoho.MaxParts))
		if len(tickets) < 2 {
			b.release(tickets)
			continue
		}
		for _, t := range tickets {
			if _, known := b.admits[t.part.Op]; !known {
				b.trying[t.part.Op] = true
			}
		}
		b.out++
		go b.send(tickets)
	}
	b.timer.Stop()
	b.ripe = false
}

// take takes the oldest tickets out.
func (b *bundle) take(n int) []*ticket {
	n = min(n, len(b.waiting))
	tickets := slices.Clone(b.waiting[:n])
	b.waiting = slices.Delete(b.waiting, 0, n)
	return tickets
}

// admitted lets those go alone whose kind has meanwhile turned out not to be taken, or is being tried.
func (b *bundle) admitted(tickets []*ticket) []*ticket {
	return slices.DeleteFunc(tickets, func(t *ticket) bool {
		admitted, known := b.admits[t.part.Op]
		if admitted || !known && !b.trying[t.part.Op] {
			return false
		}
		b.release([]*ticket{t})
		return true
	})
}

// release has calls made alone of which nothing has left.
func (b *bundle) release(tickets []*ticket) {
	for _, t := range tickets {
		t.alone = true
		close(t.done)
	}
}

// send makes one composite and tells each row what came of its part.
func (b *bundle) send(tickets []*ticket) {
	parts := make([]zoho.Part, len(tickets))
	for i, t := range tickets {
		parts[i] = t.part
	}
	var meter zoho.Meter
	answers, err := b.client.Metered(&meter).Composite(tickets[0].ctx, parts)
	for i, t := range tickets {
		t.meter.Join(meter, i == 0)
	}
	var news []string
	b.mu.Lock()
	b.out--
	b.report.Made += meter.Calls
	if err != nil {
		news = b.failed(tickets, err)
	} else {
		news = b.answered(tickets, answers)
	}
	for _, t := range tickets {
		delete(b.trying, t.part.Op)
		close(t.done)
	}
	b.pump()
	b.mu.Unlock()
	for _, s := range news {
		b.options.Tell("composite: " + s)
	}
}

// failed deals with a composite that went wrong as a whole. Where Zoho won't have it, the calls are made
// alone; where it was not let through, or its answer is lost, each part is told so as if it had been alone.
func (b *bundle) failed(tickets []*ticket, err error) (news []string) {
	e := asError(err)
	var narrow *zoho.NarrowError
	alone := errors.As(err, &narrow)
	switch {
	case e == nil || e.Phase != zoho.PhaseDefinite || e.Kind == zoho.SignIn || e.Kind == zoho.Redirected:
	case e.Status == 0: // our own refusal of one of the parts, which will be told so when made alone
		alone = true
	default:
		alone, b.off = true, true
		for _, op := range opsOf(tickets) {
			b.learn(op, false)
		}
		news = append(news, fmt.Sprintf("Zoho does not take such calls (%s): calls are made one by one", strings.TrimSpace(e.Code+" "+e.Message)))
	}
	for _, t := range tickets {
		t.alone = alone
		t.answer = zoho.PartAnswer{Err: err}
		if e != nil {
			own := *e
			own.Op, own.Record = t.part.Op, t.part.Record
			t.answer.Err = &own
		}
	}
	return news
}

// answered hands the parts' answers out, and learns which calls are taken.
func (b *bundle) answered(tickets []*ticket, answers []zoho.PartAnswer) (news []string) {
	for i, t := range tickets {
		b.carried[t.part.Op] = b.carried[t.part.Op] || answers[i].Status > 0 && !notAdmitted(answers[i])
	}
	for i, t := range tickets {
		t.answer = answers[i]
		if t.answer.Status > 0 {
			t.meter.LastStatus = t.answer.Status
		}
		refused := notAdmitted(t.answer)
		if refused {
			t.alone, t.meter.LastStatus = true, 0
		} else {
			b.report.Carried++
		}
		_, known := b.admits[t.part.Op]
		switch {
		case refused && b.carried[t.part.Op]: // it is this row's record or module that is not taken
		case refused && b.admits[t.part.Op] || refused && !known:
			b.learn(t.part.Op, false)
			news = append(news, "Zoho does not take calls to "+t.part.Op+" so: they are made one by one")
		case !known && t.answer.Status > 0:
			b.learn(t.part.Op, true)
			news = append(news, "Zoho takes calls to "+t.part.Op+" five at a time, for one credit")
		}
	}
	return news
}

func notAdmitted(a zoho.PartAnswer) bool {
	e := asError(a.Err)
	return e != nil && e.Kind == zoho.NotAdmitted
}

// learn keeps whether calls of a kind are taken, here and for later runs.
func (b *bundle) learn(op string, admitted bool) {
	b.admits[op] = admitted
	if b.options.LearnAdmits != nil {
		b.options.LearnAdmits(op, admitted)
	}
}

func opsOf(tickets []*ticket) []string {
	var ops []string
	for _, t := range tickets {
		if !slices.Contains(ops, t.part.Op) {
			ops = append(ops, t.part.Op)
		}
	}
	return ops
}

// told is what composites have done so far.
func (b *bundle) told() CompositeReport {
	if b == nil {
		return CompositeReport{}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.report
}
