package batch

import (
	"context"
	"time"

	"zlock/internal/crash"
	"zlock/zoho"
)

// actions is the table of what a row can ask for.
var actions = map[Action]func(*Runner, context.Context, *job) verdict{
	ActionLock:         (*Runner).lock,
	ActionUnlock:       (*Runner).unlock,
	ActionUpdateReason: (*Runner).updateReason,
}

// work makes one pass at the job: it settles what is in doubt, then does what is still to do. It
// holds no slot while it decides, and never waits for a retry.
func (r *Runner) work(ctx context.Context, j *job) verdict {
	if j.survey != nil {
		return r.readMany(ctx, j)
	}
	began, calls, credits := time.Now(), j.meter.Calls+j.meter.Carried, j.meter.Credits
	kind := "send"
	v, settled := verdict{}, false
	if j.doubt {
		kind = "settle"
		crash.At("before-settle")
		v, settled = r.settle(ctx, j)
		crash.At("after-settle")
	}
	switch {
	case settled:
	case j.sends >= r.policy.attempts:
		v = verdict{course: giveBack, worn: true, outcome: Pending, message: "out of attempts; it did not happen so far"}
	case tempo(r.pace.Load()) != everything: // it was read back, and no more than that is to be done
		v = verdict{course: giveBack, outcome: Pending}
	default:
		kind = "send"
		crash.At("before-send")
		v = actions[j.row.Action](r, ctx, j)
		crash.At("after-answer")
	}
	j.seen = nil
	if v.course == done || v.course == inDoubt {
		j.fault, j.stumbles = 0, 0
		if kind == "send" {
			j.sends++
			j.row.Attempts++
		}
	}
	if j.meter.Calls+j.meter.Carried > calls && !(v.course == again && v.http == 429) {
		j.attempts = append(j.attempts, Attempt{
			Kind: kind, Began: began, Ended: time.Now(), HTTP: v.http, Code: v.code,
			Message: v.message, Credits: j.meter.Credits - credits,
		})
	}
	return v
}

func (j *job) record() zoho.Record {
	return zoho.Record{Module: j.row.Module, ID: j.row.RecordID}
}

// lock locks the record: one call, and what is locked already is left as it is unless
// --on-locked says otherwise.
func (r *Runner) lock(ctx context.Context, j *job) verdict {
	client := r.door(j)
	receipt, err := client.CreateLock(ctx, j.record(), j.row.Reason)
	if err == nil {
		r.learn(receipt.By)
		if j.row.Expect != nil {
			return j.became(Locked, receipt.LockID, relocked)
		}
		return j.became(Locked, receipt.LockID, "")
	}
	e := asError(err)
	if e == nil || e.Kind != zoho.AlreadyLocked {
		return r.write(j, err)
	}
	if !j.open && !e.Vague && r.options.OnLocked != OnLockedUpdateReason && j.row.Expect == nil {
		return r.alreadyLocked(j, zoho.Lock{}, e.Message)
	}
	found, v, ok := r.look(ctx, j, client)
	switch {
	case !ok:
		return v
	case found.ID == "" && (e.Vague || j.stumble()):
		// Refused, and not for a lock: something about this record that Zoho does not name.
		v := refusal(e)
		v.course, v.outcome, v.barred, v.cause = done, Failed, true, e
		return v
	case found.ID == "":
		return verdict{course: again, outcome: Pending, at: time.Now().Add(r.policy.readFault(j.row.Seq, j.stumbles))}
	case j.open:
		mine, err := r.ours(ctx, j, found)
		if err != nil {
			return r.read(j, err)
		}
		if mine {
			return j.became(Locked, found.ID, "an answer was lost; the record was read back and the lock is this run's")
		}
	}
	if r.onLocked(j) == OnLockedUpdateReason {
		return r.reword(ctx, j, found, AlreadyLocked)
	}
	return r.alreadyLocked(j, found, e.Message)
}

// alreadyLocked is the verdict on a lock whose record has one; found is empty where nobody looked.
func (r *Runner) alreadyLocked(j *job, found zoho.Lock, said string) verdict {
	switch {
	case j.row.Expect != nil:
		return j.refused(CodeAlreadyLocked, found.ID, lockedSince(found), leftAlone)
	case r.options.OnLocked == OnLockedFail:
		return j.refused(CodeAlreadyLocked, found.ID, said, "see who holds the lock, or run with --on-locked skip")
	}
	return j.became(AlreadyLocked, found.ID, describe(found, said))
}

// unlock takes the record's lock away. It deletes the lock that it has read, that the job file names,
// or that a run of ours has left there, and no other.
func (r *Runner) unlock(ctx context.Context, j *job) verdict {
	client := r.door(j)
	ready := r.still
	if j.row.Previous == nil {
		ready = r.aim
	}
	if v, ok := ready(ctx, j, client); !ok {
		return v
	}
	err := client.DeleteLock(ctx, j.record(), j.row.LockID)
	if err != nil && j.misremembered(err) {
		// The record is looked at, as though its lock had never been known.
		j.row.Known, j.row.Previous, j.row.LockID, j.blind = nil, nil, "", ""
		if v, ok := r.aim(ctx, j, client); !ok {
			return v
		}
		err = client.DeleteLock(ctx, j.record(), j.row.LockID)
	}
	if err == nil {
		return j.became(Unlocked, j.row.LockID, j.blind)
	}
	if e := asError(err); e != nil && e.Kind == zoho.LockUnknown {
		return r.lockGone(ctx, j, client, e)
	}
	return r.write(j, err)
}

// misremembered says whether Zoho does not know the lock that we took for the record's without a look,
// and no change of ours can be why.
func (j *job) misremembered(err error) bool {
	e := asError(err)
	return e != nil && e.Kind == zoho.LockUnknown && j.row.Known != nil && !j.open
}

// aim finds the lock that an unlock is to take away, and puts it on disk: until it is there, nothing
// has left. The one that a run of ours left there is taken without a look, and so is the one that the job
// file names where any owner's may go. Whoever enrolled the row may have read that lock's reason.
func (r *Runner) aim(ctx context.Context, j *job, client door) (verdict, bool) {
	found, remembered := r.remembered(j)
	switch {
	case remembered && !j.row.Known.Made:
		j.blind = "the lock's id was known from run " + j.row.Known.Run + "; who held it was not read"
	case remembered:
	case j.row.LockID != "" && r.options.AnyOwner && j.row.Expect == nil:
		found = zoho.Lock{ID: j.row.LockID, Reason: j.row.Reason}
		if found.Reason == "" {
			j.blind = "the job file named the lock; how it was before was not read"
		}
	default:
		var v verdict
		var ok bool
		if found, v, ok = r.target(ctx, j, client); !ok {
			return v, false
		}
	}
	if err := r.intend(j, found); err != nil {
		return verdict{course: giveBack, outcome: Pending}, false
	}
	return verdict{}, true
}

// target reads the record's lock and says whether it is the one to take away.
func (r *Runner) target(ctx context.Context, j *job, client door) (zoho.Lock, verdict, bool) {
	if !r.options.AnyOwner {
		if v, waits := r.nameless(); waits { // whose lock is found couldn't be told
			return zoho.Lock{}, v, false
		}
	}
	found, v, ok := r.look(ctx, j, client)
	switch {
	case !ok:
		return found, v, false
	case found.ID == "" && j.row.Expect != nil:
		return found, j.became(AlreadyUnlocked, "", "unlocked since"), false
	case found.ID == "":
		return found, j.became(AlreadyUnlocked, "", ""), false
	case j.row.LockID != "" && found.ID != j.row.LockID:
		return found, j.lockChanged(found), false
	}
	if v, ok = j.meant(found); !ok {
		return found, v, false
	}
	v, ok = r.removable(ctx, j, found)
	return found, v, ok
}

// remembered is the lock that a run of ours left on the record, where an unlock may take it away
// without a look: what a look would keep of it, we gave it ourselves.
func (r *Runner) remembered(j *job) (zoho.Lock, bool) {
	known := j.row.Known
	if known == nil || j.row.LockID != "" || !known.Made && !r.options.AnyOwner {
		return zoho.Lock{}, false
	}
	lock := zoho.Lock{ID: known.LockID, Reason: known.Reason, Source: zoho.Manual, At: known.At}
	if known.Made {
		lock.By = r.self()
	}
	return lock, true
}

// removable says whether an unlock may take the lock away.
func (r *Runner) removable(ctx context.Context, j *job, found zoho.Lock) (verdict, bool) {
	if found.Source == zoho.Automatic || found.Source == zoho.Both {
		return j.refused(CodeAutomaticLock, found.ID, "locked by a rule of the module: "+string(found.Source),
			"an automatic lock goes when the record no longer meets the rule, or the rule is changed in Zoho's setup"), false
	}
	if r.options.AnyOwner {
		return verdict{}, true
	}
	me, err := r.who(ctx, j)
	if err != nil {
		if v, waits := r.nameless(); waits {
			return v, false
		}
		return r.read(j, err), false
	}
	if me.ID == "" {
		return j.refused(CodeOtherOwner, found.ID, describe(found, "whose lock this is can't be told: Zoho won't say who is signed in"),
			"grant the scope ZohoCRM.users.READ, then retry; or a new run with --any-owner takes any lock away"), false
	}
	if found.By.ID != "" && found.By.ID != me.ID {
		return j.refused(CodeOtherOwner, found.ID, describe(found, "locked by another user"),
			"a new run with --any-owner takes other users' locks away; a retry does not"), false
	}
	return verdict{}, true
}

// lockGone is the verdict when Zoho does not know the lock that was to be deleted.
func (r *Runner) lockGone(ctx context.Context, j *job, client door, e *zoho.Error) verdict {
	found, v, ok := r.look(ctx, j, client)
	switch {
	case !ok:
		return v
	case found.ID == j.row.LockID:
		return definite(e)
	}
	return r.gone(j, found)
}

// gone is the verdict on an unlock whose lock is not there any more; found is what is there instead.
func (r *Runner) gone(j *job, found zoho.Lock) verdict {
	switch {
	case j.open && found.ID == "":
		return j.became(Unlocked, j.row.LockID, "an answer was lost; the record was read back and the lock is gone")
	case j.open && !r.older(found, j.row.DealtAt):
		return j.became(Unlocked, j.row.LockID, describe(found, "unlocked; locked again since"))
	case found.ID == "":
		return j.became(AlreadyUnlocked, "", "the lock was gone")
	}
	return j.lockChanged(found)
}

func (j *job) lockChanged(found zoho.Lock) verdict {
	hint := "look at the record; to unlock it all the same, run it without a lock_id"
	if j.row.Known != nil {
		hint = "look at the record; to unlock it all the same, retry the row: the lock that is there now is looked up then"
	}
	return j.refused(CodeLockChanged, j.row.LockID, describe(found, "the lock is no longer "+j.row.LockID), j.orLeft(hint))
}

// updateReason gives the record's lock another reason. It always reads first, unless settling has just
// done so: what the reason was is kept, and the lock to change needs its id.
func (r *Runner) updateReason(ctx context.Context, j *job) verdict {
	found, v, ok := r.sight(ctx, j, r.door(j))
	switch {
	case !ok:
		return v
	case found.ID == "":
		return j.refused(CodeNotLocked, "", "the record is not locked", j.orLeft("lock it first"))
	case j.row.LockID != "" && found.ID != j.row.LockID:
		return j.lockChanged(found)
	case sameReason(found.Reason, j.row.Reason): // as it is to be, whoever has seen to that
	default:
		if v, ok := j.meant(found); !ok {
			return v
		}
	}
	return r.reword(ctx, j, found, AlreadySet)
}

// reword changes the reason of the lock that was found; asIs is the outcome where it is so already.
func (r *Runner) reword(ctx context.Context, j *job, found zoho.Lock, asIs Outcome) verdict {
	if sameReason(found.Reason, j.row.Reason) && found.Source != zoho.Automatic {
		if j.open && asIs == AlreadySet {
			return j.became(ReasonUpdated, found.ID, "an answer was lost; the record was read back and the reason is this run's")
		}
		return j.became(asIs, found.ID, "")
	}
	if found.Source == zoho.Automatic {
		if asIs == AlreadyLocked {
			return j.became(AlreadyLocked, found.ID, "locked by a rule of the module, which has no reason to change")
		}
		return j.refused(CodeAutomaticLock, found.ID, "locked by a rule of the module",
			"an automatic lock has no reason of its own")
	}
	if err := r.intend(j, found); err != nil {
		return verdict{course: giveBack, outcome: Pending}
	}
	err := r.door(j).UpdateReason(ctx, j.record(), found.ID, j.row.Reason)
	if err == nil {
		return j.became(ReasonUpdated, found.ID, "")
	}
	if e := asError(err); e != nil && e.Kind == zoho.LockUnknown {
		return j.lockChanged(zoho.Lock{})
	}
	return r.write(j, err)
}

// look reads the record's lock; an empty one where there is none. Not ok: v is the verdict.
func (r *Runner) look(ctx context.Context, j *job, client door) (found zoho.Lock, v verdict, ok bool) {
	locks, err := client.ListLocks(ctx, j.record())
	switch {
	case err != nil && j.open:
		j.doubt = true // what this pass was told may be the doing of an earlier one
		return found, r.unread(j, err), false
	case err != nil:
		return found, r.read(j, err), false
	case len(locks) > 1:
		return found, j.refused(CodeSeveralLocks, "", "Zoho names more than one lock of this record",
			"look at the record; nothing was changed"), false
	case len(locks) == 1:
		found = locks[0]
	}
	return found, verdict{}, true
}
