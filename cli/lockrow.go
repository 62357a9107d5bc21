package cli

import (
	"io"
	"strings"
	"time"

	"zlock/batch"
	"zlock/zoho"
)

// lockRow is a lock as a row of a job file that takes it away. Its names are fixed.
type lockRow struct {
	RecordID   string       `json:"record_id"`
	Module     string       `json:"module"`
	Action     batch.Action `json:"action"`
	Reason     string       `json:"reason"`
	LockID     string       `json:"lock_id"`
	LockedBy   string       `json:"locked_by"`
	LockedTime string       `json:"locked_time"`
	Source     string       `json:"source"`
	Age        string       `json:"age,omitempty"` // of a lock that a run of ours left
	Run        string       `json:"run,omitempty"`
}

func newLockRow(module string, f foundLock, now time.Time) lockRow {
	row := lockRow{
		RecordID: f.recordID, Module: module, Action: batch.ActionUnlock, Reason: legible(f.lock.Reason), LockID: f.lock.ID,
		LockedBy: userText(f.lock.By), LockedTime: stampText(f.lock.At), Source: string(f.lock.Source), Run: f.run,
	}
	if f.own && !f.lock.At.IsZero() {
		row.Age = span(now.Sub(f.lock.At))
	}
	return row
}

// legible is a reason without what no job file may hold.
func legible(reason string) string { return strings.ReplaceAll(reason, "\x00", "\uFFFD") }

// userText is a user: the name, and the id behind it.
func userText(u zoho.User) string {
	switch {
	case u.Name == "":
		return u.ID
	case u.ID == "":
		return u.Name
	}
	return u.Name + " (" + u.ID + ")"
}

// lockColumns are the columns of a list of locks; those of our own runs have two more.
func lockColumns(ours bool) []string {
	columns := []string{"record_id", "module", "action", "reason", "lock_id", "locked_by", "locked_time", "source"}
	if ours {
		columns = append(columns, "age", "run")
	}
	return columns
}

func (r lockRow) cells(ours bool) []string {
	cells := []string{r.RecordID, r.Module, string(r.Action), r.Reason, r.LockID, r.LockedBy, r.LockedTime, r.Source}
	if ours {
		cells = append(cells, r.Age, r.Run)
	}
	return cells
}

// lockWriter writes locks as a job file. Nothing is written before the first lock, or the end.
type lockWriter struct {
	w     io.Writer
	csv   *csvWriter // nil for JSON lines
	ours  bool
	begun bool
}

func newLockWriter(w io.Writer, e export, ours bool) *lockWriter {
	out := &lockWriter{w: w, ours: ours}
	if e.format != "jsonl" {
		out.csv = newCSVWriter(w, e.raw)
		out.csv.shown = e.shown
	}
	return out
}

func (o *lockWriter) begin() error {
	if o.begun || o.csv == nil {
		return nil
	}
	o.begun = true
	return o.csv.write(lockColumns(o.ours)...)
}

func (o *lockWriter) write(r lockRow) error {
	if err := o.begin(); err != nil {
		return err
	}
	if o.csv == nil {
		return writeJSON(o.w, r)
	}
	return o.csv.write(r.cells(o.ours)...)
}

// end writes out what is still held back, and the header above no lock at all unless it was an error that
// ended the list.
func (o *lockWriter) end(broken error) error {
	if o.csv == nil {
		return nil
	}
	if broken == nil {
		if err := o.begin(); err != nil {
			return err
		}
	}
	return o.csv.flush()
}
