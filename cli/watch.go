package cli

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"zlock/batch"
	"zlock/checkpoint"
)

// watcher looks at a run again and again. It never writes to the checkpoint.
type watcher struct {
	*app
	place  place
	db     *checkpoint.DB
	every  time.Duration
	asJSON bool
	drawn  int // lines that stand on the terminal and are drawn over next
}

// watch shows a run until it is completed, nobody works on it any more, or ctx ends. A signal ends
// the looking alone, and is no failure of the run's.
func (w *watcher) watch(ctx context.Context, run batch.Run) error {
	ticker := time.NewTicker(w.every)
	defer ticker.Stop()
	for {
		if err := w.show(run); err != nil {
			return err
		}
		if run.State != batch.Running {
			w.tellEnd(run)
			return nil
		}
		select {
		case <-ctx.Done():
			if signal, ok := heard(ctx); ok {
				w.screen.say("no longer watching; run %s goes on", run.ID)
				return &ended{signal.code()}
			}
			return ctx.Err()
		case <-ticker.C:
		}
		now, err := w.db.Find(context.WithoutCancel(ctx), run.ID)
		if err != nil {
			return err
		}
		run = now
	}
}

// show prints one look.
func (w *watcher) show(run batch.Run) error {
	now := w.world.Now()
	switch {
	case w.asJSON:
		return writeJSON(w.world.Out, newDocument(run, now))
	case w.world.OutTerminal && w.world.env("TERM") != "dumb":
		return w.draw(run, now)
	}
	_, err := fmt.Fprintln(w.world.Out, watchLine(run, now))
	return err
}

// draw puts the picture where the last one stood. No line may be wider than the terminal: broken in
// two, it would be one more to go up.
func (w *watcher) draw(run batch.Run, now time.Time) error {
	var picture bytes.Buffer
	printStatus(&picture, w.place, run, now)
	var out strings.Builder
	if w.drawn > 0 {
		fmt.Fprintf(&out, "\x1b[%dA\x1b[J", w.drawn)
	}
	w.drawn = 0
	for line := range strings.Lines(picture.String()) {
		out.WriteString(cut(strings.TrimSuffix(line, "\n"), w.world.width()-1) + "\n")
		w.drawn++
	}
	_, err := fmt.Fprint(w.world.Out, out.String())
	return err
}

// watchLine is one look for a log.
func watchLine(run batch.Run, now time.Time) string {
	state := string(run.State)
	if run.StoppedBy != "" {
		state += " (" + stopText(run.StoppedBy) + ")"
	}
	line := fmt.Sprintf("%s  %s  %s of %s rows; %s; %s", momentIn(now, time.Local), state,
		number(run.Total-run.Open()), number(run.Total), outcomesText(run), counted(run.Credits, "credit", "credits"))
	if perSecond := speed(run); perSecond > 0 && run.State == batch.Running {
		line += ", " + rate(perSecond)
	}
	if run.Simulated {
		line += "  SIMULATED"
	}
	return line
}

// tellEnd says why there is nothing more to see.
func (w *watcher) tellEnd(run batch.Run) {
	switch {
	case run.State == batch.Completed, w.asJSON:
	case w.drawn == 0 && nextStep(w.place, run, nil) != "":
		w.screen.say("nobody works on run %s now; next: %s", run.ID, nextStep(w.place, run, nil))
	default:
		w.screen.say("nobody works on run %s now", run.ID)
	}
}
