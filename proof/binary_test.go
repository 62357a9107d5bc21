package proof_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"zlock/proof"
	"zlock/zoho/sim"
)

const (
	rigSecret  = "s3cret/of+the+proof=="
	rigRefresh = "1000.cccccccccccccccccccccccccccccccc.dddddddddddddddddddddddddddddddd"
	// rigSettle is as low as the program takes it.
	rigSettle = time.Second
	// rigPatience is how long one command may take: far longer than any does.
	rigPatience = 2 * time.Minute
)

// rig is a machine with the real program, an empty state directory, and a pretend Zoho on a loopback
// port. What happens on it is kept for the checker.
type rig struct {
	t       testing.TB
	binary  string
	dir     string
	org     *sim.Org
	server  *httptest.Server
	job     job
	serving atomic.Int64 // calls that the far end has not done with
	initial []sim.Record
	flags   []string // of every command that works on the run

	mu       sync.Mutex
	commands int
	said     map[string][]byte // by command
	shots    []proof.Snapshot
	exits    []int
	sittings int
	crashes  int
	retried  bool
}

const rigAttempts, rigAtOnce = 3, 4

// newRig sets a machine up for a job. The faults strike at the far end.
func newRig(t testing.TB, j job, faults []sim.Fault, flags ...string) *rig {
	t.Helper()
	binary, err := program()
	if err != nil {
		t.Fatal(err)
	}
	org, err := sim.New(sim.Config{
		Seed: j.seed, Records: j.records(), Script: faults, Latency: sim.Between(5*time.Millisecond, 20*time.Millisecond, j.seed),
		Tokens:   sim.TokenConfig{ClientID: "client", ClientSecret: rigSecret, RefreshToken: rigRefresh, Limit: 1000},
		LogLimit: 1_000_000,
	})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{
		t: t, binary: binary, dir: t.TempDir(), org: org, job: j,
		initial: proof.Before(org), said: map[string][]byte{},
		flags: append([]string{"--concurrency", fmt.Sprint(rigAtOnce), "--no-progress"}, flags...),
	}
	r.server = httptest.NewServer(r)
	t.Cleanup(func() {
		_ = org.Close()
		r.server.CloseClientConnections()
		r.server.Close()
	})
	if err := os.WriteFile(filepath.Join(r.dir, "job.csv"), []byte(j.csv()), 0o600); err != nil {
		t.Fatal(err)
	}
	return r
}

// ServeHTTP is the far end.
func (r *rig) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	r.serving.Add(1)
	defer r.serving.Add(-1)
	r.org.ServeHTTP(w, q)
}

// quiet waits until the far end is done with what a killed process had asked of it.
func (r *rig) quiet() {
	r.t.Helper()
	for deadline := time.Now().Add(rigPatience); r.serving.Load() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			r.t.Fatalf("the far end is still busy with %d calls", r.serving.Load())
		}
	}
}

// child is a command under way.
type child struct {
	cmd     *exec.Cmd
	name    string
	out     bytes.Buffer
	err     watched
	began   time.Time
	done    chan struct{} // closed at its end
	rig     *rig
	works   bool
	elapsed time.Duration // to its end
}

// watched is a stream that can be read while it is written.
type watched struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.Write(p)
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}

// start begins a command; crashAt ("step:n") is where it is to crash, "" for nowhere.
func (r *rig) start(crashAt string, args ...string) *child {
	r.t.Helper()
	r.mu.Lock()
	r.commands++
	name := fmt.Sprintf("command %d, zlock %s", r.commands, strings.Join(args, " "))
	r.mu.Unlock()
	c := &child{rig: r, name: name, done: make(chan struct{}), works: slices.Contains([]string{"run", "resume", "retry"}, args[0])}
	if c.works {
		args = append(args, r.flags...)
	}
	if args[0] == "run" {
		args = append(args, "--on-conflict", "sequence")
	}
	c.cmd = r.command(r.binary, args...)
	c.cmd.Stdout, c.cmd.Stderr = &c.out, &c.err
	if crashAt != "" {
		c.cmd.Env = append(c.cmd.Env, "ZLOCK_CRASH_AT="+crashAt)
	}
	c.began = time.Now()
	if err := c.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	go func() {
		_ = c.cmd.Wait() // how it ended is in ProcessState
		c.elapsed = time.Since(c.began)
		close(c.done)
	}()
	return c
}

// command is a program on the machine, signed in at its pretend Zoho.
func (r *rig) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Dir = r.dir
	cmd.Env = append(cleanEnviron(), "HOME="+r.dir, "ZLOCK_STATE_DIR="+r.state(), "ZLOCK_SETTLE="+rigSettle.String(),
		"ZLOCK_ATTEMPTS="+fmt.Sprint(rigAttempts), "ZLOCK_API_URL="+r.server.URL, "ZLOCK_CLIENT_ID=client",
		"ZLOCK_CLIENT_SECRET="+rigSecret, "ZLOCK_REFRESH_TOKEN="+rigRefresh)
	return cmd
}

// cleanEnviron is our environment without what would change the program's behaviour.
func cleanEnviron() []string {
	var kept []string
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "ZLOCK_") {
			kept = append(kept, pair)
		}
	}
	return kept
}

func (r *rig) state() string { return filepath.Join(r.dir, "state") }
func (r *rig) db() string    { return filepath.Join(r.state(), "default.db") }

// kill ends the command as kill -9 does, unless it ended before.
func (c *child) kill() { _ = c.cmd.Process.Kill() }

// wait waits for the command's end, and notes it. crashed says that it did not end by itself.
func (c *child) wait() (code int, crashed bool) {
	c.rig.t.Helper()
	select {
	case <-c.done:
	case <-time.After(rigPatience):
		c.kill()
		<-c.done
		c.rig.t.Fatalf("%s: not done after %v\n%s", c.name, rigPatience, c.err.String())
	}
	r := c.rig
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said[c.name] = append(c.out.Bytes(), c.err.String()...)
	code = c.cmd.ProcessState.ExitCode()
	crashed = code == -1
	if c.works && code != 8 { // one that was turned away at the door had no part in it
		r.sittings++
		if !crashed {
			r.exits = append(r.exits, code)
		}
	}
	if crashed && c.works {
		r.crashes++
	}
	if code == 1 || strings.Contains(c.err.String(), "panic") {
		r.t.Errorf("%s: ended with %d\n%s", c.name, code, c.err.String())
	}
	return code, crashed
}

// run carries a command out to its end.
func (r *rig) run(args ...string) (code int, c *child) {
	r.t.Helper()
	c = r.start("", args...)
	code, crashed := c.wait()
	if crashed {
		r.t.Fatalf("%s: ended by a signal that nobody sent\n%s", c.name, c.err.String())
	}
	return code, c
}

// sit works on the run once more, whatever is due: from the start where nothing is enrolled. It is
// killed after the time given; 0 lets it run to its end.
func (r *rig) sit(killAfter time.Duration) (code int, crashed bool) {
	r.t.Helper()
	c := r.start("", "run", "job.csv", "--resume")
	if killAfter > 0 {
		timer := time.NewTimer(killAfter)
		defer timer.Stop()
		select {
		case <-timer.C:
			c.kill()
		case <-c.done:
		}
	}
	return c.wait()
}

// finish works on the run until it is completed.
func (r *rig) finish(most int) {
	r.t.Helper()
	for range most {
		switch code, _ := r.sit(0); code {
		case 0, 5:
			r.snapshot(false)
			return
		case 6:
		default:
			r.t.Fatalf("a sitting ended with %d\n%s", code, r.lastWords())
		}
	}
	r.t.Fatalf("not completed after %d sittings\n%s", most, r.lastWords())
}

func (r *rig) lastWords() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, said := range r.said {
		if strings.HasPrefix(name, fmt.Sprintf("command %d,", r.commands)) {
			return name + "\n" + string(said)
		}
	}
	return ""
}
