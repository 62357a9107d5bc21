package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"zlock/batch"
	"zlock/checkpoint"
)

func (a *app) statusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "status [RUN]", Short: "Where a run stands",
		Long: "Says where a run stands: how many rows have come to which outcome, what it cost, and how to go on. " +
			"It works from another terminal while the run goes on. RUN is a run's id, the beginning of one, or latest.\n\n" +
			"--watch looks again every --interval until the run is completed or nobody works on it (it may be waiting for " +
			"credits or its window then, or wait for zlock resume). On a terminal the picture is drawn in place; elsewhere " +
			"each look is one line, with --json one JSON document. It only reads: the run does not notice.",
		Example: "  zlock status\n  zlock status 20260102 --json\n  zlock status --watch --interval 5s",
		Args:    oneRun,
		Annotations: exits("0  it could answer", "1  the program itself failed", "2  usage, or there is no such run",
			"130, 143  --watch was stopped by SIGINT, SIGTERM; the run goes on"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.status(cmd.Context(), flagSource{cmd.Flags()}, runRef(args))
		},
	}
	define(cmd.Flags(), "watch", "interval", "json")
	define(cmd.Flags(), names(placeSettings())...)
	return cmd
}

func (a *app) status(ctx context.Context, flags flagSource, ref string) error {
	p, v, err := a.resolve(flags)
	if err != nil {
		return err
	}
	read := parser{values: v}
	asJSON, watched := read.flag("json"), read.flag("watch")
	every := read.span("interval", 100*time.Millisecond, time.Hour)
	if read.err != nil {
		return read.err
	}
	db, run, err := a.lookUp(ctx, p, ref, "status")
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if watched {
		w := &watcher{app: a, place: p, db: db, every: every, asJSON: asJSON}
		return w.watch(ctx, run)
	}
	if asJSON {
		return writeJSON(a.world.Out, newDocument(run, a.world.Now()))
	}
	printStatus(a.world.Out, p, run, a.world.Now())
	return nil
}

func printStatus(w io.Writer, p place, run batch.Run, now time.Time) {
	fmt.Fprintf(w, "run %s  %s\n", run.ID, stateText(run))
	t := newTable()
	t.add("job file", clean(run.JobFile))
	t.add("profile", clean(run.Profile))
	if met := metBy(run); met.ID != "" {
		t.add("org", named(met))
	}
	if run.Settings[keyTicket] != "" {
		t.add("ticket", clean(run.Settings[keyTicket]))
	}
	t.add("started", moment(run.StartedAt))
	if !run.EndedAt.IsZero() {
		t.add("ended", moment(run.EndedAt))
	}
	if run.State == batch.Running {
		t.add("by", clean(run.Owner))
	}
	t.add("credits", fmt.Sprintf("%s used, %s forecast; %s", number(run.Credits), number(int64(run.Forecast)), counted(run.Calls, "call", "calls")))
	if perSecond := speed(run); perSecond > 0 {
		text := rate(perSecond)
		if run.State == batch.Running && run.Open() > 0 {
			text += ", done at about " + now.Add(time.Duration(float64(run.Open())/perSecond*float64(time.Second))).Local().Format("15:04")
		}
		t.add("speed", text)
	}
	t.print(w, "  ")
	printCounts(w, run)
	if next := nextStep(p, run, nil); next != "" {
		fmt.Fprintf(w, "next: %s\n", next)
	}
}

// printCounts lists the outcomes that occurred, and the total they add up to.
func printCounts(w io.Writer, run batch.Run) {
	t := newTable(0)
	for _, o := range batch.Outcomes() {
		if n := run.Counts[o]; n > 0 {
			t.add(number(n), string(o))
		}
	}
	t.add(number(run.Total), "rows in all")
	t.print(w, "  ")
}

// stateText is the state and what led to it, in words.
func stateText(run batch.Run) string {
	text := string(run.State)
	if run.StoppedBy != "" {
		text += " (" + stopText(run.StoppedBy) + ")"
	}
	if run.Simulated {
		text += "  SIMULATED: nothing of this happened in Zoho"
	}
	return text
}

func stopText(c batch.StopCause) string {
	if text, ok := map[batch.StopCause]string{
		batch.StopSignal: "stopped by a signal", batch.StopKilled: "its process died",
		batch.StopBudget: "credits used up", batch.StopWindow: "outside its window",
		batch.StopLimit: "--limit reached", batch.StopDuration: "its time was up",
		batch.StopBreaker: "too many rows failed", batch.StopOutage: "Zoho did not answer",
		batch.StopAuth: "sign-in or permission refused", batch.StopConfiguration: "locking is not set up",
		batch.StopAttempts: "rows are out of attempts or in doubt", batch.StopError: "the program itself failed",
	}[c]; ok {
		return text
	}
	return string(c)
}

// nextStep is the command that makes sense now, ready to be typed. Groups are the kinds of the run's failures,
// nil where nobody has looked.
func nextStep(p place, run batch.Run, groups []checkpoint.FailureGroup) string {
	switch bad := run.Counts[batch.Failed] + run.Counts[batch.Invalid]; {
	case run.State == batch.Running:
		return ""
	case run.Open() > 0:
		return p.command("resume", run.ID)
	case run.Counts[batch.Failed] > 0 && !lasting(groups):
		return p.command("results", run.ID, "--only", "failed,invalid") + "; then " + p.command("retry", run.ID)
	case bad > 0:
		return p.command("results", run.ID, "--only", "failed,invalid")
	default:
		return p.command("results", run.ID, "-o", "results."+resultsFormat(run))
	}
}

// lasting reports whether there are failures of which a retry would take up none.
func lasting(groups []checkpoint.FailureGroup) bool {
	return len(groups) > 0 && !slices.ContainsFunc(groups, func(g checkpoint.FailureGroup) bool {
		return g.Outcome == batch.Failed && g.Code != batch.CodePrecedingStep && !batch.Lasting(g.Code)
	})
}

// command is a command line that leads to the same checkpoint.
func (p place) command(words ...string) string {
	line := "zlock"
	for _, word := range append(words, p.location...) {
		line += " " + shellWord(word)
	}
	return line
}
