package zoho

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

const (
	manyHeaders = 16       // a request with more is unusual
	longBody    = 64 << 10 // bytes; with more an answer may come while they are written, which net/http hears
)

// unusualHeaders say something of the connection or of how the message is put, which net/http knows about.
var unusualHeaders = []string{
	"Accept-Encoding", "Connection", "Content-Length", "Expect", "Host", "Keep-Alive", "Proxy-Authorization",
	"Proxy-Connection", "Range", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// plainRequest reports a request that Direct makes itself: one of the API's methods, with a body of a known
// length or none, and headers that are about its matter alone.
func plainRequest(req *http.Request) bool {
	switch req.Method {
	case http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete:
	default:
		return false
	}
	u := req.URL
	if u == nil || u.Scheme != "https" && u.Scheme != "http" || u.Opaque != "" || u.User != nil || !plainHost(u.Host) {
		return false
	}
	if req.Host != "" && req.Host != u.Host || req.Close || len(req.TransferEncoding) > 0 || len(req.Trailer) > 0 {
		return false
	}
	if hasBody(req) != (req.ContentLength > 0) || req.ContentLength > longBody || len(req.Header) > manyHeaders {
		return false
	}
	for name := range req.Header {
		if _, unusual := slices.BinarySearch(unusualHeaders, name); unusual {
			return false
		}
	}
	return true
}

// plainHost reports a name or address, with a port or without, in ASCII.
func plainHost(host string) bool {
	for i := range len(host) {
		if c := host[i]; !isAlphanumeric(c) && c != '.' && c != '-' && c != ':' && c != '[' && c != ']' {
			return false
		}
	}
	return host != ""
}

func hasBody(req *http.Request) bool { return req.Body != nil && req.Body != http.NoBody }

// checkRequest refuses what would not be read as it is meant: a line break begins another header, or another
// request.
func checkRequest(req *http.Request) error {
	for name, values := range req.Header {
		if !isToken(name) {
			return fmt.Errorf("write the request: %.40q is no name of a header", name)
		}
		for _, v := range values {
			if !isHeaderValue(v) {
				return fmt.Errorf("write the request: the value of %s has characters that no header may have", name)
			}
		}
	}
	return nil
}

// isToken reports a header's name. Zoho's have letters, digits and hyphens.
func isToken(name string) bool {
	for i := range len(name) {
		if c := name[i]; !isAlphanumeric(c) && c != '-' && c != '_' {
			return false
		}
	}
	return name != ""
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

func isHeaderValue(value string) bool {
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// compose puts the request into c.out as it is to be written. gzip is asked for, which attach undoes.
func (c *directConn) compose(req *http.Request) error {
	uri := req.URL.RequestURI()
	for i := range len(uri) {
		if uri[i] <= ' ' || uri[i] == 0x7f {
			return errors.New("write the request: its address has blanks or control characters")
		}
	}
	b := append(c.out[:0], req.Method...)
	b = append(b, ' ')
	b = append(b, uri...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, req.URL.Host...)
	b = append(b, "\r\n"...)
	b = appendHeader(b, req.Header)
	if hasBody(req) || req.Method == http.MethodPost || req.Method == http.MethodPut {
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, req.ContentLength, 10)
		b = append(b, "\r\n"...)
	}
	b = append(b, "Accept-Encoding: gzip\r\n\r\n"...)
	c.out = b
	if !hasBody(req) {
		return nil
	}
	return c.composeBody(req)
}

// appendHeader adds headers in the order of their names.
func appendHeader(b []byte, header http.Header) []byte {
	var space [manyHeaders]string
	names := space[:0]
	for name := range header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range header[name] {
			b = append(b, name...)
			b = append(b, ": "...)
			b = append(b, value...)
			b = append(b, "\r\n"...)
		}
	}
	return b
}

// composeBody adds the body, which must have the length that was said.
func (c *directConn) composeBody(req *http.Request) error {
	from, length := len(c.out), int(req.ContentLength)
	c.out = slices.Grow(c.out, length+1)[:from+length+1]
	n, err := io.ReadFull(req.Body, c.out[from:]) // a byte more than there should be
	c.out = c.out[:from+n]
	switch {
	case err == nil:
		return fmt.Errorf("write the request: its body is longer than the %d bytes that it says", length)
	case !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF):
		return fmt.Errorf("read the request's body: %w", err)
	case n < length:
		return fmt.Errorf("write the request: its body has %d bytes and says %d", n, length)
	}
	return nil
}

// dialAddress is the host and port that an address leads to.
func dialAddress(u *url.URL) string {
	port := u.Port()
	if port == "" {
		if port = "80"; u.Scheme == "https" {
			port = "443"
		}
	}
	return net.JoinHostPort(u.Hostname(), port)
}
