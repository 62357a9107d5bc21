package report

import (
	"time"

	"zlock/batch"
)

// mostSlices bounds a timeline, and with it the points of a chart.
const mostSlices = 300

// firstWidth is how finely a timeline begins to look.
const firstWidth = int64(100 * time.Millisecond)

// slice is what happened in one stretch of a run's time.
type slice struct {
	ended    int64 // rows that came to their outcome
	failed   int64 // of these, rows that failed
	attempts int64 // that began
	credits  int64 // of attempts that ended
	pushed   int64 // attempts that ended with "too many requests"
	busy     int64 // nanoseconds, over all rows being worked
}

func (s *slice) add(o slice) {
	s.ended += o.ended
	s.failed += o.failed
	s.attempts += o.attempts
	s.credits += o.credits
	s.pushed += o.pushed
	s.busy += o.busy
}

// timeline is a run's time in slices of one width. It need not know before how long the run took:
// where there would be too many slices it looks less closely.
type timeline struct {
	origin int64 // nanoseconds since 1970, a multiple of width
	width  int64 // nanoseconds
	slices []slice
}

// coarser is the next width that the one given divides: nice ones, as far as there are any.
func coarser(width int64) int64 {
	for _, w := range []time.Duration{
		500 * time.Millisecond, time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute,
		5 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour,
	} {
		if int64(w) > width {
			return int64(w)
		}
	}
	return 2 * width
}

// at is the slice of a time.
func (t *timeline) at(when int64) *slice {
	t.cover(when)
	return &t.slices[(when-t.origin)/t.width]
}

// cover makes the timeline reach to a time.
func (t *timeline) cover(when int64) {
	if t.width == 0 {
		t.width = firstWidth
		t.origin = floor(when, t.width)
	}
	width, from, to := t.width, min(t.origin, floor(when, t.width)), max(t.end(), floor(when, t.width)+t.width)
	for (to-from)/width > mostSlices {
		width = coarser(width)
		from, to = floor(from, width), floor(to-1, width)+width
	}
	switch {
	case width == t.width && from == t.origin:
		for t.end() < to {
			t.slices = append(t.slices, slice{})
		}
	default:
		t.rebuild(from, to, width)
	}
}

func (t *timeline) rebuild(from, to, width int64) {
	old := *t
	*t = timeline{origin: from, width: width, slices: make([]slice, (to-from)/width)}
	for i, s := range old.slices {
		t.slices[(old.origin+int64(i)*old.width-from)/width].add(s)
	}
}

func (t *timeline) end() int64 { return t.origin + int64(len(t.slices))*t.width }

// floor is the last multiple of width that is not after n, which may lie before 1970.
func floor(n, width int64) int64 {
	if r := n % width; r != 0 {
		n -= r
		if r < 0 {
			n -= width
		}
	}
	return n
}

// finished counts a row that came to its outcome.
func (t *timeline) finished(at time.Time, failed bool) {
	s := t.at(at.UnixNano())
	s.ended++
	if failed {
		s.failed++
	}
}

// attempt counts a pass at a row: where it began, what it cost, and whose time it took.
func (t *timeline) attempt(a batch.Attempt) {
	from, to := a.Began.UnixNano(), a.Ended.UnixNano()
	t.at(from).attempts++
	last := t.at(to)
	last.credits += int64(a.Credits)
	if a.HTTP == statusPushedBack {
		last.pushed++
	}
	for from < to { // not so where a clock was set back in between
		next := min(to, floor(from, t.width)+t.width)
		t.at(from).busy += next - from
		from = next
	}
}

// statusPushedBack is HTTP's word for "too many requests".
const statusPushedBack = 429
