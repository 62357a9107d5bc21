//go:build unix

package zoho_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"zlock/zoho"
)

// TestDirectWrites: the request is one piece, and reads as net/http's would.
func TestDirectWrites(t *testing.T) {
	tests := []struct {
		name, method, path, body string
		header                   http.Header
		want                     string
	}{
		{"read", "GET", "/crm/v8/Leads?fields=id,Owner", "", http.Header{"Authorization": {"Zoho-oauthtoken 1"}, "Accept": {"a", "b"}},
			"GET /crm/v8/Leads?fields=id,Owner HTTP/1.1\r\nHost: localhost:81\r\nAccept: a\r\nAccept: b\r\nAuthorization: Zoho-oauthtoken 1\r\nAccept-Encoding: gzip\r\n\r\n"},
		{"change", "PUT", "/a%2Fb", "x=1", http.Header{"Content-Type": {"t"}},
			"PUT /a%2Fb HTTP/1.1\r\nHost: localhost:81\r\nContent-Type: t\r\nContent-Length: 3\r\nAccept-Encoding: gzip\r\n\r\nx=1"},
		{"change without a body", "POST", "/", "", nil, "POST / HTTP/1.1\r\nHost: localhost:81\r\nContent-Length: 0\r\nAccept-Encoding: gzip\r\n\r\n"},
		{"delete", "DELETE", "", "", nil, "DELETE / HTTP/1.1\r\nHost: localhost:81\r\nAccept-Encoding: gzip\r\n\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := make(chan string, 1)
			direct := zoho.NewDirectOver(func(_ context.Context, network, address string) (net.Conn, error) {
				if network != "tcp" || address != "localhost:81" {
					t.Errorf("dialled %s %s", network, address)
				}
				ours, theirs := net.Pipe()
				go func() {
					defer theirs.Close()
					buffer := make([]byte, 4096)
					n, _ := theirs.Read(buffer) // one write is one read of a pipe
					got <- string(buffer[:n])
					say(theirs, plenty)
				}()
				return ours, nil
			})
			req, _ := http.NewRequestWithContext(t.Context(), tt.method, "http://localhost:81"+tt.path, strings.NewReader(tt.body))
			if tt.header != nil {
				req.Header = tt.header
			}
			resp, err := direct.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if text := <-got; text != tt.want {
				t.Errorf("got\n%q, want\n%q", text, tt.want)
			}
		})
	}
}

// TestDirectRefuses: what would be read as another header or request is not sent, nor is a body of another
// length than is said.
func TestDirectRefuses(t *testing.T) {
	tests := []struct {
		name   string
		change func(*http.Request)
	}{
		{"a line in a value", func(r *http.Request) { r.Header.Set("Authorization", "x\r\nX-Evil: 1") }},
		{"a feed in a value", func(r *http.Request) { r.Header["X-A"] = []string{"x\ny"} }},
		{"a return in a value", func(r *http.Request) { r.Header["X-A"] = []string{"fine", "x\ry"} }},
		{"a zero in a value", func(r *http.Request) { r.Header["X-A"] = []string{"x\x00y"} }},
		{"a delete in a value", func(r *http.Request) { r.Header["X-A"] = []string{"x\x7fy"} }},
		{"a line in a name", func(r *http.Request) { r.Header["X-A\r\nX-B"] = []string{"x"} }},
		{"a colon in a name", func(r *http.Request) { r.Header["X-A:"] = []string{"x"} }},
		{"no name", func(r *http.Request) { r.Header[""] = []string{"x"} }},
		{"a line in the query", func(r *http.Request) { r.URL.RawQuery = "a=b HTTP/1.1\r\nX-Evil: 1" }},
		{"a blank in the query", func(r *http.Request) { r.URL.RawQuery = "a b" }},
		{"a delete in the query", func(r *http.Request) { r.URL.RawQuery = "a\x7fb" }},
		{"a longer body", func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("xyz")) }},
		{"a shorter body", func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("x")) }},
		{"a body that fails", func(r *http.Request) { r.Body = io.NopCloser(io.MultiReader(strings.NewReader("x"), broken{})) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			heard := make(chan string, 1)
			f := farSocket(t, false, func(_ net.Conn, r *bufio.Reader, _ int) {
				text, _ := io.ReadAll(r)
				heard <- string(text)
			})
			var s sends
			req, _ := http.NewRequestWithContext(s.watch(t.Context()), "POST", f.address+"/x", strings.NewReader("xy"))
			tt.change(req)
			if resp, err := f.direct.RoundTrip(req); err == nil {
				_ = resp.Body.Close()
				t.Error("it was sent")
			}
			if s.conns.Load() != 0 || s.requests.Load() != 0 {
				t.Errorf("counted %d", s.conns.Load())
			}
			if f.conns.Load() > 0 {
				if text := <-heard; text != "" {
					t.Errorf("%q left", text)
				}
			}
		})
	}
}

// broken is a reader that fails.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("broken") }

// TestDirectLeavesTheUnusual: a request that it does not make itself is made all the same.
func TestDirectLeavesTheUnusual(t *testing.T) {
	tests := []struct {
		name   string
		change func(*http.Request)
		want   string // in what arrives
	}{
		{"HEAD", func(r *http.Request) { r.Method, r.Body, r.ContentLength = "HEAD", nil, 0 }, "HEAD /x"},
		{"PATCH", func(r *http.Request) { r.Method = "PATCH" }, "PATCH /x"},
		{"another host's name", func(r *http.Request) { r.Host = "example.com" }, "Host: example.com"},
		{"to be closed", func(r *http.Request) { r.Close = true }, "Connection: close"},
		{"unknown length", func(r *http.Request) { r.ContentLength = -1 }, "Transfer-Encoding: chunked"},
		{"a range", func(r *http.Request) { r.Header.Set("Range", "bytes=0-1") }, "Range: bytes=0-1"},
		{"plain text", func(r *http.Request) { r.Header.Set("Accept-Encoding", "identity") }, "Accept-Encoding: identity"},
		{"much", func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(strings.Repeat("x", 70<<10))), 70<<10
		}, "Content-Length: 71680"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			heard := make(chan string, 1)
			f := farSocket(t, false, func(conn net.Conn, r *bufio.Reader, _ int) {
				var text bytes.Buffer
				if _, ok := hear(bufio.NewReader(io.TeeReader(r, &text))); ok {
					heard <- text.String()
					say(conn, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
				}
			})
			req, _ := http.NewRequestWithContext(t.Context(), "POST", f.address+"/x", strings.NewReader("xy"))
			tt.change(req)
			resp, err := f.direct.RoundTrip(req)
			if err != nil || resp.StatusCode != 204 {
				t.Fatalf("got %v, %v", resp, err)
			}
			_ = resp.Body.Close()
			if text := <-heard; !strings.Contains(text, tt.want) {
				t.Errorf("got %q, want %q", text, tt.want)
			}
		})
	}
}

// FuzzDirectReads holds what is made of an answer against net/http's transport.
func FuzzDirectReads(f *testing.F) {
	for _, text := range []string{
		plenty, "HTTP/1.1 200 OK\r\n\r\nhello", "HTTP/1.1 100 Continue\r\n\r\n" + plenty, "HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n0\r\n\r\n", "HTTP/1.1 200 OK\nContent-Length: 1\n\nx", "HTTP/1.1 204\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello", "HTTP/1.1 200 OK\r\n X: y\r\n\r\n", "HTTP/3 200 OK\r\n\r\n", "", "\r\n",
		"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + zipped("hello"), "HTTP/1.1 099 x\r\n\r\n", "HTTP/1.1 304 x\r\nContent-Length: 4\r\n\r\nbody",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx",
	} {
		f.Add([]byte(text))
	}
	answer := make(chan []byte, 1)
	server := farSocket(f, false, func(conn net.Conn, r *bufio.Reader, _ int) {
		if _, ok := hear(r); ok {
			_, _ = conn.Write(<-answer)
		}
	})
	usual := zoho.NewTransport(2)
	f.Cleanup(usual.CloseIdleConnections)
	f.Fuzz(func(t *testing.T, text []byte) {
		if bytes.Contains(text, []byte(" 101")) {
			t.Skip() // net/http hands over the connection
		}
		type outcome struct {
			status int
			body   string
			header http.Header
			fine   bool
		}
		outcomes := map[bool]outcome{}
		for _, ours := range []bool{false, true} {
			var way http.RoundTripper = usual
			if ours {
				way = server.direct
			}
			server.direct.CloseIdleConnections() // the server closes after each answer
			usual.CloseIdleConnections()
			answer <- text
			status, body, header, err := ask(t.Context(), way, "POST", server.address+"/", "x")
			outcomes[ours] = outcome{status, body, header, err == nil}
		}
		if !reflect.DeepEqual(outcomes[true], outcomes[false]) {
			t.Errorf("%q: got %+v, net/http %+v", text, outcomes[true], outcomes[false])
		}
	})
}

// FuzzContinued holds addresses that are put together against url.Parse.
func FuzzContinued(f *testing.F) {
	for _, rest := range []string{"/crm/v8/Leads/1/Locking_Information__s", "/a?b=c&d=%20", "/a?", "/a#b", "//b/../c", "/a b", "/a%2F", ":1/a", "?x", "", "/a?b#c", "/a?b?c", "/é", "/a?b\x01", "/a?b\x7f", ".evil.test/x"} {
		f.Add("https://www.zohoapis.com", rest)
		f.Add("http://127.0.0.1:8080", rest)
	}
	f.Fuzz(func(t *testing.T, base, rest string) {
		from, err := url.Parse(base)
		if err != nil || base != from.Scheme+"://"+from.Host {
			t.Skip()
		}
		got := zoho.Continued(from, base+rest)
		if got == nil {
			return
		}
		want, err := url.Parse(base + rest)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %#v, want %#v, %v", base+rest, got, want, err)
		}
	})
}

// TestContinuedIsTaken: the addresses of calls are not parsed anew, which would show nowhere but in the time
// that they take.
func TestContinuedIsTaken(t *testing.T) {
	base := &url.URL{Scheme: "https", Host: "www.zohoapis.com"}
	for _, rest := range []string{"/crm/v8/Leads/5843104000000425565/Locking_Information__s", "/crm/v2.1/A-b_c?fields=id,Owner&ids=1%2C2", "/a?b=/?~"} {
		if got := zoho.Continued(base, "https://www.zohoapis.com"+rest); got == nil {
			t.Errorf("%s is parsed", rest)
		}
	}
}

func TestModuleNames(t *testing.T) {
	pattern := regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,99}$`)
	for _, name := range []string{"Leads", "a", "A_1", "", "_a", "1a", "a-b", "a/b", "Ünder", "a\n", "a.b", strings.Repeat("a", 100), strings.Repeat("a", 101)} {
		if got := zoho.IsModule(name); got != pattern.MatchString(name) {
			t.Errorf("%q: got %v", name, got)
		}
	}
}

// TestDirectThroughAProxy: it is asked for a tunnel, and sees no token.
func TestDirectThroughAProxy(t *testing.T) {
	f := farSocket(t, true, func(conn net.Conn, r *bufio.Reader, _ int) {
		for {
			if req, ok := hear(r); !ok || req.Header.Get("Authorization") == "" {
				return
			}
			say(conn, plenty)
		}
	})
	heard := make(chan string, 9)
	proxy := farSocket(t, false, func(conn net.Conn, r *bufio.Reader, _ int) {
		var text bytes.Buffer
		req, ok := hear(bufio.NewReader(io.TeeReader(r, &text)))
		if !ok {
			return
		}
		heard <- text.String()
		through, err := net.Dial("tcp", req.Host)
		if err != nil {
			return
		}
		defer through.Close()
		say(conn, "HTTP/1.1 200 OK\r\n\r\n")
		go func() {
			_, _ = io.Copy(through, r)
			_ = through.Close()
		}()
		_, _ = io.Copy(conn, through)
	})
	at, _ := url.Parse(proxy.address)
	f.direct.ProxiedBy(at)
	defer f.direct.CloseIdleConnections() // the tunnel, before the proxy is waited for
	for range 2 {
		req, _ := http.NewRequestWithContext(t.Context(), "GET", f.address+"/x", nil)
		req.Header.Set("Authorization", "Zoho-oauthtoken canary")
		resp, err := f.direct.RoundTrip(req)
		if err != nil || resp.StatusCode != 200 {
			t.Fatalf("got %v, %v", resp, err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
	if text := <-heard; !strings.HasPrefix(text, "CONNECT "+strings.TrimPrefix(f.address, "https://")) || strings.Contains(text, "canary") {
		t.Errorf("the proxy heard %q", text)
	}
}
