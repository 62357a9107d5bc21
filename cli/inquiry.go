package cli

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"zlock/zoho"
)

const (
	inquiryAtOnce = 2                      // calls of a reading command in flight, at most: a run's come first
	inquiryTries  = 3                      // of a call that met nothing but passing trouble
	longTries     = 8                      // the same in a long reading: much hangs on each call
	inquiryBooks  = 50                     // credits that are booked at once, before they are spent
	inquiryLooks  = 10                     // calls after which it is looked at what runs have spent meanwhile
	inquiryPause  = 500 * time.Millisecond // before the second try; twice that before the third
)

// inquiry is the few calls of a command that only reads. It needs no lock of the org, so that it works
// beside a run, and keeps to the org's credits like everybody else.
type inquiry struct {
	*app
	place   place
	org     org
	limiter *zoho.Limiter
	tokens  *zoho.Tokens
	client  *zoho.Client
	meter   zoho.Meter // of client
	tries   int        // of a call that meets passing trouble; 0 is inquiryTries

	mu     sync.Mutex
	others zoho.Meter // of calls made through each
	booked int        // credits
	left   int        // calls
}

// inquire gets ready to read. allowance is how many credits of 24 hours may be spent, 0 for any number.
func (a *app) inquire(p place, o org, allowance int64) (*inquiry, error) {
	return a.inquireWithin(p, o, zoho.LimiterConfig{Cap: inquiryAtOnce, Allowance: int(allowance)})
}

// inquireWithin is inquire with limits of its own.
func (a *app) inquireWithin(p place, o org, limits zoho.LimiterConfig) (*inquiry, error) {
	q := &inquiry{app: a, place: p, org: o}
	limits.Log = a.log
	spent, err := p.purse(o.key).OfNoRun(a.world.Now())
	if err != nil {
		a.log.Warn("credits spent so far are not known", "error", err)
	}
	limits.Spent = spends(spent)
	q.limiter = zoho.NewLimiter(limits)
	q.look()
	if q.tokens, err = o.tokens(p, q.limiter, a.world.Transport, a.log, a.world.hidden); err != nil {
		q.end()
		return nil, usage(err.Error())
	}
	client, err := zoho.New(zoho.Config{
		API: o.api, Version: o.version, Tokens: q.tokens, Limiter: q.limiter, AllowHosts: o.allowHosts, Log: a.log, Transport: q.watched(),
	})
	if err != nil {
		q.end()
		return nil, usage(err.Error())
	}
	q.client = client.Metered(&q.meter)
	return q, nil
}

// ask makes a call, and makes it again where nothing but passing trouble was met.
func (q *inquiry) ask(ctx context.Context, call func(context.Context) error) error {
	return q.repeat(ctx, call, zoho.PhaseNotSent, zoho.PhaseRefused, zoho.PhaseOpen)
}

// send makes a call that changes something: again only where the first one surely did nothing.
func (q *inquiry) send(ctx context.Context, call func(context.Context) error) error {
	return q.repeat(ctx, call, zoho.PhaseNotSent, zoho.PhaseRefused)
}

// repeat makes a call, and makes it again where it got no further than to one of the phases.
func (q *inquiry) repeat(ctx context.Context, call func(context.Context) error, phases ...zoho.Phase) error {
	most := q.tries
	if most == 0 {
		most = inquiryTries
	}
	for try := 1; ; try++ {
		err := call(ctx)
		var e *zoho.Error
		if !errors.As(err, &e) || !slices.Contains(phases, e.Phase) || e.Kind == zoho.Stopped || e.Kind == zoho.TokenThrottled ||
			try == most || ctx.Err() != nil {
			return err
		}
		if err := pauseFor(ctx, time.Duration(try)*inquiryPause); err != nil {
			return err
		}
	}
}

// each makes a call for every item, as many at once as a reading command may, until one fails for good.
// Calls are given a client of their own.
func each[T any](ctx context.Context, q *inquiry, items iter.Seq[T], call func(context.Context, *zoho.Client, T) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	crew, due := new(errgroup.Group), make(chan T)
	for range inquiryAtOnce {
		crew.Go(func() error {
			var meter zoho.Meter
			client := q.client.Metered(&meter)
			for item := range due {
				before := meter
				err := q.ask(ctx, func(ctx context.Context) error { return call(ctx, client, item) })
				q.spend(meter.Calls-before.Calls, meter.Credits-before.Credits)
				if err != nil {
					cancel(err)
					return err
				}
			}
			return nil
		})
	}
	for item := range items {
		select {
		case due <- item:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(due)
	if err := crew.Wait(); err != nil {
		return err
	}
	return context.Cause(ctx)
}

// spend counts a call made through each.
func (q *inquiry) spend(calls, credits int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.others.Calls += calls
	q.others.Credits += credits
}

// watched is the way to Zoho, on which every call is booked before it leaves.
func (q *inquiry) watched() http.RoundTripper {
	way := q.world.Transport
	if way == nil {
		way = zoho.NewDirect(zoho.TransportConfig{Concurrency: q.limiter.Snapshot().Cap, AllowHosts: q.org.allowHosts})
	}
	return booked{way, q}
}

// booked is a way on which every call is booked before it leaves: a process may die.
type booked struct {
	http.RoundTripper
	inquiry *inquiry
}

// RoundTrip books the call and makes it.
func (b booked) RoundTrip(r *http.Request) (*http.Response, error) {
	b.inquiry.leaving()
	return b.RoundTripper.RoundTrip(r)
}

// leaving books credits ahead of a call, and looks now and then what runs have spent meanwhile.
func (q *inquiry) leaving() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.limiter.Snapshot().Credits > q.booked {
		q.book(inquiryBooks)
	}
	if q.left++; q.left%inquiryLooks == 0 {
		q.look()
	}
}

// look tells the limiter what the runs of all checkpoints have spent.
func (q *inquiry) look() {
	runs, err := q.place.purse(q.org.key).OfRuns(q.world.Now())
	if err != nil {
		q.log.Warn("credits spent by runs are not known", "error", err)
		return
	}
	q.limiter.Elsewhere(spends(runs))
}

// book adds credits to what the org has spent; less than none gives them back.
func (q *inquiry) book(credits int) {
	q.booked += credits
	if q.org.simulated { // a rehearsal spends nothing that others would miss
		return
	}
	if err := q.place.purse(q.org.key).Add(context.Background(), credits, q.world.Now()); err != nil {
		q.log.Warn("what was spent is not booked", "error", err)
	}
}

// pauseFor waits, or returns why it was cut short.
func pauseFor(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// end books what the calls really cost.
func (q *inquiry) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.book(q.limiter.Snapshot().Credits - q.booked)
}
