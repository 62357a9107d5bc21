package zoho

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
)

var errAddress = errors.New("the address cannot be used")

// baseAddress parses the addresses of calls. They differ in their paths alone, so the last one's beginning is
// kept.
type baseAddress struct{ last atomic.Pointer[url.URL] }

// parse is url.Parse, and quicker where the address begins as the last one did and goes on plainly.
func (b *baseAddress) parse(address string) (*url.URL, error) {
	if last := b.last.Load(); last != nil {
		if u := continued(last, address); u != nil {
			return u, nil
		}
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, errAddress // not err, which repeats what may be secret
	}
	b.last.Store(&url.URL{Scheme: u.Scheme, Host: u.Host})
	return u, nil
}

// continued returns the address as url.Parse reads it if base and a plain path and query make it up, else nil.
func continued(base *url.URL, address string) *url.URL {
	rest, ok := strings.CutPrefix(address, base.Scheme)
	if ok {
		rest, ok = strings.CutPrefix(rest, "://")
	}
	if ok {
		rest, ok = strings.CutPrefix(rest, base.Host)
	}
	path, query, queried := strings.Cut(rest, "?")
	if !ok || !strings.HasPrefix(path, "/") || queried != (query != "") {
		return nil
	}
	for i := range len(path) {
		if c := path[i]; !isAlphanumeric(c) && c != '/' && c != '_' && c != '-' && c != '.' {
			return nil
		}
	}
	for i := range len(query) {
		if c := query[i]; c <= ' ' || c >= 0x7f || c == '#' {
			return nil
		}
	}
	return &url.URL{Scheme: base.Scheme, Host: base.Host, Path: path, RawQuery: query}
}

// newRequest builds a request that no transport can send again by itself where that would matter: without
// GetBody a body cannot be rewound, and no Idempotency-Key header invites a repeat.
func newRequest(ctx context.Context, method string, address *url.URL, body []byte) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, "", nil)
	if err != nil {
		return nil, errAddress
	}
	req.URL, req.Host = address, address.Host
	req.Body = http.NoBody
	if len(body) > 0 {
		req.Body, req.ContentLength = &requestBody{*bytes.NewReader(body)}, int64(len(body))
	}
	req.Header["Accept"] = acceptJSON
	return req, nil
}

// acceptJSON is shared by all requests: nobody changes it.
var acceptJSON = []string{"application/json"}

// requestBody is a body that cannot be rewound, and so not be sent twice.
type requestBody struct{ bytes.Reader }

// Close has nothing to do.
func (*requestBody) Close() error { return nil }
