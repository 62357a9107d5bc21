package checkpoint

import (
	"context"
	"database/sql"
	"slices"

	"zlock/batch"
)

const dealColumns = `r.key, r.line, m.name, r.record_id, r.action, r.reason, COALESCE(r.lock_id, r.asked_lock), r.after_seq, r.cells,
	r.state, r.code, r.message, r.hint, r.previous, r.attempts, r.credits, r.dealt_at, r.sent_at, r.http, r.finished_at, r.expect`

const (
	dealPending = "SELECT " + dealColumns + ` FROM rows r JOIN modules m ON m.id = r.module
		WHERE r.key > ? AND r.key <= ? AND r.state = 'pending'
		AND r.module NOT IN (SELECT id FROM modules WHERE name IN (SELECT value FROM json_each(?)))
		ORDER BY r.key LIMIT ? + 0` // a bare parameter would have SQLite prepare anew for each other value
	dealOne = "SELECT " + dealColumns + " FROM rows r JOIN modules m ON m.id = r.module WHERE r.key = ?"
)

// deal picks the rows to be worked next: those in doubt first, then pending ones by key. A row that
// this sitting has had in hand before is passed over.
func (w *writing) deal(ctx context.Context) error {
	if w.c.Deal <= 0 {
		return nil
	}
	if err := w.dealDoubts(ctx); err != nil {
		return err
	}
	if !covers(w.c.Skip, w.s.skip) {
		w.cursor = w.s.first // rows of a module that is no longer skipped lie behind the cursor
	}
	_, last := keys(w.s.n)
	back := w.held // the rows given back by this commit; those dealt now are never met again
	for len(w.rows) < w.c.Deal {
		want := w.c.Deal - len(w.rows)
		page, err := w.page(ctx, last, want)
		if err == nil {
			err = w.dealPage(ctx, page, back)
		}
		if err != nil {
			return err
		}
		if len(page) < want {
			w.cursor = last // what lies behind can only be rows this sitting gave back
			break
		}
	}
	if err := w.predecessors(ctx); err != nil {
		return err
	}
	return w.recall(ctx)
}

// covers says whether now holds all that was.
func covers(now, was []string) bool {
	return !slices.ContainsFunc(was, func(m string) bool { return !slices.Contains(now, m) })
}

func (w *writing) dealDoubts(ctx context.Context) error {
	var left []doubt
	for i, d := range w.s.doubts {
		if len(w.rows) == w.c.Deal {
			left = append(left, w.s.doubts[i:]...)
			break
		}
		if slices.Contains(w.c.Skip, d.module) {
			left = append(left, d)
			continue
		}
		found, err := collect(ctx, w.l, scanRow, dealOne, d.key)
		if err != nil {
			return err
		}
		for _, row := range found {
			if row.Outcome == batch.Unknown { // unless a result came for it meanwhile
				w.reserved[d.key] = dearest
				w.rows = append(w.rows, row.Row)
			}
		}
	}
	w.doubts = left
	return nil
}

// predecessors looks up how the rows that come first have ended, as of this commit.
func (w *writing) predecessors(ctx context.Context) error {
	for i := range w.rows {
		row := &w.rows[i]
		if row.After == 0 {
			continue
		}
		err := w.l.get(ctx, "SELECT state, line FROM rows WHERE key = ?", []any{rowKey(w.s.n, row.After)}, &row.AfterOutcome, &row.AfterLine)
		if err != nil {
			return err
		}
	}
	return nil
}

func scanRow(s *sql.Rows) (RowReport, error) {
	var (
		row                                                                RowReport
		key                                                                int64
		id                                                                 any
		action, reason, lock, cells, code, message, hint, previous, expect sql.NullString
		after, dealt, sent, http, finished                                 sql.NullInt64
	)
	err := s.Scan(&key, &row.Line, &row.Module, &id, &action, &reason, &lock, &after, &cells,
		&row.Outcome, &code, &message, &hint, &previous, &row.Attempts, &row.Credits, &dealt, &sent, &http, &finished, &expect)
	if err != nil {
		return row, err
	}
	row.Seq, row.RecordID, row.Action = seqOf(key), idText(id), batch.Action(action.String)
	row.Reason, row.LockID, row.After = reason.String, lock.String, after.Int64
	row.Code, row.Message, row.Hint = code.String, message.String, hint.String
	row.DealtAt, row.SentAt, row.FinishedAt = moment(dealt), moment(sent), moment(finished)
	row.HTTP = int(http.Int64)
	if row.Cells, err = decodeCells(cells.String); err != nil {
		return row, err
	}
	if err := decode(previous.String, &row.Previous); err != nil {
		return row, err
	}
	if err := decode(expect.String, &row.Expect); err != nil {
		return row, err
	}
	if row.Previous != nil {
		row.PreviousReason = row.Previous.Reason
	}
	return row, nil
}
