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
				FROM attempts WHERE (key, n) > (?, ?) AND key <= ? ORDER BY key, n LIMIT ?`, key, n, last, historyPage)
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

// RecallAll returns what Remember kept of an org under every key that begins with prefix, by the rest
// of the key.
func (d *DB) RecallAll(ctx context.Context, org, prefix string) (map[string]string, error) {
	type fact struct{ key, value string }
	found, err := collect(ctx, d.db, func(r *sql.Rows) (f fact, err error) {
		return f, r.Scan(&f.key, &f.value)
	}, "SELECT substr(key, length(?2) + 1), value FROM facts WHERE org = ?1 AND substr(key, 1, length(?2)) = ?2", org, prefix)
	if err != nil {
		return nil, fmt.Errorf("recall %s: %w", prefix, explain(d.path, err))
	}
	facts := make(map[string]string, len(found))
	for _, f := range found {
		facts[f.key] = f.value
	}
	return facts, nil
}
