package batch

import (
	"context"
	"html"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"zlock/zoho"
)

// clockSlack is how far a lock's time may lie outside the time in which it could have been made.
const clockSlack = 5 * time.Second

// settle reads a record in doubt back and says whether the change happened. Not settled means
// that it did not, and never will: the row may be sent again.
func (r *Runner) settle(ctx context.Context, j *job) (verdict, bool) {
	locks, err := r.client.Metered(&j.meter).ReadBack().ListLocks(ctx, j.record())
	if err != nil {
		return r.unread(j, err), true
	}
	if len(locks) > 1 {
		return j.refused(CodeSeveralLocks, "", "Zoho names more than one lock of this record",
			"look at the record; nothing more was changed"), true
	}
	var found zoho.Lock
	if len(locks) == 1 {
		found = locks[0]
	}
	if v, known := r.evidence(ctx, j, found); known {
		return v, true
	}
	j.seen = &found
	return r.believe(j)
}

// unread judges an error of a call on which settling depends. A look that is refused takes no doubt
// away; only that the record itself is gone does.
func (r *Runner) unread(j *job, err error) verdict {
	v := r.read(j, err)
	if v.course == done {
		if e := asError(err); e != nil && e.Kind == zoho.RecordUnknown {
			return v
		}
		v.course, v.worn = giveBack, true
	}
	v.outcome = Unknown
	return v
}

// believe says when "it did not happen" may be believed: a request that was lost on its way can
// still land after the record was read.
func (r *Runner) believe(j *job) (verdict, bool) {
	if time.Since(j.row.SentAt) >= r.policy.settle {
		j.doubt, j.reads = false, 0
		return verdict{}, false
	}
	j.reads++
	v := verdict{course: inDoubt, outcome: Unknown, http: j.meter.LastStatus}
	v.message = "no answer, and no sign of the change so far"
	for n := j.reads + 1; ; n++ {
		v.at = j.row.SentAt.Add(r.policy.readBack(n))
		if v.at.After(time.Now()) || n > 3 {
			return v, true
		}
	}
}

// evidence reads what the record's lock says about the change in doubt.
func (r *Runner) evidence(ctx context.Context, j *job, found zoho.Lock) (verdict, bool) {
	switch j.row.Action {
	case ActionUnlock:
		switch {
		case found.ID == j.row.LockID:
			return verdict{}, false
		case r.older(found, j.row.DealtAt): // the one meant was gone before we came
			return j.lockChanged(found), true
		case found.ID == "":
			return j.became(Unlocked, j.row.LockID, "the answer was lost; the record was read back and the lock is gone"), true
		}
		return j.became(Unlocked, j.row.LockID, describe(found, "unlocked; locked again since")), true
	case ActionUpdateReason:
		return r.rewordEvidence(j, found, CodeNotLocked)
	}
	if j.row.Previous != nil { // a lock that met another, under --on-locked update-reason
		return r.rewordEvidence(j, found, CodeLockChanged)
	}
	switch {
	case found.ID == "":
		return verdict{}, false
	}
	switch mine, err := r.ours(ctx, j, found); {
	case err != nil:
		return r.unread(j, err), true
	case mine:
		return j.became(Locked, found.ID, "the answer was lost; the record was read back and the lock is this run's"), true
	case time.Since(j.row.SentAt) < r.policy.settle:
		return verdict{}, false // should that lock go meanwhile, ours could still come to be
	case r.onLocked(j) == OnLockedUpdateReason:
		return r.reword(ctx, j, found, AlreadyLocked), true
	}
	return r.alreadyLocked(j, found, "locked before, or by another"), true
}

// rewordEvidence reads what the record's lock says about a change of reason in doubt.
func (r *Runner) rewordEvidence(j *job, found zoho.Lock, gone string) (verdict, bool) {
	switch {
	case found.ID == "":
		return j.refused(gone, "", "the lock was taken away meanwhile", j.orLeft("lock the record first")), true
	case found.ID != j.row.LockID:
		return j.lockChanged(found), true
	case sameReason(found.Reason, j.row.Reason):
		return j.became(ReasonUpdated, found.ID, "the answer was lost; the record was read back and the reason is this run's"), true
	}
	return verdict{}, false
}

// ours says whether a lock found is the one that this row may have made: our user, the row's own
// reason, and made since the row was first dealt. Without a clock that can be trusted, user and
// reason decide; a reason with a mark of --tag-reason decides alone.
func (r *Runner) ours(ctx context.Context, j *job, l zoho.Lock) (bool, error) {
	if l.Source == zoho.Automatic || !sameReason(l.Reason, j.row.Reason) {
		return false, nil
	}
	if tagged(j.row.Reason, r.options.RunID, j.row.Seq) {
		return true, nil
	}
	me, err := r.who(ctx, j)
	if e := asError(err); err != nil && (e == nil || e.Phase != zoho.PhaseOpen || !r.mute()) {
		return false, err
	}
	if me.ID != "" && l.By.ID != me.ID {
		return false, nil
	}
	offset, trusted := r.client.Offset()
	if !trusted {
		return true, nil
	}
	if l.At.IsZero() {
		return false, nil
	}
	at, earliest := l.At.Add(-offset), j.row.DealtAt.Add(-clockSlack)
	if j.row.After != 0 { // an earlier row of ours may have locked it a moment before
		earliest = j.row.DealtAt.Truncate(time.Second)
	}
	return !at.Before(earliest) && !at.After(time.Now().Add(clockSlack)), nil
}

// older says whether a lock was certainly made before a time of our clock.
func (r *Runner) older(l zoho.Lock, t time.Time) bool {
	offset, trusted := r.client.Offset()
	return trusted && !l.At.IsZero() && l.At.Add(-offset).Before(t.Add(-clockSlack))
}

// SameReason reports whether a server may have given back a for b, or b for a: blanks at the ends, line
// ends, entities and the composition of letters aside.
func SameReason(a, b string) bool { return sameReason(a, b) }

// sameReason compares reasons as a server may have given them back: blanks at the ends dropped,
// line ends and entities rewritten, letters composed.
func sameReason(a, b string) bool {
	return a == b || plainReason(a) == plainReason(b)
}

func plainReason(s string) string {
	s = strings.ReplaceAll(html.UnescapeString(s), "\r\n", "\n")
	return norm.NFC.String(strings.TrimSpace(strings.ReplaceAll(s, "\r", "\n")))
}

// describe says who holds a lock, for people.
func describe(l zoho.Lock, said string) string {
	var b strings.Builder
	b.WriteString(said)
	if l.By.Name != "" {
		b.WriteString("; by " + l.By.Name)
	}
	if !l.At.IsZero() {
		b.WriteString("; since " + l.At.UTC().Format(time.RFC3339))
	}
	return b.String()
}
