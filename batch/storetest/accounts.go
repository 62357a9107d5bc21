package storetest

import (
	"time"

	"zlock/batch"
)

func accounting() []rule {
	return []rule{
		{"calls and credits add up", plain(3), func(t *trial) {
			t.deal(2, 1, 2)
			t.commit(batch.Changes{Calls: 1, Credits: 1, Results: []batch.Result{
				{Seq: 1, Outcome: batch.Locked, Calls: 2, Spent: 1, Credits: 1},
				{Seq: 2, Outcome: batch.Unknown, Calls: 1, Spent: 1, Credits: 1},
			}})
			t.commit(batch.Changes{Results: []batch.Result{{Seq: 2, Outcome: batch.Locked, Calls: 3, Spent: 2, Credits: 3}}})
			t.again(true)
			t.commit(batch.Changes{Calls: 5, Credits: 7})
			run := t.look().Run
			t.same("calls", run.Calls, int64(12))
			t.same("credits", run.Credits, int64(12))
		}},
		{"credits are never counted too low after a crash", plain(2), func(t *trial) {
			t.deal(2, 1, 2)
			t.commit(batch.Changes{Results: []batch.Result{{Seq: 1, Outcome: batch.Locked, Calls: 1, Spent: 1, Credits: 1}}})
			t.again(false)
			sight := t.look()
			if run := sight.Run; run.Credits < 2 || run.Calls < 2 {
				t.fail("%d credits and %d calls are counted; one was made, and another may have been", run.Credits, run.Calls)
			}
			for _, row := range sight.Rows {
				if row.Credits < 1 {
					t.fail("row %d is charged no credit; it may have spent one", row.Seq)
				}
			}
		}},
		{"what is set aside counts as spent after a crash, and only then", plain(1), func(t *trial) {
			t.commit(batch.Changes{Aside: 3})
			t.commit(batch.Changes{Aside: 2})
			t.again(true)
			t.same("credits after a clean end", t.look().Run.Credits, int64(0))
			t.commit(batch.Changes{Aside: 2})
			t.again(false)
			run := t.look().Run
			t.same("credits after a crash", run.Credits, int64(2))
			t.same("calls after a crash", run.Calls, int64(2))
		}},
		{"a final outcome stays", plain(2), func(t *trial) {
			r := batch.Result{Seq: 1, Outcome: batch.Locked, LockID: "7", Calls: 1, Spent: 1, Attempts: 1, Credits: 1, History: []batch.Attempt{attempt(0, 1)}}
			t.deal(2, 1, 2)
			t.commit(batch.Changes{Results: []batch.Result{r}})
			t.commit(batch.Changes{Results: []batch.Result{r}})
			sight := t.look()
			t.same("calls", sight.Run.Calls, int64(1))
			t.same("credits", sight.Run.Credits, int64(1))
			t.same("attempts", len(sight.History[1]), 1)
			t.refused(batch.Changes{Results: []batch.Result{{Seq: 1, Outcome: batch.Failed}}})
			t.again(false)
			t.is(1, batch.Locked)
		}},
		{"a commit is written whole or not at all", plain(2), func(t *trial) {
			t.deal(1, 1)
			t.refused(batch.Changes{Deal: 1, Calls: 9, Results: []batch.Result{{Seq: 1, Outcome: batch.Locked, Calls: 1}, {Seq: 99, Outcome: batch.Locked}}})
			t.again(false)
			t.is(1, batch.Unknown)
			t.is(2, batch.Pending)
			if got := t.look().Run.Calls; got >= 9 { // row 1 may have made some of its own
				t.fail("%d calls are counted, those of the refused commit among them", got)
			}
		}},
		{"a row's history is kept, oldest first", plain(1), func(t *trial) {
			t.deal(1, 1)
			t.commit(batch.Changes{Results: []batch.Result{{Seq: 1, Outcome: batch.Unknown, Attempts: 1, History: []batch.Attempt{attempt(0, 1)}}}})
			t.again(false)
			t.deal(1, 1)
			t.commit(batch.Changes{Results: []batch.Result{{Seq: 1, Outcome: batch.Locked, Attempts: 1, History: []batch.Attempt{attempt(0, 2), attempt(0, 3)}}}})
			t.again(true)
			history := t.look().History[1]
			if len(history) != 3 {
				t.fail("%d attempts are kept of 3", len(history))
				return
			}
			for i, got := range history {
				want := attempt(i+1, i+1)
				t.at("began", got.Began, want.Began)
				t.at("ended", got.Ended, want.Ended)
				got.Began, got.Ended = want.Began, want.Ended
				t.same("attempt", got, want)
			}
		}},
	}
}

// attempt is a made-up attempt at the given second, numbered n (0: by the store).
func attempt(n, second int) batch.Attempt {
	at := began.Add(time.Duration(second) * time.Second)
	return batch.Attempt{
		N: n, Kind: []string{"send", "settle"}[second%2], Began: at, Ended: at.Add(70 * time.Millisecond),
		HTTP: 200 + second, Code: "CODE", Message: "said", Credits: second,
	}
}
