package cli

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// longestForeign is how many characters of a text that is not ours are shown on a line.
const longestForeign = 300

// clean makes a text that is not ours (a file name, a reason, what a server said) fit for a
// terminal: nothing in it can move the cursor, start a line, or turn the reading direction.
func clean(s string) string { return cleanTo(s, longestForeign) }

// cleanTo is clean with a cut of its own, in characters.
func cleanTo(s string, most int) string {
	var b strings.Builder
	n := 0
	for i, r := range s {
		if n == most {
			b.WriteString("…")
			break
		}
		n++
		switch {
		case r == utf8.RuneError && isBroken(s[i:]):
			fmt.Fprintf(&b, `\x{%02x}`, s[i])
		case unsafeOnTerminal(r):
			fmt.Fprintf(&b, `\u{%x}`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// isBroken tells a byte that is no UTF-8 from a replacement character that was written as one.
func isBroken(s string) bool {
	_, size := utf8.DecodeRuneInString(s)
	return size == 1
}

// unsafeOnTerminal reports control characters (C0, DEL, C1), format characters (those that turn
// the direction of text among them) and line separators.
func unsafeOnTerminal(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// columns is how many cells s fills, near enough for laying out tables: wide East Asian
// characters count twice, combining marks not at all.
func columns(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me):
		case unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana),
			r >= 0xFF01 && r <= 0xFF60, r >= 0x1F300 && r <= 0x1FAFF:
			n += 2
		default:
			n++
		}
	}
	return n
}
