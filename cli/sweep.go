package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"zlock/batch"
	"zlock/checkpoint"
	"zlock/zoho"
)

func (a *app) sweepCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "sweep MODULE", Short: "Find locks by age, reason, owner, source, and unlock them as a run",
		Long: "Finds the locks of a module that all the filters given take, and unlocks their records as a run: a new one " +
			"each time, written down before anything is sent, shown by zlock status, runs and results, gone on with by " +
			"zlock resume, taken back by zlock undo. Each row names the one lock that was found: where a record has another by then, the row " +
			"fails with LOCK_CHANGED and nothing is taken away.\n\n" +
			"Made for a scheduler: one line of output, and where there is nothing to do no run and exit code 0. At least one " +
			"filter is needed; --source manual takes every lock made by hand. A lock that a rule of the module made is " +
			"counted and never tried. Another user's lock is left unless --any-owner is given, or a run of ours made it.\n\n" +
			"Finding locks costs what zlock locks --details costs; --ours and --from-run find those of our own runs without " +
			"a call, and cost one credit for each that is unlocked. --max-unlocks is there for the day on which a filter " +
			"takes more than it should.\n\n" + filterHelp + "\n\n" +
			"With --json one document: {\"module\", \"dry_run\", \"locked\", \"matched\", \"kept\", \"automatic\", \"others\", \"unclear\", " +
			"\"unlocks\", \"calls\", \"credits\", \"run\"}: locked records found, locks among them that the filters take, of these " +
			"those left (--keep, made by a rule, another user's, records with more than one lock) and those to unlock; what " +
			"finding them cost; and the run's status document, null where there is no run.",
		Example: "  zlock sweep Deals --locked-before 30d --source manual --dry-run\n" +
			"  zlock sweep Deals --reason 'Audit*' --keep open.csv --max-unlocks 500\n" +
			"  zlock sweep Deals --ours --locked-before 7d --wait 10m --quiet",
		Annotations: exits(
			"0  every lock found is gone, or there was nothing to do",
			"1  the program itself failed",
			"2  usage, configuration, or more than --max-unlocks; nothing was sent",
			"4  sign-in, scope, permission, edition or configuration: a person must act",
			"5  finished; some records could not be unlocked",
			"6  stopped by a budget, a window or a time; resume goes on with a run",
			"7  stopped by a breaker or an outage; resume goes on with a run",
			"8  another process holds this org",
			"130, 143  stopped by SIGINT, SIGTERM; resume goes on with a run",
		),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("sweep takes one MODULE", "zlock sweep Deals --locked-before 30d --dry-run")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.sweep(cmd.Context(), flagSource{cmd.Flags()}, args[0])
		},
	}
	defineLockFilter(cmd.Flags(), "manual")
	cmd.Flags().Var(&word{arg: "FILE"}, "keep", "leave the records of a file: one id a line, or a job file")
	cmd.Flags().Var(&word{arg: "N"}, "max-unlocks", "with more to unlock than N nothing is sent (exit 2)")
	cmd.Flags().Bool("any-owner", false, "other users' locks too")
	define(cmd.Flags(), "ids-checked", "dry-run", "format", "raw-csv", "yes", "json", "no-progress", "expect-org", "ticket")
	define(cmd.Flags(), "concurrency", "rate", "polite", "max-credits", "reserve", "credits-per-day", "composite", "settle", "attempts",
		"max-failures", "max-failure-rate", "max-outage", "max-duration", "until", "window", "tz", "on-window", "on-budget", "grace",
		"wait", "exit-zero-on-partial", "allow-network-fs")
	define(cmd.Flags(), names(tellSettings())...)
	define(cmd.Flags(), names(orgSettings())...)
	define(cmd.Flags(), names(placeSettings())...)
	return cmd
}

// sweep is a search for locks on its way to becoming a run.
type sweep struct {
	*launch
	module     string
	filter     lockFilter
	keep       map[string]bool
	checked    bool  // the ids in the file to keep are right as they are
	maxUnlocks int64 // negative for any number
	anyOwner   bool
	dryRun     bool
	out        export // of --dry-run

	me    *zoho.User // who is signed in; nil before anybody asked
	count sweepCount
}

// sweepCount is what a sweep has found. Its names are fixed.
type sweepCount struct {
	Locked    int64 `json:"locked"`
	Matched   int64 `json:"matched"`
	Kept      int64 `json:"kept"`
	Automatic int64 `json:"automatic"`
	Others    int64 `json:"others"`
	Unclear   int64 `json:"unclear"`
	Unlocks   int64 `json:"unlocks"`
	Calls     int   `json:"calls"`
	Credits   int   `json:"credits"`
}

func (a *app) sweep(ctx context.Context, flags flagSource, module string) error {
	s, err := a.newSweep(ctx, flags, module)
	if err != nil {
		return err
	}
	defer s.letGo()
	if err := s.awaitWindow(ctx); err != nil {
		return err
	}
	if s.dryRun {
		return s.rehearse(ctx)
	}
	if s.owner, err = a.own(ctx, s.place, s.values, s.org.key, s.runID, "sweep"); err != nil {
		return err
	}
	if s.db, err = a.openToWrite(ctx, s.place); err != nil {
		return err
	}
	if err := s.collect(ctx); err != nil {
		return err
	}
	if s.count.Unlocks == 0 {
		return s.nothing(ctx)
	}
	if s.sha, s.size, err = s.job.Hash(ctx); err != nil {
		return err
	}
	run, err := s.enrol(ctx)
	if err != nil {
		return err
	}
	return s.work(ctx, run)
}

// newSweep reads the settings of sweep.
func (a *app) newSweep(ctx context.Context, flags flagSource, module string) (*sweep, error) {
	p, v, err := a.resolve(flags)
	if err != nil {
		return nil, err
	}
	s := &sweep{}
	if s.module, err = moduleTyped(module); err != nil {
		return nil, err
	}
	if err := s.settle(a, v, flags); err != nil {
		return nil, err
	}
	if s.launch, err = a.launchWith(p, v, "sweep "+s.module, a.org); err != nil {
		return nil, err
	}
	if s.filter, err = readLockFilter(flags.set, a.world.Now(), s.pace.zone, "manual"); err != nil {
		return nil, err
	}
	if s.filter.any() {
		return nil, usage("sweep needs to be told which locks: a filter is missing",
			"such as --locked-before 30d, --reason 'Audit*', --locked-by me, --ours; --source manual takes all locks made by hand")
	}
	if name := ownFlag(flags.set, "keep").text; name != "" {
		list, err := a.readIDs(ctx, "--keep", name, "", s.checked)
		if err != nil {
			return nil, err
		}
		s.keep = list.seen
	}
	return s, nil
}

// settle makes the settings those of a sweep: what describes a job file has no say, and each row names the
// lock that was looked at, so that no further look is needed.
func (s *sweep) settle(a *app, v values, flags flagSource) (err error) {
	read := parser{values: values{"max-unlocks": ownFlag(flags.set, "max-unlocks"), "any-owner": v["any-owner"], "dry-run": v["dry-run"],
		"simulate": v["simulate"], "ids-checked": v["ids-checked"]}}
	s.maxUnlocks = read.count("max-unlocks", -1, 0, 1_000_000_000)
	s.anyOwner, s.dryRun, s.checked = v["any-owner"].flag && read.flag("any-owner"), read.flag("dry-run"), read.flag("ids-checked")
	if read.flag("simulate") {
		read.problem(usage("sweep cannot be rehearsed inside this process: a pretend Zoho made for it would have nothing to find",
			"--dry-run says what would be unlocked; zlock sim is a Zoho to sweep"))
	}
	if read.err != nil {
		return read.err
	}
	for _, name := range []string{"module", "action", "reason", "map", "tag-reason", "on-invalid", "on-conflict", "limit", "faults", "expect-rows", "only"} {
		v[name] = value{}
	}
	v["any-owner"], v["ids-checked"] = value{text: "true"}, value{text: "true"}
	v["precheck"] = value{text: string(batch.PrecheckNever), where: "sweep", given: true, flag: true}
	s.out, err = a.export(v)
	s.out.shown = a.world.OutTerminal
	return err
}

// awaitWindow waits for the window, unless nobody wants that or its time is up before: then the first call is
// told that it is closed.
func (s *sweep) awaitWindow(ctx context.Context) error {
	now, until := s.world.Now(), s.pace.until
	at := s.pace.window.NextOpen(now)
	if !s.pace.waitWindow || !at.After(now) || !until.IsZero() && !at.Before(until) {
		return nil
	}
	s.screen.say("the window is %s: waiting until %s", s.pace.window, momentIn(at, s.pace.zone))
	return waitUntil(ctx, at)
}

// rehearse says what would be unlocked. It needs no lock of the org: nothing is changed.
func (s *sweep) rehearse(ctx context.Context) (err error) {
	if s.db, err = s.openToRead(ctx, s.place); err != nil && !errors.Is(err, errNoCheckpoint) {
		return err
	}
	if err := s.show(ctx); err != nil {
		return err
	}
	if s.asJSON {
		return writeJSON(s.world.Out, s.document(nil))
	}
	s.screen.say("%s: %s would be unlocked; %s", s.module, counted(s.count.Unlocks, "record", "records"), s.found())
	return nil
}

// document is what sweep --json prints; run is nil where there is none.
func (s *sweep) document(run *batch.Run) sweepDocument {
	d := sweepDocument{Module: s.module, DryRun: s.dryRun, sweepCount: s.count}
	if run != nil {
		status := newDocument(*run, s.world.Now())
		d.Run = &status
	}
	return d
}

// sweepDocument is what sweep --json prints. Its names are fixed.
type sweepDocument struct {
	Module string `json:"module"`
	DryRun bool   `json:"dry_run"`
	sweepCount
	Run *document `json:"run"`
}

// nothing says that there is nothing to do, which is a success. No run is made of it, but a collector is told:
// the figures of the night before would look like a sweep that did not come.
func (s *sweep) nothing(ctx context.Context) error {
	s.measureNothing(ctx)
	if s.asJSON {
		return writeJSON(s.world.Out, s.document(nil))
	}
	s.screen.say("%s: nothing to unlock; %s", s.module, s.found())
	return nil
}

// found says what was found and left, and what that cost.
func (s *sweep) found() string {
	c := s.count
	text, others := "%s locked, %s taken by the filter", "another user's and left"
	what := counted(c.Locked, "record", "records")
	if s.filter.ours {
		text, what = "%s of ours known, %s taken by the filter", counted(c.Locked, "lock", "locks")
		others = "made by none of our runs, only re-worded, and left"
	}
	text = fmt.Sprintf(text, what, number(c.Matched))
	for _, left := range []struct {
		n    int64
		what string
	}{
		{c.Kept, "kept"}, {c.Automatic, "made by a rule and left"}, {c.Others, others}, {c.Unclear, "with more than one lock and left"},
	} {
		if left.n > 0 {
			text += fmt.Sprintf(", %s %s", number(left.n), left.what)
		}
	}
	if c.Calls > 0 {
		text += fmt.Sprintf("; found for %s", counted(int64(c.Credits), "credit", "credits"))
	}
	return text
}

// ownedBy reports whether a run of ours made the lock that was found.
func ownedBy(ctx context.Context, db *checkpoint.DB, org, module string, found foundLock) (bool, error) {
	if db == nil {
		return false, nil
	}
	known, ok, err := db.OwnLock(ctx, org, module, found.recordID)
	return ok && known.Made && known.LockID == found.lock.ID, err
}
