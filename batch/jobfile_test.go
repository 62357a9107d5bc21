package batch_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"zlock/batch"
)

// keeper is a Sink that keeps everything.
type keeper struct {
	rows  []batch.Row
	marks []marked
}

type marked struct {
	seq     int64
	outcome batch.Outcome
	code    string
	message string
	after   int64
}

func (k *keeper) Add(r batch.Row) error {
	if len(k.marks) > 0 {
		return errors.New("a row after a mark")
	}
	if n := len(k.rows); n > 0 && k.rows[n-1].Seq >= r.Seq {
		return fmt.Errorf("row %d after row %d", r.Seq, k.rows[n-1].Seq)
	}
	k.rows = append(k.rows, r)
	return nil
}

func (k *keeper) Mark(seq int64, o batch.Outcome, code, message string, after int64) error {
	k.marks = append(k.marks, marked{seq, o, code, message, after})
	return nil
}

// outcome of one reading.
type outcome struct {
	keeper
	sum    batch.Summary
	faults []batch.Fault
	err    error
}

// credits is what the rows to be carried out cost.
func (o outcome) credits(t testing.TB) int64 {
	t.Helper()
	c := batch.NewCosts(nil, batch.ListPrices(true))
	for _, row := range o.rows {
		if err := c.Add(row); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range o.marks {
		if err := c.Mark(m.seq, m.outcome, m.code, m.message, m.after); err != nil {
			t.Fatal(err)
		}
	}
	return c.Expected()
}

// codes gives the faults as "line:CODE".
func (o outcome) codes() []string {
	codes := []string{}
	for _, f := range o.faults {
		codes = append(codes, fmt.Sprintf("%d:%s", f.Line, f.Code))
	}
	return codes
}

// fileCode is the FileError's "line:CODE", or "".
func (o outcome) fileCode() string {
	var e *batch.FileError
	if errors.As(o.err, &e) {
		return fmt.Sprintf("%d:%s", e.Line, e.Code)
	}
	return ""
}

// readText reads content as a file of that name.
func readText(t testing.TB, name, content string, o batch.ReadOptions) outcome {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	o.TempDir = dir
	return readPath(t, path, o)
}

func readPath(t testing.TB, path string, o batch.ReadOptions) outcome {
	t.Helper()
	src, err := batch.Open(t.Context(), path, nil, o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	defer func() {
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}()
	var out outcome
	o.OnFault = func(f batch.Fault) { out.faults = append(out.faults, f) }
	out.sum, out.err = batch.Read(t.Context(), src, o, &out.keeper)
	out.checkShape(t, o)
	return out
}

// checkShape is what holds of every reading.
func (o outcome) checkShape(t testing.TB, opts batch.ReadOptions) {
	t.Helper()
	if o.err != nil {
		return
	}
	if int64(len(o.faults)) != o.sum.Faults && opts.MaxFaults == 0 {
		t.Errorf("Faults = %d, but %d were told", o.sum.Faults, len(o.faults))
	}
	var doing int64
	for _, n := range o.sum.ByModuleAction {
		doing += n
	}
	if o.sum.Faults == 0 || opts.SkipInvalid {
		if got := doing + o.sum.Invalid + o.sum.Duplicates; got != o.sum.Rows {
			t.Errorf("%d to do + %d invalid + %d duplicates are not %d rows", doing, o.sum.Invalid, o.sum.Duplicates, o.sum.Rows)
		}
		if int64(len(o.rows)) != o.sum.Rows {
			t.Errorf("the sink has %d rows of %d", len(o.rows), o.sum.Rows)
		}
	}
	for _, r := range o.rows {
		if len(r.Cells) != len(o.sum.Header) {
			t.Errorf("line %d has %d cells under %d columns: %q", r.Line, len(r.Cells), len(o.sum.Header), r.Cells)
		}
	}
	for _, f := range o.faults {
		if f.Code == "" || f.Message == "" || f.Hint == "" {
			t.Errorf("a fault that does not say everything: %+v", f)
		}
	}
}

func equal[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if g, w := fmt.Sprintf("%#v", got), fmt.Sprintf("%#v", want); g != w {
		t.Errorf("%s:\n got %s\nwant %s", what, g, w)
	}
}

func lines(s ...string) string { return strings.Join(s, "\n") + "\n" }

const (
	idA = "5843104000000425565"
	idB = "5843104000000425577"
)

func TestReadCSV(t *testing.T) {
	out := readText(t, "job.csv", lines(
		"Record Id,Owner,Module,Action,Reason,Lock ID",
		"zcrm_"+idA+",Ann,leads,LOCK,audit of {Owner},",
		"",
		`5843104000000425577, Bob ,Price_books,unlock,"kept,`,
		`not used",5843104000000999001`,
		"1,Cy,My_Module__c,Update_Reason,Q3,",
	), batch.ReadOptions{})
	equal(t, "error", out.err, nil)
	equal(t, "faults", out.faults, nil)
	equal(t, "rows", out.rows, []batch.Row{
		{Seq: 1, Line: 2, Module: "Leads", RecordID: idA, Action: batch.ActionLock, Reason: "audit of Ann",
			Cells: []string{"zcrm_" + idA, "Ann", "leads", "LOCK", "audit of {Owner}", ""}, Outcome: batch.Pending},
		{Seq: 2, Line: 4, Module: "Price_Books", RecordID: idB, Action: batch.ActionUnlock, LockID: "5843104000000999001",
			Cells:   []string{idB, " Bob ", "Price_books", "unlock", "kept,\nnot used", "5843104000000999001"},
			Outcome: batch.Pending},
		{Seq: 3, Line: 6, Module: "My_Module__c", RecordID: "1", Action: batch.ActionUpdateReason, Reason: "Q3",
			Cells: []string{"1", "Cy", "My_Module__c", "Update_Reason", "Q3", ""}, Outcome: batch.Pending},
	})
	equal(t, "header", out.sum.Header, []string{"Record Id", "Owner", "Module", "Action", "Reason", "Lock ID"})
	equal(t, "format", out.sum.Format, "csv")
	equal(t, "encoding", out.sum.Encoding, "utf-8")
	equal(t, "delimiter", out.sum.Delimiter, ',')
	equal(t, "credits", out.credits(t), int64(1+1+2))
	equal(t, "sample", out.sum.Sample, out.rows)
}

func TestFlagsSupplyWhatRowsDoNotSay(t *testing.T) {
	o := batch.ReadOptions{Module: "deals", Action: "Lock", Reason: "close {record_id} of {Deal Name}, line {line}, run {run}, {module}", RunID: "20261122-000000-abcd"}
	out := readText(t, "job.csv", lines(
		"Deal Id,Deal Name,action",
		"11,Big {x},",
		"12,Small,unlock",
	), o)
	equal(t, "faults", out.faults, nil)
	equal(t, "header", out.sum.Header, []string{"Deal Id", "Deal Name", "action", "module", "reason"})
	equal(t, "added", out.sum.AddedColumns, []string{"module", "reason"})
	reason := "close 11 of Big {x}, line 2, run 20261122-000000-abcd, Deals"
	equal(t, "first", out.rows[0], batch.Row{Seq: 1, Line: 2, Module: "Deals", RecordID: "11", Action: batch.ActionLock, Reason: reason,
		Cells: []string{"11", "Big {x}", "", "Deals", reason}, Outcome: batch.Pending})
	equal(t, "second", out.rows[1], batch.Row{Seq: 2, Line: 3, Module: "Deals", RecordID: "12", Action: batch.ActionUnlock,
		Cells: []string{"12", "Small", "unlock", "Deals", ""}, Outcome: batch.Pending})
}

func TestTheRowsOwnValueWins(t *testing.T) {
	out := readText(t, "job.csv", lines("id,module,action,reason", "1,Leads,unlock,x", "2,Tasks,lock,own", "3,,lock,  "),
		batch.ReadOptions{Module: "Deals", Action: batch.ActionLock, Reason: "flag"})
	got := []string{}
	for _, r := range out.rows {
		got = append(got, fmt.Sprintf("%s %s %q %q", r.Module, r.Action, r.Reason, r.Cells))
	}
	equal(t, "rows", got, []string{
		`Leads unlock "" ["1" "Leads" "unlock" "x"]`,
		`Tasks lock "own" ["2" "Tasks" "lock" "own"]`,
		`Deals lock "flag" ["3" "" "lock" "  "]`,
	})
	equal(t, "added", out.sum.AddedColumns, nil)
}

func TestSkipInvalidGoesOnWithTheGoodRows(t *testing.T) {
	out := readText(t, "job.csv", lines(
		"id,module,action,reason,note",
		"1,Leads,lock,why,a",
		"x,Leads,lokc,why,b",
		"3,Leads,lock",
		`4,Leads,unlock,a "b" c,d`,
		"1,Leads,unlock,,e",
		"6,Leads,unlock,,f",
	), batch.ReadOptions{SkipInvalid: true})
	equal(t, "error", out.err, nil)
	equal(t, "faults", out.codes(), []string{"3:ID_NOT_DIGITS", "3:ACTION_UNKNOWN", "4:RAGGED_ROW", "5:BARE_QUOTE", "6:CONFLICT"})
	got := []string{}
	for _, r := range out.rows {
		got = append(got, fmt.Sprintf("%d %s %s %s %s %q", r.Seq, r.Outcome, r.Code, r.RecordID, r.Action, r.Cells))
	}
	equal(t, "rows", got, []string{
		`1 pending  1 lock ["1" "Leads" "lock" "why" "a"]`,
		`2 invalid ID_NOT_DIGITS   ["x" "Leads" "lokc" "why" "b"]`,
		`3 invalid RAGGED_ROW   ["3" "Leads" "lock" "" ""]`,
		`4 invalid BARE_QUOTE   ["4" "Leads" "unlock" "a \"b\" c" "d"]`,
		`5 pending  1 unlock ["1" "Leads" "unlock" "" "e"]`,
		`6 pending  6 unlock ["6" "Leads" "unlock" "" "f"]`,
	})
	if r := out.rows[1]; !strings.Contains(r.Message, "; ") || !strings.Contains(r.Message, `"lokc" is no action`) || r.Hint == "" {
		t.Errorf("row 2 does not say all that is wrong: %q, hint %q", r.Message, r.Hint)
	}
	equal(t, "marks", out.marks, []marked{{5, batch.Invalid, "CONFLICT", "line 2 asks to lock this record, this line to unlock it", 0}})
	equal(t, "to do", out.sum.ByModuleAction, map[batch.ModuleAction]int64{{Module: "Leads", Action: "lock"}: 1, {Module: "Leads", Action: "unlock"}: 1})
	equal(t, "credits", out.credits(t), int64(3))
}

func TestAfterAFaultNoMoreRowsAreGiven(t *testing.T) {
	out := readText(t, "job.csv", lines("id,module,action", "1,Leads,unlock", "0,Leads,unlock", "3,Leads,unlock"), batch.ReadOptions{})
	equal(t, "error", out.err, nil)
	equal(t, "rows given", len(out.rows), 1)
	equal(t, "rows counted", out.sum.Rows, int64(3))
	equal(t, "faults", out.codes(), []string{"3:ID_ZERO"})
}

func TestSkipInvalidDoesNotGetPastTheFilesOwnFaults(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"no id column", "name,module,action\nx,Leads,unlock\n", "1:COLUMN_MISSING"},
		{"no module", "id,action\n1,unlock\n", "1:MODULE_MISSING"},
		{"rounded ids", "id,module,action\n5843104000000420000,Leads,unlock\n", "0:IDS_DAMAGED"},
		{"a quote never closed", "id,module,action,reason\n1,Leads,lock,\"open\n2,Leads,unlock,\n", "2:ROWS_UNCERTAIN"},
		{"no rows", "id,module,action\n", "0:NO_ROWS"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := readText(t, "job.csv", c.in, batch.ReadOptions{SkipInvalid: true})
			equal(t, "error", out.fileCode(), c.want)
		})
	}
}

func TestMaxFaultsBoundsWhatIsToldNotWhatIsCounted(t *testing.T) {
	in := "id,module,action\n" + strings.Repeat("x,Leads,unlock\n", 50)
	out := readText(t, "job.csv", in, batch.ReadOptions{MaxFaults: 7})
	equal(t, "told", len(out.faults), 7)
	equal(t, "counted", out.sum.Faults, int64(50))
}

func TestFaultValuesAreCut(t *testing.T) {
	out := readText(t, "job.csv", "id,module,action\n"+strings.Repeat("ü", 500)+",Leads,unlock\n", batch.ReadOptions{})
	if v := out.faults[0].Value; len([]rune(v)) != 60 || !strings.HasSuffix(v, "…") {
		t.Errorf("value is %d characters: %q", len([]rune(v)), v)
	}
}

func TestReadWithoutASink(t *testing.T) {
	path := filepath.Join(t.TempDir(), "job.csv")
	if err := os.WriteFile(path, []byte("id,module,action\n1,Leads,unlock\n1,Leads,unlock\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	src, err := batch.Open(t.Context(), path, nil, batch.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	for range 2 { // a Source can be read again
		sum, err := batch.Read(t.Context(), src, batch.ReadOptions{}, nil)
		if err != nil || sum.Rows != 2 || sum.Duplicates != 1 {
			t.Errorf("rows %d, duplicates %d, error %v", sum.Rows, sum.Duplicates, err)
		}
	}
}

// refusing is a Sink that breaks.
type refusing struct{ onMark bool }

var errFull = errors.New("disk full")

func (s refusing) Add(batch.Row) error {
	if s.onMark {
		return nil
	}
	return errFull
}
func (s refusing) Mark(int64, batch.Outcome, string, string, int64) error { return errFull }

func TestTheSinksErrorEndsReading(t *testing.T) {
	path := filepath.Join(t.TempDir(), "job.csv")
	if err := os.WriteFile(path, []byte("id,module,action\n1,Leads,unlock\n1,Leads,unlock\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	src, err := batch.Open(t.Context(), path, nil, batch.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	for _, s := range []refusing{{false}, {true}} {
		if _, err := batch.Read(t.Context(), src, batch.ReadOptions{}, s); !errors.Is(err, errFull) {
			t.Errorf("onMark %v: error %v", s.onMark, err)
		}
	}
}

func TestReadEndsWithItsContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "job.csv")
	in := "id,module,action\n" + strings.Repeat("1,Leads,unlock\n", 3000)
	if err := os.WriteFile(path, []byte(in), 0o600); err != nil {
		t.Fatal(err)
	}
	src, err := batch.Open(t.Context(), path, nil, batch.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	sum, err := batch.Read(ctx, src, batch.ReadOptions{}, nil)
	if !errors.Is(err, context.Canceled) || sum.Rows > 1024 {
		t.Errorf("error %v after %d rows", err, sum.Rows)
	}
	if _, _, err := src.Hash(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Hash: %v", err)
	}
}

func TestOptionsThatMakeNoSense(t *testing.T) {
	for _, c := range []struct {
		name string
		in   batch.ReadOptions
		want string // flag:code
	}{
		{"module", batch.ReadOptions{Module: "Sales Stuff!"}, "module:MODULE_MALFORMED"},
		{"module of blanks", batch.ReadOptions{Module: " "}, "module:MODULE_MISSING"},
		{"module by its label", batch.ReadOptions{Module: "Price Books"}, "module:MODULE_MALFORMED"},
		{"action", batch.ReadOptions{Action: "delete"}, "action:ACTION_UNKNOWN"},
		{"reason of blanks", batch.ReadOptions{Reason: " \t"}, "reason:REASON_MISSING"},
		{"reason with an escape sequence", batch.ReadOptions{Reason: "a\x1b[31m"}, "reason:REASON_CONTROL"},
		{"reason not UTF-8", batch.ReadOptions{Reason: "\xff"}, "reason:NOT_UTF8"},
		{"map of no field", batch.ReadOptions{Map: map[string]string{"ids": "x"}}, "map:COLUMN_MISSING"},
		{"map to nothing", batch.ReadOptions{Map: map[string]string{"id": ""}}, "map:COLUMN_MISSING"},
		{"delimiter", batch.ReadOptions{Delimiter: '"'}, "delimiter:DELIMITER_UNCLEAR"},
		{"fine", batch.ReadOptions{Module: "Leads", Action: "lock", Reason: "r {x}", Map: map[string]string{"id": "x"}, Delimiter: '|'}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := batch.Read(t.Context(), batch.Source{}, c.in, nil)
			var e *batch.OptionError
			got := ""
			if errors.As(err, &e) {
				got = e.Option + ":" + e.Code
			}
			equal(t, "error", got, c.want)
		})
	}
}

func TestLockableModulesAreWellFormed(t *testing.T) {
	names := batch.LockableModules()
	if !slices.Contains(names, "Products") || len(names) != 14 {
		t.Errorf("lockable: %q", names)
	}
}
