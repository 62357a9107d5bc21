package cli

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"zlock/checkpoint"
	"zlock/zoho"
)

const (
	inquiryAtOnce = 2                      // calls of a reading command in flight, at most: a run's come first
	inquiryTries  = 3                      // of a call that met nothing but passing trouble
	inquiryPause  = 500 * time.Millisecond // before the second try; twice that before the third
)

// inquiry is the few calls of a command that only reads. It needs no lock of the org, so that it works
// beside a run, and keeps to the org's credits like everybody else.
type inquiry struct {
	*app
	place   place
	org     org
	db      *checkpoint.DB // where the calls are booked; nil where there is no checkpoint
	limiter *zoho.Limiter
	tokens  *zoho.Tokens
	client  *zoho.Client
	meter   zoho.Meter
}

// inquire gets ready to read. allowance is how many credits of 24 hours may be spent, 0 for any number.
func (a *app) inquire(ctx context.Context, p place, o org, allowance int64) (*inquiry, error) {
	return a.inquireWithin(ctx, p, o, zoho.LimiterConfig{Cap: inquiryAtOnce, Allowance: int(allowance)})
}

// inquireWithin is inquire with limits of its own.
func (a *app) inquireWithin(ctx context.Context, p place, o org, limits zoho.LimiterConfig) (*inquiry, error) {
	q := &inquiry{app: a, place: p, org: o}
	limits.Log = a.log
	if q.db = a.ledger(ctx, p); q.db != nil {
		spent, err := q.db.Spent(ctx, o.key, a.world.Now())
		if err != nil {
			a.log.Warn("credits spent so far are not known", "error", err)
		}
		limits.Spent = spends(spent)
	}
	q.limiter = zoho.NewLimiter(limits)
	var err error
	if q.tokens, err = o.tokens(p, q.limiter, a.world.Transport, a.log); err != nil {
		return nil, errors.Join(usage(err.Error()), q.end())
	}
	client, err := zoho.New(zoho.Config{
		API: o.api, Version: o.version, Tokens: q.tokens, Limiter: q.limiter, AllowHosts: o.allowHosts, Log: a.log, Transport: a.world.Transport,
	})
	if err != nil {
		return nil, errors.Join(usage(err.Error()), q.end())
	}
	q.client = client.Metered(&q.meter)
	return q, nil
}

// ledger opens the checkpoint to book calls in it, if there is one. A command that only reads goes on
// without.
func (a *app) ledger(ctx context.Context, p place) *checkpoint.DB {
	look, err := checkpoint.OpenReadOnly(ctx, p.db) // one of an older version is not brought up to date for this
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var db *checkpoint.DB
	if err = errors.Join(err, closed(look)); err == nil {
		db, err = a.openToWrite(ctx, p)
	}
	if err != nil {
		a.log.Warn("what is spent will not be booked", "error", err)
		return nil
	}
	return db
}

func closed(db *checkpoint.DB) error {
	if db == nil {
		return nil
	}
	return db.Close()
}

// ask makes a call, and makes it again where nothing but passing trouble was met.
func (q *inquiry) ask(ctx context.Context, call func(context.Context) error) error {
	for try := 1; ; try++ {
		err := call(ctx)
		var e *zoho.Error
		if !errors.As(err, &e) || e.Phase == zoho.PhaseDefinite || e.Kind == zoho.Stopped || e.Kind == zoho.TokenThrottled ||
			try == inquiryTries || ctx.Err() != nil {
			return err
		}
		if err := pauseFor(ctx, time.Duration(try)*inquiryPause); err != nil {
			return err
		}
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

// end books what the calls cost and lets the checkpoint go.
func (q *inquiry) end() error {
	if q.db == nil {
		return nil
	}
	if err := q.db.Book(context.Background(), q.org.key, "", q.meter.Calls, q.meter.Credits, q.world.Now()); err != nil {
		q.log.Warn("what was spent is not booked", "error", err)
	}
	return q.db.Close()
}
