package sim

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"sync"
)

// transport brings requests to an organisation in the same process. It waits on
// channels alone, so it works inside a testing/synctest bubble.
type transport struct{ o *Org }

// RoundTrip serves the request in a goroutine of its own and returns when the
// answer's head is there. The caller may leave at any time; the organisation
// goes on with what it had begun.
func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	body, err := readBody(req)
	if err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, err
	}
	select {
	case <-t.o.done:
		return nil, &net.OpError{Op: "dial", Net: "sim", Err: errors.New("the simulated organisation is closed")}
	default:
	}
	trace := httptrace.ContextClientTrace(ctx)
	wrote(trace)
	served, leave := context.WithCancel(context.Background())
	x := newExchange(req)
	go x.serve(t.o, received(served, req, body))
	select {
	case resp := <-x.head:
		if trace != nil && trace.GotFirstResponseByte != nil {
			trace.GotFirstResponseByte()
		}
		resp.Body = x.attach(ctx, resp.Body, leave)
		return resp, nil
	case err := <-x.failed:
		leave()
		return nil, err
	case <-ctx.Done():
		leave()
		x.out.CloseWithError(context.Cause(ctx))
		return nil, context.Cause(ctx)
	}
}

func readBody(req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(req.Body)
	return body, errors.Join(err, req.Body.Close())
}

func wrote(trace *httptrace.ClientTrace) {
	if trace == nil {
		return
	}
	if trace.WroteHeaders != nil {
		trace.WroteHeaders()
	}
	if trace.WroteRequest != nil {
		trace.WroteRequest(httptrace.WroteRequestInfo{})
	}
}

// received is the request as a server gets it.
func received(ctx context.Context, req *http.Request, body []byte) *http.Request {
	r := req.Clone(ctx)
	r.Proto, r.ProtoMajor, r.ProtoMinor = "HTTP/1.1", 1, 1
	r.RequestURI = req.URL.RequestURI()
	r.URL = &url.URL{Path: req.URL.Path, RawPath: req.URL.RawPath, RawQuery: req.URL.RawQuery}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	r.RemoteAddr = "127.0.0.1:1"
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	if r.Host == "" {
		r.Host = req.URL.Host
	}
	if req.URL.Scheme == "https" {
		r.TLS = &tls.ConnectionState{HandshakeComplete: true}
	}
	return r
}

// exchange is one request's answer on its way. It is the handler's ResponseWriter.
type exchange struct {
	req    *http.Request
	header http.Header
	sent   bool
	bare   bool // without a body
	head   chan *http.Response
	failed chan error
	in     *io.PipeReader
	out    *io.PipeWriter
}

func newExchange(req *http.Request) *exchange {
	x := &exchange{req: req, header: http.Header{}, head: make(chan *http.Response, 1), failed: make(chan error, 1)}
	x.in, x.out = io.Pipe()
	return x
}

// serve runs the handler and passes on how it ended.
func (x *exchange) serve(h http.Handler, r *http.Request) {
	defer func() {
		switch v := recover(); {
		case v == nil:
			x.WriteHeader(http.StatusOK)
			x.out.Close()
		case v == http.ErrAbortHandler && !x.sent:
			x.failed <- io.EOF
		case v == http.ErrAbortHandler:
			x.out.CloseWithError(io.ErrUnexpectedEOF)
		default:
			err := fmt.Errorf("simulated organisation: %v", v)
			x.failed <- err
			x.out.CloseWithError(err)
		}
	}()
	h.ServeHTTP(x, r)
}

// Header is the answer's header, until it is sent.
func (x *exchange) Header() http.Header { return x.header }

// WriteHeader sends the answer's head; only the first call counts.
func (x *exchange) WriteHeader(status int) {
	if x.sent {
		return
	}
	x.sent = true
	resp := &http.Response{
		Status: strconv.Itoa(status) + " " + http.StatusText(status), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: maps.Clone(x.header), Body: x.in, ContentLength: -1, Request: x.req,
	}
	if n, err := strconv.ParseInt(x.header.Get("Content-Length"), 10, 64); err == nil {
		resp.ContentLength = n
	}
	if status == http.StatusNoContent || x.req.Method == http.MethodHead {
		x.bare = true
		resp.Body, resp.ContentLength = http.NoBody, 0
	}
	x.head <- resp
}

// Write sends a piece of the body and returns once the caller has read it.
func (x *exchange) Write(p []byte) (int, error) {
	x.WriteHeader(http.StatusOK)
	if len(p) == 0 || x.bare {
		return len(p), nil
	}
	return x.out.Write(p)
}

// Flush sends the head; pieces of the body are never held back.
func (x *exchange) Flush() { x.WriteHeader(http.StatusOK) }

// attach ties the body to the caller's context and to the handler's.
func (x *exchange) attach(ctx context.Context, body io.ReadCloser, leave func()) io.ReadCloser {
	if body == http.NoBody {
		leave()
		return body
	}
	stop := context.AfterFunc(ctx, func() {
		x.out.CloseWithError(context.Cause(ctx))
		leave()
	})
	return &answerBody{ReadCloser: body, end: sync.OnceFunc(func() { stop(); leave() })}
}

// answerBody is a body that lets the handler know when it is done with.
type answerBody struct {
	io.ReadCloser
	end func()
}

// Read reads on, and passes on the handler's or the context's error at the end.
func (b *answerBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.end()
	}
	return n, err
}

// Close gives up the rest of the body.
func (b *answerBody) Close() error {
	defer b.end()
	return b.ReadCloser.Close()
}
