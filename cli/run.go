package cli

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"zlock/batch"
	"zlock/checkpoint"
	"zlock/zoho"
)

func (a *app) runCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "run JOBFILE", Short: "Read, check, enrol and carry out a job file",
		Long: "Reads a job file (CSV or JSON lines, also gzipped; - is standard input), checks all of it, writes every row " +
			"down, and carries the rows out. Each row names a record, a module, an action (lock, unlock, update_reason) and " +
			"for a lock a reason; flags supply what the rows leave out.\n\n" +
			"A run can be stopped at any instant: zlock resume goes on with it. A job file whose run is unfinished is not " +
			"started twice, one that is completed only with --again; --resume does whichever is due.\n\n" +
			"Credentials come from ZLOCK_CLIENT_ID, ZLOCK_CLIENT_SECRET and ZLOCK_REFRESH_TOKEN, or from ZLOCK_ACCESS_TOKEN, " +
			"or else from zlock auth login; --simulate needs none.",
		Example: "  zlock run records.csv --simulate\n" +
			"  zlock run records.csv --dc eu --edition enterprise --max-credits 20000\n" +
			"  zlock run ids.csv --module Deals --action lock --reason \"Audit {Quarter}\"\n" +
			"  zlock run nightly.jsonl --resume --wait 10m --json",
		Annotations: workExits(),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("run takes one JOBFILE", "zlock run records.csv; - reads standard input")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.run(cmd.Context(), flagSource{cmd.Flags()}, args[0])
		},
	}
	define(cmd.Flags(), names(meaningSettings())...)
	define(cmd.Flags(), "resume", "again", "yes", "json")
	define(cmd.Flags(), runGuards()...)
	define(cmd.Flags(), names(readingSettings())...)
	define(cmd.Flags(), "force")
	define(cmd.Flags(), names(paceSettings())...)
	define(cmd.Flags(), names(tellSettings())...)
	define(cmd.Flags(), names(orgSettings())...)
	define(cmd.Flags(), names(placeSettings())...)
	return cmd
}

// launch is a job file on its way to becoming a run.
type launch struct {
	*app
	place   place
	values  values
	name    string // as it was typed
	meaning meaning
	reading batch.ReadOptions
	org     org
	pace    pace
	latency time.Duration // of a call, as a forecast takes it
	faults  string        // a file
	runID   string

	asJSON, yes, again, resume, force bool

	db     *checkpoint.DB
	job    batch.Source
	sha    string
	size   int64
	owner  *checkpoint.Ownership
	faulty faultList
	looked zoho.Meter // what looking at the organisation cost, before there was a run
}

func (a *app) run(ctx context.Context, flags flagSource, name string) error {
	l, err := a.launch(flags, name, a.org)
	if err != nil {
		return err
	}
	defer l.letGo()
	if !l.org.simulated { // a rehearsal has an org of its own, which nobody else can hold
		if err := l.own(ctx, l.runID); err != nil {
			return err
		}
	}
	if err := l.openJob(ctx); err != nil {
		return err
	}
	if l.db, err = a.openToWrite(ctx, l.place); err != nil {
		return err
	}
	identity, err := l.meaning.identity(l.orgName(), l.sha)
	if err != nil {
		return err
	}
	earlier, found, err := l.db.FindIdentity(ctx, identity)
	if err != nil {
		return err
	}
	if found {
		if goOn, err := l.due(earlier); err != nil || goOn {
			return l.goOn(ctx, earlier, err)
		}
	}
	if err := l.refuseEdited(ctx); err != nil {
		return err
	}
	return l.start(ctx, identity)
}

// launch reads the settings of run, or of plan. Nothing has been looked at yet besides zlock.yaml.
func (a *app) launch(flags flagSource, name string, orgOf func(place, values) (org, error)) (*launch, error) {
	p, v, err := a.resolve(flags)
	if err != nil {
		return nil, err
	}
	return a.launchWith(p, v, name, orgOf)
}

// launchWith is launch with settings that were found already.
func (a *app) launchWith(p place, v values, name string, orgOf func(place, values) (org, error)) (l *launch, err error) {
	l = &launch{app: a, place: p, values: v, name: name, runID: newRunID(a.world.Now())}
	read := &parser{values: l.values}
	l.meaning = readMeaning(read)
	l.reading = readOptions(read, l.meaning, l.runID, "")
	l.asJSON, l.yes, l.force = read.flag("json"), read.flag("yes"), read.flag("force")
	l.latency = read.span("latency", time.Millisecond, 5*time.Minute)
	l.again, l.resume = read.flag("again"), read.flag("resume")
	l.faults = a.world.path(l.values["faults"].text)
	if read.err != nil {
		return nil, read.err
	}
	if err := l.reading.Validate(); err != nil {
		return nil, err
	}
	if l.meaning.Simulate {
		l.org = simulatedOrg(l.runID, l.values)
	} else if l.org, err = orgOf(p, l.values); err != nil {
		return nil, err
	}
	l.pace, err = a.pace(l.values, l.org.edition)
	return l, err
}

// newRunID is the time in UTC and four letters that nobody can guess.
func newRunID(now time.Time) string {
	var random [5]byte
	_, _ = rand.Read(random[:]) // never fails
	letters := strings.ToLower(base32.StdEncoding.EncodeToString(random[:]))
	return now.UTC().Format("20060102-150405") + "-" + letters[:4]
}

// orgName is the org's part of a run's identity. Every rehearsal has an org of its own, but
// rehearsing the same file twice is the same run.
func (l *launch) orgName() string {
	if l.org.simulated {
		return "simulated"
	}
	return l.org.key
}

// own keeps every other process from changing records of the org.
func (l *launch) own(ctx context.Context, runID string) error {
	owner, err := l.app.own(ctx, l.place, l.values, l.org.key, runID, "run")
	l.owner = owner
	return err
}

func (a *app) own(ctx context.Context, p place, v values, key, runID, command string) (*checkpoint.Ownership, error) {
	read := parser{values: v}
	wait := read.span("wait", 0, 7*24*time.Hour)
	if read.err != nil {
		return nil, read.err
	}
	if err := checkpoint.CheckPrivate(p.state); err != nil {
		return nil, err
	}
	file := p.ownerFile(key)
	if holder, held := checkpoint.OwnedBy(file); held && wait > 0 {
		a.screen.say("waiting up to %s for process %d on %s", span(wait), holder.PID, clean(holder.Host))
	}
	return checkpoint.OwnWait(ctx, file, a.holder(runID, command), wait)
}

func (a *app) holder(runID, command string) checkpoint.Holder {
	return checkpoint.Holder{PID: os.Getpid(), Host: thisHost(), Since: a.world.Now(), Run: runID, Command: command}
}

func (l *launch) letGo() {
	if l.db != nil {
		_ = l.db.Close()
	}
	_ = l.job.Close()
	if l.owner != nil {
		l.owner.Release()
	}
}

// openJob opens the job file and hashes it, so that a run of it is known before it is read.
func (l *launch) openJob(ctx context.Context) (err error) {
	path := l.name
	if path != "-" {
		path = l.world.path(path)
	}
	if l.job, err = batch.Open(ctx, path, l.world.In, l.reading); err != nil {
		return fmt.Errorf("%s: %w", clean(l.name), err)
	}
	l.sha, l.size, err = l.job.Hash(ctx)
	return err
}

// due says what is to be done about an earlier run of the very same rows: go on with it, start
// anew, or (an error) neither unless a flag says so.
func (l *launch) due(earlier batch.Run) (goOn bool, err error) {
	switch unfinished := earlier.State != batch.Completed; {
	case l.resume:
		return true, nil
	case unfinished:
		return false, usage(fmt.Sprintf("%s is run %s already, which is %s with %s left", clean(l.name), earlier.ID,
			earlier.State, counted(earlier.Open(), "row", "rows")),
			"go on with it: "+l.place.command("resume", earlier.ID))
	case l.again:
		return false, nil
	}
	return false, usage(fmt.Sprintf("%s was completed as run %s", clean(l.name), earlier.ID),
		"carry it out once more: add --again; see what it came to: "+l.place.command("status", earlier.ID))
}

// goOn hands an earlier run over to where resume begins.
func (l *launch) goOn(ctx context.Context, earlier batch.Run, err error) error {
	if err != nil {
		return err
	}
	v := l.values.with(earlier)
	if earlier.Simulated {
		l.org = simulatedOrg(pretendOf(earlier), v)
		if err := l.own(ctx, earlier.ID); err != nil {
			return err
		}
	} else {
		if l.org, err = l.app.org(l.place, v); err != nil {
			return err
		}
		if err := l.owner.Describe(l.holder(earlier.ID, "run")); err != nil {
			return err
		}
	}
	pace, err := l.app.pace(v, l.org.edition)
	if err != nil {
		return err
	}
	s := &sitting{app: l.app, place: l.place, org: l.org, pace: pace, db: l.db, run: earlier, asJSON: l.asJSON, owner: l.owner, command: "run"}
	return s.goOn(ctx)
}

// refuseEdited keeps a schedule that says run --resume from starting a second run of a job file
// that was edited while the first is unfinished; without --resume it is said, and done.
func (l *launch) refuseEdited(ctx context.Context) error {
	if l.name == "-" {
		return nil
	}
	runs, err := l.db.Runs(ctx)
	if err != nil {
		return err
	}
	path := l.world.path(l.name)
	for _, run := range runs {
		same := run.Settings[keyJobPath] == path && run.Settings[keyOrgName] == l.orgName()
		if !same || run.State == batch.Completed {
			continue
		}
		what := "run %s of %s is unfinished, and the file was edited since"
		if run.SHA256 == l.sha {
			what = "run %s of %s is unfinished, and was started with other options"
		}
		what = fmt.Sprintf(what, run.ID, clean(l.name))
		if l.resume && run.SHA256 != l.sha {
			return usage(what, "go on with the rows as they were: "+l.place.command("resume", run.ID),
				"or start the edited file as a run of its own: leave --resume out")
		}
		l.screen.warn("%s", what)
		return nil
	}
	return nil
}
