package cli

import (
	"runtime/debug"
	"sync"
)

// garbagePercent is how much garbage may gather beside what a run holds, in percent of that. A run holds a
// megabyte or two, whatever its job file's size, and throws 12 KB away a row: collected by Go's own rule, of
// 100 percent and no less than 4 MB, that took a twelfth of its processor time.
const garbagePercent = 300

// collecting is what all runs of the process share: the runtime has one setting.
var collecting struct {
	sync.Mutex
	runs   int // that let garbage gather
	before int // the setting before the first of them
}

// collectLess lets garbage gather until restored, unless the environment says how much may (GOGC).
func (w World) collectLess() (restore func()) {
	if w.env("GOGC") != "" {
		return func() {}
	}
	c := &collecting
	c.Lock()
	defer c.Unlock()
	if c.runs++; c.runs == 1 {
		c.before = debug.SetGCPercent(garbagePercent)
	}
	return func() {
		c.Lock()
		defer c.Unlock()
		if c.runs--; c.runs == 0 {
			debug.SetGCPercent(c.before)
		}
	}
}
