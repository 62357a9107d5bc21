package batch

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// decoded is a job file's text in UTF-8, whatever it was stored as.
type decoded struct {
	reader   *bufio.Reader
	gzip     bool
	encoding string
}

// decode undoes compression and encoding, and refuses what is no text. Its readers may return a
// *FileError later on.
func decode(r io.Reader, maxBytes int64, maxRecord int) (decoded, error) {
	var d decoded
	text := bufio.NewReaderSize(r, 64<<10)
	if head, _ := text.Peek(2); bytes.Equal(head, []byte{0x1F, 0x8B}) {
		d.gzip = true
		z, err := newGunzip(text, maxBytes)
		if err != nil {
			return d, err
		}
		text = bufio.NewReaderSize(z, 64<<10)
	}
	head, err := text.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return d, asFileError(err)
	}
	if err := refuseMagic(head); err != nil {
		return d, err
	}
	d.encoding = encodingOf(head)
	var plain io.Reader = text
	switch d.encoding {
	case "utf-8-bom":
		_, _ = text.Discard(3) // peeked above
	case "utf-16le":
		plain = &utf16Reader{r: text, order: binary.LittleEndian}
	case "utf-16be":
		plain = &utf16Reader{r: text, order: binary.BigEndian}
	}
	if d.encoding == "utf-16le" || d.encoding == "utf-16be" {
		_, _ = text.Discard(2)
	}
	// Large enough for a whole line, so that a line can be looked at before it is handed on.
	d.reader = bufio.NewReaderSize(onlyReader{plain}, max(64<<10, maxRecord+16))
	return d, nil
}

// onlyReader keeps bufio from taking a smaller buffered reader for its own.
type onlyReader struct{ io.Reader }

func encodingOf(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte{0xEF, 0xBB, 0xBF}):
		return "utf-8-bom"
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}):
		return "utf-16le"
	case bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		return "utf-16be"
	}
	return "utf-8"
}

// magics are how files begin that people take for job files.
var magics = []struct {
	magic, what, hint string
}{
	{"PK\x03\x04", "an Excel workbook or a zip archive", "in a spreadsheet, save the sheet as CSV UTF-8; unpack an archive first"},
	{"\xD0\xCF\x11\xE0", "an old Excel workbook", "save the sheet as CSV UTF-8"},
	{"%PDF", "a PDF", "export the rows as CSV"},
	{"\x1F\x8B", "compressed twice", "unpack it once"},
	{"BZh", "compressed with bzip2", "unpack it, or compress it with gzip"},
	{"\xFD7zXZ", "compressed with xz", "unpack it, or compress it with gzip"},
	{"\x28\xB5\x2F\xFD", "compressed with zstd", "unpack it, or compress it with gzip"},
	{"7z\xBC\xAF", "a 7z archive", "unpack it"},
	{"SQLite format 3\x00", "an SQLite database", "export the rows as CSV"},
	{"PAR1", "a Parquet file", "export the rows as CSV"},
	{"{\\rtf", "a rich text document", "save it as plain text, CSV UTF-8"},
}

// refuseMagic refuses a file that by its first bytes is no CSV and no JSON lines.
func refuseMagic(head []byte) error {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.magic)) {
			return &FileError{Code: FileNotText, Message: "this is " + m.what, Hint: m.hint}
		}
	}
	if bytes.HasPrefix(head, []byte("\xFF\xFE\x00\x00")) || bytes.HasPrefix(head, []byte("\x00\x00\xFE\xFF")) {
		return &FileError{Code: FileUTF32, Message: "the text is UTF-32", Hint: "save it as CSV UTF-8"}
	}
	if enc := encodingOf(head); enc != "utf-8" && enc != "utf-8-bom" {
		return nil
	}
	if zeros := bytes.Count(head, []byte{0}); len(head) >= 4 && zeros >= len(head)*2/5 {
		return &FileError{Line: 1, Code: FileUTF16, Message: "every second byte is NUL: UTF-16 without a byte order mark",
			Hint: "save it as CSV UTF-8"}
	}
	start := bytes.ToLower(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xEF\xBB\xBF")), asciiBlanks))
	for _, tag := range []string{"<!doctype", "<html", "<?xml", "<table", "<head"} {
		if bytes.HasPrefix(start, []byte(tag)) {
			return &FileError{Line: 1, Code: FileHTML, Message: "this is a web page or XML, not CSV",
				Hint: "a sign-in page may have been saved in the export's place; export again as CSV"}
		}
	}
	return nil
}

// first is the first byte of the text that is no blank; 0 where there is none within reach.
func (d decoded) first() (byte, error) {
	head, err := d.reader.Peek(4096)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, asFileError(err)
	}
	head = bytes.TrimLeft(head, asciiBlanks)
	if len(head) == 0 {
		return 0, nil
	}
	return head[0], nil
}

// asFileError keeps a FileError and makes one of anything else.
func asFileError(err error) *FileError {
	var e *FileError
	if errors.As(err, &e) {
		return e
	}
	return unreadable(err)
}

// gunzip reads compressed text and stops where it swells out of all proportion.
type gunzip struct {
	z       *gzip.Reader
	packed  *tally
	n, most int64
}

// tally counts what is read through it.
type tally struct {
	r io.Reader
	n int64
}

// Read reads on, counting.
func (t *tally) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	t.n += int64(n)
	return n, err
}

func newGunzip(r io.Reader, most int64) (*gunzip, error) {
	packed := &tally{r: r}
	z, err := gzip.NewReader(bufio.NewReaderSize(packed, 64<<10))
	if err != nil {
		return nil, brokenGzip(err)
	}
	return &gunzip{z: z, packed: packed, most: most}, nil
}

// Read unpacks on.
func (g *gunzip) Read(p []byte) (int, error) {
	// Job files shrink some 5 to 50 times; the format allows 1,030.
	const free, ratio = 64 << 20, 250
	n, err := g.z.Read(p)
	g.n += int64(n)
	switch {
	case g.n > g.most:
		return 0, tooLarge(g.most)
	case g.n > free && g.n/ratio > g.packed.n:
		return 0, &FileError{Code: FileGzipBomb, Message: fmt.Sprintf("it unpacks to more than %d times its size", ratio),
			Hint: "unpack it yourself and look at it before running it"}
	case err != nil && !errors.Is(err, io.EOF):
		return n, brokenGzip(err)
	}
	return n, err
}

// brokenGzip tells damage from a disk that cannot be read.
func brokenGzip(err error) *FileError {
	var corrupt flate.CorruptInputError
	damaged := errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.As(err, &corrupt) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
	if !damaged {
		return unreadable(err)
	}
	return &FileError{Code: FileGzipBroken, Message: "the compressed data is damaged or cut short", Hint: "fetch or compress the file again", Err: err}
}

// utf16Reader turns UTF-16 into UTF-8, and unlike golang.org/x/text refuses broken pairs rather than
// putting U+FFFD in their place: a reason must not change on the way.
type utf16Reader struct {
	r       *bufio.Reader
	order   binary.ByteOrder
	n       int64 // bytes read, the mark not counted
	pending []byte
	err     error
}

// Read converts on.
func (u *utf16Reader) Read(p []byte) (int, error) {
	if len(u.pending) == 0 && u.err == nil {
		u.convert()
	}
	if len(u.pending) == 0 {
		return 0, u.err
	}
	n := copy(p, u.pending)
	u.pending = u.pending[n:]
	return n, nil
}

// convert fills pending with a few thousand characters.
func (u *utf16Reader) convert() {
	out := make([]byte, 0, 8<<10)
	for len(out) < 8<<10-utf8.UTFMax && u.err == nil {
		c, err := u.next()
		if err != nil {
			u.err = err
			break
		}
		out = utf8.AppendRune(out, c)
	}
	u.pending = out
}

// next reads one character.
func (u *utf16Reader) next() (rune, error) {
	unit, err := u.unit()
	if err != nil || !utf16.IsSurrogate(unit) {
		return unit, err
	}
	low, err := u.unit()
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	c := utf16.DecodeRune(unit, low)
	if err != nil || c == utf8.RuneError {
		return 0, u.broken("half of a surrogate pair")
	}
	return c, nil
}

func (u *utf16Reader) unit() (rune, error) {
	var two [2]byte
	n, err := io.ReadFull(u.r, two[:])
	u.n += int64(n)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, u.broken("half of a character at the end")
	}
	return rune(u.order.Uint16(two[:])), err
}

func (u *utf16Reader) broken(what string) error {
	return &FileError{Code: FileUTF16Broken, Message: fmt.Sprintf("broken UTF-16 near byte %d: %s", u.n+2, what),
		Hint: "save the file again as CSV UTF-8"}
}
