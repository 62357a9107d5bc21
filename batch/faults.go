package batch

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Fault is one thing that is wrong with a job file: where it is, what it is, and what to do.
type Fault struct {
	Line    int    `json:"line"`             // physical line on which the record starts; 0 for the file as a whole
	Column  string `json:"column,omitempty"` // the column's own name, or the field's where no column claims it
	Value   string `json:"value,omitempty"`  // what stands there, valid UTF-8, cut to about 60 characters
	Code    string `json:"code"`             // one of the Fault… words; scripts may rely on them
	Message string `json:"message"`          // what is wrong
	Hint    string `json:"hint,omitempty"`   // what to do about it
	Seq     int64  `json:"row,omitempty"`    // the row's position among the rows; 0 for the file as a whole
}

// Faults of the file as a whole. Good rows cannot be told apart from bad ones while one of these
// stands, so that SkipInvalid does not get past them.
const (
	FaultEmptyFile         = "EMPTY_FILE"         // no bytes, or blank lines only
	FaultNoRows            = "NO_ROWS"            // a header and nothing under it
	FaultNoHeader          = "NO_HEADER"          // the first line is a row, not column names
	FaultColumnMissing     = "COLUMN_MISSING"     // no column holds the record's id, or one that Map names is not there
	FaultFieldTwice        = "FIELD_TWICE"        // two columns, or two JSON keys of a row, claim one field
	FaultDelimiter         = "DELIMITER_UNCLEAR"  // the header line reads as well with another delimiter
	FaultTooManyColumns    = "TOO_MANY_COLUMNS"   // more than ReadOptions.MaxColumns
	FaultModuleMissing     = "MODULE_MISSING"     // no module in the row (or no such column) and none from a flag
	FaultActionMissing     = "ACTION_MISSING"     // no action in the row (or no such column) and none from a flag
	FaultReasonPlaceholder = "REASON_PLACEHOLDER" // the flag's reason names a column that is not there
	FaultIDsDamaged        = "IDS_DAMAGED"        // a spreadsheet has rounded the ids to 15 digits
)

// Faults of one row.
const (
	FaultRaggedRow     = "RAGGED_ROW"      // more or fewer fields than the header names
	FaultBareQuote     = "BARE_QUOTE"      // a quote inside an unquoted field, or text after a closing one
	FaultQuoteUnclosed = "QUOTE_UNCLOSED"  // a quoted field that does not end as one
	FaultRecordTooLong = "RECORD_TOO_LONG" // more than ReadOptions.MaxRecord bytes
	FaultRowEmpty      = "ROW_EMPTY"       // delimiters and nothing between them

	FaultIDMissing       = "ID_MISSING"
	FaultIDDamaged       = "ID_DAMAGED"        // scientific notation: digits are lost
	FaultIDDecimal       = "ID_DECIMAL"        // 123.0
	FaultIDFormula       = "ID_FORMULA"        // ="123"
	FaultIDQuoted        = "ID_QUOTED"         // '123
	FaultIDSeparators    = "ID_SEPARATORS"     // 1,234,567
	FaultIDSigned        = "ID_SIGNED"         // -1, +1
	FaultIDForeignDigits = "ID_FOREIGN_DIGITS" // full-width, Arabic-Indic, …
	FaultIDInvisible     = "ID_INVISIBLE"      // zero-width characters, no-break spaces, controls
	FaultIDZero          = "ID_ZERO"           // 0, or a leading zero
	FaultIDTooLong       = "ID_TOO_LONG"       // more than 19 digits, or above int64
	FaultIDHeader        = "ID_HEADER"         // a header line among the rows
	FaultIDOfModule      = "ID_OF_MODULE"      // the column's name says that the ids are another module's
	FaultIDNotDigits     = "ID_NOT_DIGITS"     // anything else

	FaultModuleMalformed = "MODULE_MALFORMED"
	FaultActionUnknown   = "ACTION_UNKNOWN"
	FaultReasonMissing   = "REASON_MISSING"
	FaultReasonTooLong   = "REASON_TOO_LONG"
	FaultReasonControl   = "REASON_CONTROL"
	FaultConflict        = "CONFLICT" // the same record, asked for something else by an earlier line

	FaultJSONSyntax    = "JSON_SYNTAX"
	FaultJSONNotObject = "JSON_NOT_OBJECT"
	FaultJSONTrailing  = "JSON_TRAILING"  // text or another object after the object
	FaultJSONKeyTwice  = "JSON_KEY_TWICE" // the very same key twice
	FaultJSONDepth     = "JSON_DEPTH"     // nested deeper than 32
	FaultJSONSurrogate = "JSON_SURROGATE" // half of a UTF-16 pair
	FaultJSONNul       = "JSON_NUL"       // \u0000
	FaultJSONType      = "JSON_TYPE"      // a field that is no string
)

// Codes of a FileError: the file cannot be read at all, or not to its end.
const (
	FileNotFound      = "FILE_NOT_FOUND"
	FileNotRegular    = "FILE_NOT_REGULAR" // a directory, a device, a socket
	FileUnreadable    = "FILE_UNREADABLE"  // the system's own error is wrapped
	FileTooLarge      = "FILE_TOO_LARGE"
	FileTooManyRows   = "TOO_MANY_ROWS"
	FileNotUTF8       = "NOT_UTF8"
	FileNul           = "NUL_BYTE"
	FileUTF16         = "UTF16_WITHOUT_BOM"
	FileUTF16Broken   = "UTF16_BROKEN"
	FileUTF32         = "UTF32"
	FileLoneCR        = "LONE_CR"
	FileCtrlZ         = "CTRL_Z"
	FileNotText       = "NOT_TEXT" // a workbook, an archive, a PDF, …
	FileHTML          = "HTML"
	FileGzipBroken    = "GZIP_BROKEN"
	FileGzipBomb      = "GZIP_BOMB"
	FileJSONInCSV     = "JSON_IN_CSV"
	FileNotJSONL      = "NOT_JSONL" // a .jsonl file whose lines are not JSON
	FileJSONArray     = "JSON_ARRAY"
	FileJSONSpread    = "JSON_SPREAD"    // one object over several lines
	FileRowsUncertain = "ROWS_UNCERTAIN" // SkipInvalid, and where rows begin and end cannot be told
)

// FileError says why a job file cannot be read: nothing of it may be sent.
type FileError struct {
	Line    int    // physical line; 0 where it concerns the file as a whole
	Code    string // one of the File… or Fault… words
	Message string
	Hint    string
	Err     error // the system's own error, if that was it
}

// Error gives the line and what is wrong, not the hint.
func (e *FileError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("line %d: %s", e.Line, e.Message)
	}
	return e.Message
}

// Unwrap gives the system's own error.
func (e *FileError) Unwrap() error { return e.Err }

// OptionError says that a ReadOptions field, given by a flag, makes no sense: a mistake of usage,
// found before the file is looked at.
type OptionError struct {
	Option  string // the flag's name without dashes: module, action, reason, map, delimiter
	Value   string
	Code    string
	Message string
	Hint    string
}

// Error names the flag and what is wrong with it.
func (e *OptionError) Error() string {
	return fmt.Sprintf("--%s: %s", e.Option, e.Message)
}

// problem is what is wrong with one value, before it is known where the value stands.
type problem struct {
	code, message, hint string
}

// fault is the problem where it stands; its line comes later.
func (p *problem) fault(column, value string) Fault {
	return Fault{Column: column, Value: value, Code: p.code, Message: p.message, Hint: p.hint}
}

// snippet makes a value fit for a Fault: valid UTF-8, no longer than about 60 characters.
func snippet(s string) string {
	const most = 60
	if len(s) > 8*most {
		s = s[:8*most]
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	runes := []rune(s)
	return string(runes[:most-1]) + "…"
}

// listed joins names for a sentence, the first twelve of them.
func listed(names []string) string {
	const most = 12
	quoted := make([]string, 0, most+1)
	for i, name := range names {
		if i == most {
			quoted = append(quoted, fmt.Sprintf("and %d more", len(names)-most))
			break
		}
		quoted = append(quoted, fmt.Sprintf("%q", snippet(name)))
	}
	if len(quoted) == 0 {
		return "nothing"
	}
	return strings.Join(quoted, ", ")
}
