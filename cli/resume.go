package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"zlock/batch"
	"zlock/checkpoint"
)

func (a *app) resumeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "resume [RUN]", Short: "Go on with an interrupted, paused or killed run",
		Long: "Goes on with a run from what the checkpoint holds; the job file is not needed. Rows whose answer was lost are " +
			"read back from Zoho before anything else is done to them. RUN is a run's id, the beginning of one, or latest.\n\n" +
			"What gives rows their meaning stays as enrolled. Org, pace, budget and breakers are those the run was started " +
			"with, unless a flag given now says otherwise; --limit, --max-duration and --until are for one sitting only.",
		Example:     "  zlock resume\n  zlock resume 20260102-150405-k3fq --max-credits 5000",
		Args:        oneRun,
		Annotations: workExits(),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.resume(cmd.Context(), flagSource{cmd.Flags()}, runRef(args), "resume", (*sitting).goOn)
		},
	}
	define(cmd.Flags(), "yes", "json", "expect-org")
	define(cmd.Flags(), names(paceSettings())...)
	define(cmd.Flags(), names(tellSettings())...)
	define(cmd.Flags(), names(orgSettings())...)
	define(cmd.Flags(), names(placeSettings())...)
	return cmd
}

// resume finds a run, takes its org, and hands it to then.
func (a *app) resume(ctx context.Context, flags flagSource, ref, command string, then func(*sitting, context.Context) error) error {
	p, err := a.place(flags)
	if err != nil {
		return err
	}
	db, err := a.openExisting(ctx, p)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	run, err := a.find(ctx, p, db, ref, command)
	if err != nil {
		return err
	}
	s := &sitting{app: a, place: p, db: db, run: run}
	v := a.settings(flags, p.profile).with(run)
	owner, err := s.takeUp(ctx, v, command)
	if err != nil {
		return err
	}
	defer owner.Release()
	a.warnEdited(ctx, run)
	return then(s, ctx)
}

// takeUp resolves the settings of a run that goes on, sees that they lead to its org, and keeps
// others away from it. The run is looked up again then: it may have moved on meanwhile.
func (s *sitting) takeUp(ctx context.Context, v values, command string) (*checkpoint.Ownership, error) {
	read := parser{values: v}
	s.asJSON = read.flag("json")
	if read.err != nil {
		return nil, read.err
	}
	var err error
	if s.run.Simulated {
		if err := nothingToExpect(v); err != nil {
			return nil, err
		}
		s.org = simulatedOrg(pretendOf(s.run), v)
	} else if s.org, err = s.app.org(s.place, v); err != nil {
		return nil, err
	}
	if s.org.key != s.run.Org {
		return nil, &wrongOrgError{s.run.ID, describeKey(s.run.Org, s.run.Settings[keyOrgHost]),
			describeKey(s.org.key, host(s.org.api))}
	}
	if s.pace, err = s.app.pace(v, s.org.edition); err != nil {
		return nil, err
	}
	owner, err := s.app.own(ctx, s.place, v, s.org.key, s.run.ID, command)
	if err != nil {
		return nil, err
	}
	s.owner, s.command = owner, command
	if s.run, err = s.db.Find(ctx, s.run.ID); err != nil {
		owner.Release()
	}
	return owner, err
}

// describeKey names an org for a person who has to tell two of them apart.
func describeKey(key, host string) string { return fmt.Sprintf("org %s at %s", key, host) }

// warnEdited says that the job file is no longer what the run was made of. The run goes on with
// the rows as they were.
func (a *app) warnEdited(ctx context.Context, run batch.Run) {
	path := run.Settings[keyJobPath]
	if path == "" || run.Open() == 0 {
		return
	}
	source, err := batch.Open(ctx, path, nil, batch.ReadOptions{MaxBytes: run.Size + 1})
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	var sha string
	if err == nil {
		defer func() { _ = source.Close() }()
		if source.Size() == run.Size {
			sha, _, err = source.Hash(ctx)
		}
	}
	if err != nil || sha != run.SHA256 {
		a.screen.warn("%s was edited since; the run goes on with the rows as they were", clean(run.JobFile))
	}
}
