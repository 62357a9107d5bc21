package zoho_test

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"zlock/zoho"
)

func TestMeterBooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, farEnd(func(*http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			return reply(200, `{"data":[]}`), nil
		}))
		var m zoho.Meter
		began := time.Now().Round(0)
		for range 3 {
			if _, err := client.Metered(&m).ListLocks(t.Context(), lead); err != nil {
				t.Fatal(err)
			}
		}
		want := zoho.Meter{Calls: 3, Credits: 3, FirstSent: began, LastSent: began.Add(2 * time.Second), LastStatus: 200}
		if m != want {
			t.Errorf("got %+v, want %+v", m, want)
		}
	})
}

// TestSilentRepeatIsCounted: a transport sends a GET again by itself when a kept connection dies under it.
func TestSilentRepeatIsCounted(t *testing.T) {
	eachWay(t, testSilentRepeatIsCounted)
}

func testSilentRepeatIsCounted(t *testing.T, way http.RoundTripper) {
	var calls, deaths atomic.Int32
	var known sync.Map // connections that have served a call
	limiter := zoho.NewLimiter(zoho.LimiterConfig{Cap: 2})
	client := serve(t, zoho.Config{Limiter: limiter, Transport: way}, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		if _, kept := known.LoadOrStore(r.RemoteAddr, true); kept && deaths.CompareAndSwap(0, 1) {
			panic(http.ErrAbortHandler) // Zoho has acted; the connection dies
		}
		w.WriteHeader(http.StatusNoContent)
	})
	var m zoho.Meter
	made := 0
	for ; made < 100 && deaths.Load() == 0; made++ {
		if _, err := client.Metered(&m).ListLocks(t.Context(), lead); err != nil {
			t.Fatal(err)
		}
	}
	want := made + 1
	if deaths.Load() != 1 || m.Calls != want || m.Credits != want || int(calls.Load()) != want || limiter.Snapshot().Credits != want {
		t.Errorf("%d calls made, %d connections died: booked %+v, limiter %d, server saw %d; want %d",
			made, deaths.Load(), m, limiter.Snapshot().Credits, calls.Load(), want)
	}
}

// TestWritesAreNeverRepeated: after the same death a change is left open and not sent again.
func TestWritesAreNeverRepeated(t *testing.T) {
	eachWay(t, testWritesAreNeverRepeated)
}

func testWritesAreNeverRepeated(t *testing.T, way http.RoundTripper) {
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		t.Run(method, func(t *testing.T) {
			var writes atomic.Int32
			client := serve(t, zoho.Config{Transport: way}, func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodGet {
					writes.Add(1)
					panic(http.ErrAbortHandler)
				}
				w.WriteHeader(http.StatusNoContent)
			})
			if err := call(t, client, "GET", onList); err != nil { // leaves a connection open
				t.Fatal(err)
			}
			e := asError(t, call(t, client, method, onOne))
			if e.Kind != zoho.NoAnswer || e.Phase != zoho.PhaseOpen || writes.Load() != 1 {
				t.Errorf("got %v, %v after %d sends", e.Kind, e.Phase, writes.Load())
			}
		})
	}
}

func TestNothingWritten(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := "http://" + listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	limiter := zoho.NewLimiter(zoho.LimiterConfig{Cap: 1})
	var m zoho.Meter
	client := newClientWith(t, zoho.Config{API: closed, Limiter: limiter}).Metered(&m)
	e := asError(t, call(t, client, "POST", onList))
	if e.Kind != zoho.NotSent || e.Phase != zoho.PhaseNotSent || m.Calls != 0 || limiter.Snapshot().Credits != 0 {
		t.Errorf("got %v, %v, %d calls, %d credits", e.Kind, e.Phase, m.Calls, limiter.Snapshot().Credits)
	}
}

func TestCertificateOfAnother(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(server.Close)
	e := asError(t, call(t, newClientWith(t, zoho.Config{API: server.URL}), "POST", onList))
	var unknown x509.UnknownAuthorityError
	if e.Kind != zoho.NotSent || !errors.As(e, &unknown) || !strings.Contains(e.Hint, "certificate") {
		t.Errorf("got %v: %v, hint %q", e.Kind, e, e.Hint)
	}
}

func TestNameNotFound(t *testing.T) {
	end := unreachable{&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "www.zohoapis.com", IsNotFound: true}}}
	e := asError(t, call(t, newClient(t, end), "DELETE", onOne))
	if e.Kind != zoho.NotSent || e.Phase != zoho.PhaseNotSent || !strings.Contains(e.Hint, "name of the host") {
		t.Errorf("got %v, %v, hint %q", e.Kind, e.Phase, e.Hint)
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	eachWay(t, testRedirectIsNotFollowed)
}

func testRedirectIsNotFollowed(t *testing.T, way http.RoundTripper) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			t.Errorf("%d was followed", status)
		}))
		client := serve(t, zoho.Config{Transport: way}, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, status)
		})
		if e := asError(t, call(t, client, "POST", onList)); e.Kind != zoho.Redirected || e.Status != status || !strings.HasSuffix(elsewhere.URL, strings.TrimPrefix(e.Message, "the answer is a redirect to ")) {
			t.Errorf("%d: got %v", status, e)
		}
		elsewhere.Close()
	}
}

func TestBodiesThatCannotBeBelieved(t *testing.T) {
	eachWay(t, testBodiesThatCannotBeBelieved)
}

func testBodiesThatCannotBeBelieved(t *testing.T, way http.RoundTripper) {
	bomb := func(w http.ResponseWriter) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		zeros := make([]byte, 1<<20)
		for range 16 {
			if _, err := z.Write(zeros); err != nil {
				return
			}
		}
		_ = z.Close()
	}
	tests := []struct {
		name  string
		write func(http.ResponseWriter)
	}{
		{"cut", func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "500")
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"data":[`)
		}},
		{"cut refusal", func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "500")
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"code":"NOT_`)
		}},
		{"page", func(w http.ResponseWriter) { _, _ = io.WriteString(w, `<html>sign in to the hotel</html>`) }},
		{"huge", func(w http.ResponseWriter) {
			_, _ = io.WriteString(w, `{"x":"`+strings.Repeat("x", 2<<20)+`"}`)
		}},
		{"bomb", bomb},
		{"deep", func(w http.ResponseWriter) { _, _ = io.WriteString(w, strings.Repeat("[", 100_000)) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client := serve(t, zoho.Config{Transport: way}, func(w http.ResponseWriter, r *http.Request) { tt.write(w) })
			if e := asError(t, call(t, client, "POST", onList)); e.Kind != zoho.BadAnswer || e.Phase != zoho.PhaseOpen {
				t.Errorf("got %v, %v: %v", e.Kind, e.Phase, e)
			}
		})
	}
}

func TestConnectionsAreKept(t *testing.T) {
	eachWay(t, testConnectionsAreKept)
}

func testConnectionsAreKept(t *testing.T, way http.RoundTripper) {
	var mu sync.Mutex
	seen := map[string]int{}
	client := serve(t, zoho.Config{Transport: way}, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		seen[r.RemoteAddr]++
		mu.Unlock()
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"code":"NO_PERMISSION","status":"error","message":"`+strings.Repeat("no ", 10_000)+`"}`)
	})
	for range 20 {
		_ = call(t, client, "POST", onList)
	}
	if len(seen) > 10 { // a connection goes back a moment after its answer was read: now and then a call is faster
		t.Errorf("%d connections for 20 calls in a row", len(seen))
	}
}

func TestCallEndsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, farEnd(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}))
		began := time.Now()
		e := asError(t, call(t, client, "POST", onList))
		if took := time.Since(began); took != 30*time.Second {
			t.Errorf("took %v", took)
		}
		if e.Kind != zoho.NoAnswer || e.Phase != zoho.PhaseOpen || !strings.Contains(e.Error(), "no whole answer within 30s") {
			t.Errorf("got %v, %v: %v", e.Kind, e.Phase, e)
		}
	})
}

func TestCallerCutsCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		client := newClient(t, farEnd(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}))
		_, err := client.CreateLock(ctx, lead, "x")
		if e := asError(t, err); e.Phase != zoho.PhaseOpen || !errors.Is(e, context.DeadlineExceeded) {
			t.Errorf("got %v: %v", e.Phase, e)
		}
		_, err = client.CreateLock(ctx, lead, "x")
		if e := asError(t, err); e.Phase != zoho.PhaseNotSent || e.Kind != zoho.NotSent {
			t.Errorf("a call that was cut before it began: got %v, %v", e.Kind, e.Phase)
		}
	})
}

// TestCutWhileWriting: a connection was had and nothing is known of the writing. It may have left.
func TestCutWhileWriting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter := zoho.NewLimiter(zoho.LimiterConfig{Cap: 1})
		var m zoho.Meter
		client := newClientWith(t, zoho.Config{Limiter: limiter, Transport: halfway{}}).Metered(&m)
		e := asError(t, call(t, client, "POST", onList))
		if e.Kind != zoho.NoAnswer || e.Phase != zoho.PhaseOpen || m.Calls != 1 || limiter.Snapshot().Credits != 1 {
			t.Errorf("got %v, %v, %d calls, %d credits", e.Kind, e.Phase, m.Calls, limiter.Snapshot().Credits)
		}
		if m.LastSent.Sub(m.FirstSent) != time.Second {
			t.Errorf("sent from %v to %v: the last moment is when the call ended", m.FirstSent, m.LastSent)
		}
	})
}

// halfway is a far end that breaks off between the connection and the sign of having written.
type halfway struct{}

func (halfway) RoundTrip(r *http.Request) (*http.Response, error) {
	httptrace.ContextClientTrace(r.Context()).GotConn(httptrace.GotConnInfo{})
	time.Sleep(time.Second)
	return nil, io.ErrUnexpectedEOF
}

func TestTransport(t *testing.T) {
	tr := zoho.NewTransport(25)
	if tr.MaxIdleConnsPerHost != 25 || tr.TLSClientConfig.MinVersion != tls.VersionTLS12 || tr.MaxResponseHeaderBytes != 64<<10 ||
		tr.TLSHandshakeTimeout != 5*time.Second || tr.ResponseHeaderTimeout != 20*time.Second {
		t.Errorf("got %+v", tr)
	}
	if tr.Protocols.HTTP2() || !tr.Protocols.HTTP1() {
		t.Errorf("got protocols %v", tr.Protocols)
	}
	if tr := zoho.NewTransport(0); tr.MaxIdleConnsPerHost != 1 {
		t.Errorf("got %d idle connections", tr.MaxIdleConnsPerHost)
	}
}
