package checkpoint

import (
	"context"
	"fmt"

	"zlock/batch"
)

const (
	setFinal = `UPDATE rows SET code = ?, http = ?, message = ?, hint = ?, attempts = ?, credits = ?, state = ?,
		lock_id = COALESCE(?, lock_id), previous = COALESCE(?, previous), dealt_at = NULL, sent_at = ?, finished_at = ? WHERE key = ? AND state = ?`
	// setOnly is setFinal for a row whose only attempt is kept in it: one that has others is left as it is.
	setOnly = `UPDATE rows SET state = ?, code = ?, http = ?, message = ?, hint = ?, attempts = ?, credits = ?,
		lock_id = COALESCE(?, lock_id), previous = COALESCE(?, previous), dealt_at = NULL, sent_at = NULL, finished_at = ?, began = ?, took = ?
		WHERE key = ? AND state = 'sending' AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.key = rows.key)`
	// setPlain is setOnly for what has neither said nor found anything: most rows.
	setPlain = `UPDATE rows SET state = ?, code = NULL, http = ?, message = NULL, hint = NULL, attempts = ?, credits = ?,
		lock_id = COALESCE(?, lock_id), dealt_at = NULL, sent_at = NULL, finished_at = ?, began = ?, took = ?
		WHERE key = ? AND state = 'sending' AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.key = rows.key)`
	// What is unknown keeps the times between which it may have been sent.
	setUnknown = `UPDATE rows SET state = 'unknown', code = ?, http = ?, message = ?, hint = ?, attempts = ?, credits = ?,
		lock_id = COALESCE(?, lock_id), previous = COALESCE(?, previous),
		dealt_at = COALESCE(?, dealt_at, ?), sent_at = COALESCE(?, sent_at, ?), finished_at = NULL WHERE key = ? AND state = ?`
	// What was not carried out starts afresh: a lock read for it may be another's by then.
	setPending = `UPDATE rows SET state = 'pending', code = ?, http = ?, message = ?, hint = ?, attempts = ?, credits = ?,
		lock_id = NULL, previous = NULL, dealt_at = NULL, sent_at = NULL, finished_at = NULL WHERE key = ? AND state = ?`
	addAttempt = `INSERT INTO attempts (key, n, kind, began, ended, http, code, message, credits)
		VALUES (?1, COALESCE(?2, (SELECT COALESCE(max(n), 0) + 1 FROM attempts WHERE key = ?1)), ?3, ?4, ?5, ?6, ?7, COALESCE(?8, ''), ?9)
		ON CONFLICT DO UPDATE SET kind = excluded.kind, began = excluded.began, ended = excluded.ended, http = excluded.http,
			code = excluded.code, message = excluded.message, credits = excluded.credits`
)

// outcome writes what became of a row that is in the state was, and says whether it is.
func (w *writing) outcome(ctx context.Context, key int64, r *batch.Result, was batch.Outcome) (found bool, err error) {
	previous, err := encodePrevious(r.Previous)
	if err != nil {
		return false, err
	}
	said := append(w.args[:0], text(r.Code), number(int64(r.HTTP)), clip(r.Message), clip(r.Hint), int64(r.Attempts), int64(r.Credits))
	now := stamp(w.c.Now)
	var n int64
	switch {
	case r.Outcome == batch.Pending:
		n, err = w.l.exec(ctx, setPending, append(said, key, string(was))...)
	case r.Outcome == batch.Unknown:
		n, err = w.l.exec(ctx, setUnknown, append(said, text(r.LockID), previous, stamp(r.DealtAt), now, stamp(r.SentAt), now, key, string(was))...)
	case ends(r.Outcome):
		n, err = w.l.exec(ctx, setFinal, append(said, string(r.Outcome), text(r.LockID), previous, stamp(r.SentAt), w.finished(r), key, string(was))...)
	default:
		return false, refuse("%q is no outcome of a row that was dealt", r.Outcome)
	}
	return n > 0, err
}

// ends says whether an outcome is one in which the work at a row can end.
func ends(o batch.Outcome) bool {
	return o.Final() && o != batch.Invalid && o != batch.Duplicate && o != ""
}

// finished is when a row was done, as its column holds it.
func (w *writing) finished(r *batch.Result) any {
	if r.FinishedAt.IsZero() {
		return stamp(w.c.Now)
	}
	return stamp(r.FinishedAt)
}

// only writes what became of a row in flight together with its only attempt, and says whether it has:
// not where the row is in another state, or was tried before.
func (w *writing) only(ctx context.Context, key int64, r *batch.Result) (done bool, err error) {
	a := &r.History[0]
	began := a.Began.UnixNano()
	took := a.Ended.UnixNano() - began
	var n int64
	if r.Code == "" && r.Message == "" && r.Hint == "" && r.Previous == nil {
		n, err = w.l.exec(ctx, setPlain, append(w.args[:0], string(r.Outcome), number(int64(r.HTTP)), int64(r.Attempts), int64(r.Credits),
			text(r.LockID), w.finished(r), began, took, key)...)
		return n > 0, err
	}
	previous, err := encodePrevious(r.Previous)
	if err != nil {
		return false, err
	}
	n, err = w.l.exec(ctx, setOnly, append(w.args[:0], string(r.Outcome), text(r.Code), number(int64(r.HTTP)), clip(r.Message), clip(r.Hint),
		int64(r.Attempts), int64(r.Credits), text(r.LockID), previous, w.finished(r), began, took, key)...)
	return n > 0, err
}

// standsInRow says whether the row will say all there is to the one attempt of a result, but when it was
// made. A row that failed may be tried again, which clears what it says: its attempts stand by themselves.
func standsInRow(r *batch.Result) bool {
	if len(r.History) != 1 || !ends(r.Outcome) || r.Outcome == batch.Failed || !r.SentAt.IsZero() {
		return false
	}
	a := &r.History[0]
	began := a.Began.UnixNano()
	return a.N <= 1 && a.Kind == "send" && a.HTTP == r.HTTP && a.Code == r.Code && a.Message == r.Message && a.Credits == r.Credits &&
		began > 0 && a.Ended.UnixNano() >= began
}

// history keeps the attempts made, oldest first; the checkpoint numbers those that have no number.
func (w *writing) history(ctx context.Context, key int64, attempts []batch.Attempt) error {
	for i := range attempts {
		a := &attempts[i]
		_, err := w.l.exec(ctx, addAttempt, append(w.args[:0], key, number(int64(a.N)), a.Kind, a.Began.UnixNano(), a.Ended.UnixNano(),
			int64(a.HTTP), a.Code, clip(a.Message), int64(a.Credits))...)
		if err != nil {
			return fmt.Errorf("attempt %d: %w", a.N, err)
		}
	}
	return nil
}
