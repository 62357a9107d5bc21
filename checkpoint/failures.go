package checkpoint

import (
	"context"
	"database/sql"
	"fmt"

	"zlock/batch"
)

// FailureGroup is the rows of a run that failed, or were invalid, for one reason.
type FailureGroup struct {
	Outcome batch.Outcome // Failed or Invalid
	Code    string
	Count   int64
	Seq     int64 // of the first such row, whose line, record, message and hint follow
	Line    int
	Module  string
	Record  string
	Message string
	Hint    string
}

// FailureGroups returns the run's failed rows by code, the commonest first, and after them the invalid
// ones likewise.
func (d *DB) FailureGroups(ctx context.Context, runID string) ([]FailureGroup, error) {
	k, err := exactly(ctx, d.db, runID)
	if err != nil {
		return nil, fmt.Errorf("group failures: %w", explain(d.path, err))
	}
	counts, err := d.tallies(ctx, k.n)
	if err != nil {
		return nil, fmt.Errorf("group failures: %w", explain(d.path, err))
	}
	if counts[batch.Failed]+counts[batch.Invalid] == 0 {
		return nil, nil // nothing to look through a million rows for
	}
	first, last := keys(k.n)
	groups, err := collect(ctx, d.db, scanGroup, `SELECT g.state, COALESCE(r.code, ''), g.n, r.key, r.line, m.name, r.record_id,
			COALESCE(r.message, ''), COALESCE(r.hint, '')
		FROM (SELECT state, count(*) AS n, min(key) AS key FROM rows
			WHERE key BETWEEN ? AND ? AND state IN ('failed', 'invalid') GROUP BY state, COALESCE(code, '')) g
		JOIN rows r ON r.key = g.key JOIN modules m ON m.id = r.module
		ORDER BY g.state = 'invalid', g.n DESC, r.code`, first, last)
	if err != nil {
		return nil, fmt.Errorf("group failures: %w", explain(d.path, err))
	}
	return groups, nil
}

func scanGroup(s *sql.Rows) (g FailureGroup, err error) {
	var key int64
	var id any
	err = s.Scan(&g.Outcome, &g.Code, &g.Count, &key, &g.Line, &g.Module, &id, &g.Message, &g.Hint)
	g.Seq, g.Record = seqOf(key), idText(id)
	return g, err
}
