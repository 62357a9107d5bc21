package cli

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"zlock/batch"
)

// usualCall is how long a call to Zoho is taken to last when time is estimated.
const usualCall = 400 * time.Millisecond

// tellPlan says in a few lines what is about to happen, and what it will cost.
func (l *launch) tellPlan(ctx context.Context, sum batch.Summary) {
	label := ""
	if l.org.simulated {
		label = "SIMULATED: nothing is sent to Zoho\n"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%srun %s: %s from %s, against %s\n", label, l.runID,
		counted(sum.Rows, "row", "rows"), clean(l.name), l.org.describe())
	planRows(&b, sum)
	spent, known := l.spentToday(ctx)
	fmt.Fprintf(&b, "  credits: about %s", number(sum.ForecastCredits))
	if known {
		fmt.Fprintf(&b, "; %s of %s spent in the last 24 hours that we know of", number(spent), number(l.pace.daily))
	}
	if precheck := l.planPrecheck(sum); precheck != "" {
		fmt.Fprintf(&b, "\n  precheck: %s", precheck)
	}
	fmt.Fprintf(&b, "\n  time: about %s with %s at once\n", span(max(l.estimate(sum), time.Second)), counted(l.pace.concurrency, "call", "calls"))
	l.screen.say("%s", strings.TrimRight(b.String(), "\n"))
	if left := l.pace.allowance - spent; sum.ForecastCredits > left {
		l.screen.warn("the rows need %s and %s left for today: the run will stop there (exit 6), and zlock resume goes on",
			counted(sum.ForecastCredits, "credit", "credits"), counted(max(left, 0), "is", "are"))
	}
}

// planRows counts the rows by module and action, and those that nothing will happen to.
func planRows(b *strings.Builder, sum batch.Summary) {
	t := newTable(0)
	kinds := slices.SortedFunc(maps.Keys(sum.ByModuleAction), func(x, y batch.ModuleAction) int {
		return cmp.Or(cmp.Compare(sum.ByModuleAction[y], sum.ByModuleAction[x]), cmp.Compare(x.Module, y.Module), cmp.Compare(x.Action, y.Action))
	})
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

// estimate is how long the calls will take at full concurrency, or at the pace that was set.
func (l *launch) estimate(sum batch.Summary) time.Duration {
	calls := float64(sum.ForecastCredits)
	took := calls * usualCall.Seconds() / float64(l.pace.concurrency)
	if l.pace.rate > 0 {
		took = max(took, calls/l.pace.rate)
	}
	return time.Duration(took * float64(time.Second))
}

// spentToday is what the org's ledger holds of the last 24 hours.
func (l *launch) spentToday(ctx context.Context) (credits int64, known bool) {
	spends, err := l.db.Spent(ctx, l.org.key, l.world.Now())
	if err != nil {
		l.log.Warn("credits spent so far are not known", "error", err)
		return 0, false
	}
	for _, s := range spends {
		credits += int64(s.Credits)
	}
	return credits, true
}
