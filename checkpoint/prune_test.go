package checkpoint_test

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"zlock/batch"
	"zlock/checkpoint"
)

// aged makes runs whose names say what they are, all of one row and ended just now.
func aged(t *testing.T) *checkpoint.DB {
	t.Helper()
	d := fresh(t)
	rows := locks(4)
	leave(t, d, "locked", "org", rows[0], batch.Result{Outcome: batch.Locked, LockID: "71", Attempts: 1, History: []batch.Attempt{{Kind: "send", Began: time.Now(), Ended: time.Now(), N: 1, Code: "SUCCESS"}}})
	leave(t, d, "unlocked-since", "org", rows[1], batch.Result{Outcome: batch.Locked, LockID: "72"})
	unlock := rows[1]
	unlock.Action = batch.ActionUnlock
	leave(t, d, "unlock", "org", unlock, batch.Result{Outcome: batch.Unlocked, LockID: "72"})
	leave(t, d, "failed", "org", rows[2], batch.Result{Outcome: batch.Failed, Code: "NO_PERMISSION", Attempts: 1, History: []batch.Attempt{{Kind: "send", Began: time.Now(), Ended: time.Now(), N: 1, Code: "NO_PERMISSION"}}})
	run := aRun("rehearsed")
	run.Simulated, run.Org = true, "sim-1"
	enrol(t, d, run, rows[:1])
	s := begin(t, d, run.ID)
	commit(t, s, batch.Changes{Deal: 1})
	commit(t, s, batch.Changes{Results: []batch.Result{{Seq: 1, Outcome: batch.Locked, LockID: "73"}}})
	if _, err := s.End(t.Context(), batch.Completed, ""); err != nil {
		t.Fatal(err)
	}
	enrol(t, d, aRun("enrolled"), rows[3:])
	return d
}

func names(t *testing.T, d *checkpoint.DB) (out []string) {
	t.Helper()
	runs, err := d.Runs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, run := range runs {
		out = append(out, run.ID)
		checkSums(t, d, run)
	}
	slices.Sort(out)
	return out
}

func TestForget(t *testing.T) {
	d := aged(t)
	holding, err := d.Holding(t.Context())
	if err != nil || len(holding) != 1 || holding["locked"] != 1 {
		t.Errorf("locks that hold: %v, %v", holding, err)
	}
	soon := time.Now().Add(time.Minute)
	all := []string{"enrolled", "failed", "locked", "rehearsed", "unlock", "unlocked-since"}
	for _, id := range all {
		if gone, err := d.Forget(t.Context(), id, time.Now().Add(-time.Hour), true); gone || err != nil {
			t.Errorf("%s, which is newer: %v, %v", id, gone, err)
		}
	}
	if got := names(t, d); !slices.Equal(got, all) {
		t.Errorf("runs %q", got)
	}
	for _, id := range all {
		want := id != "enrolled" && id != "locked"
		if gone, err := d.Forget(t.Context(), id, soon, false); gone != want || err != nil {
			t.Errorf("%s: %v, %v", id, gone, err)
		}
	}
	if got := names(t, d); !slices.Equal(got, []string{"enrolled", "locked"}) {
		t.Errorf("runs %q", got)
	}
	for _, id := range []string{"enrolled", "locked"} {
		if gone, err := d.Forget(t.Context(), id, soon, true); gone != (id == "locked") || err != nil {
			t.Errorf("%s, its lock too: %v, %v", id, gone, err)
		}
	}
	if _, err := d.Forget(t.Context(), "locked", soon, true); err == nil {
		t.Error("a run is forgotten twice")
	}
	for table, want := range map[string]int64{"runs": 1, "rows": 1, "attempts": 0, "locks": 0, "tallies": int64(len(batch.Outcomes()))} {
		if n := count(t, d.Path(), "SELECT count(*) FROM "+table); n != want {
			t.Errorf("%d in %s, want %d", n, table, want)
		}
	}
	if got := told(t, d, "later", "org", locks(1)[0]); got != nil {
		t.Errorf("a lock is still known: %+v", got)
	}
}

// What a crash leaves of a run that was being forgotten goes when the checkpoint is opened.
func TestHalfForgotten(t *testing.T) {
	d := aged(t)
	execRaw(t, d.Path(), "UPDATE runs SET hidden = 1 WHERE id = 'failed'")
	again := open(t, d.Path())
	if got := names(t, again); slices.Contains(got, "failed") || len(got) != 5 {
		t.Errorf("runs %q", got)
	}
	for table, query := range map[string]string{
		"rows": "SELECT count(*) FROM rows WHERE state = 'failed'", "attempts": "SELECT count(*) FROM attempts WHERE code = 'NO_PERMISSION'",
		"tallies": "SELECT count(*) FROM tallies WHERE run NOT IN (SELECT n FROM runs)",
	} {
		if n := count(t, d.Path(), query); n != 0 {
			t.Errorf("%d are left in %s", n, table)
		}
	}
}

// The credits of a day stay counted whatever is forgotten.
func TestTrimLedger(t *testing.T) {
	d := aged(t)
	now := time.Now()
	for _, ago := range []time.Duration{400 * time.Hour, 50 * time.Hour, 47 * time.Hour, 23 * time.Hour, time.Hour} {
		if err := d.Book(t.Context(), "org", "", 1, 10, now.Add(-ago)); err != nil {
			t.Fatal(err)
		}
	}
	for _, in := range []struct {
		before time.Duration
		left   int64
	}{{500 * time.Hour, 5}, {100 * time.Hour, 4}, {0, 3}, {-time.Hour, 3}} {
		if err := d.TrimLedger(t.Context(), now.Add(-in.before), now); err != nil {
			t.Fatal(err)
		}
		if n := count(t, d.Path(), "SELECT count(*) FROM ledger WHERE credits = 10"); n != in.left {
			t.Errorf("before %s: %d left, want %d", in.before, n, in.left)
		}
	}
	if got := spent(t, d, "org", now); got != 20 {
		t.Errorf("%d spent in a day", got)
	}
}

func TestCompact(t *testing.T) {
	d := fresh(t)
	var rows []batch.Row
	for _, row := range locks(30_000) {
		row.Outcome = batch.Invalid
		rows = append(rows, row)
	}
	for i := range 2 {
		enrol(t, d, aRun(fmt.Sprint("run", i)), rows)
	}
	if freed, done, err := d.Compact(t.Context()); !done || err != nil {
		t.Fatalf("compacted %d %v %v", freed, done, err)
	}
	info, err := os.Stat(d.Path())
	if err != nil {
		t.Fatal(err)
	}
	if gone, err := d.Forget(t.Context(), "run0", time.Now().Add(time.Hour), false); !gone || err != nil {
		t.Fatal(gone, err)
	}
	enrolling, err := d.Enrol(t.Context(), aRun("run2"))
	if err != nil {
		t.Fatal(err)
	}
	if _, done, err := d.Compact(t.Context()); done || err != nil {
		t.Errorf("beside an enrolment: %v, %v", done, err)
	}
	if err := enrolling.Discard(t.Context()); err != nil {
		t.Fatal(err)
	}
	freed, done, err := d.Compact(t.Context())
	if after, _ := os.Stat(d.Path()); !done || err != nil || freed < info.Size()/3 || after.Size() > info.Size()*2/3 {
		t.Errorf("compacted %v %v: of %d bytes %d are freed, %d left", done, err, info.Size(), freed, after.Size())
	}
	checkSums(t, d, find(t, d, "run1"))
	if verdict := d.Setting(t, "integrity_check"); verdict != "ok" {
		t.Error(verdict)
	}
	reading, err := checkpoint.OpenReadOnly(t.Context(), d.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer reading.Close()
	if _, _, err := reading.Compact(t.Context()); err == nil {
		t.Error("a reader has compacted it")
	}
}
