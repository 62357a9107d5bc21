package zoho

import (
	"slices"
	"time"
)

const (
	creditWindow = 24 * time.Hour  // Zoho's: credits come back this long after they were spent
	creditBucket = 5 * time.Minute // how exactly we remember when that was
)

// Spend is credits spent at a time, or in a short span that ended then.
type Spend struct {
	At      time.Time
	Credits int
}

// spendBucket is what was spent in the creditBucket that ends at end.
type spendBucket struct {
	end     time.Time
	credits int
}

// ledger is what was spent in the last 24 hours, in buckets. A bucket leaves when its end is 24
// hours old, so the sum errs on the safe side. Time is the wall clock's at the start, and from
// there on counted by the monotonic clock: setting the clock must not bring credits back.
type ledger struct {
	buckets []spendBucket // by end, oldest first
	total   int
	start   time.Time
}

// newLedger takes in earlier spending. What seems to have been spent in the future was so under a
// clock set wrong, and counts as spent now.
func newLedger(start time.Time, spent []Spend) ledger {
	l := ledger{start: start}
	spent = slices.Clone(spent)
	slices.SortStableFunc(spent, func(a, b Spend) int { return a.At.Compare(b.At) })
	for _, s := range spent {
		at := s.At
		if at.After(start) {
			at = start
		}
		l.book(at, s.Credits)
	}
	return l
}

// clock returns now as counted from the start.
func (l *ledger) clock(now time.Time) time.Time {
	return l.start.Add(now.Sub(l.start)).Round(0)
}

func (l *ledger) add(now time.Time, credits int) { l.book(l.clock(now), credits) }

func (l *ledger) book(at time.Time, credits int) {
	if credits <= 0 {
		return
	}
	end := at.Truncate(creditBucket).Add(creditBucket)
	l.total += credits
	if n := len(l.buckets); n > 0 && l.buckets[n-1].end.Equal(end) {
		l.buckets[n-1].credits += credits
		return
	}
	l.buckets = append(l.buckets, spendBucket{end, credits})
}

// sum returns the credits spent in the 24 hours before now.
func (l *ledger) sum(now time.Time) int {
	now = l.clock(now)
	for len(l.buckets) > 0 && !now.Before(l.buckets[0].end.Add(creditWindow)) {
		l.total -= l.buckets[0].credits
		l.buckets = l.buckets[1:]
	}
	return l.total
}

// until returns when the sum will have fallen to most; zero if it never will.
func (l *ledger) until(now time.Time, most int) time.Time {
	sum := l.sum(now)
	if most < 0 {
		return time.Time{}
	}
	at := l.clock(now)
	for _, b := range l.buckets {
		if sum <= most {
			break
		}
		sum -= b.credits
		at = b.end.Add(creditWindow)
	}
	return at
}

// with is both ledgers together, for asking; the two stay as they are.
func (l *ledger) with(other *ledger) ledger {
	sum := ledger{start: l.start, total: l.total + other.total, buckets: slices.Concat(l.buckets, other.buckets)}
	slices.SortStableFunc(sum.buckets, func(a, b spendBucket) int { return a.end.Compare(b.end) })
	return sum
}
