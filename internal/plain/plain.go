// Package plain writes foreign texts, figures and spans for people to read: the same on a screen as on a page.
package plain

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Text makes a text that is not ours (a file name, a reason, what a server said) fit to be looked at: what
// would move a cursor, begin a line, hide in the text or turn its direction is spelt out, and the text is cut
// after most characters.
func Text(s string, most int) string {
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
		case Unsafe(r):
			fmt.Fprintf(&b, `\u{%x}`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Unsafe reports control characters (C0, DEL, C1), format characters (those that turn the direction of text
// among them) and line separators.
func Unsafe(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }

// unusual reports what is not plain ASCII: most texts have none of it.
func unusual(r rune) bool { return r < ' ' || r > '~' }

// broken tells a byte that is no UTF-8 from a replacement character that was written as one.
func broken(s string) bool {
	_, size := utf8.DecodeRuneInString(s)
	return size == 1
}

// Number writes n with a comma for each thousand.
func Number(n int64) string {
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

// Counted writes n and its noun: "1 row", "2 rows".
func Counted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Number(n) + " " + many
}

// Span writes a duration, to the second: "42s", "3m 10s", "2h 05m", "3d 4h".
func Span(d time.Duration) string {
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
