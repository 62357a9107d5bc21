package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"zlock/batch"
	"zlock/checkpoint"
)

// reasonHelp says what --reason is to one record.
const reasonHelp = "why, in up to 3,000 characters; {record_id} {module} {run} are filled in"

// deed is what one of the commands lock, unlock and reason does to one record.
type deed struct {
	name   string
	action batch.Action
	lockID string // as typed
}

func (a *app) lockCommand() *cobra.Command {
	cmd := a.singleCommand(deed{name: "lock", action: batch.ActionLock})
	cmd.Short = "Lock one record, now"
	cmd.Long = "Locks one record for a reason. A record that is locked already stays as it is, which is a success " +
		"and is said; --on-locked update-reason gives its lock this reason instead, --on-locked fail makes it a failure."
	cmd.Example = "  zlock lock Deals 5843104000000425565 --reason \"Q3 closed, see FIN-2231\"\n" +
		"  zlock lock Deals zcrm_5843104000000425565 --reason Audit --simulate"
	cmd.Flags().Var(&word{arg: "TEXT"}, "reason", reasonHelp)
	define(cmd.Flags(), "on-locked", "tag-reason")
	return a.finished(cmd)
}

func (a *app) unlockCommand() *cobra.Command {
	cmd := a.singleCommand(deed{name: "unlock", action: batch.ActionUnlock})
	cmd.Short = "Unlock one record, now"
	cmd.Long = "Takes one record's lock away. A record that is not locked is a success, and is said. Another user's lock " +
		"is left alone unless --any-owner is given; a lock that one of the module's rules made cannot be taken away by hand."
	cmd.Example = "  zlock unlock Deals 5843104000000425565\n" +
		"  zlock unlock Deals 5843104000000425565 --any-owner"
	cmd.Flags().Bool("any-owner", false, "take another user's lock away too")
	cmd.Flags().Var(&word{arg: "ID"}, "lock-id", "only this lock; one made since is left alone")
	return a.finished(cmd)
}

func (a *app) reasonCommand() *cobra.Command {
	cmd := a.singleCommand(deed{name: "reason", action: batch.ActionUpdateReason})
	cmd.Short = "Change the reason of one record's lock, now"
	cmd.Long = "Gives the lock of one record another reason. One that is so already is a success, and is said; a record " +
		"that is not locked is a failure, and so is a lock that one of the module's rules made: that has no reason of its own."
	cmd.Example = "  zlock reason Deals 5843104000000425565 --reason \"Audited, see FIN-2290\""
	cmd.Flags().Var(&word{arg: "TEXT"}, "reason", reasonHelp)
	define(cmd.Flags(), "tag-reason")
	cmd.Flags().Var(&word{arg: "ID"}, "lock-id", "only this lock; one made since is left alone")
	return a.finished(cmd)
}

// singleCommand is what the three commands have in common before their own flags.
func (a *app) singleCommand(d deed) *cobra.Command {
	cmd := &cobra.Command{
		Use: d.name + " MODULE ID", Annotations: singleExits(),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usage(d.name+" takes a MODULE and an ID", "zlock "+d.name+" Deals 5843104000000425565; many records: zlock run JOBFILE")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if flag := cmd.Flags().Lookup("lock-id"); flag != nil {
				d.lockID = flag.Value.String()
			}
			return a.single(cmd.Context(), flagSource{cmd.Flags()}, d, args[0], args[1])
		},
	}
	cmd.Flags().SortFlags = false
	return cmd
}

// finished adds what the three commands have in common after their own flags.
func (a *app) finished(cmd *cobra.Command) *cobra.Command {
	cmd.Long += "\n\nMODULE is an API name, ID a record's id, both as in job files (a leading zcrm_ is dropped). It is a run of " +
		"one row, a new one each time and the latest one then: written down before it is sent, shown by zlock status, runs and results, and gone on " +
		"with by zlock resume where it was stopped. With --json the run's status document is printed, and in it the row " +
		"as zlock results --format jsonl has it, under row."
	define(cmd.Flags(), "ids-checked", "simulate", "json", "expect-org", "ticket")
	define(cmd.Flags(), "settle", "attempts", "max-credits", "reserve", "credits-per-day", "max-outage", "max-duration", "until",
		"window", "tz", "on-window", "on-budget", "wait", "grace", "exit-zero-on-partial", "allow-network-fs")
	define(cmd.Flags(), names(orgSettings())...)
	define(cmd.Flags(), names(placeSettings())...)
	return cmd
}

func singleExits() map[string]string {
	return exits(
		"0  the record is as wanted, changed or not",
		"1  the program itself failed",
		"2  usage or configuration; nothing was sent",
		"4  sign-in, scope, permission, edition or configuration: a person must act",
		"5  Zoho or zlock said no; what is said names the cause",
		"6  stopped by a budget or a window, or in doubt; resume goes on",
		"7  Zoho did not answer; resume goes on",
		"8  another process holds this org",
		"130, 143  stopped by SIGINT, SIGTERM; resume goes on",
	)
}

// settle makes the settings those of one typed row: what describes a job file has no say, and an
// unlock leaves other users' locks alone unless somebody said otherwise.
func (d deed) settle(v values) values {
	for _, name := range []string{"module", "action", "map", "on-invalid", "on-conflict", "limit", "faults", "expect-rows"} {
		v[name] = value{}
	}
	v["precheck"], v["composite"] = value{text: string(batch.PrecheckNever)}, value{text: string(batch.CompositeOff)} // one row gains nothing
	if d.action == batch.ActionUnlock {
		v["reason"] = value{}
	}
	if !v["any-owner"].given {
		v["any-owner"] = value{text: "false"}
	}
	return v
}

// single carries one row out as a run of its own.
func (a *app) single(ctx context.Context, flags flagSource, d deed, module, id string) error {
	p, v, err := a.resolve(flags)
	if err != nil {
		return err
	}
	v = d.settle(v)
	l, err := a.launchWith(p, v, fmt.Sprintf("%s %s %s", d.name, module, id), a.org)
	if err != nil {
		return err
	}
	defer l.letGo()
	if l.owner, err = a.own(ctx, p, v, l.org.key, l.runID, d.name); err != nil {
		return err
	}
	if d.action != batch.ActionUnlock && l.meaning.Reason == "" {
		return usage(d.name+" needs a reason, which Zoho demands", "add --reason \"why\"")
	}
	l.job, err = oneRow{RecordID: id, Module: module, Action: d.action, LockID: d.lockID}.open(ctx, l.reading)
	if err != nil {
		return err
	}
	if l.sha, l.size, err = l.job.Hash(ctx); err != nil {
		return err
	}
	if l.db, err = a.openToWrite(ctx, p); err != nil {
		return err
	}
	run, err := l.enrolOne(ctx)
	if err != nil {
		return err
	}
	return l.workOne(ctx, d, run)
}

// enrolOne writes the row down as a run.
func (l *launch) enrolOne(ctx context.Context) (batch.Run, error) {
	return l.enrolApart(ctx, 0, func(sink batch.Sink) (batch.Summary, error) {
		sum, err := readOne(ctx, l.job, l.reading, sink)
		if err == nil {
			err = l.guard(ctx, sum)
		}
		if err == nil {
			err = l.app.confirm(ctx, &l.org)
		}
		return sum, err
	})
}

// workOne carries the run out, and says in a sentence what came of it.
func (l *launch) workOne(ctx context.Context, d deed, run batch.Run) error {
	s := l.sitting(run, d.name)
	s.lone = true
	s.pace.heralds = heralds{} // whoever typed it sees how it ended
	s.concluding = func(report batch.Report, code int) error {
		row, err := s.onlyRow(context.WithoutCancel(ctx))
		if err != nil {
			return err
		}
		told := &telling{sitting: s, deed: d, row: row, report: report, code: code}
		told.tell(context.WithoutCancel(ctx))
		if s.asJSON {
			if err := told.document(); err != nil {
				return err
			}
		}
		return &ended{code}
	}
	return s.work(ctx)
}

// onlyRow is the row of the run as the checkpoint has it now.
func (s *sitting) onlyRow(ctx context.Context) (checkpoint.RowReport, error) {
	for row, err := range s.db.Rows(ctx, s.run.ID, nil) {
		return row, err
	}
	return checkpoint.RowReport{}, fmt.Errorf("run %s has no row", s.run.ID)
}
