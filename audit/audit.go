package audit

import (
	"context"
	"iter"
	"time"

	"zlock/batch"
	"zlock/checkpoint"
	"zlock/zoho"
)

// Job makes the calls of one piece of work with the client it is given. It may be called again after an
// error that passes.
type Job func(context.Context, *zoho.Client) error

// Crew does jobs, several at once, until one of them fails for good: that error it returns.
type Crew func(context.Context, iter.Seq[Job]) error

// Options say what is verified, and how.
type Options struct {
	Run      batch.Run
	OnLocked batch.OnLocked // what the run did about locks that were there before
	Me       zoho.User      // who was signed in then; zero where not known
	Quick    bool           // tell locked from unlocked, and no more
	Cutoff   time.Time      // list what was edited between it and the lock; zero for not
	Crew     Crew
	Offset   func() time.Duration // Zoho's clock minus ours, 0 where not known
	Passed   func(rows int64)     // told now and then how many rows are done; may be nil
}

// Report is what a verification came to.
type Report struct {
	Counts map[What]int64
	Left   map[batch.Outcome]int64 // of the rows that are NotCompared
	Edits  map[Edit]int64
	Rows   int64 // that were looked at or passed over; less than the run's where it was cut short
}

// Differences is how many records are not as the run left them.
func (r Report) Differences() (n int64) {
	for w, rows := range r.Counts {
		if w.Difference() {
			n += rows
		}
	}
	return n
}

// Compared is how many rows were looked at.
func (r Report) Compared() (n int64) {
	for w, rows := range r.Counts {
		if w.Compared() {
			n += rows
		}
	}
	return n
}

const (
	quickStretch = 10_000 // rows that are looked at before any of them is told of: that keeps them in order
	stretch      = 2_000  // the same, where each takes a call
)

// Verify looks at the records of a run and hands what it finds to emit, in the job file's order. Memory
// does not grow with the rows. What cuts it short (credits that are spent, a sign-in refused, Zoho silent)
// is returned together with the report of what was found until then.
func Verify(ctx context.Context, db *checkpoint.DB, look *Outlook, o Options, emit func(*Finding) error) (Report, error) {
	v := &verification{Options: o, look: look, emit: emit, size: zoho.MaxBulkIDs, report: Report{
		Counts: map[What]int64{}, Left: map[batch.Outcome]int64{}, Edits: map[Edit]int64{},
	}}
	most := stretch
	if o.Quick {
		most = quickStretch
	}
	for row, err := range db.Rows(ctx, o.Run.ID, nil) {
		if err != nil {
			return v.report, err
		}
		v.take(row)
		if len(v.rows) == most {
			if err := v.pass(ctx); err != nil {
				return v.report, err
			}
			if v.Passed != nil {
				v.Passed(v.report.Rows)
			}
		}
	}
	return v.report, v.pass(ctx)
}

// take adds a row to those that are looked at next.
func (v *verification) take(row checkpoint.RowReport) {
	f := &finding{Finding: Finding{
		Seq: row.Seq, Line: row.Line, Module: row.Module, RecordID: row.RecordID, Outcome: row.Outcome,
		Expected: Expect(row, v.Me, v.OnLocked),
	}}
	switch {
	case row.Outcome == batch.Duplicate, f.Expected.Compared && v.look.superseded.has(row.Seq):
		f.What, f.settled = Superseded, true
	case !f.Expected.Compared:
		f.What, f.settled = NotCompared, true
	}
	v.rows = append(v.rows, f)
}

// pass looks at the rows taken, and tells of them as far as it got.
func (v *verification) pass(ctx context.Context) error {
	err := v.Crew(ctx, v.bulkReads())
	if err == nil {
		err = v.Crew(ctx, v.lockReads())
	}
	for _, f := range v.rows {
		if !f.settled {
			break // cut short: what follows is told of as not looked at
		}
		if err := v.tell(f); err != nil {
			return err
		}
	}
	v.rows = v.rows[:0]
	return err
}

func (v *verification) tell(f *finding) error {
	v.date(f)
	v.report.Rows++
	v.report.Counts[f.What]++
	if f.What == NotCompared {
		v.report.Left[f.Outcome]++
	}
	if f.Edit != NoEdit {
		v.report.Edits[f.Edit]++
	}
	return v.emit(&f.Finding)
}

// date says when the record was last changed, beside its lock.
func (v *verification) date(f *finding) {
	if !f.Expected.Locked || f.What == Gone || f.What == Superseded {
		return
	}
	at, slack := v.lockedAt(f)
	f.Edit = edit(f.ModifiedAt, at, slack, v.Cutoff)
}

// lockedAt is when the record was locked, by Zoho's clock, and how sure that is.
func (v *verification) lockedAt(f *finding) (time.Time, time.Duration) {
	l := f.Lock
	switch {
	case l != nil && !l.At.IsZero() && (f.What == AsLeft || f.What == ReasonDiffers):
		return l.At, touch
	case f.Expected.Since.IsZero():
		return time.Time{}, 0
	case f.Outcome == batch.ReasonUpdated: // Zoho told us then
		return f.Expected.Since, touch
	}
	return f.Expected.Since.Add(v.Offset()), estimate
}
