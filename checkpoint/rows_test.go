package checkpoint_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"zlock/batch"
	"zlock/checkpoint"
)

// worked enrols rows and works the first len(results) of them.
func worked(t *testing.T, rows []batch.Row, results ...batch.Result) *checkpoint.DB {
	t.Helper()
	d := fresh(t)
	enrol(t, d, aRun(runID), rows)
	s := begin(t, d, runID)
	commit(t, s, batch.Changes{Deal: len(results)})
	commit(t, s, batch.Changes{Results: results})
	if _, err := s.End(t.Context(), batch.Paused, batch.StopLimit); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestRowsPageByPage(t *testing.T) {
	d := fresh(t)
	rows := locks(1234)
	for i := range rows {
		if i%3 == 0 {
			rows[i].Outcome = batch.Duplicate
		}
	}
	enrol(t, d, aRun("20260301-110000-aaaa"), locks(3)) // neighbours on both sides
	enrol(t, d, aRun(runID), rows)
	enrol(t, d, aRun("20260301-130000-cccc"), locks(3))
	all := rowsOf(t, d, runID)
	if len(all) != 1234 {
		t.Fatalf("%d rows", len(all))
	}
	for i, row := range all {
		if row.Seq != int64(i+1) || !reflect.DeepEqual(row.Cells, rows[i].Cells) {
			t.Fatalf("row %d: %+v", i+1, row)
		}
	}
	duplicates := rowsOf(t, d, runID, batch.Duplicate)
	if len(duplicates) != 412 || slices.ContainsFunc(duplicates, func(r checkpoint.RowReport) bool { return r.Outcome != batch.Duplicate }) {
		t.Errorf("%d duplicates", len(duplicates))
	}
	if got := len(rowsOf(t, d, runID, batch.Duplicate, batch.Pending)); got != 1234 {
		t.Errorf("%d duplicates and pending", got)
	}
	if got := len(rowsOf(t, d, runID, batch.Failed)); got != 0 {
		t.Errorf("%d failed", got)
	}
	n := 0
	for _, err := range d.Rows(t.Context(), runID, nil) {
		if n++; err != nil || n == 700 {
			break // in the midst of a page
		}
	}
	for _, err := range d.Rows(t.Context(), "nobody", nil) {
		if !errors.As(err, new(*checkpoint.NoRunError)) {
			t.Errorf("rows of no run: %v", err)
		}
	}
}

func TestRowsDoNotStandInTheWay(t *testing.T) {
	d := fresh(t)
	enrol(t, d, aRun(runID), locks(1100))
	s := begin(t, d, runID)
	seen := 0
	for _, err := range d.Rows(t.Context(), runID, nil) {
		if err != nil {
			t.Fatal(err)
		}
		if seen++; seen%100 == 0 {
			commit(t, s, batch.Changes{Deal: 1})
			if err := d.Remember(t.Context(), "org", "seen", fmt.Sprint(seen)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if seen != 1100 {
		t.Errorf("%d rows seen", seen)
	}
}

func TestWhatARowReportHolds(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 5, 99, time.UTC)
	d := worked(t, locks(2), batch.Result{
		Seq: 1, Outcome: batch.Unlocked, Code: "OK", HTTP: 204, Message: "x" + strings.Repeat("ü\xff", 2000), Hint: "none", LockID: "77",
		Previous: &batch.Previous{LockID: "77", Reason: "theirs"}, Attempts: 2, Credits: 3, FinishedAt: at,
		History: []batch.Attempt{{Kind: "send", Began: at, Ended: at.Add(time.Second), HTTP: 204, Message: strings.Repeat("x", 5000), Credits: 3}},
	})
	row := rowsOf(t, d, runID)[0]
	if row.HTTP != 204 || row.PreviousReason != "theirs" || !row.FinishedAt.Equal(at) || row.LockID != "77" || row.Attempts != 2 || row.Credits != 3 {
		t.Errorf("%+v", row)
	}
	if len(row.Message) > 1000 || !utf8.ValidString(row.Message) || !strings.HasSuffix(row.Message, "…") {
		t.Errorf("a message of %d bytes", len(row.Message))
	}
	if next := rowsOf(t, d, runID)[1]; !next.FinishedAt.IsZero() || next.HTTP != 0 || next.PreviousReason != "" {
		t.Errorf("%+v", next)
	}
	history, err := d.Attempts(t.Context(), runID, 1)
	if err != nil || len(history) != 1 || history[0].N != 1 || !history[0].Ended.Equal(at.Add(time.Second)) || len(history[0].Message) > 1000 {
		t.Errorf("%+v, %v", history, err)
	}
	if none, err := d.Attempts(t.Context(), runID, 2); err != nil || len(none) != 0 {
		t.Errorf("%v, %v", none, err)
	}
	if _, err := d.Attempts(t.Context(), "nobody", 2); !errors.As(err, new(*checkpoint.NoRunError)) {
		t.Errorf("attempts of no run: %v", err)
	}
}

func TestFailureGroups(t *testing.T) {
	rows := locks(8)
	rows[7].Outcome, rows[7].Code, rows[7].Message, rows[7].RecordID = batch.Invalid, "ID_NOT_DIGITS", "not a number", "x"
	failed := func(seq int64, code, message string) batch.Result {
		return batch.Result{Seq: seq, Outcome: batch.Failed, Code: code, Message: message, Hint: "hint of " + code}
	}
	d := worked(t, rows, failed(1, "RARE", "first"), failed(2, "COMMON", "second"), failed(3, "COMMON", "third"),
		batch.Result{Seq: 4, Outcome: batch.Locked, Code: "COMMON"}, failed(5, "COMMON", "fifth"), failed(6, "", "no code"))
	groups, err := d.FailureGroups(t.Context(), runID)
	if err != nil {
		t.Fatal(err)
	}
	want := []checkpoint.FailureGroup{
		{Outcome: batch.Failed, Code: "COMMON", Count: 3, Seq: 2, Line: 3, Module: "Leads", Record: rows[1].RecordID, Message: "second", Hint: "hint of COMMON"},
		{Outcome: batch.Failed, Code: "", Count: 1, Seq: 6, Line: 7, Module: "Leads", Record: rows[5].RecordID, Message: "no code", Hint: "hint of "},
		{Outcome: batch.Failed, Code: "RARE", Count: 1, Seq: 1, Line: 2, Module: "Leads", Record: rows[0].RecordID, Message: "first", Hint: "hint of RARE"},
		{Outcome: batch.Invalid, Code: "ID_NOT_DIGITS", Count: 1, Seq: 8, Line: 9, Module: "Leads", Record: "x", Message: "not a number"},
	}
	if !reflect.DeepEqual(groups, want) {
		t.Errorf("got  %+v\nwant %+v", groups, want)
	}
	if groups, err := worked(t, locks(1)).FailureGroups(t.Context(), runID); err != nil || groups != nil {
		t.Errorf("none: %v, %v", groups, err)
	}
	if _, err := d.FailureGroups(t.Context(), "nobody"); !errors.As(err, new(*checkpoint.NoRunError)) {
		t.Errorf("of no run: %v", err)
	}
}

func TestRetry(t *testing.T) {
	rows := locks(7)
	rows[0].LockID = "55"
	rows[1].After, rows[2].After, rows[4].After = 1, 2, 4
	fail := func(seq int64, code string) batch.Result {
		return batch.Result{
			Seq: seq, Outcome: batch.Failed, Code: code, HTTP: 400, Message: "m", Hint: "h", LockID: "77", Previous: &batch.Previous{LockID: "77"},
			Attempts: 2, Credits: 3, History: []batch.Attempt{{Kind: "send", Began: time.Now(), Ended: time.Now()}},
		}
	}
	results := []batch.Result{
		fail(1, "BUSY"), fail(2, batch.CodePrecedingStep), fail(3, batch.CodePrecedingStep),
		fail(4, "GONE"), fail(5, batch.CodePrecedingStep), fail(6, "OTHER"), {Seq: 7, Outcome: batch.Locked},
	}
	permanent := func(code string) bool { return code == "GONE" }
	tests := []struct {
		name      string
		codes     []string
		permanent func(string) bool
		want      []int64
	}{
		{"what is worth it, and what hung on it", nil, permanent, []int64{1, 2, 3, 6}},
		{"all", nil, nil, []int64{1, 2, 3, 4, 5, 6}},
		{"one code", []string{"OTHER"}, permanent, []int64{6}},
		{"one code, and what hung on it", []string{"BUSY"}, permanent, []int64{1, 2, 3}},
		{"two codes", []string{"BUSY", "OTHER"}, nil, []int64{1, 2, 3, 6}},
		{"a permanent code", []string{"GONE"}, nil, []int64{4, 5}},
		{"a permanent code without leave", []string{"GONE"}, permanent, nil},
		{"a code that nobody has", []string{"NONE"}, nil, nil},
		{"those that hung on others, by name", []string{batch.CodePrecedingStep}, nil, []int64{2, 3, 5}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := worked(t, rows, results...)
			if got := find(t, d, runID).State; got != batch.Completed {
				t.Fatalf("the run is %s", got)
			}
			n, err := d.Retry(t.Context(), runID, tt.codes, tt.permanent)
			if err != nil || n != int64(len(tt.want)) {
				t.Fatalf("%d, %v; want %d", n, err, len(tt.want))
			}
			var got []int64
			for _, row := range rowsOf(t, d, runID, batch.Pending) {
				got = append(got, row.Seq)
				if row.Code+row.Message+row.Hint != "" || row.HTTP != 0 || row.Previous != nil || !row.FinishedAt.IsZero() {
					t.Errorf("row %d keeps %+v", row.Seq, row)
				}
				if row.Attempts != 2 || row.Credits != 3 || row.LockID != rows[row.Seq-1].LockID {
					t.Errorf("row %d lost %+v", row.Seq, row)
				}
				if history, err := d.Attempts(t.Context(), runID, row.Seq); err != nil || len(history) != 1 {
					t.Errorf("row %d: history %v, %v", row.Seq, history, err)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("pending %v, want %v", got, tt.want)
			}
			run := find(t, d, runID)
			checkSums(t, d, run)
			if want := map[bool]batch.State{true: batch.Paused, false: batch.Completed}[n > 0]; run.State != want {
				t.Errorf("the run is %s, want %s", run.State, want)
			}
		})
	}
	if _, err := fresh(t).Retry(t.Context(), "nobody", nil, nil); !errors.As(err, new(*checkpoint.NoRunError)) {
		t.Errorf("retry of no run: %v", err)
	}
}

func TestRetryWhatHungOnARowThatEndedWell(t *testing.T) {
	rows := locks(2)
	rows[1].After = 1
	d := worked(t, rows, batch.Result{Seq: 1, Outcome: batch.Locked}, batch.Result{Seq: 2, Outcome: batch.Failed, Code: batch.CodePrecedingStep})
	if n, err := d.Retry(t.Context(), runID, nil, nil); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

func TestRetryLeavesADeadOwnersRunAsItIs(t *testing.T) {
	d := fresh(t)
	enrol(t, d, aRun(runID), locks(2))
	s := begin(t, d, runID)
	commit(t, s, batch.Changes{Deal: 2})
	commit(t, s, batch.Changes{Results: []batch.Result{{Seq: 1, Outcome: batch.Failed}}})
	s.Close()
	if n, err := d.Retry(t.Context(), runID, nil, nil); n != 1 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	s = begin(t, d, runID)
	rows := commit(t, s, batch.Changes{Deal: 2})
	if len(rows) != 2 || rows[0].Seq != 2 || rows[0].Outcome != batch.Unknown || rows[1].Outcome != batch.Pending {
		t.Errorf("dealt %+v", rows)
	}
}
