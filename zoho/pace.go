package zoho

import (
	"math"
	"time"

	"golang.org/x/time/rate"
)

// paceSlack is by how much a start may come late and still count as made at its time. Without it
// the lateness of each timer would add up, and a thousand a second would be nine hundred.
const paceSlack = 5 * time.Millisecond

// pace spaces the starts of calls evenly. It keeps one start time ahead, belonging to whoever is
// next and not to a call that holds a slot. It is guarded by the Limiter.
type pace struct {
	rate *rate.Limiter // nil: no limit
	at   time.Time     // the next start; zero when not reserved
	last time.Time     // the last start, as it was reserved
}

func newPace(perSecond float64) pace {
	if math.IsNaN(perSecond) || math.IsInf(perSecond, 0) || perSecond <= 0 {
		return pace{}
	}
	return pace{rate: rate.NewLimiter(rate.Limit(perSecond), 1)}
}

// next returns when the next call may start, which may be in the past.
func (p *pace) next(now time.Time) time.Time {
	if p.rate == nil {
		return now
	}
	if now.Sub(p.at) > paceSlack {
		p.at = p.reserve(now)
	}
	return p.at
}

func (p *pace) reserve(now time.Time) time.Time {
	from := now
	if now.Sub(p.last) <= paceSlack {
		from = p.last
	}
	return from.Add(p.rate.ReserveN(from, 1).DelayFrom(from))
}

// take uses the start that next returned.
func (p *pace) take() { p.last, p.at = p.at, time.Time{} }
