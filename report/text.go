package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// plain makes a foreign text fit to be looked at: what would turn its direction, hide in it or break
// its line is spelt out, and it is cut after most characters.
func plain(s string, most int) string {
	if len(s) <= most && !strings.ContainsFunc(s, unusual) {
		return s
	}
	var b strings.Builder
	n := 0
	for i, r := range s {
		if n == most {
			b.WriteString("…")
			break
		}
		n++
		switch {
		case r == utf8.RuneError && broken(s[i:]):
			fmt.Fprintf(&b, `\x{%02x}`, s[i])
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp):
			fmt.Fprintf(&b, `\u{%x}`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// unusual reports what is not plain ASCII: most texts have none of it.
func unusual(r rune) bool { return r < ' ' || r > '~' }

// broken tells a byte that is no UTF-8 from a replacement character that was written as one.
func broken(s string) bool {
	_, size := utf8.DecodeRuneInString(s)
	return size == 1
}

// figure writes n with a comma for each thousand.
func figure(n int64) string {
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
func counted(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return figure(n) + " " + noun + "s"
}

// span writes a duration as a person would: "0.4s", "42s", "3m 10s", "2h 05m", "3d 4h".
func span(d time.Duration) string {
	if d < 10*time.Second {
		return strconv.FormatFloat(d.Round(100*time.Millisecond).Seconds(), 'f', -1, 64) + "s"
	}
	switch d = d.Round(time.Second); {
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
		return figure(n) + " bytes"
	case n < 10_000_000:
		return figure(n/1000) + " kB"
	default:
		return figure(n/1_000_000) + " MB"
	}
}
