package checkpoint

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"zlock/batch"
	"zlock/internal/crash"
)

// Retry puts failed rows back to pending and returns how many. codes narrows it to those codes (none:
// all); permanent says which codes are not worth another attempt, nil that all are. Rows that failed
// only because an earlier row of the same record did come along with it. What was tried so far is
// kept. The run is paused then, where it was completed; with no row to retry nothing changes.
func (d *DB) Retry(ctx context.Context, runID string, codes []string, permanent func(code string) bool) (int64, error) {
	var back int64
	err := d.write(ctx, 0, func(ctx context.Context, tx *sql.Tx) error {
		k, err := exactly(ctx, tx, runID)
		if err != nil {
			return err
		}
		chosen, err := retryCodes(ctx, tx, k.n, codes, permanent)
		if err != nil {
			return err
		}
		if back, err = reopen(ctx, tx, k.n, chosen); err != nil || back == 0 {
			return err
		}
		defer crash.At("in-retry")
		return reopenRun(ctx, tx, k.n, back)
	})
	if err != nil {
		return 0, fmt.Errorf("retry run %s: %w", runID, err)
	}
	return back, nil
}

// retryCodes returns the codes of the run's failed rows that are to be tried again. Rows that failed
// for another's sake are left to reopen, unless they are asked for by name.
func retryCodes(ctx context.Context, tx *sql.Tx, n int64, codes []string, permanent func(string) bool) ([]string, error) {
	first, last := keys(n)
	all, err := collect(ctx, tx, func(r *sql.Rows) (c string, err error) { return c, r.Scan(&c) },
		"SELECT DISTINCT COALESCE(code, '') FROM rows WHERE key BETWEEN ? AND ? AND state = 'failed'", first, last)
	return slices.DeleteFunc(all, func(c string) bool {
		return len(codes) == 0 && c == batch.CodePrecedingStep || len(codes) > 0 && !slices.Contains(codes, c) || permanent != nil && permanent(c)
	}), err
}

const clearFailed = `UPDATE rows SET state = 'pending', code = NULL, http = NULL, message = NULL, hint = NULL, lock_id = NULL,
	previous = NULL, dealt_at = NULL, sent_at = NULL, finished_at = NULL WHERE key BETWEEN ? AND ? AND state = 'failed' `

// reopen clears the failed rows with one of the codes, then those that failed for their sake, and
// again those that failed for the sake of these.
func reopen(ctx context.Context, tx *sql.Tx, n int64, codes []string) (int64, error) {
	first, last := keys(n)
	list, err := encode(codes)
	if err != nil {
		return 0, err
	}
	r, err := tx.ExecContext(ctx, clearFailed+"AND COALESCE(code, '') IN (SELECT value FROM json_each(?))", first, last, list)
	if err != nil {
		return 0, err
	}
	total, err := r.RowsAffected()
	if err != nil {
		return 0, err
	}
	for more := int64(1); more > 0; total += more {
		r, err := tx.ExecContext(ctx, clearFailed+`AND code = ? AND EXISTS
			(SELECT 1 FROM rows p WHERE p.key = ? + rows.after_seq AND p.state NOT IN ('failed', 'invalid'))`,
			first, last, batch.CodePrecedingStep, rowKey(n, 0))
		if err != nil {
			return 0, err
		}
		if more, err = r.RowsAffected(); err != nil {
			return 0, err
		}
	}
	return total, nil
}

// reopenRun brings the counts and the state of the run in line. One whose state says it is running
// was left so by a process that died: Begin must find that.
func reopenRun(ctx context.Context, tx *sql.Tx, n, back int64) error {
	for state, by := range map[batch.Outcome]int64{batch.Failed: -back, batch.Pending: back} {
		if _, err := tx.ExecContext(ctx, "UPDATE tallies SET n = n + ? WHERE run = ? AND state = ?", by, n, string(state)); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, `UPDATE runs SET stopped_by = CASE state WHEN 'completed' THEN '' ELSE stopped_by END,
		state = CASE state WHEN 'completed' THEN 'paused' ELSE state END, updated_at = ? WHERE n = ?`,
		time.Now().UnixNano(), n)
	return err
}
