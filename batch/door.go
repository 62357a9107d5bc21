package batch

import (
	"context"

	"zlock/zoho"
)

// door is the record locking calls as a row makes them: each by itself, or five rows' in one.
type door interface {
	ListLocks(context.Context, zoho.Record) ([]zoho.Lock, error)
	CreateLock(ctx context.Context, r zoho.Record, reason string) (zoho.Receipt, error)
	UpdateReason(ctx context.Context, r zoho.Record, lockID, reason string) error
	DeleteLock(ctx context.Context, r zoho.Record, lockID string) error
}

// door is the one that the job's calls go through.
func (r *Runner) door(j *job) door {
	alone := r.client.Metered(&j.meter)
	if r.bundle == nil {
		return alone
	}
	return bundled{alone, r.bundle, &j.meter}
}

// bundled makes a row's calls together with those of other rows where that can be.
type bundled struct {
	alone  door
	bundle *bundle
	meter  *zoho.Meter
}

func (b bundled) ListLocks(ctx context.Context, r zoho.Record) ([]zoho.Lock, error) {
	if a, made := b.bundle.make(ctx, zoho.Part{Op: zoho.OpListLocks, Record: r}, b.meter); made {
		return a.Locks, a.Err
	}
	return b.alone.ListLocks(ctx, r)
}

func (b bundled) CreateLock(ctx context.Context, r zoho.Record, reason string) (zoho.Receipt, error) {
	if a, made := b.bundle.make(ctx, zoho.Part{Op: zoho.OpLock, Record: r, Reason: reason}, b.meter); made {
		return a.Receipt, a.Err
	}
	return b.alone.CreateLock(ctx, r, reason)
}

func (b bundled) UpdateReason(ctx context.Context, r zoho.Record, lockID, reason string) error {
	if a, made := b.bundle.make(ctx, zoho.Part{Op: zoho.OpReason, Record: r, LockID: lockID, Reason: reason}, b.meter); made {
		return a.Err
	}
	return b.alone.UpdateReason(ctx, r, lockID, reason)
}

func (b bundled) DeleteLock(ctx context.Context, r zoho.Record, lockID string) error {
	if a, made := b.bundle.make(ctx, zoho.Part{Op: zoho.OpUnlock, Record: r, LockID: lockID}, b.meter); made {
		return a.Err
	}
	return b.alone.DeleteLock(ctx, r, lockID)
}
