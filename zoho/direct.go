package zoho

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"time"
)

const (
	dialTime   = 5 * time.Second  // to connect
	tlsTime    = 5 * time.Second  // for TLS
	headerTime = 20 * time.Second // from the request's last byte to the end of an answer's headers
	idleTime   = 50 * time.Second // for which a connection is kept: less than servers wait, so that they rarely close first
	maxHeaders = 64 << 10         // bytes of an answer's headers, those of 1xx answers before it included
)

// Direct is the way of API calls to Zoho. It has every property that NewTransport names, and makes a call on
// its caller's own goroutine: net/http keeps two more for each connection, whose wakings cost more than all
// else in a call. A connection that was kept is looked at before it is used, so that no change goes into one
// that the server has closed. Nothing is sent twice but a GET whose kept connection died before the first
// byte of an answer, once.
//
// What it does not do goes through net/http's transport: calls through a proxy, requests of an unusual
// shape, and all of them where the platform has no such look. It is safe for concurrent use; an answer's
// body belongs to one goroutine.
type Direct struct {
	other  *http.Transport
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
	secure *tls.Config
	idle   idleConns
}

// NewDirect returns a Direct with the settings of a transport.
func NewDirect(c TransportConfig) *Direct {
	other := NewTransportFor(c)
	return &Direct{
		other: other, dial: other.DialContext, secure: other.TLSClientConfig.Clone(),
		idle: idleConns{most: max(1, c.Concurrency) + 1}, // one more for the accounts host
	}
}

// CloseIdleConnections closes the connections that no call is using.
func (d *Direct) CloseIdleConnections() {
	d.idle.closeAll()
	d.other.CloseIdleConnections()
}

// timeoutError is one of Direct's own time limits.
type timeoutError struct{ text string }

func (e *timeoutError) Error() string   { return e.text }
func (e *timeoutError) Timeout() bool   { return true }
func (e *timeoutError) Temporary() bool { return true }

var (
	errSlowTLS     = &timeoutError{fmt.Sprintf("no TLS connection within %v", tlsTime)}
	errSlowHeaders = &timeoutError{fmt.Sprintf("no answer within %v", headerTime)}
	errLongHeaders = fmt.Errorf("the answer's headers are longer than %d KiB", maxHeaders>>10)
)

// RoundTrip makes one call. Once a connection is had the request counts as sent, whatever becomes of it: the
// trace of its context is told.
func (d *Direct) RoundTrip(req *http.Request) (*http.Response, error) {
	if !canLook || !plainRequest(req) || d.proxied(req) {
		return d.other.RoundTrip(req)
	}
	if req.Body != nil {
		defer req.Body.Close() // it has been read by then, or is not wanted
	}
	if err := checkRequest(req); err != nil {
		return nil, err
	}
	conn, err := d.connect(req, true)
	if err != nil {
		return nil, ofContext(req.Context(), err)
	}
	resp, err := d.exchange(conn, req)
	if err != nil && d.mayRepeat(conn, req) {
		if conn, err = d.connect(req, false); err == nil {
			resp, err = d.exchange(conn, req)
		}
	}
	if err != nil {
		return nil, ofContext(req.Context(), err)
	}
	return resp, nil
}

// proxied reports whether a proxy is to be asked, or that this cannot be told.
func (d *Direct) proxied(req *http.Request) bool {
	proxy, err := d.other.Proxy(req)
	return proxy != nil || err != nil
}

// mayRepeat reports a GET that met a kept connection which died before it said anything. A server that
// closes what it has kept open does so to the unluckiest caller; nobody else's request is ever sent twice.
func (d *Direct) mayRepeat(c *directConn, req *http.Request) bool {
	return req.Method == http.MethodGet && !hasBody(req) && c.kept && c.died && req.Context().Err() == nil
}

// ofContext returns why the context ended where it has, as net/http does; else err.
func ofContext(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// connect returns a connection to the request's host: one that was kept, if that may be, else a new one.
func (d *Direct) connect(req *http.Request, kept bool) (*directConn, error) {
	ctx := req.Context()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	key := connKey{secure: req.URL.Scheme == "https", host: req.URL.Host}
	if kept {
		if c := d.idle.take(key); c != nil {
			return c, nil
		}
	}
	raw, err := d.dial(ctx, "tcp", dialAddress(req.URL))
	if err != nil {
		return nil, err
	}
	c, err := newDirectConn(key, raw)
	if err == nil && key.secure {
		err = c.secure(ctx, d.secure, req.URL.Hostname())
	}
	if err != nil {
		_ = raw.Close() // what went wrong is known already
		return nil, err
	}
	return c, nil
}

// secure puts TLS on a connection.
func (c *directConn) secure(ctx context.Context, base *tls.Config, host string) error {
	limited, cancel := context.WithTimeoutCause(ctx, tlsTime, errSlowTLS)
	defer cancel()
	config := base.Clone()
	config.ServerName = host
	conn := tls.Client(c.socket, config)
	err := conn.HandshakeContext(limited)
	if err != nil {
		if cause := context.Cause(limited); errors.Is(cause, errSlowTLS) {
			return cause
		}
		return inPlain(err)
	}
	state := conn.ConnectionState()
	c.stream, c.state = conn, &state
	return nil
}

// inPlain says of a server that answered a handshake in plain HTTP that it did.
func inPlain(err error) error {
	var record tls.RecordHeaderError
	if errors.As(err, &record) && string(record.RecordHeader[:]) == "HTTP/" {
		return fmt.Errorf("plain HTTP came where https was asked for: %w", err)
	}
	return err
}

// exchange writes the request and reads the answer's headers. Whatever goes wrong, the connection is closed.
func (d *Direct) exchange(c *directConn, req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	if err := c.compose(req); err != nil {
		c.close()
		return nil, err
	}
	if err := ctx.Err(); err != nil { // while it connected: nothing has left, and nothing is to
		c.close()
		return nil, err
	}
	stop := context.AfterFunc(ctx, c.close)
	trace := httptrace.ContextClientTrace(ctx)
	tellConn(trace, c)
	err := c.write(trace)
	var resp *http.Response
	if err == nil {
		resp, err = c.answer(req, trace)
	}
	if err != nil {
		stop()
		c.close()
		return nil, err
	}
	d.attach(c, resp, stop)
	return resp, nil
}

// tellConn tells of a connection that was had, before anything is written.
func tellConn(trace *httptrace.ClientTrace, c *directConn) {
	if trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{Conn: c.stream, Reused: c.kept, WasIdle: c.kept})
	}
}
