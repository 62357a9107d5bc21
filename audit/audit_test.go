package audit_test

import (
	"context"
	"fmt"
	"iter"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"zlock/audit"
	"zlock/batch"
	"zlock/checkpoint"
	"zlock/zoho"
	"zlock/zoho/sim"
)

const runID = "20260301-120000-aaaa"

func recordID(i int) string { return fmt.Sprintf("58431040000002%03d51", i) }

// locked is a checkpoint with a run that has locked n leads.
func locked(t *testing.T, n int, lockOf func(i int) string) (*checkpoint.DB, batch.Run) {
	t.Helper()
	db, err := checkpoint.Open(t.Context(), filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	run := batch.Run{ID: runID, Org: "org", Profile: "default", JobFile: "a.csv", SHA256: "ab", Identity: "i", Format: "csv", CreatedAt: time.Now()}
	e, err := db.Enrol(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		row := batch.Row{Seq: int64(i + 1), Line: i + 2, Module: "Leads", RecordID: recordID(i), Action: batch.ActionLock, Reason: "Audit", Outcome: batch.Pending}
		if err := e.Add(row); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := e.Finish(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	s, err := db.Begin(t.Context(), runID, "pid 1 on host")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	rows, err := s.Commit(t.Context(), batch.Changes{Deal: n, Now: time.Now()})
	if err != nil || len(rows) != n {
		t.Fatalf("dealt %d rows, %v", len(rows), err)
	}
	var results []batch.Result
	for _, r := range rows {
		results = append(results, batch.Result{Seq: r.Seq, Outcome: batch.Locked, LockID: lockOf(int(r.Seq - 1)), Attempts: 1, FinishedAt: time.Now()})
	}
	if _, err := s.Commit(t.Context(), batch.Changes{Results: results, Now: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if run, err = s.End(t.Context(), batch.Completed, ""); err != nil {
		t.Fatal(err)
	}
	return db, run
}

// verify compares n locks with an org in which calls go wrong as the script says.
func verify(t *testing.T, n int, script ...sim.Fault) (map[string]audit.Finding, audit.Report, error) {
	t.Helper()
	lockOf := func(i int) string { return fmt.Sprint(5843104100000000000 + i) }
	org, err := sim.New(sim.Config{Script: script, Records: func(yield func(sim.Record) bool) {
		for i := range n {
			if !yield(sim.Record{Module: "Leads", ID: recordID(i), Lock: &sim.Lock{ID: lockOf(i), Reason: "Audit"}}) {
				return
			}
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = org.Close() }()
	tokens, err := zoho.NewTokens(zoho.TokenConfig{AccessToken: zoho.NewSecret(org.Token())})
	if err != nil {
		t.Fatal(err)
	}
	client, err := zoho.New(zoho.Config{API: "http://127.0.0.1", Tokens: tokens, Limiter: zoho.NewLimiter(zoho.LimiterConfig{Cap: 2}), Transport: org.Transport()})
	if err != nil {
		t.Fatal(err)
	}
	db, run := locked(t, n, lockOf)
	look, err := audit.Look(t.Context(), db, run, "")
	if err != nil || look.Compared != int64(n) || look.Details != int64(n) {
		t.Fatalf("outlook %+v, %v", look, err)
	}
	found := map[string]audit.Finding{}
	report, err := audit.Verify(t.Context(), db, look, audit.Options{
		Run: run, Crew: oneByOne(client), Offset: func() time.Duration { return 0 },
	}, func(f *audit.Finding) error {
		found[f.RecordID] = *f
		return nil
	})
	return found, report, err
}

// oneByOne is a crew that tries each job up to eight times.
func oneByOne(client *zoho.Client) audit.Crew {
	return func(ctx context.Context, jobs iter.Seq[audit.Job]) error {
		for job := range jobs {
			err := job(ctx, client)
			for try := 1; err != nil && try < 8; try++ {
				time.Sleep(time.Second)
				err = job(ctx, client)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
}

func TestVerifyThroughTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		found, report, err := verify(t, 6, sim.Fault{Match: sim.Match{Op: sim.OpList, Nth: 1}, Do: sim.Status500Before},
			sim.Fault{Match: sim.Match{Op: sim.OpRecords, Nth: 1}, Do: sim.CutBody})
		if err != nil || report.Counts[audit.AsLeft] != 6 || len(found) != 6 {
			t.Errorf("%+v, %v", report, err)
		}
	})
}

// One record that Zoho cannot answer for is named, and holds up nobody.
func TestVerifyGivesARecordUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		found, report, err := verify(t, 6, sim.Fault{Match: sim.Match{Op: sim.OpList, IDSuffix: recordID(2)}, Do: sim.Status500Before})
		if err != nil || report.Counts[audit.AsLeft] != 5 || report.Counts[audit.Unread] != 1 || report.Differences() != 0 {
			t.Errorf("%+v, %v", report, err)
		}
		if f := found[recordID(2)]; f.What != audit.Unread || f.Note == "" {
			t.Errorf("%+v", f)
		}
	})
}

// Where Zoho is gone altogether it stops, and what was found until then stands.
func TestVerifyStopsInAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		found, report, err := verify(t, 40, sim.Fault{Match: sim.Match{Op: sim.OpList}, Do: sim.Status503})
		if err == nil || report.Rows >= 40 || len(found) != int(report.Rows) || report.Counts[audit.Unlocked]+report.Counts[audit.Gone] > 0 {
			t.Errorf("%+v, %v", report, err)
		}
	})
}
