package batch_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"zlock/batch"
)

func TestDuplicatesAndConflicts(t *testing.T) {
	in := lines("id,module,action,reason",
		"1,Leads,lock,a",      // 2
		"1,leads,LOCK,a",      // 3: duplicate, however it is written
		"zcrm_1,Leads,lock,a", // 4: so is this
		"1,Deals,lock,b",      // 5: another module's record
		"2,Leads,unlock,x",    // 6
		"2,Leads,unlock,y",    // 7: an unlock has no reason
		"3,X_mod,unlock,",     // 8
		"3,x_MOD,unlock,",     // 9
	)
	out := readText(t, "job.csv", in, batch.ReadOptions{})
	equal(t, "faults", out.faults, nil)
	equal(t, "marks", out.marks, []marked{
		{2, batch.Duplicate, "DUPLICATE", "same as line 2", 0},
		{3, batch.Duplicate, "DUPLICATE", "same as line 2", 0},
		{6, batch.Duplicate, "DUPLICATE", "same as line 6", 0},
		{8, batch.Duplicate, "DUPLICATE", "same as line 8", 0},
	})
	equal(t, "duplicates", out.sum.Duplicates, int64(4))
	equal(t, "credits", out.credits(t), int64(1+1+2+2))
}

func TestConflictsAreFaultsInFileOrder(t *testing.T) {
	in := lines("id,module,action,reason",
		"9,Leads,lock,a",          // 2
		"1,Leads,lock,a",          // 3
		"9,Leads,unlock,",         // 4
		"1,Leads,lock,b",          // 5
		"1,Leads,update_reason,a", // 6
		"1,Leads,lock,a",          // 7: repeats the first
	)
	out := readText(t, "job.csv", in, batch.ReadOptions{})
	equal(t, "faults", out.codes(), []string{"4:CONFLICT", "5:CONFLICT", "6:CONFLICT"})
	equal(t, "messages", []string{out.faults[0].Message, out.faults[1].Message, out.faults[2].Message}, []string{
		"line 2 asks to lock this record, this line to unlock it",
		"line 3 asks for the same with another reason",
		"line 3 asks to lock this record, this line to change the reason of it",
	})
	equal(t, "value", out.faults[0].Value, "9")
}

func TestSequence(t *testing.T) {
	in := lines("id,module,action,reason",
		"1,Leads,lock,a",   // 1
		"2,Leads,unlock,",  // 2
		"1,Leads,lock,a",   // 3: repeats the one before it
		"1,Leads,unlock,",  // 4: after 1
		"1,Leads,lock,a",   // 5: after 4, no duplicate
		"1,Leads,lock,b",   // 6: after 5: another reason
		"1,Leads,unlock,x", // 7: after 6
		"1,Leads,unlock,y", // 8: repeats
	)
	out := readText(t, "job.csv", in, batch.ReadOptions{Sequence: true})
	equal(t, "faults", out.faults, nil)
	equal(t, "marks", out.marks, []marked{
		{3, batch.Duplicate, "DUPLICATE", "same as line 2", 0},
		{4, batch.Pending, "", "", 1},
		{5, batch.Pending, "", "", 4},
		{6, batch.Pending, "", "", 5},
		{7, batch.Pending, "", "", 6},
		{8, batch.Duplicate, "DUPLICATE", "same as line 8", 0},
	})
}

func TestMarksAndLineNumbersMakeNoConflict(t *testing.T) {
	o := batch.ReadOptions{Reason: "line {line} for {Owner}", TagReason: true, RunID: "20261122-000000-abcd"}
	out := readText(t, "job.csv", lines("id,module,action,Owner", "1,Leads,lock,Ann", "1,Leads,lock,Ann"), o)
	equal(t, "faults", out.faults, nil)
	equal(t, "duplicates", out.sum.Duplicates, int64(1))
	out = readText(t, "job.csv", lines("id,module,action,Owner", "1,Leads,lock,Ann", "1,Leads,lock,Bob"), o)
	equal(t, "faults", out.codes(), []string{"3:CONFLICT"})
}

func TestInvalidRowsAreNobodysDuplicates(t *testing.T) {
	in := lines("id,module,action,reason", "1,Leads,lock,", "1,Leads,unlock,", "x,Leads,unlock,", "x,Leads,unlock,")
	out := readText(t, "job.csv", in, batch.ReadOptions{SkipInvalid: true})
	equal(t, "faults", out.codes(), []string{"2:REASON_MISSING", "4:ID_NOT_DIGITS", "5:ID_NOT_DIGITS"})
	equal(t, "marks", len(out.marks), 0)
}

// oracle is the rules of duplicates said plainly, over rows held in memory.
type oracle struct {
	sequence bool
	base     map[string]oracleRow
}

type oracleRow struct {
	seq  int64
	line int
	what string
}

func (o *oracle) judge(key, what string, seq int64, line int) (batch.Outcome, string) {
	base, seen := o.base[key]
	now := oracleRow{seq, line, what}
	switch {
	case !seen:
		o.base[key] = now
		return batch.Pending, ""
	case base.what == what:
		return batch.Duplicate, fmt.Sprintf("%d dup %d", seq, base.line)
	case o.sequence:
		o.base[key] = now
		return batch.Pending, fmt.Sprintf("%d after %d", seq, base.seq)
	}
	return batch.Invalid, fmt.Sprintf("%d conflict %d", seq, base.line)
}

// TestDuplicatesAgainstAnOracle compares with the oracle on random files; the large one does not fit
// the sorter's memory.
func TestDuplicatesAgainstAnOracle(t *testing.T) {
	for _, c := range []struct {
		name          string
		rows, records int
	}{{"tiny", 30, 4}, {"dense", 3000, 40}, {"sparse", 3000, 2000}, {"spilled", 140_000, 100_000}} {
		for _, sequence := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s sequence=%v", c.name, sequence), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(7, uint64(c.rows)))
				o := oracle{sequence: sequence, base: map[string]oracleRow{}}
				var in strings.Builder
				var want []string
				var counts [3]int64 // to do, duplicates, conflicts
				in.WriteString(head)
				for i := range c.rows {
					id, module := rng.IntN(c.records)+1, []string{"Leads", "Deals", "X_y"}[rng.IntN(3)]
					what := []string{"lock,a", "lock,b", "unlock,", "update_reason,a"}[rng.IntN(4)]
					fmt.Fprintf(&in, "%d,%s,%s\n", id, module, what)
					out, mark := o.judge(fmt.Sprint(module, id), what, int64(i+1), i+2)
					switch out {
					case batch.Duplicate:
						counts[1]++
					case batch.Invalid:
						counts[2]++
					default:
						counts[0]++
					}
					if mark != "" {
						want = append(want, mark)
					}
				}
				out := readText(t, "job.csv", in.String(), batch.ReadOptions{Sequence: sequence, SkipInvalid: true})
				var doing int64
				for _, n := range out.sum.ByModuleAction {
					doing += n
				}
				equal(t, "counts", [3]int64{doing, out.sum.Duplicates, out.sum.Faults}, counts)
				got := out.markTexts()
				for i := range max(len(got), len(want)) {
					if i >= len(got) || i >= len(want) || got[i] != want[i] {
						t.Fatalf("mark %d differs: %d marks, want %d", i, len(got), len(want))
					}
				}
			})
		}
	}
}

// markTexts says marks as the oracle does.
func (k *keeper) markTexts() []string {
	texts := make([]string, len(k.marks))
	for i, m := range k.marks {
		switch words := strings.Fields(m.message); m.outcome {
		case batch.Pending:
			texts[i] = fmt.Sprintf("%d after %d", m.seq, m.after)
		case batch.Duplicate: // same as line N
			texts[i] = fmt.Sprintf("%d dup %s", m.seq, words[3])
		default: // line N asks …
			texts[i] = fmt.Sprintf("%d conflict %s", m.seq, words[1])
		}
	}
	return texts
}
