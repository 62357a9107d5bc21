package zoho

import (
	"fmt"
	"math"
	"time"
)

// How what Zoho says of credits is believed.
const (
	remainingFresh = time.Minute     // a figure older than this is not relied on
	refusedMost    = 2 * time.Minute // single calls refused for this long: the credits are gone
)

// credits keeps three limits at once: this invocation's, the one for any rolling 24 hours, and what
// Zoho itself says remains. A call's price is reserved when it leaves and settled when it ends, so
// that what was really sent is never above a limit. It is guarded by the Limiter.
type credits struct {
	most      int // of this invocation, 0 none
	allowance int // in 24 hours, 0 none
	floor     int // of Zoho's remaining, left to others
	keep      int // the last of the day's credits and of Zoho's, kept for reads
	owed      int // rows in doubt now: each will want a read
	spent     int // by this invocation, settled
	reserved  int // for calls in flight
	exposed   int // rows that calls in flight may leave in doubt
	day       ledger
	others    ledger // of the same 24 hours, spent elsewhere

	said        int       // what Zoho last said remains, -1 nothing yet
	remaining   int       // the lowest fresh figure, less what was sent since without one
	remainingAt time.Time // when that figure came; zero before the first
}

func newCredits(c LimiterConfig) credits {
	return credits{
		most: c.MaxCredits, spent: c.Used, allowance: c.Allowance, floor: c.Floor, keep: c.KeepForReads,
		day: newLedger(time.Now(), c.Spent), others: newLedger(time.Now(), nil), said: -1,
	}
}

// The limits, in the order in which they are told of.
const (
	ofInvocation = iota
	ofDay
	ofZoho
	limits
)

// left returns what each limit still allows calls of one kind, those in flight not counted.
func (c *credits) left(now time.Time, read bool) [limits]int {
	left := [limits]int{math.MaxInt, math.MaxInt, math.MaxInt}
	if c.most > 0 {
		left[ofInvocation] = c.most - c.kept(ofInvocation, read) - c.spent
	}
	if c.allowance > 0 {
		left[ofDay] = c.allowance - c.kept(ofDay, read) - c.today(now)
	}
	if c.fresh(now) {
		left[ofZoho] = c.remaining - c.floor - c.kept(ofZoho, read)
	}
	return left
}

// today returns the credits spent in the 24 hours before now, here and elsewhere.
func (c *credits) today(now time.Time) int { return c.day.sum(now) + c.others.sum(now) }

// kept returns the last credits of a limit that a call of one kind may not use. Of this invocation's
// own, which the user has counted out, only what rows in doubt will want; a small limit of the day is
// not kept whole.
func (c *credits) kept(of int, read bool) int {
	switch {
	case read:
		return 0
	case of == ofInvocation:
		return c.owed
	case of == ofDay:
		return max(c.owed, min(c.keep, c.allowance/2))
	}
	return max(c.owed, c.keep)
}

// fits reports whether a call may leave even if all calls in flight are sent. Each of those may leave
// its row in doubt: near the end of this invocation's credits fewer and fewer are in flight, so that
// none of the credits is left over and hardly a row is left unread.
func (c *credits) fits(now time.Time, price, size int, read bool) bool {
	left := c.left(now, read)
	if !read && c.most > 0 {
		left[ofInvocation] -= c.exposed
		if size > 1 {
			left[ofInvocation] -= size
		}
	}
	return price <= min(left[ofInvocation], left[ofDay], left[ofZoho])-c.reserved
}

// covers reports whether a call of several rows may leave if none is in flight: not where it could put more
// of them in doubt than this invocation has credits to read back.
func (c *credits) covers(now time.Time, price, size int) bool {
	return size <= 1 || c.most <= 0 || price+size <= c.left(now, false)[ofInvocation]
}

// refuses returns why a call may not leave even if no call in flight is sent; nil if it then may.
func (c *credits) refuses(now time.Time, price int, read bool) *StopError {
	if price == 0 {
		return nil
	}
	for of, left := range c.left(now, read) {
		if price > left {
			return c.stopError(now, of, price, read)
		}
	}
	return nil
}

func (c *credits) reserve(price, size int) {
	c.reserved += price
	c.exposed += exposure(price, size)
}

// exposure is how many rows a call may leave in doubt; one to the token endpoint is of none.
func exposure(price, size int) int {
	if size > 1 {
		return size
	}
	return price
}

// settle books what a call really sent, which may be more than was reserved: the HTTP client sends
// a read again by itself when a connection kept open turns out to be dead.
func (c *credits) settle(now time.Time, price, size int, f Feedback) {
	c.reserved -= price
	c.exposed -= exposure(price, size)
	if size > 1 && f.Kind == FeedbackTrouble && f.Sent > 0 {
		c.owed += size // until it is said how many of them are in doubt: nobody may be quicker
	}
	sent := price * max(f.Sent, 0)
	c.spent += sent
	c.day.add(now, sent)
	if price == 0 || f.Sent <= 0 {
		return
	}
	if f.Remaining >= 0 {
		c.told(now, f.Remaining)
	} else {
		c.remaining -= sent
	}
}

// told takes in Zoho's own figure. Answers overtake each other, so the lowest of the last while is
// the one believed; credits that came back show once it has aged.
func (c *credits) told(now time.Time, remaining int) {
	c.said = remaining
	if !c.fresh(now) || remaining <= c.remaining {
		c.remaining, c.remainingAt = remaining, now
	}
}

func (c *credits) fresh(now time.Time) bool {
	return !c.remainingAt.IsZero() && now.Sub(c.remainingAt) <= remainingFresh
}

// gone tells whether a 429 means that the credits are used up: its text says so, or Zoho's last
// figure does, or even single calls are refused without end.
func (c *credits) gone(now time.Time, f Feedback, inFlight int, refused time.Duration) *StopError {
	reason := ""
	switch {
	case f.CreditsGone:
		reason = fmt.Sprintf("Zoho says that the day's credits are used up (%d spent by us in 24 hours)", c.today(now))
	case c.fresh(now) && c.remaining <= inFlight:
		reason = fmt.Sprintf("Zoho refuses calls and says that %d credits remain", c.said)
	case refused >= refusedMost:
		reason = fmt.Sprintf("Zoho has refused every call for %s, one at a time: the day's credits are taken to be used up (%d spent by us in 24 hours)",
			refused.Round(time.Second), c.today(now))
	default:
		return nil
	}
	stop := &StopError{Cause: CauseBudget, Rolls: true, Reason: reason}
	if f.RetryAfter > 0 {
		stop.Until = now.Add(f.RetryAfter).Round(0)
	}
	return stop
}

// stopError says with numbers which limit is reached.
func (c *credits) stopError(now time.Time, of, price int, read bool) *StopError {
	stop := &StopError{Cause: CauseBudget, Rolls: of != ofInvocation}
	kept := c.kept(of, read)
	switch of {
	case ofInvocation:
		stop.Reason = fmt.Sprintf("%d of the %d credits of this invocation are spent", c.spent, c.most)
	case ofDay:
		stop.Reason = fmt.Sprintf("%d of the %d credits for 24 hours are spent", c.today(now), c.allowance)
		together := c.day.with(&c.others)
		stop.Until = together.until(now, c.allowance-kept-price)
	default:
		stop.Reason = fmt.Sprintf("Zoho says that %d credits remain", c.said)
		if c.floor > 0 {
			stop.Reason += fmt.Sprintf(", of which %d are left to others", c.floor)
		}
	}
	if price > 1 {
		stop.Reason += fmt.Sprintf(", and the call costs %d", price)
	}
	if kept > 0 {
		stop.Reason += fmt.Sprintf(", and the last %d are kept for reading back rows in doubt", kept)
	}
	return stop
}
