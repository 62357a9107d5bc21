package zoho

import (
	"fmt"
	"strconv"
	"time"
)

// Snapshot is where a Limiter stands, for people.
type Snapshot struct {
	InFlight  int       // calls in flight
	Limit     int       // calls that may be in flight now
	Cap       int       // calls that may ever be
	Credits   int       // credits of this invocation, earlier Limiters' included: sent, or in flight and perhaps sent
	Spent24h  int       // credits of the last 24 hours that we know of, the same way
	Remaining int       // credits that Zoho last said remain; -1 = it has not
	Gate      time.Time // no call starts before this; zero when the gate is open
	Circuit   string    // "closed": calls go; "open": held back; "half-open": Zoho is being tested
	Why       string    // what holds calls back now, in one clause; "" when nothing does
	AtLevel   bool      // Why tells how many calls may go at once, which holds back none that is alone
	Throttled int       // 429s so far
}

// Snapshot returns where the Limiter stands now.
func (l *Limiter) Snapshot() Snapshot {
	l.mu.Lock()
	defer l.unlock()
	now := time.Now()
	l.circuit.tick(now)
	s := Snapshot{
		InFlight: l.slots.inFlight, Limit: l.slots.limit(), Cap: l.slots.cap,
		Credits:   l.credits.spent + l.credits.reserved,
		Spent24h:  l.credits.today(now) + l.credits.reserved,
		Remaining: l.credits.said,
		Circuit:   l.circuit.state.String(),
		Throttled: l.throttled,
	}
	s.Why, s.AtLevel = l.why(now)
	if now.Before(l.slots.gate) {
		s.Gate = l.slots.gate
	}
	return s
}

// why names the one thing that matters most now.
func (l *Limiter) why(now time.Time) (clause string, atLevel bool) {
	switch {
	case l.stop != nil:
		return "stopped: " + l.stop.Reason, false
	case l.circuit.state == circuitOpen:
		return "paused: Zoho does not answer, next try at " + timeOfDay(l.circuit.until), false
	case l.circuit.state == circuitHalfOpen:
		return "testing whether Zoho answers again", false
	case now.Before(l.slots.gate):
		return "paused: Zoho said too many, on at " + timeOfDay(l.slots.gate), false
	}
	return l.whyLevel(now)
}

// whyLevel explains the number of calls in flight when nothing is paused.
func (l *Limiter) whyLevel(now time.Time) (clause string, atLevel bool) {
	waiting, limit := len(l.queue) > 0, l.slots.limit()
	switch {
	case waiting && l.slots.free() && l.pick(now) == nil:
		return "the last credits are with the calls in flight", false
	case waiting && l.slots.free() && l.pace.rate != nil:
		return "at the pace that was set: " + strconv.FormatFloat(float64(l.pace.rate.Limit()), 'g', 4, 64) + " calls a second", false
	case l.slots.ceiling < l.slots.cap:
		return fmt.Sprintf("%d in flight: Zoho said too many", limit), true
	case limit < l.slots.cap && l.slots.polite:
		return fmt.Sprintf("%d in flight: leaving room for others", limit), true
	case limit < l.slots.cap:
		return fmt.Sprintf("%d in flight: finding out how many Zoho takes", limit), true
	case waiting:
		return fmt.Sprintf("%d in flight: the most allowed", limit), true
	}
	return "", false
}

func timeOfDay(t time.Time) string { return t.Format("15:04:05") }
