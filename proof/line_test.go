package proof_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// line is the way to the far end. It counts the calls that are under way as the caller sees it: from the
// request's leaving until its answer is read or given up. The far end may be at it for longer.
type line struct {
	to http.RoundTripper

	mu        sync.Mutex
	now, most int
	changes   []time.Time // when calls left that may change something
}

// RoundTrip passes the request on.
func (l *line) RoundTrip(r *http.Request) (*http.Response, error) {
	l.count(1)
	if r.Method != http.MethodGet && strings.HasPrefix(r.URL.Path, "/crm/") {
		l.left()
	}
	resp, err := l.to.RoundTrip(r)
	if err != nil {
		l.count(-1)
		return nil, err
	}
	resp.Body = &lineBody{ReadCloser: resp.Body, end: sync.OnceFunc(func() { l.count(-1) })}
	return resp, nil
}

func (l *line) count(by int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now += by
	l.most = max(l.most, l.now)
}

func (l *line) left() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changes = append(l.changes, time.Now())
}

// sent is when calls left that may change something.
func (l *line) sent() []time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.changes)
}

// mostAtOnce is how many calls were under way at once, at most.
func (l *line) mostAtOnce() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.most
}

// lineBody ends its call when it is read to its end or closed.
type lineBody struct {
	io.ReadCloser
	end func()
}

func (b *lineBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.end()
	}
	return n, err
}

func (b *lineBody) Close() error {
	defer b.end()
	return b.ReadCloser.Close()
}
