package report_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"zlock/batch"
	"zlock/checkpoint"
	"zlock/report"
)

const runID = "20260301-120000-abcd"

// began is when the runs of these tests began.
var began = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// stage is a checkpoint with one run in it.
type stage struct {
	t   testing.TB
	db  *checkpoint.DB
	run batch.Run
}

func aRun() batch.Run {
	return batch.Run{
		ID: runID, Org: "org", Profile: "default", JobFile: "leads.csv", SHA256: "ab12", Size: 12345, Identity: "identity",
		Format: "csv", Header: []string{"record_id"}, Settings: map[string]string{}, Forecast: 7, CreatedAt: began,
	}
}

// lock is a row that asks for a lock.
func lock(i int) batch.Row {
	id := fmt.Sprint(5842000000000000000 + i)
	return batch.Row{
		Seq: int64(i), Line: i + 1, Module: "Leads", RecordID: id, Action: batch.ActionLock, Reason: "Year-end close",
		Outcome: batch.Pending, Cells: []string{id},
	}
}

// locked is what becomes of row i: worked for 80 ms, ten rows a second.
func locked(i int) batch.Result {
	at := began.Add(time.Duration(i) * 100 * time.Millisecond)
	return batch.Result{
		Seq: int64(i), Outcome: batch.Locked, HTTP: 201, LockID: fmt.Sprint(7000 + i), Attempts: 1, Credits: 1, Spent: 1, Calls: 1,
		FinishedAt: at.Add(80 * time.Millisecond),
		History:    []batch.Attempt{{Kind: "send", Began: at, Ended: at.Add(80 * time.Millisecond), HTTP: 201, Credits: 1}},
	}
}

// newStage enrols rows and works as many of them as there are results; unless all are then done the
// run is paused.
func newStage(t testing.TB, run batch.Run, rows []batch.Row, results []batch.Result) *stage {
	t.Helper()
	ctx := t.Context()
	db, err := checkpoint.Open(ctx, filepath.Join(t.TempDir(), "x.db"))
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	enrolment, err := db.Enrol(ctx, run)
	must(t, err)
	for _, row := range rows {
		must(t, enrolment.Add(row))
	}
	_, err = enrolment.Finish(ctx, run)
	must(t, err)
	s := &stage{t: t, db: db}
	if len(results) > 0 {
		session, err := db.Begin(ctx, run.ID, "pid 1 on host")
		must(t, err)
		_, err = session.Commit(ctx, batch.Changes{Deal: len(results), Now: began})
		must(t, err)
		_, err = session.Commit(ctx, batch.Changes{Results: results, Now: began.Add(time.Minute)})
		must(t, err)
		state, cause := batch.Completed, batch.StopCause("")
		if found, err := db.Find(ctx, run.ID); err != nil || found.Open() > 0 {
			must(t, err)
			state, cause = batch.Paused, batch.StopLimit
		}
		_, err = session.End(ctx, state, cause)
		must(t, err)
	}
	s.run, err = db.Find(ctx, run.ID)
	must(t, err)
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s *stage) subject() report.Subject {
	return report.Subject{
		Run: s.run, State: string(s.run.State), Next: "zlock resume " + runID, Results: "zlock results " + runID + " -o results.csv",
		Org: "www.example.test", Now: began.Add(time.Hour), Zone: time.UTC, Version: "dev",
	}
}

func (s *stage) gather(change func(*report.Subject)) *report.Account {
	s.t.Helper()
	subject := s.subject()
	if change != nil {
		change(&subject)
	}
	account, err := report.Gather(s.t.Context(), s.db, subject, nil)
	must(s.t, err)
	return account
}

func (s *stage) page(change func(*report.Subject), rows int64) string {
	s.t.Helper()
	var b bytes.Buffer
	must(s.t, s.gather(change).WriteHTML(s.t.Context(), &b, s.db, rows))
	return b.String()
}

func (s *stage) text(change func(*report.Subject)) string {
	s.t.Helper()
	var b bytes.Buffer
	must(s.t, s.gather(change).WriteMarkdown(&b))
	return b.String()
}

// many works n rows to their end.
func many(t testing.TB, n int) *stage {
	t.Helper()
	var rows []batch.Row
	var results []batch.Result
	for i := 1; i <= n; i++ {
		rows, results = append(rows, lock(i)), append(results, locked(i))
	}
	return newStage(t, aRun(), rows, results)
}
