package zoho_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"zlock/zoho"
)

// BenchmarkCall locks records over loopback, with 20 calls in flight for each processor: token, limiter,
// connection, answer. One operation is a call; the far end says the same always.
func BenchmarkCall(b *testing.B) {
	answer := []byte(`{"data":[{"code":"SUCCESS","details":{"Created_By":{"name":"Ann","id":"5843104000000000009"},` +
		`"Created_Time":"2026-03-01T12:00:00+00:00","id":"` + lockID + `"},"message":"record locked","status":"success"}]}`)
	var connections atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json;charset=utf-8")
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write(answer)
	}))
	server.Config.ConnState = countNew(&connections)
	server.Start()
	b.Cleanup(server.Close)
	tokens, err := zoho.NewTokens(zoho.TokenConfig{AccessToken: zoho.NewSecret("1000.access")})
	if err != nil {
		b.Fatal(err)
	}
	client, err := zoho.New(zoho.Config{API: server.URL, Tokens: tokens, Limiter: zoho.Widen(zoho.NewLimiter(zoho.LimiterConfig{Cap: 1000}))})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetParallelism(20)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := client.CreateLock(b.Context(), lead, "Quarter closed"); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
	b.ReportMetric(float64(connections.Load()), "connections")
}

// countNew counts the connections that a server is opened.
func countNew(n *atomic.Int64) func(net.Conn, http.ConnState) {
	return func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			n.Add(1)
		}
	}
}
