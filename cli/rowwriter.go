package cli

import (
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"zlock/batch"
	"zlock/checkpoint"
)

// resultColumns are the columns that results add to those of the job file. They are fixed.
func resultColumns() []string {
	return []string{
		"zlock_line", "zlock_outcome", "zlock_code", "zlock_http", "zlock_message", "zlock_hint", "zlock_lock_id",
		"zlock_previous_reason", "zlock_attempts", "zlock_credits", "zlock_finished_at", "zlock_run",
	}
}

// rowWriter writes results in one format.
type rowWriter interface {
	begin() error
	write(checkpoint.RowReport) error
	end() error
}

func newRowWriter(w io.Writer, run batch.Run, e export) rowWriter {
	if e.format == "jsonl" {
		return &jsonlResults{w: w, run: run}
	}
	out := newCSVWriter(w, e.raw)
	out.shown = e.shown
	return &csvResults{w: out, run: run}
}

// csvResults writes a header and a line per row.
type csvResults struct {
	w   *csvWriter
	run batch.Run
}

// ownColumns are the job file's columns. One that was JSON lines has none: then the fields
// that make a row stand in columns, and the line's object in one more.
func (c *csvResults) ownColumns() []string {
	if c.run.Format == "jsonl" {
		return []string{"record_id", "module", "action", "reason", "lock_id", "input"}
	}
	return c.run.Header
}

func (c *csvResults) begin() error { return c.w.write(append(c.ownColumns(), resultColumns()...)...) }

func (c *csvResults) write(r checkpoint.RowReport) error {
	cells := make([]string, 0, len(c.run.Header)+18)
	if c.run.Format == "jsonl" {
		cells = append(cells, r.RecordID, r.Module, string(r.Action), r.Reason, jobLockID(r), inputOf(r))
	} else {
		cells = append(cells, r.Cells...)
		for len(cells) < len(c.run.Header) { // a faulty row may have fewer cells than the header
			cells = append(cells, "")
		}
	}
	return c.w.write(append(cells, resultCells(r, c.run.ID)...)...)
}

func (c *csvResults) end() error { return c.w.flush() }

// resultCells are the cells under resultColumns.
func resultCells(r checkpoint.RowReport, runID string) []string {
	return []string{
		strconv.Itoa(r.Line), string(r.Outcome), r.Code, orBlank(r.HTTP), r.Message, r.Hint, r.LockID,
		r.PreviousReason, strconv.Itoa(r.Attempts), strconv.Itoa(r.Credits), finishedAt(r), runID,
	}
}

// jsonlResults writes an object per row.
type jsonlResults struct {
	w   io.Writer
	run batch.Run
}

func (j *jsonlResults) begin() error { return nil }
func (j *jsonlResults) end() error   { return nil }

// jsonlRow is one line of results.
type jsonlRow struct {
	Input          json.RawMessage `json:"input"`
	Line           int             `json:"zlock_line"`
	Outcome        batch.Outcome   `json:"zlock_outcome"`
	Code           string          `json:"zlock_code"`
	HTTP           *int            `json:"zlock_http"`
	Message        string          `json:"zlock_message"`
	Hint           string          `json:"zlock_hint"`
	LockID         string          `json:"zlock_lock_id"`
	PreviousReason *string         `json:"zlock_previous_reason"`
	Attempts       int             `json:"zlock_attempts"`
	Credits        int             `json:"zlock_credits"`
	FinishedAt     *time.Time      `json:"zlock_finished_at"`
	Run            string          `json:"zlock_run"`
}

func (j *jsonlResults) write(r checkpoint.RowReport) error {
	row, err := j.row(r)
	if err != nil {
		return err
	}
	return writeJSON(j.w, row)
}

func (j *jsonlResults) row(r checkpoint.RowReport) (jsonlRow, error) {
	input, err := j.input(r)
	if err != nil {
		return jsonlRow{}, err
	}
	row := jsonlRow{
		Input: input, Line: r.Line, Outcome: r.Outcome, Code: r.Code, Message: r.Message, Hint: r.Hint,
		LockID: r.LockID, Attempts: r.Attempts, Credits: r.Credits,
		FinishedAt: instant(r.FinishedAt), Run: j.run.ID,
	}
	if r.HTTP != 0 {
		row.HTTP = &r.HTTP
	}
	if r.Previous != nil {
		row.PreviousReason = &r.PreviousReason
	}
	return row, nil
}

// input is the row as the job file had it: its object, or its columns with their texts.
func (j *jsonlResults) input(r checkpoint.RowReport) (json.RawMessage, error) {
	if j.run.Format == "jsonl" {
		text := inputOf(r)
		if json.Valid([]byte(text)) {
			return json.RawMessage(text), nil
		}
		return encodeJSON(text) // a line that was no JSON, kept as it stood
	}
	out := []byte{'{'}
	for i, name := range uniqueNames(j.run.Header) {
		cell := ""
		if i < len(r.Cells) {
			cell = r.Cells[i]
		}
		key, err := encodeJSON(name)
		if err != nil {
			return nil, err
		}
		value, err := encodeJSON(cell)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, key...), ':'), value...)
	}
	return append(out, '}'), nil
}

// uniqueNames numbers the names that stand in a header more than once, and names those that
// are empty: an object's keys must differ.
func uniqueNames(header []string) []string {
	seen := map[string]bool{}
	for _, name := range header {
		seen[name] = false
	}
	out := make([]string, len(header))
	for i, name := range header {
		candidate := name
		if name == "" {
			candidate = "column " + strconv.Itoa(i+1)
		}
		for n := 2; ; n++ {
			taken, known := seen[candidate]
			if !taken && (candidate == name || !known) {
				break
			}
			candidate = orElse(name, "column "+strconv.Itoa(i+1)) + " " + strconv.Itoa(n)
		}
		seen[candidate] = true
		out[i] = candidate
	}
	return out
}

func inputOf(r checkpoint.RowReport) string {
	if len(r.Cells) == 0 {
		return "{}"
	}
	return r.Cells[0]
}

// jobLockID is the lock that the job file's line named; the one that was dealt with stands under
// zlock_lock_id.
func jobLockID(r checkpoint.RowReport) string {
	var input map[string]any
	if json.Unmarshal([]byte(inputOf(r)), &input) != nil {
		return ""
	}
	for key, value := range input {
		switch strings.NewReplacer(" ", "", "_", "", "-", "").Replace(strings.ToLower(key)) {
		case "lockid", "recordlockingid":
			if text, ok := value.(string); ok {
				return text
			}
		}
	}
	return ""
}

func orBlank(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func finishedAt(r checkpoint.RowReport) string {
	if r.FinishedAt.IsZero() {
		return ""
	}
	return r.FinishedAt.UTC().Format("2006-01-02T15:04:05.000Z")
}
