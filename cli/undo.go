package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"zlock/batch"
	"zlock/checkpoint"
)

func (a *app) undoCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "undo [RUN]", Short: "Take back exactly what a run changed",
		Long: "Takes back what a run changed, last change first: records that it locked are unlocked, those that it unlocked " +
			"are locked again with the reason they had, reasons that it changed are put back. It is a run of its own, planned, " +
			"written down, gone on with by zlock resume, and undone, as any other. RUN is a run's id, the beginning of one, or latest.\n\n" +
			"Each record is looked at first, and touched only where it still is as the run left it: the same lock with the " +
			"same reason, or still no lock. What was locked before the run stays so. Who had locked a record that is locked again, " +
			"when, and that lock's id can't be given back; the results name them. Where a reason was not read before its lock " +
			"was taken away (an unlock by a lock_id alone), the record is left unlocked, and that is said.\n\n" +
			"--only narrows it: module=NAME, outcome=locked, unlocked or reason_updated, or a FILE of ids, one a line or as a " +
			"job file; it may be repeated. With --dry-run the plan is shown, nothing is signed in to, sent or written down. " +
			"Org, pace and budget are those the run was started with, unless a flag says otherwise. The undo of a simulated run " +
			"works in the same pretend organisation.",
		Example: "  zlock undo --dry-run\n" +
			"  zlock undo 20260102-150405-k3fq --yes --json\n" +
			"  zlock undo 20260102 --only module=Deals --only outcome=locked\n" +
			"  zlock undo 20260102 --only wrong-ones.txt",
		Args: oneRun,
		Annotations: exits(
			"0  all was taken back, or was so already, or there was nothing to do",
			"1  the program itself failed",
			"2  usage or configuration; nothing was sent",
			"3  the FILE of ids is faulty; nothing was sent",
			"4  sign-in, scope, permission, edition or configuration: a person must act",
			"5  finished; some records were left, and the results say why",
			"6  stopped by a budget, a window or a limit, or rows are left; resume goes on",
			"7  stopped by a breaker or an outage; resume goes on",
			"8  another process holds this org",
			"130, 143  stopped by SIGINT, SIGTERM; resume goes on",
		),
		RunE: func(cmd *cobra.Command, args []string) error {
			dry, err := cmd.Flags().GetBool("dry-run")
			if err != nil {
				return err
			}
			return a.undo(cmd.Context(), flagSource{cmd.Flags()}, runRef(args), dry)
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().Var(&texts{arg: "WHAT"}, "only", "module=NAME, outcome=OUTCOME, or a FILE of ids; may be repeated")
	cmd.Flags().Bool("dry-run", false, "show the plan, and do nothing")
	define(cmd.Flags(), "yes", "json", "ids-checked", "latency", "expect-org", "ticket")
	define(cmd.Flags(), names(paceSettings())...)
	define(cmd.Flags(), names(tellSettings())...)
	define(cmd.Flags(), names(orgSettings())...)
	define(cmd.Flags(), names(placeSettings())...)
	return cmd
}

// undoing is a run on its way to being taken back.
type undoing struct {
	*launch
	of        batch.Run
	narrowing narrowing
	sum       batch.UndoSummary
}

func (a *app) undo(ctx context.Context, flags flagSource, ref string, dry bool) error {
	p, v, err := a.resolve(flags)
	if err != nil {
		return err
	}
	db, of, err := a.runToUndo(ctx, p, ref, dry)
	if err != nil {
		return err
	}
	u, err := a.undoing(ctx, p, v, of, dry)
	if err != nil {
		_ = db.Close()
		return err
	}
	u.db = db
	defer u.letGo()
	if !dry {
		if u.owner, err = a.own(ctx, p, u.values, u.org.key, u.runID, "undo"); err != nil {
			return err
		}
		if u.of, err = db.Find(ctx, of.ID); err != nil { // it may have moved on meanwhile
			return err
		}
	}
	if err := u.warnOfRun(ctx); err != nil {
		return err
	}
	if dry {
		return u.foretell(ctx)
	}
	return u.carryOut(ctx)
}

func (a *app) runToUndo(ctx context.Context, p place, ref string, dry bool) (*checkpoint.DB, batch.Run, error) {
	if dry {
		return a.lookUp(ctx, p, ref, "undo")
	}
	db, err := a.openExisting(ctx, p)
	if err != nil {
		return nil, batch.Run{}, err
	}
	run, err := a.find(ctx, p, db, ref, "undo")
	if err != nil {
		_ = db.Close()
	}
	return db, run, err
}

// undoing reads the settings, and sees that they lead to the run's org.
func (a *app) undoing(ctx context.Context, p place, v values, of batch.Run, dry bool) (*undoing, error) {
	orgOf := func(p place, v values) (org, error) {
		switch {
		case of.Simulated:
			return simulatedOrg(pretendOf(of), v), nil
		case dry:
			return a.orgToPlan(p, v)
		}
		return a.org(p, v)
	}
	l, err := a.launchWith(p, undoValues(v.with(of)), "undo "+of.ID, orgOf)
	if err != nil {
		return nil, err
	}
	if l.org.key == "" { // a plan needs no credentials
		l.org.key = of.Org
	}
	if l.org.key != of.Org {
		return nil, &wrongOrgError{of.ID, describeKey(of.Org, of.Settings[keyOrgHost]), describeKey(l.org.key, l.org.describe())}
	}
	if met := metBy(of); met.ID != "" && !of.Simulated {
		l.org.pins = append(l.org.pins, pin{who: "run " + of.ID, org: met})
	}
	u := &undoing{launch: l, of: of}
	u.narrowing, err = l.readNarrowing(ctx)
	return u, err
}

// undoValues makes the settings those of rows that come from the checkpoint: what describes a job file
// has no say. Whose a lock is does not count: the row names the very lock.
func undoValues(v values) values {
	for _, name := range []string{"module", "action", "reason", "map", "on-invalid", "on-conflict", "tag-reason", "simulate", "faults", "resume", "again", "expect-rows"} {
		v[name] = value{}
	}
	v["on-locked"], v["any-owner"] = value{text: string(batch.OnLockedFail)}, value{text: "true"}
	return v
}

// warnOfRun says what the undo will not take care of.
func (u *undoing) warnOfRun(ctx context.Context) error {
	if n := u.of.Counts[batch.Unknown] + u.of.Counts[batch.Sending]; n > 0 {
		u.screen.warn("run %s has %s in doubt, of which nothing is taken back; %s settles them", u.of.ID,
			counted(n, "row", "rows"), u.place.command("resume", u.of.ID))
	}
	if n := u.of.Counts[batch.Pending]; n > 0 {
		u.screen.warn("run %s is unfinished: %s not carried out, and a resume would go on with them", u.of.ID,
			counted(n, "row was", "rows were"))
	}
	runs, err := u.db.Runs(ctx)
	if err != nil {
		return err
	}
	for _, run := range runs {
		if run.Settings[keyUndoes] != u.of.ID {
			continue
		}
		how := "run %s was taken back before, by run %s"
		if run.Open() > 0 {
			how = "run %s is being taken back by run %s, which is unfinished; " + strings.ReplaceAll(u.place.command("resume", run.ID), "%", "%%") + " goes on with it"
		}
		u.screen.warn(how, u.of.ID, run.ID)
		break // the newest comes first
	}
	return nil
}

// gather makes the rows, and gives them to sink.
func (u *undoing) gather(ctx context.Context, sink batch.Sink) (err error) {
	u.sum, err = batch.Undo(ctx, u.db.Backwards(ctx, u.of.ID), batch.UndoOptions{
		Header: u.of.Header, Undo: u.of.Settings[keyUndoes] != "", Only: u.narrowing.takes,
	}, sink)
	if err != nil {
		return err
	}
	u.sha, u.size = u.sum.SHA256, u.sum.Bytes
	if n := u.narrowing.ids.unseen(); n > 0 {
		u.screen.warn("%s in the list: of no record that run %s changed", counted(n, "id", "ids"), u.of.ID)
	}
	return nil
}

// foretell shows what an undo would do, and leaves no trace.
func (u *undoing) foretell(ctx context.Context) error {
	costs := batch.NewCosts(nil, batch.ListPrices(u.meaning.AnyOwner))
	if err := u.gather(ctx, costs); err != nil {
		return err
	}
	o := u.foresee(u.sum.Summary, costs, u.ledgerOf(ctx, u.db, u.org.key))
	if u.asJSON {
		return writeJSON(u.world.Out, u.document(&o))
	}
	var folded strings.Builder
	for line := range strings.Lines(u.account()) {
		fold(&folded, line, helpWidth)
	}
	if _, err := fmt.Fprint(u.world.Out, folded.String()); err != nil || u.sum.Rows == 0 {
		return err
	}
	return u.tellOutlook(&o, time.Time{})
}

// carryOut writes the undo down as a run, asks where a person should be asked, and works.
func (u *undoing) carryOut(ctx context.Context) error {
	enrolment, err := u.db.Enrol(ctx, u.newUndo(""))
	if err != nil {
		return err
	}
	run, err := u.writeDown(ctx, enrolment)
	u.bookLook(ctx, run.ID)
	if err != nil || run.ID == "" {
		// What is taken back was never sent, whatever ended the command.
		return errors.Join(err, enrolment.Discard(context.WithoutCancel(ctx)))
	}
	return u.sitting(run, "undo").work(ctx)
}

// writeDown makes every row, and shows the run once nobody objects. Without a row there is no run.
func (u *undoing) writeDown(ctx context.Context, enrolment *checkpoint.Enrolment) (batch.Run, error) {
	costs := batch.NewCosts(enrolment, batch.ListPrices(u.meaning.AnyOwner))
	if err := u.gather(ctx, costs); err != nil {
		return batch.Run{}, err
	}
	o := u.foresee(u.sum.Summary, costs, u.ledgerOf(ctx, u.db, u.org.key))
	u.screen.say("%s", strings.TrimRight(u.account(), "\n"))
	if u.sum.Rows == 0 {
		if u.asJSON {
			return batch.Run{}, writeJSON(u.world.Out, u.document(&o))
		}
		return batch.Run{}, nil
	}
	if err := u.guard(ctx, u.sum.Summary); err != nil {
		return batch.Run{}, err
	}
	u.tellPlan(&o)
	if err := u.tellWhoAndWhat(ctx, u.sum.Summary); err != nil {
		return batch.Run{}, err
	}
	if err := u.app.confirm(ctx, &u.org); err != nil {
		return batch.Run{}, err
	}
	if err := u.ask(ctx, u.sum.Summary); err != nil {
		return batch.Run{}, err
	}
	identity, err := u.ownIdentity()
	if err != nil {
		return batch.Run{}, err
	}
	run := u.newUndo(identity)
	run.Format, run.Header, run.Forecast = u.sum.Format, u.sum.Header, int(o.expected)
	return enrolment.Finish(ctx, run)
}

// newUndo is the new run. What the run that is taken back was started with, and was used again, is kept
// for this one's own resume.
func (u *undoing) newUndo(identity string) batch.Run {
	run := u.newRun(identity)
	delete(run.Settings, keyJobPath)
	for _, s := range settings() {
		for _, key := range []string{s.name, variable(s.name)} {
			text, given := u.of.Settings[key]
			if _, now := run.Settings[key]; s.inherited && given && !now {
				run.Settings[key] = text
			}
		}
	}
	run.Settings[keyUndoes] = u.of.ID
	if u.of.Simulated {
		run.Settings[keySimOf] = pretendOf(u.of)
	}
	return run
}
