package checkpoint

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	"zlock/batch"
)

// Holding returns how many locks each run has left behind that still hold, as far as we know; by run
// id. Rehearsals have left none: nothing of theirs happened.
func (d *DB) Holding(ctx context.Context) (map[string]int64, error) {
	type holding struct {
		id string
		n  int64
	}
	all, err := collect(ctx, d.db, func(r *sql.Rows) (h holding, err error) { return h, r.Scan(&h.id, &h.n) },
		`SELECT u.id, l.n FROM (SELECT run, count(*) AS n FROM locks GROUP BY run) l JOIN runs u ON u.n = l.run WHERE u.simulated = 0`)
	if err != nil {
		return nil, fmt.Errorf("count locks that hold: %w", explain(d.path, err))
	}
	counts := make(map[string]int64, len(all))
	for _, h := range all {
		counts[h.id] = h.n
	}
	return counts, nil
}

// Forget removes a run with all that is known of its rows, and the entries of the locks that it has
// left. It reports false, and leaves all as it is, for a run that is not completed, whose end is not
// before the time given, or, unless withLocks, one that Holding tells of: it may have changed since
// somebody looked. What is left of it when the process dies half way goes when the checkpoint is
// opened next. What was spent stays in the org's ledger.
func (d *DB) Forget(ctx context.Context, runID string, before time.Time, withLocks bool) (bool, error) {
	var n int64
	err := d.write(ctx, writeLimit, func(ctx context.Context, tx *sql.Tx) (err error) {
		n, err = hide(ctx, tx, runID, before, withLocks)
		return err
	})
	if err == nil && n > 0 {
		err = d.erase(ctx, n)
	}
	if err != nil {
		return false, fmt.Errorf("forget run %s: %w", runID, err)
	}
	return n > 0, nil
}

// hide makes a run one of those that erase removes, if it may be forgotten, and returns its number.
func hide(ctx context.Context, tx *sql.Tx, runID string, before time.Time, withLocks bool) (int64, error) {
	k, err := exactly(ctx, tx, runID)
	if err != nil {
		return 0, err
	}
	if k.State != batch.Completed || !k.EndedAt.Before(before) {
		return 0, nil
	}
	var holds bool
	err = tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM locks WHERE org = ? AND run = ?)", k.Org, k.n).Scan(&holds)
	if err != nil || holds && !withLocks && !k.Simulated {
		return 0, err
	}
	if holds {
		if _, err := tx.ExecContext(ctx, "DELETE FROM locks WHERE org = ? AND run = ?", k.Org, k.n); err != nil {
			return 0, err
		}
	}
	_, err = tx.ExecContext(ctx, "UPDATE runs SET hidden = 1 WHERE n = ?", k.n)
	return k.n, err
}

// TrimLedger forgets what orgs were charged before a time. Of the last 48 hours nothing goes, whatever
// is asked: what may still be spent is reckoned from that.
func (d *DB) TrimLedger(ctx context.Context, before, now time.Time) error {
	if latest := now.Add(-2 * window); latest.Before(before) {
		before = latest
	}
	err := d.write(ctx, writeLimit, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM ledger WHERE bucket < ?", bucketOf(before))
		return err
	})
	if err != nil {
		return fmt.Errorf("trim ledger: %w", err)
	}
	return nil
}

// Compact gives the room back that forgotten runs have left in the file, and returns how many bytes; what
// is less than a hundredth of the file stays. The whole file is written anew, which takes as much room
// again for a while and keeps writers out: the caller sees to it that nobody works on a run. It reports
// false, and does nothing, where somebody enrols a run, or writes all the same.
func (d *DB) Compact(ctx context.Context) (freed int64, done bool, err error) {
	if d.readOnly {
		return 0, false, errors.New("the checkpoint was opened for reading")
	}
	unlock, ok, err := tryLock(d.enrolLock())
	if err != nil || !ok {
		return 0, false, err
	}
	defer unlock()
	was := d.size()
	switch err = d.rewrite(ctx); {
	case err != nil && ctx.Err() != nil:
		return 0, false, ctx.Err()
	case isBusy(err):
		return 0, false, nil
	case err != nil:
		return 0, false, fmt.Errorf("compact checkpoint: %w", explain(d.path, err))
	}
	return max(was-d.size(), 0), true, nil
}

func (d *DB) rewrite(ctx context.Context) error {
	var pages, free, ignored int64
	err := d.db.QueryRowContext(ctx, "PRAGMA page_count").Scan(&pages)
	if err == nil {
		err = d.db.QueryRowContext(ctx, "PRAGMA freelist_count").Scan(&free)
	}
	if err == nil && free > 0 && free >= pages/100 {
		_, err = d.db.ExecContext(ctx, "VACUUM")
	}
	if err == nil { // what was written lies in the log until then
		err = d.db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&ignored, &ignored, &ignored)
	}
	return err
}

// size is how many bytes the checkpoint takes on disk.
func (d *DB) size() (sum int64) {
	for _, path := range []string{d.path, d.path + "-wal"} {
		if info, err := os.Stat(path); err == nil {
			sum += info.Size()
		}
	}
	return sum
}
