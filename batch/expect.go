package batch

import (
	"context"
	"fmt"

	"zlock/zoho"
)

// Expect is how a row that takes a change back must find its record: as the run that made the change
// has left it. Where the record is otherwise, the row fails and changes nothing.
type Expect struct {
	LockID string `json:"lock_id,omitempty"` // the lock that is there; "" for a record that is not locked
	Reason string `json:"reason,omitempty"`  // of that lock
}

// leftAlone is the hint where a record is not as a row expects it.
const leftAlone = "the record is left as it is; zlock show says who holds its lock, and why"

// relocked is what is said of a record that was locked again.
const relocked = "locked again, with the reason it had; who had locked it, when, and the lock's id do not come back"

// onLocked says what the row does where its record is locked already: one that expects it to be
// unlocked fails, whatever the run's option says.
func (r *Runner) onLocked(j *job) OnLocked {
	if j.row.Expect != nil {
		return OnLockedFail
	}
	return r.options.OnLocked
}

// meant says whether the lock that was found is as the row expects it. That its id is the right one
// has been seen to.
func (j *job) meant(found zoho.Lock) (verdict, bool) {
	if e := j.row.Expect; e == nil || sameReason(found.Reason, e.Reason) {
		return verdict{}, true
	}
	return j.refused(CodeReasonChanged, found.ID,
		fmt.Sprintf("the lock's reason was changed since, to %q", snippet(found.Reason)), leftAlone), false
}

// still looks, before a lock that was aimed at in an earlier pass is taken away, whether it is as the
// row expects it even now. A row that expects nothing needs no look: the lock's id is enough.
func (r *Runner) still(ctx context.Context, j *job, client door) (verdict, bool) {
	if j.row.Expect == nil {
		return verdict{}, true
	}
	found, v, ok := r.sight(ctx, j, client)
	switch {
	case !ok:
		return v, false
	case found.ID != j.row.LockID:
		return r.gone(j, found), false
	}
	return j.meant(found)
}

// sight is the record's lock: as settling has just read it, or from a look of its own.
func (r *Runner) sight(ctx context.Context, j *job, client door) (found zoho.Lock, v verdict, ok bool) {
	if j.seen != nil {
		return *j.seen, verdict{}, true
	}
	return r.look(ctx, j, client)
}

// orLeft is a hint, but for a row that takes a change back: that one is not to be helped along.
func (j *job) orLeft(hint string) string {
	if j.row.Expect != nil {
		return leftAlone
	}
	return hint
}

// lockedSince says of a lock where the row expects none whose it is.
func lockedSince(found zoho.Lock) string {
	switch {
	case found.ID == "":
		return "locked since"
	case found.Source == zoho.Automatic:
		return describe(found, "locked since, by a rule of the module")
	}
	return describe(found, "locked since")
}
