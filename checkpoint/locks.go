package checkpoint

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"zlock/batch"
)

const (
	// A lock that was ours before stays so when its reason is changed.
	keepLock = `INSERT INTO locks (org, module, record_id, lock_id, reason, made, run, at)
		SELECT ?, module, record_id, ?, reason, ?, ?, ? FROM rows WHERE key = ?
		ON CONFLICT DO UPDATE SET made = max(excluded.made, locks.made AND locks.lock_id = excluded.lock_id),
			lock_id = excluded.lock_id, reason = excluded.reason, run = excluded.run, at = excluded.at`
	dropLock = `DELETE FROM locks WHERE org = ? AND (module, record_id) = (SELECT module, record_id FROM rows WHERE key = ?)
		AND (?3 = '' OR lock_id = ?3)`
	// Only of an unlock the code says that the record is gone: of a lock it may be about the reason.
	dropGone = `DELETE FROM locks WHERE org = ? AND (module, record_id) =
		(SELECT module, record_id FROM rows WHERE key = ? AND action = 'unlock')`
	findLock = `SELECT l.lock_id, l.reason, l.made, l.at, COALESCE(u.id, '') FROM rows r
		JOIN locks l ON l.org = ? AND l.module = r.module AND l.record_id = r.record_id
		LEFT JOIN runs u ON u.n = l.run WHERE r.key = ?`
)

// remember brings the lock ledger up to what became of a row.
func (w *writing) remember(ctx context.Context, key int64, r *batch.Result) (err error) {
	switch {
	case r.LockID != "" && (r.Outcome == batch.Locked || r.Outcome == batch.ReasonUpdated):
		_, err = w.l.exec(ctx, keepLock, w.s.org, r.LockID, r.Outcome == batch.Locked, w.s.n, w.c.Now.UnixNano(), key)
	case r.Outcome == batch.Unlocked, r.Outcome == batch.AlreadyUnlocked, r.Outcome == batch.Failed && r.Code == batch.CodeNotLocked:
		_, err = w.l.exec(ctx, dropLock, w.s.org, key, "")
	case r.Outcome == batch.Failed && (r.Code == batch.CodeLockChanged || r.Code == batch.CodeReasonChanged):
		_, err = w.l.exec(ctx, dropLock, w.s.org, key, r.LockID)
	case r.Outcome == batch.Failed && r.Code == batch.CodeRecordNotFound:
		_, err = w.l.exec(ctx, dropGone, w.s.org, key)
	}
	return err
}

// recall tells the unlocks among the rows dealt which lock of ours they will find. A row that waits for
// another of the same record is told nothing: what that one will leave behind is not known yet.
func (w *writing) recall(ctx context.Context) error {
	for i := range w.rows {
		row := &w.rows[i]
		if row.Action != batch.ActionUnlock || row.LockID != "" || row.After != 0 && !row.AfterOutcome.Final() {
			continue
		}
		var lock batch.KnownLock
		var reason sql.NullString
		var at int64
		err := w.l.get(ctx, findLock, []any{w.s.org, rowKey(w.s.n, row.Seq)}, &lock.LockID, &reason, &lock.Made, &at, &lock.Run)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return err
		}
		lock.Reason, lock.At = reason.String, time.Unix(0, at).UTC()
		row.Known = &lock
	}
	return nil
}
