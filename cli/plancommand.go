package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"zlock/batch"
	"zlock/checkpoint"
)

func (a *app) planCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "plan JOBFILE", Short: "What a job file will cost, and when it will be done",
		Long: "Reads and checks a job file as run does, and says what would become of it: rows by module and action, " +
			"credits expected and at worst, the time that the calls take, and a calendar of which rows are carried out on " +
			"which day under the org's credits, what was spent already, and the window. It needs no credentials, makes no " +
			"call, and leaves no run behind; - reads standard input.\n\n" +
			"With --check it signs in and looks at every record by bulk reads, 50 to 100 for a credit, two calls at once at " +
			"most, beside whatever runs: how many are locked, missing, or as wanted already, and who holds some of the locks. " +
			"What nobody would expect of such a file ends with 9. --max-credits bounds the check too.\n\n" +
			"The calendar goes on where waiting helps, and ends where --max-credits, --limit, --until or --max-duration do.",
		Example: "  zlock plan deals.csv --edition enterprise --reserve 20%\n" +
			"  zlock plan deals.csv --window 22:00-06:00 --tz Europe/Berlin \\\n" +
			"    --deadline 2026-10-05T08:00 --json\n" +
			"  zlock plan unlock-all.csv --check",
		Annotations: exits("0  the job file is good, and the deadline, if there is one, is met", "1  the program itself failed",
			"2  usage or configuration", "3  the job file is faulty", "4  sign-in, scope or permission: a person must act (--check)", "9  the deadline is missed, or --check was surprised"),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("plan takes one JOBFILE", "zlock plan records.csv; - reads standard input")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.plan(cmd.Context(), flagSource{cmd.Flags()}, args[0])
		},
	}
	define(cmd.Flags(), "json", "latency", "deadline", "check")
	define(cmd.Flags(), planPaceSettings()...)
	define(cmd.Flags(), names(meaningSettings())...)
	define(cmd.Flags(), names(readingSettings())...)
	define(cmd.Flags(), "force")
	define(cmd.Flags(), names(orgSettings())...)
	define(cmd.Flags(), names(placeSettings())...)
	return cmd
}

// planPaceSettings are those of pace that a forecast heeds.
func planPaceSettings() []string {
	return slices.DeleteFunc(names(paceSettings()), func(name string) bool {
		return slices.Contains([]string{
			"polite", "settle", "max-failures", "max-failure-rate", "max-outage", "grace", "wait", "no-progress", "exit-zero-on-partial",
		}, name)
	})
}

// plan says what a job file will cost and take, without a call and without a trace.
func (a *app) plan(ctx context.Context, flags flagSource, name string) error {
	orgOf := a.orgToPlan
	if v := (sources{flags: flags.set, env: a.world.env}).resolve(); v["check"].text == "true" {
		orgOf = a.org
	}
	l, err := a.launch(flags, name, orgOf)
	if err != nil {
		return err
	}
	defer l.letGo()
	read := parser{values: l.values}
	deadline, check := read.clock("deadline", a.world.Now().In(l.pace.zone)), read.flag("check")
	if read.err != nil {
		return read.err
	}
	if check && l.org.simulated {
		return usage("--check looks at real records, and --simulate has none", "leave one of the two out")
	}
	if err := l.openJob(ctx); err != nil {
		return err
	}
	if err := l.mayWriteFaults(); err != nil {
		return err
	}
	costs := batch.NewCosts(nil, batch.ListPrices(l.meaning.AnyOwner))
	sum, err := l.read(ctx, costs)
	if err != nil {
		return err
	}
	o := l.foresee(sum, costs, l.earlier(ctx))
	if check {
		if o.census, err = l.check(ctx, sum); err != nil {
			return err
		}
	}
	if err := l.tellOutlook(&o, deadline); err != nil {
		return err
	}
	if missed(&o, deadline) || o.census != nil && len(o.census.surprises()) > 0 {
		return &ended{exitDiffers}
	}
	return nil
}

// missed reports whether the rows are not all done at a deadline; a zero one is always met.
func missed(o *outlook, deadline time.Time) bool {
	return !deadline.IsZero() && (o.forecast.StoppedBy != "" || o.forecast.Ends.After(deadline))
}

// orgToPlan is org without credentials: what is known of the client decides only whose credits are
// looked up.
func (a *app) orgToPlan(p place, v values) (org, error) {
	stored, err := a.signedIn(p)
	if err != nil {
		return org{}, err
	}
	o, err := a.reach(p, stored.fill(v))
	if err != nil {
		return o, err
	}
	if stored != nil {
		o.credentials.clientID = stored.ClientID
	}
	if stored != nil || o.signIn(p.client(a.world.env)) == nil || o.credentials.clientID != "" {
		o.key = o.fingerprint()
	}
	return o, nil
}

// earlier is what the org has spent in the last 24 hours, if there is a checkpoint that tells; nil if
// not. Without a client's name it is that of the latest run at the same host.
func (l *launch) earlier(ctx context.Context) []checkpoint.Spend {
	if l.org.simulated { // a new rehearsal has an org of its own
		return []checkpoint.Spend{}
	}
	db, err := l.openToRead(ctx, l.place)
	if errors.Is(err, errNoCheckpoint) {
		return l.elsewhere()
	}
	if err != nil {
		l.log.Warn("credits spent so far are not known", "error", err)
		return nil
	}
	defer func() { _ = db.Close() }()
	if l.org.key != "" {
		return l.ledgerOf(ctx, db, l.org.key)
	}
	runs, err := db.Runs(ctx)
	if err != nil {
		l.log.Warn("credits spent so far are not known", "error", err)
		return nil
	}
	for _, run := range runs {
		if !run.Simulated && run.Settings[keyOrgHost] == host(l.org.api) {
			return l.ledgerOf(ctx, db, run.Org)
		}
	}
	return nil
}

// elsewhere is what other checkpoints tell of the org; nil where they tell nothing.
func (l *launch) elsewhere() []checkpoint.Spend {
	if l.org.key == "" {
		return nil
	}
	others, err := l.place.purse(l.org.key).Others("", l.world.Now())
	if err != nil {
		l.log.Warn("credits spent from elsewhere are not known", "error", err)
	}
	return others
}

// read reads the whole job file into a sink, and lists its faults: with any it is an error, unless the
// good rows may go.
func (l *launch) read(ctx context.Context, sink batch.Sink) (batch.Summary, error) {
	options := l.reading
	options.OnFault = l.faulty.add
	l.faulty.keepAll = l.asJSON || l.faults != ""
	sum, err := batch.Read(ctx, l.job, options, sink)
	if err != nil {
		return sum, errors.Join(l.tellUnreadable(sum, err), fmt.Errorf("%s: %w", clean(l.name), err))
	}
	if sum.SHA256 != l.sha {
		return sum, usage(fmt.Sprintf("%s changed while it was read", clean(l.name)), "run it again once nobody writes to it")
	}
	for _, odd := range sum.Warnings {
		l.screen.warn("%s: %s", clean(l.name), clean(odd))
	}
	return sum, l.tellFaults(sum)
}
