package storetest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"zlock/batch"
)

// plain makes n rows of Leads that ask for a lock.
func plain(n int) []batch.Row {
	rows := make([]batch.Row, n)
	for i := range rows {
		rows[i] = batch.Row{
			Seq: int64(i + 1), Line: i + 2, Module: "Leads", RecordID: fmt.Sprint(5842000000000000001 + i),
			Action: batch.ActionLock, Reason: "Year-end close", Outcome: batch.Pending,
		}
	}
	return rows
}

// with makes n plain rows and lets change have its way with them.
func with(n int, change func(rows []batch.Row)) []batch.Row {
	rows := plain(n)
	change(rows)
	return rows
}

func rules() []rule {
	return slices.Concat(dealing(), showing(), remembering(), accounting())
}

func dealing() []rule {
	return []rule{
		{"rows are dealt in file order, each once", plain(10), func(t *trial) {
			t.deal(4, 1, 2, 3, 4)
			t.deal(4, 5, 6, 7, 8)
			t.deal(0)
			t.deal(4, 9, 10)
			t.deal(4)
		}},
		{"many rows are dealt at once", plain(1200), func(t *trial) {
			rows := t.commit(batch.Changes{Deal: 1100})
			for i, r := range rows {
				t.same("seq", r.Seq, int64(i+1))
			}
			t.same("rows dealt", len(rows), 1100)
			t.same("rows dealt", len(t.commit(batch.Changes{Deal: 1100})), 100)
		}},
		{"a row comes back as it was enrolled", with(2, dress), func(t *trial) {
			rows := t.deal(2, 1, 2)
			if t.err != nil {
				return
			}
			for i, row := range rows {
				t.at("dealt at", row.DealtAt, t.now)
				row.DealtAt = time.Time{}
				want := t.rows[i]
				want.AfterOutcome, want.AfterLine = row.AfterOutcome, row.AfterLine
				t.same("row", row, want)
			}
		}},
		{"what a row expects to find stays with it", with(3, expecting), func(t *trial) {
			t.expects(t.deal(3, 1, 2, 3))
			t.commit(batch.Changes{
				Release: []int64{1},
				Intents: []batch.Intent{{Seq: 2, LockID: "70", Previous: &batch.Previous{LockID: "70", Reason: "new"}}},
				Results: []batch.Result{{Seq: 3, Outcome: batch.Pending}},
			})
			t.again(false)
			t.expects(t.deal(3, 2, 1, 3))
			t.commit(batch.Changes{Results: []batch.Result{
				{Seq: 1, Outcome: batch.Unlocked, LockID: "70"}, {Seq: 2, Outcome: batch.Unknown}, {Seq: 3, Outcome: batch.Failed, Code: "NO"},
			}})
			t.again(true)
			t.expects(t.deal(3, 2))
			t.expects(t.look().Rows)
		}},
		{"a dealt row is in flight", plain(3), func(t *trial) {
			t.deal(2, 1, 2)
			t.is(1, batch.Sending)
			t.is(2, batch.Sending)
			t.is(3, batch.Pending)
		}},
		{"what is never to be sent is not dealt", with(5, func(rows []batch.Row) {
			rows[0].Outcome, rows[0].Code, rows[0].Message = batch.Invalid, "ID_DAMAGED", "the id was rounded"
			rows[3].Outcome, rows[3].Code = batch.Duplicate, "DUPLICATE"
		}), func(t *trial) {
			t.deal(5, 2, 3, 5)
			t.same("code", t.row(1).Code, "ID_DAMAGED")
		}},
		{"rows in doubt are dealt first", plain(6), func(t *trial) {
			t.deal(6, 1, 2, 3, 4, 5, 6)
			t.commit(batch.Changes{Release: []int64{1, 2, 3, 4}})
			t.again(false)
			rows := t.deal(3, 5, 6, 1)
			for i, want := range []batch.Outcome{batch.Unknown, batch.Unknown, batch.Pending} {
				if i < len(rows) {
					t.same("outcome", rows[i].Outcome, want)
				}
			}
			t.is(5, batch.Unknown)
			t.deal(9, 2, 3, 4)
		}},
		{"modules can be passed over", with(6, func(rows []batch.Row) {
			rows[0].Module, rows[2].Module, rows[4].Module = "Deals", "Deals", "Cases"
		}), func(t *trial) {
			t.dealt(t.commit(batch.Changes{Deal: 2, Skip: []string{"Deals"}}), 2, 4)
			t.dealt(t.commit(batch.Changes{Deal: 9, Skip: []string{"Deals", "Cases"}}), 6)
			t.dealt(t.commit(batch.Changes{Deal: 9, Skip: []string{"Cases", "Deals"}}))
			t.dealt(t.commit(batch.Changes{Deal: 9, Skip: []string{"Cases"}}), 1, 3)
			t.deal(9, 5)
			t.deal(9)
		}},
		{"modules are passed over among rows in doubt too", with(3, func(rows []batch.Row) { rows[0].Module = "Deals" }), func(t *trial) {
			t.deal(2, 1, 2)
			t.again(false)
			t.dealt(t.commit(batch.Changes{Deal: 9, Skip: []string{"Deals"}}), 2, 3)
			t.deal(9, 1)
		}},
		{"a row says how the one before it ended", with(3, func(rows []batch.Row) {
			rows[1].After, rows[2].After = 1, 2
		}), func(t *trial) {
			t.deal(1, 1)
			rows := t.commit(batch.Changes{Deal: 2, Results: []batch.Result{{Seq: 1, Outcome: batch.Failed, Code: "NO"}}})
			if len(rows) == 2 {
				t.same("outcome of row 1", rows[0].AfterOutcome, batch.Failed)
				t.same("line of row 1", rows[0].AfterLine, t.rows[0].Line)
				t.same("row 2 is final", rows[1].AfterOutcome.Final(), false)
			}
			t.dealt(rows, 2, 3)
		}},
	}
}

// expecting has rows take something back: an unlock, a new reason, a lock where there is to be none.
func expecting(rows []batch.Row) {
	rows[0].Action, rows[0].Reason, rows[0].LockID = batch.ActionUnlock, "", "70"
	rows[0].Expect = &batch.Expect{LockID: "70", Reason: "of \"May\" \u2028"}
	rows[1].Action, rows[1].LockID = batch.ActionUpdateReason, "70"
	rows[1].Expect = &batch.Expect{LockID: "70", Reason: "new"}
	rows[2].Expect = &batch.Expect{}
}

// expects checks that rows expect what they were enrolled with.
func (t *trial) expects(rows []batch.Row) {
	for _, row := range rows {
		t.same(fmt.Sprintf("what row %d expects", row.Seq), row.Expect, t.rows[row.Seq-1].Expect)
	}
}

// dress gives rows everything that a job file may hold.
func dress(rows []batch.Row) {
	rows[0] = batch.Row{
		Seq: 1, Line: 7, Module: "My_Module__C", RecordID: "9223372036854775807", Action: batch.ActionUnlock,
		LockID: "5842000000012345678", Reason: "kept, \"not\" used\nüber <&> '' \u2028 𝄞", Outcome: batch.Pending,
		Cells: []string{"9223372036854775807", "", "a,b", "=1+1", "\x00\t"},
	}
	rows[1] = batch.Row{
		Seq: 2, Line: 12, Module: "Leads", RecordID: "1", Action: batch.ActionUpdateReason, Reason: "x", After: 1,
		Outcome: batch.Pending,
	}
}

func remembering() []rule {
	return []rule{
		{"an outcome outlives a crash", plain(8), func(t *trial) { outcomes(t, false) }},
		{"an outcome outlives a clean end", plain(8), func(t *trial) { outcomes(t, true) }},
		{"what was in flight at a crash is in doubt", plain(3), func(t *trial) {
			t.deal(2, 1, 2)
			first := t.now
			was := &batch.Previous{LockID: "77", Reason: "theirs", Source: "manual", ByID: "5", ByName: "Ann", At: began}
			t.commit(batch.Changes{Intents: []batch.Intent{{Seq: 2, LockID: "77", Previous: was}}})
			t.again(false)
			t.is(1, batch.Unknown)
			rows := t.deal(2, 1, 2)
			if t.err != nil {
				return
			}
			for _, row := range rows {
				t.same("outcome", row.Outcome, batch.Unknown)
				t.at("dealt at", row.DealtAt, first)
				if row.SentAt.IsZero() {
					t.fail("nothing says when row %d may have been sent last", row.Seq)
				}
			}
			t.same("lock to touch", rows[1].LockID, "77")
			t.same("lock as it was", rows[1].Previous, was)
		}},
		{"what is in flight at a clean end is in doubt", plain(1), func(t *trial) {
			t.deal(1, 1)
			t.again(true)
			t.is(1, batch.Unknown)
			t.deal(1, 1)
		}},
		{"doubt keeps its times", plain(2), func(t *trial) {
			t.deal(1, 1)
			dealt, sent := t.now, t.now.Add(500*time.Millisecond)
			t.commit(batch.Changes{Results: []batch.Result{{Seq: 1, Outcome: batch.Unknown, Message: "no answer", Attempts: 1, Credits: 1, DealtAt: dealt, SentAt: sent}}})
			t.again(true)
			rows := t.deal(2, 1, 2)
			if len(rows) == 2 {
				t.at("dealt at", rows[0].DealtAt, dealt)
				t.at("sent at", rows[0].SentAt, sent)
				t.same("attempts", rows[0].Attempts, 1)
			}
		}},
		{"a row that came to be in doubt is not dealt again in the sitting", plain(2), func(t *trial) {
			t.deal(1, 1)
			t.commit(batch.Changes{Results: []batch.Result{{Seq: 1, Outcome: batch.Unknown}}})
			t.deal(9, 2)
			t.again(true)
			t.deal(9, 1, 2)
		}},
		{"a row given back starts afresh in the next sitting", plain(3), func(t *trial) {
			t.deal(3, 1, 2, 3)
			t.commit(batch.Changes{Intents: []batch.Intent{{Seq: 1, LockID: "77", Previous: &batch.Previous{LockID: "77"}}}})
			t.commit(batch.Changes{
				Release: []int64{2},
				Results: []batch.Result{{Seq: 1, Outcome: batch.Pending, Message: "out of attempts", Attempts: 3, Credits: 4, LockID: "77"}},
			})
			t.is(1, batch.Pending)
			t.is(2, batch.Pending)
			t.deal(9)
			t.commit(batch.Changes{Results: []batch.Result{{Seq: 3, Outcome: batch.Locked}}})
			t.again(true)
			rows := t.deal(9, 1, 2)
			if len(rows) == 2 {
				t.same("lock", rows[0].LockID, "")
				t.same("previous", rows[0].Previous == nil, true)
				t.same("attempts", rows[0].Attempts, 3)
				t.same("credits", rows[0].Credits, 4)
				t.at("dealt at", rows[0].DealtAt, t.now)
				t.same("never sent", rows[0].SentAt.IsZero(), true)
			}
		}},
		{"a row given back keeps the lock that the job file names", with(1, func(rows []batch.Row) { rows[0].LockID = "55" }), func(t *trial) {
			t.deal(1, 1)
			t.commit(batch.Changes{Intents: []batch.Intent{{Seq: 1, LockID: "77"}}})
			t.commit(batch.Changes{Release: []int64{1}})
			t.same("lock", t.row(1).LockID, "55")
		}},
		{"an intent puts a row in flight", plain(1), func(t *trial) {
			t.deal(1, 1)
			t.commit(batch.Changes{Results: []batch.Result{{Seq: 1, Outcome: batch.Pending}}})
			t.commit(batch.Changes{Intents: []batch.Intent{{Seq: 1, LockID: "77", Previous: &batch.Previous{LockID: "77"}}}})
			t.is(1, batch.Sending)
			t.again(false)
			t.is(1, batch.Unknown)
		}},
		{"only what is in flight can be released", plain(2), func(t *trial) {
			t.deal(2, 1, 2)
			t.commit(batch.Changes{Results: []batch.Result{{Seq: 1, Outcome: batch.Unknown}, {Seq: 2, Outcome: batch.Locked}}})
			t.commit(batch.Changes{Release: []int64{1, 2}})
			t.is(1, batch.Unknown)
			t.is(2, batch.Locked)
		}},
		{"a commit does not end with its context", plain(2), func(t *trial) {
			live := t.ctx
			ctx, cancel := context.WithCancel(live)
			cancel()
			t.deal(1, 1)
			if t.err != nil {
				return
			}
			if _, err := t.store.Commit(ctx, batch.Changes{Now: t.now, Results: []batch.Result{{Seq: 1, Outcome: batch.Locked}}}); err != nil {
				t.fail("commit under a cancelled context: %w", err)
			}
			t.again(false)
			t.is(1, batch.Locked)
		}},
	}
}

// outcomes gives each row another final outcome, ends the sitting, and looks what is left of them.
func outcomes(t *trial, clean bool) {
	finals := []batch.Outcome{
		batch.Locked, batch.Unlocked, batch.ReasonUpdated, batch.AlreadyLocked,
		batch.AlreadyUnlocked, batch.AlreadySet, batch.Failed,
	}
	t.deal(8, 1, 2, 3, 4, 5, 6, 7, 8)
	was := &batch.Previous{LockID: "9", Reason: "théir <reason>", Source: "manual", ByID: "5", ByName: "Ann", At: began}
	var c batch.Changes
	for i, o := range finals {
		c.Results = append(c.Results, batch.Result{
			Seq: int64(i + 1), Outcome: o, Code: "CODE", HTTP: 200, Message: "message", Hint: "hint", LockID: fmt.Sprint(100 + i),
			Previous: was, Attempts: 2, Credits: 3, FinishedAt: t.now,
		})
	}
	t.commit(c)
	t.again(clean)
	t.deal(9, 8)
	for i, o := range finals {
		row := t.row(int64(i + 1))
		t.is(row.Seq, o)
		t.same("what was said", []string{row.Code, row.Message, row.Hint, row.LockID}, []string{"CODE", "message", "hint", fmt.Sprint(100 + i)})
		t.same("what it took", []int{row.Attempts, row.Credits}, []int{2, 3})
		t.same("previous", row.Previous, was)
		t.same("in hand no longer", row.DealtAt.IsZero(), true)
	}
}
