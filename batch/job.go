package batch

import (
	"time"

	"zlock/zoho"
)

// job is a row while a Runner works on it.
type job struct {
	row Row

	doubt bool // a change may have left whose answer is not known
	open  bool // some change of this run, now or earlier, ended without an answer
	sends int  // changes begun in this sitting that Zoho may have carried out
	reads int  // reads back since the last send
	fault int  // calls in a row that never left, or were refused before they began

	stumbles int // looks in a row that told nothing

	shown  bool    // its row is still pending in the store: nothing of it may leave yet
	survey *survey // a bulk read in place of a row's own work; nil for a row
	blind  string  // what to say of a lock that is taken away without a look at it

	seen *zoho.Lock // what settling has just read, for the rest of the pass; nil otherwise

	due      time.Time // not before
	paid     int       // row.Credits as the store has it
	meter    zoho.Meter
	booked   zoho.Meter // what of meter the store has been told
	attempts []Attempt  // since the last Result
}

func newJob(row Row) *job {
	j := &job{row: row, paid: row.Credits}
	if row.Outcome == Unknown {
		j.doubt = mayHaveLeft(row)
		j.open = j.doubt
	}
	return j
}

// mayHaveLeft says whether the change of a row in doubt can have left at all. Before an unlock or a
// change of reason leaves, the lock that it touches is on disk: without one, nothing has left.
func mayHaveLeft(row Row) bool {
	switch row.Action {
	case ActionUnlock, ActionUpdateReason:
		return row.Previous != nil
	}
	return true
}

// stumble counts a look that told nothing, and reports whether there were enough of them.
func (j *job) stumble() bool {
	j.stumbles++
	return j.stumbles >= readTries
}

// spent returns what the row's calls cost since the store was last told, and marks it told.
func (j *job) spent() (calls, credits int) {
	calls, credits = j.meter.Calls-j.booked.Calls, j.meter.Credits-j.booked.Credits
	j.booked = j.meter
	return calls, credits
}

// result is what to write down of the job with v for a verdict.
func (j *job) result(v verdict, now time.Time) Result {
	if !v.outcome.Final() && v.outcome != Pending {
		v.outcome = Unknown
	}
	r := Result{
		Seq: j.row.Seq, Outcome: v.outcome, Code: v.code, HTTP: v.http, Message: v.message, Hint: v.hint,
		LockID: v.lockID, Previous: j.row.Previous, Attempts: j.row.Attempts,
		History: j.attempts,
	}
	r.Calls, r.Spent = j.spent()
	j.row.Credits += r.Spent
	r.Credits, j.paid = j.row.Credits, j.row.Credits
	j.attempts = nil
	switch {
	case r.Outcome.Final():
		r.FinishedAt = now
	case r.Outcome == Unknown:
		r.DealtAt, r.SentAt, r.LockID = j.row.DealtAt, j.row.SentAt, j.row.LockID
		if r.SentAt.IsZero() {
			r.SentAt = now
		}
	}
	return r
}

// waiting is a heap of jobs by when they are due.
type waiting []*job

func (w waiting) Len() int           { return len(w) }
func (w waiting) Less(a, b int) bool { return w[a].due.Before(w[b].due) }
func (w waiting) Swap(a, b int) {
	w[a], w[b] = w[b], w[a]
}

// Push is for container/heap.
func (w *waiting) Push(x any) {
	*w = append(*w, x.(*job))
}

// Pop is for container/heap.
func (w *waiting) Pop() any {
	old := *w
	j := old[len(old)-1]
	old[len(old)-1] = nil
	*w = old[:len(old)-1]
	return j
}

// untouched says whether the job comes back just as it was dealt.
func (j *job) untouched() bool {
	return j.meter == j.booked && j.row.Credits == j.paid && len(j.attempts) == 0 && j.row.Outcome != Unknown
}
