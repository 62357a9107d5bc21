package batch

import "slices"

// Codes of our own, beside Zoho's.
const (
	CodeAutomaticLock  = "AUTOMATIC_LOCK"        // the lock was made by a rule and can't be taken away or re-worded by hand
	CodeLockChanged    = "LOCK_CHANGED"          // the lock there is no longer the one meant
	CodeReasonChanged  = "REASON_CHANGED"        // the lock's reason is no longer the one that the run to be undone gave it
	CodeNotLocked      = "NOT_LOCKED"            // a reason can't be changed where there is no lock
	CodeAlreadyLocked  = "ALREADY_LOCKED"        // --on-locked fail, or a record that was to be locked again
	CodeOtherOwner     = "OTHER_OWNER"           // somebody else's lock, and --any-owner was not given
	CodeSeveralLocks   = "UNEXPECTED_MULTIPLE"   // a record with more than one lock: not touched
	CodePrecedingStep  = "PRECEDING_STEP_FAILED" // an earlier row of the same record failed
	CodeRecordNotFound = "INVALID_DATA"          // Zoho's word for a record id that it doesn't know
)

// Lasting reports whether a failed row's code says that another attempt will hardly change it: what
// stands in the way is the record itself, its lock, or the row.
func Lasting(code string) bool {
	return slices.Contains([]string{
		CodeAutomaticLock, CodeSeveralLocks, CodeOtherOwner, CodeAlreadyLocked, CodeNotLocked, CodeReasonChanged,
		CodeRecordNotFound, "MANDATORY_NOT_FOUND", "INVALID_URL_PATTERN",
	}, code)
}
