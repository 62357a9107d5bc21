package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"zlock/checkpoint"
)

func (a *app) pruneCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "prune", Short: "Forget old runs",
		Long: "Forgets the runs that were completed longer ago than --keep: their rows, their results, and with a rehearsal " +
			"its journal; and gives the room back on disk, unless somebody works on a run just then. Nothing happens in Zoho.\n\n" +
			"An unfinished run is never forgotten, however old, nor one that has left locks that still hold as far as we " +
			"know. --with-locks forgets these too: their locks stay in Zoho, and zlock no longer knows that they are its " +
			"own. Credits of the last 24 hours stay counted. A job file whose run is forgotten counts as new.\n\n" +
			"At a terminal it asks first. Schedule it when nothing else is due: giving the room back keeps runs waiting.",
		Example: "  zlock prune --dry-run\n  zlock prune --keep 90d --yes",
		Annotations: exits("0  done, or nothing was old enough", "1  the program itself failed", "2  usage, or declined: nothing is forgotten",
			"130, 143  stopped by SIGINT, SIGTERM; the next prune goes on"),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("prune takes no argument; --keep says how old a run must be")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.prune(cmd.Context(), flagSource{cmd.Flags()})
		},
	}
	cmd.Flags().Var(&word{value: "400d", arg: "SPAN"}, "keep", "how long completed runs are kept") // not the --keep of others
	define(cmd.Flags(), "with-locks", "dry-run", "yes", "json", "allow-network-fs")
	define(cmd.Flags(), names(placeSettings())...)
	return cmd
}

func (a *app) prune(ctx context.Context, flags flagSource) error {
	pl, err := a.place(flags)
	if err != nil {
		return err
	}
	p := &pruning{app: a, place: pl}
	read := parser{values: sources{flags: flags.set, env: a.world.env, profile: pl.profile}.resolve()}
	read.values["keep"] = ownFlag(flags.set, "keep")
	p.dryRun, p.withLocks, p.yes, p.asJSON = read.flag("dry-run"), read.flag("with-locks"), read.flag("yes"), read.flag("json")
	p.before = a.world.Now().Add(-read.span("keep", 0, 100*365*24*time.Hour))
	if read.err != nil {
		return read.err
	}
	open := a.openExisting
	if p.dryRun {
		open = a.openToRead
	}
	switch p.db, err = open(ctx, pl); {
	case errors.Is(err, errNoCheckpoint): // nothing is as well forgotten as what never was
		return p.tell()
	case err != nil:
		return err
	}
	defer func() { _ = p.db.Close() }()
	if err := p.choose(ctx); err != nil {
		return err
	}
	if !p.dryRun {
		if err := p.ask(ctx); err != nil {
			return err
		}
		if err := p.carryOut(ctx); err != nil {
			return err
		}
	}
	return p.tell()
}

// ask wants a yes of a person at a terminal.
func (p *pruning) ask(ctx context.Context) error {
	if len(p.chosen) == 0 || p.yes || !p.world.InTerminal || !p.world.ErrTerminal {
		return nil
	}
	question := fmt.Sprintf("Forget %s with %s?", counted(int64(len(p.chosen)), "run", "runs"), counted(p.rows(), "row", "rows"))
	return p.agree(ctx, question, usage("declined: nothing is forgotten", "--yes answers in advance; --dry-run lists the runs"))
}

// pruned is what prune --json prints.
type pruned struct {
	DryRun    bool       `json:"dry_run"`
	Before    *time.Time `json:"before"`    // runs that ended before this
	Forgotten []string   `json:"forgotten"` // ids, oldest first; with dry_run those that would be
	Rows      int64      `json:"rows"`      // theirs
	Kept      prunedKept `json:"kept"`
	Freed     *int64     `json:"freed_bytes"` // null where no room was given back
}

// prunedKept counts the runs that stay, by why they do.
type prunedKept struct {
	Newer      int64 `json:"newer"`
	Unfinished int64 `json:"unfinished"`
	WithLocks  int64 `json:"with_locks"`
}

// tell says what was forgotten, or would be.
func (p *pruning) tell() error {
	if p.asJSON {
		d := pruned{DryRun: p.dryRun, Before: instant(p.before), Forgotten: []string{}, Rows: p.rows(), Kept: p.kept}
		for _, run := range p.chosen {
			d.Forgotten = append(d.Forgotten, run.ID)
		}
		if p.compacted {
			d.Freed = &p.freed
		}
		return writeJSON(p.world.Out, d)
	}
	if p.dryRun && len(p.chosen) > 0 {
		t := newTable(2)
		t.add("RUN", "ENDED", "ROWS", "JOB FILE")
		for _, run := range p.chosen {
			t.add(run.ID, run.EndedAt.Local().Format("2006-01-02"), number(run.Total), cleanTo(run.JobFile, 60))
		}
		t.print(p.world.Out, "")
	}
	p.tellForgotten()
	p.tellKept()
	return nil
}

func (p *pruning) tellForgotten() {
	what := counted(int64(len(p.chosen)), "run", "runs") + " with " + counted(p.rows(), "row", "rows")
	switch {
	case len(p.chosen) == 0 && p.freed > 0:
		p.screen.say("nothing to forget; %s of earlier runs given back", byteSize(p.freed))
	case len(p.chosen) == 0:
		p.screen.say("nothing to forget: no run that may go ended before %s", moment(p.before))
	case p.dryRun:
		p.screen.say("%s would be forgotten", what)
	case p.compacted:
		p.screen.say("%s forgotten; %s given back", what, byteSize(p.freed))
	default:
		p.screen.say("%s forgotten", what)
	}
}

func (p *pruning) tellKept() {
	if n := p.kept.Unfinished; n > 0 {
		p.screen.say("%s kept: not completed; %s", counted(n, "old run is", "old runs are"), p.place.command("runs", "--state", "enrolled,paused,interrupted"))
	}
	if n := p.kept.WithLocks; n > 0 {
		p.screen.say("%s kept: locks of theirs still hold; --with-locks forgets them all the same", counted(n, "old run is", "old runs are"))
	}
}

// byteSize writes a number of bytes for a person.
func byteSize(n int64) string {
	switch {
	case n < 1<<10:
		return counted(n, "byte", "bytes")
	case n < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	case n < 1<<30:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
}

// ownAll keeps everybody from working on a run of one of the orgs. It reports false, and holds none,
// where somebody does already.
func (a *app) ownAll(p place, orgs []string) (letGo func(), all bool, err error) {
	var owners []*checkpoint.Ownership
	letGo = func() {
		for _, o := range owners {
			o.Release()
		}
	}
	for _, org := range orgs {
		owner, err := checkpoint.Own(p.ownerFile(org), a.holder("", "prune"))
		var held *checkpoint.HeldError
		if errors.As(err, &held) {
			letGo()
			return func() {}, false, nil
		}
		if err != nil {
			letGo()
			return func() {}, false, err
		}
		owners = append(owners, owner)
	}
	return letGo, true, nil
}
