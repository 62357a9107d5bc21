package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"zlock/batch"
)

// narrowing is what --only leaves of a run's changes. Of each kind any one will do; every kind that was
// given must be met.
type narrowing struct {
	modules  []string
	outcomes []batch.Outcome
	ids      *idList // nil where no file was given
}

func (n *narrowing) takes(row batch.Row) bool {
	module := len(n.modules) == 0 || slices.ContainsFunc(n.modules, func(m string) bool { return strings.EqualFold(m, row.Module) })
	outcome := len(n.outcomes) == 0 || slices.Contains(n.outcomes, row.Outcome)
	return n.ids.has(row.RecordID) && module && outcome
}

// changing are the outcomes that can be taken back.
func changing() (words []string) {
	for _, o := range batch.Outcomes() {
		if o.Changed() {
			words = append(words, string(o))
		}
	}
	return words
}

// readNarrowing reads --only: module=NAME, outcome=OUTCOME, each also several with commas, or a file.
func (l *launch) readNarrowing(ctx context.Context) (n narrowing, err error) {
	for _, what := range strings.Split(l.values["only"].text, "\n") {
		kind, rest, _ := strings.Cut(what, "=")
		switch {
		case what == "":
		case kind == "module" && rest != "":
			n.modules = append(n.modules, strings.Split(rest, ",")...)
		case kind == "outcome":
			if err := n.addOutcomes(rest); err != nil {
				return n, err
			}
		default:
			ids, err := l.readIDs(ctx, what)
			if err != nil {
				return n, err
			}
			n.ids = n.ids.with(ids)
		}
	}
	return n, nil
}

func (n *narrowing) addOutcomes(list string) error {
	for _, word := range strings.Split(list, ",") {
		word = strings.ToLower(strings.TrimSpace(word))
		if !slices.Contains(changing(), word) {
			return usage(fmt.Sprintf("--only outcome=%s: must be one of %s%s", clean(word), strings.Join(changing(), ", "), didYouMean(word, changing())),
				"nothing else can be taken back")
		}
		n.outcomes = append(n.outcomes, batch.Outcome(word))
	}
	return nil
}

// bareID is a line that is nothing but a record's id.
var bareID = regexp.MustCompile(`^\s*(zcrm_)?[0-9]+\s*$`)

// readIDs reads a file of record ids: one a line, or in any form that a job file has.
func (l *launch) readIDs(ctx context.Context, name string) ([]int64, error) {
	path := l.world.path(name)
	file, err := os.Open(path)
	if err != nil {
		return nil, l.notAFile(name, err)
	}
	defer func() { _ = file.Close() }()
	options := l.reading
	// Only the ids count: whatever else a row may lack is supplied.
	options.Module, options.Action, options.Reason, options.Sequence = "Any", batch.ActionUnlock, "any", true
	in := bufio.NewReaderSize(file, 4096)
	head, err := in.Peek(4096)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", clean(name), err)
	}
	line, _, _ := bytes.Cut(head, []byte("\n"))
	bare := bareID.Match(line)
	var source batch.Source
	if bare {
		source, err = batch.Open(ctx, "-", io.MultiReader(strings.NewReader("record_id\n"), in), options)
	} else {
		source, err = batch.Open(ctx, path, nil, options)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", clean(name), err)
	}
	defer func() { _ = source.Close() }()
	return idsOf(ctx, name, source, options, bare)
}

// notAFile is the error for a file that can't be opened; a word that would mean something after
// outcome= or module= is told so.
func (l *launch) notAFile(name string, err error) error {
	hint := "--only takes module=NAME, outcome=OUTCOME, or the name of a file of ids"
	if word := strings.ToLower(name); slices.Contains(changing(), word) {
		hint = "write --only outcome=" + word
	}
	var path *os.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return usage(fmt.Sprintf("--only %s: %v", clean(name), err), hint)
}

func idsOf(ctx context.Context, name string, source batch.Source, options batch.ReadOptions, bare bool) ([]int64, error) {
	var ids idSink
	var fault *batch.Fault
	options.OnFault = func(f batch.Fault) {
		if fault == nil {
			fault = &f
		}
	}
	if _, err := batch.Read(ctx, source, options, &ids); err != nil {
		return nil, fmt.Errorf("%s: %w", clean(name), err)
	}
	if fault == nil {
		return ids, nil
	}
	line := fault.Line
	if bare {
		line-- // the header is ours
	}
	return nil, fmt.Errorf("--only %s: %w", clean(name),
		&batch.FileError{Line: line, Code: fault.Code, Message: strings.TrimSpace(fault.Value + ": " + fault.Message), Hint: fault.Hint})
}

// idSink takes the ids of a job file's rows.
type idSink []int64

// Add takes a row's id: see batch.Sink.
func (s *idSink) Add(row batch.Row) error {
	id, err := strconv.ParseInt(row.RecordID, 10, 64)
	if err == nil {
		*s = append(*s, id)
	}
	return err
}

// Mark has nothing to say: an id named twice is named.
func (s *idSink) Mark(int64, batch.Outcome, string, string, int64) error { return nil }

// idList is a set of record ids that knows which of them were asked for. Nil holds every id.
type idList struct {
	ids  []int64
	seen []bool
}

func (l *idList) with(ids []int64) *idList {
	if l != nil {
		ids = append(ids, l.ids...)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	return &idList{ids: ids, seen: make([]bool, len(ids))}
}

func (l *idList) has(id string) bool {
	if l == nil {
		return true
	}
	n, err := strconv.ParseInt(id, 10, 64)
	i, found := slices.BinarySearch(l.ids, n)
	if err != nil || !found {
		return false
	}
	l.seen[i] = true
	return true
}

// unseen counts the ids that no row had.
func (l *idList) unseen() (n int64) {
	if l == nil {
		return 0
	}
	for _, seen := range l.seen {
		if !seen {
			n++
		}
	}
	return n
}
