package batch

import (
	"context"
	"fmt"
	"time"

	"zlock/internal/crash"
)

// commit writes down everything that waits and deals the rows that come next. Only what is durable
// is counted and told.
func (k *keeper) commit() {
	c := k.changes
	c.Deal, c.Now = k.want(), time.Now()
	c.Skip, c.Workers = k.blocked(), k.r.options.Workers
	committed, written := k.committed, k.written
	k.changes, k.gathered = Changes{Results: make([]Result, 0, len(c.Results))}, time.Time{} // the next will be like it
	k.committed, k.written = make([]note, 0, len(committed)), nil
	if k.broken != nil {
		k.refuse(c, written, k.broken)
		return
	}
	if k.pre != nil {
		k.pre.order(k, &c)
	}
	crash.At("before-commit")
	k.stride.begun(c.Now, len(c.Results))
	rows, err := k.r.store.Commit(context.Background(), c)
	k.stride.ended(time.Since(c.Now))
	crash.At("after-commit")
	if err != nil {
		k.broken = fmt.Errorf("write checkpoint: %w", err)
		k.refuse(c, written, k.broken)
		k.stop(nothing, StopError, k.broken.Error())
		return
	}
	for _, w := range written {
		w <- nil
	}
	k.exhausted = k.exhausted || len(rows) < c.Deal
	for _, n := range committed {
		k.count(n)
	}
	k.begin(c.Now)
	for _, row := range rows {
		k.dealt++
		j := newJob(row)
		j.shown = c.Show && row.Outcome == Pending
		j.row.Credits += k.owed[row.Seq]
		delete(k.owed, row.Seq)
		k.enter(j)
	}
	doubt := k.inDoubt()
	k.r.limiter.Owe(doubt)
	crash.At("before-print")
	k.tell(c.Results, doubt)
}

// refuse keeps what the store would not take, and lets no change leave on its account.
func (k *keeper) refuse(c Changes, written []chan error, err error) {
	k.lost = append(k.lost, c.Results...)
	for _, w := range written {
		w <- err
	}
}

func (k *keeper) blocked() []string {
	var modules []string
	for m := range k.report.Blocked {
		modules = append(modules, m)
	}
	return modules
}

// enter lets a dealt job begin, once the row of the same record before it has ended well.
func (k *keeper) enter(j *job) {
	if k.tempo() != everything {
		k.letGo(j, verdict{course: giveBack, outcome: Pending})
		return
	}
	k.active[j.row.Seq] = struct{}{}
	if j.row.After != 0 && !j.row.AfterOutcome.Final() {
		// It was dealt, and waited for the row before it: nothing of it can have left.
		j.doubt, j.open = false, false
	}
	if j.row.After == 0 || j.doubt {
		k.admit(j)
		return
	}
	if _, active := k.active[j.row.After]; active {
		k.after[j.row.After] = append(k.after[j.row.After], j)
		return
	}
	k.follow(j, j.row.AfterOutcome)
}

// follow decides on a job whose predecessor has come to an outcome.
func (k *keeper) follow(j *job, predecessor Outcome) {
	switch {
	case predecessor == Failed || predecessor == Invalid:
		k.changes.Results = append(k.changes.Results, j.result(j.refused(CodePrecedingStep, "",
			fmt.Sprintf("line %d, about the same record, failed", j.row.AfterLine), "mend that row, then retry both"), time.Now()))
		delete(k.active, j.row.Seq)
		k.dependants(j.row.Seq, Failed)
	case predecessor.Final():
		if !j.doubt {
			j.row.DealtAt = time.Now() // what was there before is not this row's
		}
		k.admit(j)
	default:
		k.letGo(j, verdict{course: giveBack, outcome: Pending})
	}
}

// dependants decides on the jobs that waited for a row.
func (k *keeper) dependants(seq int64, o Outcome) {
	jobs := k.after[seq]
	delete(k.after, seq)
	for _, j := range jobs {
		k.follow(j, o)
	}
}

// count counts a row whose outcome is on disk, and stops the run where too many fail.
func (k *keeper) count(n note) {
	o := n.verdict.outcome
	k.ended++
	k.barred++
	if !n.verdict.barred {
		k.barred = 0
	}
	if o == Failed {
		k.failed++
	}
	k.dependants(n.job.row.Seq, o)
	switch most, rate := k.r.options.MaxFailures, k.r.options.MaxFailureRate; {
	case k.barred >= barredMost:
		k.report.Fatal = n.verdict.cause
		k.stop(doubtsOnly, StopAuth, fmt.Sprintf("%d rows in a row were refused; Zoho's last word: %s", k.barred, n.verdict.message))
	case o != Failed:
	case most > 0 && k.failed >= most:
		k.stop(doubtsOnly, StopBreaker, fmt.Sprintf("%d rows failed, which is --max-failures", k.failed))
	case rate > 0 && k.ended >= rateAfter && float64(k.failed) > rate*float64(k.known()):
		k.stop(doubtsOnly, StopBreaker, fmt.Sprintf("%d of %d rows failed, more than --max-failure-rate", k.failed, k.known()))
	}
}

// inDoubt counts the rows that wait to be read back.
func (k *keeper) inDoubt() int {
	n := 0
	for _, j := range k.parked {
		if j.doubt {
			n++
		}
	}
	return n
}

// tell shows what is durable.
func (k *keeper) tell(results []Result, doubt int) {
	if k.r.options.Observe != nil {
		k.r.options.Observe(Progress{Results: results, Waiting: len(k.parked) - doubt, Doubt: doubt})
	}
}
