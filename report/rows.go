package report

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"

	"zlock/batch"
	"zlock/checkpoint"
	"zlock/internal/plain"
)

// MostRows is how many rows a page holds, at most: what a browser still searches at once.
const MostRows = 100_000

// Bounds of the rows in a page: of each text, in characters, and of all together, in bytes.
const (
	longestCell = 300
	mostBytes   = 48 << 20
)

// dictionary is how many texts a page's script remembers: most texts of a run come again and again.
const dictionary = 20_000

// packed are the columns whose texts are packed, by their place in a row's array.
func packed() []int { return []int{1, 3, 4, 5, 7, 8, 9, 10} }

// packing writes a text that came before as the number of its first occurrence.
type packing map[string]int

func (p packing) pack(s string) any {
	if s == "" {
		return s
	}
	if n, ok := p[s]; ok {
		return n
	}
	if len(p) < dictionary {
		p[s] = len(p)
	}
	return s
}

// writeRows writes the page's data, at most most rows of it: JSON that no reader of HTML can take for
// anything else, since encoding/json spells out <, >, &, U+2028 and U+2029 in every string.
func writeRows(w io.Writer, rows iter.Seq2[checkpoint.RowReport, error], most int64) error {
	columns, err := json.Marshal(packed())
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, `{"dictionary":%d,"packed":%s,"rows":[`, dictionary, columns); err != nil {
		return err
	}
	texts, left, full, separator := packing{}, mostBytes, false, "\n"
	for row, err := range rows {
		if err != nil {
			return err
		}
		if most--; most < 0 {
			break
		}
		cells, err := json.Marshal(rowCells(row, texts))
		if err != nil {
			return err
		}
		if left -= len(cells); left < 0 {
			full = true
			break
		}
		if _, err := io.WriteString(w, separator+string(cells)); err != nil {
			return err
		}
		separator = ",\n"
	}
	_, err = fmt.Fprintf(w, "\n],\"full\":%t}", full)
	return err
}

// rowCells are a row's cells in the order that the page's script knows.
func rowCells(r checkpoint.RowReport, texts packing) []any {
	text := func(s string) any { return texts.pack(plain.Text(s, longestCell)) }
	ended := int64(0)
	if !r.FinishedAt.IsZero() {
		ended = r.FinishedAt.Unix()
	}
	lock := ""
	if r.Outcome.Changed() || r.Outcome == batch.AlreadyLocked {
		lock = plain.Text(r.LockID, longestCell)
	}
	return []any{
		r.Line, text(r.Module), plain.Text(r.RecordID, longestCell), text(string(r.Action)), text(string(r.Outcome)), text(r.Code), r.HTTP,
		text(r.Message), text(r.Hint), text(r.Reason), text(r.PreviousReason), lock, r.Attempts, r.Credits, ended,
	}
}
