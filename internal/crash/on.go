//go:build crash

package crash

import (
	"os"
	"strconv"
	"strings"
	"sync"
)

var armed = sync.OnceValue(func() *mark {
	step, n, ok := strings.Cut(os.Getenv("ZLOCK_CRASH_AT"), ":")
	left, err := strconv.Atoi(n)
	if !ok || err != nil {
		return &mark{}
	}
	return &mark{step: step, left: left}
})

// mark is the step to crash at, and how often it may still be passed.
type mark struct {
	mu   sync.Mutex
	step string
	left int
}

// At marks a step, and ends the process at the one that ZLOCK_CRASH_AT names.
func At(step string) {
	m := armed()
	if m.step != step {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.left--; m.left > 0 {
		return
	}
	if p, err := os.FindProcess(os.Getpid()); err == nil {
		_ = p.Kill()
	}
	select {} // until the signal has arrived
}
