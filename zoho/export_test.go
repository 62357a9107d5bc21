package zoho

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"time"
)

// RetryAfter lets tests reach the reader of the header.
var RetryAfter = retryAfter

// CheckDialled judges the address to which a name has led.
var CheckDialled = checkDialled

// Widen opens the slots up to the cap, as calls that went well would in time.
func Widen(l *Limiter) *Limiter {
	l.slots.window = float64(l.slots.cap)
	return l
}

// DecodeLoosely reads a JSON text as an answer's body is read.
func DecodeLoosely(body []byte) (any, error) {
	v, err := decodeLoosely(body)
	return unnamed(v), err
}

// unnamed turns the objects of v into maps, to compare them with.
func unnamed(v any) any {
	switch v := v.(type) {
	case object:
		m := map[string]any{}
		for k, inner := range v {
			m[k] = unnamed(inner)
		}
		return m
	case []any:
		for i := range v {
			v[i] = unnamed(v[i])
		}
	}
	return v
}

// NewDirectOver returns a Direct whose connections come from dial.
func NewDirectOver(dial func(ctx context.Context, network, address string) (net.Conn, error)) *Direct {
	d := NewDirect(TransportConfig{Concurrency: 2})
	d.dial = dial
	return d
}

// Idle returns how many connections are kept.
func (d *Direct) Idle() int {
	d.idle.mu.Lock()
	defer d.idle.mu.Unlock()
	return len(d.idle.conns)
}

// Continued reads an address that goes on from base, or returns nil.
func Continued(base *url.URL, address string) *url.URL { return continued(base, address) }

// IsModule reports what can be a module's API name.
var IsModule = isModule

// ProxiedBy sends all calls through a proxy, as the environment may.
func (d *Direct) ProxiedBy(proxy *url.URL) { d.other.Proxy = http.ProxyURL(proxy) }

// SetClockBack has the connections that are kept look as they do once the clock has been set back.
func (d *Direct) SetClockBack(by time.Duration) {
	d.idle.mu.Lock()
	defer d.idle.mu.Unlock()
	for _, c := range d.idle.conns {
		c.since = c.since.Add(by)
	}
}
