package cli_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zlock/cli"
	"zlock/zoho/sim"
)

const (
	benchRows  = 2000
	benchCalls = 20
)

// benchOrg is a pretend Zoho on a loopback port with benchRows leads, and the environment that leads there.
func benchOrg(b *testing.B, latency time.Duration) (environ []string) {
	b.Helper()
	c := sim.Config{
		Seed: 1, LogLimit: 1, Tokens: sim.TokenConfig{AccessToken: "1000.bench"},
		Records: func(yield func(sim.Record) bool) {
			for i := range benchRows {
				if !yield(sim.Record{Module: "Leads", ID: benchID(i)}) {
					return
				}
			}
		},
	}
	if latency > 0 {
		c.Latency = func() time.Duration { return latency }
	}
	org, err := sim.New(c)
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(http.Handler(org))
	b.Cleanup(server.Close)
	dir := b.TempDir()
	return []string{"HOME=" + dir, "ZLOCK_STATE_DIR=" + dir, "ZLOCK_API_URL=" + server.URL, "ZLOCK_ACCESS_TOKEN=1000.bench"}
}

func benchID(i int) string { return fmt.Sprint(5843104000000000001 + 7*i) }

// benchJob writes a job file that locks all of them.
func benchJob(b *testing.B) string {
	b.Helper()
	var text strings.Builder
	text.WriteString("record_id,module,action,reason\n")
	for i := range benchRows {
		fmt.Fprintf(&text, "%s,Leads,lock,Quarter closed\n", benchID(i))
	}
	path := filepath.Join(b.TempDir(), "job.csv")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}

func benchCommand(b *testing.B, environ []string, args ...string) {
	b.Helper()
	var out, said safeBuffer
	w := cli.World{In: strings.NewReader(""), Out: &out, Err: &said, Dir: b.TempDir(), Environ: environ}
	if code := cli.Main(context.Background(), args, w); code != 0 {
		b.Fatalf("%v: exit code %d\n%s", args, code, said.String())
	}
}

func benchRunArgs(job string) []string {
	return []string{"run", job, "--edition", "ultimate", "--concurrency", fmt.Sprint(benchCalls), "--precheck", "never", "--composite", "off", "--no-progress"}
}

// BenchmarkRun carries a job file out from its reading to its last durable outcome, with 20 calls in
// flight; the pretend Zoho works in the same process. One operation is 2,000 rows.
func BenchmarkRun(b *testing.B) {
	for _, latency := range []time.Duration{0, 50 * time.Millisecond} {
		b.Run("latency="+latency.String(), func(b *testing.B) {
			job := benchJob(b)
			for b.Loop() {
				b.StopTimer()
				environ := benchOrg(b, latency)
				b.StartTimer()
				benchCommand(b, environ, benchRunArgs(job)...)
			}
			rate := benchRows * float64(b.N) / b.Elapsed().Seconds()
			b.ReportMetric(rate, "rows/s")
			if latency > 0 {
				b.ReportMetric(rate*latency.Seconds()/benchCalls, "of-ceiling")
			}
		})
	}
}

// BenchmarkResults exports what became of a run's rows as CSV. One operation is 2,000 rows.
func BenchmarkResults(b *testing.B) {
	environ := benchOrg(b, 0)
	benchCommand(b, environ, benchRunArgs(benchJob(b))...)
	for b.Loop() {
		benchCommand(b, environ, "results")
	}
	b.ReportMetric(benchRows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
