package checkpoint

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"

	"zlock/batch"
)

// dealPlain reads of pending rows what most of them have, in few columns: each costs as much as a row's
// share of the rest. The last says whether a row has anything else, and is to be read in full.
const dealPlain = `SELECT key, line, module, record_id, action, COALESCE(reason, ''), COALESCE(cells, ''),
	COALESCE(asked_lock, after_seq, expect, code, http, message, hint, lock_id, previous, dealt_at, sent_at, finished_at,
		NULLIF(attempts, 0), NULLIF(credits, 0)) IS NOT NULL
	FROM rows WHERE key > ? AND key <= ? AND state = 'pending' ORDER BY key LIMIT ? + 0`

// page reads the next pending rows up to a key, as many as wanted.
func (w *writing) page(ctx context.Context, last int64, want int) ([]batch.Row, error) {
	if len(w.c.Skip) == 0 {
		return w.plainPage(ctx, last, want)
	}
	skip, err := encode(w.c.Skip)
	if err != nil {
		return nil, err
	}
	return collect(ctx, w.l, scanBare, dealPending, w.cursor, last, skip, want)
}

// scanBare reads a row as it is dealt.
func scanBare(s *sql.Rows) (batch.Row, error) {
	row, err := scanRow(s)
	return row.Row, err
}

func (w *writing) plainPage(ctx context.Context, last int64, want int) ([]batch.Row, error) {
	scan := plainScan{page: make([]batch.Row, 0, min(want, pageSize))}
	if err := scan.all(ctx, w.l, w.cursor, last, want); err != nil {
		return nil, err
	}
	for i := range scan.page {
		var err error
		if scan.page[i].Module, err = w.moduleName(ctx, scan.modules[i]); err != nil {
			return nil, err
		}
	}
	for _, i := range scan.rich {
		found, err := collect(ctx, w.l, scanBare, dealOne, rowKey(w.s.n, scan.page[i].Seq))
		if err != nil {
			return nil, err
		}
		if len(found) == 1 {
			scan.page[i] = found[0]
		}
	}
	return scan.page, nil
}

// moduleName returns the name of a module.
func (w *writing) moduleName(ctx context.Context, id int64) (string, error) {
	if name, ok := w.s.modules[id]; ok {
		return name, nil
	}
	var name string
	if err := w.l.get(ctx, "SELECT name FROM modules WHERE id = ?", []any{id}, &name); err != nil {
		return "", fmt.Errorf("name of module %d: %w", id, err)
	}
	w.s.modules[id] = name
	return name, nil
}

// plainScan is a page being read by dealPlain.
type plainScan struct {
	page    []batch.Row
	modules []int64 // of each row
	rich    []int   // places of rows that are to be read in full
}

func (p *plainScan) all(ctx context.Context, l *link, after, last int64, want int) error {
	rows, err := l.QueryContext(ctx, dealPlain, after, last, int64(want))
	if err != nil {
		return err
	}
	defer rows.Close()
	var (
		key, line, module, id, rich int64
		action, cells               string
	)
	for rows.Next() {
		p.page = append(p.page, batch.Row{Outcome: batch.Pending})
		row := &p.page[len(p.page)-1]
		if err := rows.Scan(&key, &line, &module, &id, &action, &row.Reason, &cells, &rich); err != nil {
			return err
		}
		row.Seq, row.Line, row.RecordID, row.Action = seqOf(key), int(line), strconv.FormatInt(id, 10), batch.Action(action)
		if row.Cells, err = decodeCells(cells); err != nil {
			return err
		}
		p.modules = append(p.modules, module)
		if rich != 0 {
			p.rich = append(p.rich, len(p.page)-1)
		}
	}
	return rows.Err()
}

// dealPage deals the rows of a page, or shows them; but not those that were in hand before, be it that
// they are back since this very commit.
func (w *writing) dealPage(ctx context.Context, page []batch.Row, back []int64) error {
	if len(page) == 0 {
		return nil
	}
	w.cursor = rowKey(w.s.n, page[len(page)-1].Seq)
	fresh := w.fresh(page, back)
	if w.c.Show {
		for i := range fresh {
			w.held = append(w.held, rowKey(w.s.n, fresh[i].Seq))
		}
	} else if err := w.send(ctx, fresh, len(fresh) == len(page) && len(w.c.Skip) == 0); err != nil {
		return err
	}
	if w.rows == nil {
		w.rows = fresh
	} else {
		w.rows = append(w.rows, fresh...)
	}
	return nil
}

// fresh leaves out of a page what was in hand before.
func (w *writing) fresh(page []batch.Row, back []int64) []batch.Row {
	if len(w.s.held)+len(back) == 0 {
		return page
	}
	return slices.DeleteFunc(slices.Clone(page), func(row batch.Row) bool {
		key := rowKey(w.s.n, row.Seq)
		_, had := w.s.held[key]
		return had || slices.Contains(back, key)
	})
}

// send puts rows in flight: with one statement, where they are all that is pending between the first and
// the last.
func (w *writing) send(ctx context.Context, rows []batch.Row, all bool) error {
	step := 1
	if all {
		step = max(1, len(rows))
	}
	for some := range slices.Chunk(rows, step) {
		if err := w.sendRange(ctx, some); err != nil {
			return err
		}
	}
	w.moved[batch.Pending] -= int64(len(rows))
	w.moved[batch.Sending] += int64(len(rows))
	for i := range rows {
		row := &rows[i]
		w.reserved[rowKey(w.s.n, row.Seq)] = passCost(row.Action, row.Expect != nil)
		row.DealtAt = w.c.Now
	}
	return nil
}

// sendRange puts in flight what is pending from the first to the last of rows, which must be these rows.
func (w *writing) sendRange(ctx context.Context, rows []batch.Row) error {
	first, last := rows[0].Seq, rows[len(rows)-1].Seq
	n, err := w.l.exec(ctx, "UPDATE rows SET state = 'sending', dealt_at = ? WHERE key BETWEEN ? AND ? AND state = 'pending'",
		stamp(w.c.Now), rowKey(w.s.n, first), rowKey(w.s.n, last))
	if err == nil && n != int64(len(rows)) {
		return refuse("%d rows from %d to %d are pending, not the %d that were read", n, first, last, len(rows))
	}
	return err
}
