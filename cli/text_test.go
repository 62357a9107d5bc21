package cli_test

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"zlock/batch"
	"zlock/cli"
)

func TestClean(t *testing.T) {
	for _, in := range []struct{ name, in, want string }{
		{"plain", "Überweisung 東京", "Überweisung 東京"},
		{"escape", "\x1b[31mred", `\u{1b}[31mred`},
		{"newline and tab", "a\nb\tc\r", `a\u{a}b\u{9}c\u{d}`},
		{"delete and C1", "a\x7f\u009bb", `a\u{7f}\u{9b}b`},
		{"direction", "a\u202eb\u2066c", `a\u{202e}b\u{2066}c`},
		{"zero width", "a\u200bb\ufeffc", `a\u{200b}b\u{feff}c`},
		{"line separator", "a\u2028b", `a\u{2028}b`},
		{"no UTF-8", "a\xffb", `a\x{ff}b`},
		{"replacement character", "a\ufffdb", "a\ufffdb"},
		{"long", strings.Repeat("ä", 301), strings.Repeat("ä", 300) + "…"},
		{"just fits", strings.Repeat("ä", 300), strings.Repeat("ä", 300)},
	} {
		t.Run(in.name, func(t *testing.T) {
			if got := cli.Clean(in.in); got != in.want {
				t.Errorf("got %q, want %q", got, in.want)
			}
		})
	}
}

func FuzzClean(f *testing.F) {
	f.Add("a\x1b]0;title\x07")
	f.Add("\u202e\u2066\xff")
	f.Fuzz(func(t *testing.T, s string) {
		got := cli.Clean(s)
		if !utf8.ValidString(got) {
			t.Errorf("%q is no UTF-8", got)
		}
		for _, r := range got {
			if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
				t.Errorf("%q holds %U", got, r)
			}
		}
	})
}

// canary is a secret that every spelling changes.
const canary = `c@n"ary/+of ünits==`

func TestScrubber(t *testing.T) {
	quoted, err := json.Marshal(canary)
	if err != nil {
		t.Fatal(err)
	}
	token := "1000." + strings.Repeat("ab", 16) + "." + strings.Repeat("12", 16)
	for name, form := range map[string]string{
		"as it is": canary, "in a URL": url.QueryEscape(canary), "in a path": url.PathEscape(canary), "in JSON": string(quoted[1 : len(quoted)-1]),
		"base64": base64.StdEncoding.EncodeToString([]byte(canary)), "base64 for URLs": base64.RawURLEncoding.EncodeToString([]byte(canary)),
		"a token that nobody told us of": token,
	} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			w, flush := cli.NewScrubber(&b, canary, "", "abc")
			if _, err := w.Write([]byte("before " + form + " after abc\n")); err != nil {
				t.Fatal(err)
			}
			flush()
			if got := b.String(); strings.Contains(got, form) || !strings.HasPrefix(got, "before [redacted]") || !strings.HasSuffix(got, " after abc\n") {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestFigures(t *testing.T) {
	for in, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -12345: "-12,345", 1234567: "1,234,567"} {
		if got := cli.Number(in); got != want {
			t.Errorf("%d: %q, want %q", in, got, want)
		}
	}
	for in, want := range map[time.Duration]string{
		0: "0s", 900 * time.Millisecond: "1s", 59 * time.Second: "59s", 190 * time.Second: "3m 10s",
		2*time.Hour + 5*time.Minute: "2h 05m", 76 * time.Hour: "3d 4h",
	} {
		if got := cli.Span(in); got != want {
			t.Errorf("%v: %q, want %q", in, got, want)
		}
	}
}

func TestNearest(t *testing.T) {
	words := []string{"locked", "unlocked", "failed", "rate", "reserve"}
	for in, want := range map[string]string{"lockd": "locked", "FAILED": "failed", "fail": "failed", "done": "", "rat": "rate", "xyz": "", "": ""} {
		if got := cli.Nearest(in, words); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestShellWord(t *testing.T) {
	for in, want := range map[string]string{
		"run.csv": "run.csv", "a b": "'a b'", "it's": `'it'\''s'`, "": "''", "$(x)": "'$(x)'", "a\x1bb": `'a\u{1b}b'`,
	} {
		if got := cli.ShellWord(in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

func TestStatusDocument(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 678_900_000, time.FixedZone("", 3600))
	run := batch.Run{
		ID: "20260102-020405-abcd", JobFile: "a<b>\u202e.csv", SHA256: "00", Profile: "acme", State: batch.Running,
		Counts: map[batch.Outcome]int64{batch.Locked: 30, batch.Failed: 10, batch.Pending: 60, batch.Duplicate: 5}, Total: 105,
		Credits: 41, Calls: 42, Forecast: 100, StartedAt: start, Worked: 10 * time.Second,
	}
	got, err := cli.StatusJSON(run, start.Add(10*time.Second))
	want := `{"run":"20260102-020405-abcd","state":"running","job_file":"a<b>\u202e.csv","sha256":"00","profile":"acme",` +
		`"rows":{"total":105,"locked":30,"unlocked":0,"reason_updated":0,"already_locked":0,"already_unlocked":0,"already_set":0,` +
		`"failed":10,"invalid":0,"duplicate":5,"unknown":0,"sending":0,"pending":60},"credits":{"used":41,"forecast":100},"calls":42,` +
		`"started_at":"2026-01-02T02:04:05.678Z","updated_at":null,"ended_at":null,"rows_per_second":4,` +
		`"eta":"2026-01-02T02:04:31Z","stopped_by":null}`
	if err != nil || string(got) != want {
		t.Errorf("got  %s (%v)\nwant %s", got, err, want)
	}
	run.State, run.StoppedBy, run.Worked = batch.Paused, batch.StopBudget, 0
	got, err = cli.StatusJSON(run, start)
	for _, text := range []string{`"rows_per_second":null`, `"eta":null`, `"stopped_by":"budget"`} {
		if err != nil || !strings.Contains(string(got), text) {
			t.Errorf("no %s in %s (%v)", text, got, err)
		}
	}
}

func TestEncodeJSONIsLossless(t *testing.T) {
	for _, in := range []string{"plain", "\x1b\x7f\u009b", "\u202e\U000e0001", "<&>", "\u2028"} {
		data, err := cli.EncodeJSON(in)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range string(data) {
			if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl) {
				t.Errorf("%q became %q, which holds %U", in, data, r)
			}
		}
		var back string
		if err := json.Unmarshal(data, &back); err != nil || back != in {
			t.Errorf("%q came back as %q (%v)", in, back, err)
		}
	}
}
