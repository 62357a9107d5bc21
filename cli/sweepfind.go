package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"zlock/batch"
	"zlock/zoho"
)

// collect finds the locks and keeps them as the job file of a run.
func (s *sweep) collect(ctx context.Context) error {
	in, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		buffered := bufio.NewWriterSize(out, 64<<10)
		err := s.each(ctx, func(row lockRow) error { return writeJSON(buffered, row) })
		err = errors.Join(err, buffered.Flush())
		_ = out.CloseWithError(err) // nil is the end of the file
		ended <- err
	}()
	job, err := batch.Open(ctx, "-", in, s.reading)
	_ = in.CloseWithError(err) // whoever writes must not wait for a reader that is gone
	found := <-ended
	if found != nil && !errors.Is(found, err) {
		err = found // what stopped the finding, and not how the reader heard of it
	}
	if err != nil {
		return errors.Join(fmt.Errorf("sweep %s: %w", s.module, err), job.Close())
	}
	s.job = job
	return s.tooMany()
}

// show finds the locks and prints them, for --dry-run.
func (s *sweep) show(ctx context.Context) error {
	write := func(lockRow) error { return nil }
	end := func(error) error { return nil }
	if !s.asJSON {
		buffered := bufio.NewWriterSize(s.world.Out, 64<<10)
		out := newLockWriter(buffered, s.out, s.filter.ours)
		write, end = out.write, func(broken error) error { return errors.Join(out.end(broken), buffered.Flush()) }
	}
	err := s.each(ctx, write)
	if err := errors.Join(err, end(err)); err != nil {
		return fmt.Errorf("sweep %s: %w", s.module, err)
	}
	return s.tooMany()
}

// tooMany refuses a sweep that found more than it was to find.
func (s *sweep) tooMany() error {
	if s.maxUnlocks < 0 || s.count.Unlocks <= s.maxUnlocks {
		return nil
	}
	return usage(fmt.Sprintf("sweep would unlock %s of %s, and --max-unlocks is %s; nothing was sent",
		counted(s.count.Unlocks, "record", "records"), s.module, number(s.maxUnlocks)),
		"look at them: add --dry-run; narrow the filter, or raise --max-unlocks")
}

// each calls write for every lock that is to go.
func (s *sweep) each(ctx context.Context, write func(lockRow) error) error {
	if s.filter.ours {
		return s.eachOwn(ctx, write)
	}
	q, err := s.inquireWithin(s.place, s.org, zoho.LimiterConfig{
		Cap: inquiryAtOnce, Allowance: int(s.pace.allowance), MaxCredits: int(s.pace.maxCredits), Window: s.pace.window,
	})
	if err != nil {
		return err
	}
	q.tries = longTries
	f := &lockFinder{q: q, module: s.module, details: true, say: s.sayBeforehand}
	if s.dryRun { // a run is held against its org before it is written down
		err = q.meet(ctx)
	}
	if err == nil && s.filter.asksForMe() {
		_, err = s.signedIn(ctx, q)
	}
	if err == nil {
		err = s.take(ctx, q, f.all(ctx), write)
	}
	s.count.Locked = f.locked
	s.count.Calls, s.count.Credits = q.cost()
	q.end()
	return err
}

// sayBeforehand says what finding will cost where somebody sits: a scheduler is told one line, at the end.
func (s *sweep) sayBeforehand(format string, args ...any) {
	if s.world.ErrTerminal {
		s.screen.say(format, args...)
	}
}

// eachOwn is each over the locks that runs of ours have left, which takes no call.
func (s *sweep) eachOwn(ctx context.Context, write func(lockRow) error) (err error) {
	if s.db == nil {
		return nil // no run yet: nothing was left
	}
	if s.filter.run, err = runOf(ctx, s.db, s.filter.run); err != nil {
		return err
	}
	counted := func(yield func(foundLock, error) bool) {
		for found, err := range ownLocks(ctx, s.db, s.org.key, s.module) {
			s.count.Locked++
			if !yield(found, err) {
				return
			}
		}
	}
	return s.take(ctx, nil, counted, write)
}

// take passes on the locks that are to go, and counts the others.
func (s *sweep) take(ctx context.Context, q *inquiry, find iter.Seq2[foundLock, error], write func(lockRow) error) error {
	for found, err := range find {
		if err != nil {
			return err
		}
		goes, err := s.decide(ctx, q, found)
		if err != nil {
			return err
		}
		if !goes {
			continue
		}
		s.count.Unlocks++
		if err := write(newLockRow(s.module, found, s.world.Now())); err != nil {
			return fmt.Errorf("keep what was found: %w", err)
		}
	}
	return nil
}

// decide says whether a lock is to go. The order of its questions is that of their price.
func (s *sweep) decide(ctx context.Context, q *inquiry, found foundLock) (bool, error) {
	me := zoho.User{}
	if s.me != nil {
		me = *s.me
	}
	if !s.filter.takes(found, me) {
		return false, nil
	}
	s.count.Matched++
	switch {
	case s.keep[found.recordID]:
		s.count.Kept++
		return false, nil
	case found.several:
		s.count.Unclear++
		return false, nil
	case found.lock.Source == zoho.Automatic || found.lock.Source == zoho.Both:
		s.count.Automatic++
		return false, nil
	}
	ours, err := s.mayGo(ctx, q, found)
	if err == nil && !ours {
		s.count.Others++
	}
	return ours, err
}

// mayGo reports whether the lock is ours to take away: the signed-in user's, or one that a run of ours made.
func (s *sweep) mayGo(ctx context.Context, q *inquiry, found foundLock) (bool, error) {
	if s.anyOwner || found.own {
		return s.anyOwner || found.made, nil
	}
	if made, err := ownedBy(ctx, s.db, s.org.key, s.module, found); made || err != nil {
		return made, err
	}
	me, err := s.signedIn(ctx, q)
	return err == nil && me.ID != "" && (found.lock.By.ID == "" || found.lock.By.ID == me.ID), err
}

// signedIn is who is signed in: as an earlier run learnt it, or by a call. It is empty where Zoho will not say.
func (s *sweep) signedIn(ctx context.Context, q *inquiry) (zoho.User, error) {
	if s.me != nil {
		return *s.me, nil
	}
	look := &sitting{app: s.app, place: s.place, org: s.org, db: s.db}
	me := zoho.User{}
	if s.db != nil {
		me = look.me(ctx)
	}
	if me.ID != "" {
		s.me = &me
		return me, nil
	}
	me, err := q.user(ctx)
	var e *zoho.Error
	switch {
	case barred(err) && errors.As(err, &e):
		s.screen.warn("who is signed in can't be told (%s): only locks of runs of ours go; %s", clean(e.Code), clean(e.Hint))
	case err != nil:
		return me, err
	case s.db != nil && !s.dryRun:
		look.learn(ctx, me)
	}
	s.me = &me
	return me, nil
}
