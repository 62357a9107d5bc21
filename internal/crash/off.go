//go:build !crash

// Package crash marks the steps at which a process must survive being killed. In an ordinary build
// a mark does nothing and costs nothing. Built with the tag "crash", a mark ends the process as
// kill -9 would, where the environment says so: ZLOCK_CRASH_AT=step:n ends it at the n-th time that
// the step is reached.
package crash

// At marks a step.
func At(string) {}
