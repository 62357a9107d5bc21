package cli

import (
	"unicode"

	"zlock/internal/plain"
)

// longestForeign is how many characters of a text that is not ours are shown on a line.
const longestForeign = 300

// clean makes a text that is not ours (a file name, a reason, what a server said) fit for a
// terminal: nothing in it can move the cursor, start a line, or turn the reading direction.
func clean(s string) string { return cleanTo(s, longestForeign) }

// cleanTo is clean with a cut of its own, in characters.
func cleanTo(s string, most int) string { return plain.Text(s, most) }

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
