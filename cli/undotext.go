package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"zlock/batch"
)

// account says in a few lines what of the run is taken back, what is left, and why.
func (u *undoing) account() string {
	var b strings.Builder
	fmt.Fprintf(&b, "undo of run %s", u.of.ID)
	if before := u.of.Settings[keyUndoes]; before != "" {
		fmt.Fprintf(&b, ", itself the undo of run %s\n", before)
	} else {
		fmt.Fprintf(&b, ", of %s\n", clean(u.of.JobFile))
	}
	switch {
	case u.sum.Changes == 0:
		b.WriteString("  nothing to take back: the run changed nothing\n")
	case u.sum.Rows == 0:
		fmt.Fprintf(&b, "  nothing to take back, of %s\n", counted(u.sum.Changes, "change", "changes"))
	default:
		fmt.Fprintf(&b, "  %s; %s to take back, each only if still as the run left it\n",
			counted(u.sum.Changes, "change", "changes"), counted(u.sum.Rows, "record", "records"))
	}
	t, by := newTable(0), u.byAction()
	for _, line := range []struct {
		action batch.Action
		what   string
	}{
		{batch.ActionUnlock, "locked then, to be unlocked"},
		{batch.ActionLock, "unlocked then, to be locked again with the reason that was there"},
		{batch.ActionUpdateReason, "re-worded then, to get back the reason that was there"},
	} {
		if n := by[line.action]; n > 0 {
			t.add(number(n), line.what)
		}
	}
	for _, why := range slices.Sorted(maps.Keys(u.sum.Kept)) {
		t.add(number(u.sum.Kept[why]), keptText(why))
	}
	t.print(&b, "  ")
	if by[batch.ActionLock] > 0 {
		b.WriteString("  not given back: who had locked what is locked again, when, and the lock's id\n")
	}
	return b.String()
}

// keptText is a cause, told as what becomes of the change.
func keptText(why batch.Kept) string {
	if why == batch.KeptTogether || why == batch.KeptItself {
		return string(why)
	}
	return "left: " + string(why)
}

func (u *undoing) byAction() map[batch.Action]int64 {
	by := map[batch.Action]int64{}
	for kind, n := range u.sum.ByModuleAction {
		by[kind.Action] += n
	}
	return by
}

// undoDocument is what undo --dry-run --json prints: the document of plan, and what of the run it is.
type undoDocument struct {
	planDocument
	Undo undoPart `json:"undo"`
}

type undoPart struct {
	Run          string     `json:"run"` // that is taken back
	Changes      int64      `json:"changes"`
	TakenBack    int64      `json:"taken_back"`
	Left         []undoLeft `json:"left"`
	NotGivenBack []string   `json:"not_given_back"`
}

type undoLeft struct {
	Why  string `json:"why"`
	Rows int64  `json:"rows"`
}

func (u *undoing) document(o *outlook) undoDocument {
	d := undoDocument{u.planDocument(o, time.Time{}), undoPart{
		Run: u.of.ID, Changes: u.sum.Changes, TakenBack: u.sum.Rows, Left: []undoLeft{}, NotGivenBack: []string{},
	}}
	for _, why := range slices.Sorted(maps.Keys(u.sum.Kept)) {
		d.Undo.Left = append(d.Undo.Left, undoLeft{string(why), u.sum.Kept[why]})
	}
	if u.byAction()[batch.ActionLock] > 0 {
		d.Undo.NotGivenBack = []string{"locked_by", "locked_time", "lock_id"}
	}
	return d
}
