package checkpoint

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"strconv"
	"time"

	"zlock/batch"
)

// OwnLock is a lock that a run of ours left on a record, as far as is known: nobody has looked since.
type OwnLock struct {
	RecordID string
	batch.KnownLock
}

const ownLocks = `SELECT l.record_id, l.lock_id, l.reason, l.made, l.at, COALESCE(u.id, '') FROM locks l
	LEFT JOIN runs u ON u.n = l.run WHERE l.module = (SELECT min(id) FROM modules WHERE name = ? COLLATE NOCASE) AND l.org = ? `

// OwnLocks yields the locks that runs of ours have left on records of a module, by its API name in any case, in
// the order of the records' ids. They are read a page at a time, with nothing open in between. An
// error ends it.
func (d *DB) OwnLocks(ctx context.Context, org, module string) iter.Seq2[OwnLock, error] {
	return func(yield func(OwnLock, error) bool) {
		for last := int64(-1); ; {
			page, err := collect(ctx, d.db, scanOwnLock, ownLocks+"AND l.record_id > ? ORDER BY l.record_id LIMIT ?", module, org, last, pageSize)
			if err != nil {
				yield(OwnLock{}, fmt.Errorf("read our locks of %s: %w", module, explain(d.path, err)))
				return
			}
			for _, lock := range page {
				if !yield(lock, nil) {
					return
				}
			}
			if len(page) < pageSize {
				return
			}
			if last, err = strconv.ParseInt(page[len(page)-1].RecordID, 10, 64); err != nil { // cannot be: the column holds integers
				yield(OwnLock{}, err)
				return
			}
		}
	}
}

// OwnLock returns the lock that a run of ours left on a record, if one is known.
func (d *DB) OwnLock(ctx context.Context, org, module, recordID string) (OwnLock, bool, error) {
	page, err := collect(ctx, d.db, scanOwnLock, ownLocks+"AND l.record_id = ?", module, org, recordID)
	if err != nil {
		return OwnLock{}, false, fmt.Errorf("read our lock of %s %s: %w", module, recordID, explain(d.path, err))
	}
	if len(page) == 0 {
		return OwnLock{}, false, nil
	}
	return page[0], true, nil
}

func scanOwnLock(r *sql.Rows) (l OwnLock, err error) {
	var reason sql.NullString
	var at int64
	err = r.Scan(&l.RecordID, &l.LockID, &reason, &l.Made, &at, &l.Run)
	l.Reason, l.At = reason.String, time.Unix(0, at).UTC()
	return l, err
}
