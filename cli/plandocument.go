package cli

import (
	"time"

	"zlock/batch"
)

// planDocument is what plan --json prints. Its names are fixed; docs/limits.md explains them.
type planDocument struct {
	JobFile   string        `json:"job_file"`
	SHA256    string        `json:"sha256"`
	Simulated bool          `json:"simulated"`
	Rows      planRowCounts `json:"rows"`
	Credits   planCredits   `json:"credits"`
	Time      planTime      `json:"time"`
	Window    *planWindow   `json:"window"`
	StartsAt  *time.Time    `json:"starts_at"` // when it was planned
	BeginsAt  *time.Time    `json:"begins_at"` // the first call; null where none can be made
	EndsAt    *time.Time    `json:"ends_at"`   // the last call of this invocation
	RowsDone  int64         `json:"rows_done"` // by then
	RowsLeft  int64         `json:"rows_left"`
	StoppedBy *string       `json:"stopped_by"` // budget, limit or duration; null where all rows are done
	OnBudget  string        `json:"on_budget"`
	OnWindow  string        `json:"on_window"`
	Zone      string        `json:"zone"` // of the calendar's days and hours
	Calendar  []planDay     `json:"calendar"`
	Deadline  *planDeadline `json:"deadline"`
	Check     *planCheck    `json:"check"` // null without --check
}

type planRowCounts struct {
	Total     int64      `json:"total"`
	ToSend    int64      `json:"to_send"`
	Duplicate int64      `json:"duplicate"`
	Invalid   int64      `json:"invalid"`
	Kinds     []planKind `json:"kinds"`
}

type planKind struct {
	Module string `json:"module"`
	Action string `json:"action"`
	Rows   int64  `json:"rows"`
}

type planCredits struct {
	Expected  int64        `json:"expected"`
	Worst     int64        `json:"worst"`
	PerDay    int64        `json:"per_day"`
	Reserve   int64        `json:"reserve"`
	Allowance int64        `json:"allowance"` // per_day less reserve
	Spent24h  *int64       `json:"spent_24h"` // null where not known
	Prices    batch.Prices `json:"prices"`
}

type planTime struct {
	Concurrency   int64   `json:"concurrency"`
	LatencyMillis float64 `json:"latency_ms"`
	Rate          float64 `json:"rate"`            // calls a second, at most; 0 = no limit
	Working       float64 `json:"working_seconds"` // with calls in flight
}

type planWindow struct {
	Hours string `json:"hours"`
	Zone  string `json:"zone"`
}

type planDeadline struct {
	At     *time.Time `json:"at"`
	Met    bool       `json:"met"`
	Margin *float64   `json:"margin_seconds"` // below 0 where it is missed; null where rows will be left
}

func (l *launch) planDocument(o *outlook, deadline time.Time) planDocument {
	f, p := o.forecast, l.pace
	d := planDocument{
		JobFile: l.name, SHA256: o.sum.SHA256, Simulated: l.org.simulated,
		Rows: planRowCounts{
			Total: o.sum.Rows, ToSend: f.Rows + f.Left, Duplicate: o.sum.Duplicates, Invalid: o.sum.Invalid, Kinds: []planKind{},
		},
		Credits: planCredits{
			Expected: o.expected, Worst: o.worst, PerDay: p.daily, Reserve: p.daily - p.allowance, Allowance: p.allowance,
			Prices: batch.ListPrices(l.meaning.AnyOwner),
		},
		Time: planTime{
			Concurrency: p.concurrency, LatencyMillis: float64(l.latency) / float64(time.Millisecond), Rate: p.rate,
			Working: f.Working.Round(time.Millisecond).Seconds(),
		},
		StartsAt: instant(o.terms.Start), BeginsAt: instant(f.Begins), EndsAt: instant(f.Ends), RowsDone: f.Rows, RowsLeft: f.Left,
		OnBudget: waitOrStop(p.waitBudget), OnWindow: waitOrStop(p.waitWindow),
		Zone: p.zone.String(), Calendar: o.calendar(p.zone), Check: o.census.document(),
	}
	for _, kind := range sortedKinds(o.sum) {
		d.Rows.Kinds = append(d.Rows.Kinds, planKind{kind.Module, string(kind.Action), o.sum.ByModuleAction[kind]})
	}
	if o.known {
		d.Credits.Spent24h = &o.spent
	}
	if !p.window.Always() {
		d.Window = &planWindow{p.window.String(), p.window.Zone().String()}
	}
	d.StoppedBy = told(string(f.StoppedBy))
	if !deadline.IsZero() {
		d.Deadline = &planDeadline{At: instant(deadline), Met: !missed(o, deadline)}
		if f.StoppedBy == "" {
			margin := deadline.Sub(f.Ends).Round(time.Second).Seconds()
			d.Deadline.Margin = &margin
		}
	}
	return d
}

func waitOrStop(wait bool) string {
	if wait {
		return "wait"
	}
	return "stop"
}
