package plain_test

import (
	"math"
	"testing"
	"time"

	"zlock/internal/plain"
)

func TestText(t *testing.T) {
	for _, in := range []struct {
		s    string
		most int
		want string
	}{
		{"", 3, ""}, {"abc", 3, "abc"}, {"abcd", 3, "abc…"}, {"äöü", 3, "äöü"}, {"äöüß", 3, "äöü…"},
		{"a\x1b[2Jb", 9, `a\u{1b}[2Jb`}, {"a\nb", 9, `a\u{a}b`}, {"a\u202eb", 9, `a\u{202e}b`}, {"a\u2028b", 9, `a\u{2028}b`},
		{"a\x7f", 9, `a\u{7f}`}, {"a\u0085", 9, `a\u{85}`}, {"Zürich 東京 'x' \\", 100, "Zürich 東京 'x' \\"}, {"a\x00b\x1b[2J\nc\u0085", 100, `a\u{0}b\u{1b}[2J\u{a}c\u{85}`},
		{"\u202eabc\u2066\u200b\ufeff\u2028", 100, `\u{202e}abc\u{2066}\u{200b}\u{feff}\u{2028}`}, {"\xff\ufffd", 100, "\\x{ff}\ufffd"},
		{"a\xffb", 9, `a\x{ff}b`}, {"a\ufffdb", 9, "a\ufffdb"},
	} {
		if got := plain.Text(in.s, in.most); got != in.want {
			t.Errorf("Text(%q, %d) = %q, want %q", in.s, in.most, got, in.want)
		}
	}
}

func TestFigures(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 999: "999", 1000: "1,000", -1000: "-1,000", 1234567: "1,234,567", -999: "-999", math.MinInt64: "-9,223,372,036,854,775,808",
	} {
		if got := plain.Number(n); got != want {
			t.Errorf("Number(%d) = %q, want %q", n, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0 rows", 1: "1 row", 2: "2 rows", 1000: "1,000 rows"} {
		if got := plain.Counted(n, "row", "rows"); got != want {
			t.Errorf("Counted(%d) = %q, want %q", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "0s", 1400 * time.Millisecond: "1s", 59600 * time.Millisecond: "1m 00s", 190 * time.Second: "3m 10s",
		2*time.Hour + 5*time.Minute: "2h 05m", 76 * time.Hour: "3d 4h",
	} {
		if got := plain.Span(d); got != want {
			t.Errorf("Span(%v) = %q, want %q", d, got, want)
		}
	}
}
