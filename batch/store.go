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
	Show    bool     // pending rows are only shown: they stay Pending, in hand, until Start or a Result
	Start   []int64  // rows shown that are to be worked now: they become Sending, dealt at Now
	Aside   int      // calls under way for no one row: as many credits are reserved for them
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

	// Spread returns up to n pending rows, spread evenly over the run, which were never sent and wait
	// for no other row, and how many rows are pending. It changes nothing, and deals nothing.
	Spread(ctx context.Context, n int) (rows []Row, pending int64, err error)
}
