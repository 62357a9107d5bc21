package audit

import (
	"time"

	"zlock/batch"
	"zlock/checkpoint"
	"zlock/zoho"
)

// Expectation is how a run left a record, as far as it knows.
type Expectation struct {
	Compared bool // the run changed the record, or found it as wanted
	Locked   bool
	LockID   string // of the lock that is to be there; "" where the run did not learn it
	Reason   string // of that lock, where Worded
	Worded   bool
	Owner    zoho.User // whose lock it is; zero where not known
	Since    time.Time // when the record was locked, our clock; zero where not known
}

// Expect returns how the run left the record of a row. me is who was signed in, the zero User where that
// is not known. onLocked is what the run did about locks that were there before.
func Expect(row checkpoint.RowReport, me zoho.User, onLocked batch.OnLocked) Expectation {
	e := Expectation{Compared: true, Locked: true, LockID: row.LockID, Reason: row.Reason}
	switch row.Outcome {
	case batch.Locked:
		e.Worded, e.Owner, e.Since = true, me, row.FinishedAt
	case batch.ReasonUpdated:
		e.Worded = true
		if p := row.Previous; p != nil {
			e.Owner, e.Since = zoho.User{ID: p.ByID, Name: p.ByName}, p.At
		}
	case batch.AlreadySet:
		e.Worded = true
	case batch.AlreadyLocked:
		e.Reason = ""
		if onLocked != batch.OnLockedUpdateReason { // nobody looked: what stands there is the job file's
			e.LockID = ""
		}
	case batch.Unlocked, batch.AlreadyUnlocked:
		e = Expectation{Compared: true}
	default:
		e = Expectation{}
	}
	return e
}

// Word is the expected state in a word: locked, unlocked, or "" where none is.
func (e Expectation) Word() string {
	switch {
	case !e.Compared:
		return ""
	case e.Locked:
		return "locked"
	}
	return "unlocked"
}

// judgeState compares with what a bulk read tells. It is not sure where the lock itself has to be read.
func (e Expectation) judgeState(state zoho.LockState) (w What, sure bool) {
	switch state {
	case zoho.StateAbsent:
		return Gone, true
	case zoho.StateUnlocked:
		if e.Locked {
			return Unlocked, true
		}
		return AsLeft, true
	case zoho.StateLocked:
		if e.Locked {
			return AsLeft, e.LockID == ""
		}
		return LockedSince, false // whose it is tells a person what to do
	}
	return Unread, false
}

// judgeLocks compares with the record's locks, and returns the one that counts; nil for none.
func (e Expectation) judgeLocks(locks []zoho.Lock) (What, *zoho.Lock) {
	if len(locks) == 0 {
		if e.Locked {
			return Unlocked, nil
		}
		return AsLeft, nil
	}
	lock := &locks[0]
	for i := range locks {
		if sameID(locks[i].ID, e.LockID) {
			lock = &locks[i]
		}
	}
	switch {
	case !e.Locked:
		return LockedSince, lock
	case e.LockID == "":
		return AsLeft, lock
	case sameID(lock.ID, e.LockID):
		if e.Worded && !batch.SameReason(lock.Reason, e.Reason) {
			return ReasonDiffers, lock
		}
		return AsLeft, lock
	case lock.Source == zoho.Automatic, e.Owner.ID != "" && lock.By.ID != "" && !sameID(e.Owner.ID, lock.By.ID):
		return OtherOwner, lock
	}
	return OtherLock, lock
}

const (
	touch    = 2 * time.Second // a lock may be told to have changed its record
	estimate = 5 * time.Second // how well our own clock knows when a record was locked
)

// edit says when the record was last changed. lockedAt is Zoho's clock, give or take slack.
func edit(modified, lockedAt time.Time, slack time.Duration, cutoff time.Time) Edit {
	late := !cutoff.IsZero() && modified.After(cutoff)
	switch {
	case modified.IsZero():
		return NoEdit
	case lockedAt.IsZero():
		if late {
			return AfterCutoff
		}
		return NoEdit
	case modified.After(lockedAt.Add(slack)):
		return AfterLock
	case !late:
		return NoEdit
	case modified.Before(lockedAt.Add(-slack)):
		return BeforeLock
	}
	return AtLock
}
