//go:build unix

package zoho_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"zlock/zoho"
)

// farServer is a server that does on each connection what a test says, byte by byte.
type farServer struct {
	address string
	conns   atomic.Int32
	direct  *zoho.Direct
}

// farSocket starts one on loopback, over TLS where secure. The connection is closed when act returns.
func farSocket(t testing.TB, secure bool, act func(conn net.Conn, r *bufio.Reader, nth int)) *farServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &farServer{address: "http://" + listener.Addr().String()}
	config := zoho.TransportConfig{Concurrency: 2}
	if secure {
		certificate, pool := certified(t, "127.0.0.1", time.Now().Add(time.Hour))
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{certificate}})
		f.address, config.RootCAs = "https"+strings.TrimPrefix(f.address, "http"), pool
	}
	f.direct = zoho.NewDirect(config)
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			nth := int(f.conns.Add(1))
			serving.Go(func() {
				defer conn.Close()
				act(conn, bufio.NewReader(conn), nth)
			})
		}
	})
	t.Cleanup(func() {
		f.direct.CloseIdleConnections()
		_ = listener.Close()
		serving.Wait() // a connection that nobody closes would hold this up
	})
	return f
}

// hear reads one request with its body.
func hear(r *bufio.Reader) (*http.Request, bool) {
	req, err := http.ReadRequest(r)
	if err != nil {
		return nil, false
	}
	body, err := io.ReadAll(req.Body)
	req.Body = io.NopCloser(bytes.NewReader(body))
	return req, err == nil
}

// say writes without asking what becomes of it.
func say(w io.Writer, text string) { _, _ = io.WriteString(w, text) }

// sends counts what a trace is told.
type sends struct{ conns, reused, headers, requests, bytes atomic.Int32 }

func (s *sends) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(i httptrace.GotConnInfo) {
			s.conns.Add(1)
			if i.Reused {
				s.reused.Add(1)
			}
		},
		WroteHeaders:         func() { s.headers.Add(1) },
		WroteRequest:         func(httptrace.WroteRequestInfo) { s.requests.Add(1) },
		GotFirstResponseByte: func() { s.bytes.Add(1) },
	})
}

// ask makes one call and reads the answer to its end.
func ask(ctx context.Context, way http.RoundTripper, method, address, body string) (status int, text string, header http.Header, err error) {
	var from io.Reader
	if body != "" {
		from = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, address, from)
	if err != nil {
		return 0, "", nil, err
	}
	req.GetBody = nil
	resp, err := way.RoundTrip(req)
	if err != nil {
		return 0, "", nil, err
	}
	defer resp.Body.Close()
	whole, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(whole), resp.Header, err
}

const plenty = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

func zipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, text)
	_ = z.Close()
	return b.String()
}

// TestDirectReads: every way in which HTTP/1.1 ends an answer, what is made of it, and whether the connection
// serves the next call.
func TestDirectReads(t *testing.T) {
	const untilTheEnd = "until the end"
	packed := zipped("hello")
	tests := []struct {
		name, answer string
		status       int
		body         string // "!" for one that is broken
		kept         bool
	}{
		{"length", "HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nhello", 201, "hello", true},
		{"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n", 200, "hello", true},
		{"trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-A\r\n\r\n5\r\nhello\r\n0\r\nX-A: b\r\n\r\n", 200, "hello", true},
		{untilTheEnd, "HTTP/1.1 200 OK\r\n\r\nhello", 200, "hello", false},
		{"no content", "HTTP/1.1 204 No Content\r\n\r\n", 204, "", true},
		{"empty", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "", true},
		{"close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", false},
		{"empty and close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", 200, "", false},
		{"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", false},
		{"HTTP/1.0 kept", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", true},
		{"1xx before", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 199 Odd\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", true},
		{"gzip", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " + strconv.Itoa(len(packed)) + "\r\n\r\n" + packed, 200, "hello", true},
		{"gzip chunked", "HTTP/1.1 200 OK\r\nContent-Encoding: GZIP\r\nTransfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(packed), packed), 200, "hello", true},
		{"no gzip", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", 200, "!", true},
		{"gzip cut", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n" + packed[:9], 200, "!", true},
		{"bytes behind", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", 200, "hello", false},
		{"bytes behind nothing", "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", 204, "", false},
		{"length and chunked", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 200, "hello", true},
		{"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", 0, "!", false},
		{"negative length", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello", 0, "!", false},
		{"no status", "HTTP/1.1\r\n\r\n", 0, "!", false},
		{"no HTTP", "SSH-2.0-OpenSSH_9.2\r\n", 0, "!", false},
		{"another protocol", "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", 101, "", false},
		{"redirect", "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", 302, "", true},
	}
	for _, tt := range tests {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, TLS %v", tt.name, secure), func(t *testing.T) {
				f := farSocket(t, secure, func(conn net.Conn, r *bufio.Reader, nth int) {
					for first := nth == 1; ; first = false {
						if _, ok := hear(r); !ok {
							return
						}
						if !first {
							say(conn, plenty)
							continue
						}
						say(conn, tt.answer)
						if tt.name == untilTheEnd {
							return // all others the client has to close by itself
						}
					}
				})
				status, body, _, err := ask(t.Context(), f.direct, "POST", f.address+"/", "x")
				if tt.body == "!" {
					if err == nil || status != tt.status {
						t.Fatalf("got %d %q, %v", status, body, err)
					}
				} else if err != nil || status != tt.status || body != tt.body {
					t.Fatalf("got %d %q, %v", status, body, err)
				}
				var s sends
				if _, body, _, err := ask(s.watch(t.Context()), f.direct, "POST", f.address+"/", "x"); err != nil || body != "ok" {
					t.Fatalf("the next call: got %q, %v", body, err)
				}
				if kept := s.reused.Load() == 1; kept != tt.kept || f.conns.Load() != map[bool]int32{true: 1, false: 2}[tt.kept] {
					t.Errorf("kept %v, %d connections", kept, f.conns.Load())
				}
				if s.conns.Load() != 1 || s.headers.Load() != 1 || s.requests.Load() != 1 || s.bytes.Load() != 1 {
					t.Errorf("the trace was told %d %d %d %d", s.conns.Load(), s.headers.Load(), s.requests.Load(), s.bytes.Load())
				}
			})
		}
	}
}

// TestDirectDeaths: what is sent again, what is not, and what is counted, wherever a connection dies.
func TestDirectDeaths(t *testing.T) {
	tests := []struct {
		name   string
		kept   bool   // the connection has served a call
		before string // said on the kept connection, unasked, before it is closed; "-" leaves it open
		after  string // said after the request, before the connection is closed; "" nothing
		method string
		ok     bool
		sent   int32
	}{
		{"closed while kept", true, "", plenty, "POST", true, 1},
		{"closed while kept", true, "", plenty, "GET", true, 1},
		{"a word and closed while kept", true, "HTTP/1.1 408 Request Timeout\r\n\r\n", plenty, "POST", true, 1},
		{"after the request", true, "-", "", "POST", false, 1},
		{"after the request", true, "-", "", "PUT", false, 1},
		{"after the request", true, "-", "", "DELETE", false, 1},
		{"after the request", true, "-", "", "GET", true, 2},
		{"after the first request", false, "", "", "GET", false, 1},
		{"after the first request", false, "", "", "POST", false, 1},
		{"within the headers", true, "-", "HTTP/1.1 200 OK\r\nContent-", "GET", false, 1},
		{"within the headers", true, "-", "HTTP/1.1 200 OK\r\nContent-", "POST", false, 1},
		{"within a body", true, "-", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", "GET", false, 1},
		{"within a chunk", true, "-", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nok", "POST", false, 1},
		{"between chunks", true, "-", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", "POST", false, 1},
	}
	for _, tt := range tests {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, %s, TLS %v", tt.name, tt.method, secure), func(t *testing.T) {
				served, die, dead := make(chan struct{}), make(chan struct{}), make(chan struct{})
				f := farSocket(t, secure, func(conn net.Conn, r *bufio.Reader, nth int) {
					_, ok := hear(r)
					switch {
					case !ok:
					case nth > 1:
						say(conn, plenty)
					case !tt.kept:
						say(conn, tt.after)
					default:
						say(conn, plenty)
						close(served)
						<-die
						if tt.before != "-" {
							say(conn, tt.before)
						} else if _, ok := hear(r); ok {
							say(conn, tt.after)
						}
					}
					_ = conn.Close()
					if nth == 1 {
						close(dead)
					}
				})
				if tt.kept {
					if _, _, _, err := ask(t.Context(), f.direct, "POST", f.address+"/", "x"); err != nil {
						t.Fatal(err)
					}
					<-served
					close(die)
					if tt.before != "-" {
						<-dead
					}
				}
				body := "x"
				if tt.method == "GET" || tt.method == "DELETE" {
					body = ""
				}
				var s sends
				_, text, _, err := ask(s.watch(t.Context()), f.direct, tt.method, f.address+"/", body)
				if (err == nil) != tt.ok || tt.ok && text != "ok" {
					t.Errorf("got %q, %v", text, err)
				}
				if s.conns.Load() != tt.sent || s.requests.Load() != tt.sent {
					t.Errorf("counted %d connections, %d requests, want %d", s.conns.Load(), s.requests.Load(), tt.sent)
				}
				if want := map[bool]int32{true: 2, false: 1}[tt.ok]; f.conns.Load() != want {
					t.Errorf("%d connections, want %d", f.conns.Load(), want)
				}
				if !tt.ok && f.direct.Idle() != 0 {
					t.Error("a connection that died is kept")
				}
			})
		}
	}
}

// TestDirectLeftOpenByTLS: a server that has taken leave in TLS hears no more, though its socket is open.
func TestDirectLeftOpenByTLS(t *testing.T) {
	gone, end := make(chan struct{}), make(chan struct{})
	f := farSocket(t, true, func(conn net.Conn, r *bufio.Reader, nth int) {
		if _, ok := hear(r); !ok {
			return
		}
		say(conn, plenty)
		if nth == 1 {
			_ = conn.(*tls.Conn).CloseWrite()
			close(gone)
			<-end
		}
	})
	defer close(end)
	for range 2 {
		if _, text, _, err := ask(t.Context(), f.direct, "POST", f.address+"/", "x"); err != nil || text != "ok" {
			t.Fatalf("got %q, %v", text, err)
		}
		<-gone
	}
	if f.conns.Load() != 2 {
		t.Errorf("%d connections", f.conns.Load())
	}
}

// TestDirectUnread: what is left of an answer never becomes the next one.
func TestDirectUnread(t *testing.T) {
	f := farSocket(t, false, func(conn net.Conn, r *bufio.Reader, nth int) {
		for {
			if _, ok := hear(r); !ok {
				return
			}
			say(conn, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
		}
	})
	for range 3 {
		req, _ := http.NewRequestWithContext(t.Context(), "GET", f.address+"/", nil)
		resp, err := f.direct.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		var one [1]byte
		if _, err := resp.Body.Read(one[:]); err != nil || one[0] != 'h' {
			t.Errorf("got %q, %v", one, err)
		}
		if err := errors.Join(resp.Body.Close(), resp.Body.Close()); err != nil {
			t.Error(err)
		}
		if _, err := resp.Body.Read(one[:]); err == nil || err == io.EOF {
			t.Errorf("read after Close: %v", err)
		}
	}
	if f.conns.Load() != 3 || f.direct.Idle() != 0 {
		t.Errorf("%d connections, %d kept", f.conns.Load(), f.direct.Idle())
	}
}

// TestDirectHeadersAreBounded: those of 1xx answers count too, however many there are.
func TestDirectHeadersAreBounded(t *testing.T) {
	for name, text := range map[string]string{
		"one":    "X-A: " + strings.Repeat("x", 1<<10) + "\r\n",
		"hints":  "\r\nHTTP/1.1 103 Early Hints\r\n",
		"status": strings.Repeat("x", 1<<10),
	} {
		t.Run(name, func(t *testing.T) {
			f := farSocket(t, false, func(conn net.Conn, r *bufio.Reader, nth int) {
				_, _ = hear(r)
				say(conn, "HTTP/1.1 103 Early Hints\r\n")
				for { // until the client has had enough
					if _, err := io.WriteString(conn, text); err != nil {
						return
					}
				}
			})
			_, _, _, err := ask(t.Context(), f.direct, "GET", f.address+"/", "")
			if err == nil || !strings.Contains(err.Error(), "64 KiB") && name != "status" {
				t.Errorf("got %v", err)
			}
		})
	}
}
