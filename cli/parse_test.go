package cli_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"zlock/cli"
)

func TestParse(t *testing.T) {
	now := time.Date(2026, 3, 28, 22, 30, 15, 0, time.UTC)
	for _, in := range []struct {
		kind, text string
		want       any // nil: refused
	}{
		{"count", "", int64(7)}, {"count", "1", int64(1)}, {"count", "100", int64(100)}, {"count", "1_0", int64(10)},
		{"count", "0", nil}, {"count", "101", nil}, {"count", "1e1", nil}, {"count", "1.0", nil}, {"count", " 1", nil}, {"count", "0x10", nil},
		{"decimal", "0", 0.0}, {"decimal", "2.5", 2.5}, {"decimal", "100", 100.0},
		{"decimal", "-0.1", nil}, {"decimal", "100.1", nil}, {"decimal", "NaN", nil}, {"decimal", "inf", nil}, {"decimal", "", nil},
		{"span", "", time.Duration(0)}, {"span", "90s", 90 * time.Second}, {"span", "1.5d", 36 * time.Hour}, {"span", "1h30m", 90 * time.Minute},
		{"span", "90", nil}, {"span", "-1s", nil}, {"span", "3d", nil}, {"span", "d", nil}, {"span", "NaNd", nil}, {"span", "1w", nil},
		{"percent", "", 0.0}, {"percent", "none", 0.0}, {"percent", "5%", 0.05}, {"percent", "5", 0.05}, {"percent", "100%", 1.0}, {"percent", "0.5%", 0.005},
		{"percent", "0", nil}, {"percent", "101%", nil}, {"percent", "-5%", nil}, {"percent", "NaN%", nil}, {"percent", "5%%", nil},
		{"credits", "0", int64(0)}, {"credits", "999", int64(999)}, {"credits", "10%", int64(100)}, {"credits", "0.01%", int64(1)},
		{"credits", "1000", nil}, {"credits", "100%", nil}, {"credits", "-1%", nil}, {"credits", "x", nil}, {"credits", "NaN%", nil}, {"credits", "Inf%", nil},
		{"size", "1", int64(1)}, {"size", "64KiB", int64(64 << 10)}, {"size", "2gib", int64(2 << 30)}, {"size", "10MB", int64(10_000_000)},
		{"size", "3k", int64(3 << 10)}, {"size", "1 MiB", int64(1 << 20)},
		{"size", "0", nil}, {"size", "-1", nil}, {"size", "KiB", nil}, {"size", "1.5MB", nil}, {"size", "9999999TiB", nil}, {"size", "1KKB", nil},
		{"clock", "", time.Time{}}, {"clock", "23:00", time.Date(2026, 3, 28, 23, 0, 0, 0, time.UTC)},
		{"clock", "06:00", time.Date(2026, 3, 29, 6, 0, 0, 0, time.UTC)}, {"clock", "22:30", time.Date(2026, 3, 29, 22, 30, 0, 0, time.UTC)},
		{"clock", "2026-03-29T06:00", time.Date(2026, 3, 29, 6, 0, 0, 0, time.UTC)},
		{"clock", "2026-03-29 06:00", time.Date(2026, 3, 29, 6, 0, 0, 0, time.UTC)},
		{"clock", "2026-03-29T06:00:00Z", time.Date(2026, 3, 29, 6, 0, 0, 0, time.UTC)},
		{"clock", "2026-03-28T22:00", nil}, {"clock", "24:00", nil}, {"clock", "6", nil}, {"clock", "tomorrow", nil},
		{"words", "a,b\nc", []string{"a", "b", "c"}}, {"words", " , ", []string(nil)},
		{"pairs", "reason=Why, really\nRECORD_ID=Id", map[string]string{"reason": "Why, really", "record_id": "Id"}},
		{"pairs", "reason", nil}, {"pairs", "reason=", nil}, {"pairs", "id=Id", nil}, {"pairs", "reason=a\nreason=b", nil},
		{"flag", "", false}, {"flag", "true", true}, {"flag", "0", false}, {"flag", "yes", nil},
	} {
		t.Run(in.kind+" "+in.text, func(t *testing.T) {
			got, err := cli.Parse(in.kind, in.text, now)
			switch {
			case in.want == nil && err == nil:
				t.Errorf("taken as %v", got)
			case in.want == nil && !strings.Contains(err.Error(), "--x "):
				t.Errorf("the refusal does not say what was given: %v", err)
			case in.want != nil && (err != nil || fmt.Sprint(got) != fmt.Sprint(in.want)):
				t.Errorf("got %v (%v), want %v", got, err, in.want)
			}
		})
	}
}

func TestIdentity(t *testing.T) {
	plain := map[string]string{}
	seen := map[string]string{}
	note := func(what, org, sha string, given map[string]string) string {
		t.Helper()
		id, err := cli.Identity(org, sha, given)
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[id]; ok {
			t.Errorf("%s is the same run as %s", what, other)
		}
		seen[id] = what
		return id
	}
	first := note("nothing", "org", "sha", plain)
	note("another org", "org2", "sha", plain)
	note("another file", "org", "sha2", plain)
	for name, text := range map[string]string{
		"module": "Leads", "action": "lock", "reason": "r", "map": "reason=R", "on-locked": "fail", "any-owner": "false",
		"tag-reason": "true", "on-invalid": "skip", "on-conflict": "sequence", "ids-checked": "true", "simulate": "true",
	} {
		note("--"+name, "org", "sha", map[string]string{name: text})
	}
	for name, text := range map[string]string{
		"rate": "5", "concurrency": "3", "max-credits": "9", "settle": "5s", "limit": "3", "yes": "true", "json": "true", "resume": "true",
		"max-rows": "9", "allow-empty": "true", "faults": "f.csv", "quiet": "true",
	} {
		id, err := cli.Identity("org", "sha", map[string]string{name: text})
		if err != nil || id != first {
			t.Errorf("--%s makes another run of it (%v)", name, err)
		}
	}
}

func TestInherit(t *testing.T) {
	flagged, byVariable := map[string]string{"rate": "2"}, map[string]string{"ZLOCK_RATE": "3"}
	for _, in := range []struct {
		name, setting, now, where string
		run                       map[string]string
		want                      string
	}{
		{"nothing anywhere", "rate", "0", "", nil, "0"},
		{"the run's flag before the default", "rate", "0", "", flagged, "2"},
		{"a flag now before the run's flag", "rate", "1", "flag", flagged, "1"},
		{"the run's flag before a variable now", "rate", "1", "variable", flagged, "2"},
		{"the run's flag before the profile", "rate", "1", "profile", flagged, "2"},
		{"a variable now before the run's variable", "rate", "1", "variable", byVariable, "1"},
		{"the run's variable before the profile", "rate", "1", "profile", byVariable, "3"},
		{"a limit is for one sitting", "limit", "", "", map[string]string{"limit": "5", "ZLOCK_LIMIT": "6"}, ""},
		{"so is a time", "until", "", "", map[string]string{"until": "06:00"}, ""},
		{"the org's host is the run's", "api-url", "", "", map[string]string{"api-url": "http://127.0.0.1"}, "http://127.0.0.1"},
	} {
		t.Run(in.name, func(t *testing.T) {
			if got := cli.Inherit(in.setting, in.now, in.where, in.run); got != in.want {
				t.Errorf("got %q, want %q", got, in.want)
			}
		})
	}
}

func TestEditions(t *testing.T) {
	for name, want := range map[string][3]int64{
		"": {25, 5, 50_000}, "free": {5, 2, 5_000}, "standard": {10, 5, 50_000}, "professional": {15, 7, 50_000},
		"enterprise": {20, 10, 50_000}, "ultimate": {25, 12, 50_000},
	} {
		most, usual, credits := cli.EditionNamed(name)
		if got := [3]int64{most, usual, credits}; got != want {
			t.Errorf("%q: %v, want %v", name, got, want)
		}
	}
}

func TestPaths(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("other systems have other directories")
	}
	for _, in := range []struct {
		env           []string
		config, state string
	}{
		{[]string{"HOME=/home/a"}, "/home/a/.config/zlock/zlock.yaml", "/home/a/.local/state/zlock"},
		{[]string{"HOME=/home/a", "XDG_CONFIG_HOME=/c", "XDG_STATE_HOME=/s"}, "/c/zlock/zlock.yaml", "/s/zlock"},
		{[]string{"HOME=/home/a", "XDG_CONFIG_HOME=c", "XDG_STATE_HOME=s"}, "/home/a/.config/zlock/zlock.yaml", "/home/a/.local/state/zlock"},
	} {
		config, state, err := cli.Paths(in.env...)
		if err != nil || config != in.config || state != in.state {
			t.Errorf("%v: %s, %s, %v", in.env, config, state, err)
		}
	}
	if _, _, err := cli.Paths(); err == nil || !strings.Contains(err.Error(), "HOME") {
		t.Errorf("without a home: %v", err)
	}
}

func TestSettingNames(t *testing.T) {
	names := cli.SettingNames()
	sorted := slices.Sorted(slices.Values(names))
	if len(slices.Compact(sorted)) != len(names) {
		t.Errorf("a setting stands twice among %v", names)
	}
	for _, name := range names {
		for _, word := range []string{"secret", "token", "password"} {
			if strings.Contains(name, word) {
				t.Errorf("--%s: credentials are never a flag", name)
			}
		}
	}
}
