package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"zlock/batch"
	"zlock/zoho"
)

const (
	holdersMost    = 20  // locked records of which plan --check reads who holds them
	surprisedBy    = 0.5 // share of rows of a kind that are as nobody would expect
	surprisedByOut = 0.1 // share of rows whose record is missing
)

// census is what plan --check finds: the lock state of the records today. It is also the Sink that the
// job file is read into.
type census struct {
	mu      sync.Mutex
	kinds   map[batch.ModuleAction]*stateCount
	locked  []batch.Row // some that are locked
	holders map[holder]int
	asked   int // locked records that were asked for their holder
	size    int // records in a bulk read
	calls   int
	most    int64 // credits that may be spent on bulk reads, 0 any number
	cut     bool  // most was reached

	pending map[string][]batch.Row // by module: not yet looked at
	yield   func([]batch.Row) bool
}

// stateCount is how many rows of a kind were found how.
type stateCount struct {
	Looked   int64 `json:"looked"`
	Locked   int64 `json:"locked"`
	Unlocked int64 `json:"unlocked"`
	Missing  int64 `json:"missing"`
	Unsaid   int64 `json:"unsaid"` // Zoho shows the record, and not whether it is locked
}

// holder is whose lock a record has.
type holder struct{ source, name string }

var errEnough = errors.New("no more rows are wanted")

// check looks at the records of a job file that has been found good.
func (l *launch) check(ctx context.Context, sum batch.Summary) (*census, error) {
	c := &census{
		kinds: map[batch.ModuleAction]*stateCount{}, holders: map[holder]int{}, size: zoho.MaxBulkIDs,
		most: l.pace.maxCredits, pending: map[string][]batch.Row{},
	}
	rows := sum.Rows - sum.Invalid
	least := (rows + zoho.MaxBulkIDs - 1) / zoho.MaxBulkIDs
	l.screen.say("looking at %s: %s to %s credits, and up to %d more for who holds them", counted(rows, "record", "records"),
		number(least), number(2*least+int64(len(sum.ByModuleAction))), holdersMost)
	q, err := l.app.inquire(l.place, l.org, l.pace.allowance)
	if err != nil {
		return nil, err
	}
	var broken error
	err = each(ctx, q, c.chunks(ctx, l, &broken), c.lookAt)
	if err == nil {
		err = broken
	}
	if err == nil {
		err = each(ctx, q, slices.Values(c.locked), c.whoHolds)
	}
	q.end()
	if err != nil {
		return nil, fmt.Errorf("check the records: %w", err)
	}
	return c, nil
}

// chunks reads the job file again and groups its rows for bulk reads.
func (c *census) chunks(ctx context.Context, l *launch, broken *error) iter.Seq[[]batch.Row] {
	return func(yield func([]batch.Row) bool) {
		c.yield = yield
		options := l.reading
		options.OnFault = nil
		sum, err := batch.Read(ctx, l.job, options, c)
		for _, module := range slices.Sorted(maps.Keys(c.pending)) {
			if err == nil {
				err = c.pass(module)
			}
		}
		switch {
		case errors.Is(err, errEnough):
		case err != nil:
			*broken = err
		case sum.SHA256 != l.sha:
			*broken = usage(fmt.Sprintf("%s changed while it was read", clean(l.name)), "run it again once nobody writes to it")
		}
	}
}

// Add takes the next row: see batch.Sink.
func (c *census) Add(row batch.Row) error {
	if row.Outcome != batch.Pending {
		return nil
	}
	c.pending[row.Module] = append(c.pending[row.Module], row)
	c.mu.Lock()
	size := c.size
	c.mu.Unlock()
	if len(c.pending[row.Module]) < size {
		return nil
	}
	return c.pass(row.Module)
}

// Mark says what was learnt of a row: see batch.Sink. A repeated row's record is the same one.
func (c *census) Mark(int64, batch.Outcome, string, string, int64) error { return nil }

// pass hands a module's rows on to be looked at.
func (c *census) pass(module string) error {
	rows := c.pending[module]
	c.pending[module] = nil
	if len(rows) == 0 {
		return nil
	}
	if !c.yield(rows) {
		return errEnough
	}
	return nil
}

// pay counts a call, unless no more may be made.
func (c *census) pay() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.most > 0 && int64(c.calls) >= c.most {
		c.cut = true
		return false
	}
	c.calls++
	return true
}

// lookAt looks at rows, and counts what it found once all of it is known: a call that met passing trouble is
// made again.
func (c *census) lookAt(ctx context.Context, client *zoho.Client, rows []batch.Row) error {
	states, err := c.read(ctx, client, rows)
	if err == nil {
		c.count(rows[:len(states)], states)
	}
	return err
}

// read makes one bulk read, or several where the server takes fewer records at once. It ends early where no more
// may be spent.
func (c *census) read(ctx context.Context, client *zoho.Client, rows []batch.Row) ([]zoho.LockState, error) {
	if !c.pay() {
		return nil, nil
	}
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.RecordID
	}
	states, err := client.LockStates(ctx, rows[0].Module, ids)
	sure := len(states) - zoho.Overlooked(states)
	var e *zoho.Error
	switch {
	case errors.As(err, &e) && e.Code == "LIMIT_EXCEEDED" && len(rows) > 1:
		half := (len(rows) + 1) / 2
		c.mu.Lock()
		c.size = min(c.size, half)
		c.mu.Unlock()
		states, err = c.read(ctx, client, rows[:half])
		if sure = half; err != nil || len(states) < half {
			return states, err
		}
	case err != nil || sure == len(rows):
		return states, err
	}
	rest, err := c.read(ctx, client, rows[sure:])
	return append(states[:sure:sure], rest...), err
}

func (c *census) count(rows []batch.Row, states []zoho.LockState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, row := range rows {
		kind := batch.ModuleAction{Module: row.Module, Action: row.Action}
		n := c.kinds[kind]
		if n == nil {
			n = new(stateCount)
			c.kinds[kind] = n
		}
		n.Looked++
		switch states[i] {
		case zoho.StateAbsent:
			n.Missing++
		case zoho.StateUnlocked:
			n.Unlocked++
		case zoho.StateLocked:
			n.Locked++
			if len(c.locked) < holdersMost {
				c.locked = append(c.locked, batch.Row{Module: row.Module, RecordID: row.RecordID})
			}
		default:
			n.Unsaid++
		}
	}
}

// whoHolds reads whose lock a record has.
func (c *census) whoHolds(ctx context.Context, client *zoho.Client, row batch.Row) error {
	if !c.pay() {
		return nil
	}
	locks, err := client.ListLocks(ctx, zoho.Record{Module: row.Module, ID: row.RecordID})
	var e *zoho.Error
	if errors.As(err, &e) && e.Phase == zoho.PhaseDefinite && e.Kind != zoho.SignIn {
		return nil // it may be gone by now, or hidden: that is one holder less
	}
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, lock := range locks[:min(len(locks), 1)] {
		c.asked++
		c.holders[holder{string(lock.Source), lock.By.Name}]++
	}
	return nil
}

// asWanted is how many rows of a kind need nothing done.
func (n stateCount) asWanted(a batch.Action) int64 {
	switch a {
	case batch.ActionLock:
		return n.Locked
	case batch.ActionUnlock:
		return n.Unlocked
	}
	return 0
}

// surprises are what a person should look at before the rows are carried out.
func (c *census) surprises() []string {
	var out []string
	for _, kind := range c.sorted() {
		n := c.kinds[kind]
		share := func(of int64) float64 { return float64(of) / float64(n.Looked) }
		percent := func(of int64) string { return fmt.Sprintf("%.0f %%", 100*share(of)) }
		what := fmt.Sprintf("of the rows to %s in %s", verb(kind.Action), clean(kind.Module))
		switch {
		case share(n.Missing) >= surprisedByOut:
			out = append(out, percent(n.Missing)+" "+what+" name records that do not exist, or are hidden: the wrong org or module?")
		case kind.Action == batch.ActionLock && share(n.Locked) > surprisedBy:
			out = append(out, percent(n.Locked)+" "+what+" are locked already: was this file carried out before?")
		case kind.Action != batch.ActionLock && share(n.Unlocked) > surprisedBy:
			out = append(out, percent(n.Unlocked)+" "+what+" are not locked: the wrong file?")
		}
		if n.Unsaid > 0 {
			out = append(out, percent(n.Unsaid)+" "+what+" do not tell whether they are locked: can the module be locked?")
		}
		if kind.Action != batch.ActionLock && float64(c.byRule()) > surprisedBy*float64(c.asked) && n.Locked > 0 {
			out = append(out, "most of the locks looked at were made by rules of the module: only the rule takes those away")
		}
	}
	return slices.Compact(out)
}

func verb(a batch.Action) string {
	if a == batch.ActionUpdateReason {
		return "give another reason"
	}
	return string(a)
}

func (c *census) byRule() (n int) {
	for h, records := range c.holders {
		if h.source == string(zoho.Automatic) {
			n += records
		}
	}
	return n
}

func (c *census) sorted() []batch.ModuleAction {
	return slices.SortedFunc(maps.Keys(c.kinds), func(a, b batch.ModuleAction) int {
		return cmp.Or(cmp.Compare(a.Module, b.Module), cmp.Compare(a.Action, b.Action))
	})
}

// need is how many rows need a change, how many are as wanted already, and how many name no record.
func (c *census) need() (need, asWanted, missing int64) {
	for kind, n := range c.kinds {
		as := n.asWanted(kind.Action)
		asWanted += as
		missing += n.Missing
		need += n.Looked - n.Missing - as
	}
	return need, asWanted, missing
}

// print says what was found.
func (c *census) print(b *strings.Builder) {
	fmt.Fprintf(b, "check: today's lock state, by %s\n", counted(int64(c.calls), "call", "calls"))
	t := newTable(2, 3, 4)
	t.add("module", "action", "locked", "not locked", "missing")
	for _, kind := range c.sorted() {
		n := c.kinds[kind]
		t.add(clean(kind.Module), string(kind.Action), number(n.Locked), number(n.Unlocked), number(n.Missing))
	}
	t.print(b, "  ")
	if c.asked > 0 {
		fmt.Fprintf(b, "  of %s, %s\n", counted(int64(c.asked), "lock looked at", "locks looked at"), c.whose())
	}
	need, asWanted, missing := c.need()
	fmt.Fprintf(b, "  %s, %s as wanted already, %s not there\n", counted(need, "row needs a call", "rows need calls"),
		counted(asWanted, "is", "are"), counted(missing, "is", "are"))
	if c.cut {
		fmt.Fprintf(b, "  not all was looked at: --max-credits %d\n", c.most)
	}
	for _, s := range c.surprises() {
		fmt.Fprintf(b, "surprise: %s\n", s)
	}
}

func (c *census) whose() string {
	var parts []string
	for _, h := range c.sortedHolders() {
		whose := "by " + orElse(clean(h.name), "somebody")
		switch h.source {
		case string(zoho.Automatic):
			whose = "by a rule of the module"
		case string(zoho.Both):
			whose += " and a rule"
		}
		parts = append(parts, number(int64(c.holders[h]))+" "+whose)
	}
	return strings.Join(parts, ", ")
}

func (c *census) sortedHolders() []holder {
	return slices.SortedFunc(maps.Keys(c.holders), func(a, b holder) int {
		return cmp.Or(cmp.Compare(c.holders[b], c.holders[a]), cmp.Compare(a.name, b.name), cmp.Compare(a.source, b.source))
	})
}

// planCheck is what plan --json says of the check.
type planCheck struct {
	Calls     int             `json:"calls"`
	Whole     bool            `json:"whole"` // all rows were looked at
	Kinds     []planCheckKind `json:"kinds"`
	Holders   []planHolder    `json:"holders"` // of some of the locks
	Need      int64           `json:"need_calls"`
	AsWanted  int64           `json:"as_wanted"`
	Missing   int64           `json:"missing"`
	Surprises []string        `json:"surprises"`
}

type planCheckKind struct {
	Module string `json:"module"`
	Action string `json:"action"`
	stateCount
}

type planHolder struct {
	Name    *string `json:"name"`
	Source  string  `json:"source"`
	Records int     `json:"records"`
}

func (c *census) document() *planCheck {
	if c == nil {
		return nil
	}
	d := &planCheck{Calls: c.calls, Whole: !c.cut, Kinds: []planCheckKind{}, Holders: []planHolder{}, Surprises: c.surprises()}
	if d.Surprises == nil {
		d.Surprises = []string{}
	}
	d.Need, d.AsWanted, d.Missing = c.need()
	for _, kind := range c.sorted() {
		d.Kinds = append(d.Kinds, planCheckKind{kind.Module, string(kind.Action), *c.kinds[kind]})
	}
	for _, h := range c.sortedHolders() {
		d.Holders = append(d.Holders, planHolder{told(h.name), h.source, c.holders[h]})
	}
	return d
}
