// Package sim is a pretend Zoho organisation: an http.Handler that serves the
// record-locking API, what surrounds it, and the accounts server's sign-ins,
// with Zoho's answers, limits and ways of going wrong.
//
// It is a judge as well as a rehearsal stage. It shares no types with any
// client, keeps a total order of everything that was asked of it (Org.Log), and
// decides every fault from the seed, the record and the record's own call
// number, so that the order in which calls happen to arrive does not change the
// story.
package sim

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// User is somebody who works in the organisation.
type User struct{ ID, Name string }

// Company says which organisation it is; what is left empty is made up.
type Company struct {
	ID     string // of its record
	Number string // zgid
	Name   string
}

// Source says how a lock came about.
type Source string

// The sources, in Zoho's spelling.
const (
	Manual    Source = "Manual"
	Automatic Source = "Automatic"
	Both      Source = "Both" // by hand and by a rule at once, shown as one lock
)

// Lock is a record's locking information.
type Lock struct {
	ID     string    // the lock's own id, 19 digits; given by the organisation when empty in a Record
	Reason string    // empty for Automatic
	Source Source    // empty in a Record means Manual
	By     User      // zero for Automatic; zero in a Record means Config.Me
	At     time.Time // to the second; zero in a Record means 30 days before the organisation began
}

// Record is something that can be locked.
type Record struct {
	Module string // API name
	ID     string // 1-19 digits that fit int64
	Lock   *Lock  // nil: not locked
	Name   string // shown in Locked_For__s; made up when empty

	Fields map[string]any // values of its fields, by API name, as JSON has them; may be nil

	Converted bool // a lead that was converted: Get Records leaves it out unless asked for converted=both
}

// Config describes an organisation. Its zero value is one without records, limits or faults.
type Config struct {
	Seed    uint64           // of every decision that looks like chance
	Records iter.Seq[Record] // what exists; read once, by New; may be nil; of a record named twice the last counts

	// Modules lists the modules that exist and how they may be locked. When nil,
	// every module that Records names exists and may be locked both ways.
	Modules map[string]Module

	Me       User // who calls; made up when zero
	Company  Company
	Edition  string // Zoho's paid_type, such as "professional"; empty means enterprise
	Standing Standing

	Profiles []Profile // those of the organisation; when nil, Administrator and Standard
	Buttons  []Button  // the custom buttons; when nil, one that is called "Send with Zoho Sign"

	Latency func() time.Duration // of each API call; nil means none; called concurrently. See Between
	Skew    time.Duration        // how far the organisation's clock is ahead of ours

	Concurrency int       // API calls served at once, beyond which 429 is answered; 0 means no limit
	OtherUsers  int       // of those, up to so many are taken by others, changing by the second
	Credits     int       // of them per rolling 24 hours, one for most calls; 0 means no limit
	Composite   Composite // which calls a composite takes; its parts cost nothing and it takes five places

	MaxIDs int // ids that Get Records takes in one call; 0 means 100

	// Journal is the path of a file that makes the state outlive the process: locks,
	// records and configurations changed here, spent credits and fault counters. One process at a time may have it open. It is
	// made with mode 0600 and survives the death of the process, not of the machine.
	Journal string

	// Mark says what the journal's organisation was made of. New takes a journal with
	// another mark for another organisation's: ErrOtherOrg.
	Mark string

	Tokens   TokenConfig
	Script   []Fault // the first that fits a call strikes it
	ByID     bool    // ids ending in agreed digits misbehave; see Agreed
	LogLimit int     // events kept for Log, the newest; 0 means 100,000
}

// Org is a pretend organisation. It is safe for concurrent use.
type Org struct {
	cfg   Config
	epoch time.Time // when it first came to be; the same after a reopening
	began time.Time // when this New made it
	done  chan struct{}

	mu      sync.Mutex
	closed  bool
	stand   Standing
	modules map[string]*module
	people  people
	made    int64 // lock ids given out to locks made here
	seeded  int64 // lock ids given out to locks that were there before
	settled int64 // ids given out to configurations and rules made here
	born    int64 // ids given out to records made here
	tally   tally
	gate    gate
	journal *journal
	pending map[int64]lateEffect
	lates   int64
	tokens  tokens
	history history

	switches Switches
}

// New makes the organisation that cfg describes and, where cfg.Journal names a
// file, carries out again what it says. It fails on a senseless configuration,
// on a record without a proper id, and on a journal that cannot be read.
func New(cfg Config) (*Org, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("simulated organisation: %w", err)
	}
	o := &Org{
		cfg: cfg.filled(), began: time.Now(), done: make(chan struct{}),
		stand: cfg.Standing.copied(), modules: map[string]*module{}, pending: map[int64]lateEffect{},
		tally: newTally(cfg.Script), people: people{index: map[User]int32{}},
	}
	o.tokens = newTokens(o.cfg.Tokens, o.began)
	o.history.limit = o.cfg.LogLimit
	for _, name := range slices.Sorted(maps.Keys(cfg.Modules)) {
		o.addModule(name, cfg.Modules[name])
	}
	if err := o.load(); err != nil {
		return nil, fmt.Errorf("simulated organisation: %w", err)
	}
	return o, nil
}

// load reads the journal's heading, then the records, then what the journal says became of them.
func (o *Org) load() error {
	var err error
	o.epoch = o.began
	if o.cfg.Journal != "" {
		if o.journal, o.epoch, err = openJournal(o.cfg.Journal, o.cfg.Mark, o.began); err != nil {
			return err
		}
	}
	if err = o.seed(); err == nil {
		err = o.seedConfigurations()
	}
	if err == nil && o.journal != nil {
		err = o.journal.replay(o.restore)
	}
	if err != nil {
		return errors.Join(err, o.journal.close())
	}
	o.startLates()
	return nil
}

// Close ends the calls being served, keeps late effects for the next opening
// and closes the journal. It reports the error that first kept the journal from
// being written, if one did. Closing twice is harmless.
func (o *Org) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return nil
	}
	o.closed = true
	close(o.done)
	return o.journal.close()
}

// Lock returns the lock of a record as it stands now.
func (o *Org) Lock(module, id string) (Lock, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	m, n, ok := o.find(module, id)
	if !ok {
		return Lock{}, false
	}
	r, ok := m.locks[n]
	if !ok {
		return Lock{}, false
	}
	return o.lock(r), true
}

// Locks goes through the locked records by module and id, as they stood when it
// was called; a record unlocked meanwhile is passed over.
func (o *Org) Locks() iter.Seq[Record] {
	return func(yield func(Record) bool) {
		for _, k := range o.lockedKeys() {
			l, ok := o.Lock(k.m.name, k.text())
			if !ok {
				continue
			}
			if !yield(Record{Module: k.m.name, ID: k.text(), Lock: &l, Name: k.m.title(k.id)}) {
				return
			}
		}
	}
}

func (o *Org) lockedKeys() []key {
	o.mu.Lock()
	defer o.mu.Unlock()
	var keys []key
	for _, name := range slices.Sorted(maps.Keys(o.modules)) {
		m := o.modules[name]
		for _, id := range slices.Sorted(maps.Keys(m.locks)) {
			keys = append(keys, key{m, id})
		}
	}
	return keys
}

// Act lets somebody other than the caller change a lock, at once and without a
// call: OpLock locks rec for rec.Lock's reason and source (an Automatic lock is
// a rule's, not the actor's), OpReason re-words its lock to rec.Lock.Reason, and
// OpUnlock takes away whichever lock there is. It returns the lock made,
// re-worded or taken away, and fails where the record or its state forbids it.
func (o *Org) Act(actor User, op Op, rec Record) (Lock, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	m, id, ok := o.find(rec.Module, rec.ID)
	if !ok {
		return Lock{}, fmt.Errorf("act on %s %s: no such record", rec.Module, rec.ID)
	}
	k := key{m, id}
	before, locked := m.locks[id]
	after, err := o.acted(actor, op, rec, before, locked)
	if err != nil {
		return Lock{}, fmt.Errorf("act on %s %s: %w", rec.Module, rec.ID, err)
	}
	shown := before
	if after != nil {
		shown = *after
	}
	if err := o.commit(entry{}, &change{key: k, row: after}); err != nil {
		return Lock{}, fmt.Errorf("act on %s %s: %w", rec.Module, rec.ID, err)
	}
	l := o.lock(shown)
	o.record(Event{
		Op: op, Module: rec.Module, ID: rec.ID, LockID: l.ID, Actor: actor.ID,
		Holder: o.holder(before, locked), Reason: l.Reason, Applied: true,
	})
	return l, nil
}

// acted works out the lock that op leaves behind; nil for none.
func (o *Org) acted(actor User, op Op, rec Record, before row, locked bool) (*row, error) {
	if locked == (op == OpLock) {
		if locked {
			return nil, errors.New("it is locked already")
		}
		return nil, errors.New("it is not locked")
	}
	var l Lock
	if rec.Lock != nil {
		l = *rec.Lock
	}
	switch op {
	case OpLock:
		l.By = actor
		r := o.row(l, o.newLockID(), o.now())
		return &r, nil
	case OpReason:
		before.reason = l.Reason
		return &before, nil
	case OpUnlock:
		return nil, nil
	}
	return nil, fmt.Errorf("%s changes nothing", op)
}

// Transport returns a round tripper that brings requests to the organisation
// without a socket, whatever host they name. It tells WroteHeaders, WroteRequest
// and GotFirstResponseByte of an httptrace, ends with the request's context, and
// errs as net/http does: io.EOF for a connection cut before the answer's head,
// io.ErrUnexpectedEOF from a body cut later, and a *net.OpError, with nothing
// told to have been written, once the organisation is closed. It works inside
// testing/synctest bubbles.
func (o *Org) Transport() http.RoundTripper { return transport{o} }

// now is the organisation's time.
func (o *Org) now() time.Time { return time.Now().Add(o.cfg.Skew) }

// pause waits for d, or until the organisation is closed. The caller's leaving
// does not shorten it: Zoho finishes what it has begun.
func (o *Org) pause(d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-o.done:
	}
}

// find looks a record up by the text of its id; o.mu is held.
func (o *Org) find(module, id string) (*module, int64, bool) {
	m, ok := o.modules[module]
	if !ok {
		return nil, 0, false
	}
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || !m.has(n) {
		return nil, 0, false
	}
	return m, n, true
}
