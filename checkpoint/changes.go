package checkpoint

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"

	"zlock/batch"
)

// writing is one try at one commit: what it would change is kept apart until it has happened.
type writing struct {
	s *Session
	l *link
	c batch.Changes

	moved    map[batch.Outcome]int64 // by how much the counts of the run change
	reserved map[int64]int           // new reservations, by key; 0 ends one
	held     []int64                 // keys of pending rows that are, or were, in hand
	freed    []int64                 // keys of rows that are pending no longer
	calls    int
	credits  int

	cursor int64
	doubts []doubt
	rows   []batch.Row
}

func newWriting(s *Session, c batch.Changes) *writing {
	return &writing{
		s: s, l: s.link, c: c,
		moved: map[batch.Outcome]int64{}, reserved: map[int64]int{},
		calls: c.Calls, credits: c.Credits, cursor: s.cursor, doubts: s.doubts,
	}
}

func (w *writing) all(ctx context.Context) error {
	for i := range w.c.Results {
		r := &w.c.Results[i]
		if err := w.result(ctx, r); err != nil {
			return fmt.Errorf("outcome of row %d: %w", r.Seq, err)
		}
	}
	for _, in := range w.c.Intents {
		if err := w.intent(ctx, in); err != nil {
			return fmt.Errorf("intent of row %d: %w", in.Seq, err)
		}
	}
	for _, seq := range w.c.Release {
		if err := w.release(ctx, seq); err != nil {
			return fmt.Errorf("release row %d: %w", seq, err)
		}
	}
	for _, seq := range w.c.Start {
		if err := w.start(ctx, seq); err != nil {
			return fmt.Errorf("start row %d: %w", seq, err)
		}
	}
	if err := w.deal(ctx); err != nil {
		return fmt.Errorf("deal rows: %w", err)
	}
	return w.account(ctx)
}

// state returns where a row stands.
func (w *writing) state(ctx context.Context, key int64) (o batch.Outcome, err error) {
	err = w.l.get(ctx, "SELECT state FROM rows WHERE key = ?", []any{key}, &o)
	if errors.Is(err, sql.ErrNoRows) {
		return o, refuse("there is no such row in run %s", w.s.id)
	}
	return o, err
}

func (w *writing) move(from, to batch.Outcome) {
	w.moved[from]--
	w.moved[to]++
}

// result writes what became of a row. One that is there already changes nothing; a final outcome is
// never replaced by another.
func (w *writing) result(ctx context.Context, r *batch.Result) error {
	key := rowKey(w.s.n, r.Seq)
	was := batch.Sending // as a rule, which spares looking
	found, err := w.outcome(ctx, key, r, was)
	if err != nil {
		return err
	}
	if !found {
		if was, err = w.state(ctx, key); err != nil {
			return err
		}
		if was.Final() {
			if was == r.Outcome {
				return nil
			}
			return refuse("it is %s already and can't become %s", was, r.Outcome)
		}
		if _, err = w.outcome(ctx, key, r, was); err != nil {
			return err
		}
	}
	if err := w.history(ctx, key, r.History); err != nil {
		return err
	}
	if err := w.remember(ctx, key, r); err != nil {
		return fmt.Errorf("lock ledger: %w", err)
	}
	if r.Outcome != batch.Pending {
		w.freed = append(w.freed, key)
	}
	w.move(was, r.Outcome)
	w.calls += r.Calls
	w.credits += r.Spent
	return nil
}

const (
	setFinal = `UPDATE rows SET state = ?, code = ?, http = ?, message = ?, hint = ?, attempts = ?, credits = ?,
		lock_id = COALESCE(?, lock_id), previous = COALESCE(?, previous), dealt_at = NULL, sent_at = ?, finished_at = ? WHERE key = ? AND state = ?`
	// What is unknown keeps the times between which it may have been sent.
	setUnknown = `UPDATE rows SET state = 'unknown', code = ?, http = ?, message = ?, hint = ?, attempts = ?, credits = ?,
		lock_id = COALESCE(?, lock_id), previous = COALESCE(?, previous),
		dealt_at = COALESCE(?, dealt_at, ?), sent_at = COALESCE(?, sent_at, ?), finished_at = NULL WHERE key = ? AND state = ?`
	// What was not carried out starts afresh: a lock read for it may be another's by then.
	setPending = `UPDATE rows SET state = 'pending', code = ?, http = ?, message = ?, hint = ?, attempts = ?, credits = ?,
		lock_id = NULL, previous = NULL, dealt_at = NULL, sent_at = NULL, finished_at = NULL WHERE key = ? AND state = ?`
)

// outcome writes what became of a row that is in the state was, and says whether it is.
func (w *writing) outcome(ctx context.Context, key int64, r *batch.Result, was batch.Outcome) (found bool, err error) {
	previous, err := encodePrevious(r.Previous)
	if err != nil {
		return false, err
	}
	said := []any{text(r.Code), number(int64(r.HTTP)), clip(r.Message), clip(r.Hint), r.Attempts, r.Credits}
	now := stamp(w.c.Now)
	w.reserved[key] = 0
	var n int64
	switch {
	case r.Outcome == batch.Pending:
		w.held = append(w.held, key)
		n, err = w.l.exec(ctx, setPending, append(said, key, string(was))...)
	case r.Outcome == batch.Unknown:
		w.reserved[key] = dearest
		n, err = w.l.exec(ctx, setUnknown, append(said, text(r.LockID), previous, stamp(r.DealtAt), now, stamp(r.SentAt), now, key, string(was))...)
	case r.Outcome.Final() && r.Outcome != batch.Invalid && r.Outcome != batch.Duplicate && r.Outcome != "":
		finished := stamp(r.FinishedAt)
		if finished == nil {
			finished = now
		}
		args := append([]any{string(r.Outcome)}, said...)
		n, err = w.l.exec(ctx, setFinal, append(args, text(r.LockID), previous, stamp(r.SentAt), finished, key, string(was))...)
	default:
		return false, refuse("%q is no outcome of a row that was dealt", r.Outcome)
	}
	return n > 0, err
}

// history keeps the attempts made, oldest first; the checkpoint numbers those that have no number.
func (w *writing) history(ctx context.Context, key int64, attempts []batch.Attempt) error {
	for _, a := range attempts {
		_, err := w.l.exec(ctx, `INSERT INTO attempts (key, n, kind, began, ended, http, code, message, credits)
			VALUES (?1, COALESCE(?2, (SELECT COALESCE(max(n), 0) + 1 FROM attempts WHERE key = ?1)), ?3, ?4, ?5, ?6, ?7, COALESCE(?8, ''), ?9)
			ON CONFLICT DO UPDATE SET kind = excluded.kind, began = excluded.began, ended = excluded.ended, http = excluded.http,
				code = excluded.code, message = excluded.message, credits = excluded.credits`,
			key, number(int64(a.N)), a.Kind, a.Began.UnixNano(), a.Ended.UnixNano(), a.HTTP, a.Code, clip(a.Message), a.Credits)
		if err != nil {
			return fmt.Errorf("attempt %d: %w", a.N, err)
		}
	}
	return nil
}

// intent puts on disk which lock a row is about to touch. The row is in flight from then on, if it
// was not before.
func (w *writing) intent(ctx context.Context, in batch.Intent) error {
	key := rowKey(w.s.n, in.Seq)
	was, err := w.state(ctx, key)
	if err != nil {
		return err
	}
	if was.Final() {
		return refuse("it is %s already", was)
	}
	previous, err := encodePrevious(in.Previous)
	if err != nil {
		return err
	}
	_, err = w.l.exec(ctx, `UPDATE rows SET state = CASE state WHEN 'pending' THEN 'sending' ELSE state END,
		lock_id = ?, previous = ?, dealt_at = COALESCE(dealt_at, ?) WHERE key = ?`, text(in.LockID), previous, stamp(w.c.Now), key)
	if err != nil {
		return err
	}
	if was == batch.Pending {
		w.move(was, batch.Sending)
	}
	w.reserved[key] = max(w.reserved[key], w.s.reserved[key], passCost(batch.ActionUnlock, false))
	return nil
}

// passCost is what a pass at a row costs before the store hears of it again: a lock is one call,
// everything else looks first, or, where a record was to be found unlocked and is not, after. That a call is sent once more with a fresh token is not reckoned with.
func passCost(a batch.Action, expects bool) int {
	if a == batch.ActionLock && !expects {
		return 1
	}
	return 2
}

// dearest is a pass at a row in doubt: it is read back, and then perhaps carried out.
const dearest = 3

// aheadOfCommit is how many passes each worker can have begun that no commit tells of yet: the one it is
// at when a commit is put together, the one that waits for it then, and two that are handed to it before
// the next commit is durable.
const aheadOfCommit = 4

// inHand is what to reserve for the rows in hand, so that after a crash the credits booked are not
// fewer than those spent: the dearest of them, as many as can have been begun before the next commit.
func inHand(reserved map[int64]int, workers int) int {
	var of [dearest + 1]int // how many rows have so much reserved
	for _, n := range reserved {
		of[n]++
	}
	begun := aheadOfCommit * workers
	if workers == 0 {
		begun = len(reserved)
	}
	sum := 0
	for n := dearest; n > 0 && begun > 0; n-- {
		rows := min(of[n], begun)
		begun -= rows
		sum += rows * n
	}
	return sum
}

// release gives a row back that was dealt and not begun. It takes back nothing else: a row in doubt
// stays in doubt.
func (w *writing) release(ctx context.Context, seq int64) error {
	key := rowKey(w.s.n, seq)
	was, err := w.state(ctx, key)
	if err != nil {
		return err
	}
	w.reserved[key] = 0
	if was != batch.Sending {
		return nil
	}
	w.held = append(w.held, key)
	w.move(was, batch.Pending)
	_, err = w.l.exec(ctx, "UPDATE rows SET state = 'pending', lock_id = NULL, previous = NULL, dealt_at = NULL WHERE key = ?", key)
	return err
}

// start puts a row in flight that was only shown before.
func (w *writing) start(ctx context.Context, seq int64) error {
	key := rowKey(w.s.n, seq)
	var action batch.Action
	var expects bool
	err := w.l.get(ctx, "UPDATE rows SET state = 'sending', dealt_at = ? WHERE key = ? AND state = 'pending' RETURNING action, expect IS NOT NULL",
		[]any{stamp(w.c.Now), key}, &action, &expects)
	if errors.Is(err, sql.ErrNoRows) {
		return refuse("it is not pending in run %s", w.s.id)
	}
	if err != nil {
		return err
	}
	w.freed = append(w.freed, key)
	w.move(batch.Pending, batch.Sending)
	w.reserved[key] = passCost(action, expects)
	return nil
}

// account brings the run, its counts and the org's ledger up to what was written.
func (w *writing) account(ctx context.Context) error {
	if err := move(ctx, w.l, w.s.n, w.moved); err != nil {
		return err
	}
	if err := book(ctx, linkWriter{w.l}, w.s.org, w.calls, w.credits, w.c.Now); err != nil {
		return fmt.Errorf("book credits: %w", err)
	}
	all := maps.Clone(w.s.reserved)
	maps.Copy(all, w.reserved)
	reserved := inHand(all, w.c.Workers) + w.c.Aside
	n, err := w.l.exec(ctx, `UPDATE runs SET commits = commits + 1, calls = calls + ?, credits = credits + ?, reserved = ?,
		workers = ?, updated_at = ?, worked = worked + ? WHERE n = ? AND sitting = ? AND state = 'running'`,
		w.calls, w.credits, reserved, w.c.Workers, stamp(w.c.Now), w.s.since(w.c.Now), w.s.n, w.s.sitting)
	if err == nil && n == 0 {
		return &TakenError{Run: w.s.id}
	}
	return err
}

// keep makes what was written the session's own, now that it has happened.
func (w *writing) keep() {
	s := w.s
	s.cursor, s.doubts = w.cursor, w.doubts
	if w.c.Deal > 0 {
		s.skip = w.c.Skip
	}
	for _, key := range w.freed {
		delete(s.held, key)
	}
	for _, key := range w.held {
		s.held[key] = struct{}{}
	}
	maps.Copy(s.reserved, w.reserved)
	maps.DeleteFunc(s.reserved, func(_ int64, n int) bool { return n == 0 })
	if w.c.Now.After(s.last) {
		s.last = w.c.Now
	}
}
