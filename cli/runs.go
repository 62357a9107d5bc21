package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"zlock/batch"
)

func (a *app) runsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "runs", Short: "All runs, newest first",
		Long: "Lists the runs of a profile's checkpoint, newest first: when each was begun, how many rows came to which " +
			"outcome, and what stopped it. With --json it prints one document: " +
			`{"runs": […]}, each run as zlock status --json prints it.`,
		Example:     "  zlock runs\n  zlock runs --state paused,interrupted\n  zlock runs --limit 20 --json",
		Annotations: readExits(),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("runs takes no argument; zlock status RUN looks at one run")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.runs(cmd.Context(), flagSource{cmd.Flags()})
		},
	}
	define(cmd.Flags(), "state")
	cmd.Flags().Var(&word{arg: "N"}, "limit", "list the newest N, at most") // not the --limit of a sitting
	define(cmd.Flags(), "json")
	define(cmd.Flags(), names(placeSettings())...)
	return cmd
}

// ownFlag reads a flag that has another meaning on this command than on others: then neither a
// variable nor a profile speaks for it.
func ownFlag(flags *pflag.FlagSet, name string) value {
	flag := flags.Lookup(name)
	return value{text: flag.Value.String(), where: "--" + name + " " + clean(flag.Value.String()), flag: true, given: flag.Changed}
}

func (a *app) runs(ctx context.Context, flags flagSource) error {
	p, err := a.place(flags)
	if err != nil {
		return err
	}
	read := parser{values: sources{flags: flags.set, env: a.world.env}.resolve()}
	read.values["limit"] = ownFlag(flags.set, "limit")
	asJSON, states := read.flag("json"), read.states()
	most := read.count("limit", 0, 1, 1_000_000_000)
	if read.err != nil {
		return read.err
	}
	all, err := a.listRuns(ctx, p)
	if err != nil {
		return err
	}
	list := slices.DeleteFunc(slices.Clone(all), func(r batch.Run) bool {
		return len(states) > 0 && !slices.Contains(states, r.State)
	})
	older := 0
	if most > 0 && int64(len(list)) > most {
		older = len(list) - int(most)
		list = list[:most]
	}
	if asJSON {
		return a.printRunsJSON(list)
	}
	a.printRuns(list)
	switch {
	case len(all) == 0:
		a.screen.say("there is no run yet: zlock run JOBFILE starts one")
	case len(list) == 0:
		a.screen.say("none of %s is in that state: zlock runs lists them all", counted(int64(len(all)), "run", "runs"))
	case older > 0:
		a.screen.say("and %s: a greater --limit lists them", counted(int64(older), "older run", "older runs"))
	}
	return nil
}

// states reads --state.
func (p *parser) states() []batch.State {
	known := []string{string(batch.Enrolled), string(batch.Running), string(batch.Paused), string(batch.Interrupted), string(batch.Completed)}
	var out []batch.State
	for _, word := range p.words("state") {
		if word = strings.ToLower(word); !slices.Contains(known, word) {
			p.refuse("state", "one or more of "+strings.Join(known, ", ")+didYouMean(word, known))
			return nil
		}
		out = append(out, batch.State(word))
	}
	return out
}

func (a *app) printRunsJSON(list []batch.Run) error {
	documents := struct {
		Runs []document `json:"runs"`
	}{[]document{}}
	for _, run := range list {
		documents.Runs = append(documents.Runs, newDocument(run, a.world.Now()))
	}
	return writeJSON(a.world.Out, documents)
}

// listRuns is empty where nothing was ever run: that is an answer too.
func (a *app) listRuns(ctx context.Context, p place) ([]batch.Run, error) {
	db, err := a.openToRead(ctx, p)
	if errors.Is(err, errNoCheckpoint) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	return db.Runs(ctx)
}

// printRuns gives each run a line of figures and one that says what they are figures of.
func (a *app) printRuns(list []batch.Run) {
	if len(list) == 0 {
		return
	}
	t := newTable(3, 4)
	t.add("RUN", "STATE", "BEGUN", "ROWS", "CREDITS")
	for _, run := range list {
		begun := run.StartedAt
		if begun.IsZero() {
			begun = run.CreatedAt
		}
		t.add(run.ID, string(run.State), begun.Local().Format("2006-01-02 15:04"), number(run.Total), number(run.Credits))
	}
	lines := t.lines()
	fmt.Fprintln(a.world.Out, lines[0])
	for i, run := range list {
		about := "    " + runAbout(run)
		if a.world.OutTerminal {
			about = cut(about, a.world.width())
		}
		fmt.Fprintf(a.world.Out, "%s\n%s\n", lines[i+1], about)
	}
}

// runAbout says of a run what it worked on, what stopped it, and what its rows came to.
func runAbout(run batch.Run) string {
	name := jobName(run)
	if run.Simulated {
		name += " (SIMULATED)"
	}
	name += ticketOf(run)
	if run.StoppedBy != "" {
		return name + ": " + stopText(run.StoppedBy) + "; " + outcomesText(run)
	}
	return name + ": " + outcomesText(run)
}

// outcomesText is the outcomes that occurred in one line: "1,200 locked, 4 failed, 12 left".
func outcomesText(run batch.Run) string {
	var parts []string
	for _, o := range batch.Outcomes() {
		if n := run.Counts[o]; n > 0 && o != batch.Pending && o != batch.Sending && o != batch.Unknown {
			parts = append(parts, number(n)+" "+strings.ReplaceAll(string(o), "_", " "))
		}
	}
	if left := run.Open(); left > 0 {
		text := number(left) + " left"
		if doubt := run.Counts[batch.Unknown]; doubt > 0 {
			text += fmt.Sprintf(" (%s in doubt)", number(doubt))
		}
		parts = append(parts, text)
	}
	if len(parts) == 0 {
		return "no rows"
	}
	return strings.Join(parts, ", ")
}
