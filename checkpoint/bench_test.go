package checkpoint_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"zlock/batch"
	"zlock/batch/storetest"
	"zlock/checkpoint"
)

const runID = "20260301-120000-abcd"

// open opens a checkpoint that the test closes.
func open(t testing.TB, path string) *checkpoint.DB {
	t.Helper()
	d, err := checkpoint.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// fresh opens a checkpoint in a directory of its own.
func fresh(t testing.TB) *checkpoint.DB {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "state", "x.db"))
}

// aRun is a run as Enrol takes it.
func aRun(id string) batch.Run {
	return batch.Run{
		ID: id, Org: "org", Profile: "default", JobFile: "leads.csv", SHA256: "ab12", Size: 120, Identity: "identity",
		Format: "csv", CreatedAt: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
	}
}

// locks makes n rows that ask for a lock.
func locks(n int) []batch.Row {
	rows := make([]batch.Row, n)
	for i := range rows {
		id := fmt.Sprint(5842000000000000001 + i)
		rows[i] = batch.Row{
			Seq: int64(i + 1), Line: i + 2, Module: "Leads", RecordID: id, Action: batch.ActionLock, Reason: "Year-end close",
			Outcome: batch.Pending, Cells: []string{id, "Leads", "lock", "Year-end close"},
		}
	}
	return rows
}

// enrol stores rows as a run.
func enrol(t testing.TB, d *checkpoint.DB, run batch.Run, rows []batch.Row) batch.Run {
	t.Helper()
	e, err := d.Enrol(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if err := e.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	run, err = e.Finish(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// begin takes a run over; the test closes what it does not end.
func begin(t testing.TB, d *checkpoint.DB, id string) *checkpoint.Session {
	t.Helper()
	s, err := d.Begin(t.Context(), id, "pid 1 on host")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func commit(t testing.TB, s *checkpoint.Session, c batch.Changes) []batch.Row {
	t.Helper()
	if c.Now.IsZero() {
		c.Now = time.Now()
	}
	rows, err := s.Commit(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func find(t testing.TB, d *checkpoint.DB, ref string) batch.Run {
	t.Helper()
	run, err := d.Find(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func rowsOf(t testing.TB, d *checkpoint.DB, id string, only ...batch.Outcome) []checkpoint.RowReport {
	t.Helper()
	var all []checkpoint.RowReport
	for row, err := range d.Rows(t.Context(), id, only) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, row)
	}
	return all
}

// bench is a checkpoint before the judge. Each sitting opens the file anew, as a new process would.
type bench struct {
	path string
	d    *checkpoint.DB
	ro   *checkpoint.DB // looks on, as status does
	s    *checkpoint.Session
}

func newBench(t testing.TB, rows []batch.Row) *bench {
	b := &bench{path: filepath.Join(t.TempDir(), "x.db")}
	b.d = open(t, b.path)
	enrol(t, b.d, aRun(runID), rows)
	var err error
	if b.ro, err = checkpoint.OpenReadOnly(t.Context(), b.path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		b.ro.Close()
		if b.s != nil {
			b.s.Close()
		}
		b.d.Close()
	})
	return b
}

func (b *bench) Open(ctx context.Context) (_ batch.Store, err error) {
	if err := b.d.Close(); err != nil {
		return nil, err
	}
	if b.d, err = checkpoint.Open(ctx, b.path); err != nil {
		return nil, err
	}
	b.s, err = b.d.Begin(ctx, runID, "pid 1 on host")
	return b.s, err
}

func (b *bench) Close(ctx context.Context, clean bool) (err error) {
	if clean {
		_, err = b.s.End(ctx, batch.Paused, batch.StopLimit)
	} else {
		err = b.s.Close()
	}
	return err
}

func (b *bench) Look(ctx context.Context) (storetest.Sight, error) {
	run, err := b.ro.Find(ctx, runID)
	sight := storetest.Sight{Run: run, History: map[int64][]batch.Attempt{}}
	for row, rowErr := range b.ro.Rows(ctx, runID, nil) {
		if rowErr != nil {
			return sight, rowErr
		}
		sight.Rows = append(sight.Rows, row.Row)
	}
	for _, row := range sight.Rows {
		if row.Attempts == 0 || err != nil {
			continue
		}
		sight.History[row.Seq], err = b.ro.Attempts(ctx, runID, row.Seq)
	}
	return sight, err
}

func TestStore(t *testing.T) {
	storetest.Test(t, func(t *testing.T, rows []batch.Row) storetest.Bench { return newBench(t, rows) })
}

func Example() {
	ctx := context.Background()
	d, err := checkpoint.Open(ctx, filepath.Join(mustTemp(), "x.db"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer d.Close()
	run := batch.Run{ID: runID, Org: "org"}
	e, err := d.Enrol(ctx, run)
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = e.Add(batch.Row{Seq: 1, Line: 2, Module: "Leads", RecordID: "17", Action: batch.ActionLock, Reason: "closed"})
	if _, err := e.Finish(ctx, run); err != nil {
		fmt.Println(err)
		return
	}
	s, err := d.Begin(ctx, runID, "pid 1 on host")
	if err != nil {
		fmt.Println(err)
		return
	}
	rows, _ := s.Commit(ctx, batch.Changes{Deal: 25, Now: time.Now()})
	for _, row := range rows {
		_, _ = s.Commit(ctx, batch.Changes{Now: time.Now(), Results: []batch.Result{{Seq: row.Seq, Outcome: batch.Locked}}})
	}
	run, _ = s.End(ctx, batch.Completed, "")
	fmt.Println(run.State, run.Counts[batch.Locked])
	// Output: completed 1
}

// BenchmarkEnrol stores rows as they come from a job file; one operation is 100,000 rows.
func BenchmarkEnrol(b *testing.B) {
	rows := locks(100_000)
	for i := 0; b.Loop(); i++ {
		d := fresh(b)
		enrol(b, d, aRun(runID), rows)
		d.Close()
	}
	b.ReportMetric(float64(len(rows)*b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkCommit works rows through; one operation is a commit of 25 outcomes and 25 rows dealt.
func BenchmarkCommit(b *testing.B) {
	const group = 25
	d := fresh(b)
	enrol(b, d, aRun(runID), locks(200_000))
	s := begin(b, d, runID)
	now := time.Now()
	c := batch.Changes{Deal: group, Now: now}
	for b.Loop() {
		rows := commit(b, s, c)
		if len(rows) < group {
			b.Fatal("no rows are left to deal")
		}
		c.Results = c.Results[:0]
		for _, row := range rows {
			c.Results = append(c.Results, batch.Result{
				Seq: row.Seq, Outcome: batch.Locked, HTTP: 200, LockID: row.RecordID, Attempts: 1, Credits: 1, Spent: 1, Calls: 1, FinishedAt: now,
				History: []batch.Attempt{{Kind: "send", Began: now, Ended: now, HTTP: 200, Credits: 1}},
			})
		}
	}
	b.ReportMetric(group*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
