package checkpoint

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"strconv"
	"time"

	"zlock/batch"
)

// RowReport is one row of a run as the results show it. Row holds the outcome with its code, message
// and hint, the lock, the attempts and the credits.
type RowReport struct {
	batch.Row
	HTTP           int       // status of the last answer, 0 when there was none
	PreviousReason string    // reason of the lock that was there before
	FinishedAt     time.Time // zero unless the run worked the row to a final outcome
}

// pageSize is how many rows are read at once.
const pageSize = 500

// Rows yields the run's rows in input order, all of them or those with one of the outcomes. They are
// read a page at a time, with nothing open in between, so that a slow reader never stands in a run's
// way; a run that goes on meanwhile shows each row as it is when its page is read. An error ends it.
func (d *DB) Rows(ctx context.Context, runID string, only []batch.Outcome) iter.Seq2[RowReport, error] {
	return func(yield func(RowReport, error) bool) {
		k, dead, err := d.standing(ctx, runID)
		if err != nil {
			yield(RowReport{}, fmt.Errorf("read rows of run %s: %w", runID, err))
			return
		}
		states, err := filter(only, dead)
		key, last := keys(k.n)
		for key--; err == nil; {
			var page []RowReport
			page, err = collect(ctx, d.db, scanRow, "SELECT "+dealColumns+` FROM rows r JOIN modules m ON m.id = r.module
				WHERE r.key > ? AND r.key <= ? AND (? = '[]' OR r.state IN (SELECT value FROM json_each(?)))
				ORDER BY r.key LIMIT ?`, key, last, states, states, pageSize)
			if err != nil {
				break
			}
			for _, row := range page {
				if dead && row.Outcome == batch.Sending {
					row.Outcome = batch.Unknown
				}
				if !yield(row, nil) {
					return
				}
			}
			if len(page) < pageSize {
				return
			}
			key = rowKey(k.n, page[len(page)-1].Seq)
		}
		yield(RowReport{}, fmt.Errorf("read rows of run %s: %w", runID, explain(d.path, err)))
	}
}

// standing returns the run of that full id, and whether its owner died at work.
func (d *DB) standing(ctx context.Context, runID string) (k known, dead bool, err error) {
	k, err = exactly(ctx, d.db, runID)
	if err != nil {
		return k, false, explain(d.path, err)
	}
	return k, k.State == batch.Running && d.alive != nil && !d.alive(k.Run), nil
}

// filter is the states to look for, as JSON. What a dead owner had in flight counts as unknown.
func filter(only []batch.Outcome, dead bool) (string, error) {
	states := []string{}
	for _, o := range only {
		switch {
		case !dead:
			states = append(states, string(o))
		case o == batch.Unknown:
			states = append(states, string(o), string(batch.Sending))
		case o == batch.Sending:
			states = append(states, "none") // nothing is in flight; an empty filter would show all
		default:
			states = append(states, string(o))
		}
	}
	return encode(states)
}

// Attempts returns the history of a row, oldest first.
func (d *DB) Attempts(ctx context.Context, runID string, seq int64) ([]batch.Attempt, error) {
	k, err := exactly(ctx, d.db, runID)
	if err != nil {
		return nil, fmt.Errorf("read attempts: %w", explain(d.path, err))
	}
	all, err := collect(ctx, d.db, scanAttempt, "SELECT "+attemptColumns+" FROM history WHERE key = ? ORDER BY n",
		rowKey(k.n, seq))
	if err != nil {
		return nil, fmt.Errorf("read attempts of row %d: %w", seq, explain(d.path, err))
	}
	return all, nil
}

// attemptColumns are what scanAttempt reads: the key because the rows are ordered by it.
const attemptColumns = "key, n, kind, began, ended, http, code, message, credits"

func scanAttempt(s *sql.Rows) (a batch.Attempt, err error) {
	var key int64
	var began, ended sql.NullInt64
	err = s.Scan(&key, &a.N, &a.Kind, &began, &ended, &a.HTTP, &a.Code, &a.Message, &a.Credits)
	a.Began, a.Ended = moment(began), moment(ended)
	return a, err
}

// idText is a record id as it stands in a column.
func idText(v any) string {
	switch v := v.(type) {
	case int64:
		return strconv.FormatInt(v, 10)
	case string:
		return v
	}
	return ""
}
