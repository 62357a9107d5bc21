package zoho

import "time"

// Account reckons with credits just as a Limiter of the same LimiterConfig would, without making calls:
// for a forecast. Times are told to it. It is not safe for concurrent use.
type Account struct{ credits credits }

// NewAccount returns an Account that begins at start. Of the configuration it heeds MaxCredits, Used,
// Allowance, Spent and KeepForReads.
func NewAccount(c LimiterConfig, start time.Time) *Account {
	a := &Account{newCredits(c)}
	a.credits.day = newLedger(start.Round(0), c.Spent)
	return a
}

// Left returns how many calls of one credit that change something may leave at a time, one after the
// other.
func (a *Account) Left(now time.Time) int {
	left := a.credits.left(now, false)
	return max(min(left[ofInvocation], left[ofDay]), 0)
}

// Refusal says why none may leave, and until when; nil where one may.
func (a *Account) Refusal(now time.Time) *StopError { return a.credits.refuses(now, 1, false) }

// Spend books calls of one credit made at a time.
func (a *Account) Spend(now time.Time, calls int) {
	a.credits.spent += calls
	a.credits.day.add(now, calls)
}
