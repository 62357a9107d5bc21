package checkpoint_test

import (
	"context"
	"testing"
	"time"

	"zlock/batch"
	"zlock/checkpoint"
	"zlock/zoho"
	"zlock/zoho/sim"
)

// slowDisk is a session whose every commit takes longer, as on a disk that is slow to sync.
type slowDisk struct {
	*checkpoint.Session
	by time.Duration
}

func (s slowDisk) Commit(ctx context.Context, c batch.Changes) ([]batch.Row, error) {
	time.Sleep(s.by)
	return s.Session.Commit(ctx, c)
}

// BenchmarkCycle works rows with 20 calls in flight of 50 ms, in the same process, over disks that take
// so much longer to sync. One operation is 1,000 rows; of-ceiling is the share of 400 rows a second.
func BenchmarkCycle(b *testing.B) {
	const calls, latency, n = 20, 50 * time.Millisecond, 1000
	for _, by := range []time.Duration{0, time.Millisecond, 5 * time.Millisecond, 20 * time.Millisecond} {
		b.Run("sync+"+by.String(), func(b *testing.B) {
			rows := locks(n)
			for b.Loop() {
				b.StopTimer()
				d := fresh(b)
				enrol(b, d, aRun(runID), rows)
				session := begin(b, d, runID)
				client, limiter := clientOf(b, rows, calls, latency)
				b.StartTimer()
				runner := batch.NewRunner(slowDisk{session, by}, client, limiter, batch.Options{RunID: runID, Workers: calls})
				report, err := runner.Run(b.Context(), b.Context())
				if err != nil || report.StoppedBy != "" {
					b.Fatalf("stopped by %q: %v", report.StoppedBy, err)
				}
			}
			rate := n * float64(b.N) / b.Elapsed().Seconds()
			b.ReportMetric(rate, "rows/s")
			b.ReportMetric(rate*latency.Seconds()/calls, "of-ceiling")
		})
	}
}

// clientOf reaches a pretend Zoho in this process that holds the rows' records.
func clientOf(b *testing.B, rows []batch.Row, calls int, latency time.Duration) (*zoho.Client, *zoho.Limiter) {
	b.Helper()
	org, err := sim.New(sim.Config{
		Seed: 1, LogLimit: 1, Latency: func() time.Duration { return latency }, Tokens: sim.TokenConfig{AccessToken: "1000.bench"},
		Records: func(yield func(sim.Record) bool) {
			for _, row := range rows {
				if !yield(sim.Record{Module: row.Module, ID: row.RecordID}) {
					return
				}
			}
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = org.Close() })
	tokens, err := zoho.NewTokens(zoho.TokenConfig{AccessToken: zoho.NewSecret("1000.bench")})
	if err != nil {
		b.Fatal(err)
	}
	limiter := zoho.NewLimiter(zoho.LimiterConfig{Cap: calls})
	client, err := zoho.New(zoho.Config{API: "https://www.zohoapis.com", Tokens: tokens, Limiter: limiter, Transport: org.Transport()})
	if err != nil {
		b.Fatal(err)
	}
	return client, limiter
}
