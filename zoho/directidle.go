package zoho

import (
	"slices"
	"sync"
	"time"
)

// idleConns holds the connections that wait for a call, the longest waiting first.
type idleConns struct {
	most  int
	mu    sync.Mutex
	conns []*directConn
	timer *time.Timer // closes what has waited for too long; nil before the first
	armed bool
}

// take returns the connection to key that has waited the least and is still good, or nil.
func (i *idleConns) take(key connKey) *directConn {
	for {
		c := i.pop(key)
		if c == nil {
			return nil
		}
		if c.fresh(time.Now().Round(0)) && c.usable() {
			return c
		}
		c.close()
	}
}

// fresh reports whether a kept connection has not waited for too long. One that waits since a time to come
// is of before the clock was set back, and for how long it has waited is not known.
func (c *directConn) fresh(now time.Time) bool {
	waited := now.Sub(c.since)
	return waited >= 0 && waited < idleTime
}

func (i *idleConns) pop(key connKey) *directConn {
	i.mu.Lock()
	defer i.mu.Unlock()
	for at := len(i.conns) - 1; at >= 0; at-- {
		if c := i.conns[at]; c.key == key {
			copy(i.conns[at:], i.conns[at+1:])
			i.conns[len(i.conns)-1] = nil
			i.conns = i.conns[:len(i.conns)-1]
			return c
		}
	}
	return nil
}

// put keeps a connection for the next call; where there are enough, the one that has waited longest goes.
func (i *idleConns) put(c *directConn) {
	c.kept, c.died, c.since = true, false, time.Now().Round(0)
	var over *directConn
	i.mu.Lock()
	if len(i.conns) >= i.most {
		over = i.conns[0]
		i.conns = append(i.conns[:0], i.conns[1:]...)
	}
	i.conns = append(i.conns, c)
	i.arm(idleTime)
	i.mu.Unlock()
	if over != nil {
		over.close()
	}
}

// arm has the timer go off once after d, if it is not to go off already. The lock is held.
func (i *idleConns) arm(d time.Duration) {
	switch {
	case i.armed:
		return
	case i.timer == nil:
		i.timer = time.AfterFunc(d, i.expire)
	default:
		i.timer.Reset(d)
	}
	i.armed = true
}

// expire closes what has waited for too long.
func (i *idleConns) expire() {
	now := time.Now().Round(0)
	var old []*directConn
	i.mu.Lock()
	i.armed = false
	i.conns = slices.DeleteFunc(i.conns, func(c *directConn) bool {
		if c.fresh(now) {
			return false
		}
		old = append(old, c)
		return true
	})
	if len(i.conns) > 0 {
		i.arm(max(time.Millisecond, idleTime-now.Sub(i.conns[0].since)))
	}
	i.mu.Unlock()
	closeConns(old)
}

func (i *idleConns) closeAll() {
	i.mu.Lock()
	conns := i.conns
	i.conns = nil
	if i.timer != nil && i.timer.Stop() {
		i.armed = false
	}
	i.mu.Unlock()
	closeConns(conns)
}

func closeConns(conns []*directConn) {
	for _, c := range conns {
		c.close()
	}
}
