package zoho

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"syscall"
	"time"
)

// connKey says where a connection leads.
type connKey struct {
	secure bool
	host   string // with its port, as the address of the call has it
}

// directConn is one connection, used by one call at a time.
type directConn struct {
	key    connKey
	socket *socket
	stream net.Conn             // the socket, or TLS over it
	state  *tls.ConnectionState // nil without TLS
	reader *bufio.Reader        // reads the directConn itself
	allow  int64                // bytes that may still be read
	out    []byte               // the request
	since  time.Time            // when it was put by, by the wall clock: the other stops while the machine sleeps
	kept   bool                 // it has served a call before
	died   bool                 // it broke off before the first byte of the present answer
}

func newDirectConn(key connKey, raw net.Conn) (*directConn, error) {
	s := &socket{Conn: raw}
	if has, ok := raw.(syscall.Conn); ok {
		var err error
		if s.raw, err = has.SyscallConn(); err != nil {
			return nil, err
		}
	}
	c := &directConn{key: key, socket: s, stream: s}
	c.reader = bufio.NewReader(c)
	return c, nil
}

// close cuts whatever the connection is doing. TLS is not taken leave of, which could wait for the far end.
func (c *directConn) close() { _ = c.socket.Conn.Close() } // what was to be read has been

// Read reads from the connection as much as is still allowed.
func (c *directConn) Read(p []byte) (int, error) {
	if c.allow <= 0 {
		return 0, errLongHeaders
	}
	n, err := c.stream.Read(p[:min(int64(len(p)), c.allow)])
	c.allow -= int64(n)
	return n, err
}

// usable reports whether a kept connection is open and silent. TLS may have something to say to itself, which
// is heard on the way.
func (c *directConn) usable() bool {
	var one [1]byte
	c.socket.looking = true
	defer func() { c.socket.looking = false }()
	n, err := c.stream.Read(one[:])
	return n == 0 && errors.Is(err, errSilent)
}

// write sends the request, in one piece, and tells the trace.
func (c *directConn) write(trace *httptrace.ClientTrace) error {
	_, err := c.stream.Write(c.out)
	if err != nil {
		err = fmt.Errorf("write the request: %w", err)
		c.died = true
	}
	if trace == nil {
		return err
	}
	if err == nil && trace.WroteHeaders != nil {
		trace.WroteHeaders()
	}
	if trace.WroteRequest != nil {
		trace.WroteRequest(httptrace.WroteRequestInfo{Err: err})
	}
	return err
}

// answer reads the headers of the answer, and passes over 1xx answers before it.
func (c *directConn) answer(req *http.Request, trace *httptrace.ClientTrace) (*http.Response, error) {
	if err := c.socket.SetReadDeadline(time.Now().Add(headerTime)); err != nil {
		return nil, err
	}
	c.allow = maxHeaders
	if _, err := c.reader.Peek(1); err != nil {
		c.died = !errors.Is(err, os.ErrDeadlineExceeded)
		return nil, inTime(err)
	}
	if trace != nil && trace.GotFirstResponseByte != nil {
		trace.GotFirstResponseByte()
	}
	for {
		resp, err := http.ReadResponse(c.reader, req)
		if err != nil {
			return nil, inTime(err)
		}
		if resp.StatusCode < 100 || resp.StatusCode > 199 || resp.StatusCode == http.StatusSwitchingProtocols {
			c.allow = math.MaxInt64
			resp.TLS = c.state
			if err := c.socket.SetReadDeadline(time.Time{}); err != nil {
				resp.Close = true // closed meanwhile: the body's reader will hear of it, if there is more to read
			}
			return resp, nil
		}
	}
}

// inTime names the time limit where that is what ended the reading.
func inTime(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return errSlowHeaders
	}
	return err
}

// socket is the connection below TLS. While it is looking, reading takes what is there and never waits.
type socket struct {
	net.Conn
	raw     syscall.RawConn // nil where the connection has none
	looking bool
}

// errSilent is what a look finds on a connection that is open and silent. TLS takes it for a timeout, after
// which it can go on.
var errSilent net.Error = &timeoutError{"nothing to read"}

// Read reads what comes, or while looking what is there.
func (s *socket) Read(p []byte) (int, error) {
	if s.looking {
		return readNow(s.raw, p)
	}
	return s.Conn.Read(p)
}
