package zoho

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// When calls are held back because Zoho does not answer, and how it is tested again. A pause costs
// time; calls into an outage cost credits and leave rows in doubt.
const (
	troubleRow    = 10               // unanswered in a row that open the circuit
	troubleSeen   = 40               // how many of the last calls are looked at
	troubleLeast  = 20               // with fewer than this a share says nothing
	troubleWithin = time.Minute      // and only those of this last while
	pauseFirst    = 5 * time.Second  // the first pause
	pauseMost     = 5 * time.Minute  // pauses double up to this
	closeAfter    = 3                // answered tests that close the circuit
	outageDefault = 30 * time.Minute // see LimiterConfig.MaxOutage
)

type circuitState int

const (
	circuitClosed circuitState = iota
	circuitOpen
	circuitHalfOpen
)

// String returns the state as Snapshot shows it.
func (s circuitState) String() string { return [...]string{"closed", "open", "half-open"}[s] }

// callResult is one call's, for the share of trouble among the last.
type callResult struct {
	at      time.Time
	trouble bool
}

// circuit holds calls back while Zoho does not answer. It never fails a call: it makes it wait. It
// is guarded by the Limiter.
type circuit struct {
	random     *rand.Rand
	maxOutage  time.Duration
	state      circuitState
	generation int           // times it closed: results of calls from before do not count
	row        int           // troubles in a row
	recent     []callResult  // at most troubleSeen, oldest first
	pause      time.Duration // the present pause, before jitter
	until      time.Time     // when the present pause ends
	probing    bool          // a test is in flight
	answers    int           // tests answered since the last pause
	since      time.Time     // the first trouble after the last answered call
	unanswered int           // troubles since then
	last       string        // what the last trouble was; "" where nobody said
}

func newCircuit(maxOutage time.Duration, random *rand.Rand) circuit {
	if maxOutage <= 0 {
		maxOutage = outageDefault
	}
	return circuit{random: random, maxOutage: maxOutage}
}

// tick ends a pause whose time is over.
func (c *circuit) tick(now time.Time) {
	if c.state == circuitOpen && !now.Before(c.until) {
		c.state, c.answers = circuitHalfOpen, 0
	}
}

// ready reports whether it lets a call go, as one of many or as the one test.
func (c *circuit) ready() bool {
	return c.state == circuitClosed || c.state == circuitHalfOpen && !c.probing
}

// wakeAt returns when the present pause ends, zero when there is none.
func (c *circuit) wakeAt() time.Time {
	if c.state == circuitOpen {
		return c.until
	}
	return time.Time{}
}

func (c *circuit) admit(s *Slot) {
	s.generation = c.generation
	s.probe = c.state == circuitHalfOpen
	c.probing = s.probe
}

// observe takes in what came of a call. A 429 shows that Zoho is there, but neither opens nor
// closes anything; an answer of the token endpoint comes from another host and shows nothing.
func (c *circuit) observe(now time.Time, s *Slot, f Feedback) {
	if s.probe && s.generation == c.generation {
		c.probing = false
	}
	switch {
	case f.Kind == FeedbackTrouble:
		c.last = f.Trouble
		c.trouble(now, s)
	case f.Kind == FeedbackThrottled:
		c.since, c.unanswered = time.Time{}, 0
	case f.Kind == FeedbackAnswered && s.price > 0:
		c.answered(now, s)
	}
}

func (c *circuit) answered(now time.Time, s *Slot) {
	c.since, c.unanswered = time.Time{}, 0
	switch {
	case s.probe && c.state == circuitHalfOpen:
		if c.answers++; c.answers >= closeAfter {
			c.close()
		}
	case c.state == circuitClosed && s.generation == c.generation:
		c.row = 0
		c.remember(callResult{now, false})
	}
}

func (c *circuit) trouble(now time.Time, s *Slot) {
	if c.since.IsZero() {
		c.since = now
	}
	c.unanswered++
	switch {
	case s.probe && c.state == circuitHalfOpen:
		c.open(now)
	case c.state == circuitClosed && s.generation == c.generation:
		c.row++
		c.remember(callResult{now, true})
		if c.row >= troubleRow || c.mostlyTrouble(now) {
			c.open(now)
		}
	}
}

func (c *circuit) remember(r callResult) {
	if len(c.recent) == troubleSeen {
		copy(c.recent, c.recent[1:])
		c.recent = c.recent[:troubleSeen-1]
	}
	c.recent = append(c.recent, r)
}

// mostlyTrouble reports whether at least half of the last calls came to nothing.
func (c *circuit) mostlyTrouble(now time.Time) bool {
	seen, trouble := 0, 0
	for _, r := range c.recent {
		if now.Sub(r.at) > troubleWithin {
			continue
		}
		seen++
		if r.trouble {
			trouble++
		}
	}
	return seen >= troubleLeast && 2*trouble >= seen
}

// open starts a pause, twice as long as the last one, of which the upper half is left to chance.
func (c *circuit) open(now time.Time) {
	c.pause = min(max(2*c.pause, pauseFirst), pauseMost)
	half := c.pause / 2
	c.until = now.Add(half + time.Duration(c.random.Int64N(int64(half)+1)))
	c.state = circuitOpen
}

func (c *circuit) close() {
	c.state = circuitClosed
	c.generation++
	c.row, c.pause, c.probing = 0, 0, false
	c.recent = c.recent[:0]
}

// outageAt returns when patience with the present outage ends, zero when there is none.
func (c *circuit) outageAt() time.Time {
	if c.state == circuitClosed || c.since.IsZero() || c.probing {
		return time.Time{}
	}
	return c.since.Add(c.maxOutage)
}

// outage reports whether patience has ended. While a test is in flight it has not: it may succeed.
func (c *circuit) outage(now time.Time) bool {
	end := c.outageAt()
	return !end.IsZero() && !now.Before(end)
}

func (c *circuit) stopError(now time.Time) *StopError {
	reason := fmt.Sprintf("Zoho has not answered for %s (%d calls without an answer; the longest allowed is %s)",
		now.Sub(c.since).Round(time.Second), c.unanswered, c.maxOutage)
	if c.last != "" {
		reason += "; the last ended so: " + c.last
	}
	return &StopError{Cause: CauseOutage, Reason: reason}
}
