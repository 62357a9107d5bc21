package checkpoint_test

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"zlock/batch"
	"zlock/batch/storetest"
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
