//go:build unix

package zoho_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zlock/zoho"
)

// TestDirectEndedBeforeItLeft: a call whose context ended while it connected does not leave, and does not
// count as one that may have.
func TestDirectEndedBeforeItLeft(t *testing.T) {
	enough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	heard := make(chan string, 1)
	direct := zoho.NewDirectOver(func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			text, _ := io.ReadAll(theirs)
			heard <- string(text)
		}()
		cancel(enough)
		return ours, nil
	})
	var s sends
	_, _, _, err := ask(s.watch(ctx), direct, "POST", "http://localhost/", "x")
	if text := <-heard; text != "" || !errors.Is(err, enough) || s.conns.Load() != 0 || s.requests.Load() != 0 {
		t.Errorf("%q left, counted %d and %d, %v", text, s.conns.Load(), s.requests.Load(), err)
	}
}

// TestDirectAndAClockSetBack: how long a connection has waited is not known then, so it is let go of.
func TestDirectAndAClockSetBack(t *testing.T) {
	t.Run("next call", func(t *testing.T) {
		f := farSocket(t, false, func(conn net.Conn, r *bufio.Reader, _ int) {
			for {
				if _, ok := hear(r); !ok {
					return
				}
				say(conn, plenty)
			}
		})
		for range 2 {
			if _, text, _, err := ask(t.Context(), f.direct, "POST", f.address+"/", "x"); err != nil || text != "ok" {
				t.Fatalf("got %q, %v", text, err)
			}
			f.direct.SetClockBack(time.Hour)
		}
		if f.conns.Load() != 2 {
			t.Errorf("%d connections", f.conns.Load())
		}
	})
	t.Run("none", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			direct := piped(func(conn net.Conn, r *bufio.Reader) {
				for {
					if _, ok := hear(r); !ok {
						return
					}
					say(conn, plenty)
				}
			})
			for range 2 { // the first leaves its timer with the second
				if _, _, _, err := ask(t.Context(), direct, "POST", "http://localhost/", "x"); err != nil {
					t.Fatal(err)
				}
				direct.SetClockBack(time.Hour)
			}
			time.Sleep(time.Minute) // of the bubble
			if direct.Idle() != 0 {
				t.Errorf("%d are kept", direct.Idle())
			}
			direct.CloseIdleConnections()
		})
	})
}

// bare is a transport that says little, as those of tests do.
type bare func(*http.Request) (*http.Response, error)

func (b bare) RoundTrip(r *http.Request) (*http.Response, error) { return b(r) }

// TestTransportThatSaysNothing: an answer without a body, or none at all, of somebody's transport ends the
// call, not the program. net/http's client took both.
func TestTransportThatSaysNothing(t *testing.T) {
	for name, answer := range map[string]*http.Response{
		"no answer": nil,
		"no body":   {StatusCode: http.StatusForbidden, Header: http.Header{}},
	} {
		t.Run(name, func(t *testing.T) {
			client := newClientWith(t, zoho.Config{API: "http://localhost:1", Transport: bare(func(*http.Request) (*http.Response, error) {
				return answer, nil
			})})
			_, err := client.ListLocks(t.Context(), zoho.Record{Module: "Leads", ID: "111111000000001001"})
			var e *zoho.Error
			if !errors.As(err, &e) || strings.Contains(err.Error(), "panic") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// halting writes the beginning of what it is given while it holds, and the rest when it is let go.
type halting struct {
	net.Conn
	hold bool
	rest []byte
}

func (h *halting) Write(p []byte) (int, error) {
	if !h.hold {
		return h.Conn.Write(p)
	}
	n, err := h.Conn.Write(p[:3])
	h.rest = append(h.rest, p[n:]...)
	return len(p), err
}

func (h *halting) letGo() {
	h.hold = false
	_, _ = h.Conn.Write(h.rest)
}

// TestDirectLooksAmidARecord: a look that meets the beginning of a TLS record, of which the rest is still
// under way, leaves TLS able to go on with it.
func TestDirectLooksAmidARecord(t *testing.T) {
	certificate, pool := certified(t, "127.0.0.1", time.Now().Add(time.Hour))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	halfway := make(chan struct{})
	go func() {
		raw, err := listener.Accept()
		if err != nil {
			return
		}
		h := &halting{Conn: raw}
		conn := tls.Server(h, &tls.Config{Certificates: []tls.Certificate{certificate}})
		defer conn.Close()
		r := bufio.NewReader(conn)
		_, _ = hear(r)
		say(conn, plenty)
		h.hold = true
		say(conn, plenty)
		close(halfway)
		if _, ok := hear(r); ok {
			h.letGo()
		}
		hold(r)
	}()
	direct := zoho.NewDirect(zoho.TransportConfig{RootCAs: pool})
	defer direct.CloseIdleConnections()
	for range 2 {
		var s sends
		_, text, _, err := ask(s.watch(t.Context()), direct, "POST", "https://"+listener.Addr().String(), "x")
		if err != nil || text != "ok" || s.conns.Load() != 1 {
			t.Fatalf("got %q, %v", text, err)
		}
		<-halfway
	}
}
