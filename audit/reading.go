package audit

import (
	"context"
	"errors"
	"iter"
	"sync"

	"zlock/zoho"
)

const (
	tries      = 5  // of a call that meets nothing but trouble, before its rows are given up
	darkEnough = 10 // calls given up one after the other: Zoho is not there
)

// verification is one on its way. Rows are the job's that looks at them while it does, else the
// dealing goroutine's.
type verification struct {
	Options
	look   *Outlook
	emit   func(*Finding) error
	report Report
	rows   []*finding

	mu   sync.Mutex
	size int // records in a bulk read
	dark int // calls given up since one was answered
}

// finding is one that may still be open.
type finding struct {
	Finding
	settled bool
}

func (f *finding) settle(w What) { f.What, f.settled = w, true }

// bulkReads are the bulk reads of the rows taken, module by module.
func (v *verification) bulkReads() iter.Seq[Job] {
	return func(yield func(Job) bool) {
		open := map[string][]*finding{}
		var modules []string
		for _, f := range v.rows {
			if f.settled {
				continue
			}
			if open[f.Module] == nil {
				modules = append(modules, f.Module)
			}
			open[f.Module] = append(open[f.Module], f)
		}
		for _, module := range modules {
			for rest := open[module]; len(rest) > 0; {
				n := min(v.sizeNow(), len(rest))
				if !yield(v.bulkRead(rest[:n])) {
					return
				}
				rest = rest[n:]
			}
		}
	}
}

func (v *verification) sizeNow() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.size
}

func (v *verification) bulkRead(rows []*finding) Job {
	try := 0
	return func(ctx context.Context, client *zoho.Client) error {
		try++
		return v.given(v.readBulk(ctx, client, rows), try, rows)
	}
}

func (v *verification) readBulk(ctx context.Context, client *zoho.Client, rows []*finding) error {
	ids := make([]string, len(rows))
	for i, f := range rows {
		ids[i] = f.RecordID
	}
	states, err := client.RecordStates(ctx, rows[0].Module, ids)
	var e *zoho.Error
	if errors.As(err, &e) && e.Code == "LIMIT_EXCEEDED" && len(rows) > 1 {
		half := (len(rows) + 1) / 2
		v.mu.Lock()
		v.size = min(v.size, half)
		v.mu.Unlock()
		if err := v.readBulk(ctx, client, rows[:half]); err != nil {
			return err
		}
		return v.readBulk(ctx, client, rows[half:])
	}
	if err != nil {
		return err
	}
	sure := len(rows) - zoho.OverlookedRecords(states)
	for i, f := range rows[:sure] {
		v.compare(f, states[i])
	}
	if sure < len(rows) {
		return v.readBulk(ctx, client, rows[sure:])
	}
	return nil
}

// compare settles a row by a bulk read, unless its lock is to be read.
func (v *verification) compare(f *finding, s zoho.RecordState) {
	f.State, f.ModifiedAt, f.ModifiedBy = s.Lock, s.ModifiedAt, s.ModifiedBy
	w, sure := f.Expected.judgeState(s.Lock)
	if sure && w == AsLeft && f.Expected.Locked && v.undated(f) {
		sure = false
	}
	f.settled = false
	switch {
	case sure || v.Quick && w != Unread:
		f.settle(w)
	case v.Quick:
		f.settle(Unread)
		f.Note = "Zoho does not say whether it is locked"
	}
}

// undated reports a record that was edited after the cut-off, and of which only its lock tells whether
// that was before it was locked.
func (v *verification) undated(f *finding) bool {
	return !v.Cutoff.IsZero() && f.ModifiedAt.After(v.Cutoff) && f.Expected.Since.IsZero()
}

// lockReads are the reads of locks, one a row that is still open.
func (v *verification) lockReads() iter.Seq[Job] {
	return func(yield func(Job) bool) {
		for _, f := range v.rows {
			if !f.settled && !yield(v.lockRead(f)) {
				return
			}
		}
	}
}

func (v *verification) lockRead(f *finding) Job {
	try := 0
	return func(ctx context.Context, client *zoho.Client) error {
		try++
		locks, err := client.ListLocks(ctx, zoho.Record{Module: f.Module, ID: f.RecordID})
		var e *zoho.Error
		if errors.As(err, &e) && e.Phase == zoho.PhaseDefinite && e.Kind == zoho.RecordUnknown {
			f.settle(Gone)
			err = nil
		} else if err == nil {
			w, lock := f.Expected.judgeLocks(locks)
			f.Lock = lock
			f.settle(w)
		}
		return v.given(err, try, []*finding{f})
	}
}

// given takes in what came of a call. A refusal that is about these rows leaves them unread, and so does
// trouble that does not pass; what would meet every other row too is returned.
func (v *verification) given(err error, try int, rows []*finding) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	var e *zoho.Error
	if !errors.As(err, &e) {
		if err == nil {
			v.dark = 0
		}
		return err
	}
	switch {
	case e.Kind == zoho.SignIn, e.Kind == zoho.ScopeMissing, e.Kind == zoho.Redirected, e.Kind == zoho.Stopped, e.Kind == zoho.TokenThrottled,
		errors.Is(err, context.Canceled):
		return err
	case e.Phase == zoho.PhaseDefinite:
		v.dark = 0
	case try < tries:
		return err
	default:
		if v.dark++; v.dark >= darkEnough {
			return err
		}
	}
	for _, f := range rows {
		if !f.settled {
			f.settle(Unread)
			f.Note = e.Error()
		}
	}
	return nil
}
