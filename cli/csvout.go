package cli

import (
	"encoding/csv"
	"io"
	"strings"
	"unicode/utf8"
)

// guardCell makes a cell safe to open in a spreadsheet: one that a program could take for a
// formula, or for a control, gets a leading quote, which the reader of job files takes back.
func guardCell(cell string) string {
	if strings.HasPrefix(cell, "'") && startsFormula(strings.TrimLeft(cell, "'")) || startsFormula(cell) {
		return "'" + cell
	}
	return cell
}

// startsFormula reports a text whose first character some spreadsheet acts on.
func startsFormula(s string) bool {
	first, _ := utf8.DecodeRuneInString(s)
	return s != "" && strings.ContainsRune("=+-@\t\r\n\x00＝＋－＠", first)
}

// csvWriter writes rows of cells, each guarded unless raw.
type csvWriter struct {
	w     *csv.Writer
	raw   bool
	shown bool // on a terminal: nothing in a cell may steer it
	row   []string
}

func newCSVWriter(w io.Writer, raw bool) *csvWriter {
	return &csvWriter{w: csv.NewWriter(w), raw: raw}
}

func (c *csvWriter) write(cells ...string) error {
	c.row = append(c.row[:0], cells...)
	if !c.raw {
		for i, cell := range c.row {
			c.row[i] = guardCell(cell)
		}
	}
	if c.shown {
		for i, cell := range c.row {
			c.row[i] = cleanTo(cell, len(cell)+1)
		}
	}
	return c.w.Write(c.row)
}

func (c *csvWriter) flush() error {
	c.w.Flush()
	return c.w.Error()
}
