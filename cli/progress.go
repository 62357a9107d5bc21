package cli

import (
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"zlock/batch"
	"zlock/zoho"
)

const (
	plainEvery = 30 * time.Second       // a line in a log
	loneEvery  = 10 * time.Second       // a line on a terminal about a single record
	drawEvery  = 500 * time.Millisecond // a bar on a terminal
	wideBar    = 16                     // columns of the bar itself
	narrowBar  = 6                      // the same where the terminal has fewer than 100
	rateOver   = time.Minute            // what "rows per second" looks back on
)

// progress tells how far a sitting has got: as a bar on a terminal, else as a plain line now
// and then. A file never sees a carriage return.
type progress struct {
	screen *screen
	now    func() time.Time
	width  func() int
	limits func() zoho.Snapshot
	label  string // in front of everything; "" for a real org
	mute   bool   // tell nothing
	lone   bool   // it is about a single record: of what is over soon nothing is told

	mu             sync.Mutex
	total, done    int64
	failed         int64
	waiting, doubt int
	samples        []sample
	bar            *progressbar.ProgressBar
	stopped        chan struct{}
	ticking        sync.WaitGroup
}

// sample is how many rows were done at a moment.
type sample struct {
	at   time.Time
	done int64
}

// start begins to tell. With bar it draws, otherwise it writes lines.
func (p *progress) start(bar bool) {
	if p.mute {
		return
	}
	p.stopped = make(chan struct{})
	p.samples = []sample{{p.now(), p.done}}
	every := plainEvery
	switch {
	case p.lone:
		every = loneEvery
	case bar:
		every = drawEvery
		p.bar = p.newBar()
		p.screen.draw(func() { p.screen.line = p })
	}
	p.ticking.Go(func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-p.stopped:
				return
			case <-ticker.C:
				p.tick()
			}
		}
	})
}

func (p *progress) barWidth() int {
	if p.width() < 100 {
		return narrowBar
	}
	return wideBar
}

func (p *progress) newBar() *progressbar.ProgressBar {
	bar := progressbar.NewOptions64(max(p.total, 1),
		progressbar.OptionSetWriter(p.screen.w), progressbar.OptionSetWidth(p.barWidth()),
		progressbar.OptionThrottle(drawEvery/2), progressbar.OptionSetPredictTime(false),
		progressbar.OptionSetElapsedTime(false), progressbar.OptionShowDescriptionAtLineEnd(),
		progressbar.OptionSetTheme(progressbar.Theme{
			Saucer: "=", SaucerHead: ">", SaucerPadding: " ", BarStart: "[", BarEnd: "]"}),
	)
	_ = bar.Add64(p.done) // a run that goes on begins where it stopped
	return bar
}

// observe takes in what one commit brought. It is quick: the runner waits for it.
func (p *progress) observe(news batch.Progress) {
	var done, failed int64
	for _, r := range news.Results {
		if r.Outcome.Final() {
			done++
		}
		if r.Outcome == batch.Failed {
			failed++
		}
	}
	p.mu.Lock()
	p.done += done
	p.failed += failed
	p.waiting, p.doubt = news.Waiting, news.Doubt
	bar := p.bar
	p.mu.Unlock()
	if bar != nil && done > 0 {
		p.screen.draw(func() { _ = bar.Add64(done) })
	}
}

func (p *progress) tick() {
	limits := p.limits()
	why := clean(limits.Why)
	switch {
	case p.lone:
		p.screen.say("%snot done yet: %s", p.label, p.loneLine(limits))
		return
	case p.bar == nil:
		p.screen.say("%s", p.line(why, " of ", " rows"))
		return
	}
	// Beside the bar stand its brackets, the percentage and the blanks between: 12 columns.
	text := cut(p.line(why, "/", ""), p.width()-p.barWidth()-12)
	p.screen.draw(func() { p.bar.Describe(text) })
}

// loneLine says what a single record waits for.
func (p *progress) loneLine(limits zoho.Snapshot) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.doubt > 0:
		return "an answer was lost; the record is read back until it is sure what became of it"
	case limits.Why == "", limits.AtLevel:
		return "waiting for Zoho"
	}
	return clean(limits.Why)
}

// finish takes the bar off, or writes the last line.
func (p *progress) finish() {
	if p.mute {
		return
	}
	close(p.stopped)
	p.ticking.Wait()
	switch {
	case p.lone:
		return
	case p.bar == nil:
		p.screen.say("%s", p.line("", " of ", " rows"))
		return
	}
	p.screen.draw(func() {
		p.erase()
		p.screen.line = nil
	})
}

func (p *progress) erase()  { _ = p.bar.Clear() }
func (p *progress) redraw() { _ = p.bar.RenderBlank() }

// line is where the sitting stands, in one line. Why says what holds it back; of and unit are the
// words around the number of all rows, which a bar has no room for.
func (p *progress) line(why, of, unit string) string {
	limits := p.limits()
	p.mu.Lock()
	defer p.mu.Unlock()
	perSecond, open := p.rate(), p.total-p.done
	settling := p.doubt > 0 && open <= int64(p.doubt)
	if settling {
		perSecond = 0 // what is left waits for time to pass: no speed foretells its end
	}
	parts := []string{number(p.done) + of + number(p.total) + unit}
	if perSecond > 0 {
		parts = append(parts, rate(perSecond))
	}
	if perSecond > 0 && open > 0 {
		parts = append(parts, span(time.Duration(float64(open)/perSecond*float64(time.Second)))+" left")
	}
	parts = append(parts, counted(p.failed, "failed", "failed"), counted(int64(limits.Credits), "credit", "credits"))
	if p.waiting > 0 {
		parts = append(parts, number(int64(p.waiting))+" waiting")
	}
	if p.doubt > 0 {
		parts = append(parts, number(int64(p.doubt))+" in doubt")
	}
	if settling {
		parts = append(parts, "read back until sure")
	}
	if why != "" {
		parts = append(parts, why)
	}
	return p.label + strings.Join(parts, ", ")
}

// rate is rows per second over the last minute.
func (p *progress) rate() float64 {
	now := p.now()
	p.samples = append(p.samples, sample{now, p.done})
	for len(p.samples) > 2 && now.Sub(p.samples[0].at) > rateOver {
		p.samples = p.samples[1:]
	}
	first := p.samples[0]
	if took := now.Sub(first.at).Seconds(); took >= 0.5 {
		return float64(p.done-first.done) / took
	}
	return 0
}

// cut shortens a line to width columns.
func cut(s string, width int) string {
	if columns(s) <= width {
		return s
	}
	for i := range s {
		if columns(s[:i]) >= width-1 {
			return s[:i] + "…"
		}
	}
	return s
}
