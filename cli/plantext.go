package cli

import (
	"fmt"
	"strings"
	"time"

	"zlock/batch"
)

// tellOutlook prints the outlook: for a person, or with --json as a document.
func (l *launch) tellOutlook(o *outlook, deadline time.Time) error {
	if l.asJSON {
		return writeJSON(l.world.Out, l.planDocument(o, deadline))
	}
	var text, folded strings.Builder
	fmt.Fprintf(&text, "plan for %s: %s, against %s\n", clean(l.name), counted(o.sum.Rows, "row", "rows"), l.org.describe())
	planRows(&text, o.sum)
	l.printCosts(&text, o)
	if precheck := l.planPrecheck(o.sum); precheck != "" {
		fmt.Fprintf(&text, "precheck: %s\n", precheck)
	}
	if composite := l.planComposite(o.sum); composite != "" {
		fmt.Fprintf(&text, "composite: %s\n", composite)
	}
	l.printTimes(&text, o)
	if o.waits() {
		fmt.Fprintf(&text, "calendar: # calls, . waiting for credits (%s)\n", l.zoneName())
		printCalendar(&text, o.calendar(l.pace.zone))
	}
	if !deadline.IsZero() {
		fmt.Fprintf(&text, "deadline %s: %s\n", momentIn(deadline, l.pace.zone), judged(o, deadline))
	}
	if o.census != nil {
		o.census.print(&text)
	}
	if why := l.breaksOff(o); why != "" {
		fmt.Fprintf(&text, "note: %s\n", why)
	}
	for line := range strings.Lines(text.String()) {
		fold(&folded, line, helpWidth)
	}
	_, err := fmt.Fprint(l.world.Out, folded.String())
	return err
}

func (l *launch) zoneName() string {
	if name := l.pace.zone.String(); name != "Local" {
		return name
	}
	return "this machine's zone"
}

// printCosts says what the rows cost, by which prices, and out of what.
func (l *launch) printCosts(b *strings.Builder, o *outlook) {
	p := batch.ListPrices(l.meaning.AnyOwner)
	t := newTable(1)
	t.add("expected", number(o.expected), fmt.Sprintf("lock %d, unlock %d (with a lock_id %d), update_reason %d",
		p.Lock, p.Unlock, p.KnownUnlock, p.UpdateReason))
	t.add("at worst", number(o.worst), fmt.Sprintf("every answer lost %d times and read back", l.pace.attempts))
	ours := "in any 24 hours"
	if l.pace.allowance < l.pace.daily {
		ours += fmt.Sprintf(": %s less %s in reserve", number(l.pace.daily), number(l.pace.daily-l.pace.allowance))
	}
	t.add("ours", number(l.pace.allowance), ours)
	switch {
	case o.known:
		t.add("spent", number(o.spent), "in the last 24 hours, that we know of")
	default:
		t.add("spent", "-", "not known: no run of this org is on record here")
	}
	fmt.Fprintln(b, "credits")
	t.print(b, "  ")
}

// printTimes says how long the calls take, and from when to when.
func (l *launch) printTimes(b *strings.Builder, o *outlook) {
	f := o.forecast
	fmt.Fprintf(b, "time\n  calls   %s, %d at once of %s each", span(o.working()), l.pace.concurrency, l.latency)
	if l.pace.rate > 0 {
		fmt.Fprintf(b, ", at most %g a second", l.pace.rate)
	}
	fmt.Fprintln(b)
	if w := l.pace.window; !w.Always() {
		fmt.Fprintf(b, "  window  %s, %s\n", w, l.zoneName())
	}
	if f.Begins.IsZero() {
		fmt.Fprintln(b, "  nothing can be sent")
	} else {
		fmt.Fprintf(b, "  begins  %s\n  ends    %s, %s from now\n", momentIn(f.Begins, l.pace.zone),
			momentIn(f.Ends, l.pace.zone), span(f.Ends.Sub(o.terms.Start)))
	}
	if ending := o.ending(); ending != "" {
		fmt.Fprintf(b, "          %s, with %s left\n", ending, counted(f.Left, "row", "rows"))
	}
}

// judged says whether a deadline is met, and by how much.
func judged(o *outlook, deadline time.Time) string {
	spare := deadline.Sub(o.forecast.Ends)
	switch {
	case o.forecast.StoppedBy != "":
		return fmt.Sprintf("missed, %s will be left", counted(o.forecast.Left, "row", "rows"))
	case missed(o, deadline):
		return fmt.Sprintf("missed by %s", span(-spare))
	}
	return fmt.Sprintf("met, with %s to spare", span(spare))
}
