package sim

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

//go:embed console.html
var consolePage string

// console is an organisation behind the page that shows it.
type console struct {
	org    *Org
	names  []string
	policy string
	token  string
}

// Console serves the organisation's API, and beside it, at /, a page for people: what is locked,
// what was spent, the last calls, and switches for troubles. The page costs no credits. It is shown
// to those who call the host by an address, as localhost, or by one of the names: a name that
// somebody else made to lead here is refused.
func Console(o *Org, names ...string) http.Handler {
	return &console{
		org: o, names: names, token: rand.Text(),
		policy: "default-src 'none'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'" +
			"; style-src " + hashOf("style") + "; script-src " + hashOf("script"),
	}
}

// hashOf is the hash of the page's element, as a content security policy has it.
func hashOf(element string) string {
	_, rest, _ := strings.Cut(consolePage, "<"+element+">")
	text, _, _ := strings.Cut(rest, "</"+element+">")
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// ServeHTTP tells calls to Zoho from those to the page.
func (c *console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/crm/") || strings.HasPrefix(r.URL.Path, "/oauth/") {
		c.org.ServeHTTP(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", c.policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	reading := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case !c.knows(r.Host):
		http.Error(w, "this page is not shown under that host name", http.StatusMisdirectedRequest)
	case r.URL.Path == "/" && reading:
		h.Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, consolePage)
	case r.URL.Path == "/console/state" && reading:
		h.Set("Content-Type", "application/json")
		_, _ = w.Write(encode(c.org.state(c.token)))
	case r.URL.Path == "/console/switch" && r.Method == http.MethodPost:
		c.turn(w, r)
	case slices.Contains([]string{"/", "/console/state", "/console/switch"}, r.URL.Path):
		http.Error(w, "another method is wanted here", http.StatusMethodNotAllowed)
	default:
		http.NotFound(w, r)
	}
}

// knows reports whether the page may be shown under the host name.
func (c *console) knows(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	_, err := netip.ParseAddr(host)
	return err == nil || host == "localhost" || slices.Contains(c.names, host)
}

// turn carries out a switch of the page.
func (c *console) turn(w http.ResponseWriter, r *http.Request) {
	if !c.allowed(r) {
		http.Error(w, "this did not come from the page; load it again", http.StatusForbidden)
		return
	}
	var wanted struct {
		Name string `json:"name"`
		On   bool   `json:"on"`
	}
	if err := json.NewDecoder(io.LimitReader(r.Body, 1000)).Decode(&wanted); err != nil {
		http.Error(w, "a switch's name is wanted", http.StatusBadRequest)
		return
	}
	if !c.org.turn(wanted.Name, wanted.On) {
		http.Error(w, "there is no such switch", http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// allowed reports whether the request comes from our page: it knows the token, which other
// origins cannot read, and names no other origin.
func (c *console) allowed(r *http.Request) bool {
	if subtle.ConstantTimeCompare([]byte(r.Header.Get("X-Console-Token")), []byte(c.token)) != 1 {
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host == r.Host
}
