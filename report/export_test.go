package report

import (
	"strings"
	"time"

	"zlock/batch"
)

// What the tests of this package's parts need of them.
var (
	Span = span
	Size = size
)

// Tame is tame for a drawing given as text.
func Tame(drawing string) (string, error) { return tame(strings.NewReader(drawing), "a drawing") }

// Timeline is a timeline under test.
type Timeline struct{ t timeline }

// Attempt counts an attempt.
func (l *Timeline) Attempt(a batch.Attempt) { l.t.attempt(a) }

// Finished counts a row.
func (l *Timeline) Finished(at time.Time) { l.t.finished(at, false) }

// Sums are what all slices come to together.
func (l *Timeline) Sums() (ended, attempts, credits, pushed int64, busy time.Duration) {
	var all slice
	for _, s := range l.t.slices {
		all.add(s)
	}
	return all.ended, all.attempts, all.credits, all.pushed, time.Duration(all.busy)
}

// Slices is how many slices there are, and Width how long each is.
func (l *Timeline) Slices() int          { return len(l.t.slices) }
func (l *Timeline) Width() time.Duration { return time.Duration(l.t.width) }

// Ticks are the texts below a chart.
func (l *Timeline) Ticks(zone *time.Location) []string {
	var out []string
	for _, tick := range l.t.timeTicks(zone) {
		out = append(out, tick.Label)
	}
	return out
}
