//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package cli

import (
	"os/exec"
	"syscall"
)

// alone gives a command a process group of its own, so that a signal from the keyboard does not meet
// it, and that the end of its time ends all that it has started.
func alone(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
