package storetest

import (
	"zlock/batch"
)

// unlocks makes n plain rows, the odd ones of which unlock what the row before them locked.
func unlocks(n int) []batch.Row {
	return with(n, func(rows []batch.Row) {
		for i := 1; i < n; i += 2 {
			rows[i].Action, rows[i].Reason, rows[i].RecordID = batch.ActionUnlock, "", rows[i-1].RecordID
		}
	})
}

func showing() []rule {
	return []rule{
		{"rows shown stay pending, and are shown once", plain(5), func(t *trial) {
			t.dealt(t.commit(batch.Changes{Deal: 3, Show: true}), 1, 2, 3)
			t.is(1, batch.Pending)
			t.commit(batch.Changes{Start: []int64{2}, Results: []batch.Result{{Seq: 1, Outcome: batch.AlreadyLocked}}})
			t.is(1, batch.AlreadyLocked)
			t.is(2, batch.Sending)
			t.is(3, batch.Pending)
			t.dealt(t.commit(batch.Changes{Deal: 9}), 4, 5)
		}},
		{"rows shown are as before after a crash", plain(3), func(t *trial) {
			t.dealt(t.commit(batch.Changes{Deal: 3, Show: true}), 1, 2, 3)
			t.commit(batch.Changes{Start: []int64{2}})
			t.again(false)
			t.is(1, batch.Pending)
			t.is(2, batch.Unknown)
			t.deal(9, 2, 1, 3)
		}},
		{"rows in doubt are dealt, not shown", plain(2), func(t *trial) {
			t.deal(1, 1)
			t.again(false)
			rows := t.commit(batch.Changes{Deal: 2, Show: true})
			t.dealt(rows, 1, 2)
			if len(rows) == 2 {
				t.same("outcome", rows[0].Outcome, batch.Unknown)
			}
			t.is(2, batch.Pending)
		}},
		{"a row shown that no module's skipping hides is not shown again", plain(3), func(t *trial) {
			t.dealt(t.commit(batch.Changes{Deal: 1, Show: true, Skip: []string{"Deals"}}), 1)
			t.dealt(t.commit(batch.Changes{Deal: 9, Show: true}), 2, 3)
		}},
		{"a row started says when", plain(1), func(t *trial) {
			t.commit(batch.Changes{Deal: 1, Show: true})
			t.commit(batch.Changes{Start: []int64{1}})
			at := t.now
			t.again(false)
			if rows := t.deal(1, 1); len(rows) == 1 {
				t.at("dealt at", rows[0].DealtAt, at)
			}
		}},
		{"only a pending row can be started", plain(2), func(t *trial) {
			t.commit(batch.Changes{Deal: 1, Show: true})
			t.commit(batch.Changes{Results: []batch.Result{{Seq: 1, Outcome: batch.AlreadyLocked}}})
			t.refused(batch.Changes{Start: []int64{1}})
		}},
		{"an unlock is told the lock that we left", unlocks(10), func(t *trial) {
			t.deal(1, 1)
			t.commit(batch.Changes{Results: []batch.Result{{Seq: 1, Outcome: batch.Locked, LockID: "71"}}})
			t.known(2, "71", true)
			t.deal(1, 3) // locked by another, whose reason was changed
			t.commit(batch.Changes{Results: []batch.Result{{Seq: 3, Outcome: batch.ReasonUpdated, LockID: "72"}}})
			t.known(4, "72", false)
			t.deal(1, 5) // nothing was made
			t.commit(batch.Changes{Results: []batch.Result{{Seq: 5, Outcome: batch.AlreadyLocked, LockID: "73"}}})
			t.known(6, "", false)
			t.deal(1, 7)
			t.commit(batch.Changes{Results: []batch.Result{{Seq: 7, Outcome: batch.Unknown, LockID: "74"}}})
			t.known(8, "", false)
		}},
		{"a lock that is gone, or says otherwise, is forgotten", with(10, ofOneRecord), func(t *trial) {
			t.deal(1, 1)
			t.commit(batch.Changes{Results: []batch.Result{{Seq: 1, Outcome: batch.Locked, LockID: "71"}}})
			t.known(2, "71", true)
			t.commit(batch.Changes{Results: []batch.Result{{Seq: 2, Outcome: batch.Failed, Code: batch.CodeLockChanged, LockID: "70"}}})
			t.deal(1, 3)
			t.known(4, "71", true)
			t.commit(batch.Changes{Results: []batch.Result{{Seq: 4, Outcome: batch.Failed, Code: batch.CodeLockChanged, LockID: "71"}}})
			t.deal(1, 5)
			t.known(6, "", false)
			t.commit(batch.Changes{Results: []batch.Result{{Seq: 5, Outcome: batch.Locked, LockID: "75"}, {Seq: 6, Outcome: batch.AlreadyUnlocked}}})
			t.deal(1, 7)
			t.known(8, "", false)
			t.commit(batch.Changes{Results: []batch.Result{{Seq: 7, Outcome: batch.Locked, LockID: "76"}}})
			t.commit(batch.Changes{Results: []batch.Result{{Seq: 8, Outcome: batch.Failed, Code: batch.CodeReasonChanged, LockID: "76"}}})
			t.deal(1, 9)
			t.known(10, "", false)
		}},
		{"a lock is known in any spelling of its module", with(6, func(rows []batch.Row) {
			ofOneRecord(rows)
			for i := range rows {
				rows[i].Module = []string{"Projects", "projects"}[i%2]
			}
		}), func(t *trial) {
			t.deal(1, 1)
			t.commit(batch.Changes{Results: []batch.Result{{Seq: 1, Outcome: batch.Locked, LockID: "71"}}})
			t.known(2, "71", true)
			t.commit(batch.Changes{Results: []batch.Result{{Seq: 2, Outcome: batch.Failed, Code: batch.CodeLockChanged, LockID: "71"}}})
			t.deal(1, 3)
			t.known(4, "", false)
			t.commit(batch.Changes{Results: []batch.Result{{Seq: 3, Outcome: batch.Locked, LockID: "73"}, {Seq: 4, Outcome: batch.Unlocked}}})
			t.deal(1, 5)
			t.known(6, "", false)
		}},
		{"an unlock that waits is told no lock", unlocks(2), func(t *trial) {
			t.deal(1, 1)
			t.commit(batch.Changes{Results: []batch.Result{{Seq: 1, Outcome: batch.Locked, LockID: "71"}}})
			t.again(true)
			t.known(2, "71", true)
		}},
		{"an unlock behind a row not ended is told no lock", with(4, func(rows []batch.Row) {
			for i := range rows {
				rows[i].RecordID = rows[0].RecordID
				rows[i].Action = []batch.Action{batch.ActionLock, batch.ActionUnlock}[i%2]
			}
			rows[3].After = 3
		}), func(t *trial) {
			t.deal(1, 1)
			t.commit(batch.Changes{Results: []batch.Result{{Seq: 1, Outcome: batch.Locked, LockID: "71"}}})
			t.deal(2, 2, 3)
			t.known(4, "", false)
		}},
		{"a lock that the job file names is not replaced", with(2, func(rows []batch.Row) {
			rows[1].Action, rows[1].LockID, rows[1].RecordID = batch.ActionUnlock, "55", rows[0].RecordID
		}), func(t *trial) {
			t.deal(1, 1)
			t.commit(batch.Changes{Results: []batch.Result{{Seq: 1, Outcome: batch.Locked, LockID: "71"}}})
			rows := t.deal(1, 2)
			if len(rows) == 1 {
				t.same("lock", rows[0].LockID, "55")
				t.same("known", rows[0].Known == nil, true)
			}
		}},
		{"a spread reaches from end to end", with(300, func(rows []batch.Row) { rows[40].After = 40 }), func(t *trial) {
			t.commit(batch.Changes{Deal: 20})
			t.commit(batch.Changes{Results: []batch.Result{{Seq: 3, Outcome: batch.Pending, Attempts: 1, History: []batch.Attempt{attempt(0, 1)}}}})
			spread(t, 30, 300-19)
			t.is(150, batch.Pending)
			if rows := t.commit(batch.Changes{Deal: 1}); len(rows) == 1 {
				t.same("next row", rows[0].Seq, int64(21))
			}
		}},
		{"a spread of few rows is all of them", plain(4), func(t *trial) {
			t.commit(batch.Changes{Deal: 1, Results: []batch.Result{{Seq: 2, Outcome: batch.Locked}}})
			spread(t, 30, 2)
		}},
	}
}

// known deals the next row, an unlock, and expects that it is told that lock; "" for none.
func (t *trial) known(seq int64, lockID string, made bool) {
	rows := t.deal(1, seq)
	if len(rows) != 1 {
		return
	}
	switch known := rows[0].Known; {
	case known == nil && lockID == "":
	case known == nil:
		t.fail("row %d is told no lock, want %s", seq, lockID)
	case known.LockID != lockID || known.Made != made:
		t.fail("row %d is told the lock %s, made by us: %v; want %s, %v", seq, known.LockID, known.Made, lockID, made)
	}
}

// spread asks for n rows and expects as many or all that fit, in order, none twice, from all over the
// run; and the number of pending rows.
func spread(t *trial, n int, pending int64) {
	if t.err != nil {
		return
	}
	rows, of, err := t.store.Spread(t.ctx, n)
	if err != nil {
		t.fail("spread: %w", err)
		return
	}
	t.same("pending rows", of, pending)
	if most := min(int64(n), pending); int64(len(rows)) > most || int64(len(rows)) < most*2/3 {
		t.fail("%d rows were spread out of %d, want about %d", len(rows), pending, most)
		return
	}
	last := int64(0)
	for _, r := range rows {
		if r.Seq <= last || r.Outcome != batch.Pending || r.Attempts > 0 || r.After != 0 {
			t.fail("row %d, %s, %d attempts, after %d, was spread behind %d", r.Seq, r.Outcome, r.Attempts, r.After, last)
		}
		last = r.Seq
	}
	if want := int64(len(t.rows)) * 9 / 10; last < want {
		t.fail("the last row spread is %d, want one beyond %d", last, want)
	}
}

// ofOneRecord has rows lock and unlock the same record in turns.
func ofOneRecord(rows []batch.Row) {
	for i := range rows {
		rows[i].RecordID = rows[0].RecordID
		rows[i].Action = []batch.Action{batch.ActionLock, batch.ActionUnlock}[i%2]
	}
}
