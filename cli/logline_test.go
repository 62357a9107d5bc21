package cli_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode"

	"zlock/cli"
)

// FuzzLogLine logs any text in any place: one event is one line, which no terminal obeys.
func FuzzLogLine(f *testing.F) {
	for _, seed := range []string{"plain", "a\nlevel=ERROR msg=forged", "\x1b[2J", "a\r\nb", "\u2028\u202e\x00\xff", `{"a":"b"}`, "=\"", "\u0085"} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, message, value string) {
		for _, format := range []string{"text", "json"} {
			var b strings.Builder
			cli.LogTo(&b, format).Warn(message, "value", value, "error", errors.New(value), value, 1)
			line := b.String()
			if strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, "\n") {
				t.Errorf("%q, %q is logged as %q", message, value, line)
			}
			for _, r := range strings.TrimSuffix(line, "\n") {
				if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
					t.Errorf("%q, %q is logged with %U: %q", message, value, r, line)
				}
			}
			if format == "json" && !json.Valid([]byte(line)) {
				t.Errorf("%q, %q is logged as %s", message, value, line)
			}
		}
	})
}
