package batch

import (
	"context"
	"time"

	"zlock/zoho"
)

// survey is one bulk read: rows of one module whose records are looked at together.
type survey struct {
	jobs   []*job
	sample bool // the rows are not in hand: what the read does not settle stays pending
	states []zoho.LockState
}

// surveyTries is how often a bulk read may meet a passing fault before its rows go without.
const surveyTries = 2

func newSurvey(module string, jobs []*job, sample bool) *job {
	return &job{row: Row{Module: module}, survey: &survey{jobs: jobs, sample: sample}}
}

// readMany makes the bulk read. It only saves: where it can't be had, the rows are worked without.
func (r *Runner) readMany(ctx context.Context, j *job) verdict {
	ids := make([]string, len(j.survey.jobs))
	for i, of := range j.survey.jobs {
		ids[i] = of.row.RecordID
	}
	states, err := r.client.Metered(&j.meter).LockStates(ctx, j.row.Module, ids)
	if err == nil {
		j.survey.states = states
		return verdict{course: done}
	}
	if v, settled := r.passing(j, err); settled {
		return v
	}
	e := asError(err)
	if e.Kind == zoho.SignIn || e.Kind == zoho.Redirected {
		return definite(e)
	}
	v := refusal(e)
	v.cause = e
	if j.fault++; e.Phase == zoho.PhaseOpen && j.fault < surveyTries {
		v.course, v.at = again, time.Now().Add(r.policy.readFault(j.survey.jobs[0].row.Seq, j.fault))
	}
	return v
}

// foundSo is what a row says that a bulk read has settled.
const foundSo = "found so by a bulk read"

// prejudge is the verdict on a row whose record was seen in a bulk read, where that leaves nothing to
// do. It is asked only of rows of which no call was ever made.
func (r *Runner) prejudge(j *job, state zoho.LockState) (verdict, bool) {
	switch {
	case state == zoho.StateAbsent:
		return j.refused(CodeRecordNotFound, "", "there is no such record; "+foundSo,
			"check the id: the record may be deleted, in another module or organisation, or hidden from the signed-in user"), true
	case state == zoho.StateLocked && j.row.Action == ActionLock && j.row.Expect == nil && r.options.OnLocked != OnLockedUpdateReason:
		return r.alreadyLocked(j, zoho.Lock{}, foundSo), true
	case state == zoho.StateUnlocked && j.row.Action == ActionUnlock:
		return j.became(AlreadyUnlocked, "", foundSo), true
	}
	return verdict{}, false
}
