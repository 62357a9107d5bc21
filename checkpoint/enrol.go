package checkpoint

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"time"

	"zlock/batch"
)

const (
	rowsPerCommit  = 4000 // short enough for others to get in between
	bytesPerCommit = 4 << 20
)

// Enrolment stores the rows of a new run. The run is hidden until Finish: what a crash leaves of it
// is swept away when the checkpoint is next opened. It is for one goroutine, beside which it has one of
// its own: rows are written while the next ones are read, so that an Add may tell of a write that went
// wrong for an earlier one.
type Enrolment struct {
	d       *DB
	ctx     context.Context // the enrolment's own life: Add is a sink's method and gets none
	run     batch.Run
	n       int64
	unlock  func()
	modules map[string]int64
	counts  map[batch.Outcome]int64
	last    int64 // seq of the last row added
	waiting []batch.Row
	spare   []batch.Row // its memory, of the portion before
	bytes   int
	marks   []marking
	writing chan error // answers for the portion that is being written; nil when none is
	over    bool
	broken  error // of a write that went wrong: none follows it
}

// marking is what Mark was told.
type marking struct {
	seq           int64
	outcome       batch.Outcome
	code, message string
	after         int64
}

var idPattern = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_.-]{0,63}$`)

// Enrol begins to store the rows of a run. Its ID and Org must be given, what reading the job file
// tells may wait for Finish. Writing takes the file for moments only: other uses of d go on in between.
func (d *DB) Enrol(ctx context.Context, run batch.Run) (*Enrolment, error) {
	if !idPattern.MatchString(run.ID) {
		return nil, fmt.Errorf("enrol: %q can't be a run id", run.ID)
	}
	if run.Org == "" {
		return nil, fmt.Errorf("enrol run %s: no org given", run.ID)
	}
	unlock, err := shareLock(ctx, d.enrolLock())
	if err != nil {
		return nil, fmt.Errorf("enrol run %s: %w", run.ID, err)
	}
	e := &Enrolment{d: d, ctx: ctx, run: run, unlock: unlock, modules: map[string]int64{}, counts: map[batch.Outcome]int64{}}
	if err := e.begin(); err != nil {
		unlock()
		return nil, fmt.Errorf("enrol run %s: %w", run.ID, err)
	}
	return e, nil
}

// enrolLock is the file that says, shared, that somebody enrols. Whoever gets it for himself alone
// knows that what is hidden is dead.
func (d *DB) enrolLock() string { return d.path + ".enrol" }

func (e *Enrolment) begin() error {
	if e.run.CreatedAt.IsZero() {
		e.run.CreatedAt = time.Now()
	}
	return e.d.write(e.ctx, writeLimit, func(ctx context.Context, tx *sql.Tx) error {
		var taken int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM runs WHERE id = ?", e.run.ID).Scan(&taken); err != nil {
			return err
		}
		if taken > 0 {
			return errors.New("there is a run of that id already")
		}
		r := e.run
		result, err := tx.ExecContext(ctx, `INSERT INTO runs
			(id, org, profile, job_file, sha256, size, identity, format, simulated, created_at, updated_at, state)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'enrolled')`,
			r.ID, r.Org, r.Profile, r.JobFile, r.SHA256, r.Size, r.Identity, r.Format, r.Simulated, stamp(r.CreatedAt), stamp(r.CreatedAt))
		if err != nil {
			return err
		}
		e.n, err = result.LastInsertId()
		return err
	})
}

// Add stores one row. Rows come in ascending order of Seq; Outcome is Pending (or ""), Invalid or
// Duplicate.
func (e *Enrolment) Add(row batch.Row) error {
	if err := e.admit(&row); err != nil {
		return fmt.Errorf("enrol row %d: %w", row.Seq, err)
	}
	e.last = row.Seq
	e.counts[row.Outcome]++
	e.waiting = append(e.waiting, row)
	e.bytes += len(row.Reason) + 64
	for _, c := range row.Cells {
		e.bytes += len(c) + 3
	}
	if len(e.waiting) >= rowsPerCommit || e.bytes >= bytesPerCommit {
		return e.handOver()
	}
	return nil
}

func (e *Enrolment) admit(row *batch.Row) error {
	if row.Outcome == "" {
		row.Outcome = batch.Pending
	}
	switch {
	case e.over:
		return errors.New("the enrolment is over")
	case e.broken != nil:
		return e.broken
	case row.Seq <= e.last || row.Seq > maxSeq:
		return fmt.Errorf("out of order, after row %d", e.last)
	case row.After < 0 || row.After >= row.Seq:
		return fmt.Errorf("can't come after row %d", row.After)
	case row.Outcome != batch.Pending && row.Outcome != batch.Invalid && row.Outcome != batch.Duplicate:
		return fmt.Errorf("a new row can't be %s", row.Outcome)
	}
	return nil
}

// Mark changes what a row added earlier is: a duplicate, invalid after all, or one that comes after
// another row of its record (outcome Pending). It follows the last Add.
func (e *Enrolment) Mark(seq int64, o batch.Outcome, code, message string, after int64) error {
	switch {
	case e.over:
		return fmt.Errorf("mark row %d: the enrolment is over", seq)
	case seq < 1 || seq > e.last || after < 0 || after >= seq:
		return fmt.Errorf("mark row %d, after %d: there is no such row", seq, after)
	case o != batch.Pending && o != batch.Invalid && o != batch.Duplicate:
		return fmt.Errorf("mark row %d: a new row can't be %s", seq, o)
	}
	e.marks = append(e.marks, marking{seq, o, code, message, after})
	if len(e.marks) >= rowsPerCommit {
		return e.flush()
	}
	return nil
}
