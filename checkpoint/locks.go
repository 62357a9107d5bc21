package checkpoint

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/bits"
	"strings"
	"time"

	"zlock/batch"
)

const (
	// API names that differ in case alone name one module, whichever spelling a job file has: the ledger has the
	// number of the spelling that came first.
	ofModule = `(SELECT min(f.id) FROM modules f JOIN modules m ON f.name = m.name COLLATE NOCASE WHERE m.id = rows.module)`

	// A lock that was ours before stays so when its reason is changed. Rows of one record end in the order
	// of their keys, and so are they written.
	keepLocks = `INSERT INTO locks (org, module, record_id, lock_id, reason, made, run, at)
		SELECT ?, ` + ofModule + `, record_id, lock_id, reason, state = 'locked', ?, ? FROM rows WHERE key IN (%s) ORDER BY key
		ON CONFLICT DO UPDATE SET made = max(excluded.made, locks.made AND locks.lock_id = excluded.lock_id),
			lock_id = excluded.lock_id, reason = excluded.reason, run = excluded.run, at = excluded.at`
	dropLocks = `DELETE FROM locks WHERE org = ? AND (module, record_id) IN (SELECT ` + ofModule + `, record_id FROM rows WHERE key IN (%s))`
	dropLock  = `DELETE FROM locks WHERE org = ? AND (module, record_id) = (SELECT ` + ofModule + `, record_id FROM rows WHERE key = ?)
		AND (?3 = '' OR lock_id = ?3)`
	// Only of an unlock the code says that the record is gone: of a lock it may be about the reason.
	dropGone = `DELETE FROM locks WHERE org = ? AND (module, record_id) =
		(SELECT ` + ofModule + `, record_id FROM rows WHERE key = ? AND action = 'unlock')`
	findLock = `SELECT l.lock_id, l.reason, l.made, l.at, COALESCE(u.id, '') FROM rows
		JOIN locks l ON l.org = ? AND l.module = ` + ofModule + ` AND l.record_id = rows.record_id
		LEFT JOIN runs u ON u.n = l.run WHERE rows.key = ?`
)

// lockGroup is how many rows a statement brings into the lock ledger at most.
const lockGroup = 32

// lockNews are rows whose outcomes are written and not yet in the lock ledger: all of them left a lock
// on their record, or none of them did.
type lockNews struct {
	left bool
	keys []int64
}

// remember brings the lock ledger up to what became of a row, or has it wait for others of its kind.
func (w *writing) remember(ctx context.Context, key int64, r *batch.Result) error {
	switch {
	case r.LockID != "" && (r.Outcome == batch.Locked || r.Outcome == batch.ReasonUpdated):
		return w.tell(ctx, key, true)
	case r.Outcome == batch.Unlocked, r.Outcome == batch.AlreadyUnlocked, r.Outcome == batch.Failed && r.Code == batch.CodeNotLocked:
		return w.tell(ctx, key, false)
	case r.Outcome == batch.Failed && (r.Code == batch.CodeLockChanged || r.Code == batch.CodeReasonChanged):
		return w.forget(ctx, dropLock, w.s.org, key, r.LockID)
	case r.Outcome == batch.Failed && r.Code == batch.CodeRecordNotFound:
		return w.forget(ctx, dropGone, w.s.org, key)
	}
	return nil
}

// tell has a row wait to be written into the ledger. What waits of another kind comes before it, since it
// may be about the same record.
func (w *writing) tell(ctx context.Context, key int64, left bool) error {
	if left != w.ledger.left || len(w.ledger.keys) == lockGroup {
		if err := w.flushLocks(ctx); err != nil {
			return err
		}
	}
	w.ledger.left = left
	w.ledger.keys = append(w.ledger.keys, key)
	return nil
}

// forget takes one entry out of the ledger, after what waits.
func (w *writing) forget(ctx context.Context, query string, args ...any) error {
	err := w.flushLocks(ctx)
	if err == nil {
		_, err = w.l.exec(ctx, query, args...)
	}
	return err
}

var keepSome, dropSome = inGroups(keepLocks), inGroups(dropLocks)

// inGroups spells a statement out for 1, 2, 4 … keys. The last key is given again where fewer are needed.
func inGroups(query string) (queries []string) {
	for n := 1; n <= lockGroup; n *= 2 {
		queries = append(queries, fmt.Sprintf(query, strings.Repeat("?, ", n-1)+"?"))
	}
	return queries
}

// flushLocks writes what waits into the lock ledger.
func (w *writing) flushLocks(ctx context.Context) error {
	keys := w.ledger.keys
	if len(keys) == 0 {
		return nil
	}
	args, some := append(w.args[:0], w.s.org), dropSome
	if w.ledger.left {
		args, some = append(args, w.s.n, w.c.Now.UnixNano()), keepSome
	}
	power := bits.Len(uint(len(keys) - 1))
	for i := range 1 << power {
		args = append(args, keys[min(i, len(keys)-1)])
	}
	w.ledger.keys = keys[:0]
	_, err := w.l.exec(ctx, some[power], args...)
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
