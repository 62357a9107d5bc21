package report

import (
	"fmt"
	"io"
	"strings"

	"zlock/batch"
	"zlock/internal/plain"
)

// WriteMarkdown writes the account as text for a ticket, without the rows and the charts. Foreign
// texts stand in code spans, where neither mentions nor links nor HTML mean anything.
func (a *Account) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## zlock run %s: %s\n\n", a.Run.ID, a.State)
	if a.Run.Simulated {
		b.WriteString("**SIMULATED:** a rehearsal against a pretend Zoho; nothing of it happened in a real organisation.\n\n")
	}
	if a.open() > 0 {
		fmt.Fprintf(&b, "**Not finished:** %s left to do.%s\n\n", counted(a.open(), "row"), a.nextSentence())
	} else if a.bad() > 0 {
		fmt.Fprintf(&b, "**%s did not come out as wanted.**%s\n\n", counted(a.bad(), "row"), a.nextSentence())
	}
	a.markOutcomes(&b)
	a.markParts(&b)
	a.markFailures(&b)
	a.markFacts(&b)
	a.markTotals(&b)
	fmt.Fprintf(&b, "Made by zlock %s at %s. All rows: %s\n", a.Version, moment(a.Now, a.Zone), code(a.Results))
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write text: %w", err)
	}
	return nil
}

func (a *Account) nextSentence() string {
	if a.Next == "" {
		return ""
	}
	return " Next: " + code(a.Next)
}

// code is a foreign text as a code span that also holds within a table.
func code(s string) string {
	if strings.TrimSpace(s) == "" {
		return ""
	}
	s = strings.NewReplacer("`", `\u{60}`, "|", `\u{7c}`).Replace(plain.Text(s, longestText))
	return "`" + strings.TrimSpace(s) + "`"
}

// markTable writes a table whose cells are ready; columns of figures are told by a colon in the rule.
func markTable(b *strings.Builder, header []string, figures int, rows [][]string) {
	fmt.Fprintf(b, "| %s |\n|", strings.Join(header, " | "))
	for i := range header {
		if i >= len(header)-figures {
			b.WriteString(" ---: |")
		} else {
			b.WriteString(" --- |")
		}
	}
	b.WriteString("\n")
	for _, row := range rows {
		fmt.Fprintf(b, "| %s |\n", strings.Join(row, " | "))
	}
	b.WriteString("\n")
}

func (a *Account) markOutcomes(b *strings.Builder) {
	var rows [][]string
	for _, line := range a.outcomeLines() {
		rows = append(rows, []string{line.Name, line.Meaning, line.Rows})
	}
	rows = append(rows, []string{"**all**", "", "**" + plain.Number(a.total) + "**"})
	markTable(b, []string{"Outcome", "Meaning", "Rows"}, 1, rows)
}

func (a *Account) markParts(b *strings.Builder) {
	lines := a.partLines()
	if len(lines) == 0 {
		return
	}
	header := []string{"Module", "Action", "Rows"}
	for _, o := range a.occurring() {
		header = append(header, string(o))
	}
	var rows [][]string
	for _, line := range lines {
		rows = append(rows, append([]string{code(line.Module), code(line.Action), line.Rows}, line.Counts...))
	}
	markTable(b, header, len(header)-2, rows)
}

func (a *Account) markFailures(b *strings.Builder) {
	failures := a.sortedFailures()
	if len(failures) == 0 {
		return
	}
	b.WriteString("### What failed, and what to do\n\n")
	var rows [][]string
	for _, f := range failures {
		first := f.Examples[0]
		name := code(f.Code)
		if name == "" {
			name = "without a code"
		}
		if f.Outcome == batch.Invalid {
			name += " (invalid)"
		}
		rows = append(rows, []string{
			name, fmt.Sprintf("line %d, %s: %s", first.Line, code(strings.TrimSpace(first.Module+" "+first.Record)), code(first.Message)),
			code(f.Hint), plain.Number(f.Rows),
		})
	}
	markTable(b, []string{"Code", "For example", "What to do", "Rows"}, 1, rows)
}

func (a *Account) markFacts(b *strings.Builder) {
	b.WriteString("### What was run\n\n")
	var rows [][]string
	for _, fact := range a.facts() {
		rows = append(rows, []string{fact.Name, code(fact.Value)})
	}
	for _, setting := range a.settings() {
		rows = append(rows, []string{code(setting.Name), code(setting.Value)})
	}
	markTable(b, []string{"", ""}, 0, rows)
}

func (a *Account) markTotals(b *strings.Builder) {
	b.WriteString("### Control totals\n\n")
	var rows [][]string
	for _, line := range a.totalsLines() {
		rows = append(rows, []string{line.Name, code(line.Hash), line.Sum, line.Rows})
	}
	markTable(b, []string{"", "Hash of the ids", "Sum of the ids", "Rows"}, 2, rows)
	fmt.Fprintf(b, "* Job file, SHA-256: %s\n", code(a.Run.SHA256))
	if a.ResultsSHA256 != "" {
		fmt.Fprintf(b, "* Results, SHA-256: %s\n", code(a.ResultsSHA256))
	}
	for _, definition := range a.definitions(code) {
		fmt.Fprintf(b, "* %s\n", definition)
	}
	b.WriteString("\n")
}
