package cli

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"time"
)

const (
	screenPatience = 2 * time.Second // for whoever reads what is said to a person
	screenBacklog  = 256 << 10       // bytes that wait for them
)

// patient writes to a stream whose reader may have stopped reading: a terminal that was halted with Ctrl-S,
// a pager, a pipe that nobody empties. Such a write never ends, and a run must not hang on it. Writes wait
// as always; once one has taken too long, what follows is kept and shown when the reader goes on, and
// what does not fit is counted and left out.
type patient struct {
	w    io.Writer
	wait time.Duration
	most int // bytes that are kept

	mu      sync.Mutex
	waiting [][]byte
	size    int
	lost    int           // lines left out
	done    chan struct{} // closed once all that came is written; nil where nothing is under way
	stuck   bool
}

// Write never fails: a screen that cannot be written to is no reason to stop working.
func (p *patient) Write(text []byte) (int, error) {
	done := p.add(text)
	if done == nil {
		return len(text), nil
	}
	timer := time.NewTimer(p.wait)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		p.mu.Lock()
		p.stuck = p.stuck || p.done == done
		p.mu.Unlock()
	}
	return len(text), nil
}

// add keeps a text for whoever writes, and returns what to wait for; nil where the stream is stuck.
func (p *patient) add(text []byte) chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.size+len(text) > p.most && p.done != nil {
		p.lost += max(1, bytes.Count(text, []byte{'\n'}))
		return nil
	}
	p.waiting = append(p.waiting, bytes.Clone(text))
	p.size += len(text)
	if p.done == nil {
		p.done = make(chan struct{})
		go p.drain()
	}
	if p.stuck {
		return nil
	}
	return p.done
}

// drain writes what waits, until nothing does.
func (p *patient) drain() {
	for {
		text := p.next()
		if text == nil {
			return
		}
		_, _ = p.w.Write(text) // see Write
	}
}

func (p *patient) next() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) > 0 {
		text := p.waiting[0]
		p.waiting = p.waiting[1:]
		p.size -= len(text)
		return text
	}
	if p.lost > 0 {
		text := fmt.Appendf(nil, "zlock: warning: %s left out here: nobody was reading\n", counted(int64(p.lost), "line is", "lines are"))
		p.lost = 0
		return text
	}
	close(p.done)
	p.done, p.stuck = nil, false
	return nil
}
