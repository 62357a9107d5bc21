package report

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"zlock/batch"
	"zlock/checkpoint"
)

// Bounds of what is kept in memory, whatever a job file holds.
const (
	mostParts    = 200 // modules and actions counted apart
	mostFailures = 100 // codes told apart
	examples     = 3   // rows shown of each
)

// Source is where a run's rows and their history are read: a checkpoint.
type Source interface {
	Rows(ctx context.Context, runID string, only []batch.Outcome) iter.Seq2[checkpoint.RowReport, error]
	History(ctx context.Context, runID string) iter.Seq2[batch.Attempt, error]
}

// Setting is one thing that a run was told.
type Setting struct{ Name, Value string }

// Subject is the run and what is known about it beside its rows.
type Subject struct {
	Run      batch.Run
	State    string    // where it stands, in words
	Next     string    // the command that makes sense now; "" for none
	Results  string    // the command that writes all rows' results to a file
	Org      string    // where the records are
	Users    []string  // who may have been signed in; none where it is not known
	Settings []Setting // what it was told, as far as it was kept
	AtOnce   int       // rows it was to work at once, at most; 0 where it is not known
	Now      time.Time // when the report is made
	Zone     *time.Location
	Version  string // of the program that makes it
}

// Account is what is to be said of a run. All its figures are of one reading of the rows, so that
// they agree even while the run goes on.
type Account struct {
	Subject

	ResultsSHA256 string // of what Subject.Results writes, hex; "" where it is not known

	total    int64
	outcomes map[batch.Outcome]int64
	parts    map[partKey]*part
	failures map[failureKey]*Failure
	all      *Totals
	changed  *Totals
	time     timeline
	attempts int64
	credits  int64 // of all attempts
	pushed   int64 // attempts that Zoho pushed back, as far as they were kept
}

type partKey struct {
	module string
	action batch.Action
}

// part is the rows of one module that ask for one action.
type part struct {
	total    int64
	outcomes map[batch.Outcome]int64
}

type failureKey struct {
	outcome batch.Outcome
	code    string
}

// Failure is the rows that failed, or were invalid, for one reason.
type Failure struct {
	Outcome  batch.Outcome
	Code     string
	Rows     int64
	Hint     string
	Examples []Example
}

// Example is a row to look at.
type Example struct {
	Line           int
	Module, Record string
	Message        string
}

// elsewhere stands for what is not told apart any more.
const elsewhere = "(others)"

// Gather reads the run's rows and attempts once. Each row is also given to also, unless that is nil.
// Memory does not grow with the rows.
func Gather(ctx context.Context, src Source, s Subject, also func(checkpoint.RowReport) error) (*Account, error) {
	a := &Account{
		Subject: s, outcomes: map[batch.Outcome]int64{}, parts: map[partKey]*part{}, failures: map[failureKey]*Failure{},
		all: newTotals(), changed: newTotals(),
	}
	for row, err := range src.Rows(ctx, s.Run.ID, nil) {
		if err == nil {
			a.row(row)
			if also != nil {
				err = also(row)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("gather report: %w", err)
		}
	}
	for attempt, err := range src.History(ctx, s.Run.ID) {
		if err != nil {
			return nil, fmt.Errorf("gather report: %w", err)
		}
		a.attempt(attempt)
	}
	return a, nil
}

func (a *Account) row(r checkpoint.RowReport) {
	a.total++
	a.outcomes[r.Outcome]++
	p := a.part(partKey{r.Module, r.Action})
	p.total++
	p.outcomes[r.Outcome]++
	a.all.add(r.RecordID)
	if r.Outcome.Changed() {
		a.changed.add(r.RecordID)
	}
	if r.Outcome == batch.Failed || r.Outcome == batch.Invalid {
		a.failure(r)
	}
	if !r.FinishedAt.IsZero() {
		a.time.finished(r.FinishedAt, r.Outcome == batch.Failed)
	}
}

func (a *Account) part(key partKey) *part {
	p := a.parts[key]
	if p == nil && len(a.parts) >= mostParts {
		key = partKey{module: elsewhere}
		p = a.parts[key]
	}
	if p == nil {
		p = &part{outcomes: map[batch.Outcome]int64{}}
		a.parts[key] = p
	}
	return p
}

func (a *Account) failure(r checkpoint.RowReport) {
	key := failureKey{r.Outcome, r.Code}
	f := a.failures[key]
	if f == nil && len(a.failures) >= mostFailures {
		key = failureKey{r.Outcome, elsewhere}
		f = a.failures[key]
	}
	if f == nil {
		f = &Failure{Outcome: r.Outcome, Code: key.code}
		a.failures[key] = f
	}
	f.Rows++
	if f.Hint == "" {
		f.Hint = r.Hint
	}
	if len(f.Examples) < examples {
		f.Examples = append(f.Examples, Example{r.Line, r.Module, r.RecordID, r.Message})
	}
}

func (a *Account) attempt(t batch.Attempt) {
	a.attempts++
	a.credits += int64(t.Credits)
	if t.HTTP == statusPushedBack {
		a.pushed++
	}
	a.time.attempt(t)
}

// open is how many rows have something left to do.
func (a *Account) open() int64 {
	return a.outcomes[batch.Pending] + a.outcomes[batch.Sending] + a.outcomes[batch.Unknown]
}

// changes is how many records the run changed.
func (a *Account) changes() int64 {
	return a.outcomes[batch.Locked] + a.outcomes[batch.Unlocked] + a.outcomes[batch.ReasonUpdated]
}

// settled is how many rows were so already, or asked for by an earlier row.
func (a *Account) settled() int64 {
	return a.outcomes[batch.AlreadyLocked] + a.outcomes[batch.AlreadyUnlocked] + a.outcomes[batch.AlreadySet] + a.outcomes[batch.Duplicate]
}

// bad is how many rows did not come out as wanted.
func (a *Account) bad() int64 { return a.outcomes[batch.Failed] + a.outcomes[batch.Invalid] }

// occurring lists the outcomes that there are, in the order in which people see them.
func (a *Account) occurring() []batch.Outcome {
	return slices.DeleteFunc(batch.Outcomes(), func(o batch.Outcome) bool { return a.outcomes[o] == 0 })
}

// partKeys lists the parts by name, those not told apart last.
func (a *Account) partKeys() []partKey {
	keys := make([]partKey, 0, len(a.parts))
	for key := range a.parts {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(x, y partKey) int {
		return cmp.Or(rank(x.module)-rank(y.module), cmp.Compare(x.module, y.module), cmp.Compare(x.action, y.action))
	})
	return keys
}

// rank puts what is not told apart behind all else.
func rank(name string) int {
	if name == elsewhere {
		return 1
	}
	return 0
}

// sortedFailures lists the failures: the commonest first, invalid rows after failed ones.
func (a *Account) sortedFailures() []*Failure {
	all := make([]*Failure, 0, len(a.failures))
	for _, f := range a.failures {
		all = append(all, f)
	}
	slices.SortFunc(all, func(x, y *Failure) int {
		return cmp.Or(cmp.Compare(x.Outcome, y.Outcome), cmp.Compare(y.Rows, x.Rows), cmp.Compare(x.Code, y.Code))
	})
	return all
}
