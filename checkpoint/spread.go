package checkpoint

import (
	"context"
	"fmt"
	"math/rand/v2"

	"zlock/batch"
)

const spreadOne = "SELECT " + dealColumns + ` FROM rows r JOIN modules m ON m.id = r.module
	WHERE r.key BETWEEN ? AND ? AND r.state = 'pending' AND r.attempts = 0 AND r.after_seq IS NULL ORDER BY r.key LIMIT 1`

// Spread returns up to n pending rows, spread evenly over the run's, that were never sent and wait for
// no other row; and how many rows are pending. It reads only: see batch.Store. Each stretch of rows is
// gone through at most once, whatever lies in it.
func (s *Session) Spread(ctx context.Context, n int) ([]batch.Row, int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over != nil {
		return nil, 0, fmt.Errorf("look through run %s: %w", s.id, s.over)
	}
	var rows []batch.Row
	var pending int64
	err := s.persist(context.WithoutCancel(ctx), func(ctx context.Context) (err error) {
		rows, pending, err = s.spread(ctx, int64(n))
		if err == nil {
			// Every transaction of a session moves the count by which a doubtful commit is looked up.
			_, err = s.link.exec(ctx, "UPDATE runs SET commits = commits + 1 WHERE n = ? AND sitting = ?", s.n, s.sitting)
		}
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("look through run %s: %w", s.id, explain(s.path, err))
	}
	return rows, pending, nil
}

func (s *Session) spread(ctx context.Context, n int64) (rows []batch.Row, pending int64, err error) {
	counts, err := talliesOf(ctx, s.link, s.n)
	if err != nil || counts[batch.Pending] == 0 {
		return nil, 0, err
	}
	var total int64
	if err := s.link.get(ctx, "SELECT total FROM runs WHERE n = ?", []any{s.n}, &total); err != nil {
		return nil, 0, err
	}
	// Somewhere in each stretch, not at its beginning: job files often have a pattern of their own.
	random := rand.New(rand.NewPCG(uint64(s.n), uint64(total)))
	from, end := s.first+1, rowKey(s.n, total)+1
	for i := range n {
		lo, hi := from+(end-from)*i/n, from+(end-from)*(i+1)/n-1
		if hi < lo {
			continue
		}
		point := lo + random.Int64N(hi-lo+1)
		found, err := collect(ctx, s.link, scanRow, spreadOne, point, hi)
		if err == nil && len(found) == 0 {
			found, err = collect(ctx, s.link, scanRow, spreadOne, lo, point-1)
		}
		if err != nil {
			return nil, 0, err
		}
		for _, row := range found {
			rows = append(rows, row.Row)
		}
	}
	return rows, counts[batch.Pending], nil
}
