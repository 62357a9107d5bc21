package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"zlock/batch"
)

func (a *app) runsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "runs", Short: "All runs, newest first",
		Long: "Lists the runs of a profile's checkpoint, newest first. With --json it prints one document: " +
			`{"runs": […]}, each run as zlock status --json prints it.`,
		Example:     "  zlock runs\n  zlock runs --json",
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
	define(cmd.Flags(), "json")
	define(cmd.Flags(), names(placeSettings())...)
	return cmd
}

func (a *app) runs(ctx context.Context, flags flagSource) error {
	p, err := a.place(flags)
	if err != nil {
		return err
	}
	read := parser{values: sources{flags: flags.set, env: a.world.env}.resolve()}
	asJSON := read.flag("json")
	if read.err != nil {
		return read.err
	}
	list, err := a.listRuns(ctx, p)
	if err != nil {
		return err
	}
	if asJSON {
		documents := struct {
			Runs []document `json:"runs"`
		}{[]document{}}
		for _, run := range list {
			documents.Runs = append(documents.Runs, newDocument(run, a.world.Now()))
		}
		return writeJSON(a.world.Out, documents)
	}
	a.printRuns(list)
	return nil
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

func (a *app) printRuns(list []batch.Run) {
	if len(list) == 0 {
		a.screen.say("there is no run yet: zlock run JOBFILE starts one")
		return
	}
	t := newTable(2, 3, 4)
	t.add("RUN", "STATE", "ROWS", "LEFT", "FAILED", "STARTED", "JOB FILE")
	for _, run := range list {
		state := string(run.State)
		if run.Simulated {
			state += " (simulated)"
		}
		t.add(run.ID, state, number(run.Total), number(run.Open()), number(run.Counts[batch.Failed]+run.Counts[batch.Invalid]),
			moment(run.StartedAt), cleanTo(run.JobFile, 60)+ticketOf(run))
	}
	t.print(a.world.Out, "")
}
