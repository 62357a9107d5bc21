package cli

import (
	"io"
	"time"

	"zlock/batch"
	"zlock/zoho"
)

// What tests outside the package look at besides Main.
var (
	Clean       = clean
	GuardCell   = guardCell
	UniqueNames = uniqueNames
	Span        = span
	Number      = number
	Nearest     = nearest
	ShellWord   = shellWord
	CodeOf      = codeOf
	WriteFile   = writeFile
	EncodeJSON  = encodeJSON
	NewRunID    = newRunID
	Cut         = cut
)

// Signalled is a stop by a signal.
type Signalled = signalled

// NewScrubber returns a writer that takes secrets out, and what passes its rest on.
func NewScrubber(w io.Writer, secrets ...string) (io.Writer, func()) {
	s := newScrubber(w, secrets...)
	return s, s.Flush
}

// StatusJSON is the document of a run.
func StatusJSON(r batch.Run, now time.Time) ([]byte, error) { return encodeJSON(newDocument(r, now)) }

// Progress is a progress display on its own.
type Progress struct{ p *progress }

// NewProgress starts to tell of total rows, done of which are done.
func NewProgress(w io.Writer, bar bool, width int, total, done int64, limits func() zoho.Snapshot) *Progress {
	p := &progress{
		screen: &screen{w: w}, now: time.Now, width: func() int { return width }, limits: limits, total: total, done: done,
	}
	p.start(bar)
	return &Progress{p}
}

// Observe takes a commit in.
func (p *Progress) Observe(news batch.Progress) { p.p.observe(news) }

// Log writes a line as the log would.
func (p *Progress) Log(line string) { _, _ = p.p.screen.Write([]byte(line + "\n")) }

// Finish ends the telling.
func (p *Progress) Finish() { p.p.finish() }
