package checkpoint_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zlock/batch"
	"zlock/checkpoint"
)

func TestBeginAndEnd(t *testing.T) {
	d := fresh(t)
	enrol(t, d, aRun(runID), locks(3))
	s := begin(t, d, runID)
	run := find(t, d, runID)
	if run.State != batch.Running || run.Owner != "pid 1 on host" || run.StartedAt.IsZero() || !run.EndedAt.IsZero() {
		t.Errorf("while it runs: %+v", run)
	}
	commit(t, s, batch.Changes{Deal: 3})
	commit(t, s, batch.Changes{Release: []int64{2, 3}, Results: []batch.Result{{Seq: 1, Outcome: batch.Locked}}})
	run, err := s.End(t.Context(), batch.Interrupted, batch.StopSignal)
	if err != nil {
		t.Fatal(err)
	}
	if run.State != batch.Interrupted || run.StoppedBy != batch.StopSignal || run.Owner != "" || run.EndedAt.IsZero() || run.Open() != 2 {
		t.Errorf("ended: %+v", run)
	}
	if again := find(t, d, runID); !reflect.DeepEqual(again, run) {
		t.Errorf("stored %+v, told %+v", again, run)
	}
	if _, err := s.Commit(t.Context(), batch.Changes{}); err == nil {
		t.Error("committed after the end")
	}
	if _, err := s.End(t.Context(), batch.Paused, ""); err == nil {
		t.Error("ended twice")
	}
	if _, err := d.Begin(t.Context(), "nobody", ""); !errors.As(err, new(*checkpoint.NoRunError)) {
		t.Errorf("begin: %v", err)
	}
}

func TestCompletedMeansNoOpenRow(t *testing.T) {
	tests := []struct {
		name      string
		finish    int // of two rows
		state     batch.State
		cause     batch.StopCause
		want      batch.State
		wantCause batch.StopCause
	}{
		{"all done", 2, batch.Completed, "", batch.Completed, ""},
		{"all done as the signal came", 2, batch.Interrupted, batch.StopSignal, batch.Completed, ""},
		{"not all done", 1, batch.Completed, "", batch.Paused, ""},
		{"paused", 1, batch.Paused, batch.StopBudget, batch.Paused, batch.StopBudget},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := fresh(t)
			enrol(t, d, aRun(runID), locks(2))
			s := begin(t, d, runID)
			for _, row := range commit(t, s, batch.Changes{Deal: tt.finish}) {
				commit(t, s, batch.Changes{Results: []batch.Result{{Seq: row.Seq, Outcome: batch.Failed}}})
			}
			run, err := s.End(t.Context(), tt.state, tt.cause)
			if err != nil || run.State != tt.want || run.StoppedBy != tt.wantCause {
				t.Errorf("%s, %q, %v; want %s, %q", run.State, run.StoppedBy, err, tt.want, tt.wantCause)
			}
		})
	}
}

func TestASessionThatWasTakenOverWritesNothing(t *testing.T) {
	d := fresh(t)
	enrol(t, d, aRun(runID), locks(3))
	old := begin(t, d, runID)
	commit(t, old, batch.Changes{Deal: 1})
	begin(t, d, runID)
	_, err := old.Commit(t.Context(), batch.Changes{Deal: 1, Results: []batch.Result{{Seq: 1, Outcome: batch.Locked}}})
	if !errors.As(err, new(*checkpoint.TakenError)) {
		t.Errorf("commit: %v", err)
	}
	if _, err := old.End(t.Context(), batch.Paused, ""); !errors.As(err, new(*checkpoint.TakenError)) {
		t.Errorf("end: %v", err)
	}
	if run := find(t, d, runID); run.State != batch.Running || run.Counts[batch.Unknown] != 1 || run.Counts[batch.Locked] != 0 {
		t.Errorf("%+v", run)
	}
}

func TestACommitThatFailedAndHappened(t *testing.T) {
	d := fresh(t)
	enrol(t, d, aRun(runID), locks(3))
	s := begin(t, d, runID)
	commit(t, s, batch.Changes{Deal: 2})
	tries, err := s.EndTransaction(t.Context(), batch.Changes{Calls: 1, Results: []batch.Result{{Seq: 1, Outcome: batch.Locked}}}, "COMMIT")
	if err != nil || tries != 1 {
		t.Fatalf("%d tries, %v", tries, err)
	}
	if run := find(t, d, runID); run.Counts[batch.Locked] != 1 || run.Calls != 1 {
		t.Errorf("%v, %d calls", run.Counts, run.Calls)
	}
	tries, err = s.EndTransaction(t.Context(), batch.Changes{Calls: 1, Results: []batch.Result{{Seq: 2, Outcome: batch.Locked}}}, "ROLLBACK")
	if err == nil || tries != 1 {
		t.Errorf("rolled back: %d tries, %v", tries, err)
	}
	if run := find(t, d, runID); run.Counts[batch.Locked] != 1 || run.Calls != 1 {
		t.Errorf("%v, %d calls", run.Counts, run.Calls)
	}
	commit(t, s, batch.Changes{Results: []batch.Result{{Seq: 2, Outcome: batch.Locked}}})
}

func TestARefusedCommitLetsOthersWrite(t *testing.T) {
	d := fresh(t)
	enrol(t, d, aRun(runID), locks(3))
	s := begin(t, d, runID)
	if _, err := s.Commit(t.Context(), batch.Changes{Results: []batch.Result{{Seq: 99, Outcome: batch.Locked}}}); err == nil {
		t.Fatal("a row that is not there was committed")
	}
	if err := d.Remember(t.Context(), "org", "key", "value"); err != nil {
		t.Error(err)
	}
}

func TestAnotherProgramHoldsTheFile(t *testing.T) {
	d := fresh(t)
	enrol(t, d, aRun(runID), locks(3))
	s := begin(t, d, runID)
	other, err := raw(t, d.Path()).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	hold := func(query string) {
		t.Helper()
		if _, err := other.ExecContext(context.Background(), query); err != nil {
			t.Error(err)
		}
	}
	hold("BEGIN IMMEDIATE")
	s.Hasty()
	freed := make(chan struct{})
	time.AfterFunc(50*time.Millisecond, func() { defer close(freed); hold("ROLLBACK") })
	if rows := commit(t, s, batch.Changes{Deal: 1}); len(rows) != 1 {
		t.Errorf("dealt %v", rows)
	}
	<-freed

	hold("BEGIN IMMEDIATE")
	s.Impatient()
	_, err = s.Commit(t.Context(), batch.Changes{Deal: 1})
	if err == nil || !strings.Contains(err.Error(), "held by another program") {
		t.Errorf("held for good: %v", err)
	}
	if _, again := s.Commit(t.Context(), batch.Changes{Deal: 1}); again == nil {
		t.Error("the session goes on after an error")
	}
	hold("ROLLBACK")
	run, err := s.End(t.Context(), batch.Interrupted, batch.StopError)
	if err != nil || run.Counts[batch.Unknown] != 1 || run.StoppedBy != batch.StopError {
		t.Errorf("end: %+v, %v", run, err)
	}
}

func TestFilesThatGoAwayAreNoticed(t *testing.T) {
	tests := []struct {
		name string
		do   func(t *testing.T, path string)
	}{
		{"removed", func(t *testing.T, path string) { remove(t, path); remove(t, path+"-wal") }},
		{"only the log is removed", func(t *testing.T, path string) { remove(t, path+"-wal") }},
		{"moved away", func(t *testing.T, path string) {
			if err := os.Rename(path, path+".old"); err != nil {
				t.Fatal(err)
			}
		}},
		{"replaced", func(t *testing.T, path string) {
			write(t, path+".new", "")
			if err := os.Rename(path+".new", path); err != nil {
				t.Fatal(err)
			}
		}},
		{"the log is replaced", func(t *testing.T, path string) {
			write(t, path+".new", "")
			if err := os.Rename(path+".new", path+"-wal"); err != nil {
				t.Fatal(err)
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := fresh(t)
			enrol(t, d, aRun(runID), locks(3))
			s := begin(t, d, runID)
			commit(t, s, batch.Changes{Deal: 2})
			tt.do(t, d.Path())
			rows, err := s.Commit(t.Context(), batch.Changes{Deal: 1, Results: []batch.Result{{Seq: 1, Outcome: batch.Locked}}})
			if !errors.As(err, new(*checkpoint.GoneError)) || len(rows) > 0 {
				t.Errorf("dealt %v, %v", rows, err)
			}
			if _, err := s.End(t.Context(), batch.Paused, ""); !errors.As(err, new(*checkpoint.GoneError)) {
				t.Errorf("end: %v", err)
			}
		})
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func TestDamageIsFoundAfterAnUncleanEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	d, err := checkpoint.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	enrol(t, d, aRun(runID), locks(2000))
	s := begin(t, d, runID)
	if err := errors.Join(s.Close(), d.Close()); err != nil {
		t.Fatal(err)
	}
	size := int64(len(read(t, path)))
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(make([]byte, 4096), size/2/4096*4096); err != nil {
		t.Fatal(err)
	}
	f.Close()
	d = open(t, path)
	if _, err := d.Begin(t.Context(), runID, ""); !errors.As(err, new(*checkpoint.DamagedError)) {
		t.Errorf("begin: %v", err)
	}
}

func TestDoubtAfterACrashIsDatedAnew(t *testing.T) {
	d := fresh(t)
	enrol(t, d, aRun(runID), locks(2))
	s := begin(t, d, runID)
	commit(t, s, batch.Changes{Deal: 1})
	long := time.Now().Add(-time.Hour)
	commit(t, s, batch.Changes{Results: []batch.Result{{Seq: 1, Outcome: batch.Unknown, DealtAt: long, SentAt: long}}})
	if _, err := s.End(t.Context(), batch.Paused, ""); err != nil {
		t.Fatal(err)
	}
	s = begin(t, d, runID)
	if got := commit(t, s, batch.Changes{Deal: 1})[0]; !got.SentAt.Equal(long) {
		t.Errorf("after a clean end it was sent at %v, want %v", got.SentAt, long)
	}
	before := time.Now()
	s.Close() // it may have been sent again, with nothing on disk to say so
	s = begin(t, d, runID)
	if got := commit(t, s, batch.Changes{Deal: 1})[0]; got.SentAt.Before(before) || !got.DealtAt.Equal(long) {
		t.Errorf("after a crash it was sent at %v, dealt at %v", got.SentAt, got.DealtAt)
	}
}

func TestTimeWorked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := fresh(t)
		enrol(t, d, aRun(runID), locks(2))
		for range 2 {
			s := begin(t, d, runID)
			time.Sleep(time.Minute)
			commit(t, s, batch.Changes{Deal: 1})
			commit(t, s, batch.Changes{Now: time.Now().Add(-time.Hour)}) // a clock set back takes nothing away
			time.Sleep(30 * time.Second)
			if _, err := s.End(t.Context(), batch.Paused, batch.StopLimit); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
		}
		if got := find(t, d, runID).Worked; got != 3*time.Minute {
			t.Errorf("worked %v", got)
		}
	})
}
