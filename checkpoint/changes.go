package checkpoint

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"zlock/batch"
)

// writing is one try at one commit: what it would change is kept apart until it has happened.
type writing struct {
	s *Session
	l *link
	c batch.Changes

	moved    map[batch.Outcome]int64 // by how much the counts of the run change
	reserved map[int64]int           // new reservations, by key; 0 ends one
	ledger   lockNews
	held     []int64 // keys of pending rows that are, or were, in hand
	freed    []int64 // keys of rows that are pending no longer
	calls    int
	credits  int

	cursor int64
	doubts []doubt
	rows   []batch.Row
	args   []any // of one statement at a time, so that each needs no list of its own
}

func newWriting(s *Session, c batch.Changes) *writing {
	clear(s.changed)
	return &writing{
		s: s, l: s.link, c: c,
		moved: map[batch.Outcome]int64{}, reserved: s.changed, args: make([]any, 0, 2*lockGroup),
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
	if err := w.flushLocks(ctx); err != nil {
		return fmt.Errorf("lock ledger: %w", err)
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
	was, again, err := w.written(ctx, key, r)
	if err != nil || again {
		return err
	}
	if err := w.remember(ctx, key, r); err != nil {
		return fmt.Errorf("lock ledger: %w", err)
	}
	switch r.Outcome {
	case batch.Pending:
		w.held = append(w.held, key)
		w.reserved[key] = 0
	case batch.Unknown:
		w.freed = append(w.freed, key)
		w.reserved[key] = dearest
	default:
		w.freed = append(w.freed, key)
		w.reserved[key] = 0
	}
	w.move(was, r.Outcome)
	w.calls += r.Calls
	w.credits += r.Spent
	return nil
}

// written writes an outcome and the attempts made, and says in which state the row was; again, that the
// outcome was there already, and nothing is written.
func (w *writing) written(ctx context.Context, key int64, r *batch.Result) (was batch.Outcome, again bool, err error) {
	was = batch.Sending // as a rule, which spares looking
	if _, held := w.s.held[key]; held {
		was = batch.Pending
	} else if standsInRow(r) {
		if done, err := w.only(ctx, key, r); done || err != nil {
			return was, false, err
		}
	}
	found, err := w.outcome(ctx, key, r, was)
	if err != nil {
		return was, false, err
	}
	if !found {
		if was, err = w.state(ctx, key); err != nil {
			return was, false, err
		}
		if was.Final() {
			if was == r.Outcome {
				return was, true, nil
			}
			return was, false, refuse("it is %s already and can't become %s", was, r.Outcome)
		}
		if _, err = w.outcome(ctx, key, r, was); err != nil {
			return was, false, err
		}
	}
	return was, false, w.history(ctx, key, r.History)
}

// intent puts on disk which lock a row is about to touch. The row is in flight from then on, if it
// was not before.
func (w *writing) intent(ctx context.Context, in batch.Intent) error {
	key := rowKey(w.s.n, in.Seq)
	previous, err := encodePrevious(in.Previous)
	if err != nil {
		return err
	}
	n, err := w.l.exec(ctx, "UPDATE rows SET lock_id = ?, previous = ? WHERE key = ? AND state = 'sending'", text(in.LockID), previous, key)
	if err == nil && n == 0 { // which is rare, and so looked into only now
		err = w.lateIntent(ctx, key, text(in.LockID), previous)
	}
	if err != nil {
		return err
	}
	w.reserved[key] = max(w.reserved[key], w.s.reserved.by[key], passCost(batch.ActionUnlock, false))
	return nil
}

// lateIntent is intent for a row that is not in flight: one in doubt, or only shown so far.
func (w *writing) lateIntent(ctx context.Context, key int64, lockID, previous any) error {
	was, err := w.state(ctx, key)
	if err != nil {
		return err
	}
	if was.Final() {
		return refuse("it is %s already", was)
	}
	_, err = w.l.exec(ctx, `UPDATE rows SET state = CASE state WHEN 'pending' THEN 'sending' ELSE state END,
		lock_id = ?, previous = ?, dealt_at = COALESCE(dealt_at, ?) WHERE key = ?`, lockID, previous, stamp(w.c.Now), key)
	if err == nil && was == batch.Pending {
		w.move(was, batch.Sending)
	}
	return err
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
	reserved := w.s.reserved.with(w.reserved).inHand(w.c.Workers) + w.c.Aside
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
	s.reserved.keep(w.reserved)
	if w.c.Now.After(s.last) {
		s.last = w.c.Now
	}
}
