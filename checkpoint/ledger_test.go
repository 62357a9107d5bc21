package checkpoint_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"zlock/batch"
	"zlock/checkpoint"
)

// spent sums up what the checkpoint says was spent.
func spent(t *testing.T, d *checkpoint.DB, org string, now time.Time) int {
	t.Helper()
	all, err := d.Spent(t.Context(), org, now)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for i, s := range all {
		sum += s.Credits
		if s.At.After(now) || i > 0 && s.At.Before(all[i-1].At) {
			t.Fatalf("spent at %v, now %v, in %v", s.At, now, all)
		}
	}
	return sum
}

// TestLedgerAgainstAList books at random, under a clock that jumps, and compares with a plain list.
func TestLedgerAgainstAList(t *testing.T) {
	type entry struct {
		at      time.Time
		credits int
	}
	for seed := range uint64(4) {
		rng := rand.New(rand.NewPCG(seed, 1))
		d := fresh(t)
		now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		var list []entry
		for range 150 {
			now = now.Add(time.Duration(rng.IntN(int(50 * time.Minute))))
			n := rng.IntN(20)
			if err := d.Book(t.Context(), "org", "", 1, n, now); err != nil {
				t.Fatal(err)
			}
			list = append(list, entry{now, n})
			least, most := 0, 0
			for _, e := range list {
				if age := now.Sub(e.at); age < 24*time.Hour {
					least += e.credits
				}
				if age := now.Sub(e.at); age < 24*time.Hour+5*time.Minute {
					most += e.credits
				}
			}
			if got := spent(t, d, "org", now); got < least || got > most {
				t.Fatalf("seed %d: %d credits, the list has %d to %d", seed, got, least, most)
			}
		}
	}
}

func TestABucketLeavesWhenItsEndIsADayOld(t *testing.T) {
	d := fresh(t)
	at := time.Date(2026, 3, 1, 12, 3, 0, 0, time.UTC) // in the bucket of 12:00 to 12:05
	if err := d.Book(t.Context(), "org", "", 1, 7, at); err != nil {
		t.Fatal(err)
	}
	end := time.Date(2026, 3, 2, 12, 5, 0, 0, time.UTC)
	for now, want := range map[time.Time]int{at: 7, end.Add(-time.Nanosecond): 7, end: 0, end.Add(time.Hour): 0} {
		if got := spent(t, d, "org", now); got != want {
			t.Errorf("at %v: %d, want %d", now, got, want)
		}
	}
	if got := spent(t, d, "another", at); got != 0 {
		t.Errorf("another org has spent %d", got)
	}
	all, err := d.Spent(t.Context(), "org", at)
	if err != nil || len(all) != 1 || !all[0].At.Equal(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)) {
		t.Errorf("%v, %v", all, err)
	}
}

func TestAClockThatWasSetBackFreesNothing(t *testing.T) {
	d := fresh(t)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, ahead := range []time.Duration{time.Hour, 24 * time.Hour, 10 * 365 * 24 * time.Hour} {
		if err := d.Book(t.Context(), "org", "", 1, 5, now.Add(ahead)); err != nil {
			t.Fatal(err)
		}
	}
	if got := spent(t, d, "org", now); got != 15 {
		t.Errorf("%d credits before anything is booked under the clock set back", got)
	}
	if err := d.Book(t.Context(), "org", "", 1, 1, now); err != nil {
		t.Fatal(err)
	}
	if got := spent(t, d, "org", now); got != 16 {
		t.Errorf("%d credits", got)
	}
	if got := spent(t, d, "org", now.Add(23*time.Hour)); got != 16 {
		t.Errorf("%d credits 23 hours later", got)
	}
	if got := spent(t, d, "org", now.Add(25*time.Hour)); got != 0 {
		t.Errorf("%d credits are held back for ever", got)
	}
}

func TestCreditsOfASession(t *testing.T) {
	d := fresh(t)
	enrol(t, d, aRun(runID), locks(12))
	now := time.Now()
	steps := []struct {
		name  string
		c     batch.Changes
		spent int   // by the org, reservations included
		run   int64 // credits of the run
	}{
		{"three in hand", batch.Changes{Deal: 3}, 3, 0},
		{"one about to be changed, its lock read", batch.Changes{Intents: []batch.Intent{{Seq: 1, LockID: "7"}}}, 4, 0},
		{"that one done", batch.Changes{Results: []batch.Result{{Seq: 1, Outcome: batch.Unlocked, Spent: 2, Calls: 2}}}, 4, 2},
		{"one given back", batch.Changes{Release: []int64{2}}, 3, 2},
		{"one in doubt", batch.Changes{Results: []batch.Result{{Seq: 3, Outcome: batch.Unknown, Spent: 1, Calls: 1}}}, 6, 3},
		{"that one settled, and a call beside", batch.Changes{Calls: 1, Credits: 1, Results: []batch.Result{{Seq: 3, Outcome: batch.Locked, Spent: 1}}}, 5, 5},
		{"nine more in hand", batch.Changes{Deal: 9}, 14, 5},
		{"of which one is worked at a time: four may be begun before the next commit", batch.Changes{Workers: 1}, 9, 5},
		{"or two", batch.Changes{Workers: 2}, 13, 5},
	}
	s := begin(t, d, runID)
	for _, step := range steps {
		commit(t, s, step.c)
		if got := spent(t, d, "org", now); got != step.spent {
			t.Errorf("%s: %d spent, want %d", step.name, got, step.spent)
		}
		if got := find(t, d, runID).Credits; got != step.run {
			t.Errorf("%s: %d credits of the run, want %d", step.name, got, step.run)
		}
	}
	s.Close() // dead: what was reserved may have been spent
	if got := spent(t, d, "org", now); got != 13 {
		t.Errorf("%d spent before anybody takes over", got)
	}
	s = begin(t, d, runID)
	if got, run := spent(t, d, "org", time.Now()), find(t, d, runID); got != 13 || run.Credits != 13 {
		t.Errorf("%d spent, %d by the run after it was taken over", got, run.Credits)
	}
	commit(t, s, batch.Changes{Deal: 2})
	commit(t, s, batch.Changes{Results: []batch.Result{{Seq: 4, Outcome: batch.Unknown, Spent: 1}, {Seq: 5, Outcome: batch.Unknown, Spent: 1}}})
	if _, err := s.End(t.Context(), batch.Paused, batch.StopAttempts); err != nil {
		t.Fatal(err)
	}
	if got := spent(t, d, "org", time.Now()); got != 15 {
		t.Errorf("%d spent after a clean end", got)
	}
}

// Of rows that cost different passes, the dearest are reserved for, as many in all as may have been begun.
func TestCreditsOfAMixture(t *testing.T) {
	d := fresh(t)
	rows := locks(8)
	for i := range rows[:3] {
		rows[i].Action, rows[i].Reason = batch.ActionUnlock, ""
	}
	enrol(t, d, aRun(runID), rows)
	s := begin(t, d, runID)
	defer s.Close()
	for workers, want := range map[int]int{0: 3*2 + 5, 1: 3*2 + 1, 2: 3*2 + 5} {
		commit(t, s, batch.Changes{Deal: 8, Workers: workers})
		if got := spent(t, d, "org", time.Now()); got != want {
			t.Errorf("%d workers: %d reserved, want %d", workers, got, want)
		}
	}
}

func TestAnEndWithRowsInFlightBooksThem(t *testing.T) {
	d := fresh(t)
	enrol(t, d, aRun(runID), locks(2))
	s := begin(t, d, runID)
	commit(t, s, batch.Changes{Deal: 2})
	run, err := s.End(t.Context(), batch.Interrupted, batch.StopSignal)
	if err != nil || run.Credits != 2 || run.Counts[batch.Unknown] != 2 {
		t.Errorf("%+v, %v", run, err)
	}
	if got := spent(t, d, "org", time.Now()); got != 2 {
		t.Errorf("%d spent", got)
	}
}

func TestBookForARun(t *testing.T) {
	d := fresh(t)
	enrol(t, d, aRun(runID), locks(1))
	if err := d.Book(t.Context(), "org", runID, 3, 2, time.Now()); err != nil {
		t.Fatal(err)
	}
	if run := find(t, d, runID); run.Calls != 3 || run.Credits != 2 {
		t.Errorf("%d calls, %d credits", run.Calls, run.Credits)
	}
	if err := d.Book(t.Context(), "org", "nobody", 3, 2, time.Now()); !errors.As(err, new(*checkpoint.NoRunError)) {
		t.Errorf("no run: %v", err)
	}
	if got := spent(t, d, "org", time.Now()); got != 2 {
		t.Errorf("%d spent", got)
	}
}

func TestFacts(t *testing.T) {
	d := fresh(t)
	for _, step := range []struct{ org, key, value string }{
		{"a", "me", "17"}, {"b", "me", "18"}, {"a", "clock", "-3s"}, {"a", "me", "19"}, {"a", "clock", ""},
	} {
		if err := d.Remember(t.Context(), step.org, step.key, step.value); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []struct{ org, key, value string }{{"a", "me", "19"}, {"b", "me", "18"}, {"a", "clock", ""}, {"c", "me", ""}} {
		if got, err := d.Recall(t.Context(), want.org, want.key); err != nil || got != want.value {
			t.Errorf("%s of %s: %q, %v; want %q", want.key, want.org, got, err, want.value)
		}
	}
}
