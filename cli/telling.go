package cli

import (
	"context"
	"fmt"
	"strings"

	"zlock/batch"
	"zlock/checkpoint"
	"zlock/zoho"
)

// telling says in one sentence what came of a run of one row.
type telling struct {
	*sitting
	deed   deed
	row    checkpoint.RowReport
	report batch.Report
	code   int
}

// oneDocument is what lock, unlock and reason print with --json: the document of zlock status, and
// the row as zlock results has it.
type oneDocument struct {
	document
	Row jsonlRow `json:"row"`
}

func (t *telling) document() error {
	results := jsonlResults{run: t.run}
	row, err := results.row(t.row)
	if err != nil {
		return err
	}
	return writeJSON(t.world.Out, oneDocument{newDocument(t.run, t.world.Now()), row})
}

func (t *telling) tell(ctx context.Context) {
	switch o := t.row.Outcome; {
	case o == batch.Failed:
		t.tellRefused()
	case !o.Final():
		t.tellOpen()
	default:
		text := t.record() + " " + t.became(ctx)
		if t.run.Simulated {
			text += "; SIMULATED: nothing of this happened in Zoho"
		}
		t.screen.say("%s", text)
	}
}

func (t *telling) record() string { return clean(t.row.Module + " " + t.row.RecordID) }

// became is the rest of the sentence about a record that is as it was to be.
func (t *telling) became(ctx context.Context) string {
	switch t.row.Outcome {
	case batch.Locked:
		return fmt.Sprintf("is locked: %s", quoted(t.row.Reason))
	case batch.Unlocked:
		return "is unlocked" + t.before()
	case batch.ReasonUpdated:
		return fmt.Sprintf("is locked with another reason now: %s%s", quoted(t.row.Reason), t.before())
	case batch.AlreadyLocked:
		return "was locked already" + t.holder(ctx) + ": nothing changed"
	case batch.AlreadyUnlocked:
		return "was not locked: nothing changed"
	case batch.AlreadySet:
		return fmt.Sprintf("was locked with that reason already, %s: nothing changed", quoted(t.row.Reason))
	}
	return "is " + string(t.row.Outcome)
}

// before says what the lock was before it was changed, as far as that was read.
func (t *telling) before() string {
	p := t.row.Previous
	if p == nil || p.ByName == "" && p.Reason == "" {
		return ""
	}
	return "; before: " + t.whose(zoho.Lock{By: zoho.User{Name: p.ByName}, At: p.At, Reason: p.Reason, Source: zoho.Source(p.Source)})
}

// holder says who holds the lock that is there. That takes one more look, and one more credit; where it
// cannot be had, the sentence does without.
func (t *telling) holder(ctx context.Context) string {
	lock, err := t.look(ctx)
	if err != nil {
		t.log.Warn("who holds the lock is not known", "error", err)
	}
	if lock.ID == "" {
		return ""
	}
	return " " + t.whose(lock)
}

// look reads the record's lock on the run's account.
func (t *telling) look(ctx context.Context) (found zoho.Lock, err error) {
	if err := t.connect(ctx); err != nil {
		return found, err
	}
	defer t.close()
	if !t.run.Simulated {
		cover := t.coverOf()
		cover.begin(ctx)
		defer cover.end(ctx)
	}
	var meter zoho.Meter
	locks, err := t.client.Metered(&meter).ListLocks(ctx, zoho.Record{Module: t.row.Module, ID: t.row.RecordID})
	if len(locks) > 0 {
		found = locks[0]
	}
	if booked := t.db.Book(ctx, t.org.key, t.run.ID, meter.Calls, meter.Credits, t.world.Now()); booked != nil {
		t.log.Warn("a look was not booked", "error", booked)
	} else if run, lost := t.db.Find(ctx, t.run.ID); lost == nil {
		t.run = run
	}
	return found, err
}

// whose says whose lock it is, since when, and why.
func (t *telling) whose(lock zoho.Lock) string {
	text := "by a rule of the module"
	if lock.Source != zoho.Automatic {
		text = "by " + clean(orElse(lock.By.Name, "somebody"))
	}
	if !lock.At.IsZero() {
		text += " since " + momentIn(lock.At, t.pace.zone)
	}
	if lock.Reason != "" {
		text += " (" + quoted(lock.Reason) + ")"
	}
	return text
}

// tellRefused says why the record is not as wanted, and what can be done.
func (t *telling) tellRefused() {
	var b strings.Builder
	fmt.Fprintf(&b, "zlock: %s was not %s: %s", t.record(), t.done(), clean(t.row.Message))
	if t.row.Code != "" {
		fmt.Fprintf(&b, " (%s)", clean(t.row.Code))
	}
	fmt.Fprintln(&b)
	if t.row.Hint != "" {
		fmt.Fprintf(&b, "  %s\n", clean(t.row.Hint))
	}
	fmt.Fprintf(&b, "next: %s\n", t.afterRefusal())
	t.screen.tell(b.String())
}

// afterRefusal is the command that makes sense after a refusal.
func (t *telling) afterRefusal() string {
	next := t.place.command("show", t.row.Module, t.row.RecordID)
	switch {
	case t.row.Code == batch.CodeOtherOwner:
		return t.place.command(t.deed.name, t.row.Module, t.row.RecordID, "--any-owner")
	case t.run.Simulated:
		return t.place.command("results", t.run.ID)
	case !batch.Lasting(t.row.Code):
		next += "; then " + t.place.command("retry", t.run.ID)
	}
	return next
}

// tellOpen says what stopped the run, and how to go on.
func (t *telling) tellOpen() {
	var b strings.Builder
	if t.row.Outcome == batch.Unknown {
		fmt.Fprintf(&b, "zlock: whether %s was %s is not known: its answer was lost\n", t.record(), t.done())
	} else {
		fmt.Fprintf(&b, "zlock: %s was not %s; run %s is %s\n", t.record(), t.done(), t.run.ID, stateText(t.run))
	}
	t.summariseStop(&b, t.report)
	fmt.Fprintf(&b, "next: %s\n", t.place.command("resume", t.run.ID))
	t.screen.tell(b.String())
}

// done is what was to be done to the record, as a participle.
func (t *telling) done() string {
	switch t.deed.action {
	case batch.ActionLock:
		return "locked"
	case batch.ActionUnlock:
		return "unlocked"
	}
	return "given another reason"
}

// quoted is a reason on a screen.
func quoted(reason string) string { return `"` + clean(reason) + `"` }
