package batch

import (
	"errors"
	"time"

	"zlock/zoho"
)

// course is what happens to a row after one pass at it.
type course int

const (
	giveBack    course = iota // nothing done, not to be tried again in this sitting: pending
	again                     // nothing done, a passing fault: once more, later
	inDoubt                   // may have been done: read back later
	done                      // final
	blockModule               // no row of the module can be worked on; this one stays pending
	stopRun                   // no row can; this one stays pending
)

// verdict is what one pass at a row came to.
type verdict struct {
	course  course
	at      time.Time // again, inDoubt: not before
	hold    bool      // again: nothing else may be tried before that either
	outcome Outcome   // done
	code    string
	http    int
	message string
	hint    string
	lockID  string
	barred  bool            // done: refused for want of permission
	worn    bool            // giveBack: out of attempts, by passing faults alone
	cause   *zoho.Error     // blockModule, stopRun, and a row that was barred
	stop    *zoho.StopError // giveBack: the limiter lets nothing through any more
	panic   error           // a bug of ours: the run ends
}

// meaning is the verdict table: what a definite answer means for the row that got it. A kind
// that is not listed fails the row with Zoho's own code.
var meaning = map[zoho.Kind]course{
	zoho.AutomaticOnly:     blockModule,
	zoho.NoConfiguration:   blockModule,
	zoho.RelationMissing:   blockModule,
	zoho.ModuleUnknown:     blockModule,
	zoho.ModuleUnsupported: blockModule,
	zoho.NoEdition:         stopRun,
	zoho.ScopeMissing:      stopRun,
	zoho.SignIn:            stopRun,
	zoho.ProfileBarred:     stopRun,
	zoho.Redirected:        stopRun,
}

// write judges an error of a call that changes something.
func (r *Runner) write(j *job, err error) verdict {
	if v, settled := r.passing(j, err); settled {
		return v
	}
	e := asError(err)
	if e.Phase != zoho.PhaseOpen {
		return definite(e)
	}
	j.doubt, j.open, j.reads = true, true, 0
	j.row.SentAt = j.meter.LastSent
	if j.row.SentAt.IsZero() {
		j.row.SentAt = time.Now()
	}
	v := refusal(e)
	v.course, v.outcome, v.at = inDoubt, Unknown, j.row.SentAt.Add(r.policy.readBack(1))
	return v
}

// read judges an error of a call that changes nothing.
func (r *Runner) read(j *job, err error) verdict {
	if v, settled := r.passing(j, err); settled {
		return v
	}
	e := asError(err)
	if e.Phase != zoho.PhaseOpen {
		return definite(e)
	}
	v := refusal(e)
	v.outcome = Pending
	if j.stumble() {
		v.course, v.worn = giveBack, true
		return v
	}
	v.course, v.at = again, time.Now().Add(r.policy.readFault(j.row.Seq, j.stumbles))
	return v
}

// passing judges what says nothing about the row: a call that never left, or that Zoho refused
// before it began.
func (r *Runner) passing(j *job, err error) (verdict, bool) {
	var stop *zoho.StopError
	if errors.As(err, &stop) {
		return verdict{course: giveBack, outcome: Pending, stop: stop}, true
	}
	e := asError(err)
	if e == nil {
		return verdict{course: giveBack, outcome: Pending}, true
	}
	if e.Phase != zoho.PhaseNotSent && e.Phase != zoho.PhaseRefused {
		return verdict{}, false
	}
	if meaning[e.Kind] == stopRun {
		return definite(e), true
	}
	v := refusal(e)
	j.fault++
	wait := max(e.RetryAfter, r.policy.notSent(j.row.Seq, j.fault))
	v.course, v.outcome, v.at = again, Pending, time.Now().Add(wait)
	v.hold = e.Kind == zoho.TokenThrottled
	return v, true
}

// definite judges an answer that leaves nothing open.
func definite(e *zoho.Error) verdict {
	v := refusal(e)
	switch c := meaning[e.Kind]; c {
	case blockModule, stopRun:
		v.course, v.outcome, v.cause = c, Pending, e
	default:
		v.course, v.outcome = done, Failed
		v.barred, v.cause = e.Kind == zoho.NoPermission, e
		if e.Kind == zoho.AutomaticLock {
			v.code = CodeAutomaticLock
		}
	}
	return v
}

// refusal carries Zoho's own words over.
func refusal(e *zoho.Error) verdict {
	return verdict{code: e.Code, http: e.Status, message: e.Message, hint: e.Hint}
}

// asError returns the zoho.Error in err; nil for anything else (a context that ended before the
// call left).
func asError(err error) *zoho.Error {
	var e *zoho.Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// became is the verdict on a row that ended as wanted.
func (j *job) became(o Outcome, lockID, message string) verdict {
	return verdict{course: done, outcome: o, http: j.meter.LastStatus, lockID: lockID, message: message}
}

// refused is the verdict on a row that we ourselves will not carry out.
func (j *job) refused(code, lockID, message, hint string) verdict {
	return verdict{
		course: done, outcome: Failed, code: code, http: j.meter.LastStatus,
		lockID: lockID, message: message, hint: hint,
	}
}
