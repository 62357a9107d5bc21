package checkpoint

import (
	"context"
	"fmt"
	"iter"

	"zlock/batch"
)

// Backwards yields the rows of a run that changed their record, and those that had to wait for an
// earlier row of the same record, last first: what batch.Undo is made of. Like Rows it reads a page at a
// time, with nothing open in between, so that its rows may be enrolled meanwhile. An error ends it.
func (d *DB) Backwards(ctx context.Context, runID string) iter.Seq2[batch.Row, error] {
	return func(yield func(batch.Row, error) bool) {
		k, err := exactly(ctx, d.db, runID)
		first, last := keys(k.n)
		for key := last + 1; err == nil; {
			var page []RowReport
			page, err = collect(ctx, d.db, scanRow, "SELECT "+dealColumns+` FROM rows r JOIN modules m ON m.id = r.module
				WHERE r.key >= ? AND r.key < ? AND (r.state IN ('locked', 'unlocked', 'reason_updated') OR r.after_seq IS NOT NULL)
				ORDER BY r.key DESC LIMIT ?`, first, key, pageSize)
			if err != nil {
				break
			}
			for _, row := range page {
				if !yield(row.Row, nil) {
					return
				}
			}
			if len(page) < pageSize {
				return
			}
			key = rowKey(k.n, page[len(page)-1].Seq)
		}
		yield(batch.Row{}, fmt.Errorf("read changes of run %s: %w", runID, explain(d.path, err)))
	}
}
