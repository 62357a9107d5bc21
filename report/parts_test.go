package report_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"zlock/batch"
	"zlock/report"
)

func TestTimelineLosesNothing(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 3))
		length := time.Second << rng.IntN(24) // from a second to half a year
		var line report.Timeline
		var ended, attempts, credits, pushed int64
		var busy time.Duration
		for range 500 {
			from := began.Add(time.Duration(rng.Int64N(int64(length))))
			took := time.Duration(rng.Int64N(int64(time.Minute))) - 5*time.Second // some clocks are set back
			cost, http := rng.IntN(3), 200
			if cost == 0 {
				http, pushed = 429, pushed+1
			}
			line.Attempt(batch.Attempt{Began: from, Ended: from.Add(took), Credits: cost, HTTP: http})
			line.Finished(from)
			ended, attempts, busy = ended+1, attempts+1, busy+max(took, 0)
			credits += int64(cost)
		}
		gotEnded, gotAttempts, gotCredits, gotPushed, gotBusy := line.Sums()
		if gotEnded != ended || gotAttempts != attempts || gotCredits != credits || gotPushed != pushed || gotBusy != busy {
			t.Errorf("seed %d: %d rows, %d attempts, %d credits, %d pushed back, %s; want %d, %d, %d, %d, %s",
				seed, gotEnded, gotAttempts, gotCredits, gotPushed, gotBusy, ended, attempts, credits, pushed, busy)
		}
		if n := line.Slices(); n > 300 || n < 20 {
			t.Errorf("seed %d: %d slices of %s for %s", seed, n, line.Width(), length)
		}
	}
}

func TestTicks(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	must(t, err)
	for _, c := range []struct {
		length time.Duration
		zone   *time.Location
		want   []string
	}{
		{50 * time.Millisecond, time.UTC, []string{"12:00:00.0", "12:00:00.1"}},
		{3 * time.Second, time.UTC, []string{"12:00:00.0", "12:00:00.5", "12:00:01.0", "12:00:01.5", "12:00:02.0", "12:00:02.5", "12:00:03.0"}},
		{4 * time.Hour, berlin, []string{"13:00", "13:30", "14:00", "14:30", "15:00", "15:30", "16:00", "16:30", "17:00"}},
		{40 * time.Hour, berlin, []string{"03-01 18:00", "03-02 00:00", "03-02 06:00", "03-02 12:00", "03-02 18:00", "03-03 00:00"}},
		{100 * 24 * time.Hour, time.UTC, nil},
	} {
		var line report.Timeline
		line.Finished(began)
		line.Finished(began.Add(c.length))
		got := line.Ticks(c.zone)
		if len(got) > 9 || len(got) < 2 {
			t.Errorf("%s: %d ticks", c.length, len(got))
		}
		if c.want != nil && !slices.Equal(got, c.want) {
			t.Errorf("%s: ticks %q, want %q", c.length, got, c.want)
		}
	}
}

func TestSpanAndSize(t *testing.T) {
	for in, want := range map[time.Duration]string{
		0: "0s", 100 * time.Millisecond: "0.1s", 4 * time.Second: "4s", 61 * time.Second: "1m 01s", 3 * time.Hour: "3h 00m", 51 * time.Hour: "2d 3h",
	} {
		if got := report.Span(in); got != want {
			t.Errorf("%s became %q, want %q", in, got, want)
		}
	}
	for in, want := range map[int64]string{0: "0 bytes", 9999: "9,999 bytes", 10_000: "10 kB", 123_456_789: "123 MB"} {
		if got := report.Size(in); got != want {
			t.Errorf("%d became %q, want %q", in, got, want)
		}
	}
}

func TestTame(t *testing.T) {
	const ok = `<?xml version="1.0"?><!-- x --><svg width="9pt" viewBox="0 0 9 9" xmlns="http://www.w3.org/2000/svg"><g transform="scale(1, -1)">` +
		`<path d="M0,0L1,1Z" style="fill:none;stroke:#030000;stroke-width:1.5" /><text x="1" y="2" style="font-family:X;font-size:11px;fill:#010000">5 &lt; 6</text></g></svg>`
	const want = `<svg class="chart" role="img" aria-label="a drawing" viewBox="0 0 9 9"><g transform="scale(1, -1)">` +
		`<path d="M0,0L1,1Z" fill="none" stroke-width="1.5" class="stroke-main"></path><text x="1" y="2" font-size="11px" class="fill-text">5 &lt; 6</text></g></svg>`
	if got, err := report.Tame(ok); err != nil || got != want {
		t.Errorf("%v, %s\nwant %s", err, got, want)
	}
	for _, bad := range []string{
		`<svg><script>x</script></svg>`, `<svg><a href="x"/></svg>`, `<svg><image/></svg>`, `<svg><path d="&quot;"/></svg>`,
		`<svg><path style="fill:#ff0000"/></svg>`, `<svg><path style="stroke-width:url(x)&quot;"/></svg>`, `<svg><path></svg>`,
	} {
		if got, err := report.Tame(bad); err == nil {
			t.Errorf("%s was let through as %s", bad, got)
		}
	}
	if got, err := report.Tame(`<svg onload="x" xmlns:q="y"><path onclick="x" id="z" d="M0"/></svg>`); err != nil || strings.Contains(got, "on") || strings.Contains(got, "id=") {
		t.Errorf("%v, %s", err, got)
	}
}
