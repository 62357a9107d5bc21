//go:build unix

package zoho_test

import (
	"bufio"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"zlock/zoho"
)

// locked is the body of an answer to a lock.
const locked = `{"data":[{"code":"SUCCESS","status":"success","message":"ok","details":{"id":"` + lockID + `"}}]}`

// refusing is the body of a definite refusal.
const refusing = `{"code":"INVALID_DATA","details":{"resource_path_index":1},"message":"no such record","status":"error"}`

// sized is an answer with the length that is said.
func sized(status string, length int, body string, headers ...string) string {
	return "HTTP/1.1 " + status + "\r\nContent-Length: " + strconv.Itoa(length) + "\r\n" + strings.Join(headers, "\r\n") + "\r\n" + body
}

// cutOff ends what it is given in a reset instead of an end.
func cutOff(conn net.Conn) {
	if c, ok := conn.(*net.TCPConn); ok {
		_ = c.SetLinger(0)
	}
}

// TestDirectMeetsRubbish: whatever comes in an answer's place, the call is over at once, is told for open
// unless the whole of a refusal was read, is sent once, and leaves nothing for the next call to meet.
func TestDirectMeetsRubbish(t *testing.T) {
	chunk := func(text string) string { return strconv.FormatInt(int64(len(text)), 16) + "\r\n" + text + "\r\n" }
	const chunked = "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n"
	tests := []struct {
		name, answer string
		end          func(net.Conn) // before the connection is closed; nil: it stays open
		kind         zoho.Kind      // 0: the lock was made
	}{
		{"half a version", "HTTP/1.", cutOff, zoho.NoAnswer},
		{"half a status line", "HTTP/1.1 20", func(net.Conn) {}, zoho.NoAnswer},
		{"a status of two digits", "HTTP/1.1 20 OK\r\n\r\n", nil, zoho.NoAnswer},
		{"a status below all", "HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n", nil, zoho.BadAnswer},
		{"a status above all", "HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n", nil, zoho.ServerFault},
		{"blank lines first", "\r\n\r\n" + sized("201 Created", len(locked), locked), nil, zoho.NoAnswer},
		{"zeros", strings.Repeat("\x00", 9000), func(net.Conn) {}, zoho.NoAnswer},
		{"a header without a colon", "HTTP/1.1 400 Bad\r\nContent-Length\r\n\r\n" + refusing, nil, zoho.NoAnswer},
		{"hints, then nothing", strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", 50), cutOff, zoho.NoAnswer},
		{"hints without end", strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 9000), nil, zoho.NoAnswer},
		{"a hint with a body", "HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\nhello" + sized("201 Created", len(locked), locked), nil, zoho.NoAnswer},
		{"headers of ten megabytes", "HTTP/1.1 400 Bad\r\nX-A: " + strings.Repeat("x", 10<<20), nil, zoho.NoAnswer},
		{"ten thousand headers", "HTTP/1.1 400 Bad\r\n" + strings.Repeat("X-A: xxxxxxx\r\n", 10_000) + "\r\n", nil, zoho.NoAnswer},
		{"headers and the end", "HTTP/1.1 400 Bad\r\nContent-Length: 100\r\n\r\n", func(net.Conn) {}, zoho.BadAnswer},
		{"a refusal shorter than said", sized("400 Bad", len(refusing)+1, refusing), func(net.Conn) {}, zoho.BadAnswer},
		{"a refusal shorter than said, reset", sized("400 Bad", len(refusing)+1, refusing), cutOff, zoho.BadAnswer},
		{"a refusal in chunks without the last", strings.Replace(chunked, "201 Created", "400 Bad", 1) + chunk(refusing), func(net.Conn) {}, zoho.BadAnswer},
		{"a refused token, cut", sized("401 No", 90, `{"code":"INVALID_TOKEN","status":"error"}`), func(net.Conn) {}, zoho.BadAnswer},
		{"a refusal longer than said", sized("400 Bad", len(refusing), refusing+refusing), nil, zoho.RecordUnknown},
		{"a refusal and half of another", sized("400 Bad", len(refusing), refusing+"HTTP/1.1 20"), nil, zoho.RecordUnknown},
		{"a success cut in its middle", sized("201 Created", len(locked), locked[:40]), cutOff, zoho.BadAnswer},
		{"a success longer than said", sized("201 Created", 10, locked), nil, zoho.BadAnswer},
		{"a chunk with no size", chunked + "\r\n" + locked, nil, zoho.BadAnswer},
		{"a chunk of endless size", chunked + strings.Repeat("f", 17) + "\r\n" + locked, nil, zoho.BadAnswer},
		{"a chunk longer than said", chunked + "5\r\n" + locked + "\r\n0\r\n\r\n", nil, zoho.BadAnswer},
		{"chunks with long extensions", chunked + "5;" + strings.Repeat("x", 20_000) + "\r\nhello\r\n0\r\n\r\n", nil, zoho.BadAnswer},
		{"trailers without end", chunked + chunk(locked) + "0\r\n" + strings.Repeat("X-A: b\r\n", 9000), nil, zoho.BadAnswer},
		{"trailers that are none", chunked + chunk(locked) + "0\r\nrubbish\r\n\r\n", nil, zoho.BadAnswer},
		{"trailers that change the length", chunked + chunk(locked) + "0\r\nContent-Length: 1\r\nTransfer-Encoding: x\r\n\r\n", nil, 0},
		{"an unknown coding", "HTTP/1.1 201 Created\r\nTransfer-Encoding: rot13\r\n\r\n" + locked, nil, zoho.NoAnswer},
		{"half of a packed body", sized("400 Bad", 20, zipped(refusing)[:20], "Content-Encoding: gzip\r\n"), nil, zoho.BadAnswer},
		{"204 with a body", sized("204 No Content", len(locked), locked), nil, zoho.BadAnswer},
		{"304 with a body", sized("304 Not Modified", len(locked), locked), nil, zoho.Redirected},
	}
	for _, tt := range tests {
		for _, secure := range []bool{false, true} {
			t.Run(tt.name+", TLS "+strconv.FormatBool(secure), func(t *testing.T) {
				f := farSocket(t, secure, func(conn net.Conn, r *bufio.Reader, nth int) {
					for n := 0; ; n++ {
						if _, ok := hear(r); !ok {
							return
						}
						if nth > 1 || n > 0 {
							say(conn, sized("201 Created", len(locked), locked))
							continue
						}
						say(conn, tt.answer)
						if tt.end != nil {
							tt.end(conn)
							return
						}
					}
				})
				began := time.Now()
				client, meter := newClientWith(t, zoho.Config{API: f.address, Transport: f.direct}), zoho.Meter{}
				_, err := client.Metered(&meter).CreateLock(t.Context(), lead, "x")
				mustBe(t, err, tt.kind)
				if meter.Calls != 1 {
					t.Errorf("%d calls are counted", meter.Calls)
				}
				if _, err := client.CreateLock(t.Context(), lead, "x"); err != nil {
					t.Errorf("the next call: %v", err)
				}
				if took := time.Since(began); took > 10*time.Second {
					t.Errorf("took %v", took)
				}
			})
		}
	}
}

// mustBe expects a call to have come to a kind, and one whose answer was not wholly read to be open.
func mustBe(t *testing.T, err error, kind zoho.Kind) {
	t.Helper()
	if kind == 0 {
		if err != nil {
			t.Errorf("got %v", err)
		}
		return
	}
	e := asError(t, err)
	open := kind == zoho.NoAnswer || kind == zoho.BadAnswer || kind == zoho.ServerFault
	if e.Kind != kind || open != (e.Phase == zoho.PhaseOpen) {
		t.Errorf("got %v, %v, %v; want %v", e.Kind, e.Phase, e, kind)
	}
}

// TestDirectBodyOfNoBody: the body of an answer that has none by its status may come when the next call has been
// sent; it is not taken for that call's answer.
func TestDirectBodyOfNoBody(t *testing.T) {
	forged := sized("400 Bad", len(refusing), refusing)
	for name, head := range map[string]string{
		"204, a length": "HTTP/1.1 204 No Content\r\nContent-Length: " + strconv.Itoa(len(forged)) + "\r\n\r\n",
		"204, chunked":  "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
		"304, a length": "HTTP/1.1 304 Not Modified\r\nContent-Length: " + strconv.Itoa(len(forged)) + "\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			f := farSocket(t, false, func(conn net.Conn, r *bufio.Reader, nth int) {
				for n := 0; ; n++ {
					if _, ok := hear(r); !ok {
						return
					}
					switch {
					case nth > 1:
						say(conn, sized("201 Created", len(locked), locked))
					case n == 0:
						say(conn, head)
					default:
						say(conn, forged)
					}
				}
			})
			if _, _, _, err := ask(t.Context(), f.direct, http.MethodGet, f.address+"/", ""); err != nil {
				t.Fatal(err)
			}
			if f.direct.Idle() != 0 {
				t.Error("the connection is kept")
			}
			if _, text, _, err := ask(t.Context(), f.direct, http.MethodPost, f.address+"/", "x"); err != nil || text != locked {
				t.Errorf("got %q, %v", text, err)
			}
		})
	}
}

// TestDirectRestToCome: an answer that is given up before its rest has come takes its connection with it.
func TestDirectRestToCome(t *testing.T) {
	f := farSocket(t, false, func(conn net.Conn, r *bufio.Reader, nth int) {
		for n := 0; ; n++ {
			if _, ok := hear(r); !ok {
				return
			}
			if nth == 1 && n == 0 {
				say(conn, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
				continue
			}
			say(conn, sized("201 Created", len(locked), locked))
		}
	})
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, f.address+"/", nil)
	resp, err := f.direct.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || f.direct.Idle() != 0 {
		t.Errorf("%d connections are kept, %v", f.direct.Idle(), err)
	}
	if _, text, _, err := ask(t.Context(), f.direct, http.MethodPost, f.address+"/", "x"); err != nil || text != locked {
		t.Errorf("got %q, %v", text, err)
	}
}

// openFiles counts the process's file descriptors; 0 where that cannot be told.
func openFiles() int {
	list, _ := os.ReadDir("/proc/self/fd")
	return len(list)
}

// TestDirectLeavesNothingBehind: connections that were poisoned, cut or left in mid-answer are closed, and
// nobody waits on them.
func TestDirectLeavesNothingBehind(t *testing.T) {
	answers := []string{"HTTP/1.", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", "HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n",
		strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 9000), sized("400 Bad", len(refusing), refusing+"x"), "\x15\x03\x03\x00\x02\x02\x28"}
	routines, files := runtime.NumGoroutine(), openFiles()
	t.Run("calls", func(t *testing.T) {
		f := farSocket(t, false, func(conn net.Conn, r *bufio.Reader, nth int) {
			if _, ok := hear(r); ok {
				say(conn, answers[nth%len(answers)])
				if nth%2 == 0 {
					cutOff(conn)
				}
			}
		})
		for range 200 {
			req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, f.address+"/", strings.NewReader("x"))
			if resp, err := f.direct.RoundTrip(req); err == nil {
				_ = resp.Body.Close() // unread
			}
		}
	})
	const passing = 20 // of the test's own, on their way out; a leak would be of a good part of 200
	if n := runtime.NumGoroutine(); n > routines+passing {
		t.Errorf("%d goroutines, were %d", n, routines)
	}
	if n := openFiles(); n > files+passing {
		t.Errorf("%d open files, were %d", n, files)
	}
}
