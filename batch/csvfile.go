package batch

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/gocarina/gocsv"
)

// restLabel is the name under which gocsv sees every column that claims no field.
const restLabel = "rest"

// csvRow is a record of a CSV job file as gocsv fills it in.
type csvRow struct {
	RecordID string `csv:"record_id"`
	Module   string `csv:"module"`
	Action   string `csv:"action"`
	Reason   string `csv:"reason"`
	LockID   string `csv:"lock_id"`
	Rest     rest   `csv:"rest"`
}

// rest collects the columns that claim no field, in their order: gocsv gives it one after another.
type rest []string

// UnmarshalCSV takes the next column's text.
func (r *rest) UnmarshalCSV(text string) error {
	*r = append(*r, text)
	return nil
}

func (row *csvRow) field(f field) string {
	switch f {
	case fieldRecordID:
		return row.RecordID
	case fieldModule:
		return row.Module
	case fieldAction:
		return row.Action
	case fieldReason:
		return row.Reason
	}
	return row.LockID
}

// csvReader reads the records of one CSV job file.
type csvReader struct {
	*reading
	records *recordReader
	rows    *gocsv.Unmarshaller
	layout  layout
	current record
}

// readCSV reads a CSV job file to its end.
func (r *reading) readCSV(lines *lineReader) error {
	comma, err := r.delimiter(lines)
	if err != nil || r.refusal != nil {
		return err
	}
	r.sum.Delimiter = comma
	c := &csvReader{reading: r, records: &recordReader{lines: lines, comma: comma}}
	if err := c.readHeader(); err != nil || r.refusal != nil && c.layout.at[fieldRecordID] < 0 {
		return err
	}
	for {
		err := c.readRow()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// delimiter finds out what separates fields, and leaves the header as the next line.
func (r *reading) delimiter(lines *lineReader) (rune, error) {
	header, err := firstLine(lines)
	if errors.Is(err, io.EOF) {
		r.refuse(Fault{Code: FaultEmptyFile, Message: "the file is empty", Hint: "check the export: even a file without rows has a header"})
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	comma, stated := separatorLine(header)
	if stated {
		if r.o.Delimiter != 0 {
			comma = r.o.Delimiter
		}
		return comma, nil
	}
	defer lines.giveBack(header, lines.line-1)
	if r.o.Delimiter != 0 {
		return r.o.Delimiter, nil
	}
	comma, unclear := delimiterOf(header, r.o)
	if unclear != nil {
		unclear.Line = lines.line
		r.refuse(*unclear)
	}
	return comma, nil
}

// firstLine is the first line that is not blank, good beyond the next call.
func firstLine(lines *lineReader) ([]byte, error) {
	for {
		line, err := lines.next()
		if errors.Is(err, errTooLong) {
			return nil, headerTooLong(lines.line, lines.limit)
		}
		if err != nil || !blankLine(line, 0) {
			return bytes.Clone(line), err
		}
	}
}

func headerTooLong(line, limit int) *FileError {
	return &FileError{Line: line, Code: FaultRecordTooLong, Message: fmt.Sprintf("the first line has more than %d bytes", limit),
		Hint: "is this a CSV file with a header? --max-record raises the limit"}
}

// readHeader has gocsv read the header, then gives it the columns' meaning in place of their names.
func (c *csvReader) readHeader() error {
	in := csv.NewReader(c.records)
	in.Comma = c.records.comma
	c.records.begin()
	rows, err := gocsv.NewUnmarshaller(in, &csvRow{})
	if err != nil {
		return c.badHeader(err)
	}
	in.ReuseRecord = true // from here on: gocsv keeps the header
	c.rows = rows
	names := rows.Headers
	if len(names) > c.o.MaxColumns {
		c.layout.at[fieldRecordID] = -1
		c.refuse(Fault{Line: c.records.start, Code: FaultTooManyColumns,
			Message: fmt.Sprintf("%d columns; at most %d are taken", len(names), c.o.MaxColumns),
			Hint:    "leave columns out, or raise --max-columns"})
		return nil
	}
	l, faults := newLayout(names, c.o)
	c.layout, c.idsOf = l, l.idsOf
	for f := range fieldCount {
		c.columns[f] = l.columnOf(f)
	}
	if len(faults) == 0 || faults[0].Code != FaultNoHeader { // what is no header lacks everything
		faults = append(faults, c.unsupplied()...)
		faults = append(faults, c.unknownPlaceholders()...)
	}
	for _, f := range faults {
		f.Line = c.records.start
		c.refuse(f)
	}
	c.sum.Header, c.sum.AddedColumns = l.header()
	c.carry = c.carryCells
	return rows.RenormalizeHeaders(func([]string) []string { return l.labels() })
}

// badHeader makes a fault of a header that is no CSV.
func (c *csvReader) badHeader(err error) error {
	c.layout.at[fieldRecordID] = -1
	var syntax *csv.ParseError
	switch {
	case c.records.tooLong:
		return headerTooLong(c.records.start, c.o.MaxRecord)
	case errors.As(err, &syntax):
		p := c.misquoted()
		c.refuse(Fault{Line: c.records.start, Code: p.code, Message: p.message, Hint: p.hint})
		return nil
	case errors.Is(err, io.EOF): // a first line sep=; and nothing after it
		c.refuse(Fault{Code: FaultEmptyFile, Message: "the file has no header", Hint: "check the export"})
		return nil
	}
	return asFileError(err)
}

// unsupplied finds the fields that every row needs and neither a column nor a flag gives.
func (c *csvReader) unsupplied() []Fault {
	var faults []Fault
	for _, need := range []struct {
		field field
		given bool
		code  string
		hint  string
	}{
		{fieldModule, c.o.Module != "", FaultModuleMissing, "add the column, or give --module Deals (say)"},
		{fieldAction, c.o.Action != "", FaultActionMissing, "add the column, or give --action lock (or unlock, update_reason)"},
	} {
		if need.given || c.layout.at[need.field] >= 0 {
			continue
		}
		c.missing[need.field] = true
		faults = append(faults, Fault{Column: need.field.String(), Code: need.code, Hint: need.hint,
			Message: fmt.Sprintf("no column holds the %s, and no flag gives it", need.field)})
	}
	return faults
}

// unknownPlaceholders finds the names in the flag's reason that no column goes by.
func (c *csvReader) unknownPlaceholders() []Fault {
	_, unknown := c.reason.fill(func(name string) (string, bool) {
		switch name {
		case "record_id", "module", "line", "run":
			return "", true
		}
		_, ok := c.layout.find(name)
		return "", ok
	})
	c.missing[fieldReason] = len(unknown) > 0
	faults := make([]Fault, len(unknown))
	for i, name := range unknown {
		faults[i] = Fault{Column: fieldReason.String(), Value: "{" + name + "}", Code: FaultReasonPlaceholder,
			Message: fmt.Sprintf("--reason names {%s}, and no column is called so", snippet(name)),
			Hint:    "the columns are " + listed(c.layout.names) + "; {record_id}, {module}, {line} and {run} are always there"}
	}
	return faults
}

// readRow reads and takes one record. The error is io.EOF at the end.
func (c *csvReader) readRow() error {
	c.records.begin()
	out, err := c.rows.Read()
	var syntax *csv.ParseError
	switch {
	case err == nil:
		return c.takeRow(out.(*csvRow))
	case errors.Is(err, io.EOF):
		return err
	case c.records.tooLong:
		return c.takeBroken(c.overlong())
	case errors.As(err, &syntax) && errors.Is(err, csv.ErrFieldCount):
		return c.takeBroken(c.ragged())
	case errors.As(err, &syntax):
		return c.takeBroken(c.misquoted())
	}
	return asFileError(err)
}

// takeRow hands a well-formed record on.
func (c *csvReader) takeRow(row *csvRow) error {
	rec := &c.current
	*rec = record{line: c.records.start, columns: &c.columns, value: c.cellNamed}
	rec.cells = make([]string, 0, len(c.layout.kept)+len(c.layout.added))
	next, empty := 0, true
	for i, f := range c.layout.claims {
		var text string
		if f == unclaimed {
			text = row.Rest[next]
			next++
		} else {
			text = row.field(f)
		}
		empty = empty && blankReason(text)
		if c.layout.results {
			if isOurs(c.layout.names[i]) {
				continue
			}
			text = unguard(text)
		}
		rec.cells = append(rec.cells, text)
		if f != unclaimed {
			rec.text[f], rec.has[f] = text, true
		}
	}
	if empty {
		rec.shape = []Fault{{Code: FaultRowEmpty, Message: "a row of empty fields", Hint: "delete the line"}}
	}
	return c.take(rec)
}

// takeBroken hands on a record that is no proper CSV, with what can be made out of its cells. Where
// it has swallowed lines, these are read anew as rows; SkipInvalid does not get past that, for they
// may as well be part of a text.
func (c *csvReader) takeBroken(p problem) error {
	rec := &c.current
	*rec = record{line: c.records.start, columns: &c.columns, value: c.cellNamed, shape: []Fault{p.fault("", strings.TrimRight(string(c.records.text), "\r\n"))}}
	rec.cells = c.salvage()
	if err := c.take(rec); err != nil {
		return err
	}
	if !c.records.multiline() || p.code == FaultRaggedRow {
		return nil
	}
	if c.o.SkipInvalid && c.refusal == nil {
		c.refusal = &Fault{Line: rec.line, Code: FileRowsUncertain, Hint: p.hint,
			Message: p.message + "; where the rows after it begin cannot be told, so that none can be skipped"}
	}
	c.records.rewind()
	return nil
}

// salvage splits a broken record leniently and fits it to the header.
func (c *csvReader) salvage() []string {
	fields := headerFields(c.records.text, c.records.comma)
	cells := make([]string, 0, len(c.layout.kept)+len(c.layout.added))
	for i, column := range c.layout.kept {
		text := ""
		if column < len(fields) {
			text = fields[column]
		}
		if i == len(c.layout.kept)-1 && len(fields) > len(c.layout.names) {
			text = strings.Join(fields[column:], string(c.records.comma))
		}
		cells = append(cells, text)
	}
	return cells
}

func (c *csvReader) overlong() problem {
	p := problem{FaultRecordTooLong, fmt.Sprintf("a record of more than %d bytes", c.o.MaxRecord),
		"shorten it, or raise --max-record"}
	if c.records.multiline() {
		p.message += fmt.Sprintf(", up to line %d; a quote is probably not closed", c.records.lines.line)
		p.hint = "close the quote on this line, or raise --max-record"
	}
	return p
}

func (c *csvReader) ragged() problem {
	got, want := len(headerFields(c.records.text, c.records.comma)), len(c.layout.names)
	p := problem{FaultRaggedRow, fmt.Sprintf("%s; the header names %s", counted(got, "field"), counted(want, "column")), "add what is missing"}
	if got > want {
		p.hint = fmt.Sprintf("put a value that holds %q in double quotes", c.records.comma)
	}
	return p
}

// counted is a number with its noun.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func (c *csvReader) misquoted() problem {
	if c.records.multiline() {
		return problem{FaultQuoteUnclosed, fmt.Sprintf("a quote opened here is not closed properly up to line %d", c.records.lines.line),
			"close the quote; a quote inside a quoted field is written twice"}
	}
	if strings.Count(string(c.records.text), `"`)%2 == 1 {
		return problem{FaultBareQuote, "a double quote stands alone", "put the whole field in double quotes and write a quote inside it twice"}
	}
	return problem{FaultBareQuote, "double quotes inside a field that is not wholly in quotes, or text beside it",
		"put the whole field in double quotes and write a quote inside it twice"}
}

// cellNamed gives the text of the column that a placeholder names.
func (c *csvReader) cellNamed(name string) (string, bool) {
	i, ok := c.layout.find(name)
	if !ok || i >= len(c.current.cells) {
		return "", false
	}
	return c.current.cells[i], true
}

// carryCells adds what flags supplied to a row's own cells.
func (c *csvReader) carryCells(rec *record, values [fieldCount]string) []string {
	for _, f := range c.layout.added {
		rec.cells = append(rec.cells, values[f])
	}
	return rec.cells
}

// unguard takes back the quote that results put before a cell which a spreadsheet would take for a
// formula, or that itself began with such a quote.
func unguard(text string) string {
	const triggers = "=+-@\t\r\n\x00＝＋－＠"
	rest, ok := strings.CutPrefix(text, "'")
	bare := strings.TrimLeft(rest, "'")
	if first, n := utf8.DecodeRuneInString(bare); ok && n > 0 && strings.ContainsRune(triggers, first) {
		return rest
	}
	return text
}
