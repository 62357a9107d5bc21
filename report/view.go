package report

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"

	"zlock/batch"
	"zlock/internal/plain"
)

// view is the page as its template sees it: texts and figures ready to be shown.
type view struct {
	Subject
	Policy, Made, JobFile string
	Style                 template.CSS
	Running               bool
	Open, Unknown, Bad    string // "3 rows"; "" for none
	Total                 string // "" for none
	Tiles                 []tile
	Outcomes              []outcomeLine
	Columns               []batch.Outcome
	Parts                 []partLine
	Facts, Settings       []Setting
	Charts                []drawing
	Failures              []failureLine
	Totals                []totalsLine
	Definitions           []string
	ResultsSHA256         string
	RowsNote              string
}

type tile struct{ Name, Figure, Tone string }

type outcomeLine struct{ Name, Rows, Share, Width, Meaning string }

type partLine struct {
	Module, Action, Rows string
	Counts               []string
}

type failureLine struct {
	Code, Outcome, Rows, Hint string
	Examples                  []exampleLine
}

type exampleLine struct {
	Line            int
	Record, Message string
}

type totalsLine struct{ Name, Rows, Sum, Hash string }

// longestText is how many characters of a foreign text stand outside of the rows.
const longestText = 300

func show(s string) string { return plain.Text(s, longestText) }

func (a *Account) view(most int64) (view, error) {
	charts, err := a.charts()
	if err != nil {
		return view{}, err
	}
	v := view{
		Subject: a.Subject, Policy: policy(), Style: template.CSS(pageCSS), Made: moment(a.Now, a.Zone), JobFile: show(a.Run.JobFile),
		Running: a.Run.State == batch.Running, Open: rowsOrNone(a.open()), Unknown: rowsOrNone(a.outcomes[batch.Unknown]), Bad: rowsOrNone(a.bad()),
		Total: figureOrNone(a.total), Tiles: a.tiles(), Outcomes: a.outcomeLines(), Columns: a.occurring(), Parts: a.partLines(),
		Facts: a.facts(), Settings: a.settings(), Charts: charts, Failures: a.failureLines(), Totals: a.totalsLines(),
		Definitions: a.definitions(quoted), ResultsSHA256: a.ResultsSHA256, RowsNote: a.rowsNote(most),
	}
	return v, nil
}

func rowsOrNone(n int64) string {
	if n == 0 {
		return ""
	}
	return counted(n, "row")
}

func figureOrNone(n int64) string {
	if n == 0 {
		return ""
	}
	return plain.Number(n)
}

func (a *Account) tiles() []tile {
	tone := func(n int64, tone string) string {
		if n == 0 {
			return "quiet"
		}
		return tone
	}
	tiles := []tile{
		{"rows in the job file", plain.Number(a.total), ""},
		{"changed by this run", plain.Number(a.changes()), tone(a.changes(), "good")},
		{"so already, or asked for twice", plain.Number(a.settled()), tone(a.settled(), "")},
		{"failed or invalid", plain.Number(a.bad()), tone(a.bad(), "bad")},
		{"left to do", plain.Number(a.open()), tone(a.open(), "warn")},
		{"credits", plain.Number(a.Run.Credits), ""},
	}
	if a.Run.Worked > 0 {
		tiles = append(tiles, tile{"at work", span(a.Run.Worked), ""})
	}
	return tiles
}

// meanings say what the outcomes are, in a few words.
func meanings() map[batch.Outcome]string {
	return map[batch.Outcome]string{
		batch.Locked: "this run locked it", batch.Unlocked: "this run unlocked it", batch.ReasonUpdated: "this run changed the reason of its lock",
		batch.AlreadyLocked: "it was locked already; nothing changed", batch.AlreadyUnlocked: "it was not locked; nothing changed",
		batch.AlreadySet: "the reason was so already; nothing changed", batch.Failed: "Zoho or zlock said no",
		batch.Invalid: "faulty in the job file; never sent", batch.Duplicate: "asked for by an earlier row; not sent again",
		batch.Unknown: "may have been sent, its answer not known; will be read back", batch.Sending: "dealt out or in flight now", batch.Pending: "not carried out yet",
	}
}

func (a *Account) outcomeLines() []outcomeLine {
	var lines []outcomeLine
	for _, o := range a.occurring() {
		share := 100 * float64(a.outcomes[o]) / float64(a.total)
		lines = append(lines, outcomeLine{string(o), plain.Number(a.outcomes[o]), percent(share), strconv.FormatFloat(share, 'f', 2, 64), meanings()[o]})
	}
	return lines
}

// percent never says 0 % of something, nor 100 % of what is not all.
func percent(share float64) string {
	switch {
	case share < 0.1:
		return "< 0.1%"
	case share > 99.9 && share < 100:
		return "> 99.9%"
	}
	return strconv.FormatFloat(share, 'f', 1, 64) + "%"
}

func (a *Account) partLines() []partLine {
	var lines []partLine
	for _, key := range a.partKeys() {
		p := a.parts[key]
		line := partLine{Module: show(key.module), Action: show(string(key.action)), Rows: plain.Number(p.total)}
		for _, o := range a.occurring() {
			line.Counts = append(line.Counts, figureOrNone(p.outcomes[o]))
		}
		lines = append(lines, line)
	}
	return lines
}

func (a *Account) facts() []Setting {
	r := a.Run
	facts := []Setting{
		{"Job file", fmt.Sprintf("%s, %s", show(r.JobFile), size(r.Size))},
		{"Organisation", show(a.Org)},
		{"Signed in", a.users()},
		{"Profile", show(r.Profile)},
		{"Started", moment(r.StartedAt, a.Zone)},
		{"Ended", moment(r.EndedAt, a.Zone)},
		{"Credits", fmt.Sprintf("%s used, %s forecast, in %s", plain.Number(r.Credits), plain.Number(int64(r.Forecast)), counted(r.Calls, "call"))},
	}
	if r.Worked > 0 {
		facts = append(facts, Setting{"At work", span(r.Worked) + " over all sittings"})
	}
	if r.Owner != "" {
		facts = append(facts, Setting{"Worked by", show(r.Owner)})
	}
	return facts
}

// users says who was signed in, and no more than is known.
func (a *Account) users() string {
	names := make([]string, len(a.Users))
	for i, name := range a.Users {
		names[i] = show(name)
	}
	switch len(names) {
	case 0:
		return "not known"
	case 1:
		return names[0]
	}
	return "one of: " + strings.Join(names, "; ")
}

func (a *Account) settings() []Setting {
	out := make([]Setting, len(a.Settings))
	for i, s := range a.Settings {
		out[i] = Setting{show(s.Name), show(s.Value)}
	}
	return out
}

func (a *Account) failureLines() []failureLine {
	var lines []failureLine
	for _, f := range a.sortedFailures() {
		line := failureLine{Code: show(f.Code), Outcome: string(f.Outcome), Rows: plain.Number(f.Rows), Hint: show(f.Hint)}
		if f.Code == "" {
			line.Code = "without a code"
		}
		for _, e := range f.Examples {
			record := strings.TrimSpace(e.Module + " " + e.Record)
			line.Examples = append(line.Examples, exampleLine{e.Line, show(record), show(e.Message)})
		}
		lines = append(lines, line)
	}
	return lines
}

func (a *Account) totalsLines() []totalsLine {
	return []totalsLine{
		{"All rows", plain.Number(a.all.Rows), a.all.Sum(), a.all.Hash()},
		{"Changed by this run", plain.Number(a.changed.Rows), a.changed.Sum(), a.changed.Hash()},
	}
}

// definitions say how each control total can be had again.
func (a *Account) definitions(command func(string) string) []string {
	out := []string{
		"Sum of the ids: all record ids, digits only (without zcrm_), added up as whole numbers, in full.",
		"Hash of the ids: SHA-256 over the record ids, digits only, in the order of the job file, each followed by one line feed (0x0A).",
		"A record that stands in several rows counts in each of them.",
		"Job file: SHA-256 of the bytes of the job file, as sha256sum prints it.",
	}
	if a.all.Without > 0 {
		out = append(out, counted(a.all.Without, "row")+" without a readable id: in neither sum nor hash.")
	}
	if a.ResultsSHA256 != "" {
		text := "Results: SHA-256 of what " + command(a.Results) + " writes, as it is now."
		if a.open() > 0 || a.bad() > 0 {
			text += " It changes when the run goes on, and with a retry."
		}
		out = append(out, text)
	}
	return out
}

// quoted is a command within a sentence.
func quoted(command string) string { return "“" + show(command) + "”" }

func (a *Account) rowsNote(most int64) string {
	cut := fmt.Sprintf(" Texts of more than %d characters are cut here; %s has them whole.", longestCell, quoted(a.Results))
	switch {
	case a.total == 0:
		return "There are none."
	case most == 0:
		return "The rows were left out of this page; " + quoted(a.Results) + " writes them."
	case a.total > most:
		return fmt.Sprintf("This page holds the first %s of %s rows; %s writes all. Search words must all occur.", plain.Number(most), plain.Number(a.total), quoted(a.Results)) + cut
	}
	return "All " + counted(a.total, "row") + ", in the order of the job file. Search words must all occur." + cut
}
