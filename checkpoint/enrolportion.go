package checkpoint

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"zlock/batch"
	"zlock/internal/crash"
)

// rowsPerStatement is the knee: more rows gain nothing, since the driver looks through all arguments for
// each of them.
const rowsPerStatement = 10

// inserting is a way to store rows.
type inserting struct {
	columns string
	width   int // arguments of a row
}

var (
	// plainRows have nothing but what most rows have, and so a third less to hand over.
	plainRows = inserting{"key, line, module, record_id, action, reason, cells, state", 8}
	allOfRows = inserting{"key, line, module, record_id, action, reason, cells, state, asked_lock, after_seq, code, message, hint, expect", 14}
)

// isPlain says whether a row has nothing that only some rows have.
func isPlain(r *batch.Row) bool {
	return r.LockID == "" && r.After == 0 && r.Code == "" && r.Message == "" && r.Hint == "" && r.Expect == nil
}

// handOver has what waits written, beside whatever is done next, once the portion before is.
func (e *Enrolment) handOver() error {
	if err := e.settle(); err != nil || len(e.waiting)+len(e.marks) == 0 {
		return err
	}
	rows, marks, done := e.waiting, e.marks, make(chan error, 1)
	e.waiting, e.spare, e.marks, e.bytes = e.spare[:0], rows, nil, 0
	e.writing = done
	go func() { done <- e.store(rows, marks) }()
	if len(marks) > 0 {
		return e.settle() // they change the counts, as Add does
	}
	return nil
}

// settle waits for the portion that is being written.
func (e *Enrolment) settle() error {
	if e.writing == nil {
		return e.broken
	}
	if err := <-e.writing; err != nil {
		e.broken = fmt.Errorf("store rows: %w", err)
	}
	e.writing = nil
	return e.broken
}

// flush writes what waits.
func (e *Enrolment) flush() error {
	if err := e.handOver(); err != nil {
		return err
	}
	return e.settle()
}

// store writes a portion. Nobody else touches e's modules.
func (e *Enrolment) store(rows []batch.Row, marks []marking) error {
	return e.d.write(e.ctx, writeLimit, func(ctx context.Context, tx *sql.Tx) error {
		if err := e.insert(ctx, tx, rows, plainRows, isPlain); err != nil {
			return err
		}
		if err := e.insert(ctx, tx, rows, allOfRows, func(r *batch.Row) bool { return !isPlain(r) }); err != nil {
			return err
		}
		defer crash.At("in-enrol")
		return e.mark(ctx, tx, marks)
	})
}

// insert stores the rows of one kind. The statements run without ctx's end, which it looks at in
// between: to watch for it, the driver would start a goroutine for each.
func (e *Enrolment) insert(ctx context.Context, tx *sql.Tx, rows []batch.Row, way inserting, of func(*batch.Row) bool) error {
	unwatched := context.WithoutCancel(ctx)
	args := make([]any, 0, rowsPerStatement*way.width)
	var full *sql.Stmt
	for i := range rows {
		if !of(&rows[i]) {
			continue
		}
		var err error
		if args, err = e.values(unwatched, tx, args, &rows[i], way); err != nil {
			return fmt.Errorf("row %d: %w", rows[i].Seq, err)
		}
		if len(args) < rowsPerStatement*way.width {
			continue
		}
		if full == nil {
			if full, err = tx.PrepareContext(unwatched, way.statement(rowsPerStatement)); err != nil {
				return err
			}
			defer full.Close()
		}
		if _, err := full.ExecContext(unwatched, args...); err != nil {
			return err
		}
		if args = args[:0]; ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	if len(args) == 0 {
		return nil
	}
	_, err := tx.ExecContext(unwatched, way.statement(len(args)/way.width), args...)
	return err
}

// statement stores n rows.
func (w inserting) statement(n int) string {
	one := "(" + strings.Repeat("?, ", w.width-1) + "?)"
	return "INSERT INTO rows (" + w.columns + ") VALUES " + strings.Repeat(one+", ", n-1) + one
}

func (e *Enrolment) values(ctx context.Context, tx *sql.Tx, args []any, row *batch.Row, way inserting) ([]any, error) {
	module, err := e.module(ctx, tx, row.Module)
	if err != nil {
		return args, err
	}
	cells, err := encodeCells(row.Cells)
	if err != nil {
		return args, err
	}
	args = append(args, rowKey(e.n, row.Seq), row.Line, module, recordID(row.RecordID), text(string(row.Action)), text(row.Reason),
		cells, string(row.Outcome))
	if way == plainRows {
		return args, nil
	}
	expect, err := encodeExpect(row.Expect)
	if err != nil {
		return args, err
	}
	return append(args, text(row.LockID), number(row.After), text(row.Code), clip(row.Message), clip(row.Hint), expect), nil
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

func (e *Enrolment) mark(ctx context.Context, tx *sql.Tx, marks []marking) error {
	for _, m := range marks {
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
