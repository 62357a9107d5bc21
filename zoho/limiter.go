package zoho

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// LimiterConfig says how much of Zoho one process may use. The zero value of every field but Cap
// means "no limit of ours", or the default named there.
type LimiterConfig struct {
	Cap          int           // calls in flight, at most; never exceeded; less than 1 counts as 1
	Open         int           // slots open at first, Cap at most, before Zoho has shown what it takes; 0 = 2
	Rate         float64       // calls started per second, at most; 0 = no limit
	Polite       bool          // grow by one slot per 5 s and fall back to one, to leave room for others
	MaxCredits   int           // credits of this invocation, at most; 0 = no limit
	Used         int           // of MaxCredits, what earlier Limiters of this invocation spent
	Allowance    int           // credits in any rolling 24 h, at most, over all invocations; 0 = no limit
	Floor        int           // of the credits that Zoho says remain, how many to leave to others
	Spent        []Spend       // what earlier invocations spent in the last 24 h, in any order
	KeepForReads int           // the last credits of the day, and of those Zoho says remain, that only AcquireRead may use
	Window       Window        // no call starts outside of it; the zero Window is always open
	MaxOutage    time.Duration // how long Zoho may go without answering before all stops; default 30 min
	Seed         uint64        // of the jitter: the same seed gives the same pauses
	Log          *slog.Logger  // told of cuts, pauses and stops; nil discards
}

// Limiter answers one question for everything that goes to Zoho: may a call leave now? It keeps the
// calls in flight at a level that Zoho bears, spaces their starts, counts their credits, and holds
// everything back while Zoho does not answer. Waiting is done here, before a slot is taken: nobody
// sleeps while holding one. It is safe for concurrent use.
type Limiter struct {
	mu        sync.Mutex
	hours     hours
	slots     slots
	circuit   circuit
	credits   credits
	pace      pace
	queue     []*waiter // in order of arrival
	stop      *StopError
	throttled int
	timer     *time.Timer
	wakeAt    time.Time // when timer is set to fire; zero when it is not set
	notes     []note
	log       *slog.Logger
}

// waiter is one call that has asked to leave. Its fate is in slot or err once ready is closed; it has a ready
// only if its fate was not known at once.
type waiter struct {
	price int
	slots int // that it takes; 0 is one
	read  bool
	ready chan struct{}
	slot  *Slot
	err   error
}

// note is a line for the log, kept until the lock is given up: a log that blocks must not hold up
// the calls.
type note struct {
	text  string
	attrs []slog.Attr
}

// NewLimiter returns a Limiter that has sent nothing yet.
func NewLimiter(c LimiterConfig) *Limiter {
	random := rand.New(rand.NewPCG(c.Seed, 0x7a6c6f636b))
	l := &Limiter{
		hours:   hours{window: c.Window},
		slots:   newSlots(max(c.Cap, 1), c.Polite, random),
		circuit: newCircuit(c.MaxOutage, random),
		credits: newCredits(c),
		pace:    newPace(c.Rate),
		log:     c.Log,
	}
	if c.Open > 0 {
		l.slots.window = float64(min(c.Open, l.slots.cap))
	}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	l.timer = time.AfterFunc(time.Hour, l.wake)
	l.timer.Stop()
	return l
}

// Acquire waits until a call costing price credits (0 for a call to the token endpoint, which costs
// none) may leave, in order of arrival. The Slot must be released with what came back. The error is
// ctx's, or a *StopError when no call may leave for a long time or ever.
func (l *Limiter) Acquire(ctx context.Context, price int) (*Slot, error) {
	return l.acquire(ctx, &waiter{price: price})
}

// AcquireRead is Acquire for reading back a row in doubt: it may use the credits kept for reads,
// and is preferred when Zoho is being tested after an outage, as useful work that changes nothing.
func (l *Limiter) AcquireRead(ctx context.Context, price int) (*Slot, error) {
	return l.acquire(ctx, &waiter{price: price, read: true})
}

// Owe says how many rows are in doubt now. As many credits of each limit are kept for AcquireRead.
func (l *Limiter) Owe(rows int) {
	l.mu.Lock()
	defer l.unlock()
	if l.credits.owed == rows {
		return
	}
	l.credits.owed = rows
	l.pump(time.Now())
}

// Elsewhere says what is known of credits that were spent without this Limiter while it works: by other
// processes of the organisation. They count for Allowance. It replaces what was said before.
func (l *Limiter) Elsewhere(spent []Spend) {
	l.mu.Lock()
	defer l.unlock()
	now := time.Now()
	l.credits.others = newLedger(now, spent)
	l.pump(now)
}

func (l *Limiter) acquire(ctx context.Context, w *waiter) (*Slot, error) {
	if w.price < 0 {
		return nil, fmt.Errorf("ask the limiter for a call: price %d is negative", w.price)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.queue = append(l.queue, w)
	l.pump(time.Now())
	settled := w.settled()
	if !settled {
		w.ready = make(chan struct{})
	}
	l.unlock()
	if settled {
		return w.slot, w.err
	}
	select {
	case <-w.ready:
		return w.slot, w.err
	case <-ctx.Done():
		l.giveUp(w)
		return nil, ctx.Err()
	}
}

// settled reports whether the waiter's fate is known. The Limiter is locked.
func (w *waiter) settled() bool { return w.slot != nil || w.err != nil }

// tell lets the waiter know that its fate is.
func (w *waiter) tell() {
	if w.ready != nil {
		close(w.ready)
	}
}

// giveUp takes a waiter out of the queue, or gives back the slot that it was granted meanwhile.
func (l *Limiter) giveUp(w *waiter) {
	l.mu.Lock()
	at := slices.Index(l.queue, w)
	if at >= 0 {
		l.queue = slices.Delete(l.queue, at, at+1)
		l.pump(time.Now())
	}
	l.unlock()
	if at < 0 && w.slot != nil {
		w.slot.Release(Feedback{Kind: FeedbackUnused, Remaining: -1})
	}
}

// pump lets as many waiters go as may, tells those that never will, and sets the timer for the next
// moment at which time alone changes something.
func (l *Limiter) pump(now time.Time) {
	l.circuit.tick(now)
	l.checkOutage(now)
	l.refuse(now)
	var again time.Time
	for len(l.queue) > 0 {
		w, at := l.next(now)
		if w == nil {
			again = at
			break
		}
		l.admit(w, now)
	}
	l.schedule(now, again)
}

// refuse ends the waiting of all that no settlement of calls in flight can help.
func (l *Limiter) refuse(now time.Time) {
	if len(l.queue) == 0 {
		return
	}
	closed := l.hours.refuses(now)
	l.queue = slices.DeleteFunc(l.queue, func(w *waiter) bool {
		stop := l.stop
		if stop == nil {
			stop = closed
		}
		if stop == nil {
			stop = l.credits.refuses(now, w.price, w.read)
		}
		if stop == nil && w.size() <= max(l.slots.limit(), 1) && l.credits.covers(now, w.price, w.size()) {
			return false
		}
		if w.err = stop; stop == nil {
			w.err = &NarrowError{Want: w.size(), Limit: l.slots.limit()}
		}
		w.tell()
		return true
	})
}

// next returns the waiter that may leave now; or nil and when to look again, zero if only a release
// can change anything.
func (l *Limiter) next(now time.Time) (*waiter, time.Time) {
	if !l.circuit.ready() {
		return nil, l.circuit.wakeAt()
	}
	if now.Before(l.slots.gate) {
		return nil, l.slots.gate
	}
	if !l.slots.free() {
		return nil, time.Time{}
	}
	w := l.pick(now)
	if w == nil || !l.slots.fits(w.size()) {
		return nil, time.Time{}
	}
	if start := l.pace.next(now); now.Before(start) {
		return nil, start
	}
	return w, time.Time{}
}

// pick chooses among the waiters whose credits fit: reads first while Zoho is being tested, else by
// arrival. One that waits for credits holds up those of its kind behind it, and nobody else.
func (l *Limiter) pick(now time.Time) *waiter {
	readsFirst := l.circuit.state == circuitHalfOpen
	var first *waiter
	var held [2]bool
	for _, w := range l.queue {
		kind := 0
		if w.read {
			kind = 1
		}
		if w.price > 0 && held[kind] {
			continue
		}
		if w.price > 0 && !l.credits.fits(now, w.price, w.size(), w.read) {
			held[kind] = true
			continue
		}
		if w.read || !readsFirst {
			return w
		}
		if first == nil {
			first = w
		}
	}
	return first
}

// admit turns a waiter into a call in flight.
func (l *Limiter) admit(w *waiter, now time.Time) {
	at := slices.Index(l.queue, w)
	l.queue = slices.Delete(l.queue, at, at+1)
	l.pace.take()
	l.credits.reserve(w.price, w.size())
	s := &Slot{limiter: l, price: w.price, left: now}
	l.circuit.admit(s)
	l.slots.admit(s, w.size())
	w.slot = s
	w.tell()
}

// checkOutage stops everything once Zoho has not answered for too long.
func (l *Limiter) checkOutage(now time.Time) {
	if l.stop == nil && l.circuit.outage(now) {
		l.halt(l.circuit.stopError(now))
	}
}

// halt ends all waiting, now and later.
func (l *Limiter) halt(stop *StopError) {
	if l.stop != nil {
		return
	}
	l.stop = stop
	l.note("no more calls", slog.String("cause", stop.Cause), slog.String("reason", stop.Reason))
}

// schedule sets the timer for the earliest of at, the end of the patience with an outage, and the end
// of the window.
func (l *Limiter) schedule(now, at time.Time) {
	if len(l.queue) == 0 {
		at = time.Time{}
	} else {
		at = earlier(earlier(at, l.circuit.outageAt()), l.hours.wakeAt(now))
	}
	if at.Equal(l.wakeAt) {
		return
	}
	l.wakeAt = at
	if at.IsZero() {
		l.timer.Stop()
		return
	}
	l.timer.Reset(at.Sub(now))
}

// earlier returns the earlier of two times, of which zero is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// wake is the timer's: time has changed something.
func (l *Limiter) wake() {
	l.mu.Lock()
	defer l.unlock()
	l.wakeAt = time.Time{}
	l.pump(time.Now())
}

func (l *Limiter) note(text string, attrs ...slog.Attr) {
	l.notes = append(l.notes, note{text, attrs})
}

// unlock gives up the lock and only then writes the log.
func (l *Limiter) unlock() {
	notes := l.notes
	l.notes = nil
	l.mu.Unlock()
	for _, n := range notes {
		l.log.LogAttrs(context.Background(), slog.LevelInfo, "limiter: "+n.text, n.attrs...)
	}
}
