package checkpoint

import (
	"context"
	"database/sql"
	"fmt"
	"iter"

	"zlock/batch"
)

// historyPage is how many attempts are read at once.
const historyPage = 2000

// History yields every attempt at the run's rows: rows in input order, the attempts of each oldest
// first. Like Rows it reads a page at a time and never stands in a run's way. An error ends it.
func (d *DB) History(ctx context.Context, runID string) iter.Seq2[batch.Attempt, error] {
	return func(yield func(batch.Attempt, error) bool) {
		k, err := exactly(ctx, d.db, runID)
		key, last := keys(k.n)
		for n := 0; err == nil; {
			var page []keyedAttempt
			page, err = collect(ctx, d.db, scanKeyedAttempt, `SELECT key, n, kind, began, ended, http, code, message, credits
				FROM history WHERE key >= ? AND key <= ? AND (key, n) > (?, ?) ORDER BY key, n LIMIT ?`, key, last, key, n, historyPage)
			if err != nil {
				break
			}
			for _, a := range page {
				if !yield(a.Attempt, nil) {
					return
				}
			}
			if len(page) < historyPage {
				return
			}
			key, n = page[len(page)-1].key, page[len(page)-1].N
		}
		yield(batch.Attempt{}, fmt.Errorf("read attempts of run %s: %w", runID, explain(d.path, err)))
	}
}

// keyedAttempt is an attempt and the row it was made at.
type keyedAttempt struct {
	key int64
	batch.Attempt
}

func scanKeyedAttempt(s *sql.Rows) (a keyedAttempt, err error) {
	var began, ended sql.NullInt64
	err = s.Scan(&a.key, &a.N, &a.Kind, &began, &ended, &a.HTTP, &a.Code, &a.Message, &a.Credits)
	a.Began, a.Ended = moment(began), moment(ended)
	return a, err
}
