package audit_test

import (
	"testing"
	"time"

	"zlock/audit"
	"zlock/batch"
	"zlock/checkpoint"
	"zlock/zoho"
)

var (
	me    = zoho.User{ID: "7", Name: "Me"}
	other = zoho.User{ID: "8", Name: "Other"}
)

func row(o batch.Outcome, lock, reason string) checkpoint.RowReport {
	return checkpoint.RowReport{
		Row: batch.Row{Outcome: o, LockID: lock, Reason: reason, Previous: &batch.Previous{ByID: "8", At: time.Unix(5, 0)}}, FinishedAt: time.Unix(9, 0),
	}
}

func TestJudgeLocks(t *testing.T) {
	lock := func(id, reason string, by zoho.User, source zoho.Source) []zoho.Lock {
		return []zoho.Lock{{ID: id, Reason: reason, By: by, Source: source}}
	}
	mine := lock("5", "Audit", me, zoho.Manual)
	for _, tt := range []struct {
		name     string
		row      checkpoint.RowReport
		onLocked batch.OnLocked
		locks    []zoho.Lock
		want     audit.What
	}{
		{"as locked", row(batch.Locked, "5", "Audit"), "", mine, audit.AsLeft},
		{"leading zeros", row(batch.Locked, "005", "Audit"), "", mine, audit.AsLeft},
		{"blanks and entities", row(batch.Locked, "5", "A & B "), "", lock("5", "A &amp; B", me, zoho.Manual), audit.AsLeft},
		{"a rule has joined", row(batch.Locked, "5", "Audit"), "", lock("5", "Audit", me, zoho.Both), audit.AsLeft},
		{"reason in another case", row(batch.Locked, "5", "Audit"), "", lock("5", "audit", me, zoho.Manual), audit.ReasonDiffers},
		{"reason taken away", row(batch.Locked, "5", "Audit"), "", lock("5", "", me, zoho.Manual), audit.ReasonDiffers},
		{"another lock, another's", row(batch.Locked, "5", "Audit"), "", lock("6", "Audit", other, zoho.Manual), audit.OtherOwner},
		{"another lock, a rule's", row(batch.Locked, "5", "Audit"), "", lock("6", "", zoho.User{}, zoho.Automatic), audit.OtherOwner},
		{"another lock, the same user's", row(batch.Locked, "5", "Audit"), "", lock("6", "Audit", me, zoho.Manual), audit.OtherLock},
		{"another lock, nobody's", row(batch.Locked, "5", "Audit"), "", lock("6", "Audit", zoho.User{}, zoho.Manual), audit.OtherLock},
		{"one of two", row(batch.Locked, "5", "Audit"), "", append(lock("6", "x", other, zoho.Manual), mine...), audit.AsLeft},
		{"none", row(batch.Locked, "5", "Audit"), "", nil, audit.Unlocked},
		{"reason updated, its owner's still", row(batch.ReasonUpdated, "5", "Audit"), "", lock("5", "Audit", other, zoho.Manual), audit.AsLeft},
		{"reason updated, our lock now", row(batch.ReasonUpdated, "5", "Audit"), "", lock("6", "Audit", me, zoho.Manual), audit.OtherOwner},
		{"set already", row(batch.AlreadySet, "5", "Audit"), "", lock("5", "June", other, zoho.Manual), audit.ReasonDiffers},
		{"locked already, nobody looked", row(batch.AlreadyLocked, "5", "Audit"), batch.OnLockedSkip, lock("6", "June", other, zoho.Manual), audit.AsLeft},
		{"locked already, looked at", row(batch.AlreadyLocked, "5", "Audit"), batch.OnLockedUpdateReason, lock("6", "June", other, zoho.Manual), audit.OtherLock},
		{"unlocked", row(batch.Unlocked, "5", ""), "", nil, audit.AsLeft},
		{"unlocked, and locked since", row(batch.Unlocked, "5", ""), "", mine, audit.LockedSince},
		{"unlocked already, and locked since", row(batch.AlreadyUnlocked, "", ""), "", mine, audit.LockedSince},
	} {
		if got := audit.JudgeLocks(audit.Expect(tt.row, me, tt.onLocked), tt.locks); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	for _, o := range []batch.Outcome{batch.Failed, batch.Invalid, batch.Duplicate, batch.Pending, batch.Sending, batch.Unknown} {
		if audit.Expect(row(o, "5", "Audit"), me, "").Compared {
			t.Errorf("%s rows are compared", o)
		}
	}
}

func TestEdit(t *testing.T) {
	at := func(minutes int) time.Time { return time.Unix(int64(1_000_000+60*minutes), 0) }
	for _, tt := range []struct {
		name                     string
		modified, locked, cutoff time.Time
		want                     audit.Edit
	}{
		{"before all", at(1), at(9), at(5), audit.NoEdit},
		{"on the cut-off", at(5), at(9), at(5), audit.NoEdit},
		{"between", at(7), at(9), at(5), audit.BeforeLock},
		{"at the lock", at(9).Add(time.Second), at(9), at(5), audit.AtLock},
		{"after the lock", at(10), at(9), at(5), audit.AfterLock},
		{"lock unknown, late", at(7), time.Time{}, at(5), audit.AfterCutoff},
		{"lock unknown, early", at(3), time.Time{}, at(5), audit.NoEdit},
		{"no cut-off, before the lock", at(7), at(9), time.Time{}, audit.NoEdit},
		{"no cut-off, at the lock", at(9), at(9), time.Time{}, audit.NoEdit},
		{"no cut-off, after the lock", at(10), at(9), time.Time{}, audit.AfterLock},
		{"nothing known", time.Time{}, at(9), at(5), audit.NoEdit},
	} {
		if got := audit.EditOf(tt.modified, tt.locked, 2*time.Second, tt.cutoff); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// The words stand in files that others read: each has its symbol, and differs or does not.
func TestWhats(t *testing.T) {
	want := map[audit.What]string{
		audit.AsLeft: "=", audit.Unlocked: "-", audit.Gone: "-", audit.LockedSince: "+", audit.OtherOwner: "*", audit.OtherLock: "*",
		audit.ReasonDiffers: "*", audit.Unread: "!", audit.Superseded: " ", audit.NotCompared: " ",
	}
	if len(audit.Whats()) != len(want) {
		t.Errorf("%d words", len(audit.Whats()))
	}
	for _, w := range audit.Whats() {
		if w.Symbol() != want[w] || w.Difference() != (want[w] == "-" || want[w] == "+" || want[w] == "*") || w.Compared() == (want[w] == " ") {
			t.Errorf("%s: %q, difference %v, compared %v", w, w.Symbol(), w.Difference(), w.Compared())
		}
	}
}
