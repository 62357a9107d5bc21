package batch

import (
	"context"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// The limits of a job file unless ReadOptions says otherwise.
const (
	DefaultMaxColumns = 1024
	DefaultMaxRecord  = 64 << 10 // bytes
	DefaultMaxRows    = 5_000_000
	DefaultMaxBytes   = 2 << 30 // of the file, and of its text where it is compressed
)

// sampleRows is how many good rows a Summary shows.
const sampleRows = 5

// ReadOptions say how a job file is to be understood. The zero value takes a file that says
// everything itself.
type ReadOptions struct {
	Module string // supplies the module where a row names none
	Action Action // supplies the action where a row names none
	Reason string // supplies the reason where a row gives none; may hold placeholders

	Map map[string]string // field (see FieldNames) to the column that holds it

	IDsChecked  bool // the ids are right although many end in zeros
	AllowEmpty  bool // a file without rows is no fault
	SkipInvalid bool // faulty rows become Invalid and the others go on
	Sequence    bool // different actions on one record are carried out in file order

	TagReason bool   // append the row's mark to each reason
	RunID     string // fills {run}, and is part of the mark

	Delimiter  rune  // of a CSV file; 0 is told from the header line
	MaxColumns int   // 0 is DefaultMaxColumns
	MaxRecord  int   // bytes; 0 is DefaultMaxRecord
	MaxRows    int   // 0 is DefaultMaxRows
	MaxBytes   int64 // 0 is DefaultMaxBytes

	MaxFaults int         // how many faults OnFault is told of (counting goes on); 0 is all
	OnFault   func(Fault) // told of each fault as it is found; conflicts come last

	TempDir string // for standard input and for sorting large files; "" is the system's
}

// Sink takes the rows of a job file, as the checkpoint's enrolment does.
type Sink interface {
	// Add takes the next row, in file order. Its Outcome is Pending; or, under SkipInvalid,
	// Invalid with Code, Message and Hint: then RecordID, Module and Action are "" where the
	// faulty text gave none that is valid, and Cells hold what the line said.
	Add(Row) error
	// Mark says what was learnt of a row once all were added: a Duplicate, a conflict (Invalid),
	// or, with outcome Pending, that the row seq must come after the row after.
	Mark(seq int64, o Outcome, code, message string, after int64) error
}

// ModuleAction is what rows are counted by.
type ModuleAction struct {
	Module string
	Action Action
}

// Summary is what a job file turned out to hold.
type Summary struct {
	Rows           int64                  // all rows, faulty ones and duplicates included
	Faults         int64                  // all faults, those that OnFault was not told of included
	Invalid        int64                  // rows with faults
	Duplicates     int64                  // rows that repeat an earlier one
	ByModuleAction map[ModuleAction]int64 // rows to be carried out
	Sample         []Row                  // the first five good rows
	Warnings       []string               // what is odd and no fault: sentences for a person

	// Header names the cells of every row: the file's own columns without zlock_*, then AddedColumns.
	// Rows of a JSONL file have one cell, "input": the line's object as it stands, without zlock_*,
	// and with what flags supplied put in.
	Header       []string
	AddedColumns []string // of "module", "action", "reason": those that a flag supplied and a CSV file lacks

	Format    string // "csv" or "jsonl"
	Gzip      bool
	Encoding  string // "utf-8", "utf-8-bom", "utf-16le", "utf-16be"
	Delimiter rune   // of a CSV file
	SHA256    string // of the file's bytes, hex
	Bytes     int64  // of the file
}

// Read reads and checks a whole job file. Faults are counted and told to o.OnFault; they are no
// error. Rows go to sink (which may be nil: nothing is kept then) as they are read, until the first
// fault; with o.SkipInvalid all of them do. The caller throws away what a sink was given when the
// Summary counts faults and o.SkipInvalid is not set, or when there is an error.
//
// The error is an *OptionError, a *FileError (the file cannot be read; or, under SkipInvalid, has a
// fault that cannot be skipped), ctx's, or the sink's own, each wrapped.
func Read(ctx context.Context, src Source, o ReadOptions, sink Sink) (Summary, error) {
	if err := o.Validate(); err != nil {
		return Summary{}, err
	}
	r := newReading(ctx, o.withDefaults(), sink)
	defer r.pairs.close()
	err := r.read(src)
	if err != nil {
		return r.sum, fmt.Errorf("read job file: %w", err)
	}
	return r.sum, nil
}

// Validate looks at the options themselves. The error is an *OptionError.
func (o ReadOptions) Validate() error {
	for _, check := range []func() *OptionError{
		o.checkModule, o.checkAction, o.checkReason, o.checkMap, o.checkDelimiter,
	} {
		if e := check(); e != nil {
			return e
		}
	}
	return nil
}

func (o ReadOptions) checkModule() *OptionError {
	if o.Module == "" {
		return nil
	}
	_, p := parseModule(o.Module)
	return optionError("module", o.Module, p)
}

func (o ReadOptions) checkAction() *OptionError {
	if o.Action == "" {
		return nil
	}
	_, p := parseAction(string(o.Action))
	return optionError("action", string(o.Action), p)
}

func (o ReadOptions) checkReason() *OptionError {
	if o.Reason == "" {
		return nil
	}
	if !utf8.ValidString(o.Reason) {
		return optionError("reason", o.Reason, &problem{FileNotUTF8, "not UTF-8", "give the text in UTF-8"})
	}
	if blankReason(o.Reason) {
		return optionError("reason", o.Reason, &problem{FaultReasonMissing, "only white space", "say why, in words"})
	}
	return optionError("reason", o.Reason, checkControls(o.Reason))
}

func (o ReadOptions) checkMap() *OptionError {
	for name, column := range o.Map {
		if _, known := fieldNamed(name); !known {
			return &OptionError{
				Option: "map", Value: name, Code: FaultColumnMissing,
				Message: fmt.Sprintf("no field is called %q", snippet(name)),
				Hint:    "the fields are " + strings.Join(FieldNames(), ", "),
			}
		}
		if column == "" {
			return &OptionError{
				Option: "map", Value: name, Code: FaultColumnMissing,
				Message: fmt.Sprintf("no column is named for %s", name),
				Hint:    "write --map " + name + "=Column",
			}
		}
	}
	return nil
}

func (o ReadOptions) checkDelimiter() *OptionError {
	switch o.Delimiter {
	case 0, ',', ';', '\t', '|':
		return nil
	}
	return &OptionError{
		Option: "delimiter", Value: string(o.Delimiter), Code: FaultDelimiter,
		Message: fmt.Sprintf("%q is not taken", o.Delimiter),
		Hint:    "one of , ; | and the tab character",
	}
}

func optionError(option, value string, p *problem) *OptionError {
	if p == nil {
		return nil
	}
	return &OptionError{Option: option, Value: snippet(value), Code: p.code, Message: p.message, Hint: p.hint}
}

func (o ReadOptions) withDefaults() ReadOptions {
	if o.MaxColumns <= 0 {
		o.MaxColumns = DefaultMaxColumns
	}
	if o.MaxRecord <= 0 {
		o.MaxRecord = DefaultMaxRecord
	}
	if o.MaxRows <= 0 {
		o.MaxRows = DefaultMaxRows
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	if o.Module != "" {
		o.Module, _ = parseModule(o.Module)
	}
	if o.Action != "" {
		o.Action, _ = parseAction(string(o.Action))
	}
	return o
}

// read goes through the file once, then settles what only the whole of it can tell.
func (r *reading) read(src Source) error {
	if src.size > r.o.MaxBytes {
		return tooLarge(r.o.MaxBytes)
	}
	raw := newHashing(src.reader())
	text, err := decode(raw, r.o.MaxBytes, r.o.MaxRecord)
	if err != nil {
		return err
	}
	r.sum.Gzip, r.sum.Encoding = text.gzip, text.encoding
	r.sum.Format, err = r.format(src, text)
	if err != nil {
		return err
	}
	lines := newLines(text.reader, r.o.MaxRecord)
	if r.sum.Format == "jsonl" {
		err = r.readJSONL(lines)
	} else {
		err = r.readCSV(lines)
	}
	if err != nil {
		return err
	}
	// What a decoder had no use for still belongs to the file's bytes.
	if _, err := io.Copy(io.Discard, raw); err != nil {
		return unreadable(err)
	}
	r.sum.SHA256, r.sum.Bytes = raw.sum(), raw.n
	return r.finish()
}

// format tells CSV from JSONL: by the name, else by the first byte that is no blank.
func (r *reading) format(src Source, text decoded) (string, error) {
	first, err := text.first()
	if err != nil {
		return "", err
	}
	switch named := src.format(); {
	case named == "csv" && (first == '{' || first == '['):
		return "", &FileError{Line: 1, Code: FileJSONInCSV, Message: "holds JSON, though its name says CSV",
			Hint: "JSON lines go by .jsonl or .ndjson: rename the file"}
	case named != "":
		return named, nil
	case first == '{', first == 0: // nothing at all is JSON lines without a line
		return "jsonl", nil
	case first == '[':
		return "", jsonArray()
	}
	return "csv", nil
}
