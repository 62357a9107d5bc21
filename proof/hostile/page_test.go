package hostile_test

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/inputs.md anew")

const pagePath = "../../docs/inputs.md"

// sections are the page's headings, each with the number of its last input.
var sections = []struct {
	title string
	last  int
}{
	{"Encodings and shape of a CSV file", 34}, {"Record ids", 48}, {"Actions and reasons", 61}, {"JSON lines", 74},
	{"Flags, names, configuration", 84}, {"Zoho's answers", 96},
}

// TestInputsPage keeps docs/inputs.md what the tables say; -update writes it.
func TestInputsPage(t *testing.T) {
	page := page96(t)
	if *update {
		if err := os.WriteFile(pagePath, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(pagePath)
	if err != nil || string(kept) != page {
		t.Errorf("docs/inputs.md is not what the tables say (%v): go test ./proof/hostile -update", err)
	}
}

// TestCount prints how many inputs and threats there are, and fails where a number is missing or one
// has no test.
func TestCount(t *testing.T) {
	cases := 0
	numbers := make([]int, 0, 96)
	for _, in := range inputs() {
		numbers = append(numbers, in.number)
		cases += len(in.trials)
		if len(in.trials) == 0 || in.what == "" {
			t.Errorf("input %d has no case", in.number)
		}
	}
	slices.Sort(numbers)
	for i, n := range numbers {
		if n != i+1 {
			t.Fatalf("input %d is missing, or stands twice", i+1)
		}
	}
	covered, open := 0, []string{}
	for i, th := range threats() {
		if th.number != i+1 {
			t.Fatalf("threat %d is missing", i+1)
		}
		if len(th.tests) > 0 {
			covered++
		} else {
			open = append(open, fmt.Sprintf("T%d", th.number))
		}
	}
	t.Logf("%d inputs in %d cases, %d of %d threats have a test", len(numbers), cases, covered, len(threats()))
	if len(open) > 0 {
		t.Logf("without one: %s", strings.Join(open, ", "))
	}
	if len(numbers) != 96 || len(threats()) != 25 {
		t.Errorf("%d inputs of 96, %d threats of 25", len(numbers), len(threats()))
	}
}

func page96(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(pageHead)
	all := inputs()
	slices.SortFunc(all, func(a, b input) int { return a.number - b.number })
	from := 0
	for _, s := range sections {
		fmt.Fprintf(&b, "\n## %s\n\n| # | input | answer | |\n|--:|---|---|---|\n", s.title)
		for _, in := range all[from:s.last] {
			fmt.Fprintf(&b, "| %d | %s | %s | %s |\n", in.number, cell(in.what), cell(in.answer()), cell(in.note))
		}
		from = s.last
	}
	b.WriteString(limitHead)
	for _, l := range limits() {
		flag := ""
		if l.flag != "" {
			flag = "`" + l.flag + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", cell(l.what), l.most, flag, "`"+strings.Join(l.tests, "`, `")+"`")
	}
	b.WriteString(threatHead)
	for _, th := range threats() {
		shown := make([]string, len(th.tests))
		for i, test := range th.tests {
			shown[i] = "`" + test + "`"
		}
		fmt.Fprintf(&b, "| T%d | %s | %s | %s |\n", th.number, cell(th.what), cell(th.measure), strings.Join(append(shown, th.missing...), ", "))
		if len(th.tests) == 0 && len(th.missing) == 0 {
			t.Errorf("T%d says neither what shows it nor what is missing", th.number)
		}
	}
	return b.String()
}

var withLine = regexp.MustCompile(`\b\d+:`)

// answer says in a cell what the trials of an input want: each answer once, without the lines, and where
// there are several with the cases that get it.
func (in input) answer() string {
	var answers []string
	cases := map[string][]string{}
	for _, c := range in.trials {
		text := verdict(c.want)
		if cases[text] == nil {
			answers = append(answers, text)
		}
		cases[text] = append(cases[text], c.name)
	}
	if len(answers) == 1 {
		return answers[0]
	}
	for i, text := range answers {
		names := cases[text]
		if len(names) > 3 {
			names = append(names[:2:2], fmt.Sprintf("%d more", len(names)-2))
		}
		answers[i] = text + " (" + strings.Join(names, "; ") + ")"
	}
	return strings.Join(answers, ", ")
}

// verdict is what a trial wants, for a reader.
func verdict(want string) string {
	kind, rest, _ := strings.Cut(want, " ")
	switch {
	case kind == "refused" && rest != "":
		return "refused: `" + strings.Join(slices.Compact(strings.Fields(withLine.ReplaceAllString(rest, ""))), "`, `") + "`"
	case kind == "taken" && strings.Contains(rest, "warned"):
		return "taken, with a warning"
	case kind == "taken":
		return "taken"
	case kind == "exit":
		code, _, _ := strings.Cut(want, ":")
		return code
	}
	return want
}

// cell escapes what would end a table's cell.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

const pageHead = `# Bad inputs and threats

What bad files, careless hands and strange answers come to. This page is made from the tables in
` + "`proof/hostile`" + `, which the tests carry out, so that it cannot say what is not so:

` + "```console" + `
$ go test ./proof/hostile                       # every input, against the whole program
$ go test ./proof/hostile -run TestCount -v     # how many inputs and threats have a test
$ go test ./proof/hostile -run TestInputs/47    # one input
$ go test ./proof/hostile -update               # this page anew
` + "```" + `

*Taken* is read as it is meant. *Refused* is exit 3 before the first call, with no run left behind: every
fault is listed with its line, column, value and what to do, the first twenty on the screen, all with
` + "`--json`" + ` or ` + "`--faults FILE`" + `. With ` + "`--on-invalid skip`" + ` faulty rows are left out as ` + "`invalid`" + `; faults of
the file as a whole cannot be skipped. *Exit 2* is a mistake in a flag, a name or a setting; nothing was
sent.
`

const limitHead = `
## Limits

| of | at most | moved by | shown by |
|---|---|---|---|
`

const threatHead = `
## Threats

| # | threat | what stands against it | shown by |
|---|---|---|---|
`
