package batch_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"zlock/batch"
	"zlock/zoho"
	"zlock/zoho/sim"
)

// costsOf is the costs of rows as reading a job file would find them.
func costsOf(t *testing.T, rows ...batch.Row) *batch.Costs {
	t.Helper()
	c := batch.NewCosts(nil, batch.ListPrices(true))
	for i, r := range rows {
		r.Seq = int64(i + 1)
		if r.Outcome == "" {
			r.Outcome = batch.Pending
		}
		if err := c.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func TestCosts(t *testing.T) {
	c := costsOf(t,
		batch.Row{Action: batch.ActionLock},
		batch.Row{Action: batch.ActionUnlock},
		batch.Row{Action: batch.ActionUnlock, LockID: "1"},
		batch.Row{Action: batch.ActionUpdateReason, LockID: "1"},
		batch.Row{Action: batch.ActionLock, Outcome: batch.Invalid},
		batch.Row{Action: batch.ActionLock},
		batch.Row{Action: batch.ActionLock},
	)
	equal(t, "expected", c.Expected(), int64(1+2+1+2+0+1+1))
	if err := errors.Join(c.Mark(6, batch.Duplicate, "", "", 0), c.Mark(7, batch.Pending, "", "", 1)); err != nil {
		t.Fatal(err)
	}
	equal(t, "expected without the duplicate", c.Expected(), int64(1+2+1+2+0+0+1))
	// A lock whose three answers are lost is sent three times and read back nine times.
	equal(t, "worst", c.Worst(3), int64(12+13+12+13+0+0+12))
	equal(t, "worst of one attempt", c.Worst(1), int64(4+5+4+5+0+0+4))
}

// A lock that the job file names spares a look only where it does not matter whose it is.
func TestANamedLockCostsWhatItsUnlockMakes(t *testing.T) {
	for _, anyOwner := range []bool{true, false} {
		bubble(t, func(t *testing.T) {
			rows := unlocksOf(10, "Deals")
			var records []sim.Record
			for i := range rows {
				rows[i].LockID = fmt.Sprint(5843104000000900000 + i)
				records = append(records, sim.Record{Module: "Deals", ID: rows[i].RecordID, Lock: &sim.Lock{ID: rows[i].LockID, Reason: "before"}})
			}
			s := newStage(t, sim.Config{Records: slices.Values(records)}, rows)
			s.onlyOurs = !anyOwner
			_, run := s.work(batch.Options{Me: zoho.User{ID: "5843104000000420001"}})
			s.counts(run, map[batch.Outcome]int64{batch.Unlocked: 10})
			c := batch.NewCosts(nil, batch.ListPrices(anyOwner))
			for _, row := range rows {
				row.Outcome = batch.Pending
				if err := c.Add(row); err != nil {
					t.Fatal(err)
				}
			}
			equal(t, "credits", int64(run.Credits), c.Expected())
		})
	}
}

// What is read from a file is priced without its duplicates, and passes on unchanged.
func TestCostsOfAFile(t *testing.T) {
	in := strings.NewReader("id,module,action,reason,lock_id\n1,Deals,lock,x,\n2,Deals,unlock,,\n3,Deals,unlock,,77\n1,Deals,lock,x,\n4,Deals,update_reason,y,\n")
	src, err := batch.Open(t.Context(), "-", in, batch.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	kept := &rowsOnly{}
	c := batch.NewCosts(kept, batch.ListPrices(true))
	if _, err := batch.Read(t.Context(), src, batch.ReadOptions{}, c); err != nil {
		t.Fatal(err)
	}
	equal(t, "expected", c.Expected(), int64(1+2+1+0+2))
	equal(t, "rows passed on", len(kept.rows), 5)
	equal(t, "marks passed on", kept.marks, 1)
}

type rowsOnly struct {
	rows  []batch.Row
	marks int
}

func (k *rowsOnly) Add(r batch.Row) error { k.rows = append(k.rows, r); return nil }

func (k *rowsOnly) Mark(int64, batch.Outcome, string, string, int64) error { k.marks++; return nil }

func TestForecast(t *testing.T) {
	start := time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	nights, err := zoho.ParseWindow("22:00-06:00", berlin)
	if err != nil {
		t.Fatal(err)
	}
	ten := batch.Terms{Start: start, Concurrency: 10, Latency: time.Second} // ten calls a second
	with := func(change func(*batch.Terms)) batch.Terms {
		terms := ten
		change(&terms)
		return terms
	}
	tests := []struct {
		name                  string
		rows                  int
		terms                 batch.Terms
		begins, ends, working time.Duration // the first two after start
		done                  int64
		stopped               batch.StopCause
	}{
		{"no rows", 0, ten, 0, 0, 0, 0, ""},
		{"nothing in the way", 6000, ten, 0, 10 * time.Minute, 10 * time.Minute, 6000, ""},
		{"by pace", 6000, with(func(t *batch.Terms) { t.Rate = 2 }), 0, 50 * time.Minute, 50 * time.Minute, 6000, ""},
		{"by a slow pace", 6, with(func(t *batch.Terms) { t.Rate = 0.001 }), 0, 6000 * time.Second, 6000 * time.Second, 6, ""},
		{"two days", 6000, with(func(t *batch.Terms) { t.Allowance = 3000 }), 0, 24*time.Hour + 10*time.Minute, 10 * time.Minute, 6000, ""},
		{"some kept", 6000, with(func(t *batch.Terms) { t.Allowance, t.Keep = 3010, 10 }), 0, 24*time.Hour + 10*time.Minute, 10 * time.Minute, 6000, ""},
		{"spent before", 3000, with(func(t *batch.Terms) {
			t.Allowance, t.Spent = 3000, []zoho.Spend{{At: start.Add(-20 * time.Hour), Credits: 3000}}
		}), 4*time.Hour + 5*time.Minute, 4*time.Hour + 10*time.Minute, 5 * time.Minute, 3000, ""},
		// 22:00 in Berlin is 21:00 UTC until the clock is put forward in that night; then 06:00 is 04:00.
		{"at night", 6000, with(func(t *batch.Terms) { t.Window = nights }), 9 * time.Hour, 9*time.Hour + 10*time.Minute, 10 * time.Minute, 6000, ""},
		{"over two nights", 30_000, with(func(t *batch.Terms) { t.Window, t.Rate = nights, 1 }), 9 * time.Hour,
			// The short night has seven hours less two seconds for the last calls; the rest is done from 20:00 UTC on.
			32*time.Hour + 30_000*time.Second - (7*time.Hour - 2*time.Second), 30_000 * time.Second, 30_000, ""},
		{"by its own credits", 6000, with(func(t *batch.Terms) { t.MaxCredits = 600 }), 0, time.Minute, time.Minute, 600, batch.StopBudget},
		{"by its limit", 6000, with(func(t *batch.Terms) { t.Limit = 1200 }), 0, 2 * time.Minute, 2 * time.Minute, 1200, batch.StopLimit},
		{"by its time", 6000, with(func(t *batch.Terms) { t.Until = start.Add(3 * time.Minute) }), 0, 3 * time.Minute, 3 * time.Minute, 1800, batch.StopDuration},
		{"never", 20_000, with(func(t *batch.Terms) { t.Allowance = 1 }), 0, 0, 0, -1, batch.StopDuration},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rows := make([]batch.Row, tt.rows)
			for i := range rows {
				rows[i].Action = batch.ActionLock
			}
			f := costsOf(t, rows...).Forecast(tt.terms)
			equal(t, "stopped by", f.StoppedBy, tt.stopped)
			equal(t, "all rows", f.Rows+f.Left, int64(tt.rows))
			if tt.done < 0 {
				return
			}
			equal(t, "rows done", f.Rows, tt.done)
			close := func(what string, got, want time.Duration) {
				if d := got - want; d < -time.Second || d > time.Second {
					t.Errorf("%s %v, want %v", what, got, want)
				}
			}
			if tt.rows > 0 {
				close("begins", f.Begins.Sub(start), tt.begins)
			}
			close("ends", f.Ends.Sub(start), tt.ends)
			close("works", f.Working, tt.working)
			addUp(t, f, tt.terms.Window)
		})
	}
}

// addUp fails unless the stretches are in order, inside the window, and account for every row.
func addUp(t *testing.T, f batch.Forecast, w zoho.Window) {
	t.Helper()
	var rows, credits, last int64
	at := time.Time{}
	for _, s := range f.Stretches {
		if s.From.Before(at) || s.To.Sub(s.From) > 15*time.Minute || !w.Open(s.From) {
			t.Errorf("a stretch from %s to %s after %s", s.From, s.To, at)
		}
		if s.Rows > 0 && (s.First != last+1 || s.Last != last+s.Rows) {
			t.Errorf("rows %d to %d, %d in all, after %d", s.First, s.Last, s.Rows, last)
		}
		at, rows, credits, last = s.To, rows+s.Rows, credits+s.Credits, max(last, s.Last)
	}
	equal(t, "rows of the stretches", rows, f.Rows)
	equal(t, "credits of the stretches", credits, f.Credits)
}

// A row that costs two credits is done when both are spent, be it on two days.
func TestForecastOfHalfARow(t *testing.T) {
	rows := make([]batch.Row, 10)
	for i := range rows {
		rows[i].Action = batch.ActionUnlock
	}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	f := costsOf(t, rows...).Forecast(batch.Terms{Start: start, Concurrency: 1, Latency: time.Second, Allowance: 7})
	if len(f.Stretches) != 3 {
		t.Fatalf("%d stretches: %+v", len(f.Stretches), f.Stretches)
	}
	for i, want := range []int64{3, 4, 3} {
		equal(t, "rows of a day", f.Stretches[i].Rows, want)
	}
	addUp(t, f, zoho.Window{})
}

func BenchmarkForecast(b *testing.B) {
	c := batch.NewCosts(nil, batch.ListPrices(true))
	for i := range 1_000_000 {
		_ = c.Add(batch.Row{Seq: int64(i + 1), Action: batch.ActionUnlock, Outcome: batch.Pending})
	}
	terms := batch.Terms{Start: time.Now(), Concurrency: 10, Latency: 250 * time.Millisecond, Allowance: 50_000}
	for b.Loop() {
		c.Forecast(terms)
	}
}
