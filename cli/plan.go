package cli

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"zlock/batch"
)

// tellPlan says in a few lines what is about to happen, and what it will cost.
func (l *launch) tellPlan(o *outlook) {
	label := ""
	if l.org.simulated {
		label = "SIMULATED: nothing is sent to Zoho\n"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%srun %s: %s from %s, against %s\n", label, l.runID,
		counted(o.sum.Rows, "row", "rows"), clean(l.name), l.org.describe())
	planRows(&b, o.sum)
	fmt.Fprintf(&b, "  credits: %s expected, %s at worst", number(o.expected), number(o.worst))
	if o.known {
		fmt.Fprintf(&b, "; %s of %s spent in the last 24 hours that we know of", number(o.spent), number(l.pace.daily))
	}
	if precheck := l.planPrecheck(o.sum); precheck != "" {
		fmt.Fprintf(&b, "\n  precheck: %s", precheck)
	}
	if composite := l.planComposite(o.sum); composite != "" {
		fmt.Fprintf(&b, "\n  composite: %s", composite)
	}
	fmt.Fprintf(&b, "\n  time: about %s with %s at once\n", span(o.working()), counted(l.pace.concurrency, "call", "calls"))
	if ending := o.ending(); ending != "" {
		fmt.Fprintf(&b, "  %s, with %s left\n", ending, counted(o.forecast.Left, "row", "rows"))
	}
	if o.waits() {
		fmt.Fprintf(&b, "  ends: about %s; zlock plan shows a calendar\n", l.brief(o.forecast.Ends))
	}
	l.screen.say("%s", strings.TrimRight(b.String(), "\n"))
	if why := l.breaksOff(o); why != "" {
		l.screen.warn("%s", why)
	}
}

// brief is a moment to the minute, in the zone of --tz.
func (l *launch) brief(t time.Time) string { return t.In(l.pace.zone).Format("2006-01-02 15:04 MST") }

// planRows counts the rows by module and action, and those that nothing will happen to.
func planRows(b *strings.Builder, sum batch.Summary) {
	t := newTable(0)
	kinds := sortedKinds(sum)
	for i, kind := range kinds {
		if i == 12 {
			t.add("", fmt.Sprintf("and %d more kinds of rows", len(kinds)-i))
			break
		}
		t.add(number(sum.ByModuleAction[kind]), string(kind.Action), clean(kind.Module))
	}
	if sum.Duplicates > 0 {
		t.add(number(sum.Duplicates), "duplicate", "not sent twice")
	}
	if sum.Invalid > 0 {
		t.add(number(sum.Invalid), "invalid", "not sent")
	}
	t.print(b, "  ")
}

// sortedKinds is the kinds of rows, the commonest first.
func sortedKinds(sum batch.Summary) []batch.ModuleAction {
	return slices.SortedFunc(maps.Keys(sum.ByModuleAction), func(x, y batch.ModuleAction) int {
		return cmp.Or(cmp.Compare(sum.ByModuleAction[y], sum.ByModuleAction[x]), cmp.Compare(x.Module, y.Module), cmp.Compare(x.Action, y.Action))
	})
}
