package cli

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"zlock/zoho"
)

// lockFinder finds the records of a module that are locked now, at the fewest credits that it can, and says
// beforehand what that costs.
type lockFinder struct {
	q       *inquiry
	module  string
	given   []string // only these records; nil for all of the module
	details bool     // each lock is to be looked at
	say     func(format string, args ...any)

	quoted  bool  // how queries write values
	locked  int64 // records found
	missing int64 // records given that are not there
	gone    int64 // records unlocked, or deleted, before they were looked at
}

// detailChunk is how many locks are looked at before any is handed on: they keep their order.
const detailChunk = 100

// all yields the locks, one for each record that is locked. An error ends it.
func (f *lockFinder) all(ctx context.Context) iter.Seq2[foundLock, error] {
	return func(yield func(foundLock, error) bool) {
		for ids, err := range f.pages(ctx) {
			f.locked += int64(len(ids))
			for err == nil && len(ids) > 0 {
				chunk := ids[:min(detailChunk, len(ids))]
				ids = ids[len(chunk):]
				var found []foundLock
				if found, err = f.look(ctx, chunk); err == nil && !handOn(found, yield) {
					return
				}
			}
			if err != nil {
				yield(foundLock{}, err)
				return
			}
		}
	}
}

func handOn(found []foundLock, yield func(foundLock, error) bool) bool {
	for _, l := range found {
		if !yield(l, nil) {
			return false
		}
	}
	return true
}

// pages yields the ids of locked records, some at a time.
func (f *lockFinder) pages(ctx context.Context) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		if f.given != nil {
			f.byIDs(ctx, yield)
			return
		}
		total, err := f.total(ctx)
		if err == nil && total != 0 {
			f.announce(total)
			err = f.byQuery(ctx, total, yield)
		}
		if noQuery(err) && f.locked == 0 { // what was found is not found again in another way
			f.say("queries are refused (%s): every record of %s is read instead, %d for a credit%s", refusedBy(err), clean(f.module),
				zoho.MaxPageRows, f.andDetails())
			err = f.byListing(ctx, yield)
		}
		if err != nil && !errors.Is(err, errEnough) {
			yield(nil, err)
		}
	}
}

// noQuery reports that Zoho takes no query of this module's locked records, from this sign-in or at all.
func noQuery(err error) bool {
	var e *zoho.Error
	if !errors.As(err, &e) || e.Op != zoho.OpLockedTotal && e.Op != zoho.OpLockedRecords {
		return false
	}
	switch e.Kind {
	case zoho.RequestRefused, zoho.ScopeMissing, zoho.NoPermission, zoho.ProfileBarred, zoho.ModuleUnknown, zoho.ModuleUnsupported, zoho.NoEdition:
		return true
	}
	return false
}

func refusedBy(err error) string {
	var e *zoho.Error
	if errors.As(err, &e) && e.Code != "" {
		return clean(e.Code)
	}
	return clean(err.Error())
}

// total counts the locked records, which tells what finding them will cost; negative where Zoho takes no
// query that counts. How values are to be written is found out here.
func (f *lockFinder) total(ctx context.Context) (total int64, err error) {
	err = f.eitherWay(ctx, func(ctx context.Context) (err error) {
		total, err = f.q.client.TotalLocked(ctx, zoho.LockedQuery{Module: f.module, Quoted: f.quoted})
		return err
	})
	var e *zoho.Error
	if errors.As(err, &e) && e.Kind == zoho.RequestRefused {
		f.quoted = false
		return -1, nil
	}
	return total, err
}

// eitherWay makes a query with plain values and, where that is refused as a query, with quoted ones.
func (f *lockFinder) eitherWay(ctx context.Context, call func(context.Context) error) error {
	err := f.q.ask(ctx, call)
	var e *zoho.Error
	if errors.As(err, &e) && e.Kind == zoho.RequestRefused && !f.quoted {
		f.quoted = true
		err = f.q.ask(ctx, call)
	}
	return err
}

// nextLimit is the cheapest limit for the next of left rows; negative where nobody knows how many.
func nextLimit(left int64) int {
	switch {
	case left >= 0 && left <= 200:
		return 200
	case left >= 0 && left <= 1000:
		return 1000
	}
	return zoho.MaxQueryRows
}

// costOf is what finding so many records takes.
func costOf(records int64) (queries, credits int64) {
	for records > 0 {
		limit := nextLimit(records)
		queries++
		credits += int64(zoho.QueryPrice(limit))
		records -= int64(limit)
	}
	return queries, credits
}

// announce says what finding the records will cost.
func (f *lockFinder) announce(total int64) {
	if total < 0 {
		f.say("how many records of %s are locked is not known: %d credits for every %s%s", clean(f.module),
			zoho.QueryPrice(zoho.MaxQueryRows), number(zoho.MaxQueryRows), f.andDetails())
		return
	}
	queries, credits := costOf(total)
	text := fmt.Sprintf("%s of %s locked: %s for %s", counted(total, "record", "records"), clean(f.module)+isOrAre(total),
		counted(queries, "query", "queries"), counted(credits, "credit", "credits"))
	if f.details {
		text += fmt.Sprintf(", and a look at each lock: %s more, two at once", counted(total, "credit", "credits"))
	}
	f.say("%s", text)
}

func isOrAre(n int64) string {
	if n == 1 {
		return " is"
	}
	return " are"
}

func (f *lockFinder) andDetails() string {
	if f.details {
		return "; and one for a look at each lock, two at once"
	}
	return ""
}

// byQuery yields all locked records, page by page behind the last id: an offset ends at a cap.
func (f *lockFinder) byQuery(ctx context.Context, left int64, yield func([]string, error) bool) error {
	q := zoho.LockedQuery{Module: f.module}
	for more := true; more; {
		var ids []string
		q.Limit = nextLimit(left)
		err := f.eitherWay(ctx, func(ctx context.Context) (err error) {
			q.Quoted = f.quoted
			ids, more, err = f.q.client.LockedRecords(ctx, q)
			return err
		})
		if err != nil {
			return err
		}
		if len(ids) > 0 && !yield(ids, nil) {
			return errEnough
		}
		if !more {
			return nil
		}
		q.After = ids[len(ids)-1]
		if left >= 0 {
			left = max(left-int64(len(ids)), 1) // there are more, if only because somebody locks meanwhile
		}
	}
	return nil
}

// byListing reads every record of the module.
func (f *lockFinder) byListing(ctx context.Context, yield func([]string, error) bool) error {
	for token := ""; ; {
		var page zoho.RecordsPage
		err := f.q.ask(ctx, func(ctx context.Context) (err error) {
			page, err = f.q.client.Records(ctx, f.module, token)
			return err
		})
		if err != nil {
			return f.endOfTokens(err)
		}
		ids, err := f.lockedOf(page.IDs, page.States)
		if err != nil {
			return err
		}
		if len(ids) > 0 && !yield(ids, nil) {
			return errEnough
		}
		if token = page.Next; token == "" {
			return nil
		}
	}
}

// endOfTokens says what to do where a module has more records than a listing reaches.
func (f *lockFinder) endOfTokens(err error) error {
	var e *zoho.Error
	if !errors.As(err, &e) || e.Code != "PAGINATION_LIMIT_EXCEEDED" {
		return err
	}
	named := *e
	named.Hint = "a listing ends after 100,000 records: sign in with the scope ZohoCRM.coql.READ too, or name the records with --ids FILE"
	return &named
}

// lockedOf are the records that are locked. Where Zoho does not say it of a record, it says it of none.
func (f *lockFinder) lockedOf(ids []string, states []zoho.LockState) ([]string, error) {
	var locked []string
	for i, state := range states {
		switch state {
		case zoho.StateLocked:
			locked = append(locked, ids[i])
		case zoho.StateAbsent:
			f.missing++
		case zoho.StateUnsaid:
			return nil, &zoho.Error{Op: zoho.OpRecords, Record: zoho.Record{Module: f.module, ID: ids[i]}, Index: -1, Kind: zoho.ModuleUnsupported,
				Phase: zoho.PhaseDefinite, Message: "Zoho does not say whether it is locked", Hint: "see whether the module can be locked: zlock modules " + f.module}
		}
	}
	return locked, nil
}

// byIDs looks at the records given, as many in one call as the server takes.
func (f *lockFinder) byIDs(ctx context.Context, yield func([]string, error) bool) {
	calls := (int64(len(f.given)) + zoho.MaxBulkIDs - 1) / zoho.MaxBulkIDs
	f.say("looking at %s of %s: %s%s", counted(int64(len(f.given)), "record", "records"), clean(f.module),
		counted(calls, "credit", "credits"), f.andDetails())
	size := zoho.MaxBulkIDs
	for left := f.given; len(left) > 0; {
		ids := left[:min(size, len(left))]
		var states []zoho.LockState
		err := f.q.ask(ctx, func(ctx context.Context) (err error) {
			states, err = f.q.client.LockStates(ctx, f.module, ids)
			return err
		})
		var e *zoho.Error
		if errors.As(err, &e) && e.Code == "LIMIT_EXCEEDED" && len(ids) > 1 {
			size = (len(ids) + 1) / 2
			continue
		}
		var locked []string
		if err == nil {
			ids = ids[:len(ids)-zoho.Overlooked(states)]
			locked, err = f.lockedOf(ids, states[:len(ids)])
		}
		if err != nil {
			yield(nil, err)
			return
		}
		left = left[len(ids):]
		if len(locked) > 0 && !yield(locked, nil) {
			return
		}
	}
}

// look reads the locks of records, where details are wanted. A record that is unlocked or gone by then has
// none.
func (f *lockFinder) look(ctx context.Context, ids []string) ([]foundLock, error) {
	found := make([]foundLock, len(ids))
	for i, id := range ids {
		found[i].recordID = id
	}
	if !f.details {
		return found, nil
	}
	err := each(ctx, f.q, upTo(len(ids)), func(ctx context.Context, client *zoho.Client, i int) error {
		locks, err := client.ListLocks(ctx, zoho.Record{Module: f.module, ID: ids[i]})
		var e *zoho.Error
		if errors.As(err, &e) && e.Kind == zoho.RecordUnknown {
			return nil
		}
		if err == nil && len(locks) > 0 {
			found[i].lock, found[i].several = locks[0], len(locks) > 1
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	there := found[:0]
	for _, l := range found {
		if l.lock.ID == "" {
			f.gone++
			continue
		}
		there = append(there, l)
	}
	return there, nil
}

func upTo(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

// cost is what the inquiry's calls came to so far.
func (q *inquiry) cost() (calls, credits int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.meter.Calls + q.others.Calls, q.meter.Credits + q.others.Credits
}
