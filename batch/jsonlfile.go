package batch

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// inputKey is the key under which results hold a row's own object, and the name of the one cell of
// a JSONL row.
const inputKey = "input"

// jsonlReader reads the lines of one JSONL job file.
type jsonlReader struct {
	*reading
	mapped  [fieldCount]string // keys that Map names
	columns [fieldCount]string // what the current row calls its fields
	members []member           // of the current row, without zlock_*
	object  string             // the current row's object as it stands, without zlock_*
}

// readJSONL reads a JSONL job file to its end.
func (r *reading) readJSONL(lines *lineReader) error {
	j := &jsonlReader{reading: r}
	for name, key := range r.o.Map {
		f, _ := fieldNamed(name)
		j.mapped[f] = key
	}
	r.sum.Header, r.carry = []string{inputKey}, j.carryObject
	for first := true; ; {
		line, err := lines.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil && !errors.Is(err, errTooLong) {
			return err
		}
		if blankLine(line, 0) {
			continue
		}
		if first {
			if err := notLines(line, lines.line); err != nil {
				return err
			}
			first = false
		}
		if err := j.takeLine(line, lines.line, err != nil); err != nil {
			return err
		}
	}
}

func jsonArray() *FileError {
	return &FileError{Line: 1, Code: FileJSONArray, Message: "this is one JSON array, not an object a line",
		Hint: "turn it into lines: jq -c '.[]' file.json > file.jsonl"}
}

// notLines refuses, by its first line, a file that is JSON but no lines of it, or no JSON at all.
func notLines(line []byte, number int) error {
	text := strings.Trim(string(line), asciiBlanks)
	if text == "{" || text == "[" || strings.HasPrefix(text, "[{") || strings.HasPrefix(text, "[ {") {
		if text[0] == '[' {
			e := jsonArray()
			e.Line = number
			return e
		}
		return &FileError{Line: number, Code: FileJSONSpread, Message: "an object is spread over several lines",
			Hint: "one object a line: jq -c . file.json > file.jsonl"}
	}
	if _, p := parseObject(text); p != nil && p.code == FaultJSONSyntax && text[0] != '{' {
		return &FileError{Line: number, Code: FileNotJSONL, Message: "the file does not begin with JSON",
			Hint: "a CSV file goes by .csv; JSON lines begin with {"}
	}
	return nil
}

// takeLine takes one line that is not blank.
func (j *jsonlReader) takeLine(line []byte, number int, tooLong bool) error {
	rec := &record{line: number, columns: &j.columns, value: j.valueOf}
	j.members, j.object = nil, string(bytes.Trim(line, asciiBlanks))
	if tooLong {
		j.object = snippet(j.object)
		rec.shape = []Fault{{Code: FaultRecordTooLong, Value: j.object,
			Message: fmt.Sprintf("a line of more than %d bytes", j.o.MaxRecord), Hint: "shorten it, or raise --max-record"}}
	} else {
		rec.shape = j.parse(rec)
	}
	return j.take(rec)
}

// parse reads the object and finds its fields.
func (j *jsonlReader) parse(rec *record) []Fault {
	j.idsOf = ""
	members, p := parseObject(j.object)
	if p == nil {
		p = j.unwrap(members)
	}
	if p != nil {
		return []Fault{p.fault("", j.object)}
	}
	for f := range fieldCount {
		j.columns[f] = f.String()
	}
	var at [fieldCount]*member
	if p := j.claim(&at); p != nil {
		return []Fault{p.fault("", j.object)}
	}
	var faults []Fault
	for f, m := range at {
		if m == nil {
			continue
		}
		j.columns[f], rec.has[f] = m.key, true
		if rec.text[f], p = fieldText(field(f), m); p != nil {
			faults = append(faults, p.fault(m.key, m.raw))
		}
	}
	return faults
}

// unwrap makes a line of results the row that it came from: zlock_* go, and what stands under
// "input" takes the object's place.
func (j *jsonlReader) unwrap(members []member) *problem {
	j.members = members
	if !slices.ContainsFunc(members, func(m member) bool { return isOurs(m.key) }) {
		return nil
	}
	j.members = make([]member, 0, len(members))
	var input *member
	for i, m := range members {
		switch {
		case isOurs(m.key):
			continue
		case m.key == inputKey && m.kind == '{':
			input = &members[i]
		}
		j.members = append(j.members, m)
	}
	if input != nil {
		j.object = input.raw
		inner, p := parseObject(input.raw)
		j.members = inner
		return p
	}
	parts := make([]string, len(j.members))
	for i, m := range j.members {
		parts[i] = m.name + ":" + m.raw
	}
	j.object = "{" + strings.Join(parts, ",") + "}"
	return nil
}

// claim finds the member that holds each field.
func (j *jsonlReader) claim(at *[fieldCount]*member) *problem {
	for f, key := range j.mapped {
		if key != "" {
			at[f] = j.memberNamed(key)
		}
	}
	for i := range j.members {
		m := &j.members[i]
		f, ok := fieldNamed(m.key)
		if !ok || j.mapped[f] != "" || claimed(at, m) {
			continue
		}
		if at[f] != nil {
			return twoKeys(at[f].key, m.key, f)
		}
		at[f] = m
	}
	if at[fieldRecordID] == nil && j.mapped[fieldRecordID] == "" {
		return j.claimLookup(at)
	}
	return nil
}

// claimLookup takes a key "<Module> Id" where no other key is the record's id.
func (j *jsonlReader) claimLookup(at *[fieldCount]*member) *problem {
	for i := range j.members {
		m := &j.members[i]
		if claimed(at, m) || !isLookup(plainName(m.key), j.o.Module) {
			continue
		}
		if before := at[fieldRecordID]; before != nil {
			return twoKeys(before.key, m.key, fieldRecordID)
		}
		at[fieldRecordID], j.idsOf = m, lookupModule(plainName(m.key))
	}
	return nil
}

func claimed(at *[fieldCount]*member, m *member) bool {
	for _, taken := range at {
		if taken == m {
			return true
		}
	}
	return false
}

func twoKeys(a, b string, f field) *problem {
	return &problem{FaultFieldTwice, fmt.Sprintf("the keys %q and %q both claim %s", snippet(a), snippet(b), f),
		fmt.Sprintf("keep one, or say which with --map %s=Key", f)}
}

// memberNamed finds a member by its exact key, else whatever its case.
func (j *jsonlReader) memberNamed(key string) *member {
	var folded *member
	for i := range j.members {
		switch m := &j.members[i]; {
		case m.key == key:
			return m
		case folded == nil && strings.EqualFold(m.key, key):
			folded = m
		}
	}
	return folded
}

// fieldText gives a field's text. An id may be an integer literal; everything else is a string. null
// stands for nothing where nothing may stand: an action is never left to be guessed.
func fieldText(f field, m *member) (string, *problem) {
	number := m.kind == '-' || '0' <= m.kind && m.kind <= '9'
	switch {
	case m.kind == '"':
		return m.text, nil
	case number && (f == fieldRecordID || f == fieldLockID):
		return m.raw, nil
	case m.kind == 'n' && f == fieldAction:
		return "", &problem{FaultActionMissing, "the action is null", "write lock, unlock or update_reason"}
	case m.kind == 'n':
		return "", nil
	case f == fieldRecordID || f == fieldLockID:
		return "", &problem{FaultJSONType, fmt.Sprintf("%s is neither a string nor an integer", snippet(m.name)), "write the id as a string"}
	}
	return "", &problem{FaultJSONType, fmt.Sprintf("%s is no string", snippet(m.name)), "put the value in double quotes"}
}

// valueOf gives what a placeholder's key holds: a string's text, anything else as it stands.
func (j *jsonlReader) valueOf(name string) (string, bool) {
	m := j.memberNamed(name)
	for i := 0; m == nil && i < len(j.members); i++ {
		if plainName(j.members[i].key) == plainName(name) {
			m = &j.members[i]
		}
	}
	switch {
	case m == nil:
		return "", false
	case m.kind == '"':
		return m.text, true
	case m.kind == 'n':
		return "", true
	}
	return m.raw, true
}

// carryObject puts what flags supplied into the row's object, so that results carry it.
func (j *jsonlReader) carryObject(rec *record, values [fieldCount]string) []string {
	if len(rec.shape) > 0 {
		return []string{j.object}
	}
	var b strings.Builder
	comma := len(j.members) > 0
	for _, f := range []field{fieldModule, fieldAction, fieldReason} {
		if rec.has[f] || values[f] == "" {
			continue
		}
		if b.Len() == 0 {
			b.WriteString(strings.TrimRight(strings.TrimSuffix(j.object, "}"), asciiBlanks))
		}
		if comma {
			b.WriteByte(',')
		}
		comma = true
		b.WriteString(quoteJSON(f.String()) + ":" + quoteJSON(values[f]))
	}
	if b.Len() == 0 {
		return []string{j.object}
	}
	return []string{b.String() + "}"}
}
