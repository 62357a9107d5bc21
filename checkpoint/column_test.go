package checkpoint_test

import (
	"slices"
	"testing"

	"zlock/batch"
)

// TestCellsComeBack: what stands in a job file's columns comes back as it stood.
func TestCellsComeBack(t *testing.T) {
	all := [][]string{
		nil, {""}, {"", ""}, {"a", "b"}, {`","`}, {`"`}, {`\`}, {`\"`}, {`a","b`, "c"}, {"a,b", "[", "]"}, {"line\nline", "\ttab"},
		{"é, 漢, 🔒"}, {"<b>&amp;"}, {"\u2028", "\x01"}, {`["a"]`}, {"a", `ends in "`}, {`\u0041`},
	}
	d := fresh(t)
	rows := locks(len(all))
	for i := range rows {
		rows[i].Cells = all[i]
	}
	enrol(t, d, aRun(runID), rows)
	for i, row := range rowsOf(t, d, runID) {
		if !slices.Equal(row.Cells, all[i]) || row.Outcome != batch.Pending {
			t.Errorf("%q came back as %q, %s", all[i], row.Cells, row.Outcome)
		}
	}
}
