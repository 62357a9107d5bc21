package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"zlock/cli"
	"zlock/zoho/sim"
)

const (
	secretOfTests  = "s3cret/of+tests=="
	refreshOfTests = "1000.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

// stage is a machine with an empty state directory, and a pretend Zoho that it can reach.
type stage struct {
	t       *testing.T
	dir     string
	env     map[string]string
	in      string
	signals chan os.Signal
	world   func(*cli.World) // what a test changes of the World; nil for nothing
	org     *sim.Org
	server  *httptest.Server
}

func newStage(t *testing.T) *stage {
	t.Helper()
	dir := t.TempDir()
	return &stage{t: t, dir: dir, env: map[string]string{
		"HOME": dir, "ZLOCK_STATE_DIR": filepath.Join(dir, "state"), "ZLOCK_SETTLE": "1s",
	}}
}

// withZoho puts a pretend Zoho on a loopback port and signs in there. Records ending in the
// digits of sim.Agreed misbehave.
func (s *stage) withZoho(change func(*sim.Config)) *stage {
	s.t.Helper()
	config := sim.Config{
		Seed: 1, ByID: true,
		Tokens: sim.TokenConfig{ClientID: "client", ClientSecret: secretOfTests, RefreshToken: refreshOfTests, Limit: 1000},
		Records: func(yield func(sim.Record) bool) {
			for i := range 400 {
				r := sim.Record{Module: "Leads", ID: leadID(i)}
				if i >= 200 {
					r.Lock = &sim.Lock{Reason: "Before", Source: sim.Manual}
				}
				if !yield(r) {
					return
				}
			}
			for _, a := range sim.Agreed() {
				if !yield(sim.Record{Module: "Leads", ID: "584310400000010" + a.Suffix}) {
					return
				}
			}
		},
	}
	if change != nil {
		change(&config)
	}
	org, err := sim.New(config)
	if err != nil {
		s.t.Fatal(err)
	}
	s.org, s.server = org, httptest.NewServer(org)
	s.t.Cleanup(func() { s.server.Close(); _ = org.Close() })
	s.env["ZLOCK_API_URL"] = s.server.URL
	s.env["ZLOCK_CLIENT_ID"], s.env["ZLOCK_CLIENT_SECRET"] = "client", secretOfTests
	s.env["ZLOCK_REFRESH_TOKEN"] = refreshOfTests
	return s
}

// leadID is a record of the pretend Zoho: 0 to 199 unlocked, 200 to 399 locked.
func leadID(i int) string { return fmt.Sprintf("58431040000002%03d51", i) }

// file writes a file into the stage's directory and returns its name.
func (s *stage) file(name, content string) string {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return name
}

// locks writes a job file that locks the leads from (included) to to.
func (s *stage) locks(name string, from, to int) string {
	s.t.Helper()
	var b strings.Builder
	b.WriteString("record_id,module,action,reason\n")
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, "%s,Leads,lock,Audit\n", leadID(i))
	}
	return s.file(name, b.String())
}

// outcome is what a command came to.
type outcome struct {
	code     int
	out, err string
}

// run carries out one command line.
func (s *stage) run(args ...string) outcome {
	s.t.Helper()
	return s.start(args...).wait()
}

// going is a command under way.
type going struct {
	out, err *safeBuffer
	done     chan int
}

func (s *stage) start(args ...string) *going {
	g := &going{out: &safeBuffer{}, err: &safeBuffer{}, done: make(chan int, 1)}
	w := cli.World{
		In: strings.NewReader(s.in), Out: g.out, Err: g.err, Dir: s.dir, Signals: s.signals,
		Exit: func(code int) { g.done <- 1000 + code },
	}
	for key, value := range s.env {
		w.Environ = append(w.Environ, key+"="+value)
	}
	if s.world != nil {
		s.world(&w)
	}
	ctx := s.t.Context()
	go func() { g.done <- cli.Main(ctx, args, w) }()
	return g
}

func (g *going) wait() outcome { return outcome{<-g.done, g.out.String(), g.err.String()} }

// until waits until the command has said text.
func (g *going) until(ctx context.Context, text string) error {
	for !strings.Contains(g.err.String(), text) {
		select {
		case <-g.err.moved():
		case code := <-g.done:
			return fmt.Errorf("ended with %d before it said %q: %s", code, text, g.err.String())
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// safeBuffer is a buffer that may be read while it is written to.
type safeBuffer struct {
	mu   sync.Mutex
	b    bytes.Buffer
	news chan struct{}
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.news != nil {
		close(s.news)
		s.news = nil
	}
	return s.b.Write(p)
}

func (s *safeBuffer) Len() int { return len(s.String()) }

// Reset forgets what was written.
func (s *safeBuffer) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.b.Reset()
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// moved is closed at the next write, or soon after one that came just before.
func (s *safeBuffer) moved() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.news == nil {
		s.news = make(chan struct{})
		news := s.news
		time.AfterFunc(50*time.Millisecond, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.news == news {
				close(news)
				s.news = nil
			}
		})
	}
	return s.news
}

func (s *stage) want(o outcome, code int, inErr ...string) outcome {
	s.t.Helper()
	if o.code != code {
		s.t.Fatalf("exit code %d, want %d\nstdout: %s\nstderr: %s", o.code, code, o.out, o.err)
	}
	for _, text := range inErr {
		if !strings.Contains(o.err, text) {
			s.t.Errorf("standard error does not say %q:\n%s", text, o.err)
		}
	}
	return o
}

// status is the status document of a run.
type status struct {
	Run, State string
	Rows       map[string]int64
	StoppedBy  *string `json:"stopped_by"`
	Credits    struct{ Used, Forecast int64 }
	Calls      int64
}

func (s *stage) status(ref ...string) status {
	s.t.Helper()
	o := s.want(s.run(append([]string{"status", "--json"}, ref...)...), 0)
	var d status
	if err := json.Unmarshal([]byte(o.out), &d); err != nil {
		s.t.Fatalf("status: %v in %s", err, o.out)
	}
	return d
}

// gate is an http.Handler that can be shut: what comes then waits until it is opened.
type gate struct {
	http.Handler
	mu      sync.Mutex
	shut    chan struct{}
	arrived chan struct{}
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	shut := g.shut
	g.mu.Unlock()
	if shut != nil && !strings.HasPrefix(r.URL.Path, "/oauth") {
		g.arrived <- struct{}{}
		body, _ := io.ReadAll(r.Body) // only then the server sees the client go away
		r.Body = io.NopCloser(bytes.NewReader(body))
		select {
		case <-shut:
		case <-r.Context().Done():
			return
		}
	}
	g.Handler.ServeHTTP(w, r)
}

// open lets everything through.
func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.shut)
	g.shut = nil
}

// gated puts a shut gate before the pretend Zoho.
func (s *stage) gated() *gate {
	g := &gate{Handler: s.org, shut: make(chan struct{}), arrived: make(chan struct{}, 1000)}
	server := httptest.NewServer(g)
	s.t.Cleanup(server.Close)
	s.env["ZLOCK_API_URL"] = server.URL
	return g
}

// mkdir makes a directory in the stage's.
func (s *stage) mkdir(name string) {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Join(s.dir, name), 0o700); err != nil {
		s.t.Fatal(err)
	}
}
