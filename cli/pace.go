package cli

import (
	"time"

	"zlock/batch"
	"zlock/zoho"
)

// pace is how fast, how much and how long one sitting may work.
type pace struct {
	concurrency                   int64
	rate                          float64
	polite                        bool
	maxCredits, allowance, daily  int64 // allowance: what of daily is ours in any 24 hours
	precheck                      batch.Precheck
	composite                     batch.Composite
	settle                        time.Duration
	attempts, maxFailures, limit  int64
	maxFailureRate                float64
	maxOutage, grace              time.Duration
	until                         time.Time
	exitZeroOnPartial, noProgress bool
	zone                          *time.Location // of times told
	window                        zoho.Window
	waitWindow, waitBudget        bool // wait there, instead of stopping
	heralds                       heralds
}

// pace reads the settings that a resume may change.
func (a *app) pace(v values, e edition) (pace, error) {
	read := parser{values: v}
	p := pace{
		concurrency:       e.atOnce(&read),
		rate:              read.decimal("rate", 0, 1000),
		polite:            read.flag("polite"),
		maxCredits:        read.count("max-credits", 0, 1, 1_000_000_000),
		daily:             read.count("credits-per-day", e.credits, 1, 1_000_000_000),
		precheck:          batch.Precheck(read.choice("precheck", "auto", "always", "never")),
		settle:            read.span("settle", time.Second, 24*time.Hour),
		attempts:          read.count("attempts", 3, 1, 100),
		maxFailures:       read.count("max-failures", 0, 1, 1_000_000_000),
		limit:             read.count("limit", 0, 1, 1_000_000_000),
		maxFailureRate:    read.percent("max-failure-rate"),
		maxOutage:         read.span("max-outage", time.Second, 7*24*time.Hour),
		grace:             read.span("grace", 0, time.Hour),
		exitZeroOnPartial: read.flag("exit-zero-on-partial"),
		noProgress:        read.flag("no-progress"),
	}
	var err error
	if p.heralds, err = a.heralds(v); err != nil {
		read.problem(err)
	}
	p.composite = read.composite(p.concurrency)
	p.allowance = p.daily - read.creditsOf("reserve", p.daily)
	p.zone = read.zone("tz", a.world.Now().Location())
	p.window = read.window("window", p.zone)
	p.waitWindow = read.choice("on-window", "wait", "stop") == "wait"
	p.waitBudget = a.world.ErrTerminal
	if onBudget := read.choice("on-budget", "wait", "stop"); onBudget != "" {
		p.waitBudget = onBudget == "wait"
	}
	now := a.world.Now().In(p.zone)
	p.until = read.clock("until", now)
	if most := read.span("max-duration", time.Second, 365*24*time.Hour); most > 0 {
		if end := now.Add(most); p.until.IsZero() || end.Before(p.until) {
			p.until = end
		}
	}
	return p, read.err
}

// atOnce reads --concurrency under the edition's limit.
func (e edition) atOnce(read *parser) int64 {
	why := "; no edition of Zoho CRM takes more calls at once"
	if e.name != "" {
		why = "; the edition " + e.name + " takes no more calls at once"
	}
	return read.count("concurrency", e.usual, 1, e.concurrency, why)
}

// keep is how many of the last credits of 24 hours are kept for reading rows in doubt back.
func (p pace) keep() int { return int(p.concurrency) }

// open is how many calls are made at once at first: a quarter of the most, which the limiter doubles
// until Zoho refuses. Who would rather step back begins with its default.
func (p pace) open() int {
	if p.polite {
		return 0
	}
	return max(int(p.concurrency)/4, 2)
}
