package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"zlock/batch"
	"zlock/batch/storetest"
)

func TestMemoryPasses(t *testing.T) {
	storetest.Test(t, func(_ *testing.T, rows []batch.Row) storetest.Bench { return storetest.NewMemory(rows) })
}

// spoilt is a Memory with a fault built in.
type spoilt struct {
	*storetest.Memory
	store batch.Store
	in    func(*batch.Changes)          // spoils what is committed
	out   func([]batch.Row) []batch.Row // spoils what is dealt
	sight func(*storetest.Sight)        // spoils what is stored
	ctx   func(context.Context) error   // spoils when it is committed
	err   func(error) error             // spoils what is said of it
}

func (s *spoilt) Open(ctx context.Context) (batch.Store, error) {
	store, err := s.Memory.Open(ctx)
	s.store = store
	return s, err
}

func (s *spoilt) Look(ctx context.Context) (storetest.Sight, error) {
	sight, err := s.Memory.Look(ctx)
	if s.sight != nil {
		s.sight(&sight)
	}
	return sight, err
}

func (s *spoilt) Commit(ctx context.Context, c batch.Changes) ([]batch.Row, error) {
	if s.ctx != nil {
		if err := s.ctx(ctx); err != nil {
			return nil, err
		}
	}
	if s.in != nil {
		s.in(&c)
	}
	rows, err := s.store.Commit(ctx, c)
	if s.out != nil {
		rows = s.out(rows)
	}
	if s.err != nil {
		err = s.err(err)
	}
	return rows, err
}

func (s *spoilt) Spread(ctx context.Context, n int) ([]batch.Row, int64, error) {
	return s.store.Spread(ctx, n)
}

// TestJudgeCatches is the judge's own judge: each fault must break a rule.
func TestJudgeCatches(t *testing.T) {
	faults := map[string]spoilt{
		"outcomes are dropped": {in: func(c *batch.Changes) { c.Results = nil }},
		"intents are dropped":  {in: func(c *batch.Changes) { c.Intents = nil }},
		"releases are dropped": {in: func(c *batch.Changes) { c.Release = nil }},
		"shows are dealt":      {in: func(c *batch.Changes) { c.Show = false }},
		"starts are dropped":   {in: func(c *batch.Changes) { c.Start = nil }},
		"nothing is set aside": {in: func(c *batch.Changes) { c.Aside = 0 }},
		"locks are forgotten": {out: func(rows []batch.Row) []batch.Row {
			for i := range rows {
				rows[i].Known = nil
			}
			return rows
		}},
		"modules are not skipped": {in: func(c *batch.Changes) { c.Skip = nil }},
		"deals one too few":       {in: func(c *batch.Changes) { c.Deal = max(c.Deal-1, 0) }},
		"deals more than asked":   {in: func(c *batch.Changes) { c.Deal++ }},
		"calls are not counted":   {in: func(c *batch.Changes) { c.Calls = 0 }},
		"credits are dropped":     {in: func(c *batch.Changes) { c.Credits = 0 }},
		"history is dropped": {in: func(c *batch.Changes) {
			for i := range c.Results {
				c.Results[i].History = nil
			}
		}},
		"previous is dropped": {in: func(c *batch.Changes) {
			for i := range c.Results {
				c.Results[i].Previous = nil
			}
		}},
		"doubt loses its time": {in: func(c *batch.Changes) {
			for i := range c.Results {
				c.Results[i].SentAt = time.Time{}
			}
		}},
		"doubt counts as failure": {in: func(c *batch.Changes) {
			for i := range c.Results {
				if c.Results[i].Outcome == batch.Unknown {
					c.Results[i].Outcome = batch.Failed
				}
			}
		}},
		"order is reversed": {out: func(rows []batch.Row) []batch.Row {
			for i := range len(rows) / 2 {
				rows[i], rows[len(rows)-1-i] = rows[len(rows)-1-i], rows[i]
			}
			return rows
		}},
		"cells are lost": {out: func(rows []batch.Row) []batch.Row {
			for i := range rows {
				rows[i].Cells = nil
			}
			return rows
		}},
		"doubt is forgotten": {out: func(rows []batch.Row) []batch.Row {
			for i := range rows {
				rows[i].Outcome = batch.Pending
			}
			return rows
		}},
		"predecessors are not looked up": {out: func(rows []batch.Row) []batch.Row {
			for i := range rows {
				rows[i].AfterOutcome = ""
			}
			return rows
		}},
		"a row is lost":           {sight: func(s *storetest.Sight) { s.Rows = s.Rows[1:] }},
		"the counts do not add":   {sight: func(s *storetest.Sight) { s.Run.Counts[batch.Pending]++ }},
		"ends with the context":   {ctx: func(ctx context.Context) error { return ctx.Err() }},
		"errors are swallowed":    {err: func(error) error { return nil }},
		"every commit is refused": {err: func(error) error { return errors.New("no") }},
		"reservations are free":   {sight: func(s *storetest.Sight) { s.Run.Credits-- }},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			verdicts := storetest.Judge(t.Context(), func(_ context.Context, rows []batch.Row) (storetest.Bench, error) {
				s := fault
				s.Memory = storetest.NewMemory(rows)
				return &s, nil
			})
			for _, v := range verdicts {
				if v.Err != nil {
					return
				}
			}
			t.Errorf("no rule of %d is broken", len(verdicts))
		})
	}
}

// TestJudgeCatchesLossAtCrash spoils the one thing that a wrapper can't: what a crash leaves.
func TestJudgeCatchesLossAtCrash(t *testing.T) {
	broken := 0
	for _, v := range storetest.Judge(t.Context(), func(_ context.Context, rows []batch.Row) (storetest.Bench, error) {
		return &forgetful{Memory: storetest.NewMemory(rows), rows: rows}, nil
	}) {
		if v.Err != nil {
			broken++
		}
	}
	if broken < 5 {
		t.Errorf("a store that loses everything at a crash breaks %d rules", broken)
	}
}

// forgetful begins from the start after a crash.
type forgetful struct {
	*storetest.Memory
	rows []batch.Row
}

func (f *forgetful) Close(ctx context.Context, clean bool) error {
	if !clean {
		f.Memory = storetest.NewMemory(f.rows)
		return nil
	}
	return f.Memory.Close(ctx, clean)
}

func TestJudgeSaysWhatIsWrong(t *testing.T) {
	verdicts := storetest.Judge(t.Context(), func(context.Context, []batch.Row) (storetest.Bench, error) {
		return nil, errors.New("out of order")
	})
	for _, v := range verdicts {
		if v.Err == nil || v.Err.Error() != "enrol: out of order" {
			t.Errorf("%s: %v", v.Rule, v.Err)
		}
	}
}

func ExampleJudge() {
	broken := 0
	for _, v := range storetest.Judge(context.Background(), func(_ context.Context, rows []batch.Row) (storetest.Bench, error) {
		return storetest.NewMemory(rows), nil
	}) {
		if v.Err != nil {
			broken++
		}
	}
	fmt.Println("rules broken:", broken)
	// Output: rules broken: 0
}
