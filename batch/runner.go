package batch

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"zlock/internal/crash"
	"zlock/zoho"
)

// Runner drives the rows of one run, dealt by its store, to their outcomes.
//
// Three lifetimes end in this order: dealing rows out (the soft context), working them (the hard
// one), and writing them down, which no context cuts short.
type Runner struct {
	store   Store
	client  *zoho.Client
	limiter *zoho.Limiter
	options Options
	policy  retryPolicy
	bundle  *bundle // makes calls of several rows at once; nil where each is made alone

	ready chan *job
	notes chan note
	pace  atomic.Int32 // what workers may still begin: a tempo
	ended atomic.Bool  // some pass has ended the run, of which the keeper may not have heard yet

	identity
}

// tempo is what workers may still begin.
type tempo int32

const (
	everything tempo = iota
	doubtsOnly       // nothing new: only reading back what is in doubt
	nothing
)

// NewRunner returns a Runner over one session of a store. The client must go through the limiter.
func NewRunner(store Store, client *zoho.Client, limiter *zoho.Limiter, o Options) *Runner {
	o = o.withDefaults()
	return &Runner{
		store: store, client: client, limiter: limiter, options: o,
		policy: retryPolicy{attempts: o.Attempts, settle: o.Settle, seed: o.Seed},
		ready:  make(chan *job, o.Workers),
		notes:  make(chan note, 2*o.Workers),

		identity: identity{me: o.Me},
	}
}

// Run works until no row is left, or until something stops it. When soft ends no further row is
// begun and the calls in flight are let to their end; when hard ends they are cut. The error is
// that of the store, which could not be written to, or of a bug in this program; what stopped the
// run otherwise is in the report.
func (r *Runner) Run(soft, hard context.Context) (Report, error) {
	k := newKeeper(r)
	k.prepare(soft)
	var workers errgroup.Group
	workers.SetLimit(r.options.Workers)
	for range r.options.Workers {
		workers.Go(func() error {
			for j := range r.ready {
				r.notes <- note{job: j, verdict: r.begin(hard, j)}
			}
			return nil
		})
	}
	err := k.keep(soft)
	close(r.ready)
	_ = workers.Wait() // workers return nil: a failed row is data
	k.report.Composite = r.bundle.told()
	return k.report, err
}

// begin works on the job unless the run has been slowed down meanwhile. A pass that ends the run ends it for
// all workers at once: what waits for one already would otherwise be begun, or not, by who is the quicker.
func (r *Runner) begin(hard context.Context, j *job) (v verdict) {
	switch t := tempo(r.pace.Load()); {
	case r.ended.Load(), t == nothing, t == doubtsOnly && !j.doubt:
		return verdict{course: giveBack, outcome: Pending}
	}
	defer func() {
		if p := recover(); p != nil {
			r.options.Log.Error("panic while working on a row", "row", j.row.Seq, "panic", p, "stack", string(debug.Stack()))
			v = verdict{course: giveBack, outcome: Unknown, panic: fmt.Errorf("row %d: panic: %v", j.row.Seq, p)}
		}
		if v.course == stopRun || v.panic != nil {
			r.ended.Store(true)
		}
	}()
	return r.work(hard, j)
}

// intend puts the lock that the job is about to touch on disk, and keeps how it was.
func (r *Runner) intend(j *job, found zoho.Lock) error {
	previous := &Previous{
		LockID: found.ID, Reason: found.Reason, Source: string(found.Source),
		ByID: found.By.ID, ByName: found.By.Name, At: found.At,
	}
	written := make(chan error, 1)
	r.notes <- note{intent: &Intent{Seq: j.row.Seq, LockID: found.ID, Previous: previous}, written: written}
	if err := <-written; err != nil {
		return err
	}
	crash.At("after-intent")
	j.row.LockID, j.row.Previous = found.ID, previous
	return nil
}
