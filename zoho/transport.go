package zoho

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"time"
)

// NewTransport returns the way to Zoho for at most concurrency calls at once: HTTP/1.1, because HTTP/2
// may send a request again by itself and gains nothing at these latencies; as many idle connections as
// calls; TLS 1.2 or later; 5 s to connect, 5 s for TLS, 20 s for an answer's headers of at most 64 KiB.
// A proxy of the environment is used for https, by CONNECT, so that it never sees a token.
//
// A name of Zoho's must lead to a public address, and localhost to this machine, whatever the name service
// says: see AddressError.
func NewTransport(concurrency int) *http.Transport {
	return NewTransportFor(TransportConfig{Concurrency: concurrency})
}

// TransportConfig says how a transport differs from that of NewTransport.
type TransportConfig struct {
	Concurrency int
	AllowHosts  []string       // exact names that may lead to any address, see CheckHost
	RootCAs     *x509.CertPool // who may vouch for a server; nil: those of the system
	Resolver    *net.Resolver  // nil: the system's
}

// NewTransportFor is NewTransport with settings of its own.
func NewTransportFor(c TransportConfig) *http.Transport {
	concurrency := max(1, c.Concurrency)
	only1 := new(http.Protocols)
	only1.SetHTTP1(true)
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second, Resolver: c.Resolver}
	return &http.Transport{
		Proxy:                  proxyForTLS,
		DialContext:            dialChecked(dialer, c.AllowHosts),
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.RootCAs},
		TLSHandshakeTimeout:    5 * time.Second,
		ResponseHeaderTimeout:  20 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		MaxIdleConns:           concurrency + 1, // one more for the accounts host
		MaxIdleConnsPerHost:    concurrency,
		IdleConnTimeout:        50 * time.Second, // less than servers wait, so that they rarely close first
		Protocols:              only1,
	}
}

func proxyForTLS(r *http.Request) (*url.URL, error) {
	if r.URL.Scheme != "https" {
		return nil, nil
	}
	return http.ProxyFromEnvironment(r)
}

// newHTTPClient follows no redirect: Go would take the Authorization header to plain http on the same
// host, and a token request's body to any host.
func newHTTPClient(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// userAgent names the program and its version as built.
func userAgent() string {
	version := "dev"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		version = info.Main.Version
	}
	return "zlock/" + version
}
