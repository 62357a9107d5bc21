//go:build unix

package zoho_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"zlock/zoho"
)

// piped returns a Direct over pipes, whose far ends act serves: time is a bubble's there.
func piped(act func(conn net.Conn, r *bufio.Reader)) *zoho.Direct {
	return zoho.NewDirectOver(func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			act(theirs, bufio.NewReader(theirs))
		}()
		return ours, nil
	})
}

// hold reads until the other end is closed.
func hold(r io.Reader) { _, _ = io.Copy(io.Discard, r) }

// TestDirectTimeLimits: each wait has an end, and a server that trickles does not move it.
func TestDirectTimeLimits(t *testing.T) {
	var timeout interface{ Timeout() bool }
	tests := []struct {
		name, address string
		act           func(conn net.Conn, r *bufio.Reader)
		took          time.Duration
		sent          int32
		said          string
	}{
		{"headers", "http://localhost/", func(_ net.Conn, r *bufio.Reader) { hold(r) }, 20 * time.Second, 1, "no answer within 20s"},
		{"half of the headers", "http://localhost/", func(conn net.Conn, r *bufio.Reader) {
			_, _ = hear(r)
			say(conn, "HTTP/1.1 200 OK\r\n")
			hold(r)
		}, 20 * time.Second, 1, "no answer within 20s"},
		{"hints for ever", "http://localhost/", func(conn net.Conn, r *bufio.Reader) {
			_, _ = hear(r)
			for err := error(nil); err == nil; {
				_, err = io.WriteString(conn, "HTTP/1.1 103 Early Hints\r\n\r\n")
				time.Sleep(time.Second)
			}
		}, 20 * time.Second, 1, "no answer within 20s"},
		{"TLS", "https://localhost/", func(_ net.Conn, r *bufio.Reader) { hold(r) }, 5 * time.Second, 0, "no TLS connection within 5s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var s sends
				began := time.Now()
				_, _, _, err := ask(s.watch(t.Context()), piped(tt.act), "GET", tt.address, "")
				if !errors.As(err, &timeout) || !timeout.Timeout() || err.Error() != tt.said || time.Since(began) != tt.took {
					t.Errorf("got %v after %v", err, time.Since(began))
				}
				if s.conns.Load() != tt.sent {
					t.Errorf("counted %d, want %d", s.conns.Load(), tt.sent)
				}
				time.Sleep(2 * time.Second) // of the bubble: the far end has seen it end
			})
		})
	}
}

// TestDirectIsCut: a context that ends cuts dialling, TLS, writing and reading at once, with its own cause.
func TestDirectIsCut(t *testing.T) {
	cause := errors.New("enough")
	silent := func(_ net.Conn, r *bufio.Reader) { hold(r) }
	tests := []struct {
		name, address string
		direct        func() *zoho.Direct
		sent          int32
		answered      bool
	}{
		{"dial", "http://localhost/", func() *zoho.Direct {
			return zoho.NewDirectOver(func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			})
		}, 0, false},
		{"TLS", "https://localhost/", func() *zoho.Direct { return piped(silent) }, 0, false},
		{"write", "http://localhost/", func() *zoho.Direct {
			return piped(func(_ net.Conn, r *bufio.Reader) {
				_, _ = r.ReadByte() // a pipe takes no more than is read
				time.Sleep(time.Minute)
			})
		}, 1, false},
		{"headers", "http://localhost/", func() *zoho.Direct { return piped(silent) }, 1, false},
		{"body", "http://localhost/", func() *zoho.Direct {
			return piped(func(conn net.Conn, r *bufio.Reader) {
				_, _ = hear(r)
				say(conn, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok")
				hold(r)
			})
		}, 1, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(3*time.Second, func() { cancel(cause) })
				var s sends
				direct, began := tt.direct(), time.Now()
				status, _, _, err := ask(s.watch(ctx), direct, "POST", tt.address, strings.Repeat("x", 60<<10))
				if !errors.Is(err, cause) || time.Since(began) != 3*time.Second || tt.answered != (status != 0) {
					t.Errorf("got %d, %v after %v", status, err, time.Since(began))
				}
				if s.conns.Load() != tt.sent || direct.Idle() != 0 {
					t.Errorf("counted %d, want %d; %d kept", s.conns.Load(), tt.sent, direct.Idle())
				}
				_, _, _, err = ask(s.watch(ctx), direct, "POST", tt.address, "x")
				if !errors.Is(err, cause) || s.conns.Load() != tt.sent {
					t.Errorf("after its end: got %v, %d connections", err, s.conns.Load())
				}
				time.Sleep(2 * time.Minute) // of the bubble: the far ends are through
			})
		})
	}
}

// TestDirectLetsGoOfIdleConnections: after 50 s, by itself.
func TestDirectLetsGoOfIdleConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var closed []time.Duration
		var mu sync.Mutex
		direct := piped(func(conn net.Conn, r *bufio.Reader) {
			for {
				if _, ok := hear(r); !ok {
					break
				}
				time.Sleep(time.Second)
				say(conn, plenty)
			}
			mu.Lock()
			closed = append(closed, time.Since(began))
			mu.Unlock()
		})
		var calls sync.WaitGroup
		for after := range 5 {
			calls.Go(func() {
				time.Sleep(time.Duration(after) * 250 * time.Millisecond)
				if _, _, _, err := ask(t.Context(), direct, "POST", "http://localhost/", "x"); err != nil {
					t.Error(err)
				}
			})
		}
		calls.Wait()
		if direct.Idle() != 3 { // one more than calls at once
			t.Errorf("%d are kept", direct.Idle())
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if direct.Idle() != 0 || len(closed) != 5 || closed[1] > 2*time.Second || closed[2] != 51500*time.Millisecond || closed[4] != 52*time.Second {
			t.Errorf("%d are kept, closed after %v", direct.Idle(), closed)
		}
	})
}

// TestDirectManyAtOnce: whatever is cut, closed or left unread beside it, an answer is to the call that asked.
func TestDirectManyAtOnce(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch rand.IntN(8) {
		case 0:
			panic(http.ErrAbortHandler)
		case 1:
			w.Header().Set("Connection", "close")
		case 2:
			w.WriteHeader(http.StatusForbidden)
		}
		_, _ = fmt.Fprintf(w, "%s %s %s %s", r.Method, r.URL.Path, body, strings.Repeat("x", rand.IntN(9000)))
	}))
	var open atomic.Int64
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed:
			open.Add(-1)
		}
	}
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // of handshakes that were cut
	server.StartTLS()
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	direct := zoho.NewDirect(zoho.TransportConfig{Concurrency: 6, RootCAs: pool})
	var calls sync.WaitGroup
	var whole atomic.Int64
	for n := range 12 {
		calls.Go(func() {
			for i := range 40 {
				ctx, cancel := context.WithCancel(t.Context())
				if i%5 == 4 {
					time.AfterFunc(time.Duration(rand.IntN(2000))*time.Microsecond, cancel)
				}
				path := fmt.Sprintf("/%d/%d", n, i)
				_, text, _, err := ask(ctx, direct, "POST", server.URL+path, "body of "+path)
				if want := "POST " + path + " body of " + path + " "; err == nil {
					whole.Add(1)
					if !strings.HasPrefix(text, want) {
						t.Errorf("got %.60q, want %q", text, want)
					}
				}
				cancel()
			}
		})
	}
	calls.Wait()
	if whole.Load() < 100 || direct.Idle() > 7 {
		t.Errorf("%d whole answers, %d connections kept", whole.Load(), direct.Idle())
	}
	direct.CloseIdleConnections()
	if direct.Idle() != 0 {
		t.Errorf("%d connections kept after all were let go", direct.Idle())
	}
	server.Close() // waits for every connection
	if open.Load() != 0 {
		t.Errorf("%d connections are left", open.Load())
	}
}

// TestDirectChecksAddresses: the dialer is that of NewTransportFor.
func TestDirectChecksAddresses(t *testing.T) {
	direct := zoho.NewDirect(zoho.TransportConfig{Resolver: pointing("10.0.0.7")})
	_, _, _, err := ask(t.Context(), direct, "GET", "https://www.zohoapis.com/", "")
	var refused *zoho.AddressError
	if !errors.As(err, &refused) || refused.Host != "www.zohoapis.com" || refused.Address != "10.0.0.7" {
		t.Errorf("got %v", err)
	}
}

// TestDirectSpeaksHTTP1: no other protocol is offered, even to a server that would rather.
func TestDirectSpeaksHTTP1(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { say(w, r.Proto) }))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	direct := zoho.NewDirect(zoho.TransportConfig{RootCAs: pool})
	defer direct.CloseIdleConnections()
	req, _ := http.NewRequestWithContext(t.Context(), "GET", server.URL, nil)
	resp, err := direct.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, err := io.ReadAll(resp.Body); string(text) != "HTTP/1.1" || err != nil || resp.TLS == nil || resp.TLS.Version < tls.VersionTLS12 {
		t.Errorf("got %q, %v, TLS %+v", text, err, resp.TLS)
	}
}
