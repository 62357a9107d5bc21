package checkpoint_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zlock/batch"
	"zlock/batch/storetest"
	"zlock/checkpoint"
)

// TestRandomSittings does the same at random to a checkpoint and to the model, and compares them.
func TestRandomSittings(t *testing.T) {
	for seed := range uint64(4) {
		rng := rand.New(rand.NewPCG(seed, 7))
		rows := locks(60)
		for i := range rows {
			rows[i].Module = []string{"Leads", "Deals", "Cases"}[rng.IntN(3)]
			switch {
			case rng.IntN(10) == 0:
				rows[i].Outcome = batch.Duplicate
			case i > 0 && rng.IntN(8) == 0:
				rows[i].After = int64(rng.IntN(i) + 1)
			}
		}
		model := storetest.NewMemory(rows)
		w := &walk{t: t, rng: rng, model: model, bench: newBench(t, rows), now: time.Now()}
		w.open()
		for range 60 {
			w.step()
		}
		if w.crashes == 0 || w.commits == 0 {
			t.Errorf("seed %d: %d crashes, %d commits", seed, w.crashes, w.commits)
		}
	}
}

// walk is a random walk through the life of a run.
type walk struct {
	t       *testing.T
	rng     *rand.Rand
	model   *storetest.Memory
	bench   *bench
	stores  [2]batch.Store
	hand    []batch.Row    // rows dealt or shown, and not ended
	shown   map[int64]bool // of those, the rows only shown
	now     time.Time
	crashes int
	commits int
}

func (w *walk) open() {
	w.t.Helper()
	for i, b := range []storetest.Bench{w.model, w.bench} {
		s, err := b.Open(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		w.stores[i] = s
	}
}

func (w *walk) step() {
	w.t.Helper()
	if w.rng.IntN(12) == 0 {
		clean := w.rng.IntN(2) == 0
		for _, b := range []storetest.Bench{w.model, w.bench} {
			if err := b.Close(w.t.Context(), clean); err != nil {
				w.t.Fatal(err)
			}
		}
		w.crashes++
		w.hand, w.shown = nil, nil
		w.open()
		w.compare()
		return
	}
	c := w.changes()
	var dealt [2][]batch.Row
	for i, s := range w.stores {
		rows, err := s.Commit(w.t.Context(), c)
		if err != nil {
			w.t.Fatal(err)
		}
		for j := range rows {
			plainTimes(&rows[j])
		}
		dealt[i] = rows
	}
	if len(dealt[0])+len(dealt[1]) > 0 && !reflect.DeepEqual(dealt[0], dealt[1]) {
		w.t.Fatalf("dealt %+v, the model %+v", dealt[1], dealt[0])
	}
	w.hand = append(w.hand, dealt[0]...)
	if w.shown == nil {
		w.shown = map[int64]bool{}
	}
	for _, row := range dealt[0] {
		w.shown[row.Seq] = c.Show && row.Outcome == batch.Pending
	}
	w.commits++
	w.compare()
}

// plainTimes keeps of a row's times only what the model knows too: it has a clock of its own.
func plainTimes(r *batch.Row) {
	if !r.SentAt.IsZero() {
		r.SentAt = time.Unix(1, 0)
	}
	if !r.DealtAt.IsZero() {
		r.DealtAt = time.Unix(0, r.DealtAt.UnixNano())
	}
}

func (w *walk) changes() batch.Changes {
	w.now = w.now.Add(time.Second)
	c := batch.Changes{Now: w.now, Deal: w.rng.IntN(6), Calls: w.rng.IntN(2), Credits: w.rng.IntN(2), Show: w.rng.IntN(2) == 0}
	if w.rng.IntN(3) == 0 {
		c.Skip = []string{[]string{"Leads", "Deals", "Cases"}[w.rng.IntN(3)]}
	}
	outcomes := []batch.Outcome{batch.Locked, batch.AlreadyLocked, batch.Failed, batch.Unknown, batch.Pending}
	w.hand = slices.DeleteFunc(w.hand, func(row batch.Row) bool {
		switch w.rng.IntN(6) {
		case 0, 1:
			o := outcomes[w.rng.IntN(len(outcomes))]
			c.Results = append(c.Results, batch.Result{
				Seq: row.Seq, Outcome: o, Code: "C", Attempts: row.Attempts + 1, Credits: row.Credits + 1, Spent: 1, Calls: 1,
				History: []batch.Attempt{{Kind: "send", Began: w.now, Ended: w.now, HTTP: 200}},
			})
			w.shown[row.Seq] = false
			return o != batch.Unknown
		case 2:
			w.shown[row.Seq] = false
			c.Intents = append(c.Intents, batch.Intent{Seq: row.Seq, LockID: "7", Previous: &batch.Previous{LockID: "7", Reason: "r"}})
		case 4:
			if w.shown[row.Seq] {
				w.shown[row.Seq] = false
				c.Start = append(c.Start, row.Seq)
			}
		case 3:
			if row.Outcome == batch.Pending {
				c.Release = append(c.Release, row.Seq)
				return true
			}
		}
		return false
	})
	return c
}

func (w *walk) compare() {
	w.t.Helper()
	var sights [2]storetest.Sight
	for i, b := range []storetest.Bench{w.model, w.bench} {
		s, err := b.Look(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		for j := range s.Rows {
			plainTimes(&s.Rows[j])
		}
		sights[i] = s
	}
	for i, want := range sights[0].Rows {
		if got := sights[1].Rows[i]; !reflect.DeepEqual(got, want) {
			w.t.Fatalf("row %d is stored as %+v, the model has %+v", want.Seq, got, want)
		}
		if got, want := len(sights[1].History[want.Seq]), len(sights[0].History[want.Seq]); got != want {
			w.t.Fatalf("%d attempts are stored, the model has %d", got, want)
		}
		for j, a := range sights[0].History[want.Seq] {
			if sights[1].History[want.Seq][j].N != a.N {
				w.t.Fatalf("row %d: history %+v, want %+v", want.Seq, sights[1].History[want.Seq], sights[0].History[want.Seq])
			}
		}
	}
	got, want := sights[1].Run, sights[0].Run
	if !reflect.DeepEqual(got.Counts, want.Counts) || got.Total != want.Total || got.Calls < want.Calls {
		w.t.Fatalf("counts %v of %d, %d calls; the model has %v of %d, %d calls", got.Counts, got.Total, got.Calls, want.Counts, want.Total, want.Calls)
	}
	if got.Credits < want.Credits && w.crashes == 0 {
		w.t.Fatalf("%d credits, the model has %d", got.Credits, want.Credits)
	}
}

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
