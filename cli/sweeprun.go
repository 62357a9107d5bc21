package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"zlock/batch"
)

// withReasons is a Sink that keeps with each row the reason that its lock was found to have: nobody will look
// again, and it is what an undo needs.
type withReasons struct{ batch.Sink }

// Add takes the next row: see batch.Sink.
func (w withReasons) Add(row batch.Row) error {
	var found lockRow
	if len(row.Cells) == 1 && json.Unmarshal([]byte(row.Cells[0]), &found) == nil {
		row.Reason = found.Reason
	}
	return w.Sink.Add(row)
}

// enrol writes the locks down as the rows of a run. Its identity is its own, so that no other is taken for it.
func (s *sweep) enrol(ctx context.Context) (batch.Run, error) {
	identity, err := s.meaning.identity(s.orgName()+"\n"+s.runID, s.sha)
	if err != nil {
		return batch.Run{}, err
	}
	run := s.newRun(identity)
	delete(run.Settings, keyJobPath)
	enrolment, err := s.db.Enrol(ctx, run)
	if err != nil {
		return run, err
	}
	costs := batch.NewCosts(enrolment, batch.ListPrices(s.meaning.AnyOwner))
	var sum batch.Summary
	if sum, err = s.read(ctx, withReasons{costs}); err == nil {
		run.Format, run.Header, run.Forecast = sum.Format, sum.Header, int(costs.Expected())+s.count.Credits
		s.keepGuards(run.Settings)
		run, err = enrolment.Finish(ctx, run)
	}
	if err != nil {
		s.bookLook(ctx, "")
		return run, errors.Join(err, enrolment.Discard(context.WithoutCancel(ctx)))
	}
	s.bookLook(ctx, run.ID)
	// The org's ledger has these credits already: they were booked while the locks were looked for.
	return run, s.db.Charge(context.WithoutCancel(ctx), run.ID, s.count.Calls, s.count.Credits)
}

// read reads what was found through the reader of job files, and asks where a person should be asked.
func (s *sweep) read(ctx context.Context, sink batch.Sink) (batch.Summary, error) {
	var faults []batch.Fault
	reading := s.reading
	reading.OnFault = func(f batch.Fault) { faults = append(faults, f) }
	sum, err := batch.Read(ctx, s.job, reading, sink)
	if err == nil && len(faults) > 0 {
		err = fmt.Errorf("sweep %s: what Zoho tells of a lock cannot be used: line %d, %s: %s", s.module, faults[0].Line,
			clean(orElse(faults[0].Value, faults[0].Column)), clean(faults[0].Message))
	}
	if err == nil {
		err = s.guard(ctx, sum)
	}
	if err == nil {
		err = s.tellWhoAndWhat(ctx, sum)
	}
	if err == nil {
		err = s.confirm(ctx, &s.org)
	}
	if err == nil {
		err = s.ask(ctx, sum)
	}
	return sum, err
}

// work carries the run out, and says in a line what came of it.
func (s *sweep) work(ctx context.Context, run batch.Run) error {
	now, err := s.db.Find(ctx, run.ID)
	if err != nil {
		return err
	}
	pace := s.pace
	pace.noProgress = !s.world.ErrTerminal
	w := &sitting{app: s.app, place: s.place, org: s.org, pace: pace, db: s.db, run: now, asJSON: s.asJSON, owner: s.owner, command: "sweep"}
	w.tells = true
	w.before.credits = int64(s.looked.Credits + s.count.Credits)
	w.concluding = func(report batch.Report, code int) error {
		err := s.conclude(w, report, code)
		w.measure(context.WithoutCancel(ctx), &code)
		w.tellOthers(w.newNotice(code, ""))
		return err
	}
	return w.work(ctx)
}

// conclude tells what came of the run: in one line where all went well.
func (s *sweep) conclude(w *sitting, report batch.Report, code int) error {
	gone := w.run.Counts[batch.Unlocked]
	text := fmt.Sprintf("%s: %s unlocked", s.module, counted(gone, "record", "records"))
	if already := w.run.Counts[batch.AlreadyUnlocked]; already > 0 {
		text += fmt.Sprintf(", %s by somebody else meanwhile", number(already))
	}
	s.screen.say("%s; %s; run %s, %s in all", text, s.found(), w.run.ID, counted(w.run.Credits, "credit", "credits"))
	if code != exitDone {
		w.summarise(report, code)
	}
	if s.asJSON {
		if err := writeJSON(s.world.Out, s.document(&w.run)); err != nil {
			return err
		}
	}
	return &ended{code}
}
