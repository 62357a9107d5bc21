package cli

import (
	"fmt"
	"io"
	"strings"
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
	width int // columns of the terminal, where lines are folded between words; 0 for a file
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
	if f, ok := s.w.(interface{ Flush() error }); ok {
		_ = f.Flush()
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
		s.tell(fmt.Sprintf(format+"\n", args...))
	}
}

// warn tells a person something that they should know even when they asked for quiet.
func (s *screen) warn(format string, args ...any) {
	s.tell(fmt.Sprintf("zlock: warning: "+format+"\n", args...))
}

// tell writes whole lines, folded where they are longer than the terminal is wide.
func (s *screen) tell(text string) {
	if s.width > 0 {
		var folded strings.Builder
		for line := range strings.Lines(text) {
			fold(&folded, line, s.width)
		}
		text = folded.String()
	}
	_, _ = s.Write([]byte(text))
}

// fold breaks one line between words; what follows stands a little further in than its beginning.
// A word that is too long for a line is left whole.
func fold(b *strings.Builder, line string, width int) {
	indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
	for rest := line; rest != ""; rest = indent + "  " + rest {
		at := breakAt(rest, width)
		if at < 0 {
			b.WriteString(rest)
			return
		}
		b.WriteString(strings.TrimRight(rest[:at], " ") + "\n")
		rest = strings.TrimLeft(rest[at:], " ")
	}
}

// breakAt is the last blank between words at which a line still fits; the first one behind where
// none does; negative where the line need not be broken, or cannot.
func breakAt(line string, width int) int {
	text := strings.TrimSuffix(line, "\n")
	if columns(text) <= width {
		return -1
	}
	at := -1
	begun := false
	for i, r := range text {
		begun = begun || r != ' '
		if r != ' ' || !begun {
			continue
		}
		if columns(text[:i]) > width && at >= 0 {
			break
		}
		at = i
	}
	return at
}
