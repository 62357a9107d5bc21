// Package cli is the front door of zlock: it turns what a person types into runs, and what
// became of them into screens, files and exit codes. It is the only package that prints.
package cli

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/term"

	"zlock/checkpoint"
	"zlock/zoho"
)

// World is all that a command may touch outside the process besides the files it is told of,
// so that a test can stand in for any of it.
type World struct {
	In  io.Reader
	Out io.Writer // data
	Err io.Writer // what is said to a person

	InTerminal  bool       // a person can answer questions
	OutTerminal bool       // data is looked at, not kept
	ErrTerminal bool       // a progress bar can be drawn
	Columns     func() int // width of the terminal behind Err; nil or 0 when not known

	Environ []string         // KEY=value
	Dir     string           // what relative paths are relative to
	Signals <-chan os.Signal // may be nil
	Now     func() time.Time // nil: time.Now
	Exit    func(code int)   // leaves at once, for a third signal; nil: os.Exit

	Keyring    Keyring                                   // nil: that of the operating system
	ReadHidden func(ctx context.Context) (string, error) // a line typed without being shown; nil: from the terminal

	NetworkFS func(path string) string // names the network file system that a path lies on; nil: checkpoint.NetworkFS
	Transport http.RoundTripper        // the way to a real Zoho; nil: the network

	hidden *zoho.Hidden // what must never come out: all secrets met so far
	unread error        // why a credential that was handed over cannot be used
}

// Process returns the World of this process, with signals as its signals.
func Process(signals <-chan os.Signal) World {
	dir, err := os.Getwd()
	if err != nil {
		dir = "."
	}
	return World{
		In: os.Stdin, Out: os.Stdout, Err: &patient{w: os.Stderr, wait: screenPatience, most: screenBacklog},
		InTerminal:  term.IsTerminal(int(os.Stdin.Fd())),
		OutTerminal: term.IsTerminal(int(os.Stdout.Fd())),
		ErrTerminal: term.IsTerminal(int(os.Stderr.Fd())),
		Columns: func() int {
			width, _, err := term.GetSize(int(os.Stderr.Fd()))
			if err != nil {
				return 0
			}
			return width
		},
		Environ: os.Environ(), Dir: dir, Signals: signals,
	}
}

func (w World) complete() World {
	if w.Now == nil {
		w.Now = time.Now
	}
	if w.Exit == nil {
		w.Exit = os.Exit
	}
	if w.NetworkFS == nil {
		w.NetworkFS = checkpoint.NetworkFS
	}
	if w.Keyring == nil {
		w.Keyring = systemKeyring{}
	}
	if w.ReadHidden == nil {
		w.ReadHidden = readHidden
	}
	if w.Dir == "" {
		w.Dir = "."
	}
	w.Environ, w.unread = w.handedOver()
	w.hidden = new(zoho.Hidden)
	w.hidden.Add(secretsOf(w)...)
	if w.In == nil {
		w.In = strings.NewReader("")
	}
	return w
}

// env returns the value of an environment variable, "" when it is not set. Of several the last
// one counts, as for os/exec. Line ends behind it, as files leave them that are read into the
// environment, are no part of it.
func (w World) env(name string) string {
	value := ""
	for _, pair := range w.Environ {
		if key, v, ok := strings.Cut(pair, "="); ok && key == name {
			value = v
		}
	}
	return strings.TrimRight(value, "\r\n")
}

// path makes name absolute, or returns it as it is where it is so already.
func (w World) path(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	abs, err := filepath.Abs(filepath.Join(w.Dir, name))
	if err != nil {
		return filepath.Join(w.Dir, name)
	}
	return abs
}

// width is the number of columns that a line on the terminal may fill.
func (w World) width() int {
	if w.Columns != nil {
		if n := w.Columns(); n > 20 {
			return n
		}
	}
	return 80
}
