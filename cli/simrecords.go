package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"zlock/batch"
	"zlock/zoho/sim"
)

// Made-up ids lie in a span of their own for each module, so that none meets another, nor a lock's.
const (
	firstMadeUp  = 5843104010000000000
	madeUpSpan   = 1_000_000_000
	madeUpStride = 19
)

// simRecords is what the pretend org is made of.
type simRecords struct {
	Records int64    `json:"records"`
	Modules []string `json:"modules"`
	Locked  float64  `json:"locked"`
	Seed    uint64   `json:"seed"`
	Endings bool     `json:"endings"`
	SHA256  string   `json:"sha256,omitempty"` // of the job file

	fromJob []sim.Record
}

// mark names what the org is made of, so that a state file is not taken for another org's.
func (s *simRecords) mark() (string, error) {
	data, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("mark the state: %w", err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8]), nil
}

// all are the job file's records and the made-up ones, always the same ones.
func (s *simRecords) all() iter.Seq[sim.Record] {
	return func(yield func(sim.Record) bool) {
		for _, r := range s.fromJob {
			if !yield(r) {
				return
			}
		}
		for i, module := range s.Modules {
			n := s.Records / int64(len(s.Modules))
			if int64(i) < s.Records%int64(len(s.Modules)) {
				n++
			}
			if !s.madeUp(module, i, n, yield) {
				return
			}
		}
	}
}

// madeUp makes up n records of a module.
func (s *simRecords) madeUp(module string, place int, n int64, yield func(sim.Record) bool) bool {
	random := rand.New(rand.NewPCG(s.Seed, uint64(place)))
	id := int64(firstMadeUp) + int64(place)*madeUpSpan
	for range n {
		id += 1 + random.Int64N(madeUpStride)
		r := sim.Record{Module: module, ID: strconv.FormatInt(id, 10)}
		if random.Float64() < s.Locked {
			r.Lock = madeUpLock(random.IntN(20))
		}
		if !yield(r) {
			return false
		}
	}
	return true
}

// madeUpLock is one of twenty locks: one by a rule, five by a colleague, the others our own.
func madeUpLock(which int) *sim.Lock {
	const reason = "Locked before this rehearsal"
	switch {
	case which == 0:
		return &sim.Lock{Source: sim.Automatic}
	case which <= 5:
		return &sim.Lock{Reason: reason, Source: sim.Manual, By: sim.Patricia()}
	}
	return &sim.Lock{Reason: reason, Source: sim.Manual}
}

// simModules checks the names of modules, and gives Zoho's own their spelling.
func simModules(names []string) ([]string, error) {
	var list []string
	for _, name := range names {
		if err := (batch.ReadOptions{Module: name}).Validate(); err != nil {
			return nil, usage(fmt.Sprintf("--modules %s: not a module's API name", clean(name)), "a letter, then letters, digits and _: Deals, Sales_Orders")
		}
		for _, known := range batch.LockableModules() {
			if strings.EqualFold(name, known) {
				name = known
			}
		}
		if !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list, nil
}

// jobRecords takes the records out of a job file. One that is first to be unlocked, or to get
// another reason, is locked at the start.
type jobRecords struct {
	list    []sim.Record
	seen    map[batch.ModuleAction]map[string]bool // by module
	skipped int64
}

// Add takes a row.
func (j *jobRecords) Add(row batch.Row) error {
	if row.Outcome == batch.Invalid {
		j.skipped++
		return nil
	}
	module := batch.ModuleAction{Module: row.Module}
	if j.seen[module] == nil {
		j.seen[module] = map[string]bool{}
	}
	if j.seen[module][row.RecordID] {
		return nil
	}
	j.seen[module][row.RecordID] = true
	r := sim.Record{Module: row.Module, ID: row.RecordID}
	if row.Action != batch.ActionLock {
		r.Lock = &sim.Lock{ID: row.LockID, Reason: "Locked before this rehearsal", Source: sim.Manual}
	}
	j.list = append(j.list, r)
	return nil
}

// Mark is told what does not matter here.
func (j *jobRecords) Mark(int64, batch.Outcome, string, string, int64) error { return nil }

// readJob reads the records of the job file. Faulty rows are passed over: it is run that refuses them.
func (o *simOptions) readJob(ctx context.Context, a *app) error {
	path := o.from
	if path != "-" {
		path = a.world.path(path)
	}
	reading := batch.ReadOptions{
		Module: o.module, Action: batch.Action(o.action), Reason: "Rehearsal", IDsChecked: true,
		AllowEmpty: true, SkipInvalid: true, Sequence: true,
	}
	job, err := batch.Open(ctx, path, a.world.In, reading)
	if err != nil {
		return fmt.Errorf("%s: %w", clean(o.from), err)
	}
	defer func() { _ = job.Close() }()
	sink := &jobRecords{seen: map[batch.ModuleAction]map[string]bool{}}
	sum, err := batch.Read(ctx, job, reading, sink)
	if err != nil {
		return fmt.Errorf("%s: %w", clean(o.from), err)
	}
	if sink.skipped > 0 {
		a.screen.warn("%s of %s faulty and passed over; zlock plan %s lists what is wrong",
			counted(sink.skipped, "row", "rows"), clean(o.from)+map[bool]string{true: " is", false: " are"}[sink.skipped == 1], shellWord(o.from))
	}
	o.made.fromJob, o.made.SHA256 = sink.list, sum.SHA256
	return nil
}

// writeJobs writes a job file that locks every record that is not locked.
func (o *simOptions) writeJobs(a *app) error {
	return a.writeFile(a.world.path(o.jobs), o.force, []string{a.world.path(o.from), a.world.path(o.state)}, func(w io.Writer) error {
		if _, err := io.WriteString(w, "record_id,module,action,reason\n"); err != nil {
			return err
		}
		for r := range o.made.all() {
			if r.Lock != nil {
				continue
			}
			if _, err := fmt.Fprintf(w, "%s,%s,lock,Rehearsal\n", r.ID, r.Module); err != nil {
				return err
			}
		}
		return nil
	})
}
