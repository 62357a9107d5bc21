package cli

import (
	"context"
	"fmt"
	"time"

	"zlock/batch"
	"zlock/checkpoint"
)

// outlook is what a job file will cost and how long it will take: the figures of zlock plan, and those
// that run shows before it starts.
type outlook struct {
	sum             batch.Summary
	expected, worst int64
	spent           int64 // of the org's credits, in the last 24 hours
	known           bool  // there is a checkpoint that tells
	terms           batch.Terms
	forecast        batch.Forecast
	census          *census // of plan --check; nil without
}

// foresee works the outlook out. The ledger may be nil: where nothing was ever spent.
func (l *launch) foresee(sum batch.Summary, costs *batch.Costs, ledger []checkpoint.Spend) outlook {
	o := outlook{
		sum: sum, expected: costs.Expected(), worst: costs.Worst(int(l.pace.attempts)), known: ledger != nil,
		terms: batch.Terms{
			Start: l.world.Now(), Concurrency: int(l.pace.concurrency), Latency: l.latency, Rate: l.pace.rate,
			Window: l.pace.window, Allowance: int(l.pace.allowance), Keep: l.pace.keep(), Spent: spends(ledger),
			MaxCredits: int(l.pace.maxCredits), Limit: l.pace.limit, Until: l.pace.until,
		},
	}
	for _, s := range ledger {
		o.spent += int64(s.Credits)
	}
	o.forecast = costs.Forecast(o.terms)
	return o
}

// ledgerOf is what the org has spent in the last 24 hours; nil where that is not known.
func (l *launch) ledgerOf(ctx context.Context, db *checkpoint.DB, key string) []checkpoint.Spend {
	ledger, err := db.Spent(ctx, key, l.world.Now())
	if err != nil {
		l.log.Warn("credits spent so far are not known", "error", err)
		return nil
	}
	name, err := db.Name(ctx)
	var others []checkpoint.Spend
	if err == nil {
		others, err = l.place.purse(key).Others(name, l.world.Now())
	}
	if err != nil {
		l.log.Warn("credits spent from elsewhere are not known", "error", err)
	}
	return append(append([]checkpoint.Spend{}, ledger...), others...)
}

// working is how long the calls take that will be made, to be shown.
func (o *outlook) working() time.Duration { return max(o.forecast.Working, time.Second) }

// waits reports whether credits or the window will make the run last longer than its calls.
func (o *outlook) waits() bool {
	return o.forecast.Ends.Sub(o.terms.Start) > o.forecast.Working+time.Minute
}

// ending says what ends the invocation before its rows are done; "" where nothing does.
func (o *outlook) ending() string {
	switch o.forecast.StoppedBy {
	case batch.StopBudget:
		return fmt.Sprintf("--max-credits %d ends it", o.terms.MaxCredits)
	case batch.StopLimit:
		return fmt.Sprintf("--limit %d ends it", o.terms.Limit)
	case batch.StopDuration:
		if o.terms.Until.IsZero() {
			return "it would take more than ten years"
		}
		return "its time is up then"
	}
	return ""
}

// breaksOff says where the run will stop, though its rows are not done, and how it is gone on with; ""
// where it goes through.
func (l *launch) breaksOff(o *outlook) string {
	switch {
	case o.starved() && !l.pace.waitBudget:
		return "the run stops where the credits of 24 hours are spent (exit 6), and zlock resume goes on; --on-budget wait does so by itself"
	case !l.pace.window.Always() && !l.pace.waitWindow && o.waits():
		return "the run stops outside its window (exit 6), and zlock resume goes on; --on-window wait does so by itself"
	}
	return ""
}

// starved reports whether the credits of 24 hours run out on the way: somewhere inside the window no
// call can be made.
func (o *outlook) starved() bool {
	at := o.terms.Start
	for _, s := range o.forecast.Stretches {
		if open := o.terms.Window.NextOpen(at); s.From.Sub(open) > time.Minute {
			return true
		}
		at = s.To
		if closes := o.terms.Window.Closes(at); !closes.IsZero() && closes.Sub(at) <= o.terms.Latency+2*time.Second {
			at = closes
		}
	}
	return false
}
