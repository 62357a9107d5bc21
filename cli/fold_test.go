package cli_test

import (
	"strings"
	"testing"

	"zlock/cli"
)

func TestFold(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"short", "fits\n", "fits\n"},
		{"just", "12345 789\n", "12345 789\n"},
		{"words", "one two three\n", "one two\n  three\n"},
		{"indented", "  one two three\n", "  one two\n    three\n"},
		{"long word", "12345678901234 next\n", "12345678901234\n  next\n"},
		{"only a long word", "12345678901234\n", "12345678901234\n"},
		{"no line end", "one two three", "one two\n  three"},
		{"blanks only", "            \n", "            \n"},
		{"wide letters", "日本 語語語\n", "日本\n  語語語\n"},
	} {
		if got := cli.Fold(c.in, 9); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func FuzzFold(f *testing.F) {
	f.Add("  one two\tthree", 7)
	f.Add("x", 1)
	f.Fuzz(func(t *testing.T, line string, width int) {
		if strings.Contains(line, "\n") || width < 1 || width > 300 {
			return
		}
		got := strings.ReplaceAll(cli.Fold(line, width), "\n", "")
		if strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(line, " ", "") {
			t.Errorf("%q became %q", line, got)
		}
	})
}
