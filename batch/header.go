package batch

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
)

// layout says what each column of a CSV job file is.
type layout struct {
	names   []string        // the columns, as the file names them
	claims  []field         // the field that each column claims, or unclaimed
	at      [fieldCount]int // the column that holds each field, or -1
	kept    []int           // the columns that are kept as cells: all but zlock_*
	cell    map[string]int  // name, as it stands, to the index among the kept
	plain   map[string]int  // the same by plain name
	idsOf   string          // the module whose ids the id column's name says it holds; "" where it says none
	results bool            // the file is one of our results files
	added   []field         // fields that a flag supplies and that no column holds
}

const unclaimed field = -1

// zlockPrefix begins the names of the columns that results have and job files do not.
const zlockPrefix = "zlock_"

func isOurs(name string) bool {
	return len(name) >= len(zlockPrefix) && strings.EqualFold(name[:len(zlockPrefix)], zlockPrefix)
}

// newLayout reads a header. Its faults are those of the file as a whole.
func newLayout(names []string, o ReadOptions) (layout, []Fault) {
	l := layout{names: names, claims: make([]field, len(names)), cell: map[string]int{}, plain: map[string]int{}}
	l.results = slices.ContainsFunc(names, isOurs)
	for i, name := range names {
		l.claims[i] = unclaimed
		if isOurs(name) {
			continue
		}
		if l.results { // names are guarded like any cell
			name = unguard(name)
			names[i] = name
		}
		l.keep(i, name)
	}
	for f := range l.at {
		l.at[f] = -1
	}
	faults := l.claimMapped(o)
	faults = append(faults, l.claimNamed()...)
	if l.at[fieldRecordID] < 0 && len(faults) == 0 {
		faults = append(faults, l.claimLookup(o)...)
	}
	l.added = l.supplied(o)
	return l, faults
}

// keep makes the column a cell, found by its name from placeholders. The first of a name wins.
func (l *layout) keep(column int, name string) {
	if _, taken := l.cell[name]; !taken {
		l.cell[name] = len(l.kept)
	}
	if plain := plainName(name); plain != "" {
		if _, taken := l.plain[plain]; !taken {
			l.plain[plain] = len(l.kept)
		}
	}
	l.kept = append(l.kept, column)
}

// claimMapped gives fields the columns that Map names outright.
func (l *layout) claimMapped(o ReadOptions) []Fault {
	var faults []Fault
	for name, column := range o.Map {
		f, _ := fieldNamed(name)
		found := l.columnsNamed(column)
		switch {
		case len(found) == 0:
			faults = append(faults, Fault{Column: column, Code: FaultColumnMissing,
				Message: fmt.Sprintf("no column is called %q, which --map names for %s", snippet(column), f),
				Hint:    "the columns are " + listed(l.names)})
		case len(found) > 1:
			faults = append(faults, Fault{Column: column, Code: FaultFieldTwice,
				Message: fmt.Sprintf("%d columns are called %q, which --map names for %s", len(found), snippet(column), f),
				Hint:    "rename all but one"})
		case l.at[f] >= 0:
			faults = append(faults, Fault{Column: column, Code: FaultFieldTwice,
				Message: fmt.Sprintf("--map names two columns for %s", f), Hint: "name one"})
		default:
			l.at[f] = found[0]
		}
	}
	for f, column := range l.at {
		if column >= 0 {
			l.claims[column] = field(f)
		}
	}
	slices.SortFunc(faults, func(a, b Fault) int { return strings.Compare(a.Column, b.Column) })
	return faults
}

// columnsNamed finds columns by their exact name, else whatever their case.
func (l *layout) columnsNamed(name string) []int {
	var exact, folded []int
	for i, n := range l.names {
		switch {
		case n == name:
			exact = append(exact, i)
		case strings.EqualFold(strings.TrimSpace(n), strings.TrimSpace(name)):
			folded = append(folded, i)
		}
	}
	if len(exact) > 0 {
		return exact
	}
	return folded
}

// claimNamed gives the fields not mapped the columns that go by their names.
func (l *layout) claimNamed() []Fault {
	var faults []Fault
	var mapped [fieldCount]bool
	for f := range l.at {
		mapped[f] = l.at[f] >= 0
	}
	for i, name := range l.names {
		f, ok := fieldNamed(name)
		if !ok || mapped[f] || l.claims[i] != unclaimed {
			continue
		}
		if before := l.at[f]; before >= 0 {
			faults = append(faults, Fault{Column: name, Code: FaultFieldTwice,
				Message: fmt.Sprintf("the columns %q and %q both claim %s", snippet(l.names[before]), snippet(name), f),
				Hint:    fmt.Sprintf("rename one, or say which with --map %s=Column", f)})
			continue
		}
		l.at[f], l.claims[i] = i, f
	}
	return faults
}

// claimLookup takes a column "<Module> Id" for the record's id where no other column is it. Two of
// them are no guess to make: one is a lookup of another module.
func (l *layout) claimLookup(o ReadOptions) []Fault {
	var found []int
	for i, name := range l.names {
		if l.claims[i] == unclaimed && !isOurs(name) && isLookup(plainName(name), o.Module) {
			found = append(found, i)
		}
	}
	switch {
	case len(found) == 1:
		l.at[fieldRecordID], l.claims[found[0]] = found[0], fieldRecordID
		l.idsOf = lookupModule(plainName(l.names[found[0]]))
		return nil
	case len(found) > 1:
		names := make([]string, len(found))
		for i, column := range found {
			names[i] = l.names[column]
		}
		return []Fault{{Column: names[1], Code: FaultFieldTwice,
			Message: fmt.Sprintf("several columns could hold the record's id: %s", listed(names)),
			Hint:    fmt.Sprintf("say which with --map 'record_id=%s'", snippet(names[0]))}}
	}
	return []Fault{l.noID()}
}

// noID is the fault of a header without an id column.
func (l *layout) noID() Fault {
	for _, name := range l.names {
		id, p := parseID(name)
		_, notAction := parseAction(name)
		if p == nil && len(id) >= 10 || notAction == nil && name != "" {
			return Fault{Value: snippet(name), Code: FaultNoHeader, Message: "the first line names no columns; it looks like a row",
				Hint: "put a line with the column names first: record_id,module,action,reason"}
		}
	}
	return Fault{Column: fieldRecordID.String(), Code: FaultColumnMissing,
		Message: "no column holds the record's id; the columns are " + listed(l.names),
		Hint:    "name it record_id, or say which it is with --map record_id=Column"}
}

// supplied lists the fields that flags give to every row.
func (l *layout) supplied(o ReadOptions) []field {
	var added []field
	for _, f := range []struct {
		field field
		given bool
	}{{fieldModule, o.Module != ""}, {fieldAction, o.Action != ""}, {fieldReason, o.Reason != ""}} {
		if f.given && l.at[f.field] < 0 {
			added = append(added, f.field)
		}
	}
	return added
}

// header names the cells of a row.
func (l *layout) header() (all, added []string) {
	for _, column := range l.kept {
		all = append(all, l.names[column])
	}
	for _, f := range l.added {
		added = append(added, f.String())
	}
	return append(all, added...), added
}

// labels are the names under which gocsv sees the columns: a field's own, or that of the rest.
func (l *layout) labels() []string {
	labels := make([]string, len(l.claims))
	for i, f := range l.claims {
		labels[i] = restLabel
		if f != unclaimed {
			labels[i] = f.String()
		}
	}
	return labels
}

// columnOf names the column that holds a field, or the field itself.
func (l *layout) columnOf(f field) string {
	if at := l.at[f]; at >= 0 {
		return l.names[at]
	}
	return f.String()
}

// find gives the index of the cell that a placeholder names.
func (l *layout) find(name string) (int, bool) {
	if i, ok := l.cell[name]; ok {
		return i, true
	}
	i, ok := l.plain[plainName(name)]
	return i, ok
}

// separatorLine takes a first line "sep=;", by which spreadsheets are told the delimiter.
func separatorLine(line []byte) (rune, bool) {
	text := strings.ToLower(strings.Trim(string(line), "\r\n\""))
	rest, ok := strings.CutPrefix(text, "sep=")
	if !ok || len(rest) != 1 || !slices.Contains(delimiters, rune(rest[0])) {
		return 0, false
	}
	return rune(rest[0]), true
}

var delimiters = []rune{',', ';', '\t', '|'}

// delimiterOf tells the delimiter from the header line: the one with which it names the most
// fields, then the most columns. Two that do equally well are not chosen between.
func delimiterOf(line []byte, o ReadOptions) (rune, *Fault) {
	type score struct {
		comma       rune
		known, wide int
	}
	var best, second score
	for _, comma := range delimiters {
		names := headerFields(line, comma)
		known := 0
		l, _ := newLayout(names, o)
		for _, at := range l.at {
			if at >= 0 {
				known++
			}
		}
		s := score{comma, known, len(names)}
		if best.comma == 0 || s.known > best.known || s.known == best.known && s.wide > best.wide {
			best, s = s, best
		}
		if s.comma != 0 && (second.comma == 0 || s.known > second.known || s.known == second.known && s.wide > second.wide) {
			second = s
		}
	}
	if best.wide > 1 && best.known == second.known && best.wide == second.wide {
		return best.comma, &Fault{Line: 1, Value: snippet(string(bytes.TrimSpace(line))), Code: FaultDelimiter,
			Message: fmt.Sprintf("the header reads as well with %q as with %q", best.comma, second.comma),
			Hint:    fmt.Sprintf("make the first line sep=%c", best.comma)}
	}
	return best.comma, nil
}

// headerFields splits one line leniently.
func headerFields(line []byte, comma rune) []string {
	r := csv.NewReader(bytes.NewReader(line))
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = comma, true, -1
	names, err := r.Read()
	if err != nil {
		return nil
	}
	return names
}
