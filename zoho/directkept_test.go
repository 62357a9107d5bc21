//go:build unix

package zoho_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"zlock/zoho"
)

// serveAll answers whatever comes on a connection.
func serveAll(conn net.Conn, r *bufio.Reader, _ int) {
	for {
		if _, ok := hear(r); !ok {
			return
		}
		say(conn, plenty)
	}
}

// atOnce makes so many calls that are all under way before the first is answered, by answers that wait for
// one another.
func atOnce(t *testing.T, n int, direct *zoho.Direct, address string) {
	t.Helper()
	var calls sync.WaitGroup
	for range n {
		calls.Go(func() {
			if _, text, _, err := ask(t.Context(), direct, "POST", address+"/", "x"); err != nil || text != "ok" {
				t.Errorf("got %q, %v", text, err)
			}
		})
	}
	calls.Wait()
}

// TestDirectKeepsOneMore: of many connections, as many are kept as calls may be under way at once, and one.
func TestDirectKeepsOneMore(t *testing.T) {
	const calls = 6
	for atMost, want := range map[int]int{0: 2, 1: 2, 3: 4} {
		t.Run(fmt.Sprintf("%d at once", atMost), func(t *testing.T) {
			var all sync.WaitGroup
			all.Add(calls)
			f := farSocket(t, false, func(conn net.Conn, r *bufio.Reader, _ int) {
				if _, ok := hear(r); ok {
					all.Done()
					all.Wait()
					say(conn, plenty)
				}
				hold(r)
			})
			direct := zoho.NewDirect(zoho.TransportConfig{Concurrency: atMost})
			defer direct.CloseIdleConnections()
			atOnce(t, calls, direct, f.address)
			if direct.Idle() != want {
				t.Errorf("%d are kept, want %d", direct.Idle(), want)
			}
		})
	}
}

// TestDirectKeepsOneForEachHost: a connection to one host that is taken leaves the one to another there.
func TestDirectKeepsOneForEachHost(t *testing.T) {
	one, other := farSocket(t, false, serveAll), farSocket(t, false, serveAll)
	defer one.direct.CloseIdleConnections() // the one to the other too, before that is waited for
	for range 3 {
		for _, address := range []string{one.address, other.address} {
			if _, text, _, err := ask(t.Context(), one.direct, "POST", address+"/", "x"); err != nil || text != "ok" {
				t.Fatalf("got %q, %v", text, err)
			}
		}
	}
	if one.conns.Load() != 1 || other.conns.Load() != 1 || one.direct.Idle() != 2 {
		t.Errorf("%d and %d connections, %d kept", one.conns.Load(), other.conns.Load(), one.direct.Idle())
	}
}

// TestDirectEndedBeforeItBegan: a call whose context has ended already costs no connection.
func TestDirectEndedBeforeItBegan(t *testing.T) {
	f := farSocket(t, false, serveAll)
	if _, _, _, err := ask(t.Context(), f.direct, "POST", f.address+"/", "x"); err != nil {
		t.Fatal(err)
	}
	enough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(enough)
	if _, _, _, err := ask(ctx, f.direct, "POST", f.address+"/", "x"); !errors.Is(err, enough) {
		t.Errorf("got %v", err)
	}
	if f.direct.Idle() != 1 {
		t.Errorf("%d are kept, want the one that nobody used", f.direct.Idle())
	}
}

// TestDirectRepeatsOverANewConnection: a read whose kept connection died is not tried on another that was
// kept, which may have died with it.
func TestDirectRepeatsOverANewConnection(t *testing.T) {
	var both sync.WaitGroup
	both.Add(2)
	f := farSocket(t, false, func(conn net.Conn, r *bufio.Reader, nth int) {
		if _, ok := hear(r); !ok {
			return
		}
		if nth <= 2 {
			both.Done()
			both.Wait()
		}
		say(conn, plenty)
		if _, ok := hear(r); ok && nth > 2 {
			say(conn, plenty)
		}
	})
	atOnce(t, 2, f.direct, f.address)
	var s sends
	if _, text, _, err := ask(s.watch(t.Context()), f.direct, "GET", f.address+"/", ""); err != nil || text != "ok" {
		t.Errorf("got %q, %v", text, err)
	}
	if s.conns.Load() != 2 || s.reused.Load() != 1 || f.conns.Load() != 3 {
		t.Errorf("counted %d, of them %d kept; %d connections", s.conns.Load(), s.reused.Load(), f.conns.Load())
	}
}

// stubborn is a connection that takes one request and no other.
type stubborn struct {
	*net.TCPConn
	took bool
}

// Write is net.Conn's.
func (c *stubborn) Write(p []byte) (int, error) {
	if c.took {
		return 0, errors.New("broken pipe")
	}
	c.took = true
	return c.TCPConn.Write(p)
}

// TestDirectCannotWrite: a kept connection that takes no more has died too. A read is made once more, a change
// may have left in part.
func TestDirectCannotWrite(t *testing.T) {
	for method, sent := range map[string]int32{"GET": 2, "POST": 1} {
		t.Run(method, func(t *testing.T) {
			f := farSocket(t, false, serveAll)
			direct := zoho.NewDirectOver(func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := new(net.Dialer).DialContext(ctx, network, address)
				if err != nil {
					return nil, err
				}
				return &stubborn{TCPConn: conn.(*net.TCPConn)}, nil
			})
			defer direct.CloseIdleConnections()
			if _, _, _, err := ask(t.Context(), direct, "POST", f.address+"/", "x"); err != nil {
				t.Fatal(err)
			}
			var s sends
			_, text, _, err := ask(s.watch(t.Context()), direct, method, f.address+"/", "")
			if (err == nil) != (sent == 2) || s.conns.Load() != sent || s.requests.Load() != sent {
				t.Errorf("got %q, %v; counted %d and %d, want %d", text, err, s.conns.Load(), s.requests.Load(), sent)
			}
		})
	}
}

// TestDirectReadPastTheEnd: the end of a body stays its end, and how it broke stays how it broke.
func TestDirectReadPastTheEnd(t *testing.T) {
	packed := zipped("hello")
	for name, answer := range map[string]string{
		"whole":      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		"compressed": fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(packed), packed),
		"cut":        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
	} {
		t.Run(name, func(t *testing.T) {
			f := farSocket(t, false, func(conn net.Conn, r *bufio.Reader, _ int) {
				_, _ = hear(r)
				say(conn, answer)
				if name != "cut" {
					hold(r)
				}
			})
			req, _ := http.NewRequestWithContext(t.Context(), "GET", f.address+"/", nil)
			resp, err := f.direct.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			text, broke := io.ReadAll(resp.Body)
			if string(text) != "hello" || (broke != nil) != (name == "cut") {
				t.Errorf("got %q, %v", text, broke)
			}
			if broke == nil {
				broke = io.EOF
			}
			var more [9]byte
			for range 2 {
				if n, err := resp.Body.Read(more[:]); n != 0 || !errors.Is(err, broke) {
					t.Errorf("after its end: %d bytes, %v, want %v", n, err, broke)
				}
			}
			if err := resp.Body.Close(); err != nil {
				t.Error(err)
			}
			if want := map[bool]int{true: 0, false: 1}[name == "cut"]; f.direct.Idle() != want {
				t.Errorf("%d are kept, want %d", f.direct.Idle(), want)
			}
		})
	}
}

// TestDirectUnwanted: a compressed answer that is closed unread takes its connection along.
func TestDirectUnwanted(t *testing.T) {
	f := farSocket(t, false, func(conn net.Conn, r *bufio.Reader, _ int) {
		_, _ = hear(r)
		say(conn, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 99\r\n\r\n")
		hold(r)
	})
	req, _ := http.NewRequestWithContext(t.Context(), "GET", f.address+"/", nil)
	resp, err := f.direct.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || f.direct.Idle() != 0 {
		t.Errorf("%v; %d are kept", err, f.direct.Idle())
	}
	if n, err := resp.Body.Read(make([]byte, 1)); n != 0 || err == nil || errors.Is(err, io.EOF) {
		t.Errorf("read after Close: %d bytes, %v", n, err)
	}
}

// TestDirectLetsGoAfterAll: what is kept after everything was closed is let go of after its time as well.
func TestDirectLetsGoAfterAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		direct := piped(func(conn net.Conn, r *bufio.Reader) { serveAll(conn, r, 1) })
		for range 2 {
			if _, _, _, err := ask(t.Context(), direct, "POST", "http://localhost/", "x"); err != nil {
				t.Fatal(err)
			}
			direct.CloseIdleConnections()
			time.Sleep(time.Second) // of the bubble
		}
		if _, _, _, err := ask(t.Context(), direct, "POST", "http://localhost/", "x"); err != nil || direct.Idle() != 1 {
			t.Fatalf("%v; %d are kept", err, direct.Idle())
		}
		time.Sleep(51 * time.Second)
		if direct.Idle() != 0 {
			t.Errorf("%d are kept", direct.Idle())
		}
		direct.CloseIdleConnections()
	})
}

// TestDirectDials: the host and port of an address, where it leaves them out those of its scheme.
func TestDirectDials(t *testing.T) {
	for address, want := range map[string]string{
		"http://localhost/x":         "localhost:80",
		"https://www.zohoapis.com/x": "www.zohoapis.com:443",
		"https://localhost:8443/x":   "localhost:8443",
		"http://[::1]:81/x":          "[::1]:81",
		"https://[::1]/x":            "[::1]:443",
	} {
		t.Run(address, func(t *testing.T) {
			enough := errors.New("enough")
			got := ""
			direct := zoho.NewDirectOver(func(_ context.Context, network, to string) (net.Conn, error) {
				got = network + " " + to
				return nil, enough
			})
			if _, _, _, err := ask(t.Context(), direct, "GET", address, ""); !errors.Is(err, enough) {
				t.Errorf("got %v", err)
			}
			if got != "tcp "+want {
				t.Errorf("dialled %q, want %q", got, "tcp "+want)
			}
		})
	}
}
