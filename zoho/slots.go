package zoho

import (
	"math/rand/v2"
	"time"
)

// How the level of calls in flight moves. Zoho signals its limit by refusal alone, so the level is
// found from below: doubled until the first refusal, then raised by about one per round trip,
// halved on each refusal, with the refused level remembered.
const (
	gatePause   = 2 * time.Second  // no starts after a refusal, ± 25 %
	gateLongest = 16 * time.Second // the same, doubled while even single calls are refused
	retryMost   = time.Hour        // a Retry-After beyond this is not believed
	creepEvery  = 30 * time.Second // how often the refused level is tried again
	creepLeast  = 4 * time.Second  // the same, halved after each try that went well
	politeEvery = 5 * time.Second  // how often a polite limiter grows by one
)

// slots holds how many calls are in flight and how many may be. It is guarded by the Limiter.
type slots struct {
	cap      int
	polite   bool
	random   *rand.Rand
	inFlight int
	window   float64   // calls that may be in flight, rounded down
	starting bool      // no refusal yet: double
	ceiling  int       // grow freely up to here; above it Zoho has refused
	epoch    int       // refusals that made a cut
	gate     time.Time // no starts before this

	growAt  time.Time     // when a polite level is next raised
	creepAt time.Time     // when the refused level is next tried
	creep   time.Duration // how long was waited before that
	atOne   time.Time     // since when single calls are refused, none answered
	refusal int           // refusals of single calls since then
}

func newSlots(most int, polite bool, random *rand.Rand) slots {
	return slots{
		cap: most, polite: polite, random: random,
		window: float64(min(2, most)), starting: !polite, ceiling: most, creep: creepEvery,
	}
}

// limit returns how many calls may be in flight.
func (s *slots) limit() int { return int(s.window) }

func (s *slots) free() bool { return s.inFlight < s.limit() }

// fits reports whether a call that takes so many slots may leave.
func (s *slots) fits(size int) bool { return s.inFlight+size <= s.limit() }

func (s *slots) admit(slot *Slot, size int) {
	s.inFlight += size
	slot.size = size
	slot.level, slot.epoch = s.inFlight, s.epoch
}

// answered grows the level if it was in use: a level that nobody needed proves nothing.
func (s *slots) answered(now time.Time, slot *Slot) {
	if slot.price > 0 {
		s.atOne, s.refusal = time.Time{}, 0
	}
	inUse := float64(s.inFlight) >= s.window-float64(slot.size)
	if slot.epoch != s.epoch || !inUse {
		return
	}
	switch ceiling := float64(s.ceiling); {
	case s.window >= ceiling:
		s.tryHigher(now)
	case s.polite:
		s.growPolitely(now)
	case s.starting:
		s.window = min(s.window+1, ceiling)
	default:
		s.window = min(s.window+1/s.window, ceiling)
	}
}

// tryHigher goes one above the refused level, rarely while that is refused again, and sooner after
// each try that went well, so that a limit which was tight for a moment does not stay so for long.
func (s *slots) tryHigher(now time.Time) {
	if s.ceiling >= s.cap || now.Before(s.creepAt) {
		return
	}
	s.ceiling++
	s.window = float64(s.ceiling)
	s.creep = max(s.creep/2, creepLeast)
	s.creepAt = now.Add(s.jitter(s.creep))
}

func (s *slots) growPolitely(now time.Time) {
	if s.growAt.IsZero() {
		s.growAt = now.Add(politeEvery)
	}
	if now.Before(s.growAt) {
		return
	}
	s.window++
	s.growAt = now.Add(politeEvery)
}

// refused closes the gate for all after a 429 and, unless the call left before the last cut and so
// tells nothing new, cuts the level. It reports whether it did.
func (s *slots) refused(now time.Time, slot *Slot, retryAfter time.Duration) bool {
	if slot.epoch != s.epoch {
		s.closeGate(now, 0, retryAfter)
		return false
	}
	level := min(max(slot.level, s.inFlight), s.limit())
	s.epoch++
	s.starting = false
	s.ceiling = max(level-1, 1)
	s.window = max(s.window/2, 1)
	if s.polite {
		s.window = 1
	}
	s.window = min(s.window, float64(s.ceiling))
	s.creep = creepEvery
	s.creepAt = now.Add(s.jitter(s.creep))
	s.growAt = now.Add(politeEvery)
	s.closeGate(now, s.pause(now), retryAfter)
	return true
}

// pause computes how long the gate stays closed after a cut. Refusals of single calls cost credits
// and bring nothing, so they come ever more slowly.
func (s *slots) pause(now time.Time) time.Duration {
	if s.window > 1 {
		return s.jitter(gatePause)
	}
	if s.atOne.IsZero() {
		s.atOne = now
	}
	pause := min(gatePause<<min(s.refusal, 8), gateLongest)
	s.refusal++
	return s.jitter(pause)
}

// closeGate keeps the gate closed for pause, or for as long as Zoho asked for if that is longer.
func (s *slots) closeGate(now time.Time, pause, retryAfter time.Duration) {
	until := now.Add(max(pause, min(retryAfter, retryMost)))
	if until.After(s.gate) {
		s.gate = until
	}
}

// refusedFor returns how long single calls have been refused without one answered.
func (s *slots) refusedFor(now time.Time) time.Duration {
	if s.atOne.IsZero() {
		return 0
	}
	return now.Sub(s.atOne)
}

// restart goes back to one slot: after an outage everybody comes back at once.
func (s *slots) restart() { s.window = 1 }

// jitter returns d ± 25 %, so that clients that were refused together do not come back together.
func (s *slots) jitter(d time.Duration) time.Duration {
	return d - d/4 + time.Duration(s.random.Int64N(int64(d/2)+1))
}
