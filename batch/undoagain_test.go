package batch_test

import (
	"fmt"
	"slices"
	"testing"

	"zlock/batch"
	"zlock/zoho/sim"
)

// An undo can be undone, and gives back what the run had made; only who did what, and the locks' ids, are
// others.
func TestUndoOfAnUndo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		rows, _ := meddled(3)
		s := newStage(t, sim.Config{}, rows)
		reasons := func() (out []string) {
			for _, row := range rows {
				lock, _ := s.org.Lock(row.Module, row.RecordID)
				out = append(out, lock.Reason)
			}
			return out
		}
		first := reasons()
		s.work(batch.Options{})
		second := reasons()
		for i, want := range [][]string{first, second, first} {
			_, made := s.undo(fmt.Sprintf("20260930-22000%d-abcd", i+1))
			_, run := s.work(batch.Options{})
			if len(made) != len(rows) || run.Counts[batch.Failed] > 0 || run.Open() > 0 {
				t.Fatalf("undo %d: %d rows, counts %v", i+1, len(made), run.Counts)
			}
			if got := reasons(); !slices.Equal(got, want) {
				t.Errorf("undo %d: reasons %q, want %q", i+1, got, want)
			}
		}
	})
}

// What was locked before a run, and what it could not know, is no row of its undo.
func TestUndoLeavesWhatTheRunDidNotDo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		rows := locksOf(9, "Deals")
		s := newStage(t, sim.Config{}, rows)
		for _, row := range rows[:3] {
			lockedByHer(s, row.RecordID)
		}
		s.work(batch.Options{})
		sum, made := s.undo("20260930-220001-abcd")
		if sum.Changes != 6 || len(made) != 6 || sum.Rows != 6 || len(sum.Kept) != 0 {
			t.Fatalf("%d rows of %+v", len(made), sum)
		}
		_, run := s.work(batch.Options{})
		s.counts(run, map[batch.Outcome]int64{batch.Unlocked: 6})
		s.bare(rows[3:])
		var blind []batch.Row
		for _, row := range rows[:3] {
			lock, _ := s.org.Lock("Deals", row.RecordID)
			blind = append(blind, batch.Row{Module: "Deals", RecordID: row.RecordID, Action: batch.ActionUnlock, LockID: lock.ID})
		}
		s.enrolAs("20260930-220002-abcd", blind)
		s.work(batch.Options{})
		sum, made = s.undo("20260930-220003-abcd")
		if len(made) != 0 || sum.Changes != 3 || sum.Kept[batch.KeptNoReason] != 3 {
			t.Errorf("%d rows of %+v", len(made), sum)
		}
	})
}
