package cli

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"zlock/batch"
	"zlock/zoho"
)

// figures are what a run has come to, for Prometheus.
type figures struct {
	run    batch.Run
	org    string
	limits zoho.Snapshot
	spent  int64 // credits of the org in the last 24 hours
	code   *int  // nil while the program goes on
	now    time.Time
}

// series is one figure with its labels, which are written already.
type series struct {
	labels string
	value  float64
}

// text is the figures in Prometheus's text format. All are gauges: a run ends and another begins.
func (f *figures) text() []byte {
	var b bytes.Buffer
	of := label("profile", f.run.Profile)
	one := func(name, help string, value float64) {
		metric(&b, name, help, series{of, value})
	}
	metric(&b, "zlock_run_info", "The run that the figures of this file are of; always 1.", series{labels(of,
		label("run", f.run.ID), label("job_file", jobName(f.run)), label("org", f.org),
		label("simulated", strconv.FormatBool(f.run.Simulated))), 1})
	metric(&b, "zlock_run_state", "1 for the state that the run is in, 0 for the others.", f.states(of)...)
	metric(&b, "zlock_run_rows", "Rows of the run by outcome.", f.rows(of)...)
	one("zlock_run_credits_used", "API credits that the run has cost.", float64(f.run.Credits))
	one("zlock_run_credits_forecast", "API credits that the run was expected to cost.", float64(f.run.Forecast))
	one("zlock_run_calls", "Calls to Zoho made for the run.", float64(f.run.Calls))
	one("zlock_run_worked_seconds", "Time spent working on the run, waiting between sittings left out.", f.run.Worked.Seconds())
	f.moments(one)
	one("zlock_org_credits_spent", "API credits known to be spent in the org in the last 24 hours.", float64(f.spent))
	one("zlock_calls_in_flight", "Calls to Zoho in flight.", float64(f.limits.InFlight))
	one("zlock_calls_limit", "Calls to Zoho that may be in flight now.", float64(f.limits.Limit))
	one("zlock_throttled_calls", "Calls that Zoho has pushed back (429) in this stretch of work.", float64(f.limits.Throttled))
	if f.code != nil {
		one("zlock_exit_code", "What the program exited with; absent while it works.", float64(*f.code))
	}
	one("zlock_written_timestamp_seconds", "When these figures were written.", seconds(f.now))
	return b.Bytes()
}

// moments are the times that are known.
func (f *figures) moments(one func(name, help string, value float64)) {
	for _, m := range []struct {
		name, help string
		at         time.Time
	}{
		{"zlock_run_started_timestamp_seconds", "When the run was first begun.", f.run.StartedAt},
		{"zlock_run_updated_timestamp_seconds", "When the run last changed.", f.run.UpdatedAt},
		{"zlock_run_ended_timestamp_seconds", "When the last work on the run ended; absent while it goes on.", f.run.EndedAt},
	} {
		if !m.at.IsZero() {
			one(m.name, m.help, seconds(m.at))
		}
	}
}

func (f *figures) states(of string) []series {
	var out []series
	for _, state := range []batch.State{batch.Enrolled, batch.Running, batch.Paused, batch.Interrupted, batch.Completed} {
		value := 0.0
		if f.run.State == state {
			value = 1
		}
		out = append(out, series{labels(of, label("state", string(state))), value})
	}
	return out
}

func (f *figures) rows(of string) []series {
	var out []series
	for _, o := range batch.Outcomes() {
		out = append(out, series{labels(of, label("outcome", string(o))), float64(f.run.Counts[o])})
	}
	return out
}

// metric writes one figure with all its series.
func metric(b *bytes.Buffer, name, help string, all ...series) {
	fmt.Fprintf(b, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name)
	for _, s := range all {
		fmt.Fprintf(b, "%s{%s} %s\n", name, s.labels, strconv.FormatFloat(s.value, 'f', -1, 64))
	}
}

func labels(all ...string) string { return strings.Join(all, ",") }

// label writes one label. Within quotes a backslash, a quote and a new line have a spelling of their
// own; clean has made the rest fit to be read.
func label(name, value string) string {
	return name + `="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(clean(value)) + `"`
}

// seconds is a time as Prometheus has it.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
