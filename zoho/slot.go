package zoho

import (
	"log/slog"
	"time"
)

// FeedbackKind says what became of a call, as far as limits go.
type FeedbackKind int

// What may become of a call.
const (
	FeedbackAnswered  FeedbackKind = iota // Zoho gave a definite answer, be it yes or no
	FeedbackThrottled                     // 429: too many at once, or the credits are gone
	FeedbackTrouble                       // not sent, 5xx, or no answer that can be believed
	FeedbackUnused                        // the call was given up by us: it says nothing of Zoho
)

// Feedback tells the Limiter what came of a call.
type Feedback struct {
	Kind        FeedbackKind
	Sent        int           // requests written on the wire, each at the slot's price; 0 gives the credits back
	RetryAfter  time.Duration // of a 429; 0 = none said
	CreditsGone bool          // the text of a 429 says that the day's credits are used up
	Remaining   int           // X-API-CREDITS-REMAINING; -1 = not said
	Trouble     string        // what the trouble was, for a person; "" = not said
}

// Slot is the right to one call, from Acquire until Release.
type Slot struct {
	limiter    *Limiter
	price      int
	size       int       // slots that it takes
	left       time.Time // when it was granted
	level      int       // calls in flight with it when it left
	epoch      int       // cuts made before it left
	generation int       // closings of the circuit before it left
	probe      bool
	released   bool
}

// Release gives the slot back and says what came of the call. A second Release does nothing.
func (s *Slot) Release(f Feedback) {
	l := s.limiter
	l.mu.Lock()
	defer l.unlock()
	if s.released {
		return
	}
	s.released = true
	now := time.Now()
	l.credits.settle(now, s.price, s.size, f)
	if f.Sent > 0 {
		l.hours.took(now.Sub(s.left))
	}
	switch f.Kind {
	case FeedbackAnswered:
		l.slots.answered(now, s)
	case FeedbackThrottled:
		l.throttle(now, s, f)
	}
	l.observe(now, s, f)
	l.slots.inFlight -= s.size
	l.pump(now)
}

// throttle takes a 429 first for "too many at once", and for spent credits when there is a sign.
func (l *Limiter) throttle(now time.Time, s *Slot, f Feedback) {
	l.throttled++
	if l.slots.refused(now, s, f.RetryAfter) {
		l.note("Zoho said too many: fewer calls at once", slog.Int("limit", l.slots.limit()),
			slog.Int("grows_to", l.slots.ceiling), slog.Duration("gate", l.slots.gate.Sub(now)))
	}
	if s.price == 0 {
		return // the token endpoint knows nothing of credits
	}
	if stop := l.credits.gone(now, f, l.slots.inFlight, l.slots.refusedFor(now)); stop != nil {
		l.halt(stop)
	}
}

// observe tells the circuit what came back, and starts again from one slot when it closes.
func (l *Limiter) observe(now time.Time, s *Slot, f Feedback) {
	before := l.circuit.state
	l.circuit.observe(now, s, f)
	switch after := l.circuit.state; {
	case after == before:
	case after == circuitOpen:
		l.note("Zoho does not answer: calls are held back",
			slog.Int("unanswered", l.circuit.unanswered), slog.Duration("pause", l.circuit.until.Sub(now)))
	case after == circuitClosed:
		l.slots.restart()
		l.note("Zoho answers again: calls go on")
	}
}
