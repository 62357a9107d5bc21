package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"zlock/batch"
)

func (a *app) retryCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "retry [RUN]", Short: "Another attempt for failed rows",
		Long: "Takes the failed rows of a run up again and carries them out, with whatever else is left of it. Rows that " +
			"another attempt will hardly change (the record does not exist, its lock was made by a rule) stay as they are " +
			"unless --all is given. RUN is a run's id, the beginning of one, or latest.",
		Example:     "  zlock retry\n  zlock retry latest --code NO_PERMISSION\n  zlock retry 20260102 --all",
		Args:        oneRun,
		Annotations: workExits(),
		RunE: func(cmd *cobra.Command, args []string) error {
			flags := flagSource{cmd.Flags()}
			read := parser{values: sources{flags: flags.set, env: a.world.env}.resolve()}
			codes, all := read.words("code"), read.flag("all")
			if read.err != nil {
				return read.err
			}
			return a.resume(cmd.Context(), flags, runRef(args), "retry", func(s *sitting, ctx context.Context) error {
				return s.retry(ctx, codes, all)
			})
		},
	}
	define(cmd.Flags(), "code", "all", "yes", "json", "expect-org")
	define(cmd.Flags(), names(paceSettings())...)
	define(cmd.Flags(), names(tellSettings())...)
	define(cmd.Flags(), names(orgSettings())...)
	define(cmd.Flags(), names(placeSettings())...)
	return cmd
}

// retry makes failed rows pending again and goes on with the run. Codes asked for by name are
// taken up even where they are lasting. Whoever objects to the org does so before a row is touched.
func (s *sitting) retry(ctx context.Context, codes []string, all bool) error {
	for i, code := range codes {
		codes[i] = strings.ToUpper(code)
	}
	leave := batch.Lasting
	if all || len(codes) > 0 {
		leave = func(string) bool { return false }
	}
	if s.run.Counts[batch.Failed] > 0 && (all || len(codes) > 0 || s.worthAnother(ctx)) {
		if err := s.beSure(ctx); err != nil {
			return err
		}
	}
	taken, err := s.db.Retry(ctx, s.run.ID, codes, leave)
	if err != nil {
		return err
	}
	failed := s.run.Counts[batch.Failed]
	if s.run, err = s.db.Find(ctx, s.run.ID); err != nil {
		return err
	}
	if failed == 0 {
		s.screen.say("run %s has no failed row", s.run.ID)
		return s.goOn(ctx)
	}
	s.screen.say("%s of %s taken up again", number(taken), counted(failed, "failed row", "failed rows"))
	if left := s.run.Counts[batch.Failed]; left > 0 && !all && len(codes) == 0 {
		s.screen.say("%s left alone: another attempt would hardly change them; --all takes them up too",
			counted(left, "row", "rows"))
	}
	return s.goOn(ctx)
}

// worthAnother reports whether some failure may pass at another attempt. It is looked up each time, since an
// attempt changes it; where it can't be, it may.
func (s *sitting) worthAnother(ctx context.Context) bool {
	groups, err := s.db.FailureGroups(ctx, s.run.ID)
	return err != nil || !lasting(groups)
}
