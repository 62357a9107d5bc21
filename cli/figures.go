package cli

import (
	"fmt"
	"strconv"
	"time"
)

// number writes n with a comma for each thousand.
func number(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// counted writes n and its noun: "1 row", "2 rows".
func counted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(n) + " " + many
}

// span writes a duration as a person would: "42s", "3m 10s", "2h 05m", "3d 4h".
func span(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm %02ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh %02dm", int(d.Hours()), int(d.Minutes())%60)
	default:
		return fmt.Sprintf("%dd %dh", int(d.Hours())/24, int(d.Hours())%24)
	}
}

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
