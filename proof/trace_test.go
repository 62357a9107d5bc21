package proof_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// deed is one thing that a traced process did to its files, or said on standard output.
type deed struct {
	what deedKind
	file string // base name
	at   int64  // offset of a write, length of a truncation
	data []byte
	line string // what was said
}

type deedKind int

const (
	created deedKind = iota
	wrote
	cut     // ftruncate
	synced  // fsync, fdatasync
	removed // unlink
	said    // a line on standard output
)

// callPattern takes a line of strace apart: process, call, arguments, result.
var callPattern = regexp.MustCompile(`^(\d+) +(\w+)\((.*)\) += +(-?\d+)`)

// readTrace reads what strace -f -xx wrote of a process, as far as it concerns the files in dir. A
// call that another thread's interrupted counts when it ended.
func readTrace(r io.Reader, dir string) ([]deed, error) {
	t := tracer{dir: dir, open: map[string]string{}, unfinished: map[string]string{}}
	lines := bufio.NewReaderSize(r, 1<<20)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			if e := t.line(strings.TrimSuffix(line, "\n")); e != nil {
				return nil, e
			}
		}
		if err == io.EOF {
			return t.deeds, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

type tracer struct {
	dir        string
	open       map[string]string // descriptor -> base name
	unfinished map[string]string // thread -> beginning of its call
	deeds      []deed
	out        strings.Builder // standard output so far, up to the last line's end
}

func (t *tracer) line(s string) error {
	thread, rest, _ := strings.Cut(s, " ")
	rest = strings.TrimLeft(rest, " ")
	if head, ok := strings.CutSuffix(s, " <unfinished ...>"); ok {
		t.unfinished[thread] = head
		return nil
	}
	if strings.HasPrefix(rest, "<... ") {
		_, tail, _ := strings.Cut(rest, " resumed>")
		s = t.unfinished[thread] + tail
	}
	m := callPattern.FindStringSubmatch(s)
	if m == nil || strings.HasPrefix(m[4], "-") {
		return nil
	}
	return t.call(m[2], m[3], m[4])
}

func (t *tracer) call(name, args, result string) error {
	switch name {
	case "open", "openat":
		path, err := quoted(args, 0)
		if err == nil && path == t.dir {
			t.open[result] = "." // a sync of the folder makes names certain
			return nil
		}
		if err != nil || filepath.Dir(path) != t.dir {
			delete(t.open, result)
			return err
		}
		t.open[result] = filepath.Base(path)
		if strings.Contains(args, "O_CREAT") {
			t.add(deed{what: created, file: filepath.Base(path)})
		}
	case "close":
		delete(t.open, args)
	case "unlink", "unlinkat":
		path, err := quoted(args, 0)
		if err != nil {
			return err
		}
		if filepath.Dir(path) == t.dir {
			t.add(deed{what: removed, file: filepath.Base(path)})
		}
	default:
		return t.onFile(name, args)
	}
	return nil
}

// onFile takes in calls on a descriptor.
func (t *tracer) onFile(name, args string) error {
	fd, rest, _ := strings.Cut(args, ",")
	file, ours := t.open[fd]
	switch {
	case name == "write" && fd == "1":
		data, err := quoted(rest, 0)
		if err != nil {
			return err
		}
		t.say(data)
	case !ours:
	case name == "fsync" || name == "fdatasync":
		t.add(deed{what: synced, file: file})
	case name == "ftruncate":
		n, err := strconv.ParseInt(strings.TrimSpace(rest), 10, 64)
		if err != nil {
			return fmt.Errorf("truncation of %s: %w", file, err)
		}
		t.add(deed{what: cut, file: file, at: n})
	case name == "pwrite64":
		data, err := quoted(rest, 0)
		if err != nil {
			return err
		}
		at, err := strconv.ParseInt(strings.TrimSpace(rest[strings.LastIndexByte(rest, ',')+1:]), 10, 64)
		if err != nil {
			return fmt.Errorf("write to %s: %w", file, err)
		}
		t.add(deed{what: wrote, file: file, at: at, data: []byte(data)})
	case name == "write":
		return fmt.Errorf("write without an offset to %s: the replay does not know where it went", file)
	}
	return nil
}

func (t *tracer) add(d deed) { t.deeds = append(t.deeds, d) }

func (t *tracer) say(s string) {
	t.out.WriteString(s)
	for {
		line, rest, whole := strings.Cut(t.out.String(), "\n")
		if !whole {
			return
		}
		t.out.Reset()
		t.out.WriteString(rest)
		t.add(deed{what: said, line: line})
	}
}

// quoted returns the n-th string among strace's arguments, all of whose bytes are written \xNN.
func quoted(args string, n int) (string, error) {
	for ; ; n-- {
		from := strings.IndexByte(args, '"')
		if from < 0 {
			return "", fmt.Errorf("no string among %.80q", args)
		}
		args = args[from+1:]
		end := strings.IndexByte(args, '"')
		if end < 0 || strings.HasPrefix(args[end+1:], "...") {
			return "", fmt.Errorf("strace cut a string short: %.80q", args)
		}
		if n == 0 {
			return unhex(args[:end])
		}
		args = args[end+1:]
	}
}

func unhex(s string) (string, error) {
	out := make([]byte, 0, len(s)/4)
	for ; len(s) >= 4; s = s[4:] {
		b, err := strconv.ParseUint(s[2:4], 16, 8)
		if err != nil {
			return "", fmt.Errorf("not a byte in hex: %.8q", s)
		}
		out = append(out, byte(b))
	}
	return string(out), nil
}

// disk is what would be left on it if the power were cut now.
type disk map[string]*media

// media is one file: what is certainly there, and what was done to it since the last sync.
type media struct {
	firm    []byte
	there   bool // whether its name is, for certain
	pending []deed
}

// apply takes one deed in. Names are kept by a log, as file systems with a journal do: the next sync
// of anything makes what happened to names before it certain.
func (d disk) apply(do deed) {
	if do.what == said {
		return
	}
	m := d[do.file]
	if m == nil {
		m = &media{}
		d[do.file] = m
	}
	if do.what != synced {
		m.pending = append(m.pending, do)
		return
	}
	for _, other := range d {
		other.certify(other == m)
	}
}

// certify makes pending deeds certain: those on the name, and with whole also those on the content.
func (m *media) certify(whole bool) {
	var left []deed
	for i, do := range m.pending {
		switch do.what {
		case created:
			m.there = true
		case removed:
			m.there, m.firm = false, nil
			left = left[:0] // what was written into it before is gone with it
		default:
			if whole {
				m.firm = do.on(m.firm)
				continue
			}
			left = append(left, m.pending[i])
		}
	}
	m.pending = left
}

// on returns content after a write or a truncation.
func (do deed) on(content []byte) []byte {
	end := do.at
	if do.what == wrote {
		end += int64(len(do.data))
	}
	if int64(len(content)) < end {
		content = append(content, make([]byte, end-int64(len(content)))...)
	}
	if do.what == cut {
		return content[:do.at]
	}
	copy(content[do.at:], do.data)
	return content
}

// survive writes into dir what a power cut may leave: certain content, and of each pending deed what
// keep lets through, whole or in sectors.
func (d disk) survive(dir string, keep func(deed) []deed) error {
	for name, m := range d {
		content, there := append([]byte(nil), m.firm...), m.there
		for _, do := range m.pending {
			for _, part := range keep(do) {
				switch part.what {
				case created:
					there = true
				case removed:
					there, content = false, nil
				default:
					content = part.on(content)
				}
			}
		}
		if !there {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}
