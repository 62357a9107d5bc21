package audit

import (
	"time"

	"zlock/zoho"
)

// JudgeLocks is what the locks of a record come to beside what is expected.
func JudgeLocks(e Expectation, locks []zoho.Lock) What {
	w, _ := e.judgeLocks(locks)
	return w
}

// EditOf is when a record was last changed, beside its lock and the cut-off.
func EditOf(modified, lockedAt time.Time, slack time.Duration, cutoff time.Time) Edit {
	return edit(modified, lockedAt, slack, cutoff)
}
