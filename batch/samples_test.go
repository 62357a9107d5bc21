package batch_test

import (
	"path/filepath"
	"strings"
	"testing"

	"zlock/batch"
)

// TestFaultySample holds samples/faulty.csv to its word: each line has the one fault that its column
// "what" begins with.
func TestFaultySample(t *testing.T) {
	out := readPath(t, filepath.Join("..", "samples", "faulty.csv"), batch.ReadOptions{SkipInvalid: true, TempDir: t.TempDir()})
	equal(t, "error", out.err, nil)
	found := map[int]string{}
	for _, f := range out.faults {
		if found[f.Line] != "" {
			t.Errorf("line %d has a second fault: %+v", f.Line, f)
		}
		found[f.Line] = f.Code
	}
	seen := map[string]bool{}
	for _, r := range out.rows {
		want, _, _ := strings.Cut(r.Cells[0], ":")
		switch want {
		case "fine":
			want = ""
		case "": // a line of empty fields cannot say so itself
			want = batch.FaultRowEmpty
		}
		if found[r.Line] != want {
			t.Errorf("line %d (%s) has fault %q", r.Line, r.Cells[0], found[r.Line])
		}
		seen[want] = true
	}
	for _, code := range []string{
		batch.FaultRaggedRow, batch.FaultBareQuote, batch.FaultRowEmpty,
		batch.FaultIDMissing, batch.FaultIDDamaged, batch.FaultIDDecimal, batch.FaultIDFormula, batch.FaultIDQuoted,
		batch.FaultIDSeparators, batch.FaultIDSigned, batch.FaultIDForeignDigits, batch.FaultIDInvisible, batch.FaultIDZero,
		batch.FaultIDTooLong, batch.FaultIDHeader, batch.FaultIDNotDigits,
		batch.FaultModuleMissing, batch.FaultModuleMalformed,
		batch.FaultActionMissing, batch.FaultActionUnknown,
		batch.FaultReasonMissing, batch.FaultReasonTooLong, batch.FaultReasonControl, batch.FaultConflict,
	} {
		if !seen[code] {
			t.Errorf("the sample has no line for %s", code)
		}
	}
}

func TestTheOtherSamplesAreInOrder(t *testing.T) {
	for _, c := range []struct {
		name string
		o    batch.ReadOptions
	}{
		{"quarter-end-lock.csv", batch.ReadOptions{}},
		{"nightly-unlock.jsonl", batch.ReadOptions{}},
		{"migration-relock.csv", batch.ReadOptions{Module: "Accounts", Action: batch.ActionLock}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.o.TempDir = t.TempDir()
			out := readPath(t, filepath.Join("..", "samples", c.name), c.o)
			equal(t, "error", out.err, nil)
			equal(t, "faults", out.faults, nil)
			if out.sum.Rows == 0 {
				t.Error("no rows")
			}
		})
	}
}
