package batch

import (
	"context"
	"time"
)

// Changes is what one commit writes down: everything that waited.
type Changes struct {
	Results []Result // outcomes, each with its attempts and its credits
	Intents []Intent // what rows in flight are about to change
	Release []int64  // rows dealt but not begun, returned to Pending
	Deal    int      // how many more rows to mark Sending and return
	Skip    []string // modules whose rows are not to be dealt
	Calls   int      // calls made for the run but for no row
	Credits int      // what they cost
	Workers int      // how many rows are worked at once: of those dealt, more than that only wait
	Now     time.Time
}

// Intent is put on disk before a change leaves that the row's enrolment could not know in full:
// the lock an unlock or a change of reason has read and is about to touch.
type Intent struct {
	Seq      int64
	LockID   string
	Previous *Previous
}

// Store is the checkpoint of one run, as its Runner needs it.
type Store interface {
	// Commit writes c as one durable transaction and returns the rows dealt by it: rows in doubt
	// first, then pending ones, each in file order and each at most once per opening of the store;
	// fewer than c.Deal (possibly none) means that no others are left to deal. It does not end
	// early with ctx's cancellation once begun. After an error nothing, or everything, was
	// written, and the store must not be used again.
	Commit(ctx context.Context, c Changes) ([]Row, error)
}
