package cli

import (
	"context"
	"fmt"
	"time"

	"zlock/batch"
	"zlock/checkpoint"
)

const (
	probeFirst   = 5 * time.Minute // how soon it is tried again when credits are gone and nobody knows until when
	probeMost    = time.Hour       // doubled up to this
	lookAgain    = time.Minute     // how often the wall clock is looked at while waiting: it may be set, the machine may sleep
	retakeAtMost = 365 * 24 * time.Hour
)

// tally is what the earlier stints of one invocation came to: its limits count them all.
type tally struct {
	credits, rows, failed int64
	probes                int // stints in a row that brought nothing
}

// add takes in a stint that led from one state of the run to the next; credits are all those of the
// invocation.
func (t *tally) add(credits int64, from, to batch.Run) {
	rows := from.Open() - to.Open()
	t.credits = credits
	t.rows += rows
	t.failed += to.Counts[batch.Failed] - from.Counts[batch.Failed]
	t.probes++
	if rows > 0 {
		t.probes = 0
	}
}

// work carries the run's rows out: in one stint or, where it may wait for credits or for its window,
// in several with the org let go between them. From here on a signal is no error: it ends the
// dealing, and what was done is written down and told.
func (s *sitting) work(ctx context.Context) (err error) {
	defer func() { s.tellFailure(err) }()
	if s.run.Open() == 0 {
		return s.conclude(batch.Report{})
	}
	if err := s.app.confirm(ctx, &s.org); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	defer func() { s.owner.Release() }()
	for {
		report, err := s.stint(ctx)
		if err != nil {
			return err
		}
		at, goOn := s.next(&report)
		if !goOn {
			return s.conclude(report)
		}
		s.owner.Release()
		if !s.wait(report.StoppedBy, at) {
			return s.leaveOff(ctx)
		}
		switch err := s.retake(ctx); {
		case err != nil && s.bell.soft.Err() != nil:
			return s.leaveOff(ctx)
		case err != nil:
			return err
		}
		if s.run.Open() == 0 {
			return s.conclude(batch.Report{})
		}
		s.tellGoingOn()
	}
}

// next says when to go on after a stint, if this invocation is to wait for that.
func (s *sitting) next(report *batch.Report) (at time.Time, goOn bool) {
	now := time.Now().Round(0)
	waits := report.StoppedBy == batch.StopWindow && s.pace.waitWindow ||
		report.StoppedBy == batch.StopBudget && report.Rolls && s.pace.waitBudget
	if !waits || s.run.Open() == 0 || report.Fatal != nil || s.bell.soft.Err() != nil {
		return at, false
	}
	if at = report.ResumeAt; at.IsZero() {
		at = now.Add(min(probeFirst<<min(s.before.probes, 8), probeMost))
	}
	if at.Before(now.Add(time.Second)) {
		at = now.Add(time.Second)
	}
	if s.pace.waitWindow {
		at = s.pace.window.NextOpen(at)
	}
	if why := s.enough(at); why != "" {
		report.Why += "; " + why
		return at, false
	}
	return at, true
}

// enough says why this invocation does not go on at a time; "" if it does.
func (s *sitting) enough(at time.Time) string {
	switch p := s.pace; {
	case p.maxCredits > 0 && s.before.credits >= p.maxCredits:
		return fmt.Sprintf("the %s of this invocation are spent", counted(p.maxCredits, "credit", "credits"))
	case p.limit > 0 && s.before.rows >= p.limit:
		return fmt.Sprintf("%s worked, which is --limit", counted(p.limit, "row was", "rows were"))
	case !p.until.IsZero() && !at.Before(p.until):
		return "its time is up before that"
	}
	return ""
}

// wait waits until a time by the wall clock, or until a signal: then it returns false.
func (s *sitting) wait(cause batch.StopCause, at time.Time) bool {
	s.bell.working(s.pace.grace, func() { s.screen.say("stopping: nothing is in flight") })
	what := "the credits of 24 hours are spent: waiting for credits until"
	if cause == batch.StopWindow {
		what = fmt.Sprintf("the window is %s: waiting until", s.pace.window)
	}
	s.screen.say("%s %s (%s); %s of %s rows left, and the org is free for others meanwhile", what,
		momentIn(at, s.pace.zone), span(time.Until(at)), number(s.run.Open()), number(s.run.Total))
	return waitUntil(s.bell.soft, at) == nil
}

// waitUntil waits until a time by the wall clock, or returns why it was cut short.
func waitUntil(ctx context.Context, at time.Time) error {
	for {
		left := at.Sub(time.Now().Round(0))
		if left <= 0 {
			return nil
		}
		if err := pauseFor(ctx, min(left, lookAgain)); err != nil {
			return err
		}
	}
}

// leaveOff ends a sitting that a signal met while it waited. The run says so too, unless somebody
// else works on the org by now.
func (s *sitting) leaveOff(ctx context.Context) error {
	report := batch.Report{StoppedBy: batch.StopSignal, Why: "stopped by a signal"}
	owner, err := checkpoint.Own(s.place.ownerFile(s.org.key), s.holder(s.run.ID, s.command))
	if err != nil {
		return s.conclude(report)
	}
	defer owner.Release()
	if s.run, err = s.db.Find(ctx, s.run.ID); err != nil {
		return err
	}
	if s.run.Open() > 0 {
		session, err := s.db.Begin(ctx, s.run.ID, workerName())
		if err != nil {
			return err
		}
		if s.run, err = session.End(ctx, batch.Interrupted, batch.StopSignal); err != nil {
			return err
		}
	}
	return s.conclude(report)
}

// retake takes the org again, however long another process has it by now, and looks how far the run
// has got: it may have been worked on meanwhile.
func (s *sitting) retake(ctx context.Context) error {
	file := s.place.ownerFile(s.org.key)
	if holder, held := checkpoint.OwnedBy(file); held {
		s.screen.say("waiting for process %d on %s", holder.PID, clean(holder.Host))
	}
	most := retakeAtMost
	if !s.pace.until.IsZero() {
		most = time.Until(s.pace.until)
	}
	owner, err := checkpoint.OwnWait(s.bell.soft, file, s.holder(s.run.ID, s.command), most)
	if err != nil {
		return err
	}
	s.owner = owner
	s.run, err = s.db.Find(ctx, s.run.ID)
	return err
}
