package checkpoint_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"zlock/batch"
	"zlock/checkpoint"
)

// The locks that are ours are told by org and module, all of them, in order, over pages.
func TestOwnLocks(t *testing.T) {
	const many = 1203
	d := fresh(t)
	rows := locks(many)
	run := aRun("20260101-000000-aaaa")
	run.Org = "one"
	enrol(t, d, run, rows)
	s := begin(t, d, run.ID)
	commit(t, s, batch.Changes{Deal: many})
	var results []batch.Result
	for i := range rows {
		results = append(results, batch.Result{Seq: rows[i].Seq, Outcome: batch.Locked, LockID: fmt.Sprint(7000 + i)})
	}
	commit(t, s, batch.Changes{Results: results})
	if _, err := s.End(t.Context(), batch.Completed, ""); err != nil {
		t.Fatal(err)
	}
	reworded := rows[3]
	reworded.Action, reworded.Reason = batch.ActionUpdateReason, "audited"
	leave(t, d, "20260101-000001-aaaa", "one", reworded, batch.Result{Outcome: batch.ReasonUpdated, LockID: "80"})
	gone := rows[4]
	gone.Action, gone.Reason = batch.ActionUnlock, ""
	leave(t, d, "20260101-000002-aaaa", "one", gone, batch.Result{Outcome: batch.Unlocked, LockID: "7004"})

	found := map[string]checkpoint.OwnLock{}
	last := ""
	for lock, err := range d.OwnLocks(t.Context(), "one", rows[0].Module) {
		if err != nil {
			t.Fatal(err)
		}
		if lock.RecordID <= last {
			t.Fatalf("%s comes after %s", lock.RecordID, last)
		}
		last = lock.RecordID
		found[last] = lock
	}
	if len(found) != many-1 {
		t.Errorf("%d locks, want %d", len(found), many-1)
	}
	if l := found[rows[0].RecordID]; l.LockID != "7000" || !l.Made || l.Reason != rows[0].Reason || l.Run != run.ID || l.At.IsZero() {
		t.Errorf("lock %+v", l)
	}
	if l := found[rows[3].RecordID]; l.LockID != "80" || l.Made || l.Reason != "audited" || l.Run != "20260101-000001-aaaa" {
		t.Errorf("re-worded lock of another %+v", l)
	}
	if l, ok, err := d.OwnLock(t.Context(), "one", strings.ToUpper(rows[0].Module), rows[5].RecordID); !ok || err != nil || l.LockID != "7005" {
		t.Errorf("lock %+v, %v, %v", l, ok, err)
	}
	if l, ok, err := d.OwnLock(t.Context(), "one", rows[0].Module, rows[4].RecordID); ok || err != nil {
		t.Errorf("an unlocked record has %+v, %v", l, err)
	}
	for _, in := range [][2]string{{"two", rows[0].Module}, {"one", "Elsewhere"}} {
		for lock, err := range d.OwnLocks(t.Context(), in[0], in[1]) {
			t.Errorf("%v has %+v, %v", in, lock, err)
		}
	}
}

// What a run is charged with is not spent once more.
func TestCharge(t *testing.T) {
	d := fresh(t)
	enrol(t, d, aRun(runID), locks(1))
	if err := d.Charge(t.Context(), runID, 3, 5); err != nil {
		t.Fatal(err)
	}
	run, err := d.Find(t.Context(), runID)
	if err != nil || run.Calls != 3 || run.Credits != 5 {
		t.Errorf("run %+v, %v", run, err)
	}
	spent, err := d.Spent(t.Context(), run.Org, run.CreatedAt)
	if err != nil || len(spent) != 0 {
		t.Errorf("spent %v, %v", spent, err)
	}
	var none *checkpoint.NoRunError
	if err := d.Charge(t.Context(), "20990101-000000-aaaa", 1, 1); !errors.As(err, &none) {
		t.Errorf("a run that is not there: %v", err)
	}
}
