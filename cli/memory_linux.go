package cli

import "syscall"

// HideMemory keeps this process's memory and environment, in which secrets are, out of core dumps and from
// other processes of the same user: /proc/PID/environ and its like are root's alone from then on. What it
// starts is not affected. Where the system refuses, nothing is worse than before.
func HideMemory() {
	const setDumpable = 4 // PR_SET_DUMPABLE
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, setDumpable, 0, 0)
}
