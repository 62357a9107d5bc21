package checkpoint

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"zlock/batch"
	"zlock/internal/crash"
)

// Finish stores what still waits and shows the run: its rows are all there from then on. run is the
// one that Enrol was given, with what reading the job file has told since: header, format, size,
// settings, forecast. A run without an open row is completed at once.
func (e *Enrolment) Finish(ctx context.Context, run batch.Run) (batch.Run, error) {
	if e.over || run.ID != e.run.ID {
		return batch.Run{}, fmt.Errorf("finish enrolment of run %s: not the run that is being enrolled", run.ID)
	}
	if err := e.flush(); err != nil {
		return batch.Run{}, fmt.Errorf("finish enrolment of run %s: %w", run.ID, err)
	}
	if run.CreatedAt.IsZero() {
		run.CreatedAt = e.run.CreatedAt
	}
	crash.At("before-finish")
	err := e.d.write(ctx, writeLimit, func(ctx context.Context, tx *sql.Tx) error {
		if err := e.tally(ctx, tx); err != nil {
			return err
		}
		return e.show(ctx, tx, run)
	})
	crash.At("after-finish")
	if err != nil {
		return batch.Run{}, fmt.Errorf("finish enrolment of run %s: %w", run.ID, err)
	}
	e.over = true
	e.unlock()
	return e.d.Find(ctx, run.ID)
}

// tally writes a count for every outcome, so that later commits find each in its place.
func (e *Enrolment) tally(ctx context.Context, tx *sql.Tx) error {
	for _, o := range batch.Outcomes() {
		if _, err := tx.ExecContext(ctx, "INSERT INTO tallies (run, state, n) VALUES (?, ?, ?)", e.n, string(o), e.counts[o]); err != nil {
			return err
		}
	}
	return nil
}

func (e *Enrolment) show(ctx context.Context, tx *sql.Tx, r batch.Run) error {
	header, err := encode(append([]string{}, r.Header...))
	if err != nil {
		return err
	}
	settings, err := encode(orEmpty(r.Settings))
	if err != nil {
		return err
	}
	var total int64
	for _, n := range e.counts {
		total += n
	}
	state, ended := batch.Enrolled, any(nil)
	if e.counts[batch.Pending] == 0 {
		state, ended = batch.Completed, stamp(time.Now())
	}
	_, err = tx.ExecContext(ctx, `UPDATE runs SET hidden = 0, org = ?, profile = ?, job_file = ?, sha256 = ?, size = ?, identity = ?,
		format = ?, header = ?, settings = ?, simulated = ?, forecast = ?, created_at = ?, updated_at = ?, total = ?, state = ?, ended_at = ?
		WHERE n = ?`,
		r.Org, r.Profile, r.JobFile, r.SHA256, r.Size, r.Identity, r.Format, header, settings, r.Simulated, r.Forecast,
		stamp(r.CreatedAt), stamp(time.Now()), total, string(state), ended, e.n)
	return err
}

// Discard takes back what was stored: the run never was. It is due after a failed Add, Mark or Finish
// too, and works under a cancelled ctx. After a Finish that went well, or a second time, it does nothing.
func (e *Enrolment) Discard(ctx context.Context) error {
	if e.over {
		return nil
	}
	_ = e.settle() // whatever came of it goes
	e.over = true
	defer e.unlock()
	if err := e.d.erase(context.WithoutCancel(ctx), e.n); err != nil {
		return fmt.Errorf("discard run %s: %w", e.run.ID, err)
	}
	return nil
}

// sweep erases what dead processes left half enrolled. Where somebody enrols right now, it leaves
// everything to a later opening.
func (d *DB) sweep(ctx context.Context) error {
	left, err := d.hidden(ctx)
	if err != nil || len(left) == 0 {
		return err
	}
	unlock, ok, err := tryLock(d.enrolLock())
	if err != nil || !ok {
		return err
	}
	defer unlock()
	// Looked up again: an enrolment seen before may have been finished before the lock was ours.
	if left, err = d.hidden(ctx); err != nil {
		return err
	}
	for _, n := range left {
		if err := d.erase(ctx, n); err != nil {
			return fmt.Errorf("sweep half-enrolled run: %w", err)
		}
	}
	return nil
}

func (d *DB) hidden(ctx context.Context) ([]int64, error) {
	left, err := collect(ctx, d.db, func(r *sql.Rows) (n int64, err error) { return n, r.Scan(&n) }, "SELECT n FROM runs WHERE hidden = 1")
	return left, explain(d.path, err)
}

// erase removes a hidden run, a part at a time so that others get in between; the run itself goes
// last, so that a crash on the way leaves the rest to the next sweep.
func (d *DB) erase(ctx context.Context, n int64) error {
	first, last := keys(n)
	for more := true; more; {
		err := d.write(ctx, writeLimit, func(ctx context.Context, tx *sql.Tx) (err error) {
			more, err = eraseRows(ctx, tx, first, last)
			return err
		})
		if err != nil {
			return err
		}
	}
	return d.write(ctx, writeLimit, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM tallies WHERE run = ?", n)
		if err == nil {
			_, err = tx.ExecContext(ctx, "DELETE FROM runs WHERE n = ? AND hidden = 1", n)
		}
		return err
	})
}

// eraseRows removes the first rows between two keys, with what was tried on them, and says whether
// there were any.
func eraseRows(ctx context.Context, tx *sql.Tx, first, last int64) (bool, error) {
	var until sql.NullInt64
	err := tx.QueryRowContext(ctx, "SELECT max(key) FROM (SELECT key FROM rows WHERE key BETWEEN ? AND ? ORDER BY key LIMIT ?)",
		first, last, 4*rowsPerCommit).Scan(&until)
	if err != nil || !until.Valid {
		return false, err
	}
	for _, table := range []string{"attempts", "rows"} {
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE key BETWEEN ? AND ?", first, until.Int64); err != nil {
			return false, err
		}
	}
	return true, nil
}
