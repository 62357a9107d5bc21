package cli

import (
	"fmt"
	"io"
	"strings"
)

// table lays texts out in columns two blanks apart. The cells must be clean already.
type table struct {
	rows  [][]string
	right map[int]bool // columns that hold numbers
}

func newTable(right ...int) *table {
	t := &table{right: map[int]bool{}}
	for _, column := range right {
		t.right[column] = true
	}
	return t
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// print writes the table, each line after indent. The last column is never padded.
func (t *table) print(w io.Writer, indent string) {
	for _, line := range t.lines() {
		fmt.Fprintln(w, strings.TrimRight(indent+line, " "))
	}
}

// lines are the table's rows laid out, without blanks at their ends.
func (t *table) lines() []string {
	var widths []int
	for _, row := range t.rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], columns(cell))
		}
	}
	var out []string
	for _, row := range t.rows {
		var line strings.Builder
		for i, cell := range row {
			if i > 0 {
				line.WriteString("  ")
			}
			pad := strings.Repeat(" ", widths[i]-columns(cell))
			if t.right[i] {
				line.WriteString(pad + cell)
			} else {
				line.WriteString(cell + pad)
			}
		}
		out = append(out, strings.TrimRight(line.String(), " "))
	}
	return out
}
