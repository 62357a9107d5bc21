package storetest

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"zlock/batch"
)

// began is the time of the first commit of a trial.
var began = time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC)

// trial is one rule at work on one run. The first thing that goes wrong is kept, and nothing is done
// after it.
type trial struct {
	ctx   context.Context
	bench Bench
	store batch.Store
	rows  []batch.Row
	now   time.Time
	err   error
}

func (t *trial) fail(format string, args ...any) {
	if t.err == nil {
		t.err = fmt.Errorf(format, args...)
	}
}

func (t *trial) open() {
	if t.err != nil {
		return
	}
	store, err := t.bench.Open(t.ctx)
	if err != nil {
		t.fail("open: %w", err)
		return
	}
	t.store = store
}

func (t *trial) close(clean bool) {
	if t.store == nil {
		return
	}
	t.store = nil
	if err := t.bench.Close(t.ctx, clean); err != nil {
		t.fail("close (clean: %v): %w", clean, err)
	}
}

// again ends the sitting and begins the next.
func (t *trial) again(clean bool) {
	if t.err == nil {
		t.close(clean)
		t.open()
	}
}

// commit writes c a second after the commit before, and returns the rows dealt.
func (t *trial) commit(c batch.Changes) []batch.Row {
	if t.err != nil {
		return nil
	}
	t.now = t.now.Add(time.Second)
	c.Now = t.now
	rows, err := t.store.Commit(t.ctx, c)
	if err != nil {
		t.fail("commit: %w", err)
		return nil
	}
	if len(rows) > c.Deal {
		t.fail("%d rows dealt where %d were asked for", len(rows), c.Deal)
	}
	t.addsUp()
	return rows
}

// refused commits what a store must not take.
func (t *trial) refused(c batch.Changes) {
	if t.err != nil {
		return
	}
	c.Now = t.now
	if _, err := t.store.Commit(t.ctx, c); err == nil {
		t.fail("the store took %+v", c)
	}
}

// deal commits nothing but asks for n rows, and expects those with seqs.
func (t *trial) deal(n int, seqs ...int64) []batch.Row {
	rows := t.commit(batch.Changes{Deal: n})
	t.dealt(rows, seqs...)
	return rows
}

func (t *trial) dealt(rows []batch.Row, seqs ...int64) {
	got := []int64{}
	for _, r := range rows {
		got = append(got, r.Seq)
	}
	if !slices.Equal(got, seqs) {
		t.fail("dealt %v, want %v", got, seqs)
	}
}

func (t *trial) look() Sight {
	if t.err != nil {
		return Sight{}
	}
	sight, err := t.bench.Look(t.ctx)
	if err != nil {
		t.fail("look: %w", err)
		return Sight{}
	}
	if len(sight.Rows) != len(t.rows) {
		t.fail("%d rows are stored of %d", len(sight.Rows), len(t.rows))
	}
	return sight
}

// row returns one row as it is stored.
func (t *trial) row(seq int64) batch.Row {
	for _, r := range t.look().Rows {
		if r.Seq == seq {
			return r
		}
	}
	t.fail("row %d is not stored", seq)
	return batch.Row{}
}

func (t *trial) is(seq int64, want batch.Outcome) {
	if got := t.row(seq).Outcome; got != want {
		t.fail("row %d is %q, want %q", seq, got, want)
	}
}

func (t *trial) same(what string, got, want any) {
	if !reflect.DeepEqual(got, want) {
		t.fail("%s: got %+v, want %+v", what, got, want)
	}
}

func (t *trial) at(what string, got, want time.Time) {
	if !got.Equal(want) {
		t.fail("%s: got %v, want %v", what, got, want)
	}
}

// addsUp checks that the counts are those of the rows, and none is missing.
func (t *trial) addsUp() {
	sight := t.look()
	if t.err != nil {
		return
	}
	counts := map[batch.Outcome]int64{}
	for _, r := range sight.Rows {
		counts[r.Outcome]++
	}
	var total int64
	for _, o := range batch.Outcomes() {
		total += sight.Run.Counts[o]
		if sight.Run.Counts[o] != counts[o] {
			t.fail("%d rows are counted as %s, %d are stored so", sight.Run.Counts[o], o, counts[o])
		}
	}
	if total != sight.Run.Total || total != int64(len(t.rows)) {
		t.fail("the counts add up to %d, the run's total is %d, enrolled were %d", total, sight.Run.Total, len(t.rows))
	}
}
