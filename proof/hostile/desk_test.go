package hostile_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"zlock/cli"
	"zlock/zoho/sim"
)

const (
	deskSecret  = "client-secret-canary"
	deskRefresh = "1000.0123456789abcdef0123456789abcdef.0123456789abcdef0123456789abcdef"
	recordID    = "5843104000000425565"
)

// desk is a machine at which somebody puts bad things before the program, in a bubble where time is
// cheap, with a pretend Zoho behind it.
type desk struct {
	t       *testing.T
	dir     string
	env     map[string]string
	stdin   string
	org     *sim.Org
	meddler meddler
}

// meddler spoils an answer on its way; nil lets all through.
type meddler func(*http.Request, *http.Response) *http.Response

// atDesk has f act in a bubble of its own.
func atDesk(t *testing.T, config sim.Config, f func(*desk)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		config.Tokens = sim.TokenConfig{ClientID: "client", ClientSecret: deskSecret, RefreshToken: deskRefresh}
		if config.Records == nil {
			config.Records = func(yield func(sim.Record) bool) { yield(sim.Record{Module: "Leads", ID: recordID}) }
		}
		org, err := sim.New(config)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = org.Close() }()
		f(&desk{t: t, dir: dir, org: org, env: map[string]string{
			"HOME": dir, "ZLOCK_STATE_DIR": filepath.Join(dir, "state"), "ZLOCK_API_URL": "http://127.0.0.1",
			"ZLOCK_CLIENT_ID": "client", "ZLOCK_CLIENT_SECRET": deskSecret, "ZLOCK_REFRESH_TOKEN": deskRefresh,
		}})
	})
}

// said is what a command came to.
type said struct {
	code     int
	out, err string
}

// run carries out one command line.
func (d *desk) run(args ...string) said {
	d.t.Helper()
	var out, err bytes.Buffer
	w := cli.World{In: strings.NewReader(d.stdin), Out: &out, Err: &err, Dir: d.dir, Transport: meddling{d}}
	for key, value := range d.env {
		w.Environ = append(w.Environ, key+"="+value)
	}
	s := said{code: cli.Main(d.t.Context(), args, w)}
	s.out, s.err = out.String(), err.String()
	d.clean(s)
	return s
}

// clean holds what was printed against what must never be printed: nothing that a terminal obeys, and no
// secret.
func (d *desk) clean(s said) {
	d.t.Helper()
	for _, r := range strings.ReplaceAll(s.err+s.out, "\n", "") {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) && r != '\t' && r != '\r' && r != '\ufeff' {
			d.t.Errorf("%U was printed:\n%s\n%s", r, s.out, s.err)
			break
		}
	}
	if strings.Contains(s.err+s.out, deskSecret) || strings.Contains(s.err+s.out, deskRefresh) {
		d.t.Errorf("a secret was printed:\n%s\n%s", s.out, s.err)
	}
}

// file writes a file at the desk.
func (d *desk) file(name, content string) {
	d.t.Helper()
	if err := os.WriteFile(filepath.Join(d.dir, name), []byte(content), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// meddling is the way to the pretend Zoho, with somebody on it.
type meddling struct{ d *desk }

// RoundTrip passes a call on and its answer back, spoilt or not.
func (m meddling) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := m.d.org.Transport().RoundTrip(r)
	if err != nil || m.d.meddler == nil {
		return resp, err
	}
	if spoilt := m.d.meddler(r, resp); spoilt != nil {
		return spoilt, nil
	}
	return resp, nil
}

// answer is a made-up answer to r; headers come in pairs.
func answer(r *http.Request, status int, body string, headers ...string) *http.Response {
	resp := &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r, ContentLength: -1,
		Header: http.Header{"Content-Type": {"application/json"}, "Date": {time.Now().UTC().Format(http.TimeFormat)}},
		Body:   io.NopCloser(strings.NewReader(body)),
	}
	for i := 0; i+1 < len(headers); i += 2 {
		resp.Header.Set(headers[i], headers[i+1])
	}
	return resp
}

// faultsOf reads what run --json says of a faulty job file.
func faultsOf(s said) string {
	var doc struct {
		Faults []struct {
			Line int
			Code string
		}
	}
	if err := json.Unmarshal([]byte(s.out), &doc); err != nil {
		return fmt.Sprintf("no document (%v)", err)
	}
	codes := make([]string, len(doc.Faults))
	for i, f := range doc.Faults {
		codes[i] = fmt.Sprintf("%d:%s", f.Line, f.Code)
	}
	return strings.Join(codes, " ")
}
