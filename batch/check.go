package batch

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// reading is one pass through a job file.
type reading struct {
	ctx     context.Context
	o       ReadOptions
	sink    Sink
	sum     Summary
	reason  template          // of the flag
	modules map[string]string // module texts seen, and what they mean
	ids     census
	origins origins
	idsOf   string // the module whose ids the column's name says they are; "" where it says none
	pairs   *pairs
	carry   carrier
	columns [fieldCount]string // the columns' names, for faults that concern many rows
	missing [fieldCount]bool   // fields with a fault of the whole file: not one a row as well
	refusal *Fault             // the first fault of the file as a whole
	told    int
}

// carrier gives the cells of a row once its values are known, with those that flags supplied.
type carrier func(rec *record, values [fieldCount]string) []string

// record is one row as its format's reader found it.
type record struct {
	line    int
	columns *[fieldCount]string // what the fields are called here
	text    [fieldCount]string
	has     [fieldCount]bool // fields that the row has a place for
	cells   []string
	value   func(name string) (string, bool) // what stands in a column
	shape   []Fault                          // what is wrong with its form: then its values are not looked at
}

func newReading(ctx context.Context, o ReadOptions, sink Sink) *reading {
	r := &reading{
		ctx: ctx, o: o, sink: sink, reason: parseTemplate(o.Reason),
		modules: map[string]string{}, pairs: newPairs(o.TempDir),
	}
	r.sum.ByModuleAction = map[ModuleAction]int64{}
	for f := range fieldCount {
		r.columns[f] = f.String()
	}
	return r
}

// take checks one record and hands it on.
func (r *reading) take(rec *record) error {
	r.sum.Rows++
	if r.sum.Rows%1024 == 0 && r.ctx.Err() != nil {
		return context.Cause(r.ctx)
	}
	if r.sum.Rows > int64(r.o.MaxRows) {
		return &FileError{Line: rec.line, Code: FileTooManyRows, Message: fmt.Sprintf("more than %d rows", r.o.MaxRows),
			Hint: "split the file, or raise --max-rows"}
	}
	c := r.check(rec)
	c.row.Cells = r.carry(rec, c.values)
	if len(c.faults) > 0 {
		return r.reject(c.row, c.faults)
	}
	return r.accept(c.row, c.words)
}

// checking is one record on its way to a Row.
type checking struct {
	*reading
	rec    *record
	row    Row
	values [fieldCount]string // as they count, flags considered
	words  wording
	faults []Fault
}

func (r *reading) check(rec *record) *checking {
	c := &checking{reading: r, rec: rec}
	c.row = Row{Seq: r.sum.Rows, Line: rec.line, Outcome: Pending}
	for _, f := range rec.shape {
		f.Line, f.Seq = rec.line, c.row.Seq
		c.faults = append(c.faults, f)
	}
	if len(rec.shape) > 0 {
		return c
	}
	c.recordID()
	c.module()
	c.action()
	c.lockID()
	c.reasonText()
	return c
}

// fault notes what is wrong with a field.
func (c *checking) fault(f field, value string, p *problem) {
	c.faults = append(c.faults, Fault{
		Line: c.rec.line, Seq: c.row.Seq, Column: c.rec.columns[f], Value: value,
		Code: p.code, Message: p.message, Hint: p.hint,
	})
}

func (c *checking) recordID() {
	id, p := parseID(c.rec.text[fieldRecordID])
	if p != nil {
		c.fault(fieldRecordID, c.rec.text[fieldRecordID], p)
		return
	}
	c.row.RecordID = id
	c.ids.count(id, c.rec.line, c.row.Seq)
	c.origins.count(id, c.rec.line, c.row.Seq)
}

func (c *checking) module() {
	text := c.rec.text[fieldModule]
	if strings.Trim(text, asciiBlanks) == "" {
		text = c.o.Module
	}
	if text == "" {
		if !c.missing[fieldModule] {
			c.fault(fieldModule, "", &problem{FaultModuleMissing, "no module", "fill the cell in, or give --module"})
		}
		return
	}
	name, seen := c.modules[text]
	if !seen {
		var p *problem
		if name, p = parseModule(text); p != nil {
			c.fault(fieldModule, text, p)
			return
		}
		if len(c.modules) < 1000 {
			c.modules[text] = name
		}
	}
	c.row.Module, c.values[fieldModule] = name, name
	if c.idsOf != "" && c.idsOf != name && isLockable(name) {
		c.fault(fieldRecordID, c.rec.text[fieldRecordID], &problem{FaultIDOfModule,
			fmt.Sprintf("the ids are those of %s, and the module is %s", c.idsOf, name),
			"correct the module, or say which column holds the record's id with --map record_id=Column"})
	}
}

func (c *checking) action() {
	text := c.rec.text[fieldAction]
	if strings.Trim(text, asciiBlanks) == "" {
		text = string(c.o.Action)
	}
	if text == "" {
		if !c.missing[fieldAction] {
			c.fault(fieldAction, "", &problem{FaultActionMissing, "no action", "fill the cell in, or give --action"})
		}
		return
	}
	a, p := parseAction(text)
	if p != nil {
		c.fault(fieldAction, text, p)
		return
	}
	c.row.Action, c.values[fieldAction] = a, string(a)
}

// lockID takes the optional lock id. A lock needs none: it makes its own.
func (c *checking) lockID() {
	text := c.rec.text[fieldLockID]
	if strings.Trim(text, asciiBlanks) == "" {
		return
	}
	id, p := parseID(text)
	if p != nil {
		c.fault(fieldLockID, text, &problem{p.code, strings.ReplaceAll(p.message, "record id", "lock id"),
			"a lock id is optional: mend it or leave it empty"})
		return
	}
	if c.row.Action == ActionUnlock || c.row.Action == ActionUpdateReason {
		c.row.LockID = id
	}
}

// reasonText fills in the reason of a row whose action needs one.
func (c *checking) reasonText() {
	if c.row.Action != ActionLock && c.row.Action != ActionUpdateReason {
		return
	}
	own, t := c.rec.text[fieldReason], c.reason
	if !blankReason(own) {
		t = template{{text: own}}
		if strings.IndexByte(own, '{') >= 0 {
			t = parseTemplate(own)
		}
	}
	filled, unknown := t.fill(c.placeholder)
	switch {
	case len(t) == 0:
		c.fault(fieldReason, own, &problem{FaultReasonMissing, "no reason; Zoho demands one for " + string(c.row.Action),
			"fill the cell in, or give --reason"})
		return
	case len(unknown) > 0 && blankReason(own) && c.missing[fieldReason]:
		return
	case len(unknown) > 0 && blankReason(own):
		c.fault(fieldReason, c.o.Reason, &problem{FaultReasonPlaceholder,
			fmt.Sprintf("--reason names {%s}, which this row does not have", snippet(unknown[0])), "correct the name, or add it to the row"})
		return
	case blankReason(filled):
		c.fault(fieldReason, own, &problem{FaultReasonMissing, "the reason is empty once its placeholders are filled in",
			"fill those cells in, or put words into the reason"})
		return
	}
	c.values[fieldReason], c.row.Reason = filled, filled
	if c.o.TagReason {
		c.row.Reason += reasonMark(c.o.RunID, c.row.Seq)
	}
	if p := checkReason(c.row.Reason); p != nil {
		c.fault(fieldReason, c.row.Reason, p)
		return
	}
	c.words = c.wording(t, filled)
}

// wording is what the reason is compared by. What differs from line to line by design is left out:
// the row's mark, and its line number.
func (c *checking) wording(t template, filled string) wording {
	if t.uses("line") {
		filled, _ = t.fill(func(name string) (string, bool) {
			if name == "line" {
				return "", false
			}
			return c.placeholder(name)
		})
	}
	return wordingOf(filled)
}

// placeholder gives what a name in braces stands for.
func (c *checking) placeholder(name string) (string, bool) {
	switch name {
	case "record_id":
		return c.row.RecordID, true
	case "module":
		return c.row.Module, true
	case "line":
		return strconv.Itoa(c.rec.line), true
	case "run":
		return c.o.RunID, true
	}
	return c.rec.value(name)
}

// reject accounts for a faulty row.
func (r *reading) reject(row Row, faults []Fault) error {
	r.sum.Invalid++
	messages := make([]string, len(faults))
	for i, f := range faults {
		messages[i] = f.Message
		r.tell(f)
	}
	row.Outcome, row.Code, row.Hint = Invalid, faults[0].Code, faults[0].Hint
	row.Message = strings.Join(messages, "; ")
	return r.give(row)
}

// accept accounts for a good row.
func (r *reading) accept(row Row, words wording) error {
	if len(r.sum.Sample) < sampleRows {
		r.sum.Sample = append(r.sum.Sample, row)
	}
	if row.Module != "" && row.Action != "" {
		r.tally(row.Module, row.Action, 1)
		if err := r.pairs.add(row, words); err != nil {
			return err
		}
	}
	return r.give(row)
}

// tally counts n more rows to carry out.
func (r *reading) tally(module string, action Action, n int64) {
	key := ModuleAction{module, action}
	r.sum.ByModuleAction[key] += n
	if r.sum.ByModuleAction[key] == 0 {
		delete(r.sum.ByModuleAction, key)
	}
}

// kept reports whether rows are still of use to the sink.
func (r *reading) kept() bool {
	return r.sink != nil && r.refusal == nil && (r.o.SkipInvalid || r.sum.Faults == 0)
}

func (r *reading) give(row Row) error {
	if !r.kept() {
		return nil
	}
	if err := r.sink.Add(row); err != nil {
		return fmt.Errorf("keep line %d: %w", row.Line, err)
	}
	return nil
}

// tell counts a fault and passes it on.
func (r *reading) tell(f Fault) {
	r.sum.Faults++
	if r.o.OnFault == nil || r.o.MaxFaults > 0 && r.told >= r.o.MaxFaults {
		return
	}
	r.told++
	f.Column, f.Value = snippet(f.Column), snippet(f.Value)
	r.o.OnFault(f)
}

// refuse takes note of a fault that no row can be skipped for.
func (r *reading) refuse(f Fault) {
	if r.refusal == nil {
		r.refusal = &f
	}
	r.tell(f)
}

// finish settles what only the whole file can tell.
func (r *reading) finish() error {
	if f, damaged := r.ids.fault(r.columns[fieldRecordID]); damaged && !r.o.IDsChecked {
		r.refuse(f)
	}
	if r.sum.Rows == 0 && r.refusal == nil && !r.o.AllowEmpty {
		r.refuse(Fault{Code: FaultNoRows, Message: "the file has no rows", Hint: "check the export; --allow-empty takes a file without rows"})
	}
	if err := r.settlePairs(); err != nil {
		return err
	}
	if odd, found := r.origins.warning(); found {
		r.sum.Warnings = append(r.sum.Warnings, odd)
	}
	if r.o.SkipInvalid && r.refusal != nil {
		return &FileError{Line: r.refusal.Line, Code: r.refusal.Code, Message: r.refusal.Message, Hint: r.refusal.Hint}
	}
	return nil
}
