package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/spf13/cobra"

	"zlock/batch"
	"zlock/checkpoint"
	"zlock/zoho"
)

func (a *app) locksCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "locks MODULE", Short: "The records of a module that are locked now, as a job file",
		Long: "Writes the records of a module that are locked now as a job file that unlocks them: record_id, module, " +
			"action, reason, lock_id, locked_by, locked_time, source. Look it over, take out what is to stay, and give it to " +
			"zlock run. It changes nothing, and works beside a run.\n\n" +
			"Finding the records takes a query for every 2,000 of them, at 3 credits, and one that counts them first; where " +
			"queries are refused every record of the module is read instead, 200 for a credit, and with --ids only those of a " +
			"file, 100 for a credit. Reason, lock_id and what stands behind them take one more credit a record: they are " +
			"filled in with --details, or where a filter needs them. What it will cost is said beforehand, and --max-credits " +
			"is the most.\n\n" +
			"--ours lists the locks that runs of ours have left, from the checkpoint and without a call: as far as we know, " +
			"for somebody else may have unlocked since. Such a list has the columns age and run besides.\n\n" +
			filterHelp + "\n\n--json is --format jsonl: JSON lines, one object a record.",
		Example: "  zlock locks Deals -o locked.csv\n" +
			"  zlock locks Deals --locked-before 90d --source manual -o old.csv\n" +
			"  zlock locks Deals --ours --reason 'Q3*'",
		Annotations: exits("0  it could answer, locked records or none", "1  the program itself failed", "2  usage or configuration",
			"4  sign-in, scope, permission, edition or configuration: a person must act",
			"6  the credits are spent; the list is not whole", "7  Zoho did not answer; the list is not whole",
			"130, 143  stopped by SIGINT, SIGTERM"),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("locks takes one MODULE", "zlock locks Deals; zlock modules lists them")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.locks(cmd.Context(), flagSource{cmd.Flags()}, args[0])
		},
	}
	cmd.Flags().Bool("details", false, "look at each lock: reason, lock_id, by whom, when, how (1 credit each)")
	defineLockFilter(cmd.Flags(), "manual automatic both")
	cmd.Flags().Var(&word{arg: "FILE"}, "ids", "look at the records of a file alone: one id a line, or a job file")
	define(cmd.Flags(), "ids-checked", "format", "output", "force", "raw-csv", "json", "max-credits", "tz")
	defineInquiry(cmd)
	return cmd
}

// lockList is a list of locks on its way out.
type lockList struct {
	*app
	place   place
	org     org
	pace    pace
	module  string
	filter  lockFilter
	details bool
	ids     string // a file
	checked bool   // its ids are right as they are
	out     export

	listed, automatic int64
}

func (a *app) locks(ctx context.Context, flags flagSource, module string) error {
	l, err := a.lockList(ctx, flags, module)
	if err != nil {
		return err
	}
	find, end, err := l.finder(ctx)
	if err != nil {
		return err
	}
	write := func(w io.Writer) error { return l.write(w, find) }
	if !l.toFile() {
		buffered := bufio.NewWriterSize(a.world.Out, 64<<10)
		err = errors.Join(write(buffered), buffered.Flush())
	} else {
		err = a.writeFile(l.out.output, l.out.force, l.place.files(batch.Run{}), write)
	}
	if err = errors.Join(err, end(err)); err == nil && l.toFile() {
		a.screen.say("%s written", clean(l.out.output))
	}
	return err
}

// lockList reads the settings of locks.
func (a *app) lockList(ctx context.Context, flags flagSource, module string) (*lockList, error) {
	p, v, err := a.resolve(flags)
	if err != nil {
		return nil, err
	}
	v["only"] = value{} // of results
	l := &lockList{app: a, place: p, ids: ownFlag(flags.set, "ids").text}
	if l.out, err = a.export(v); err != nil {
		return nil, err
	}
	l.out.shown = !l.toFile() && a.world.OutTerminal
	if l.checked = v.on("ids-checked", func(e error) { err = e }); err != nil {
		return nil, err
	}
	if l.org, err = a.org(p, v); err != nil {
		return nil, err
	}
	if l.pace, err = a.pace(v, l.org.edition); err != nil {
		return nil, err
	}
	if l.filter, err = readLockFilter(flags.set, a.world.Now(), l.pace.zone, "manual", "automatic", "both"); err != nil {
		return nil, err
	}
	l.details = ownFlag(flags.set, "details").text == "true" || !l.filter.any()
	if l.filter.ours && l.ids != "" {
		return nil, usage("--ids asks Zoho, --ours and --from-run ask nobody", "give one of them")
	}
	l.module, err = moduleTyped(module)
	return l, err
}

func (l *lockList) toFile() bool { return l.out.output != "" && l.out.output != "-" }

// finder is where the locks come from, and what is to be done at the end.
func (l *lockList) finder(ctx context.Context) (find iter.Seq2[foundLock, error], end func(error) error, err error) {
	if l.filter.ours {
		return l.own(ctx)
	}
	f := &lockFinder{module: l.module, details: l.details, say: l.screen.say}
	if l.ids != "" {
		list, err := l.readIDs(ctx, "--ids", l.ids, l.module, l.checked)
		if err != nil {
			return nil, nil, err
		}
		f.given = append([]string{}, list.ids...)
	}
	f.q, err = l.inquireWithin(l.place, l.org, zoho.LimiterConfig{
		Cap: inquiryAtOnce, Allowance: int(l.pace.allowance), MaxCredits: int(l.pace.maxCredits),
	})
	if err != nil {
		return nil, nil, err
	}
	f.q.tries = longTries
	end = func(broken error) error {
		if broken == nil {
			l.tell(f)
		}
		f.q.end()
		return nil
	}
	me := zoho.User{}
	if l.filter.asksForMe() {
		if me, err = f.q.user(ctx); err != nil {
			f.q.end()
			return nil, nil, err
		}
	}
	return l.taken(f.all(ctx), me), end, nil
}

// taken are those of the locks that the filter takes.
func (l *lockList) taken(find iter.Seq2[foundLock, error], me zoho.User) iter.Seq2[foundLock, error] {
	return func(yield func(foundLock, error) bool) {
		for found, err := range find {
			if err == nil && !l.filter.takes(found, me) {
				continue
			}
			if !yield(found, err) {
				return
			}
		}
	}
}

// own are the locks that runs of ours have left.
func (l *lockList) own(ctx context.Context) (iter.Seq2[foundLock, error], func(error) error, error) {
	db, err := l.openToRead(ctx, l.place)
	if err != nil {
		return nil, nil, err
	}
	end := func(broken error) error {
		if broken == nil {
			l.screen.say("%s of runs of ours listed, as far as we know: nobody was asked", counted(l.listed, "lock", "locks"))
		}
		return db.Close()
	}
	if l.filter.run, err = runOf(ctx, db, l.filter.run); err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return l.taken(ownLocks(ctx, db, l.org.key, l.module), zoho.User{}), end, nil
}

// runOf is the full id of a run that was typed; "" for none.
func runOf(ctx context.Context, db *checkpoint.DB, typed string) (string, error) {
	if typed == "" {
		return "", nil
	}
	run, err := db.Find(ctx, typed)
	return run.ID, err
}

// ownLocks are the locks of a module that runs of ours have left.
func ownLocks(ctx context.Context, db *checkpoint.DB, org, module string) iter.Seq2[foundLock, error] {
	return func(yield func(foundLock, error) bool) {
		for l, err := range db.OwnLocks(ctx, org, module) {
			found := foundLock{
				recordID: l.RecordID, own: true, run: l.Run, made: l.Made,
				lock: zoho.Lock{ID: l.LockID, Reason: l.Reason, Source: zoho.Manual, At: l.At},
			}
			if !yield(found, err) {
				return
			}
		}
	}
}

// write writes the locks out as they are found.
func (l *lockList) write(w io.Writer, find iter.Seq2[foundLock, error]) error {
	out := newLockWriter(w, l.out, l.filter.ours)
	for found, err := range find {
		if err == nil {
			err = out.write(newLockRow(l.module, found, l.world.Now()))
		}
		if err != nil {
			return errors.Join(fmt.Errorf("list the locks of %s: %w", l.module, err), out.end(err))
		}
		l.listed++
		if found.lock.Source == zoho.Automatic || found.lock.Source == zoho.Both {
			l.automatic++
		}
	}
	return out.end(nil)
}

// tell says what was found, and what it cost.
func (l *lockList) tell(f *lockFinder) {
	calls, credits := f.q.cost()
	text := fmt.Sprintf("%s listed", counted(l.listed, "locked record", "locked records"))
	if l.details && l.listed != f.locked {
		text = fmt.Sprintf("%s of %s listed", number(l.listed), counted(f.locked, "locked record", "locked records"))
	}
	if f.gone > 0 {
		text += fmt.Sprintf("; %s meanwhile unlocked or deleted", number(f.gone))
	}
	if f.missing > 0 {
		text += fmt.Sprintf("; %s not there", counted(f.missing, "record given is", "records given are"))
	}
	l.screen.say("%s; %s in %s", text, counted(int64(credits), "credit", "credits"), counted(int64(calls), "call", "calls"))
	if l.automatic > 0 {
		l.screen.say("  %s of the module: no unlock takes that away", counted(l.automatic, "lock was made by a rule", "locks were made by rules"))
	}
}
