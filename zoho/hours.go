package zoho

import (
	"fmt"
	"math"
	"slices"
	"time"
)

const (
	drainSlack = time.Second     // what a call may last beyond nearly all of the last ones
	drainGuess = 2 * time.Second // taken for nearly all calls' length while few have been seen
	drainFew   = 20              // calls that are few
	drainSeen  = 256             // how many of the last calls are looked at
	drainShare = 0.99            // of them that are nearly all
	drainLong  = 5 * time.Minute // no call lasts longer: before that there is nothing to reckon
)

// hours holds calls back outside of a window, and shortly before its end: a call that has left is to
// end inside too. It is guarded by the Limiter.
type hours struct {
	window Window
	last   []time.Duration // how long the last calls took, at most drainSeen
	at     int             // where in last the next one goes
}

// took takes in how long a call lasted from its leave to its end.
func (h *hours) took(d time.Duration) {
	if h.window.Always() {
		return
	}
	if len(h.last) < drainSeen {
		h.last = append(h.last, d)
		return
	}
	h.last[h.at] = d
	h.at = (h.at + 1) % drainSeen
}

// margin is how long before the window's end the last call leaves.
func (h *hours) margin() time.Duration {
	nearlyAll := drainGuess
	if n := len(h.last); n > 0 {
		sorted := slices.Sorted(slices.Values(h.last))
		seen := sorted[int(math.Ceil(drainShare*float64(n-1)))]
		if n >= drainFew {
			nearlyAll = seen
		}
		nearlyAll = max(nearlyAll, seen)
	}
	return nearlyAll + drainSlack
}

// drains returns when the last call may leave of the opening that t lies in, and when that ends. Long
// before the end it returns a time at which to ask again.
func (h *hours) drains(t time.Time) (last, closes time.Time) {
	closes = h.window.Closes(t)
	if closes.Sub(t) > drainLong {
		return closes.Add(-drainLong), closes
	}
	return closes.Add(-h.margin()), closes
}

// refuses returns why no call may leave for some time; nil if one may now. It goes by the wall clock,
// which other machines and people go by too.
func (h *hours) refuses(now time.Time) *StopError {
	if h.window.Always() {
		return nil
	}
	now = now.Round(0)
	opens := now
	if h.window.Open(now) {
		last, closes := h.drains(now)
		if now.Before(last) {
			return nil
		}
		opens = closes
	}
	return &StopError{
		Cause: CauseWindow, Until: h.window.NextOpen(opens),
		Reason: fmt.Sprintf("the window for calls is %s (%s)", h.window, h.window.Zone()),
	}
}

// wakeAt returns when the answer of refuses may change from yes to no; zero for never.
func (h *hours) wakeAt(now time.Time) time.Time {
	if h.window.Always() || !h.window.Open(now.Round(0)) {
		return time.Time{}
	}
	last, _ := h.drains(now.Round(0))
	return now.Add(last.Sub(now.Round(0)))
}
