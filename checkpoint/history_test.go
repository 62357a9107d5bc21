package checkpoint_test

import (
	"errors"
	"maps"
	"testing"
	"time"

	"zlock/batch"
	"zlock/checkpoint"
)

func TestHistoryPageByPage(t *testing.T) {
	const rows = 2101 // more attempts than one page holds
	began := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	results := make([]batch.Result, rows)
	for i := range results {
		results[i] = batch.Result{Seq: int64(i + 1), Outcome: batch.Locked, Attempts: 1}
		for n := range 1 + i%2 {
			at := began.Add(time.Duration(i*10+n) * time.Millisecond)
			results[i].History = append(results[i].History, batch.Attempt{
				Kind: "send", Began: at, Ended: at.Add(time.Millisecond), HTTP: 201, Credits: n + 1,
			})
		}
	}
	d := worked(t, locks(rows), results...)
	enrol(t, d, aRun("20260301-130000-cccc"), locks(3)) // a neighbour without attempts
	want := rows + rows/2
	n, credits, last := 0, 0, time.Time{}
	for a, err := range d.History(t.Context(), runID) {
		if err != nil {
			t.Fatal(err)
		}
		if a.Began.Before(last) || a.Ended.Sub(a.Began) != time.Millisecond || a.HTTP != 201 {
			t.Fatalf("attempt %d after %s: %+v", n, last, a)
		}
		n, credits, last = n+1, credits+a.Credits, a.Began
	}
	if n != want || credits != rows+2*(rows/2) {
		t.Errorf("%d attempts of %d credits, want %d of %d", n, credits, want, rows+2*(rows/2))
	}
	for range d.History(t.Context(), "20260301-130000-cccc") {
		t.Error("attempts of a run that was never begun")
	}
	for _, err := range d.History(t.Context(), "nobody") {
		if !errors.As(err, new(*checkpoint.NoRunError)) {
			t.Errorf("history of no run: %v", err)
		}
	}
}

func TestRecallAll(t *testing.T) {
	d := fresh(t)
	for key, value := range map[string]string{"user.name:a": "Anna", "user.name:b": "Bert", "user.id:a": "1", "user_name:c": "no"} {
		if err := d.Remember(t.Context(), "org", key, value); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Remember(t.Context(), "other", "user.name:a", "Else"); err != nil {
		t.Fatal(err)
	}
	got, err := d.RecallAll(t.Context(), "org", "user.name:")
	if err != nil || !maps.Equal(got, map[string]string{"a": "Anna", "b": "Bert"}) {
		t.Errorf("%v, %v", got, err)
	}
}
