package report

import (
	"strconv"
	"time"

	"zlock/internal/plain"
)

// counted writes n and its noun: "1 row", "2 rows".
func counted(n int64, noun string) string { return plain.Counted(n, noun, noun+"s") }

// span writes a duration, a short one to the tenth of a second: "0.4s", "42s", "3m 10s".
func span(d time.Duration) string {
	if d < 10*time.Second {
		return strconv.FormatFloat(d.Round(100*time.Millisecond).Seconds(), 'f', -1, 64) + "s"
	}
	return plain.Span(d)
}

// moment writes a time in a zone and in UTC; "-" for none.
func moment(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return "-"
	}
	local, utc := t.In(zone).Format("2006-01-02 15:04:05 MST"), t.UTC().Format("2006-01-02 15:04:05 UTC")
	if local == utc {
		return utc
	}
	return local + " (" + utc + ")"
}

// size writes a number of bytes.
func size(n int64) string {
	switch {
	case n < 10_000:
		return plain.Number(n) + " bytes"
	case n < 10_000_000:
		return plain.Number(n/1000) + " kB"
	default:
		return plain.Number(n/1_000_000) + " MB"
	}
}
