package zoho

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
)

var errBodyClosed = errors.New("read an answer: its body is closed")

// directBody is the body of an answer. At its end the connection goes back to those that are kept, if
// nothing speaks against it; a body that is not read to its end closes the connection.
type directBody struct {
	direct *Direct
	conn   *directConn // nil once it is given up
	ctx    context.Context
	from   io.Reader
	stop   func() bool // of what cuts the connection when the context ends
	keep   bool        // the server will take another request
	err    error       // once it is over
}

// attach gives an answer the body that its connection hangs on.
func (d *Direct) attach(c *directConn, resp *http.Response, stop func() bool) {
	b := &directBody{direct: d, conn: c, ctx: resp.Request.Context(), from: resp.Body, stop: stop}
	b.keep = !resp.Close && resp.StatusCode != http.StatusSwitchingProtocols && !bodyToCome(resp)
	if resp.Body == http.NoBody {
		b.over(io.EOF)
		return
	}
	resp.Body = b
	if strings.EqualFold(resp.Header.Get("Content-Encoding"), "gzip") { // as compose asked
		resp.Body = &unzipped{body: b}
		resp.Header.Del("Content-Encoding")
		resp.Header.Del("Content-Length")
		resp.ContentLength, resp.Uncompressed = -1, true
	}
}

// bodyToCome reports an answer that has no body by its status and announces one all the same. Should it come, it
// would be read as the next call's answer.
func bodyToCome(resp *http.Response) bool {
	return resp.Body == http.NoBody && (len(resp.TransferEncoding) > 0 || strings.Trim(resp.Header.Get("Content-Length"), "0") != "")
}

// Read reads on. Its error is the context's where that has ended.
func (b *directBody) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.from.Read(p)
	if err != nil {
		err = b.over(err)
	}
	return n, err
}

// Close gives up the rest of the body, and the connection with it where there is a rest.
func (b *directBody) Close() error {
	if b.conn != nil {
		_ = b.over(errBodyClosed) // it was closed, which is no failure
	}
	b.err = errBodyClosed
	return nil
}

// over gives up the connection, whole or not, and returns what the reader is told.
func (b *directBody) over(err error) error {
	c := b.conn
	b.conn = nil
	running := b.stop()
	switch {
	case err == io.EOF && running && b.keep && c.reader.Buffered() == 0:
		b.direct.idle.put(c)
	default:
		c.close()
	}
	if err != io.EOF {
		err = ofContext(b.ctx, err)
	}
	b.err = err
	return err
}

// unzippers are kept because each is 40 KB.
var unzippers = sync.Pool{New: func() any { return new(gzip.Reader) }}

// unzipped is a body that came compressed. Whoever reads it bounds it.
type unzipped struct {
	body *directBody
	from *gzip.Reader // nil before the first Read and after Close
	err  error
}

// Read reads on.
func (u *unzipped) Read(p []byte) (int, error) {
	if u.err != nil {
		return 0, u.err
	}
	if u.from == nil {
		u.from = unzippers.Get().(*gzip.Reader)
		if u.err = u.from.Reset(u.body); u.err != nil {
			return 0, u.err
		}
	}
	n, err := u.from.Read(p)
	u.err = err
	return n, err
}

// Close gives up the rest.
func (u *unzipped) Close() error {
	if u.from != nil {
		_ = u.from.Reset(http.NoBody) // lets go of the connection; that there is nothing to read is meant
		unzippers.Put(u.from)
		u.from = nil
	}
	u.err = errBodyClosed
	return u.body.Close()
}
