package cli

import (
	"context"
	"io"
	"log/slog"
	"strings"
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
	SplitWords  = splitWords
)

// Deliver gives a notice to what a --notify names.
func Deliver(ctx context.Context, w World, to string, body []byte, limit time.Duration) error {
	t, err := parseTarget(to)
	if err != nil {
		return err
	}
	return w.complete().deliver(ctx, t, body, limit)
}

// Signalled is a stop by a signal.
type Signalled = signalled

// NewScrubber returns a writer that takes secrets out, and what passes its rest on.
func NewScrubber(w io.Writer, secrets ...string) (io.Writer, func()) {
	return newScrubber(w, false, secrets)
}

// NewDataScrubber is NewScrubber for data.
func NewDataScrubber(w io.Writer, secrets ...string) (io.Writer, func()) {
	return newScrubber(w, true, secrets)
}

func newScrubber(w io.Writer, data bool, secrets []string) (io.Writer, func()) {
	hidden := new(zoho.Hidden)
	for _, secret := range secrets {
		hidden.Add(zoho.NewSecret(secret))
	}
	s := &scrubber{w: w, hidden: hidden, data: data}
	return s, func() { _ = s.Flush() }
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

// Parse reads one setting's text as the named kind of value.
func Parse(kind, text string, now time.Time) (any, error) {
	v := values{"x": {text: text, where: "--x " + text, given: true, flag: true}}
	p := parser{values: v}
	read := map[string]func() any{
		"count":   func() any { return p.count("x", 7, 1, 100) },
		"decimal": func() any { return p.decimal("x", 0, 100) },
		"span":    func() any { return p.span("x", time.Second, 48*time.Hour) },
		"percent": func() any { return p.percent("x") },
		"credits": func() any { return p.creditsOf("x", 1000) },
		"size":    func() any { return p.size("x", 1, 1<<40) },
		"clock":   func() any { return p.clock("x", now) },
		"words":   func() any { return p.words("x") },
		"pairs":   func() any { return p.pairs("x") },
		"flag":    func() any { return p.flag("x") },
	}[kind]
	got := read()
	return got, p.err
}

// Identity is the identity of a run of a file with these options given.
func Identity(org, sha string, given map[string]string) (string, error) {
	v := values{}
	for _, s := range settings() {
		v[s.name] = value{text: s.def}
		if text, ok := given[s.name]; ok {
			v[s.name] = value{text: text, given: true, flag: true}
		}
	}
	p := parser{values: v}
	m := readMeaning(&p)
	if p.err != nil {
		return "", p.err
	}
	return m.identity(org, sha)
}

// Inherit is what a setting comes to for a run that goes on: now and where ("flag", "variable",
// "profile", "") say what is given now.
func Inherit(name, now, where string, run map[string]string) string {
	v := value{text: now, given: where != ""}
	switch where {
	case "flag":
		v.flag, v.where = true, "--"+name+" "+now
	case "variable":
		v.where = variable(name) + "=" + now
	case "profile":
		v.where = name + " of profile p"
	}
	return values{name: v}.with(batch.Run{ID: "r", Settings: run})[name].text
}

// Paths are where zlock.yaml and the state are looked for.
func Paths(environ ...string) (config, state string, err error) {
	w := World{Environ: environ}.complete()
	state, err = w.statePath()
	return w.configPath(), state, err
}

// EditionNamed is what an edition allows: calls at once, those by default, and credits a day.
func EditionNamed(name string) (most, usual, credits int64) {
	e := editionNamed(name)
	return e.concurrency, e.usual, e.credits
}

// SettingNames are the names of all settings.
func SettingNames() []string { return names(settings()) }

// Fold is fold over one line, as a string.
func Fold(line string, width int) string {
	var b strings.Builder
	fold(&b, line, width)
	return b.String()
}

// IsProfileName reports whether a name may name a profile.
var IsProfileName = isProfileName

// LogTo is a log to w, in a format.
func LogTo(w io.Writer, format string) *slog.Logger {
	return newLog(&screen{w: w}, "debug", format)
}

// What tests of configurations look at.
var (
	RuleTyped = ruleTyped
	JSONOf    = jsonOf
	YAMLOf    = yamlOf
)

// NewPatient is a writer that outlasts a reader who has stopped reading.
func NewPatient(w io.Writer, wait time.Duration, most int) io.Writer {
	return &patient{w: w, wait: wait, most: most}
}
