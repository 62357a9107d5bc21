package zoho

import (
	"context"
	"net/http/httptrace"
	"sync"
	"time"
)

// wire counts what one call puts on the wire. A transport may send a GET a second time by itself when a
// connection that was kept open dies; that costs a second credit, so its calls are not the measure.
type wire struct {
	mu       sync.Mutex
	conns    int // attempts that got a connection, from where on anything may have left
	headers  int // attempts whose headers were written
	requests int // attempts whose writing ended, well or not
	first    time.Time
	last     time.Time
}

func (w *wire) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:      func(httptrace.GotConnInfo) { w.count(&w.conns) },
		WroteHeaders: func() { w.count(&w.headers) },
		WroteRequest: func(httptrace.WroteRequestInfo) { w.count(&w.requests) },
	})
}

func (w *wire) count(n *int) {
	now := time.Now().Round(0)
	w.mu.Lock()
	defer w.mu.Unlock()
	*n++
	w.last = now
	if w.first.IsZero() {
		w.first = now
	}
}

// end returns how many requests may have left, when the first did and when the last did. A connection
// that was had without a sign of writing counts as a request that left only now: the writer may have
// been overtaken by the call's end.
func (w *wire) end() (sent int, first, last time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	sent = max(w.conns, w.headers, w.requests)
	if w.conns > max(w.headers, w.requests) {
		w.last = time.Now().Round(0)
	}
	return sent, w.first, w.last
}
