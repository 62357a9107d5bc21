package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"zlock/batch"
)

// bareID is the first line of a list that has no header.
var bareID = regexp.MustCompile(`^(?:\x{FEFF})?\s*(zcrm_)?[0-9]{1,19}\s*(\r?\n|$)`)

// byteOrderMark is what some editors begin a file in UTF-8 with. Below a header of ours it would be part of an id.
const byteOrderMark = "\xEF\xBB\xBF"

// idList collects the ids of a file. It is the Sink that the file is read into.
type idList struct {
	ids  []string
	seen map[string]bool
}

// Add takes the next row: see batch.Sink.
func (l *idList) Add(row batch.Row) error {
	if row.Outcome == batch.Pending && !l.seen[row.RecordID] {
		l.seen[row.RecordID] = true
		l.ids = append(l.ids, row.RecordID)
	}
	return nil
}

// Mark says what was learnt of a row: see batch.Sink. An id that is named twice is kept once.
func (l *idList) Mark(int64, batch.Outcome, string, string, int64) error { return nil }

// readIDs reads the file that a flag names: a list of ids, one a line, or a job file, of which only the ids
// count. Ids of other modules are left out unless module is "". What is wrong with it is a mistake of usage.
func (a *app) readIDs(ctx context.Context, flag, name, module string, checked bool) (*idList, error) {
	reading := batch.ReadOptions{Module: orElse(module, "Records"), Action: batch.ActionUnlock, Sequence: true, AllowEmpty: true, IDsChecked: checked}
	src, bare, err := a.openIDs(ctx, name, reading)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", flag, clean(name), err)
	}
	defer func() { _ = src.Close() }()
	var faults []batch.Fault
	reading.OnFault = func(f batch.Fault) { faults = append(faults, f) }
	list := &idList{seen: map[string]bool{}}
	var sink batch.Sink = list
	if module != "" {
		sink = &ofModule{list, module}
	}
	_, err = batch.Read(ctx, src, reading, sink)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s %s: %w", flag, clean(name), err)
	case len(faults) > 0:
		f := faults[0]
		if bare {
			f.Line-- // the header is ours
		}
		return nil, usage(fmt.Sprintf("%s %s: line %d: %s%s", flag, clean(name), f.Line, clean(strings.TrimPrefix(f.Value+": ", ": ")), clean(f.Message)),
			"it takes one id a line, or a job file: "+clean(f.Hint))
	}
	return list, nil
}

// ofModule passes on the rows of one module.
type ofModule struct {
	*idList
	module string
}

// Add takes the next row: see batch.Sink.
func (m *ofModule) Add(row batch.Row) error {
	if row.Module != m.module {
		return nil
	}
	return m.idList.Add(row)
}

// openIDs opens such a file, with a header above a list that has none: bare.
func (a *app) openIDs(ctx context.Context, name string, reading batch.ReadOptions) (src batch.Source, bare bool, err error) {
	in := a.world.In
	if name != "-" {
		path := a.world.path(name)
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
			src, err = batch.Open(ctx, path, nil, reading)
			return src, false, err
		}
		file, err := os.Open(path)
		if err != nil {
			src, err = batch.Open(ctx, path, nil, reading)
			return src, false, err
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	buffered := bufio.NewReader(in)
	head, err := buffered.Peek(64)
	if err != nil && !errors.Is(err, io.EOF) {
		return batch.Source{}, false, fmt.Errorf("read ids: %w", err)
	}
	switch {
	case bareID.Match(head):
		if strings.HasPrefix(string(head), byteOrderMark) {
			_, _ = buffered.Discard(len(byteOrderMark)) // it was just looked at
		}
		header := strings.NewReader("record_id\n")
		src, err = batch.Open(ctx, "-", io.MultiReader(header, buffered), reading)
		return src, true, err
	case name == "-":
		src, err = batch.Open(ctx, "-", buffered, reading)
	default:
		src, err = batch.Open(ctx, a.world.path(name), nil, reading)
	}
	return src, false, err
}
