package checkpoint

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"zlock/batch"
	"zlock/internal/crash"
)

const (
	rowsPerStatement = 20   // the knee: more gains nothing
	rowsPerCommit    = 5000 // short enough for others to get in between
	bytesPerCommit   = 4 << 20
)

const enrolColumns = "key, line, module, record_id, action, reason, asked_lock, after_seq, cells, state, code, message, hint, expect"

const enrolWidth = 14

// Enrolment stores the rows of a new run. The run is hidden until Finish: what a crash leaves of it
// is swept away when the checkpoint is next opened. It is for one goroutine.
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
	bytes   int
	marks   []marking
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
// tells may wait for Finish. Between two Adds nothing is locked: other uses of d go on.
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
		return e.flush()
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

// flush writes what waits.
func (e *Enrolment) flush() error {
	if e.broken != nil || len(e.waiting)+len(e.marks) == 0 {
		return e.broken
	}
	err := e.d.write(e.ctx, writeLimit, func(ctx context.Context, tx *sql.Tx) error {
		if err := e.insert(ctx, tx); err != nil {
			return err
		}
		defer crash.At("in-enrol")
		return e.mark(ctx, tx)
	})
	if err != nil {
		e.broken = fmt.Errorf("store rows: %w", err)
		return e.broken
	}
	e.waiting, e.marks, e.bytes = e.waiting[:0], e.marks[:0], 0
	return nil
}

func (e *Enrolment) insert(ctx context.Context, tx *sql.Tx) error {
	args := make([]any, 0, rowsPerStatement*enrolWidth)
	var full *sql.Stmt
	for rows := e.waiting; len(rows) > 0; {
		n := min(rowsPerStatement, len(rows))
		args = args[:0]
		for i := range rows[:n] {
			var err error
			if args, err = e.values(ctx, tx, args, &rows[i]); err != nil {
				return fmt.Errorf("row %d: %w", rows[i].Seq, err)
			}
		}
		if n < rowsPerStatement {
			_, err := tx.ExecContext(ctx, insertRows(n), args...)
			return err
		}
		if full == nil {
			var err error
			if full, err = tx.PrepareContext(ctx, insertRows(n)); err != nil {
				return err
			}
			defer full.Close()
		}
		if _, err := full.ExecContext(ctx, args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

func insertRows(n int) string {
	one := "(" + strings.Repeat("?, ", enrolWidth-1) + "?)"
	return "INSERT INTO rows (" + enrolColumns + ") VALUES " + strings.Repeat(one+", ", n-1) + one
}

func (e *Enrolment) values(ctx context.Context, tx *sql.Tx, args []any, row *batch.Row) ([]any, error) {
	module, err := e.module(ctx, tx, row.Module)
	if err != nil {
		return args, err
	}
	cells, err := encodeCells(row.Cells)
	if err != nil {
		return args, err
	}
	expect, err := encodeExpect(row.Expect)
	if err != nil {
		return args, err
	}
	return append(args, rowKey(e.n, row.Seq), row.Line, module, recordID(row.RecordID), text(string(row.Action)), text(row.Reason),
		text(row.LockID), number(row.After), cells, string(row.Outcome), text(row.Code), clip(row.Message), clip(row.Hint), expect), nil
}

// module returns a module's number. One learnt in a transaction that failed ends with it: no write
// follows a failed one.
func (e *Enrolment) module(ctx context.Context, tx *sql.Tx, name string) (int64, error) {
	if id, ok := e.modules[name]; ok {
		return id, nil
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO modules (name) VALUES (?) ON CONFLICT DO NOTHING", name); err != nil {
		return 0, err
	}
	var id int64
	if err := tx.QueryRowContext(ctx, "SELECT id FROM modules WHERE name = ?", name).Scan(&id); err != nil {
		return 0, err
	}
	e.modules[name] = id
	return id, nil
}

func (e *Enrolment) mark(ctx context.Context, tx *sql.Tx) error {
	for _, m := range e.marks {
		var was batch.Outcome
		key := rowKey(e.n, m.seq)
		err := tx.QueryRowContext(ctx, "SELECT state FROM rows WHERE key = ?", key).Scan(&was)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("mark row %d: there is no such row", m.seq)
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE rows SET state = ?, code = ?, message = ?, after_seq = ? WHERE key = ?",
			string(m.outcome), text(m.code), clip(m.message), number(m.after), key)
		if err != nil {
			return fmt.Errorf("mark row %d: %w", m.seq, err)
		}
		e.counts[was]--
		e.counts[m.outcome]++
	}
	return nil
}
