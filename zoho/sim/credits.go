package sim

import (
	"net/http"
	"strconv"
	"time"
)

// day is how long a spent credit stays spent, in seconds.
const day = int64(24 * time.Hour / time.Second)

// gate counts the calls being served and the credits spent in 24 hours.
type gate struct {
	inFlight int
	buckets  []bucket // by second, oldest first
	spent    int
}

// bucket is the credits spent in one second.
type bucket struct {
	second int64
	n      int
}

// spend books credits in the second given. Seconds come in order, but for a
// clock that was set back, whose credits then last as long as the latest's.
func (g *gate) spend(second int64, credits int) {
	g.spent += credits
	if last := len(g.buckets) - 1; last >= 0 && g.buckets[last].second >= second {
		g.buckets[last].n += credits
		return
	}
	g.buckets = append(g.buckets, bucket{second, credits})
}

// expire gives back the credits that were spent 24 hours before now, or longer ago.
func (g *gate) expire(now int64) {
	old := 0
	for old < len(g.buckets) && g.buckets[old].second+day <= now {
		g.spent -= g.buckets[old].n
		old++
	}
	g.buckets = g.buckets[old:]
}

// enter lets a call in, or answers 429: at once and without effect, with its
// credit spent unless credits are what is wanting. The function it returns gives
// the place back; calling it again does nothing.
func (o *Org) enter(c *call) (release func(), refused *answer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	second := o.now().Unix()
	o.gate.expire(second)
	places := c.places()
	o.gate.inFlight += places
	o.history.enter(c.op, o.gate.inFlight)
	release = o.leaver(places)
	if o.cfg.Credits > 0 && o.gate.spent >= o.cfg.Credits {
		a := throttledCredits()
		o.history.stats.OutOfCredits++
		return release, &a
	}
	c.second = second
	o.gate.spend(second, c.price())
	o.history.stats.Credits += c.price()
	if o.cfg.Concurrency > 0 && o.gate.inFlight+o.others() > o.cfg.Concurrency {
		a := throttled()
		return release, &a
	}
	return release, nil
}

// leaver returns the function that ends a call's stay.
func (o *Org) leaver(places int) func() {
	left := false
	return func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		if !left {
			left = true
			o.gate.inFlight -= places
		}
	}
}

// others is how many places other users take in this second.
func (o *Org) others() int {
	if o.cfg.OtherUsers == 0 {
		return 0
	}
	return int(chance(o.cfg.Seed, uint64(o.now().Unix())) * float64(o.cfg.OtherUsers+1))
}

// credited is the second in which c's credit was spent, if that must outlive the process.
func (c *call) credited(o *Org) int64 {
	if o.cfg.Credits == 0 {
		return 0
	}
	return c.second
}

// more is the credits that c cost beyond the one, if that must outlive the process.
func (c *call) more(o *Org) int {
	if c.credited(o) == 0 {
		return 0
	}
	return c.price() - 1
}

// creditHeader tells what is left of the day's credits, once half are spent.
func (o *Org) creditHeader(h http.Header) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.gate.expire(o.now().Unix())
	if o.cfg.Credits > 0 && o.gate.spent*2 >= o.cfg.Credits {
		h.Set("X-API-CREDITS-REMAINING", strconv.Itoa(o.cfg.Credits-o.gate.spent))
	}
}
