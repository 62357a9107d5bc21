package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
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
	ids      *idSet // nil where no file was given
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

// readIDs reads a file of record ids: one a line, or in any form that a job file has.
func (l *launch) readIDs(ctx context.Context, name string) ([]int64, error) {
	if _, err := os.Stat(l.world.path(name)); err != nil {
		return nil, l.notAFile(name, err)
	}
	list, err := l.app.readIDs(ctx, "--only", name, "", l.reading.IDsChecked)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(list.ids))
	for i, id := range list.ids {
		if ids[i], err = strconv.ParseInt(id, 10, 64); err != nil {
			return nil, fmt.Errorf("--only %s: %w", clean(name), err)
		}
	}
	return ids, nil
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

// idSet is a set of record ids that knows which of them were asked for. Nil holds every id.
type idSet struct {
	ids  []int64
	seen []bool
}

func (l *idSet) with(ids []int64) *idSet {
	if l != nil {
		ids = append(ids, l.ids...)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	return &idSet{ids: ids, seen: make([]bool, len(ids))}
}

func (l *idSet) has(id string) bool {
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
func (l *idSet) unseen() (n int64) {
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
