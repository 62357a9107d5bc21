package checkpoint

import "zlock/batch"

// passCost is what a pass at a row costs before the store hears of it again: a lock is one call,
// everything else looks first, or, where a record was to be found unlocked and is not, after. That a
// call is sent once more with a fresh token is not reckoned with.
func passCost(a batch.Action, expects bool) int {
	if a == batch.ActionLock && !expects {
		return 1
	}
	return 2
}

// dearest is a pass at a row in doubt: it is read back, and then perhaps carried out.
const dearest = 3

// aheadOfCommit is how many passes each worker can have begun that no commit tells of yet: the one it is
// at when a commit is put together, the one that waits for it then, and two that are handed to it before
// the next commit is durable.
const aheadOfCommit = 4

// reservations are the credits that rows in hand may be spending.
type reservations struct {
	by map[int64]int    // by key; never 0
	of [dearest + 1]int // how many rows have so much reserved
}

// with returns how many rows have how much reserved once changes are made; 0 ends one.
func (r *reservations) with(changes map[int64]int) *reservations {
	after := reservations{of: r.of}
	for key, n := range changes {
		after.of[r.by[key]]--
		after.of[n]++
	}
	return &after
}

// keep makes changes.
func (r *reservations) keep(changes map[int64]int) {
	r.of = r.with(changes).of
	for key, n := range changes {
		if n == 0 {
			delete(r.by, key)
		} else {
			r.by[key] = n
		}
	}
}

// inHand is what to reserve for the rows in hand, so that after a crash the credits booked are not
// fewer than those spent: the dearest of them, as many as can have been begun before the next commit.
func (r *reservations) inHand(workers int) int {
	begun := aheadOfCommit * workers
	sum := 0
	for n := dearest; n > 0; n-- {
		rows := r.of[n]
		if workers > 0 {
			rows = min(rows, begun)
			begun -= rows
		}
		sum += rows * n
	}
	return sum
}
