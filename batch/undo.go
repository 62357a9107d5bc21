package batch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"iter"
	"time"
)

// Kept says why a change is no row of its undo.
type Kept string

// The causes.
const (
	KeptNoLock   Kept = "the id of the lock that was made is not known"
	KeptNoReason Kept = "the reason that was there before was not read"
	KeptUnasked  Kept = "not asked for"
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
// be nil). rows come last first, and so do those made: what was changed last is taken back first. They
// must hold every row that changed something, and every one that had to wait for another. Each row made
// names what it expects to find (see Expect), keeps the line of the row that it takes back, and waits
// for those that take back what later rows did to the same record. Memory grows only with the records
// that several rows are about.
//
// The error is that of rows, of sink, or ctx's.
func Undo(ctx context.Context, rows iter.Seq2[Row, error], o UndoOptions, sink Sink) (UndoSummary, error) {
	u := undoing{
		o: o, sink: sink, later: map[int64]int64{}, digest: sha256.New(),
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
	u.sum.SHA256 = hex.EncodeToString(u.digest.Sum(nil))
	return u.sum, nil
}

// undoing is an undo in the making.
type undoing struct {
	o      UndoOptions
	sink   Sink
	sum    UndoSummary
	later  map[int64]int64 // by the seq of a row of the run: the undo's row that must come first
	digest hash.Hash
}

// add makes the row that takes one of the run's back, if there is one.
func (u *undoing) add(was Row) error {
	first := u.later[was.Seq]
	delete(u.later, was.Seq)
	if was.Outcome.Changed() {
		made, err := u.take(was, first)
		if err != nil {
			return err
		}
		if made != 0 {
			first = made
		}
	}
	if was.After != 0 && first != 0 {
		u.later[was.After] = first
	}
	return nil
}

// take makes the row, unless it is to be left, and returns its seq.
func (u *undoing) take(was Row, first int64) (seq int64, err error) {
	u.sum.Changes++
	if u.o.Only != nil && !u.o.Only(was) {
		u.sum.Kept[KeptUnasked]++
		return 0, nil
	}
	row, kept := inverse(was)
	if kept != "" {
		u.sum.Kept[kept]++
		return 0, nil
	}
	u.sum.Rows++
	row.Seq, row.Line, row.After, row.Outcome = u.sum.Rows, was.Line, first, Pending
	row.Cells = u.cells(row, was)
	u.sum.ByModuleAction[ModuleAction{row.Module, row.Action}]++
	if len(u.sum.Sample) < sampleRows {
		u.sum.Sample = append(u.sum.Sample, row)
	}
	if err := u.mark(row); err != nil {
		return 0, err
	}
	if u.sink == nil {
		return row.Seq, nil
	}
	return row.Seq, u.sink.Add(row)
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

// inverse is the row that takes back what a row changed; or why there is none. The reason that a record
// was locked with before is all that can be given back of an earlier lock.
func inverse(was Row) (Row, Kept) {
	row := Row{Module: was.Module, RecordID: was.RecordID, LockID: was.LockID, Expect: &Expect{LockID: was.LockID, Reason: was.Reason}}
	switch {
	case was.Outcome == Unlocked:
		row.Action, row.LockID, row.Expect = ActionLock, "", &Expect{}
	case was.LockID == "":
		return row, KeptNoLock
	case was.Outcome == Locked:
		row.Action = ActionUnlock
		return row, ""
	default:
		row.Action = ActionUpdateReason
	}
	if was.Previous == nil || blankReason(was.Previous.Reason) {
		return row, KeptNoReason
	}
	row.Reason = was.Previous.Reason
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
func (u *undoing) cells(row, was Row) []string {
	reason := row.Reason
	if row.Action == ActionUnlock {
		reason = row.Expect.Reason
	}
	cells := []string{row.RecordID, row.Module, string(row.Action), row.LockID, reason, string(was.Outcome), "", "", ""}
	if p := was.Previous; p != nil {
		cells[6], cells[7] = p.LockID, p.ByName
		if !p.At.IsZero() {
			cells[8] = p.At.UTC().Format(time.RFC3339)
		}
	}
	own := was.Cells
	if u.o.Undo {
		own = own[min(len(undoColumns()), len(own)):]
	}
	return append(cells, own...)
}
