package checkpoint

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"zlock/batch"
	"zlock/internal/crash"
)

// Begin takes a run over for one sitting; owner says who works on it ("pid 123 on host"). The caller
// holds the org's ownership (Own): the checkpoint can't tell a live owner from a dead one. Rows that
// a dead owner left in flight become unknown, sent as late as now for all that is known, and what
// they had reserved is booked as spent. After an unclean end the file is checked first; a
// *DamagedError says that it is not whole.
func (d *DB) Begin(ctx context.Context, runID, owner string) (*Session, error) {
	if d.readOnly {
		return nil, errors.New("the checkpoint was opened for reading")
	}
	s, err := d.begin(ctx, runID, owner)
	if err != nil {
		return nil, fmt.Errorf("begin run %s: %w", runID, explain(d.path, err))
	}
	return s, nil
}

func (d *DB) begin(ctx context.Context, runID, owner string) (*Session, error) {
	k, err := exactly(ctx, d.db, runID)
	if err != nil {
		return nil, err
	}
	if k.State == batch.Running {
		if err := d.quickCheck(ctx); err != nil {
			return nil, err
		}
	}
	ctx = context.WithoutCancel(ctx)
	s := &Session{
		path: d.path, id: k.ID, org: k.Org, n: k.n, patience: persistFor, held: map[int64]struct{}{},
		reserved: reservations{by: map[int64]int{}}, changed: map[int64]int{}, modules: map[int64]string{},
	}
	if s.file, err = see(d.path); err != nil {
		return nil, err
	}
	if s.link, err = newLink(ctx, d.path); err != nil {
		return nil, err
	}
	err = s.link.transact(ctx, func(ctx context.Context) error {
		defer crash.At("in-takeover")
		return s.takeOver(ctx, owner)
	})
	crash.At("after-takeover")
	if err == nil {
		err = s.survey(ctx)
	}
	if err == nil {
		err = s.file.check()
	}
	if err != nil {
		s.drop()
		return nil, err
	}
	ballastOf(d.path).load()
	return s, nil
}

// quickCheck looks for damage; its time grows with the file.
func (d *DB) quickCheck(ctx context.Context) error {
	var verdict string
	if err := d.db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return &DamagedError{Path: d.path, Detail: verdict}
	}
	return nil
}

// takeOver makes the run this session's, and what is left of an earlier one unknown.
func (s *Session) takeOver(ctx context.Context, owner string) error {
	s.last = time.Now()
	now := stamp(s.last)
	var state batch.State
	var reserved int
	err := s.link.get(ctx, "SELECT state, reserved FROM runs WHERE n = ?", []any{s.n}, &state, &reserved)
	if errors.Is(err, sql.ErrNoRows) {
		return &NoRunError{Ref: s.id}
	}
	if err != nil {
		return err
	}
	if state == batch.Running {
		if err := s.inherit(ctx, reserved); err != nil {
			return err
		}
	}
	_, err = s.link.exec(ctx, `UPDATE runs SET state = 'running', stopped_by = '', owner = ?, sitting = sitting + 1, commits = commits + 1,
		started_at = COALESCE(started_at, ?), updated_at = ?, ended_at = NULL, credits = credits + reserved, calls = calls + reserved, reserved = 0 WHERE n = ?`,
		owner, now, now, s.n)
	if err != nil {
		return err
	}
	return s.link.get(ctx, "SELECT sitting, commits FROM runs WHERE n = ?", []any{s.n}, &s.sitting, &s.commits)
}

// inherit takes over what a dead owner had in hand: rows in flight, and rows in doubt that it may
// have sent once more, so that only now bounds when their last change left.
func (s *Session) inherit(ctx context.Context, reserved int) error {
	counts, err := talliesOf(ctx, s.link, s.n)
	if err != nil {
		return err
	}
	if counts[batch.Unknown] > 0 {
		first, last := keys(s.n)
		if _, err := s.link.exec(ctx, "UPDATE rows SET sent_at = ? WHERE key BETWEEN ? AND ? AND state = 'unknown'", stamp(s.last), first, last); err != nil {
			return err
		}
	}
	if counts[batch.Sending] > 0 {
		if _, err := s.unsettle(ctx, s.last); err != nil {
			return err
		}
	}
	return book(ctx, linkWriter{s.link}, s.org, reserved, reserved, s.last)
}

// survey finds the rows in doubt, and where the pending ones begin.
func (s *Session) survey(ctx context.Context) error {
	counts, err := talliesOf(ctx, s.link, s.n)
	if err != nil {
		return err
	}
	first, last := keys(s.n)
	if counts[batch.Unknown] > 0 {
		s.doubts, err = collect(ctx, s.link, func(r *sql.Rows) (d doubt, err error) { return d, r.Scan(&d.key, &d.module) },
			`SELECT r.key, m.name FROM rows r JOIN modules m ON m.id = r.module
			WHERE r.key BETWEEN ? AND ? AND r.state = 'unknown' ORDER BY r.key`, first, last)
		if err != nil {
			return err
		}
	}
	s.first = last
	if counts[batch.Pending] > 0 {
		err = s.link.get(ctx, "SELECT key - 1 FROM rows WHERE key BETWEEN ? AND ? AND state = 'pending' ORDER BY key LIMIT 1",
			[]any{first, last}, &s.first)
	}
	s.cursor = s.first
	return err
}
