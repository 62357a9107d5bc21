package checkpoint

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

const (
	bucketWidth = 5 * time.Minute
	window      = 24 * time.Hour
)

// bucketOf returns when the bucket of a time began, in seconds since 1970.
func bucketOf(t time.Time) int64 {
	const width = int64(bucketWidth / time.Second)
	return t.Unix() / width * width
}

// Spend is credits spent by an org in one bucket of its ledger.
type Spend struct {
	At      time.Time // when the bucket of five minutes began
	Credits int
}

// Spent returns what the org has spent in the 24 hours before now, oldest first, over all its runs on
// this checkpoint: buckets of five minutes, each until its end is 24 hours old; and, at now, what rows
// in flight may be spending. What was booked under a clock that was ahead counts as spent now.
func (d *DB) Spent(ctx context.Context, org string, now time.Time) ([]Spend, error) {
	this := bucketOf(now)
	oldest := now.Add(-window - bucketWidth)
	all, err := collect(ctx, d.db, func(r *sql.Rows) (s Spend, err error) {
		var at int64
		err = r.Scan(&at, &s.Credits)
		s.At = time.Unix(min(at, this), 0).UTC()
		return s, err
	}, `SELECT min(bucket, ?1) AS at, sum(credits) FROM ledger WHERE org = ?2 AND bucket > ?3 GROUP BY at HAVING sum(credits) > 0 ORDER BY at`,
		this, org, oldest.Unix())
	if err != nil {
		return nil, fmt.Errorf("read credits spent: %w", explain(d.path, err))
	}
	var reserved int
	err = d.db.QueryRowContext(ctx, "SELECT COALESCE(sum(reserved), 0) FROM runs WHERE org = ?", org).Scan(&reserved)
	if err != nil {
		return nil, fmt.Errorf("read credits reserved: %w", explain(d.path, err))
	}
	if reserved > 0 {
		all = append(all, Spend{At: now, Credits: reserved})
	}
	return all, nil
}

// Book adds calls and credits that were spent outside of a session to the org's ledger, and to the
// run's own figures where runID is not "".
func (d *DB) Book(ctx context.Context, org, runID string, calls, credits int, now time.Time) error {
	err := d.write(ctx, writeLimit, func(ctx context.Context, tx *sql.Tx) error {
		if runID != "" {
			r, err := tx.ExecContext(ctx, "UPDATE runs SET calls = calls + ?, credits = credits + ? WHERE hidden = 0 AND id = ?", calls, credits, runID)
			if err := one(r, err, &NoRunError{Ref: runID}); err != nil {
				return err
			}
		}
		return book(ctx, txWriter{tx}, org, calls, credits, now)
	})
	if err != nil {
		return fmt.Errorf("book credits: %w", err)
	}
	return nil
}

// writer is what booking needs, of a transaction or of a link inside one.
type writer interface {
	rowsQuerier
	exec(ctx context.Context, query string, args ...any) (int64, error)
}

type txWriter struct{ *sql.Tx }

func (t txWriter) exec(ctx context.Context, query string, args ...any) (int64, error) {
	r, err := t.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

type linkWriter struct{ *link }

// book adds to the bucket of now. Buckets that lie ahead were booked before the clock was set back;
// their credits were spent before now, so they are moved here, which is never too early.
func book(ctx context.Context, w writer, org string, calls, credits int, now time.Time) error {
	if calls == 0 && credits == 0 {
		return nil
	}
	bucket := bucketOf(now)
	ahead, err := collect(ctx, w, func(r *sql.Rows) (n [2]int, err error) {
		return n, r.Scan(&n[0], &n[1])
	}, "SELECT calls, credits FROM ledger WHERE org = ? AND bucket > ?", org, bucket)
	if err != nil {
		return err
	}
	for _, n := range ahead {
		calls += n[0]
		credits += n[1]
	}
	if len(ahead) > 0 {
		if _, err := w.exec(ctx, "DELETE FROM ledger WHERE org = ? AND bucket > ?", org, bucket); err != nil {
			return err
		}
	}
	_, err = w.exec(ctx, `INSERT INTO ledger (org, bucket, calls, credits) VALUES (?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET calls = calls + excluded.calls, credits = credits + excluded.credits`, org, bucket, calls, credits)
	return err
}

// Charge adds calls and credits to a run's own figures, and not to the org's ledger: they were booked
// there, or with others, before there was a run.
func (d *DB) Charge(ctx context.Context, runID string, calls, credits int) error {
	if runID == "" {
		return errors.New("charge a run: which is not said")
	}
	err := d.write(ctx, writeLimit, func(ctx context.Context, tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, "UPDATE runs SET calls = calls + ?, credits = credits + ? WHERE hidden = 0 AND id = ?", calls, credits, runID)
		return one(r, err, &NoRunError{Ref: runID})
	})
	if err != nil {
		return fmt.Errorf("charge run %s: %w", runID, err)
	}
	return nil
}
