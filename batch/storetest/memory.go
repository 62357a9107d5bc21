package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"zlock/batch"
)

// Memory is a run in memory: a Bench, and the model that other stores are compared with. It is
// simple rather than quick, and keeps nothing beyond the process.
type Memory struct {
	mu      sync.Mutex
	rows    []batch.Row
	asked   map[int64]string // the locks that the job file names
	history map[int64][]batch.Attempt
	calls   int64
	credits int64
	aside   int                         // credits reserved for calls that are no row's
	locks   map[string]*batch.KnownLock // by module and record: locks that rows have left
	had     map[int64]bool              // rows that this sitting has had in hand
	open    int                         // number of the sitting; 0 outside of one
	opened  int                         // how many there were
}

// NewMemory makes a run of rows, which come in order of Seq, numbered from 1 without a gap.
func NewMemory(rows []batch.Row) *Memory {
	m := &Memory{rows: slices.Clone(rows), asked: map[int64]string{}, history: map[int64][]batch.Attempt{}, locks: map[string]*batch.KnownLock{}}
	for _, r := range rows {
		m.asked[r.Seq] = r.LockID
	}
	return m
}

// Open begins a sitting. Rows still in flight are in doubt.
func (m *Memory) Open(context.Context) (batch.Store, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.open != 0 {
		return nil, errors.New("a sitting is open already")
	}
	m.doubt()
	m.opened++
	m.open, m.had = m.opened, map[int64]bool{}
	return &memorySitting{m: m, number: m.open}, nil
}

// Close ends the sitting.
func (m *Memory) Close(_ context.Context, clean bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if clean {
		m.aside = 0
	}
	m.doubt()
	m.open = 0
	return nil
}

// doubt makes what is in flight unknown, its call made and paid for as far as is known: one, or two
// where the row had read a lock before changing it.
func (m *Memory) doubt() {
	m.credits += int64(m.aside)
	m.calls += int64(m.aside)
	m.aside = 0
	for i := range m.rows {
		r := &m.rows[i]
		if r.Outcome != batch.Sending {
			continue
		}
		made := 1
		if r.Previous != nil {
			made = 2
		}
		r.Outcome, r.SentAt = batch.Unknown, time.Now()
		r.Credits += made
		m.credits += int64(made)
		m.calls += int64(made)
	}
}

// Look returns what is stored.
func (m *Memory) Look(context.Context) (Sight, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	counts := map[batch.Outcome]int64{}
	for _, r := range m.rows {
		counts[r.Outcome]++
	}
	return Sight{
		Run:     batch.Run{Counts: counts, Total: int64(len(m.rows)), Calls: m.calls, Credits: m.credits},
		Rows:    slices.Clone(m.rows),
		History: maps.Clone(m.history),
	}, nil
}

// memorySitting is one sitting at a Memory.
type memorySitting struct {
	m      *Memory
	number int
}

// Commit is batch.Store's.
func (s *memorySitting) Commit(_ context.Context, c batch.Changes) ([]batch.Row, error) {
	m := s.m
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.open != s.number {
		return nil, errors.New("the sitting is over")
	}
	was := Memory{rows: slices.Clone(m.rows), history: maps.Clone(m.history), locks: maps.Clone(m.locks), calls: m.calls, credits: m.credits}
	if err := m.write(c); err != nil {
		m.rows, m.history, m.locks, m.calls, m.credits = was.rows, was.history, was.locks, was.calls, was.credits
		m.open = 0
		return nil, err
	}
	return m.deal(c), nil
}

func (m *Memory) write(c batch.Changes) error {
	for _, r := range c.Results {
		if err := m.result(r, c.Now); err != nil {
			return fmt.Errorf("row %d: %w", r.Seq, err)
		}
	}
	for _, in := range c.Intents {
		row, err := m.row(in.Seq)
		if err != nil {
			return err
		}
		if row.Outcome == batch.Pending {
			row.Outcome, row.DealtAt = batch.Sending, c.Now
		}
		row.LockID, row.Previous = in.LockID, in.Previous
	}
	for _, seq := range c.Release {
		if row, err := m.row(seq); err == nil && row.Outcome == batch.Sending {
			m.afresh(row)
		}
	}
	for _, seq := range c.Start {
		row, err := m.row(seq)
		if err != nil || row.Outcome != batch.Pending {
			return fmt.Errorf("row %d is not pending", seq)
		}
		row.Outcome, row.DealtAt = batch.Sending, c.Now
	}
	m.calls += int64(c.Calls)
	m.credits += int64(c.Credits)
	m.aside = c.Aside
	return nil
}

func (m *Memory) row(seq int64) (*batch.Row, error) {
	if seq < 1 || seq > int64(len(m.rows)) {
		return nil, errors.New("no such row")
	}
	return &m.rows[seq-1], nil
}

func (m *Memory) afresh(row *batch.Row) {
	row.Outcome, row.LockID, row.Previous = batch.Pending, m.asked[row.Seq], nil
	row.DealtAt, row.SentAt = time.Time{}, time.Time{}
}

func (m *Memory) result(r batch.Result, now time.Time) error {
	row, err := m.row(r.Seq)
	if err != nil {
		return err
	}
	if row.Outcome.Final() {
		if row.Outcome == r.Outcome {
			return nil
		}
		return errors.New("final already")
	}
	m.remember(row, r, now)
	row.Outcome, row.Code, row.Message, row.Hint = r.Outcome, r.Code, r.Message, r.Hint
	row.Attempts, row.Credits = r.Attempts, r.Credits
	if r.LockID != "" {
		row.LockID = r.LockID
	}
	if r.Previous != nil {
		row.Previous = r.Previous
	}
	switch r.Outcome {
	case batch.Pending:
		m.afresh(row)
	case batch.Unknown:
		row.DealtAt = first(r.DealtAt, row.DealtAt, now)
		row.SentAt = first(r.SentAt, row.SentAt, now)
	default:
		row.DealtAt, row.SentAt = time.Time{}, r.SentAt
	}
	for _, a := range r.History {
		if a.N == 0 {
			a.N = len(m.history[r.Seq]) + 1
		}
		m.history[r.Seq] = append(slices.Clip(m.history[r.Seq]), a)
	}
	m.calls += int64(r.Calls)
	m.credits += int64(r.Spent)
	return nil
}

// first returns the first time that is one.
func first(times ...time.Time) time.Time {
	i := slices.IndexFunc(times, func(t time.Time) bool { return !t.IsZero() })
	return times[max(i, 0)]
}

func (m *Memory) deal(c batch.Changes) []batch.Row {
	var dealt []batch.Row
	for _, state := range []batch.Outcome{batch.Unknown, batch.Pending} {
		for i := range m.rows {
			row := &m.rows[i]
			if len(dealt) >= c.Deal || row.Outcome != state || m.had[row.Seq] || slices.Contains(c.Skip, row.Module) {
				continue
			}
			m.had[row.Seq] = true
			if state == batch.Pending && !c.Show {
				row.Outcome, row.DealtAt = batch.Sending, c.Now
			}
			given := *row
			given.Outcome = state
			dealt = append(dealt, given)
		}
	}
	for i := range dealt {
		if after := dealt[i].After; after != 0 {
			dealt[i].AfterOutcome, dealt[i].AfterLine = m.rows[after-1].Outcome, m.rows[after-1].Line
		}
		m.recall(&dealt[i])
	}
	return dealt
}

// remember brings the locks left on records up to what became of a row.
func (m *Memory) remember(row *batch.Row, r batch.Result, now time.Time) {
	key := lockKey(row)
	was := m.locks[key]
	switch {
	case r.LockID != "" && (r.Outcome == batch.Locked || r.Outcome == batch.ReasonUpdated):
		made := r.Outcome == batch.Locked || was != nil && was.Made && was.LockID == r.LockID
		m.locks[key] = &batch.KnownLock{LockID: r.LockID, Reason: row.Reason, Made: made, At: now.UTC()}
	case r.Outcome == batch.Unlocked, r.Outcome == batch.AlreadyUnlocked, r.Outcome == batch.Failed && r.Code == batch.CodeNotLocked:
		delete(m.locks, key)
	case r.Outcome == batch.Failed && (r.Code == batch.CodeLockChanged || r.Code == batch.CodeReasonChanged) && was != nil && (r.LockID == "" || r.LockID == was.LockID):
		delete(m.locks, key)
	}
}

// lockKey names a row's record; the spellings of its module that differ in case are one.
func lockKey(row *batch.Row) string { return strings.ToLower(row.Module) + " " + row.RecordID }

// recall tells an unlock which lock it will find.
func (m *Memory) recall(row *batch.Row) {
	known := m.locks[lockKey(row)]
	if known == nil || row.Action != batch.ActionUnlock || row.LockID != "" || row.After != 0 && !row.AfterOutcome.Final() {
		return
	}
	lock := *known
	row.Known = &lock
}

// Spread is batch.Store's.
func (s *memorySitting) Spread(_ context.Context, n int) (rows []batch.Row, pending int64, err error) {
	m := s.m
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.open != s.number {
		return nil, 0, errors.New("the sitting is over")
	}
	var fit []batch.Row
	for _, r := range m.rows {
		if r.Outcome == batch.Pending {
			pending++
			if r.Attempts == 0 && r.After == 0 {
				fit = append(fit, r)
			}
		}
	}
	for i := range min(n, len(fit)) {
		lo, hi := i*len(fit)/min(n, len(fit)), (i+1)*len(fit)/min(n, len(fit))
		rows = append(rows, fit[lo+(7*i)%(hi-lo)])
	}
	return rows, pending, nil
}
