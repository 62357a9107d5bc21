package audit

import (
	"context"
	"maps"
	"slices"

	"zlock/batch"
	"zlock/checkpoint"
	"zlock/zoho"
)

// Outlook is what a verification will look at, and cost.
type Outlook struct {
	Compared int64    // rows whose records are looked at
	Bulk     int64    // bulk reads, at least
	Details  int64    // locks that are read one by one, at most; records locked against what the run left come on top
	Modules  []string // that hold records which the run left locked

	superseded bits
}

// Credits is what the calls cost, about; quick leaves the details out.
func (o *Outlook) Credits(quick bool) int64 {
	n := o.Bulk + int64(len(o.Modules))
	if !quick {
		n += o.Details
	}
	return n
}

// Look goes through the rows of a run without a call. Memory is three bits a row.
func Look(ctx context.Context, db *checkpoint.DB, run batch.Run, onLocked batch.OnLocked) (*Outlook, error) {
	o := &Outlook{superseded: newBits(run.Total)}
	of, locked := map[string]int64{}, map[string]bool{}
	compared, detailed := newBits(run.Total), newBits(run.Total)
	for row, err := range db.Rows(ctx, run.ID, nil) {
		if err != nil {
			return nil, err
		}
		e := Expect(row, zoho.User{}, onLocked)
		if row.After != 0 && (e.Compared || row.Outcome == batch.Unknown || row.Outcome == batch.Sending) {
			o.superseded.set(row.After)
			if compared.has(row.After) { // it is not looked at after all
				o.Compared--
				of[row.Module]--
			}
			if detailed.has(row.After) {
				o.Details--
			}
		}
		if !e.Compared {
			continue
		}
		o.Compared++
		of[row.Module]++
		compared.set(row.Seq)
		if e.Locked {
			locked[row.Module] = true
		}
		if e.LockID != "" {
			o.Details++
			detailed.set(row.Seq)
		}
	}
	for _, n := range of {
		o.Bulk += (n + zoho.MaxBulkIDs - 1) / zoho.MaxBulkIDs
	}
	o.Modules = slices.Sorted(maps.Keys(locked))
	return o, nil
}

// bits is a set of rows by their seq.
type bits []uint64

func newBits(total int64) bits { return make(bits, total/64+1) }

func (b bits) set(seq int64) {
	if at := seq / 64; seq > 0 && at < int64(len(b)) {
		b[at] |= 1 << (seq % 64)
	}
}

func (b bits) has(seq int64) bool {
	at := seq / 64
	return seq > 0 && at < int64(len(b)) && b[at]&(1<<(seq%64)) != 0
}
