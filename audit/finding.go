// Package audit reads back from Zoho what became of the records of a run, and compares: row by row, as
// the run left it or not. It changes nothing, and needs no lock of the org.
package audit

import (
	"strings"
	"time"

	"zlock/batch"
	"zlock/zoho"
)

// What says how a record stands beside what the run left. The words are those of the files that verify
// writes.
type What string

// How a record can stand.
const (
	AsLeft        What = "as_left"           // as the run left it
	Unlocked      What = "unlocked"          // unlocked since
	LockedSince   What = "locked"            // locked since, though the run left it unlocked
	OtherOwner    What = "locked_by_another" // its lock is another one, of another user or of a rule
	OtherLock     What = "other_lock"        // its lock is another one, of the same user or of one not known
	ReasonDiffers What = "reason_differs"    // its lock is the one, with another reason
	Gone          What = "record_gone"       // deleted, or hidden from the user who is signed in
	Unread        What = "unread"            // Zoho would not tell of it
	Superseded    What = "superseded"        // another row of the same record decides
	NotCompared   What = "not_compared"      // the run left it as it was, or has not come to it
)

// Whats lists every What in the order in which people are shown them.
func Whats() []What {
	return []What{AsLeft, Unlocked, Gone, LockedSince, OtherOwner, OtherLock, ReasonDiffers, Unread, Superseded, NotCompared}
}

// Difference reports whether the record is not as the run left it.
func (w What) Difference() bool {
	switch w {
	case Unlocked, LockedSince, OtherOwner, OtherLock, ReasonDiffers, Gone:
		return true
	}
	return false
}

// Compared reports whether the row is one that verify looks at.
func (w What) Compared() bool { return w != Superseded && w != NotCompared }

// Symbol is one character for it: = as left, - the lock is there no more, + there is one where none was
// left, * another lock or reason, ! not read; a blank for rows that are not compared.
func (w What) Symbol() string {
	switch w {
	case AsLeft:
		return "="
	case Unlocked, Gone:
		return "-"
	case LockedSince:
		return "+"
	case OtherOwner, OtherLock, ReasonDiffers:
		return "*"
	case Unread:
		return "!"
	}
	return " "
}

// Edit says when the record was last changed, beside the moment at which it was locked. The last change
// is all that Zoho tells of: an earlier one may lie hidden behind it.
type Edit string

// When it was.
const (
	NoEdit      Edit = ""             // before the cut-off; or no cut-off, and before the lock; or not known
	AfterLock   Edit = "after_lock"   // somebody whom the lock does not bind, or what it does not cover
	AtLock      Edit = "at_lock"      // after the cut-off, within moments of the lock: it may be the lock itself
	BeforeLock  Edit = "before_lock"  // after the cut-off, and before the lock
	AfterCutoff Edit = "after_cutoff" // after the cut-off; when the record was locked is not known
)

// Finding is what was found of one row.
type Finding struct {
	Seq      int64
	Line     int
	Module   string
	RecordID string
	Outcome  batch.Outcome
	Expected Expectation
	What     What

	State      zoho.LockState // as a bulk read told it
	Lock       *zoho.Lock     // as it is now; nil where it was not read, or there is none
	ModifiedAt time.Time      // Zoho's clock; zero where not known
	ModifiedBy zoho.User
	Edit       Edit
	Note       string // why it is Unread
}

// Found is the record's state in a word: locked, unlocked, gone, or "" where it was not read.
func (f *Finding) Found() string {
	switch f.What {
	case Gone:
		return "gone"
	case Unlocked:
		return "unlocked"
	case LockedSince, OtherOwner, OtherLock, ReasonDiffers:
		return "locked"
	case AsLeft:
		return f.Expected.Word()
	}
	return ""
}

// sameID compares ids as numbers: leading zeros do not matter.
func sameID(a, b string) bool { return strings.TrimLeft(a, "0") == strings.TrimLeft(b, "0") }
