package batch

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"zlock/zoho"
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
	if ctx.Err() == nil && (o.Precheck == PrecheckAuto || o.Composite == CompositeAuto) {
		var err error
		if rows, pending, err = k.r.store.Spread(ctx, sampleSize); err != nil {
			o.Log.Warn("no rows are looked at beforehand: the sample could not be read", "error", err)
		}
	}
	if o.Limit > 0 {
		pending = min(pending, o.Limit)
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

// surveyed takes in what came of a bulk read.
func (k *keeper) surveyed(j *job, v verdict) {
	calls, credits := j.spent()
	j.row.Credits += credits
	k.changes.Calls += calls
	k.changes.Credits += credits
	k.report.Precheck.Reads += calls
	switch {
	case v.course == again:
		if v.hold && v.at.After(k.hold) {
			k.hold = v.at
		}
		k.park(j, v)
	case v.course == done:
		k.sort(j)
	case v.course == stopRun:
		k.fatal(v)
		k.letGo(j, v)
	case v.cause != nil:
		k.unlooked(j, v.cause)
	default:
		k.given(v)
		k.letGo(j, v)
	}
}

// sort writes down the rows that a bulk read has settled, and lets the others pass.
func (k *keeper) sort(j *job) {
	s := j.survey
	var settled, others []*job
	for i, of := range s.jobs {
		v, known := k.r.prejudge(of, s.states[i])
		if s.sample {
			k.pre.count(of, known)
		}
		if !known {
			others = append(others, of)
			continue
		}
		v.http = j.meter.LastStatus
		settled = append(settled, of)
		k.committed = append(k.committed, note{job: of, verdict: v})
	}
	k.share(j, slices.Concat(settled, others))
	for _, n := range k.committed[len(k.committed)-len(settled):] {
		delete(k.active, n.job.row.Seq)
		k.changes.Results = append(k.changes.Results, n.job.result(n.verdict, time.Now()))
	}
	k.report.Precheck.Looked += int64(len(s.jobs))
	k.report.Precheck.Settled += int64(len(settled))
	if s.sample {
		k.dealt += int64(len(settled))
	}
	k.pre.took(len(s.jobs))
	k.back(j, others)
}

// took learns from a bulk read that was answered: the first one of the usual size has the next one try
// for more.
func (p *precheck) took(n int) {
	p.size = max(p.size, n)
	if n >= bulkFirst && !p.grown {
		p.next, p.grown = zoho.MaxBulkIDs, true
	}
}

func (p *precheck) count(j *job, settled bool) {
	kind := ModuleAction{Module: j.row.Module, Action: j.row.Action}
	if p.shares[kind] == nil {
		p.shares[kind] = new(share)
	}
	p.shares[kind].looked++
	if settled {
		p.shares[kind].settled++
	}
}

// share spreads what a bulk read cost over its rows, whole credits each, the first rows first.
func (k *keeper) share(survey *job, jobs []*job) {
	for i := range survey.row.Credits {
		of := jobs[i%len(jobs)]
		if survey.survey.sample && survey.survey.states == nil || survey.survey.sample && !k.ends(of) {
			k.owed[of.row.Seq]++
			continue
		}
		of.row.Credits++
	}
	survey.row.Credits = 0
}

// ends says whether the row is about to be written down as final.
func (k *keeper) ends(j *job) bool {
	return slices.ContainsFunc(k.committed, func(n note) bool { return n.job == j })
}

// back ends a survey: its rows go on to be started, and a sample's stay where they are.
func (k *keeper) back(j *job, jobs []*job) {
	p := k.pre
	p.out--
	if j.survey.sample {
		if p.sampling--; p.sampling == 0 {
			k.decide()
		}
		return
	}
	for _, of := range jobs {
		if _, blocked := k.report.Blocked[of.row.Module]; blocked || k.tempo() != everything {
			k.letGo(of, verdict{course: giveBack, outcome: Pending})
			continue
		}
		p.cleared = append(p.cleared, of)
	}
}

// disband gives the rows of a survey back that is not to be made any more.
func (k *keeper) disband(j *job) {
	k.share(j, j.survey.jobs)
	k.pre.out--
	if j.survey.sample {
		k.pre.sampling--
		return
	}
	for _, of := range j.survey.jobs {
		k.letGo(of, verdict{course: giveBack, outcome: Pending})
	}
}

// unlooked decides what becomes of rows whose bulk read was refused: with fewer of them it may be
// taken; otherwise they are worked without, and where that will not change, so are those to come.
func (k *keeper) unlooked(j *job, e *zoho.Error) {
	p, n := k.pre, len(j.survey.jobs)
	p.next, p.grown = 0, true
	if fewer := min(bulkFirst, n/2); e.Kind == zoho.RequestRefused && fewer >= bulkLeast && (n > bulkFirst || e.Code == "LIMIT_EXCEEDED") {
		p.size = min(p.size, fewer)
		if !j.survey.sample {
			module := j.row.Module
			p.shelf[module] = slices.Concat(j.survey.jobs, p.shelf[module])
			k.share(j, j.survey.jobs)
			p.out--
			return
		}
		j.survey.jobs, j.fault = j.survey.jobs[:fewer], 0
		p.formed = append(p.formed, j)
		return
	}
	k.share(j, j.survey.jobs)
	if e.Phase != zoho.PhaseOpen || e.Kind == zoho.BadAnswer {
		p.barred[j.row.Module] = true
		p.off = p.off || e.Kind == zoho.ScopeMissing
		if !p.warned {
			k.r.options.Log.Warn("bulk reads are refused: rows are worked without being looked at first", "error", e)
			p.warned = true
		}
		p.unshelve(j.row.Module)
	}
	k.back(j, j.survey.jobs)
}

// unshelve lets the module's rows pass that waited to be looked at; all rows once nothing is.
func (p *precheck) unshelve(module string) {
	for _, m := range slices.Sorted(maps.Keys(p.shelf)) {
		if p.off || m == module {
			p.cleared = append(p.cleared, p.shelf[m]...)
			delete(p.shelf, m)
		}
	}
}

// decide says what the sample has shown. Where no kind of rows is worth it, rows are dealt as if there
// had been none.
func (k *keeper) decide() {
	p := k.pre
	if k.tempo() != everything {
		return
	}
	var looked, settled float64
	keen := 0
	for _, s := range p.shares {
		looked += s.looked
		settled += s.settled
		if s.settled*float64(p.size) > s.looked {
			keen++
		}
	}
	found := fmt.Sprintf("of %.0f rows looked at beforehand, %.0f are already as wanted or do not exist", looked, settled)
	switch {
	case looked == 0:
		found = "" // refused; that was said
		k.pre = nil
	case keen == 0:
		found += ": no more are looked at, since that would cost more than it saves"
		k.pre = nil
	case keen < len(p.shares):
		found += fmt.Sprintf(": bulk reads sort such rows out first, of %d of %d kinds of rows", keen, len(p.shares))
	default:
		found += ": bulk reads sort such rows out first"
	}
	if k.report.Precheck.Decision = found; found != "" {
		k.r.options.Tell("precheck: " + found)
	}
}

// payOwed writes down the share of rows that were looked at and never dealt.
func (k *keeper) payOwed() {
	if len(k.owed) == 0 || k.broken != nil {
		return
	}
	for _, seq := range slices.Sorted(maps.Keys(k.owed)) {
		k.changes.Results = append(k.changes.Results, Result{Seq: seq, Outcome: Pending, Credits: k.owed[seq]})
	}
	k.owed = map[int64]int{}
	k.commit()
}

// known is how many rows something is known of: a bulk read finds rows that fail long before others
// that it has let pass can end well.
func (k *keeper) known() int64 { return max(k.ended, k.report.Precheck.Looked) }
