package cli

import (
	"fmt"
	"time"

	"zlock/internal/plain"
)

// number writes n with a comma for each thousand.
func number(n int64) string { return plain.Number(n) }

// counted writes n and its noun: "1 row", "2 rows".
func counted(n int64, one, many string) string { return plain.Counted(n, one, many) }

// span writes a duration as a person would: "42s", "3m 10s", "2h 05m", "3d 4h".
func span(d time.Duration) string { return plain.Span(d) }

// moment writes a time for a person, in the zone of the machine; "-" for none.
func moment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return momentIn(t, time.Local)
}

// momentIn is moment in another zone.
func momentIn(t time.Time, zone *time.Location) string {
	return t.In(zone).Format("2006-01-02 15:04:05 MST")
}

// rate writes rows a second with the digits that matter.
func rate(perSecond float64) string {
	switch {
	case perSecond <= 0:
		return "-"
	case perSecond < 10:
		return fmt.Sprintf("%.1f rows/s", perSecond)
	default:
		return fmt.Sprintf("%.0f rows/s", perSecond)
	}
}
