package batch

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// field is one of the things that a job file says of a row.
type field int

const (
	fieldRecordID field = iota
	fieldModule
	fieldAction
	fieldReason
	fieldLockID
	fieldCount
)

func (f field) String() string { return FieldNames()[f] }

// FieldNames lists the fields that columns may claim, by the names that ReadOptions.Map takes.
func FieldNames() []string {
	return []string{"record_id", "module", "action", "reason", "lock_id"}
}

const asciiBlanks = " \t\r\n"

// plainName is a header's or a module's name without what people vary: case, blanks, _ and -, and
// the invisible characters that exports leave in headers.
func plainName(s string) string {
	return strings.Map(func(c rune) rune {
		if c == '_' || c == '-' || unicode.IsSpace(c) || unicode.Is(unicode.Cf, c) {
			return -1
		}
		return unicode.ToLower(c)
	}, s)
}

// fieldNamed finds the field that a header's name claims.
func fieldNamed(name string) (field, bool) {
	switch plainName(name) {
	case "recordid", "id":
		return fieldRecordID, true
	case "module":
		return fieldModule, true
	case "action":
		return fieldAction, true
	case "reason", "lockedreasons", "lockedreason":
		return fieldReason, true
	case "lockid", "recordlockingid":
		return fieldLockID, true
	}
	return 0, false
}

// parseAction takes an action in any case, with - or a blank for _.
func parseAction(text string) (Action, *problem) {
	if a := Action(text); a.known() {
		return a, nil
	}
	word := strings.ToLower(strings.Trim(text, asciiBlanks))
	if a := Action(word); a.known() {
		return a, nil
	}
	p := &problem{FaultActionUnknown, fmt.Sprintf("%q is no action", snippet(text)), "one of lock, unlock, update_reason"}
	if strings.ContainsFunc(text, invisible) {
		p.hint = "invisible characters stand in it: type the word afresh; " + p.hint
	} else if near := nearAction(strings.NewReplacer("-", "_", " ", "_").Replace(word)); near != "" {
		p.hint = "did you mean " + near + "? " + p.hint
	}
	return "", p
}

func (a Action) known() bool {
	return a == ActionLock || a == ActionUnlock || a == ActionUpdateReason
}

// nearAction is the one action that a word misspells, "" when it is none or could be two: lock and
// unlock must not be guessed between.
func nearAction(word string) string {
	near := ""
	for _, a := range []Action{ActionLock, ActionUnlock, ActionUpdateReason} {
		if oneSlip(word, string(a)) {
			if near != "" {
				return ""
			}
			near = string(a)
		}
	}
	return near
}

// oneSlip reports whether a single letter left out, added, changed or swapped with its neighbour
// leads from a to b.
func oneSlip(a, b string) bool {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	a, b = a[i:], b[i:]
	switch {
	case a == "" || b == "":
		return len(a)+len(b) == 1
	case a[1:] == b, a == b[1:], a[1:] == b[1:]:
		return true
	}
	return len(a) > 1 && len(b) > 1 && a[0] == b[1] && a[1] == b[0] && a[2:] == b[2:]
}

// parseID gives the digits of a record's or lock's id. They are never repaired: digits that a
// spreadsheet has dropped are gone, and a wrong id may be another record's.
func parseID(text string) (string, *problem) {
	id := strings.Trim(text, asciiBlanks)
	if id == "" {
		return "", &problem{FaultIDMissing, "no record id", "give the record's id"}
	}
	if len(id) > len("zcrm_") && strings.EqualFold(id[:len("zcrm_")], "zcrm_") {
		id = id[len("zcrm_"):]
	}
	if !allDigits(id) {
		return "", notAnID(id)
	}
	switch {
	case id[0] == '0' && strings.Trim(id, "0") == "":
		return "", &problem{FaultIDZero, "0 is no record id", "give the record's id"}
	case id[0] == '0':
		return "", &problem{FaultIDZero, "an id does not begin with 0", "copy the id afresh from Zoho"}
	case len(id) > 19 || len(id) == 19 && id > "9223372036854775807":
		return "", &problem{FaultIDTooLong, fmt.Sprintf("%d digits are more than an id can hold", len(id)),
			"an id has at most 19 digits, up to 9223372036854775807"}
	}
	return id, nil
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

var (
	scientific = regexp.MustCompile(`^[+-]?[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+$`)
	separated  = regexp.MustCompile(`^[0-9]{1,3}([,. '_][0-9]{2,3})+$`)
	decimal    = regexp.MustCompile(`^[0-9]+[.,][0-9]*$`)
	signed     = regexp.MustCompile(`^[+-][0-9]+$`)
)

// notAnID says in which of the ways that happen a text fails to be an id.
func notAnID(s string) *problem {
	const asText = "export the id column as text"
	switch {
	case scientific.MatchString(s):
		return &problem{FaultIDDamaged, "a spreadsheet has turned the id into scientific notation; its last digits are lost",
			"export again with the id column formatted as text before the data goes in; the lost digits cannot be restored"}
	case s[0] == '=':
		return &problem{FaultIDFormula, "the id stands in a formula", "write the digits alone, without = and quotes"}
	case s[0] == '\'' || strings.HasPrefix(s, "’"):
		return &problem{FaultIDQuoted, "an apostrophe stands before the id", "remove the apostrophe"}
	case strings.ContainsFunc(s, invisible):
		return &problem{FaultIDInvisible, "invisible characters stand in the id", "type or copy the id afresh, digits only"}
	case strings.ContainsFunc(s, foreignDigit):
		return &problem{FaultIDForeignDigits, "the id is not in the digits 0 to 9", "write it in the digits 0 to 9"}
	case separated.MatchString(s):
		return &problem{FaultIDSeparators, "thousands separators stand in the id", asText + ", without number format"}
	case decimal.MatchString(s):
		return &problem{FaultIDDecimal, "the id has a decimal point", asText + ": it has gone through a number"}
	case signed.MatchString(s):
		return &problem{FaultIDSigned, "a sign stands before the id", "write the digits alone"}
	}
	if f, ok := fieldNamed(s); ok && f == fieldRecordID {
		return &problem{FaultIDHeader, "a header line among the rows", "delete the line; files were put together with their headers"}
	}
	return &problem{FaultIDNotDigits, "not a record id", "a record id is 1 to 19 digits, as in the record's address in Zoho"}
}

// invisible reports characters that look like nothing: controls, zero-width and direction marks,
// and blanks other than the common one.
func invisible(c rune) bool {
	return c != ' ' && (unicode.IsControl(c) || unicode.Is(unicode.Cf, c) || unicode.IsSpace(c))
}

func foreignDigit(c rune) bool { return c > unicode.MaxASCII && unicode.IsDigit(c) }

// census counts ids that a spreadsheet may have rounded: it keeps 15 digits and writes zeros after.
type census struct {
	long, zeros int64
	examples    []Fault
}

// count takes note of a row's id.
func (c *census) count(id string, line int, seq int64) {
	const kept, shown = 15, 3
	if len(id) <= kept {
		return
	}
	c.long++
	if strings.Trim(id[kept:], "0") != "" {
		return
	}
	c.zeros++
	if len(c.examples) < shown {
		c.examples = append(c.examples, Fault{Line: line, Value: id, Seq: seq})
	}
}

// fault is the fault of the whole file when at least half of its long ids end in zeros.
func (c *census) fault(column string) (Fault, bool) {
	if c.zeros == 0 || 2*c.zeros < c.long {
		return Fault{}, false
	}
	at := make([]string, len(c.examples))
	for i, e := range c.examples {
		at[i] = fmt.Sprintf("line %d: %s", e.Line, e.Value)
	}
	return Fault{
		Column: column, Value: c.examples[0].Value, Code: FaultIDsDamaged,
		Message: fmt.Sprintf("%d of %d long ids have only zeros after the 15th digit, as a spreadsheet leaves them (%s)",
			c.zeros, c.long, strings.Join(at, "; ")),
		Hint: "export again with the id column as text; if the ids are right, say --ids-checked",
	}, true
}
