package checkpoint_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"zlock/batch"
	"zlock/checkpoint"
)

// leave works a run of one row, whose result is r.
func leave(t *testing.T, d *checkpoint.DB, id, org string, row batch.Row, r batch.Result) {
	t.Helper()
	run := aRun(id)
	run.Org = org
	row.Seq = 1
	enrol(t, d, run, []batch.Row{row})
	s := begin(t, d, id)
	commit(t, s, batch.Changes{Deal: 1})
	r.Seq = 1
	commit(t, s, batch.Changes{Results: []batch.Result{r}})
	if _, err := s.End(t.Context(), batch.Completed, ""); err != nil {
		t.Fatal(err)
	}
}

// told deals an unlock of a record in a run of its own, and returns what it is told.
func told(t *testing.T, d *checkpoint.DB, id, org string, row batch.Row) *batch.KnownLock {
	t.Helper()
	run := aRun(id)
	run.Org = org
	row.Seq, row.Action, row.Reason = 1, batch.ActionUnlock, ""
	enrol(t, d, run, []batch.Row{row})
	s := begin(t, d, id)
	rows := commit(t, s, batch.Changes{Deal: 1})
	if _, err := s.End(t.Context(), batch.Paused, ""); err != nil || len(rows) != 1 {
		t.Fatalf("%d rows dealt, %v", len(rows), err)
	}
	return rows[0].Known
}

// A lock is remembered over runs, by org, module and record.
func TestLocksOutliveTheirRun(t *testing.T) {
	d := fresh(t)
	row := locks(1)[0]
	leave(t, d, "20260101-000000-aaaa", "one", row, batch.Result{Outcome: batch.Locked, LockID: "71"})
	if got := told(t, d, "20260101-000001-aaaa", "two", row); got != nil {
		t.Errorf("another org is told %+v", got)
	}
	other := row
	other.Module = "Deals"
	if got := told(t, d, "20260101-000002-aaaa", "one", other); got != nil {
		t.Errorf("another module is told %+v", got)
	}
	got := told(t, d, "20260101-000003-aaaa", "one", row)
	if got == nil || got.LockID != "71" || !got.Made || got.Reason != row.Reason || got.Run != "20260101-000000-aaaa" || time.Since(got.At) > time.Minute {
		t.Fatalf("told %+v", got)
	}
	reworded := row
	reworded.Action, reworded.Reason = batch.ActionUpdateReason, "audited"
	leave(t, d, "20260101-000004-aaaa", "one", reworded, batch.Result{Outcome: batch.ReasonUpdated, LockID: "71"})
	if got := told(t, d, "20260101-000005-aaaa", "one", row); got == nil || !got.Made || got.Reason != "audited" {
		t.Errorf("after a change of reason: %+v", got)
	}
	leave(t, d, "20260101-000006-aaaa", "one", reworded, batch.Result{Outcome: batch.ReasonUpdated, LockID: "80"})
	if got := told(t, d, "20260101-000007-aaaa", "one", row); got == nil || got.Made || got.LockID != "80" {
		t.Errorf("after a change of another's reason: %+v", got)
	}
	row.Action = batch.ActionUnlock
	leave(t, d, "20260101-000008-aaaa", "one", row, batch.Result{Outcome: batch.Unlocked, LockID: "80"})
	if got := told(t, d, "20260101-000009-aaaa", "one", row); got != nil {
		t.Errorf("after an unlock: %+v", got)
	}
}

// A record that is gone has no lock, in whatever case its module was named when it was locked.
func TestLocksOfRecordsThatAreGone(t *testing.T) {
	d := fresh(t)
	row := locks(1)[0]
	leave(t, d, "20260101-000000-aaaa", "one", row, batch.Result{Outcome: batch.Locked, LockID: "71"})
	row.Module, row.Action, row.Reason = strings.ToUpper(row.Module), batch.ActionUnlock, ""
	if got := told(t, d, "20260101-000001-aaaa", "one", row); got == nil || got.LockID != "71" {
		t.Errorf("told %+v", got)
	}
	leave(t, d, "20260101-000002-aaaa", "one", row, batch.Result{Outcome: batch.Failed, Code: batch.CodeRecordNotFound})
	if got := told(t, d, "20260101-000003-aaaa", "one", row); got != nil {
		t.Errorf("told %+v of a record that is gone", got)
	}
}

// A checkpoint from before there was a lock ledger gets one made of its rows.
func TestLocksOfAnOlderSchema(t *testing.T) {
	d := fresh(t)
	path := d.Path()
	rows := locks(3)
	leave(t, d, "20260101-000000-aaaa", "org", rows[0], batch.Result{Outcome: batch.Locked, LockID: "71"})
	leave(t, d, "20260101-000001-aaaa", "org", rows[1], batch.Result{Outcome: batch.Locked, LockID: "72"})
	unlock := rows[1]
	unlock.Action, unlock.Reason = batch.ActionUnlock, ""
	leave(t, d, "20260101-000002-aaaa", "org", unlock, batch.Result{Outcome: batch.Unlocked, LockID: "72"})
	leave(t, d, "20260101-000003-aaaa", "org", rows[2], batch.Result{Outcome: batch.AlreadyLocked, LockID: "73"})
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	older(t, path)
	execRaw(t, path, "DROP TABLE locks; ALTER TABLE rows DROP COLUMN expect; PRAGMA user_version = 1")
	d = open(t, path)
	if n := count(t, path, "SELECT count(*) FROM locks"); n != 1 {
		t.Errorf("%d locks are remembered, want 1", n)
	}
	got := told(t, d, "20260101-000004-aaaa", "org", rows[0])
	if got == nil || got.LockID != "71" || !got.Made || got.Reason != rows[0].Reason || got.Run != "20260101-000000-aaaa" {
		t.Errorf("told %+v", got)
	}
}

// Rows shown take up no memory once they are worked: a run of a million has them shown all.
func TestShownRowsAreLetGo(t *testing.T) {
	d := fresh(t)
	enrol(t, d, aRun(runID), locks(400))
	s := begin(t, d, runID)
	for {
		rows := commit(t, s, batch.Changes{Deal: 40, Show: true})
		if len(rows) == 0 {
			break
		}
		var c batch.Changes
		for i, r := range rows {
			if i%2 == 0 {
				c.Results = append(c.Results, batch.Result{Seq: r.Seq, Outcome: batch.AlreadyLocked})
			} else {
				c.Start = append(c.Start, r.Seq)
			}
		}
		commit(t, s, c)
	}
	if n := checkpoint.Held(s); n != 0 {
		t.Errorf("%d rows are kept in mind, want none", n)
	}
}

// A ledger from before the spellings of a module counted as one is brought together, the later entry first.
func TestLocksOfAnOlderSpelling(t *testing.T) {
	d := fresh(t)
	rows := locks(3)
	left := []struct{ module, record, lock string }{
		{"Projects", rows[0].RecordID, "70"}, {"PROJECTS", rows[1].RecordID, "71"}, {"PROJECTS", rows[2].RecordID, "73"},
	}
	for i, l := range left {
		row := rows[0]
		row.Module, row.RecordID = l.module, l.record
		leave(t, d, fmt.Sprintf("20260101-00000%d-aaaa", i), "one", row, batch.Result{Outcome: batch.Locked, LockID: l.lock})
		execRaw(t, d.Path(), "UPDATE locks SET module = (SELECT id FROM modules WHERE name = ?) WHERE lock_id = ?", l.module, l.lock) // as it was written then
	}
	path := d.Path()
	execRaw(t, path, `INSERT INTO locks SELECT org, (SELECT id FROM modules WHERE name = 'Projects'), record_id, '72', reason, made, run, at - 1
		FROM locks WHERE lock_id = '73'`)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	execRaw(t, path, "PRAGMA user_version = 4")
	d = open(t, path)
	var found []string
	for l, err := range d.OwnLocks(t.Context(), "one", "projects") {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, l.LockID)
	}
	if want := []string{"70", "71", "73"}; !slices.Equal(found, want) || count(t, path, "SELECT count(*) FROM locks") != 3 {
		t.Errorf("found %v, want %v and no other", found, want)
	}
}
