package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"zlock/audit"
	"zlock/batch"
	"zlock/checkpoint"
	"zlock/zoho"
)

func (a *app) verifyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "verify [RUN]", Short: "Read the real state back from Zoho and compare it row by row",
		Long: "Reads back every record that a run changed or found as wanted, and compares it with what the run left. One " +
			"symbol a row: = as left, - unlocked since, or the record is gone, + locked since though the run left it unlocked, " +
			"* another lock or another reason, ! Zoho would not tell. Rows that failed, or that the run has not come to, are " +
			"counted and not compared; of several rows of one record the last decides. RUN is a run's id, the beginning of one, or latest.\n\n" +
			"Bulk reads tell locked from unlocked and gone, a credit for 100 records; --quick stops there. Otherwise each record that is " +
			"still locked costs one more, for its lock's id, owner and reason. What it will cost is said beforehand, and a " +
			"terminal is asked above " + fmt.Sprint(askAbove) + " credits. It changes nothing and works beside a run, two calls at once.\n\n" +
			"It also says who can still edit what is locked, from each module's locking configuration, and whether that " +
			"was changed since the run began. A record that was edited after it was locked is advice, not a difference. " +
			"--cutoff lists the records whose last edit lies between a time and their lock; Zoho keeps no earlier edit than the last.\n\n" +
			"-o FILE writes a line for every row and still prints the summary. --format csv or jsonl prints these lines instead of " +
			"the summary, --json one document with the counts, the differences and the configurations.",
		Example: "  zlock verify\n  zlock verify 20260102 --quick --json\n" +
			"  zlock verify latest --cutoff 2026-09-30T23:59:59 -o verified.csv",
		Args: oneRun,
		Annotations: exits(
			"0  every record is as the run left it", "1  the program itself failed", "2  usage, or there is no such run; nothing was read",
			"4  sign-in, scope, permission or edition: a person must act",
			"6  no difference, but the credits are spent or some records were not told", "7  Zoho did not answer",
			"8  another process works on this rehearsal", "9  there are differences", "130, 143  stopped by SIGINT, SIGTERM"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.verifyRun(cmd.Context(), flagSource{cmd.Flags()}, runRef(args))
		},
	}
	define(cmd.Flags(), "quick", "cutoff", "json")
	cmd.Flags().Var(&word{arg: "FORMAT"}, "format", "text, csv, jsonl or json; of -o: csv, jsonl or json (default: by its name, else csv)")
	define(cmd.Flags(), "output", "force", "raw-csv", "yes", "max-credits", "reserve", "credits-per-day", "tz", "allow-network-fs")
	define(cmd.Flags(), names(orgSettings())...)
	define(cmd.Flags(), names(placeSettings())...)
	return cmd
}

// verifying is one verification on its way.
type verifying struct {
	*app
	place    place
	db       *checkpoint.DB
	run      batch.Run
	org      org
	pace     pace
	most     int64 // credits that may be spent, 0 any number
	quick    bool
	yes      bool
	cutoff   time.Time
	show     string // what standard output carries: text, csv, jsonl, json
	file     export // where the rows go besides; no output for nowhere
	look     *audit.Outlook
	inquiry  *inquiry
	letGo    func()
	report   audit.Report
	modules  []audit.Strength
	first    findings // of the differences, for a person
	early    findings // edited between the cut-off and their lock
	stopped  error    // what cut it short
	verified time.Time
}

func (a *app) verifyRun(ctx context.Context, flags flagSource, ref string) error {
	p, v, err := a.resolve(flags)
	if err != nil {
		return err
	}
	x := &verifying{app: a, place: p, letGo: func() {}}
	if x.db, x.run, err = a.lookUp(ctx, p, ref, "verify"); err != nil {
		return err
	}
	defer func() { _ = x.db.Close() }()
	if err := x.settings(v); err != nil {
		return err
	}
	if x.look, err = audit.Look(ctx, x.db, x.run, x.onLocked()); err != nil {
		return err
	}
	if err := x.announce(ctx); err != nil {
		return err
	}
	if err := x.connect(ctx, v); err != nil {
		return err
	}
	defer x.letGo()
	err = x.output(ctx)
	x.inquiry.end()
	if err != nil {
		return err
	}
	return x.conclude()
}

// settings reads what was asked for. What a run was started with says where its org is; what it might
// spend is not inherited.
func (x *verifying) settings(v values) error {
	read := &parser{values: v}
	x.quick, x.yes, x.most = read.flag("quick"), read.flag("yes"), read.count("max-credits", 0, 1, 1_000_000_000)
	if read.err != nil {
		return read.err
	}
	of := v.with(x.run)
	var err error
	if x.run.Simulated {
		x.org = simulatedOrg(pretendOf(x.run), of)
	} else if x.org, err = x.app.org(x.place, of); err != nil {
		return err
	}
	if x.org.key != x.run.Org {
		return &wrongOrgError{x.run.ID, describeKey(x.run.Org, x.run.Settings[keyOrgHost]), describeKey(x.org.key, x.org.describe())}
	}
	if x.pace, err = x.app.pace(of, x.org.edition); err != nil {
		return err
	}
	if x.cutoff = read.cutoff("cutoff", x.world.Now().In(x.pace.zone)); read.err != nil {
		return read.err
	}
	return x.outputs(v)
}

// outputs reads where the result goes.
func (x *verifying) outputs(v values) error {
	read := &parser{values: v}
	format := read.choice("format", "text", "csv", "jsonl", "json")
	x.file = export{output: v["output"].text, force: read.flag("force"), raw: read.flag("raw-csv")}
	asJSON := read.flag("json")
	toFile := x.file.output != "" && x.file.output != "-"
	switch {
	case toFile && format == "text":
		read.refuse("format", "csv, jsonl or json, for a file; the summary is printed all the same")
	case toFile:
		x.file.output = x.world.path(x.file.output)
		x.file.format = orElse(orElse(format, verifiedFormat(x.file.output)), "csv")
		x.show = "text"
	default:
		x.file.output, x.show = "", orElse(format, "text")
	}
	if asJSON {
		if !toFile && format != "" && format != "json" {
			read.refuse("json", "one document; leave out --format "+format)
		}
		x.show = "json"
	}
	x.file.shown = !toFile && x.world.OutTerminal
	return read.err
}

// verifiedFormat is the format that a file's name asks for; "" where it says nothing.
func verifiedFormat(path string) string {
	if strings.HasSuffix(bareName(path), ".json") {
		return "json"
	}
	return formatOf(path)
}

// cutoff reads a moment that has been, to the second; zero where nobody gave one.
func (p *parser) cutoff(name string, now time.Time) time.Time {
	if p.values[name].text == "" {
		return time.Time{}
	}
	return p.past(name, now, "a day and a time, such as 2006-01-02T15:04 or 2006-01-02T15:04:05+02:00", "2006-01-02 15:04:05")
}

func (x *verifying) onLocked() batch.OnLocked { return batch.OnLocked(x.run.Settings[keyOnLocked]) }

// announce says what it will cost, and asks a person before it is much.
func (x *verifying) announce(ctx context.Context) error {
	l := x.look
	text := fmt.Sprintf("verifying run %s: %s to look at", x.run.ID, counted(l.Compared, "record", "records"))
	if x.run.Simulated {
		text += " in its pretend Zoho  SIMULATED"
	}
	cost := fmt.Sprintf("  %s", counted(l.Bulk, "bulk read", "bulk reads"))
	if !x.quick {
		cost += fmt.Sprintf(", up to %s", counted(l.Details, "read of a lock", "reads of a lock"))
	}
	if len(l.Modules) > 0 {
		cost += ", " + counted(int64(len(l.Modules)), "configuration", "configurations")
	}
	cost += fmt.Sprintf(": about %s", counted(l.Credits(x.quick), "credit", "credits"))
	if !x.quick && l.Details > 0 {
		cost += fmt.Sprintf(" (--quick: %s)", number(l.Credits(true)))
	}
	if l.Compared == 0 {
		x.screen.say("%s", text)
		return nil
	}
	x.screen.say("%s\n%s", text, cost)
	if x.yes || x.org.simulated || !x.world.InTerminal || !x.world.ErrTerminal || l.Credits(x.quick) <= askAbove {
		return nil
	}
	return x.agree(ctx, "Read them from "+x.org.describe()+"?", usage("declined: nothing was read", "--yes answers in advance; --quick costs less"))
}

// connect gets ready to read from the run's org, or from the pretend one that belongs to it.
func (x *verifying) connect(ctx context.Context, v values) (err error) {
	if !x.run.Simulated {
		x.inquiry, err = x.app.inquireWithin(x.place, x.org, zoho.LimiterConfig{
			Cap: inquiryAtOnce, Allowance: int(x.pace.allowance), MaxCredits: int(x.most),
		})
		if err != nil {
			return err
		}
		x.inquiry.tries = longTries
		if earlier := metBy(x.run); earlier.ID != "" {
			x.inquiry.org.pins = append(x.inquiry.org.pins, pin{who: "run " + x.run.ID, org: earlier})
		}
		if err := x.inquiry.meet(ctx); err != nil { // in another organisation every record would be gone
			x.inquiry.end()
			return err
		}
		return nil
	}
	// Only one process at a time may have a pretend org open.
	owner, err := x.app.own(ctx, x.place, v, x.org.key, x.run.ID, "verify")
	if err != nil {
		return err
	}
	s := &sitting{app: x.app, place: x.place, org: x.org, pace: x.pace, db: x.db, run: x.run, instant: true, close: owner.Release}
	s.limiter = zoho.NewLimiter(zoho.LimiterConfig{Cap: inquiryAtOnce, MaxCredits: int(x.most), Log: x.log})
	err = s.connectSimulated(ctx)
	if err != nil {
		owner.Release()
		return err
	}
	x.letGo = func() { s.close(); owner.Release() }
	x.inquiry = &inquiry{app: x.app, place: x.place, org: x.org, limiter: s.limiter, client: s.client, tries: longTries}
	return nil
}

// output makes the comparison and writes the rows where they are to go.
func (x *verifying) output(ctx context.Context) error {
	buffered := bufio.NewWriterSize(x.world.Out, 64<<10)
	shown := x.writer(buffered, x.show)
	if x.file.output == "" {
		return errors.Join(x.compare(ctx, shown), buffered.Flush())
	}
	rows := func(w io.Writer) error { return x.compare(ctx, tee{x.writer(w, x.file.format), shown}) }
	if err := x.writeFile(x.file.output, x.file.force, x.place.files(x.run), rows); err != nil {
		return err
	}
	x.screen.say("%s written", clean(x.file.output))
	return buffered.Flush()
}

// compare looks at the records and hands what it finds to w. What cuts it short is kept for the end: what
// was found until then is paid for, and worth having.
func (x *verifying) compare(ctx context.Context, w verifyWriter) error {
	x.verified = x.world.Now()
	if err := w.begin(); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	defer w.drop()
	var unwritten error
	x.report, x.stopped = audit.Verify(ctx, x.db, x.look, audit.Options{
		Run: x.run, OnLocked: x.onLocked(), Me: x.me(ctx), Quick: x.quick, Cutoff: x.cutoff, Crew: x.crew,
		Offset: x.offset, Passed: x.tellPassed,
	}, func(f *audit.Finding) error {
		x.keep(f)
		unwritten = w.write(f)
		return unwritten
	})
	if unwritten != nil {
		return fmt.Errorf("write results: %w", unwritten)
	}
	if x.stopped == nil {
		x.modules, x.stopped = audit.Strengths(ctx, x.crew, x.look.Modules)
	}
	if err := w.end(); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	return nil
}

// crew does jobs as a reading command may.
func (x *verifying) crew(ctx context.Context, jobs iter.Seq[audit.Job]) error {
	return each(ctx, x.inquiry, jobs, func(ctx context.Context, client *zoho.Client, job audit.Job) error { return job(ctx, client) })
}

func (x *verifying) offset() time.Duration {
	offset, ok := x.inquiry.client.Offset()
	if !ok {
		return 0
	}
	return offset
}

func (x *verifying) me(ctx context.Context) zoho.User {
	s := &sitting{app: x.app, org: x.org, db: x.db}
	return s.me(ctx)
}

func (x *verifying) tellPassed(rows int64) {
	if rows < x.run.Total {
		x.screen.say("%s of %s rows; %s", number(rows), number(x.run.Total), counted(x.first.n, "difference", "differences"))
	}
}

// conclude prints the summary where it is wanted, and says how it ended.
func (x *verifying) conclude() error {
	if x.show == "text" {
		if err := x.summary(x.world.Out); err != nil {
			return err
		}
	}
	if x.stopped != nil && !errors.Is(x.stopped, context.Canceled) {
		return fmt.Errorf("verify: %s not looked at: %w", counted(x.run.Total-x.report.Rows, "row", "rows"), x.stopped)
	}
	switch {
	case x.stopped != nil:
		return x.stopped
	case x.report.Differences() > 0:
		return &ended{exitDiffers}
	case x.report.Counts[audit.Unread] > 0:
		return &ended{exitLeft}
	}
	return nil
}
