package batch

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"
)

// Precheck says when bulk reads sort rows out before they are worked: those whose record is already as
// wanted, or does not exist, for a hundredth of a credit each.
type Precheck string

// The choices of --precheck.
const (
	PrecheckAuto   Precheck = "auto"   // where a sample says that it saves more credits than it costs
	PrecheckAlways Precheck = "always" // all rows
	PrecheckNever  Precheck = "never"
)

// PrecheckReport says what bulk reads did in a sitting.
type PrecheckReport struct {
	Decision string // of auto, in a sentence; "" where there was nothing to decide
	Reads    int    // bulk reads made
	Looked   int64  // rows looked at
	Settled  int64  // rows that needed no more
}

const (
	bulkFirst  = 50  // ids in a bulk read, to begin with
	bulkLeast  = 10  // below which it is not worth while
	sampleSize = 100 // rows that auto looks at before it decides
	sampleMost = 4   // modules of which it does
	autoLeast  = 200 // pending rows below which auto does nothing
)

// precheck is the keeper's anteroom: rows that were shown, which the store still has as pending, on
// their way to being started. The keeper alone touches it.
type precheck struct {
	auto    bool
	size    int  // ids in a call
	next    int  // ids in the one call that tries whether the server takes more; 0 for none
	grown   bool // that was tried
	shares  map[ModuleAction]*share
	barred  map[string]bool // modules that are not looked at
	off     bool            // nor is any
	warned  bool
	decided bool              // the sample has been judged
	shelf   map[string][]*job // by module: to be looked at
	cleared []*job            // to be started

	formed   []*job // surveys that may leave once their credits are reserved
	starting []*job // rows that the commit under way starts
	leaving  []*job // surveys that it reserves credits for
	out      int    // surveys formed and not yet back
	sampling int    // of those, samples
}

// share is what the sample says of rows of one kind.
type share struct{ looked, settled float64 }

// prepare looks how many rows there are, where something hangs on it, before any is worked.
func (k *keeper) prepare(ctx context.Context) {
	o := &k.r.options
	var rows []Row
	var pending int64
	if ctx.Err() == nil && (o.Precheck == PrecheckAuto && !o.Learnt.known() || o.Composite == CompositeAuto) {
		var err error
		if rows, pending, err = k.r.store.Spread(ctx, sampleSize); err != nil {
			o.Log.Warn("no rows are looked at beforehand: the sample could not be read", "error", err)
		}
	}
	if o.Limit > 0 {
		pending = min(pending, max(o.Limit-k.dealt, 0))
	}
	if o.Composite == CompositeOn || o.Composite == CompositeAuto && pending >= compositeLeast {
		k.r.bundle = newBundle(k.r)
	}
	if ctx.Err() == nil {
		k.precheck(rows, pending)
	}
}

// precheck sets the anteroom up, and with auto has a sample looked at first.
func (k *keeper) precheck(rows []Row, pending int64) {
	mode := k.r.options.Precheck
	if mode != PrecheckAuto && mode != PrecheckAlways {
		return
	}
	p := &precheck{
		auto: mode == PrecheckAuto, size: bulkFirst, shares: map[ModuleAction]*share{},
		barred: map[string]bool{}, shelf: map[string][]*job{},
	}
	if l := k.r.options.Learnt; l.known() {
		if p.recall(l); !p.auto || p.hopeful() > 0 {
			k.pre = p
		}
		return
	}
	if !p.auto {
		k.pre = p
		return
	}
	if pending >= autoLeast && p.sample(rows) {
		k.pre = p
	}
}

// sample forms the bulk reads of the sample, of the modules that have most of it.
func (p *precheck) sample(rows []Row) bool {
	by := map[string][]*job{}
	for _, row := range rows {
		if j := newJob(row); untried(j) {
			by[row.Module] = append(by[row.Module], j)
		}
	}
	modules := slices.SortedFunc(maps.Keys(by), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(by[b]), len(by[a])), cmp.Compare(a, b))
	})
	for _, module := range modules[:min(len(modules), sampleMost)] {
		for some := range slices.Chunk(by[module], p.size) {
			if len(some) < bulkLeast && p.sampling > 0 {
				continue // too few to be worth a credit, and to tell by
			}
			p.form(newSurvey(module, some, true))
			p.sampling++
		}
	}
	return p.sampling > 0
}

// untried says whether nothing of a row can ever have left: only such a row may be settled by what a
// bulk read finds, which cannot tell our own lock from another's.
func untried(j *job) bool {
	return j.row.Outcome == Pending && !j.doubt && !j.open && j.row.Attempts == 0 && j.paid == 0 && j.row.After == 0
}

// admit lets a job be worked: at once, or where its row was only shown, by way of the anteroom.
func (k *keeper) admit(j *job) {
	switch {
	case !j.shown:
		k.queue = append(k.queue, j)
	case k.pre.keen(j):
		k.pre.shelf[j.row.Module] = append(k.pre.shelf[j.row.Module], j)
	default:
		k.pre.cleared = append(k.pre.cleared, j)
	}
}

// keen says whether a row's kind is one that bulk reads pay for.
func (p *precheck) keen(j *job) bool {
	return !p.off && !p.barred[j.row.Module] && untried(j) && (!p.auto || p.gain(j)*float64(p.size) > 1)
}

// gain is how many credits a look at the row saves, as far as the sample tells: where it settles the
// row, the one of the row's own first call.
func (p *precheck) gain(j *job) float64 {
	s := p.shares[ModuleAction{Module: j.row.Module, Action: j.row.Action}]
	if s == nil || s.looked == 0 {
		return 0
	}
	return s.settled / s.looked
}

// worth says whether a bulk read of the rows saves more than the credit that it costs.
func (p *precheck) worth(jobs []*job) bool {
	if !p.auto {
		return len(jobs) > 1
	}
	gain := 0.0
	for _, j := range jobs {
		gain += p.gain(j)
	}
	return gain > 1
}

func (p *precheck) form(survey *job) {
	p.formed = append(p.formed, survey)
	p.out++
}

// due says whether there is something to show, to look at or to start.
func (p *precheck) due(k *keeper) bool {
	if !k.mayBegin() {
		return false
	}
	low := k.room() > k.r.options.Workers/2
	return len(p.formed) > 0 || low && len(p.cleared) > 0 || p.appetite(k) > 0 || p.fullest(k) != ""
}

// appetite is how many more rows to have shown: a bulk read's worth at a time, while few are ready to be
// started.
func (p *precheck) appetite(k *keeper) int {
	if k.exhausted || p.sampling > 0 || !k.mayBegin() || p.out >= p.most(k) || len(p.cleared) >= 2*k.r.options.Workers {
		return 0
	}
	return k.within(p.chunk())
}

// chunk is how many rows the next bulk read is of, if there are so many.
func (p *precheck) chunk() int { return max(p.size, p.next) }

// most is how many bulk reads are made at once.
func (p *precheck) most(k *keeper) int { return max(k.r.options.Workers/2, 1) }

// fullest is the module whose rows are to be looked at next; "" for none yet.
func (p *precheck) fullest(k *keeper) string {
	if p.out >= p.most(k) || len(p.shelf) == 0 {
		return ""
	}
	shelved, best := 0, ""
	for _, module := range slices.Sorted(maps.Keys(p.shelf)) {
		shelved += len(p.shelf[module])
		if best == "" || len(p.shelf[module]) > len(p.shelf[best]) {
			best = module
		}
	}
	if last := k.exhausted || k.within(1) == 0; last || shelved >= sampleMost*p.size || len(p.shelf[best]) >= p.chunk() {
		return best
	}
	return ""
}

// order puts into a commit which rows it starts, how many more it shows, and what it reserves.
func (p *precheck) order(k *keeper, c *Changes) {
	c.Show, c.Deal = true, 0
	if k.mayBegin() {
		for module := p.fullest(k); module != ""; module = p.fullest(k) {
			p.take(module)
		}
		n := min(k.room(), len(p.cleared))
		p.starting, p.cleared = p.cleared[:n:n], p.cleared[n:]
		for _, j := range p.starting {
			c.Start = append(c.Start, j.row.Seq)
		}
		p.leaving, p.formed = p.formed, nil
		c.Deal = p.appetite(k)
	}
	c.Aside = p.out
}

// take makes a survey of the module's rows that wait, or lets them pass where that would not pay.
func (p *precheck) take(module string) {
	jobs := p.shelf[module]
	n := min(len(jobs), p.chunk())
	if n > p.size {
		p.next = 0
	}
	some, rest := jobs[:n:n], jobs[n:]
	if p.shelf[module] = rest; len(rest) == 0 {
		delete(p.shelf, module)
	}
	if !p.worth(some) {
		p.cleared = append(p.cleared, some...)
		return
	}
	p.form(newSurvey(module, some, false))
}

// begin hands over what a commit has started and reserved.
func (k *keeper) begin(now time.Time) {
	if k.pre == nil {
		return
	}
	starting, leaving := k.pre.starting, k.pre.leaving
	k.pre.starting, k.pre.leaving = nil, nil
	for _, j := range starting {
		j.shown, j.row.DealtAt = false, now
	}
	if k.tempo() != everything {
		for _, j := range append(starting, leaving...) {
			k.letGo(j, verdict{course: giveBack, outcome: Pending})
		}
		return
	}
	k.queue = slices.Concat(leaving, k.queue, starting)
}

// idle says whether nothing waits in the anteroom.
func (p *precheck) idle() bool {
	return p == nil || len(p.shelf)+len(p.cleared)+len(p.formed) == 0
}

// empty takes out all that waits, or all of one module.
func (p *precheck) empty(module string) []*job {
	if p == nil {
		return nil
	}
	var out []*job
	leave := func(jobs []*job) []*job {
		return slices.DeleteFunc(jobs, func(j *job) bool {
			if module != "" && j.row.Module != module {
				return false
			}
			out = append(out, j)
			return true
		})
	}
	p.cleared, p.formed = leave(p.cleared), leave(p.formed)
	for m, jobs := range p.shelf {
		if p.shelf[m] = leave(jobs); len(p.shelf[m]) == 0 {
			delete(p.shelf, m)
		}
	}
	return out
}

// dependent is how many rows in flight wait for another; one that was only shown is not in flight.
func (k *keeper) dependent() int {
	n := 0
	for _, js := range k.after {
		for _, j := range js {
			if !j.shown {
				n++
			}
		}
	}
	return n
}
