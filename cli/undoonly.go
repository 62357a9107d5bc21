package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"zlock/batch"
)

// narrowing is what --only leaves of a run's changes. Of each kind any one will do; every kind that was
// given must be met.
type narrowing struct {
	modules  []string
	outcomes []batch.Outcome
	ids      idSet // nil where no file was given
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
			if slices.Contains(changing(), strings.ToLower(what)) {
				return n, usage("--only "+clean(what)+": is an outcome, not a file", "write --only outcome="+strings.ToLower(what))
			}
			list, err := l.readIDs(ctx, "--only", what, "", l.reading.IDsChecked)
			if err != nil {
				return n, err
			}
			n.ids = n.ids.with(list)
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

// idSet is the record ids that --only lists, and whether a row had each of them. Nil holds every id.
type idSet map[string]bool

func (s idSet) with(list *idList) idSet {
	if s == nil {
		s = make(idSet, len(list.ids))
	}
	for _, id := range list.ids {
		s[id] = false
	}
	return s
}

func (s idSet) has(id string) bool {
	if s == nil {
		return true
	}
	_, listed := s[id]
	if listed {
		s[id] = true
	}
	return listed
}

// unseen counts the ids that no row had.
func (s idSet) unseen() (n int64) {
	for _, seen := range s {
		if !seen {
			n++
		}
	}
	return n
}
