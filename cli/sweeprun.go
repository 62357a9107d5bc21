package cli

import (
	"context"
	"encoding/json"
	"fmt"

	"zlock/batch"
	"zlock/zoho"
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

// enrol writes the locks down as the rows of a run.
func (s *sweep) enrol(ctx context.Context) (batch.Run, error) {
	run, err := s.enrolApart(ctx, s.count.Credits, func(sink batch.Sink) (batch.Summary, error) { return s.read(ctx, withReasons{sink}) })
	if err != nil {
		return run, err
	}
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

// measureNothing has the figures say that the sweep went well and had no rows.
func (s *sweep) measureNothing(ctx context.Context) {
	if s.pace.heralds.metrics == "" {
		return
	}
	run, code := s.newRun(""), 0
	run.ID, run.State, run.EndedAt = "", batch.Completed, run.CreatedAt
	run.Calls, run.Credits = int64(s.count.Calls), int64(s.count.Credits)
	var limits zoho.Snapshot
	for _, spend := range s.ledgerOf(ctx, s.db, s.org.key) {
		limits.Spent24h += spend.Credits
	}
	w := s.sitting(run, "sweep")
	w.unmeasured(w.putFigures(ctx, figures{run: run, limits: limits, code: &code}))
}

// work carries the run out, and says in a line what came of it.
func (s *sweep) work(ctx context.Context, run batch.Run) error {
	now, err := s.db.Find(ctx, run.ID)
	if err != nil {
		return err
	}
	w := s.sitting(now, "sweep")
	w.pace.noProgress = !s.world.ErrTerminal
	w.tells = true
	w.before.credits += int64(s.count.Credits)
	w.concluding = func(report batch.Report, code int) error {
		err := s.conclude(w, report, code)
		w.measure(context.WithoutCancel(ctx), &code)
		w.tellOthers(code, "")
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
