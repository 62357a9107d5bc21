package batch

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"zlock/zoho"
)

// note is what a worker tells the keeper: what a job came to, or what it is about to change.
type note struct {
	job     *job
	verdict verdict
	intent  *Intent
	written chan error // answers an intent, once it is durable
}

const (
	// parkedMost bounds the rows that wait for a retry or a read-back; beyond it no more are dealt.
	parkedMost = 10_000
	// barredMost is how many rows in a row may be refused for want of permission.
	barredMost = 20
	// rateAfter is how many rows must have ended before the failure rate is looked at.
	rateAfter = 50
)

// keeper is the one goroutine that knows every job, decides what is worked next, and writes to the
// store: everything that waits goes into one commit, with the intents of the rows that come next.
type keeper struct {
	r         *Runner
	report    Report
	changes   Changes
	committed []note // finals in changes, to be looked at once they are durable
	written   []chan error

	queue  []*job             // to be worked now
	parked waiting            // to be worked later
	after  map[int64][]*job   // by the row that must come first
	active map[int64]struct{} // rows dealt and not yet given up or final
	out    int                // jobs with the workers
	hold   time.Time          // nothing is worked before

	pre  *precheck     // sorts rows out before they are worked; nil where it does not
	owed map[int64]int // credits, by row, that a row not yet in hand has a share of

	dealt     int64
	exhausted bool // the store has no more rows
	ended     int64
	failed    int64
	barred    int
	worn      bool // some row ran out of attempts, or is still in doubt
	broken    error
	lost      []Result  // outcomes that the store would not take
	gathered  time.Time // until when outcomes may wait for more; zero when none does
	stride    stride
}

func newKeeper(r *Runner) *keeper {
	return &keeper{
		r: r, after: map[int64][]*job{}, active: map[int64]struct{}{}, owed: map[int64]int{},
		report: Report{Blocked: map[string]*zoho.Error{}},
		dealt:  r.options.Ended, ended: r.options.Ended, failed: r.options.Failed,
	}
}

// keep runs until nothing is left that may still be worked.
func (k *keeper) keep(soft context.Context) error {
	until := k.untilTimer()
	defer until.Stop()
	alarm := stopped()
	defer alarm.Stop()
	stopping := soft.Done()
	for {
		k.plan(time.Now())
		if k.due() {
			k.commit()
			continue
		}
		if k.over() {
			break
		}
		k.set(alarm)
		select {
		case n := <-k.r.notes:
			k.take(n)
		case <-stopping:
			stopping = nil
			k.stop(nothing, StopSignal, "stopped by a signal")
		case <-until.C:
			k.stop(nothing, StopDuration, "its time is up")
		case <-alarm.C:
		}
		k.takeWaiting()
	}
	k.payOwed()
	k.finish()
	return k.broken
}

// takeWaiting takes every note that waits, so that they share one commit.
func (k *keeper) takeWaiting() {
	for {
		select {
		case n := <-k.r.notes:
			k.take(n)
		default:
			return
		}
	}
}

// plan hands due jobs to the workers.
func (k *keeper) plan(now time.Time) {
	if now.Before(k.hold) {
		return
	}
	for len(k.parked) > 0 && !k.parked[0].due.After(now) {
		k.queue = append(k.queue, heap.Pop(&k.parked).(*job))
	}
	for len(k.queue) > 0 {
		select {
		case k.r.ready <- k.queue[0]:
			k.queue[0] = nil
			k.queue = k.queue[1:]
			k.out++
		default:
			return
		}
	}
}

// due says whether there is something to write, or too little left to work on.
func (k *keeper) due() bool {
	c := &k.changes
	if len(c.Results)+len(c.Intents)+len(c.Release)+c.Calls+c.Credits > 0 {
		return !k.gathers(time.Now())
	}
	if k.pre != nil {
		return k.pre.due(k)
	}
	return k.want() > 0 && !k.ahead()
}

// want is how many rows to deal: about as many wait, their intents written, as are being worked. Those
// that wait for another row of their record count too: after a crash every row dealt is in doubt.
func (k *keeper) want() int {
	if k.exhausted || !k.mayBegin() {
		return 0
	}
	return k.within(k.room())
}

// mayBegin says whether rows that were not begun may be.
func (k *keeper) mayBegin() bool {
	return k.broken == nil && k.tempo() == everything && !time.Now().Before(k.hold) && k.waiting() <= parkedMost
}

// room is how many more rows the workers and their queue can do with.
func (k *keeper) room() int {
	return max(2*k.r.options.Workers-k.out-len(k.queue)-k.dependent(), 0)
}

// within cuts a number of rows to deal down to what --limit leaves.
func (k *keeper) within(n int) int {
	if most := k.r.options.Limit; most > 0 {
		n = int(min(int64(n), most-k.dealt))
	}
	return max(n, 0)
}

func (k *keeper) waiting() int {
	n := len(k.parked)
	for _, js := range k.after {
		n += len(js)
	}
	return n
}

// over says whether nothing is left that could still be worked.
func (k *keeper) over() bool {
	return k.out == 0 && len(k.queue) == 0 && k.waiting() == 0 && k.want() == 0 && k.pre.idle()
}

func (k *keeper) tempo() tempo { return tempo(k.r.pace.Load()) }

// stop slows the run down and says why; the first cause stands, but for a signal. What was dealt and not begun goes
// back to the store.
func (k *keeper) stop(t tempo, cause StopCause, why string) {
	if k.report.StoppedBy == "" || cause == StopSignal {
		k.report.StoppedBy, k.report.Why = cause, why
	}
	if t <= k.tempo() {
		return
	}
	k.r.pace.Store(int32(t))
	if t == nothing {
		k.r.limiter.Stop()
	}
	jobs := slices.Concat(k.queue, k.parked, k.pre.empty(""))
	for _, js := range k.after {
		jobs = append(jobs, js...)
	}
	k.queue, k.parked, k.after = nil, nil, map[int64][]*job{}
	for _, j := range jobs {
		if t == doubtsOnly && j.doubt {
			heap.Push(&k.parked, j)
			continue
		}
		k.letGo(j, verdict{course: giveBack, outcome: Pending})
	}
}

// letGo returns a job that is not to be worked in this sitting.
func (k *keeper) letGo(j *job, v verdict) {
	if j.survey != nil {
		k.disband(j)
		return
	}
	delete(k.active, j.row.Seq)
	if j.doubt {
		v.outcome = Unknown
	}
	switch {
	case v.outcome == Unknown:
		k.worn = true
		k.changes.Results = append(k.changes.Results, j.result(v, time.Now()))
	case j.shown && j.untouched(): // pending it is
	case j.untouched():
		k.changes.Release = append(k.changes.Release, j.row.Seq)
	default:
		k.changes.Results = append(k.changes.Results, j.result(v, time.Now()))
	}
	k.dependants(j.row.Seq, v.outcome)
}

// take sorts what a worker has to say.
func (k *keeper) take(n note) {
	if n.intent != nil {
		k.changes.Intents = append(k.changes.Intents, *n.intent)
		k.written = append(k.written, n.written)
		return
	}
	k.out--
	j, v := n.job, n.verdict
	if j.survey != nil {
		k.surveyed(j, v)
		return
	}
	switch v.course {
	case done:
		delete(k.active, j.row.Seq)
		k.changes.Results = append(k.changes.Results, j.result(v, time.Now()))
		k.committed = append(k.committed, n)
	case again:
		k.again(j, v)
	case inDoubt:
		k.changes.Results = append(k.changes.Results, j.result(v, time.Now()))
		k.park(j, v)
	case blockModule:
		k.block(v)
		k.letGo(j, v)
	case stopRun:
		k.fatal(v)
		k.letGo(j, v)
	default:
		k.given(v)
		k.letGo(j, v)
	}
}

// again books what the pass cost and lets the job wait.
func (k *keeper) again(j *job, v verdict) {
	calls, credits := j.spent()
	j.row.Credits += credits
	k.changes.Calls += calls
	k.changes.Credits += credits
	if v.hold && v.at.After(k.hold) {
		k.hold = v.at
	}
	k.park(j, v)
}

func (k *keeper) park(j *job, v verdict) {
	if t := k.tempo(); t == nothing || t == doubtsOnly && !j.doubt {
		k.letGo(j, verdict{course: giveBack, outcome: Pending})
		return
	}
	j.due = v.at
	heap.Push(&k.parked, j)
}

// block takes a module out of the run: its rows stay pending.
func (k *keeper) block(v verdict) {
	module := v.cause.Record.Module
	if _, known := k.report.Blocked[module]; known {
		return
	}
	k.report.Blocked[module] = v.cause
	k.changes.Skip = append(k.changes.Skip, module)
	keep := k.queue[:0]
	for _, j := range k.queue {
		if j.row.Module == module {
			k.letGo(j, verdict{course: giveBack, outcome: Pending})
			continue
		}
		keep = append(keep, j)
	}
	k.queue = keep
	for _, j := range k.pre.empty(module) {
		k.letGo(j, verdict{course: giveBack, outcome: Pending})
	}
}

func (k *keeper) fatal(v verdict) {
	cause := StopAuth
	if v.cause.Kind == zoho.Redirected || v.cause.Kind == zoho.NoEdition {
		cause = StopConfiguration
	}
	if k.report.Fatal == nil {
		k.report.Fatal = v.cause
	}
	k.stop(nothing, cause, v.cause.Error())
}

// given notes why a job came back unworked.
func (k *keeper) given(v verdict) {
	switch {
	case v.panic != nil:
		k.broken = errors.Join(k.broken, v.panic)
		k.stop(nothing, StopError, v.panic.Error())
	case v.stop != nil && v.stop.Cause == zoho.CauseBudget:
		k.goOnAt(v.stop)
		k.stop(doubtsOnly, StopBudget, v.stop.Error())
	case v.stop != nil && v.stop.Cause == zoho.CauseWindow:
		k.goOnAt(v.stop)
		k.stop(nothing, StopWindow, v.stop.Error())
	case v.stop != nil && v.stop.Cause == zoho.CauseOutage:
		k.stop(nothing, StopOutage, v.stop.Error())
	case v.worn:
		k.worn = true
	}
}

// goOnAt keeps when it makes sense to go on, if this is what stops the run.
func (k *keeper) goOnAt(stop *zoho.StopError) {
	if k.report.StoppedBy == "" {
		k.report.ResumeAt, k.report.Rolls = stop.Until, stop.Rolls
	}
}

// finish says how it ended, and hands over what could not be stored.
func (k *keeper) finish() {
	k.r.options.Learnt.keep(k.pre)
	if len(k.lost) > 0 && k.r.options.Rescue != nil {
		k.broken = errors.Join(k.broken, k.r.options.Rescue(k.lost))
	}
	switch {
	case k.report.StoppedBy != "":
	case len(k.report.Blocked) > 0:
		k.report.StoppedBy, k.report.Why = StopConfiguration, "some modules cannot be worked on"
	case k.worn && k.r.unsaid():
		k.report.StoppedBy, k.report.Why = StopAttempts, "Zoho does not say who is signed in, which unlocks need to know under --any-owner=false"
	case k.worn:
		k.report.StoppedBy, k.report.Why = StopAttempts, "some rows are in doubt, or out of attempts through passing faults"
	case k.r.options.Limit > 0 && !k.exhausted:
		k.report.StoppedBy, k.report.Why = StopLimit, k.limitReached()
	}
}

func (k *keeper) limitReached() string {
	if k.r.options.Limit == 1 {
		return "one row was worked, which is --limit"
	}
	return fmt.Sprintf("%d rows were worked, which is --limit", k.r.options.Limit)
}
