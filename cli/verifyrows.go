package cli

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"zlock/audit"
	"zlock/batch"
	"zlock/zoho"
)

// verifyColumns are those of the files that verify writes. They are fixed.
func verifyColumns() []string {
	return []string{
		"line", "record_id", "module", "outcome", "what", "expected", "found",
		"lock_id", "found_lock_id", "reason", "found_reason", "found_source", "found_by", "found_locked_at",
		"modified_at", "modified_by", "edited", "note",
	}
}

// verifyWriter takes what is found, row by row.
type verifyWriter interface {
	begin() error
	write(*audit.Finding) error
	end() error
	drop() // lets go of what it holds; after end it does nothing
}

func (x *verifying) writer(w io.Writer, format string) verifyWriter {
	switch format {
	case "csv":
		out := newCSVWriter(w, x.file.raw)
		out.shown = x.file.shown
		return &verifyCSV{out}
	case "jsonl":
		return &verifyJSONL{w}
	case "json":
		return &verifyJSON{x: x, w: w}
	}
	return tee{}
}

// tee writes to several; none at all takes everything.
type tee []verifyWriter

func (t tee) each(f func(verifyWriter) error) error {
	var errs error
	for _, w := range t {
		errs = errors.Join(errs, f(w))
	}
	return errs
}

func (t tee) begin() error { return t.each(verifyWriter.begin) }
func (t tee) end() error   { return t.each(verifyWriter.end) }
func (t tee) write(f *audit.Finding) error {
	return t.each(func(w verifyWriter) error { return w.write(f) })
}
func (t tee) drop() {
	for _, w := range t {
		w.drop()
	}
}

// verifyCSV writes a header and a line a row.
type verifyCSV struct{ w *csvWriter }

func (c *verifyCSV) begin() error { return c.w.write(verifyColumns()...) }
func (c *verifyCSV) end() error   { return c.w.flush() }
func (c *verifyCSV) drop()        {}

func (c *verifyCSV) write(f *audit.Finding) error {
	var lock zoho.Lock
	if f.Lock != nil {
		lock = *f.Lock
	}
	return c.w.write(
		strconv.Itoa(f.Line), f.RecordID, f.Module, string(f.Outcome), string(f.What), f.Expected.Word(), f.Found(),
		f.Expected.LockID, lock.ID, f.Expected.Reason, lock.Reason, string(lock.Source), personText(lock.By), stampText(lock.At),
		stampText(f.ModifiedAt), personText(f.ModifiedBy), string(f.Edit), f.Note,
	)
}

// stampText is a moment as files have it; "" for none.
func stampText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// verifyRow is what was found of a row, as a line of JSON.
type verifyRow struct {
	Line       int           `json:"line"`
	RecordID   string        `json:"record_id"`
	Module     string        `json:"module"`
	Outcome    batch.Outcome `json:"outcome"`
	Symbol     string        `json:"symbol"`
	What       audit.What    `json:"what"`
	Expected   *string       `json:"expected"`
	Found      *string       `json:"found"`
	LockID     *string       `json:"lock_id"`
	Reason     *string       `json:"reason"`
	Lock       *lockFound    `json:"found_lock"`
	ModifiedAt *time.Time    `json:"modified_at"`
	ModifiedBy *person       `json:"modified_by"`
	Edited     *string       `json:"edited"`
	Note       *string       `json:"note"`
}

// lockFound is a lock as it is now.
type lockFound struct {
	ID       string     `json:"id"`
	Reason   *string    `json:"reason"`
	Source   *string    `json:"source"`
	LockedBy *person    `json:"locked_by"`
	LockedAt *time.Time `json:"locked_at"`
}

func newVerifyRow(f *audit.Finding) verifyRow {
	row := verifyRow{
		Line: f.Line, RecordID: f.RecordID, Module: f.Module, Outcome: f.Outcome, Symbol: f.What.Symbol(), What: f.What,
		Expected: told(f.Expected.Word()), Found: told(f.Found()), LockID: told(f.Expected.LockID), Reason: told(f.Expected.Reason),
		ModifiedAt: instant(f.ModifiedAt), ModifiedBy: newPerson(f.ModifiedBy), Edited: told(string(f.Edit)), Note: told(f.Note),
	}
	if l := f.Lock; l != nil {
		row.Lock = &lockFound{l.ID, told(l.Reason), told(string(l.Source)), newPerson(l.By), instant(l.At)}
	}
	return row
}

// verifyJSONL writes an object a row.
type verifyJSONL struct{ w io.Writer }

func (j *verifyJSONL) begin() error                 { return nil }
func (j *verifyJSONL) end() error                   { return nil }
func (j *verifyJSONL) drop()                        {}
func (j *verifyJSONL) write(f *audit.Finding) error { return writeJSON(j.w, newVerifyRow(f)) }

// verifyJSON writes one document, the differences as they are found. What else is listed waits in files
// until the differences are all there: there may be a million of each.
type verifyJSON struct {
	x              *verifying
	w              io.Writer
	n              int // differences written
	unread, edited spool
}

func (j *verifyJSON) begin() error {
	head, err := encodeJSON(j.x.head())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(j.w, `%s,"differences":[`, bytes.TrimSuffix(head, []byte("}")))
	return err
}

func (j *verifyJSON) write(f *audit.Finding) error {
	differs, unread, early := f.What.Difference(), f.What == audit.Unread, editedEarly(f)
	if !differs && !unread && !early {
		return nil
	}
	text, err := encodeJSON(newVerifyRow(f))
	if err == nil && differs {
		err = item(j.w, &j.n, text)
	}
	if err == nil && unread {
		err = j.unread.add(text)
	}
	if err == nil && early {
		err = j.edited.add(text)
	}
	return err
}

// editedEarly reports a record that was edited after the cut-off, and not surely after its lock.
func editedEarly(f *audit.Finding) bool {
	return f.Edit == audit.BeforeLock || f.Edit == audit.AfterCutoff
}

// item writes one more of a list.
func item(w io.Writer, n *int, text []byte) error {
	if *n++; *n > 1 {
		text = append([]byte(","), text...)
	}
	_, err := w.Write(text)
	return err
}

func (j *verifyJSON) end() error {
	tail, err := encodeJSON(j.x.tail())
	if err != nil {
		return err
	}
	for _, list := range []struct {
		name string
		of   *spool
	}{{"unread", &j.unread}, {"edited", &j.edited}} {
		if _, err := fmt.Fprintf(j.w, `],"%s":[`, list.name); err != nil {
			return err
		}
		if err := list.of.copyTo(j.w); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(j.w, "],%s\n", bytes.TrimPrefix(tail, []byte("{")))
	return err
}

func (j *verifyJSON) drop() {
	j.unread.drop()
	j.edited.drop()
}

// spool is a list that waits in a file of its own, readable by its owner alone.
type spool struct {
	file *os.File
	w    *bufio.Writer
	n    int
}

func (s *spool) add(text []byte) (err error) {
	if s.file == nil {
		if s.file, err = os.CreateTemp("", ".zlock-*"); err != nil {
			return err
		}
		s.w = bufio.NewWriter(s.file)
	}
	return item(s.w, &s.n, text)
}

func (s *spool) copyTo(w io.Writer) error {
	if s.file == nil {
		return nil
	}
	if err := s.w.Flush(); err != nil {
		return err
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err := io.Copy(w, s.file)
	return err
}

func (s *spool) drop() {
	if s.file != nil {
		_ = s.file.Close()
		_ = os.Remove(s.file.Name())
		s.file = nil
	}
}

// verifyHead is what the document begins with.
type verifyHead struct {
	Run        string     `json:"run"`
	JobFile    string     `json:"job_file"`
	SHA256     string     `json:"sha256"`
	Profile    string     `json:"profile"`
	Simulated  bool       `json:"simulated"`
	VerifiedAt *time.Time `json:"verified_at"`
	Quick      bool       `json:"quick"`
	Cutoff     *time.Time `json:"cutoff"`
}

// verifyTail is what it ends with.
type verifyTail struct {
	Rows           verifyCounts   `json:"rows"`
	Edits          editCounts     `json:"edits"`
	Configurations []verifyModule `json:"configurations"`
	Credits        int            `json:"credits"`
	Calls          int            `json:"calls"`
	Complete       bool           `json:"complete"`
}

type verifyCounts struct {
	x *verifying
}

// MarshalJSON writes the total, each What, and what is left out by its outcome.
func (c verifyCounts) MarshalJSON() ([]byte, error) {
	r := c.x.report
	out := fmt.Appendf(nil, `{"total":%d,"compared":%d,"differences":%d`, c.x.run.Total, r.Compared(), r.Differences())
	for _, w := range audit.Whats() {
		out = fmt.Appendf(out, `,"%s":%d`, w, r.Counts[w])
	}
	out = fmt.Appendf(out, `,"not_looked_at":%d,"not_compared_by_outcome":{`, c.x.run.Total-r.Rows)
	n := 0
	for _, o := range batch.Outcomes() {
		if left := r.Left[o]; left > 0 {
			if n++; n > 1 {
				out = append(out, ',')
			}
			out = fmt.Appendf(out, `"%s":%d`, o, left)
		}
	}
	return append(out, "}}"...), nil
}

type editCounts struct {
	AfterLock   int64 `json:"after_lock"`
	AtLock      int64 `json:"at_lock"`
	BeforeLock  int64 `json:"before_lock"`
	AfterCutoff int64 `json:"after_cutoff"`
}

// verifyModule is who can still edit what is locked in a module.
type verifyModule struct {
	Module         string     `json:"module"`
	Known          bool       `json:"known"`
	Why            *string    `json:"why_not"`
	Configured     *bool      `json:"configured"`
	LockedFor      *string    `json:"locked_for"`
	Profiles       []string   `json:"excluded_profiles"`
	Fields         []string   `json:"excluded_fields"`
	Actions        []string   `json:"restricted_actions"`
	Communications []string   `json:"restricted_communications"`
	Buttons        []string   `json:"restricted_buttons"`
	PortalUsers    *bool      `json:"portal_users_bound"`
	ChangedAt      *time.Time `json:"changed_at"`
	ChangedBy      *person    `json:"changed_by"`
	Changed        *bool      `json:"changed_since_run"`
}

func (x *verifying) head() verifyHead {
	return verifyHead{
		Run: x.run.ID, JobFile: x.run.JobFile, SHA256: x.run.SHA256, Profile: x.run.Profile, Simulated: x.run.Simulated,
		VerifiedAt: instant(x.verified), Quick: x.quick, Cutoff: instant(x.cutoff),
	}
}

func (x *verifying) tail() verifyTail {
	e := x.report.Edits
	t := verifyTail{
		Rows: verifyCounts{x}, Edits: editCounts{e[audit.AfterLock], e[audit.AtLock], e[audit.BeforeLock], e[audit.AfterCutoff]},
		Configurations: []verifyModule{}, Complete: x.stopped == nil,
	}
	t.Calls, t.Credits = x.spent()
	for _, s := range x.modules {
		t.Configurations = append(t.Configurations, x.moduleDocument(s))
	}
	return t
}

// spent is what the calls so far came to.
func (x *verifying) spent() (calls, credits int) {
	x.inquiry.mu.Lock()
	defer x.inquiry.mu.Unlock()
	q := x.inquiry
	return q.meter.Calls + q.others.Calls, q.meter.Credits + q.others.Credits
}

func (x *verifying) moduleDocument(s audit.Strength) verifyModule {
	m := verifyModule{Module: s.Module, Known: s.Err == nil}
	if s.Err != nil {
		m.Why = told(s.Err.Error())
		return m
	}
	if changed, known := s.Changed(x.run.StartedAt, x.offset()); known {
		m.Changed = &changed
	}
	c := s.Configuration
	configured := c != nil
	if m.Configured = &configured; c == nil {
		return m
	}
	m.LockedFor, m.PortalUsers, m.ChangedAt, m.ChangedBy = told(c.LockedFor), c.PortalUsers, instant(s.ChangedAt), newPerson(c.ModifiedBy)
	m.Profiles, m.Fields, m.Buttons = refTexts(c.Profiles), refTexts(c.Fields), refTexts(c.Buttons)
	m.Actions, m.Communications = append([]string{}, c.Actions...), append([]string{}, c.Communications...)
	return m
}

// refTexts are what refs name, as they are.
func refTexts(refs []zoho.Ref) []string {
	texts := make([]string, len(refs))
	for i, r := range refs {
		texts[i] = r.String()
	}
	return texts
}
