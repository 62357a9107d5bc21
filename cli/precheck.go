package cli

import (
	"fmt"
	"strings"

	"zlock/batch"
	"zlock/zoho"
)

// precheckLeast is how many rows a run must have for --precheck auto to look at some first.
const precheckLeast = 200

// planPrecheck says in the short plan what will be looked at beforehand; "" where nothing is.
func (l *launch) planPrecheck(sum batch.Summary) string {
	rows := sum.Rows - sum.Duplicates - sum.Invalid
	switch {
	case l.pace.precheck == batch.PrecheckAlways && rows > 1:
		return "bulk reads look at all rows first, 50 to 100 for a credit, for those already as wanted or missing"
	case l.pace.precheck == batch.PrecheckAuto && rows >= precheckLeast:
		return "a sample decides whether bulk reads, 50 to 100 rows for a credit, sort out rows already as wanted or missing"
	}
	return ""
}

// compositeLeast is how many rows a run must have for --composite auto to try one.
const compositeLeast = 500

// planComposite says in the plan what becomes of composites; "" where there will be none.
func (l *launch) planComposite(sum batch.Summary) string {
	rows := sum.Rows - sum.Duplicates - sum.Invalid
	room := l.pace.concurrency >= zoho.MaxParts
	if room && (l.pace.composite == batch.CompositeOn || l.pace.composite == batch.CompositeAuto && rows >= compositeLeast) {
		return "one is tried; where Zoho takes calls five at a time, five cost one credit"
	}
	return ""
}

// decided tells what was decided while rows are worked.
func (s *sitting) decided(what string) { s.screen.say("%s", clean(what)) }

// summarisePrecheck says what bulk reads did.
func summarisePrecheck(b *strings.Builder, report batch.PrecheckReport) {
	if report.Looked > 0 {
		fmt.Fprintf(b, "  precheck: %s looked at %s and settled %s\n", counted(int64(report.Reads), "bulk read", "bulk reads"),
			counted(report.Looked, "row", "rows"), number(report.Settled))
	}
}
