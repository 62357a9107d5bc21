package cli

import "runtime/debug"

// garbagePercent is how much garbage may gather beside what a run holds, in percent of that. A run holds a
// megabyte or two, whatever its job file's size, and throws 12 KB away a row: collected by Go's own rule, of
// 100 percent and no less than 4 MB, that took a twelfth of its processor time.
const garbagePercent = 300

// collectLess lets garbage gather from here to the end of the process, unless the environment says how much
// may (GOGC).
func (w World) collectLess() {
	if w.env("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
}
