package batch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"iter"
	"maps"
	"slices"
	"time"
)

// Kept says why a change is no row of its undo.
type Kept string

// The causes.
const (
	KeptNoLock   Kept = "the id of the lock that was made is not known"
	KeptNoReason Kept = "the reason that was there before was not read"
	KeptUnasked  Kept = "not asked for"
	KeptTogether Kept = "goes back with a later change of the same record"
	KeptItself   Kept = "the run itself has put it back"
)

// UndoOptions say what of a run is to be taken back.
type UndoOptions struct {
	Header []string       // the run's
	Undo   bool           // the run is an undo itself
	Only   func(Row) bool // of the rows that changed something, those to be taken back; nil for all
}

// UndoSummary is what an undo is made of.
type UndoSummary struct {
	Summary
	Changes int64          // rows of the run that changed something
	Kept    map[Kept]int64 // of those, the ones that are no row of the undo
}

// undoColumns begin the header of an undo: what makes each row, and what its record was like before the
// run changed it. The columns of the run follow, their names marked, so that a row of the results still
// is a job file's, and one that asks for the same.
func undoColumns() []string {
	return []string{
		"record_id", "module", "action", "lock_id", "reason",
		"takes_back", "earlier_lock_id", "earlier_locked_by", "earlier_locked_time",
	}
}

// undonePrefix marks the columns of the run.
const undonePrefix = "undone_"

// Undo makes, of a run's rows, those that take back what it changed, and gives them to sink (which may
// be nil): one for each record, from how the run has left it to how it was before. rows come last first,
// and so do those made; they must hold every row that changed something, and every one that had to wait
// for another. Each row made names what it expects to find (see Expect), and keeps the line of the last
// row that changed its record. Memory grows only with the records that several rows are about.
//
// The error is that of rows, of sink, or ctx's.
func Undo(ctx context.Context, rows iter.Seq2[Row, error], o UndoOptions, sink Sink) (UndoSummary, error) {
	u := undoing{
		o: o, sink: sink, steps: map[int64]change{}, digest: sha256.New(),
		sum: UndoSummary{Kept: map[Kept]int64{}, Summary: Summary{
			ByModuleAction: map[ModuleAction]int64{}, Format: "csv", Encoding: "utf-8", Header: undoHeader(o),
		}},
	}
	for row, err := range rows {
		if err == nil {
			err = context.Cause(ctx)
		}
		if err == nil {
			err = u.add(row)
		}
		if err != nil {
			return u.sum, fmt.Errorf("take back: %w", err)
		}
	}
	if err := u.rest(); err != nil {
		return u.sum, fmt.Errorf("take back: %w", err)
	}
	u.sum.SHA256 = hex.EncodeToString(u.digest.Sum(nil))
	return u.sum, nil
}

// change is what a run did to one record: the first row that changed it and the last, often the same.
type change struct{ first, last Row }

// undoing is an undo in the making.
type undoing struct {
	o      UndoOptions
	sink   Sink
	sum    UndoSummary
	steps  map[int64]change // of records that earlier rows are about too, by the seq of the next of these
	digest hash.Hash
}

// add takes a row of the run in.
func (u *undoing) add(row Row) error {
	c, later := u.steps[row.Seq]
	delete(u.steps, row.Seq)
	if row.Outcome.Changed() {
		u.sum.Changes++
		switch {
		case u.o.Only != nil && !u.o.Only(row):
			u.sum.Kept[KeptUnasked]++
		case later:
			u.sum.Kept[KeptTogether]++
			c.first = row
		default:
			c, later = change{row, row}, true
		}
	}
	switch {
	case !later:
		return nil
	case row.After != 0:
		u.steps[row.After] = c
		return nil
	}
	return u.take(c)
}

// rest takes the changes in whose records' first rows changed nothing.
func (u *undoing) rest() error {
	seqs := slices.Sorted(maps.Keys(u.steps))
	for _, seq := range slices.Backward(seqs) {
		if err := u.take(u.steps[seq]); err != nil {
			return err
		}
	}
	return nil
}

// take makes the row that takes a change back, unless it is to be left.
func (u *undoing) take(c change) error {
	row, kept := c.inverse()
	if kept != "" {
		u.sum.Kept[kept]++
		return nil
	}
	u.sum.Rows++
	row.Seq, row.Line, row.Outcome = u.sum.Rows, c.last.Line, Pending
	row.Cells = u.cells(row, c)
	u.sum.ByModuleAction[ModuleAction{row.Module, row.Action}]++
	if len(u.sum.Sample) < sampleRows {
		u.sum.Sample = append(u.sum.Sample, row)
	}
	if err := u.mark(row); err != nil {
		return err
	}
	if u.sink == nil {
		return nil
	}
	return u.sink.Add(row)
}

// mark has the row in the digest of them all.
func (u *undoing) mark(row Row) error {
	text, err := json.Marshal(struct {
		Module, RecordID string
		Action           Action
		Reason           string
		Expect           *Expect
	}{row.Module, row.RecordID, row.Action, row.Reason, row.Expect})
	if err != nil {
		return err
	}
	n, _ := u.digest.Write(append(text, '\n')) // never returns an error
	u.sum.Bytes += int64(n)
	return nil
}

// inverse is the row that leads from how the last step left the record to how it was before the first;
// or why there is none. Of an earlier lock only the reason can be given back.
func (c change) inverse() (Row, Kept) {
	row := Row{Module: c.last.Module, RecordID: c.last.RecordID}
	before, now := c.first.Outcome != Locked, c.last.Outcome != Unlocked
	switch {
	case !before && !now:
		return row, KeptItself
	case now && c.last.LockID == "":
		return row, KeptNoLock
	case now:
		row.LockID, row.Expect = c.last.LockID, &Expect{LockID: c.last.LockID, Reason: c.last.Reason}
	default:
		row.Expect = &Expect{}
	}
	if !before {
		row.Action = ActionUnlock
		return row, ""
	}
	if c.first.Previous == nil || blankReason(c.first.Previous.Reason) {
		return row, KeptNoReason
	}
	row.Action, row.Reason = ActionLock, c.first.Previous.Reason
	if now {
		row.Action = ActionUpdateReason
	}
	if now && sameReason(row.Reason, c.last.Reason) {
		return row, KeptItself
	}
	return row, ""
}

func undoHeader(o UndoOptions) []string {
	header := undoColumns()
	if o.Undo {
		return append(header, o.Header[min(len(header), len(o.Header)):]...)
	}
	for _, name := range o.Header {
		header = append(header, undonePrefix+name)
	}
	return header
}

// cells are the row's own under undoHeader. The reason that an unlock names is that of the lock it is to
// take away.
func (u *undoing) cells(row Row, c change) []string {
	reason := row.Reason
	if row.Action == ActionUnlock {
		reason = row.Expect.Reason
	}
	cells := []string{row.RecordID, row.Module, string(row.Action), row.LockID, reason, string(c.last.Outcome), "", "", ""}
	if p := c.first.Previous; p != nil && row.Action != ActionUnlock {
		cells[6], cells[7] = p.LockID, p.ByName
		if !p.At.IsZero() {
			cells[8] = p.At.UTC().Format(time.RFC3339)
		}
	}
	own := c.last.Cells
	if u.o.Undo {
		own = own[min(len(undoColumns()), len(own)):]
	}
	return append(cells, own...)
}
