package batch

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// errTooLong says that a line or a record is over the limit. The line itself is skipped.
var errTooLong = errors.New("longer than a record may be")

// lineReader gives the physical lines of a job file one at a time, counts them, and refuses what is
// no text. It reads nothing ahead of the line asked for.
type lineReader struct {
	src    *bufio.Reader // holds a whole line of the limit's length
	limit  int           // bytes of a line, its end not counted
	line   int           // number of the line last given, from 1
	offset int64         // bytes of text before the next line from src
	again  []byte        // lines given back, to be given anew before those of src
}

func newLines(src *bufio.Reader, limit int) *lineReader {
	return &lineReader{src: src, limit: limit}
}

// next gives the next line with its end, valid until the next call. The error is io.EOF at the end
// of the file, errTooLong (with the line's beginning), or a *FileError.
func (l *lineReader) next() ([]byte, error) {
	if len(l.again) > 0 {
		line, rest := splitLine(l.again)
		l.again = rest
		l.line++
		return line, l.measure(line)
	}
	line, err := l.src.ReadSlice('\n')
	if len(line) == 0 {
		if err == nil || errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		return nil, asFileError(err)
	}
	l.line++
	if err := l.inspect(line, err); err != nil {
		return nil, err
	}
	l.offset += int64(len(line))
	if errors.Is(err, bufio.ErrBufferFull) {
		return l.skipRest(line)
	}
	return line, l.measure(line)
}

// giveBack makes text the next lines to be given; after is the number of the line before them.
func (l *lineReader) giveBack(text []byte, after int) {
	l.again = append(bytes.Clone(text), l.again...)
	l.line = after
}

func (l *lineReader) measure(line []byte) error {
	if len(bytes.TrimRight(line, "\r\n")) > l.limit {
		return errTooLong
	}
	return nil
}

// skipRest leaves out what of a line does not fit the buffer. What it returns of the line is still
// over the limit, so that the line is refused however often it is looked at.
func (l *lineReader) skipRest(head []byte) ([]byte, error) {
	kept := append(bytes.Clone(head), '\n')
	for {
		more, err := l.src.ReadSlice('\n')
		l.offset += int64(len(more))
		switch {
		case err == nil || errors.Is(err, io.EOF):
			return kept, errTooLong
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, asFileError(err)
		}
	}
}

// inspect refuses a line that is not text; readErr is what came with it.
func (l *lineReader) inspect(line []byte, readErr error) error {
	if readErr != nil && !errors.Is(readErr, io.EOF) && !errors.Is(readErr, bufio.ErrBufferFull) {
		return asFileError(readErr)
	}
	if l.line == 1 && loneCR(line) {
		return &FileError{Line: 1, Code: FileLoneCR, Message: "its lines end in CR alone, as on old Macs",
			Hint: "save the file with line ends LF or CRLF"}
	}
	if at := bytes.IndexByte(line, 0); at >= 0 {
		return l.refuse(FileNul, at, "a NUL byte", "the file is damaged or no text: export it again")
	}
	if errors.Is(readErr, io.EOF) && line[len(line)-1] == 0x1A {
		return l.refuse(FileCtrlZ, len(line)-1, "the file ends in Ctrl-Z, an old end mark", "remove its last byte")
	}
	if !errors.Is(readErr, bufio.ErrBufferFull) && !utf8.Valid(line) {
		return l.refuse(FileNotUTF8, invalidAt(line), "not UTF-8",
			"save the file as CSV UTF-8; or convert it: iconv -f windows-1252 -t utf-8")
	}
	return nil
}

func (l *lineReader) refuse(code string, at int, what, hint string) *FileError {
	return &FileError{Line: l.line, Code: code, Message: fmt.Sprintf("%s at byte %d of the text", what, l.offset+int64(at)+1), Hint: hint}
}

// invalidAt is the index of the first byte that is not UTF-8.
func invalidAt(b []byte) int {
	for i := 0; i < len(b); {
		c, n := utf8.DecodeRune(b[i:])
		if c == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(b)
}

// loneCR reports a CR before anything but the line's end.
func loneCR(line []byte) bool {
	at := bytes.IndexByte(line, '\r')
	return at >= 0 && at < len(line)-1 && line[at+1] != '\n'
}

// splitLine cuts text after its first line.
func splitLine(text []byte) (line, rest []byte) {
	if i := bytes.IndexByte(text, '\n'); i >= 0 {
		return text[:i+1], text[i+1:]
	}
	return text, nil
}

// blankLine reports a line with nothing but blanks; tabs are not blank where they delimit.
func blankLine(line []byte, comma rune) bool {
	if comma == '\t' {
		return len(bytes.Trim(line, " \r\n")) == 0
	}
	return len(bytes.Trim(line, asciiBlanks)) == 0
}

// recordReader stands between the lines and encoding/csv. It hands over one line a call and so
// knows exactly which lines make up the record that is being read: it bounds the record, keeps its
// text, and can have its lines read anew after an error.
type recordReader struct {
	lines   *lineReader
	comma   rune
	text    []byte // of the record so far
	pending []byte // what of text is still to be handed over
	start   int    // line on which the record starts
	tooLong bool
}

// begin says that what is read next is a new record.
func (r *recordReader) begin() {
	r.text, r.pending, r.start, r.tooLong = r.text[:0], nil, 0, false
}

// Read hands over the next line, or what of it fits.
func (r *recordReader) Read(p []byte) (int, error) {
	if len(r.pending) == 0 {
		if err := r.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.pending)
	r.pending = r.pending[n:]
	return n, nil
}

func (r *recordReader) fill() error {
	for {
		line, err := r.lines.next()
		if err == nil && len(r.text) == 0 && blankLine(line, r.comma) {
			continue
		}
		if r.start == 0 {
			r.start = r.lines.line
		}
		r.text = append(r.text, line...)
		if errors.Is(err, errTooLong) || err == nil && len(r.text) > r.lines.limit+2 {
			r.tooLong = true
			return errTooLong
		}
		r.pending = r.text[len(r.text)-len(line):]
		return err
	}
}

// multiline reports whether the record has more than one line so far.
func (r *recordReader) multiline() bool {
	_, rest := splitLine(r.text)
	return len(rest) > 0
}

// rewind gives the record's lines after the first back, to be read as records of their own.
func (r *recordReader) rewind() {
	_, rest := splitLine(r.text)
	if len(rest) > 0 {
		r.lines.giveBack(rest, r.start)
	}
}
