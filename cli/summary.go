package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"zlock/batch"
	"zlock/checkpoint"
)

// groupsShown is how many kinds of failures a summary lists.
const groupsShown = 5

// conclude tells what came of the run, as a screen and with --json as a document, and gives the
// exit code.
func (s *sitting) conclude(report batch.Report) error {
	signal, _ := heard(s.bell.soft)
	code := codeOf(s.run, report, signal, s.pace.exitZeroOnPartial)
	if s.concluding != nil {
		return s.concluding(report, code)
	}
	s.summarise(report, code)
	err := error(&ended{code})
	if s.asJSON {
		if unwritten := writeJSON(s.world.Out, newDocument(s.run, s.world.Now())); unwritten != nil {
			err = unwritten
		}
	}
	s.measure(context.Background(), &code)
	s.tellOthers(code, "")
	return err
}

func (s *sitting) summarise(report batch.Report, code int) {
	if s.screen.quiet {
		if code != exitDone {
			s.screen.warn("run %s is %s: %s left, %s failed%s", s.run.ID, stateText(s.run), counted(s.run.Open(), "row", "rows"),
				number(s.run.Counts[batch.Failed]), clause(report.Why))
		}
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "run %s is %s\n", s.run.ID, stateText(s.run))
	printCounts(&b, s.run)
	fmt.Fprintf(&b, "  %s in %s", counted(s.run.Credits, "credit", "credits"), counted(s.run.Calls, "call", "calls"))
	if perSecond := speed(s.run); perSecond > 0 {
		fmt.Fprintf(&b, ", %s, %s", span(s.run.Worked), rate(perSecond))
	}
	fmt.Fprintln(&b)
	summarisePrecheck(&b, report.Precheck)
	summariseComposite(&b, report.Composite)
	s.summariseStop(&b, report)
	s.summariseFailures(&b)
	if next := nextStep(s.place, s.run, s.failures()); next != "" {
		fmt.Fprintf(&b, "next: %s\n", next)
	}
	s.screen.tell(b.String())
}

func clause(why string) string {
	if why == "" {
		return ""
	}
	return "; " + clean(why)
}

// summariseStop says what stands in the way, and of whom.
func (s *sitting) summariseStop(b *strings.Builder, report batch.Report) {
	if report.Why != "" && s.run.StoppedBy != "" && s.run.StoppedBy != batch.StopSignal && report.Fatal == nil {
		fmt.Fprintf(b, "stopped: %s\n", clean(report.Why))
	}
	if !report.ResumeAt.IsZero() {
		fmt.Fprintf(b, "  it makes sense to go on at %s\n", momentIn(report.ResumeAt, s.pace.zone))
	}
	if e := report.Fatal; e != nil {
		fmt.Fprintf(b, "stopped: %s\n", clean(e.Error()))
		printHint(b, e.Hint)
	}
	for _, module := range slices.Sorted(maps.Keys(report.Blocked)) {
		e := report.Blocked[module]
		fmt.Fprintf(b, "  %s cannot be worked on: %s\n", clean(module), clean(e.Error()))
		printHint(b, hintOf(e, module))
	}
}

func printHint(b *strings.Builder, hint string) {
	if hint != "" {
		fmt.Fprintf(b, "    %s\n", clean(hint))
	}
}

// summariseFailures lists the commonest failures, each with one row to look at.
func (s *sitting) summariseFailures(b *strings.Builder) {
	groups := s.failures()
	if len(groups) == 0 {
		return
	}
	fmt.Fprintln(b, "failures:")
	for i, g := range groups {
		if i == groupsShown {
			fmt.Fprintf(b, "  and %d more codes\n", len(groups)-i)
			break
		}
		fmt.Fprintf(b, "  %s %s, such as %s: %s\n", number(g.Count), clean(orElse(g.Code, "without a code")),
			exampleOf(g), clean(g.Message))
		printHint(b, g.Hint)
	}
}

// failures are the kinds of failures that the run has, now that it ends; none where they are not known.
func (s *sitting) failures() []checkpoint.FailureGroup {
	if s.groups != nil || s.run.Counts[batch.Failed]+s.run.Counts[batch.Invalid] == 0 {
		return s.groups
	}
	groups, err := s.db.FailureGroups(context.Background(), s.run.ID)
	if err != nil {
		s.log.Warn("the commonest failures are not known", "error", err)
	}
	s.groups = groups
	return groups
}

// exampleOf says where the example of a group of failures stands, as far as its row could be read.
func exampleOf(g checkpoint.FailureGroup) string {
	where := fmt.Sprintf("line %d", g.Line)
	if record := clean(strings.TrimSpace(g.Module + " " + g.Record)); record != "" {
		where += ", " + record
	}
	return where
}
