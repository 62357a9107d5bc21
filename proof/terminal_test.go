package proof_test

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// runArgs start the rig's job, for commands that a rig does not keep account of.
func (r *rig) runArgs() []string {
	return append([]string{"run", "job.csv", "--on-conflict", "sequence"}, r.flags...)
}

// ended waits for a command started here and returns its exit code.
func ended(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case <-done:
	case <-time.After(rigPatience):
		_ = cmd.Process.Kill()
		t.Fatalf("not done after %v", rigPatience)
	}
	return cmd.ProcessState.ExitCode()
}

// Whoever reads along may leave: the run is carried out to its end, with the exit code that it has.
func TestReaderThatLeaves(t *testing.T) {
	t.Parallel()
	r := newRig(t, newJob(5, 80), nil, "--log-level", "debug")
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := r.command(r.binary, r.runArgs()...)
	cmd.Stdout, cmd.Stderr = write, write
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	if _, err := bufio.NewReaderSize(read, 16).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	read.Close() // with most of the log still to come
	if code := ended(t, cmd); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	if _, c := r.run("status", "--json"); !strings.Contains(c.out.String(), `"state":"completed"`) {
		t.Errorf("status %s", c.out.String())
	}
}

// Under nohup the terminal's end does not reach the run; otherwise it stops it as SIGTERM would.
func TestHangUp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, shell string
		signal      os.Signal
		want        int
	}{
		{"plain", `exec "$0" "$@"`, syscall.SIGHUP, 143},
		{"nohup", `trap "" HUP; exec "$0" "$@"`, syscall.SIGHUP, 0},
		{"quit", `exec "$0" "$@"`, syscall.SIGQUIT, 143}, // 2, Go's own answer, says that nothing was sent
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, newJob(6, 200), nil)
			cmd := r.command("/bin/sh", append([]string{"-c", c.shell, r.binary}, r.runArgs()...)...)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			for deadline := time.Now().Add(rigPatience); r.org.Stats().Applied < 20; time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("the run does not get going")
				}
			}
			if err := cmd.Process.Signal(c.signal); err != nil {
				t.Fatal(err)
			}
			if code := ended(t, cmd); code != c.want {
				t.Errorf("exit code %d, want %d", code, c.want)
			}
		})
	}
}
