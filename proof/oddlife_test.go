//go:build unix

package proof_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"zlock/zoho/sim"
)

// Whoever has seen enough of the data closes the pipe: that is no failure, and nothing is said.
func TestReaderOfDataThatLeaves(t *testing.T) {
	t.Parallel()
	r := newRig(t, newJob(8, 30), nil)
	r.run("run", "job.csv")
	for _, args := range []string{"results", "results --json", "runs", "status", "status --json", "report -o -", "plan job.csv --on-conflict sequence"} {
		read, write, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		read.Close()
		cmd := r.command(r.binary, strings.Fields(args)...)
		var said bytes.Buffer
		cmd.Stdout, cmd.Stderr = write, &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		write.Close()
		if code := ended(t, cmd); code != 0 || said.Len() > 0 {
			t.Errorf("zlock %s: exit code %d, said %q", args, code, said.String())
		}
	}
}

// Nobody reads what is said, and nobody goes away either, as on a terminal halted with Ctrl-S: the run is
// carried out all the same.
func TestScreenThatNobodyReads(t *testing.T) {
	t.Parallel()
	r := newRig(t, newJob(9, 300), nil)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	fill(t, write)
	cmd := r.command(r.binary, r.runArgs()...)
	cmd.Stderr = write
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	if code := ended(t, cmd); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	if _, c := r.run("status", "--json"); !strings.Contains(c.out.String(), `"state":"completed"`) {
		t.Errorf("status %s", c.out.String())
	}
}

// fill writes to a pipe until it takes no more.
func fill(t *testing.T, pipe *os.File) {
	t.Helper()
	fd := int(pipe.Fd()) // from here on it blocks
	if err := syscall.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	var err error
	for block := make([]byte, 4096); err == nil; {
		_, err = syscall.Write(fd, block)
	}
	if err != syscall.EAGAIN {
		t.Fatal(err)
	}
	if err := syscall.SetNonblock(fd, false); err != nil {
		t.Fatal(err)
	}
}

// 64 file descriptors are enough, with as many calls at once as the largest edition takes.
func TestFewFileDescriptors(t *testing.T) {
	t.Parallel()
	r := newRig(t, newJob(10, 200), nil, "--edition", "ultimate")
	r.flags = append(r.flags, "--concurrency", "25")
	r.under(`ulimit -n 64 && exec "$zlock" "$@"`)
	if code, c := r.run("run", "job.csv"); code != 0 {
		t.Errorf("exit code %d: %s", code, c.err.String())
	}
}

// A laptop sleeps with calls in flight, and wakes up to connections that are gone.
func TestSleep(t *testing.T) {
	t.Parallel()
	r := newRig(t, newJob(11, 150), []sim.Fault{{Match: sim.Match{Op: sim.AnyWrite, Prob: 0.2}, Do: sim.Slow, For: 50 * time.Millisecond}})
	c := r.start("", "run", "job.csv", "--resume")
	for deadline := time.Now().Add(rigPatience); r.changesSent() < 30; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the run does not get going")
		}
	}
	if err := c.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	r.quiet()
	r.server.CloseClientConnections()
	if err := c.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	r.crashes++ // a call that was written to a dead connection is paid for and never arrives
	if code, _ := c.wait(); code != 0 && code != 6 {
		t.Errorf("exit code %d: %s", code, c.err.String())
	}
	r.finish(10)
	r.judge()
}

// machine is a place with the program where another user may work: root's files are out of their reach.
type machine struct {
	t   *testing.T
	rig *rig
	dir string // theirs
}

// stranger is a user id that no passwd file knows.
const stranger = 54321

func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{t: t, rig: newRig(t, newJob(12, 10), nil)}
	dir, err := os.MkdirTemp("", "zlock-machine")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	m.dir = filepath.Join(dir, "theirs")
	binary, err := os.ReadFile(m.rig.binary)
	if err == nil {
		err = os.Mkdir(m.dir, 0o700)
	}
	if err == nil {
		syscall.ForkLock.RLock() // or a child holds the file open, and it cannot be started
		err = os.WriteFile(filepath.Join(dir, "zlock"), binary, 0o755)
		syscall.ForkLock.RUnlock()
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(m.dir, "job.csv"), []byte(m.rig.job.csv()), 0o644)
	}
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err == nil && os.Geteuid() == 0 {
		err = os.Chown(m.dir, stranger, stranger)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// run carries a command out with nothing in the environment but what is given and what leads to Zoho.
func (m *machine) run(environ []string, args ...string) (code int, said string) {
	m.t.Helper()
	cmd := m.command(filepath.Join(filepath.Dir(m.dir), "zlock"), args...)
	cmd.Env = append(environ, "ZLOCK_SETTLE=1s", "ZLOCK_API_URL="+m.rig.server.URL, "ZLOCK_CLIENT_ID=client",
		"ZLOCK_CLIENT_SECRET="+rigSecret, "ZLOCK_REFRESH_TOKEN="+rigRefresh)
	out, err := cmd.CombinedOutput()
	if exit, ok := err.(*exec.ExitError); err != nil && !ok {
		m.t.Fatal(err)
	} else if ok {
		return exit.ExitCode(), string(out)
	}
	return 0, string(out)
}

// command is a program as the other user starts it; as ourselves where we may not choose.
func (m *machine) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Dir = m.dir
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: stranger, Gid: stranger}}
	}
	return cmd
}

// In a container there may be no home, no passwd entry for the user, and no time zone.
func TestBareContainer(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	if code, said := m.run(nil, "run", "job.csv", "--on-conflict", "sequence"); code != 2 || !strings.Contains(said, "give --state-dir") {
		t.Errorf("no home: exit code %d: %s", code, said)
	}
	for name, environ := range map[string][]string{
		"no time zone":       {"ZLOCK_STATE_DIR=" + m.dir + "/one"},
		"an empty time zone": {"ZLOCK_STATE_DIR=" + m.dir + "/two", "TZ="},
		"an unknown one":     {"ZLOCK_STATE_DIR=" + m.dir + "/three", "TZ=Nowhere/Land", "HOME=/nonexistent"},
	} {
		if code, said := m.run(environ, "run", "job.csv", "--on-conflict", "sequence", "--tz", "Europe/Berlin"); code != 0 {
			t.Errorf("%s: exit code %d: %s", name, code, said)
		}
		if code, said := m.run(environ, "status"); code != 0 || !strings.Contains(said, "completed") {
			t.Errorf("%s: exit code %d: %s", name, code, said)
		}
	}
}

// A directory that cannot be written to is told of by its name, before anything is sent.
func TestReadOnlyDirectory(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	locked := filepath.Join(m.dir, "read-only")
	if err := os.Mkdir(locked, 0o500); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		environ []string
		args    string
	}{
		"state":   {[]string{"ZLOCK_STATE_DIR=" + locked + "/state"}, "run job.csv --on-conflict sequence"},
		"home":    {[]string{"HOME=" + locked}, "run job.csv --on-conflict sequence"},
		"faults":  {[]string{"ZLOCK_STATE_DIR=" + m.dir + "/state"}, "plan nothing.csv --faults " + locked + "/f.csv"},
		"sign-in": {[]string{"HOME=" + locked}, "auth login --store file --code-stdin"},
	} {
		if name == "faults" {
			if err := os.WriteFile(filepath.Join(m.dir, "nothing.csv"), []byte("record_id,module,action\nx,Leads,lock\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if code, said := m.run(c.environ, strings.Fields(c.args)...); code != 2 || !strings.Contains(said, "read-only") {
			t.Errorf("%s: exit code %d: %s", name, code, said)
		}
	}
	if n := m.rig.changesSent(); n != 0 {
		t.Errorf("%d changes were sent", n)
	}
}

// The folder for temporary files has no room: standard input cannot be kept, and nothing is sent.
func TestNoRoomForTemporaryFiles(t *testing.T) {
	t.Parallel()
	if said, err := exec.Command("unshare", "-m", "true").CombinedOutput(); err != nil {
		t.Skipf("SKIP: a file system of a few pages needs a name space of its own: %v %s", err, said)
	}
	r := newRig(t, newJob(13, 2000), nil)
	tiny := filepath.Join(r.dir, "tiny")
	if err := os.Mkdir(tiny, 0o700); err != nil {
		t.Fatal(err)
	}
	r.under(fmt.Sprintf(`exec unshare -m sh -c 'mount -t tmpfs -o size=16k none "%s" && TMPDIR="%s" exec "$0" "$@"' "$zlock" "$@"`, tiny, tiny))
	cmd := r.command(r.binary, "run", "-", "--on-conflict", "sequence")
	cmd.Stdin = strings.NewReader(r.job.csv())
	said, _ := cmd.CombinedOutput() // how it ended is in ProcessState
	if code := cmd.ProcessState.ExitCode(); code != 2 && code != 1 || !strings.Contains(string(said), "no space left") {
		t.Errorf("exit code %d: %s", code, said)
	}
	if n := r.changesSent(); n != 0 {
		t.Errorf("%d changes were sent", n)
	}
}

// Other processes of the same user cannot look into ours, where the secrets are.
func TestOthersCannotLookIn(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("SKIP: only Linux has /proc/PID/environ")
	}
	m := newMachine(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	cmd := m.command(filepath.Join(filepath.Dir(m.dir), "zlock"), "show", "Leads", "5843104000000020027")
	cmd.Env = []string{"HOME=" + m.dir, "ZLOCK_ACCESS_TOKEN=1000.canary.canary", "ZLOCK_API_URL=http://" + listener.Addr().String()}
	var said watched
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = cmd.Wait(); listener.Close() }() // so that Accept ends where it never comes
	defer func() { _ = cmd.Process.Kill() }()
	conn, err := listener.Accept() // it is at work now, and waits for an answer
	if err != nil {
		t.Fatalf("%v: %s", err, said.String())
	}
	defer conn.Close()
	for _, file := range []string{"environ", "mem", "maps"} {
		said, err := m.command("cat", fmt.Sprintf("/proc/%d/%s", cmd.Process.Pid, file)).CombinedOutput()
		if err == nil || !strings.Contains(string(said), "ermission denied") {
			t.Errorf("%s: %v: %.200q", file, err, said)
		}
	}
}
