package checkpoint_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"zlock/batch"
	"zlock/checkpoint"
)

// older makes a checkpoint one of the schema before attempts stood in their rows.
func older(t testing.TB, path string) {
	t.Helper()
	execRaw(t, path, `INSERT OR ABORT INTO attempts SELECT h.* FROM history h JOIN rows r ON r.key = h.key WHERE r.began IS NOT NULL;
		DROP VIEW history; ALTER TABLE rows DROP COLUMN began; ALTER TABLE rows DROP COLUMN took; PRAGMA user_version = 3`)
}

// sent is an attempt that began so many seconds after the hour and took 70 ms.
func sent(second int, change ...func(*batch.Attempt)) batch.Attempt {
	at := time.Date(2026, 3, 1, 12, 0, second, 123456789, time.UTC)
	a := batch.Attempt{Kind: "send", Began: at, Ended: at.Add(70 * time.Millisecond), HTTP: 201, Credits: 1}
	for _, c := range change {
		c(&a)
	}
	return a
}

// lockedBy is what becomes of a row that these attempts have locked.
func lockedBy(attempts ...batch.Attempt) batch.Result {
	return batch.Result{Seq: 1, Outcome: batch.Locked, HTTP: 201, LockID: "71", Attempts: 1, Credits: 1, History: attempts}
}

// Wherever an attempt stands, it is told as it was made.
func TestAttemptsAreToldAsMade(t *testing.T) {
	with := func(r batch.Result, change func(*batch.Result)) batch.Result {
		change(&r)
		return r
	}
	long := strings.Repeat("ü", 700)
	tests := []struct {
		name    string
		results []batch.Result
		table   int64 // how many attempts stand by themselves
	}{
		{"a lock", []batch.Result{lockedBy(sent(1))}, 0},
		{"a lock whose attempt has its number", []batch.Result{lockedBy(sent(1, func(a *batch.Attempt) { a.N = 1 }))}, 0},
		{"no time at all", []batch.Result{lockedBy(sent(1, func(a *batch.Attempt) { a.Ended = a.Began }))}, 0},
		{"no answer's status", []batch.Result{with(lockedBy(sent(1, func(a *batch.Attempt) { a.HTTP = 0 })), func(r *batch.Result) { r.HTTP = 0 })}, 0},
		{"something said", []batch.Result{with(lockedBy(sent(1, func(a *batch.Attempt) { a.Code, a.Message = "C", long })), func(r *batch.Result) {
			r.Outcome, r.Code, r.Message, r.Hint = batch.AlreadyLocked, "C", long, "none"
		})}, 0},
		{"an unlock", []batch.Result{with(lockedBy(sent(1, func(a *batch.Attempt) { a.Credits = 2 })), func(r *batch.Result) {
			r.Outcome, r.Credits, r.Previous = batch.Unlocked, 2, &batch.Previous{LockID: "71", Reason: "r"}
		})}, 0},
		{"no attempt", []batch.Result{lockedBy()}, 0},
		{"another number", []batch.Result{lockedBy(sent(1, func(a *batch.Attempt) { a.N = 3 }))}, 1},
		{"a clock set back", []batch.Result{lockedBy(sent(1, func(a *batch.Attempt) { a.Ended = a.Began.Add(-time.Hour) }))}, 1},
		{"before 1970", []batch.Result{lockedBy(sent(1, func(a *batch.Attempt) { a.Began = time.Unix(-5, 0).UTC() }))}, 1},
		{"read back", []batch.Result{lockedBy(sent(1, func(a *batch.Attempt) { a.Kind = "settle" }))}, 1},
		{"another status", []batch.Result{lockedBy(sent(1, func(a *batch.Attempt) { a.HTTP = 200 }))}, 1},
		{"another code", []batch.Result{lockedBy(sent(1, func(a *batch.Attempt) { a.Code = "OTHER" }))}, 1},
		{"another message", []batch.Result{lockedBy(sent(1, func(a *batch.Attempt) { a.Message = "other" }))}, 1},
		{"other credits", []batch.Result{lockedBy(sent(1, func(a *batch.Attempt) { a.Credits = 0 }))}, 1},
		{"a failure", []batch.Result{with(lockedBy(sent(1)), func(r *batch.Result) { r.Outcome, r.LockID = batch.Failed, "" })}, 1},
		{"two at once", []batch.Result{lockedBy(sent(1), sent(2))}, 2},
		{"doubt, then a lock", []batch.Result{with(lockedBy(sent(1)), func(r *batch.Result) { r.Outcome, r.LockID = batch.Unknown, "" }), lockedBy(sent(2))}, 2},
		{"doubt without an attempt, then a lock", []batch.Result{with(lockedBy(), func(r *batch.Result) { r.Outcome, r.LockID = batch.Unknown, "" }), lockedBy(sent(2))}, 1},
		{"doubt, then a lock that says something", []batch.Result{
			with(lockedBy(sent(1)), func(r *batch.Result) { r.Outcome, r.LockID = batch.Unknown, "" }),
			with(lockedBy(sent(2, func(a *batch.Attempt) { a.Code, a.Message = "C", "so it was" })), func(r *batch.Result) {
				r.Code, r.Message = "C", "so it was"
			}),
		}, 2},
		{"given back, then a lock", []batch.Result{with(lockedBy(sent(1)), func(r *batch.Result) { r.Outcome, r.LockID = batch.Pending, "" }), lockedBy(sent(2))}, 2},
		{"a lock told twice", []batch.Result{lockedBy(sent(1)), lockedBy(sent(1))}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := fresh(t)
			enrol(t, d, aRun(runID), locks(2))
			s := begin(t, d, runID)
			commit(t, s, batch.Changes{Deal: 2})
			var want []batch.Attempt
			for i, r := range tt.results {
				commit(t, s, batch.Changes{Results: []batch.Result{r}})
				if i == 0 || tt.results[i-1].Outcome != r.Outcome {
					want = append(want, r.History...)
				}
			}
			for i := range want {
				if want[i].N == 0 {
					want[i].N = i + 1
				}
				if len(want[i].Message) > 1000 {
					want[i].Message = want[i].Message[:996] + "…"
				}
			}
			checkAttempts(t, d, want)
			checkRow(t, d, tt.results[len(tt.results)-1])
			if n := count(t, d.Path(), "SELECT count(*) FROM attempts"); n != tt.table {
				t.Errorf("%d attempts stand by themselves, want %d", n, tt.table)
			}
		})
	}
}

// checkRow compares what row 1 of a run says with what it was told last.
func checkRow(t *testing.T, d *checkpoint.DB, want batch.Result) {
	t.Helper()
	row := rowsOf(t, d, runID)[0]
	message := want.Message
	if len(message) > 1000 {
		message = message[:996] + "…"
	}
	if row.Outcome != want.Outcome || row.Code != want.Code || row.Message != message || row.Hint != want.Hint || row.LockID != want.LockID ||
		!reflect.DeepEqual(row.Previous, want.Previous) {
		t.Errorf("the row is %+v, want %+v", row, want)
	}
}

// checkAttempts compares the attempts at row 1 of a run with no others, asked for both ways.
func checkAttempts(t *testing.T, d *checkpoint.DB, want []batch.Attempt) {
	t.Helper()
	one, err := d.Attempts(t.Context(), runID, 1)
	if err != nil || !reflect.DeepEqual(one, want) {
		t.Errorf("attempts %+v, %v; want %+v", one, err, want)
	}
	if all := historyOf(t, d); !reflect.DeepEqual(all, want) {
		t.Errorf("history %+v, want %+v", all, want)
	}
}

func historyOf(t *testing.T, d *checkpoint.DB) (all []batch.Attempt) {
	t.Helper()
	for a, err := range d.History(t.Context(), runID) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
	return all
}

// A run that an older version has left in the middle is told alike after the schema has moved on, and
// goes on: attempts of old and new then stand side by side.
func TestAttemptsOfAnOlderSchema(t *testing.T) {
	d := fresh(t)
	path := d.Path()
	enrol(t, d, aRun(runID), locks(6))
	s := begin(t, d, runID)
	commit(t, s, batch.Changes{Deal: 4})
	failed, unknown := lockedBy(sent(2)), lockedBy(sent(3))
	failed.Seq, failed.Outcome, failed.Code, failed.LockID = 2, batch.Failed, "BUSY", ""
	unknown.Seq, unknown.Outcome, unknown.LockID = 3, batch.Unknown, ""
	commit(t, s, batch.Changes{Results: []batch.Result{lockedBy(sent(1)), failed, unknown}})
	s.Close()
	rows, history := rowsOf(t, d, runID), historyOf(t, d)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	older(t, path)
	if n := count(t, path, "SELECT count(*) FROM attempts"); n != 3 {
		t.Fatalf("%d attempts in the older schema, want 3", n)
	}
	d = open(t, path)
	if got := rowsOf(t, d, runID); !reflect.DeepEqual(got, rows) {
		t.Errorf("rows %+v, were %+v", got, rows)
	}
	if got := historyOf(t, d); !reflect.DeepEqual(got, history) || len(got) != 3 {
		t.Errorf("history %+v, was %+v", got, history)
	}
	if n, err := d.Retry(t.Context(), runID, nil, nil); n != 1 || err != nil {
		t.Fatalf("%d rows to retry, %v", n, err)
	}
	s = begin(t, d, runID)
	var c batch.Changes
	for i, row := range commit(t, s, batch.Changes{Deal: 9}) {
		r := lockedBy(sent(10 + i))
		r.Seq = row.Seq
		c.Results = append(c.Results, r)
	}
	commit(t, s, c)
	if run, err := s.End(t.Context(), batch.Completed, ""); err != nil || run.Counts[batch.Locked] != 6 {
		t.Errorf("%v locked, %v", run.Counts, err)
	}
	var numbers []int
	for _, a := range historyOf(t, d) {
		numbers = append(numbers, a.N)
	}
	if want := []int{1, 1, 2, 1, 2, 1, 1, 1}; !slices.Equal(numbers, want) {
		t.Errorf("attempts numbered %v, want %v", numbers, want)
	}
	if n := count(t, path, "SELECT count(*) FROM rows WHERE began IS NOT NULL"); n != 2 {
		t.Errorf("%d attempts stand in their rows, want those of the rows that were pending", n)
	}
}
