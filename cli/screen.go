package cli

import (
	"fmt"
	"io"
	"sync"
)

// screen is the stream on which a person, or a log collector, reads along. Whole lines go
// through it, one at a time, so that a progress bar, the log and our own words do not garble
// one another.
type screen struct {
	mu    sync.Mutex
	w     io.Writer
	line  drawing // what is drawn on the last line now; nil for nothing
	quiet bool
}

// drawing is a line that stands at the bottom of the screen and can be taken off for a while.
type drawing interface {
	erase()
	redraw()
}

// Write puts whole lines above the drawing. A screen that cannot be written to is no reason
// to stop working.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.line != nil {
		s.line.erase()
		defer s.line.redraw()
	}
	_, _ = s.w.Write(p)
	return len(p), nil
}

// flush passes on what a scrubber beneath may hold back: an unfinished line, say a question.
func (s *screen) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f, ok := s.w.(interface{ Flush() }); ok {
		f.Flush()
	}
}

// draw runs f, which draws on the last line, while nobody else writes.
func (s *screen) draw(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// say tells a person something, unless they asked for quiet.
func (s *screen) say(format string, args ...any) {
	if !s.quiet {
		fmt.Fprintf(s, format+"\n", args...)
	}
}

// warn tells a person something that they should know even when they asked for quiet.
func (s *screen) warn(format string, args ...any) {
	fmt.Fprintf(s, "zlock: warning: "+format+"\n", args...)
}
