package checkpoint_test

import (
	"testing"

	"zlock/batch"
)

// What a run changed is read last first, over more than a page, while other rows are being enrolled.
func TestBackwards(t *testing.T) {
	d := fresh(t)
	rows := locks(1300)
	rows[700].After = 1 // it changes nothing, and is told all the same: it stands between others
	enrol(t, d, aRun(runID), rows)
	s := begin(t, d, runID)
	var results []batch.Result
	for _, row := range commit(t, s, batch.Changes{Deal: len(rows)}) {
		r := batch.Result{Seq: row.Seq, Outcome: batch.Locked, LockID: "7"}
		switch {
		case row.Seq == 701 || row.Seq%2 == 0:
			r.Outcome, r.LockID = batch.AlreadyLocked, ""
		case row.Seq%3 == 0:
			r.Outcome, r.Code = batch.Failed, "NO"
		}
		results = append(results, r)
	}
	commit(t, s, batch.Changes{Results: results})
	if _, err := s.End(t.Context(), batch.Paused, ""); err != nil {
		t.Fatal(err)
	}
	other := aRun("20260101-000009-zzzz")
	e, err := d.Enrol(t.Context(), other)
	if err != nil {
		t.Fatal(err)
	}
	var seq, last int64 = 0, 1 << 30
	for row, err := range d.Backwards(t.Context(), runID) {
		if err != nil {
			t.Fatal(err)
		}
		if row.Seq >= last || row.Seq != 701 && (row.Outcome != batch.Locked || row.LockID != "7") {
			t.Fatalf("row %d, %s, after row %d", row.Seq, row.Outcome, last)
		}
		last = row.Seq
		seq++
		if err := e.Add(batch.Row{Seq: seq, Line: row.Line, Module: row.Module, RecordID: row.RecordID, Action: batch.ActionUnlock,
			LockID: row.LockID, Expect: &batch.Expect{LockID: row.LockID, Reason: row.Reason}}); err != nil {
			t.Fatal(err)
		}
	}
	if seq != 433 || last != 1 { // 650 odd ones less 217 that failed; row 701 is among them
		t.Errorf("%d rows, the last of them %d", seq, last)
	}
	if run, err := e.Finish(t.Context(), other); err != nil || run.Total != seq {
		t.Errorf("%d rows enrolled, %v", run.Total, err)
	}
	for _, err := range d.Backwards(t.Context(), "20260101-000010-none") {
		if err == nil {
			t.Error("a run that is not there has rows")
		}
	}
}

// A lock that expects its record to be unlocked may take a look after its call: both are reserved, so
// that a crash finds both booked; and a retry expects the same.
func TestExpectationsArePaidForAndKept(t *testing.T) {
	for _, show := range []bool{false, true} {
		for credits, expect := range map[int64]*batch.Expect{1: nil, 2: {}} {
			d := fresh(t)
			rows := locks(1)
			rows[0].Expect = expect
			enrol(t, d, aRun(runID), rows)
			s := begin(t, d, runID)
			commit(t, s, batch.Changes{Deal: 1, Show: show})
			if show {
				commit(t, s, batch.Changes{Start: []int64{1}})
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = begin(t, d, runID)
			if got := find(t, d, runID).Credits; got != credits {
				t.Errorf("expecting %+v, shown %v: %d credits are booked after a crash, want %d", expect, show, got, credits)
			}
			commit(t, s, batch.Changes{Deal: 1})
			commit(t, s, batch.Changes{Results: []batch.Result{{Seq: 1, Outcome: batch.Failed, Code: "NO"}}})
			if _, err := s.End(t.Context(), batch.Completed, ""); err != nil {
				t.Fatal(err)
			}
			if n, err := d.Retry(t.Context(), runID, nil, nil); n != 1 || err != nil {
				t.Fatal(n, err)
			}
			s = begin(t, d, runID)
			again := commit(t, s, batch.Changes{Deal: 1})
			if len(again) != 1 || (again[0].Expect == nil) != (expect == nil) {
				t.Errorf("retried as %+v", again)
			}
			_ = s.Close()
		}
	}
}
