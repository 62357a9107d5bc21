package checkpoint

import (
	"context"
	"fmt"
	"iter"

	"zlock/batch"
)

// historyPage is of how many rows the attempts are read at once.
const historyPage = 1000

// History yields every attempt at the run's rows: rows in input order, the attempts of each oldest
// first. Like Rows it reads a page at a time and never stands in a run's way. An error ends it.
func (d *DB) History(ctx context.Context, runID string) iter.Seq2[batch.Attempt, error] {
	return func(yield func(batch.Attempt, error) bool) {
		k, err := exactly(ctx, d.db, runID)
		for seq := int64(1); err == nil && seq <= k.Total; seq += historyPage {
			var page []batch.Attempt
			// By rows, not by attempts: a page looks at no row that the next will look at again.
			page, err = collect(ctx, d.db, scanAttempt, "SELECT "+attemptColumns+" FROM history WHERE key BETWEEN ? AND ? ORDER BY key, n",
				rowKey(k.n, seq), rowKey(k.n, min(seq+historyPage-1, k.Total)))
			for _, a := range page {
				if err == nil && !yield(a, nil) {
					return
				}
			}
		}
		if err != nil {
			yield(batch.Attempt{}, fmt.Errorf("read attempts of run %s: %w", runID, explain(d.path, err)))
		}
	}
}
