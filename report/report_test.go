package report_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"iter"
	"math/big"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"zlock/batch"
	"zlock/checkpoint"
	"zlock/report"
)

// data is the rows in a page.
func data(t *testing.T, page string) (rows [][]any, full bool) {
	t.Helper()
	_, rest, ok := strings.Cut(page, `<script type="application/json" id="data">`)
	text, _, closed := strings.Cut(rest, "</script>")
	if !ok || !closed {
		t.Fatal("the page has no data")
	}
	var d struct {
		Dictionary int
		Packed     []int
		Rows       [][]any
		Full       bool
	}
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	var known []any
	for _, row := range d.Rows {
		for _, column := range d.Packed {
			if n, ok := row[column].(float64); ok {
				row[column] = known[int(n)]
			} else if row[column] != "" && len(known) < d.Dictionary {
				known = append(known, row[column])
			}
		}
	}
	return d.Rows, d.Full
}

func TestPageOfManySorts(t *testing.T) {
	rows := []batch.Row{lock(1), lock(2), lock(3), lock(4), lock(5), lock(6)}
	rows[1].Module, rows[3].Outcome, rows[3].Code = "Deals", batch.Duplicate, "DUPLICATE"
	rows[4].Outcome, rows[4].Code, rows[4].RecordID, rows[4].Message = batch.Invalid, "ID_DAMAGED", "5.8E+18", "no id"
	failed := locked(2)
	failed.Outcome, failed.Code, failed.HTTP, failed.Message, failed.Hint, failed.LockID = batch.Failed, "NO_PERMISSION", 403, "denied", "ask the administrator", ""
	s := newStage(t, aRun(), rows, []batch.Result{locked(1), failed, locked(3)})
	page := s.page(func(subject *report.Subject) { subject.Users = []string{"Anna (1)", "Bert (2)"} }, report.MostRows)
	for _, want := range []string{
		"The run is not finished:</b> 1 row left to do", "zlock resume " + runID, "one of: Anna (1); Bert (2)",
		`<b class="bad">2</b>failed or invalid`, `<b class="good">2</b>changed by this run`, `<b class="warn">1</b>left to do`,
		`<td>locked</td><td class="n">2</td><td class="n">33.3%</td>`, `<rect width="33.33" height="6">`,
		"NO_PERMISSION</span><br><small>failed", "ask the administrator", `line 3, <span class="foreign">Deals 5842000000000000002</span>: <span class="foreign">denied`,
		"ID_DAMAGED</span><br><small>invalid", "1 row without a readable id", "leads.csv, 12 kB", "Rows worked at once",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	got, full := data(t, page)
	if len(got) != 6 || full || got[1][1] != "Deals" || got[1][5] != "NO_PERMISSION" || got[5][4] != "pending" || got[4][2] != "5.8E+18" ||
		got[2][1] != "Leads" || got[0][9] != "Year-end close" || got[2][9] != "Year-end close" || got[0][11] != "7001" {
		t.Errorf("rows %v", got)
	}
}

func TestControlTotals(t *testing.T) {
	rows := []batch.Row{lock(1), lock(2), lock(3)}
	failed := locked(2)
	failed.Outcome, failed.Code = batch.Failed, "X"
	page := newStage(t, aRun(), rows, []batch.Result{locked(1), failed, locked(3)}).page(nil, 0)
	for _, want := range [][]string{
		{rows[0].RecordID, rows[1].RecordID, rows[2].RecordID}, {rows[0].RecordID, rows[2].RecordID},
	} {
		sum := new(big.Int)
		for _, id := range want {
			n, _ := new(big.Int).SetString(id, 10)
			sum.Add(sum, n)
		}
		digest := sha256.Sum256([]byte(strings.Join(want, "\n") + "\n"))
		line := fmt.Sprintf(`<td class="n">%d</td><td class="n mono">%s</td><td class="mono">%s</td>`, len(want), sum, hex.EncodeToString(digest[:]))
		if !strings.Contains(page, line) {
			t.Errorf("no totals %s", line)
		}
	}
}

func TestPageOfFewRows(t *testing.T) {
	simulated := aRun()
	simulated.Simulated = true
	for _, c := range []struct {
		name  string
		stage *stage
		state batch.State
		want  []string
		not   []string
	}{
		{"none", newStage(t, aRun(), nil, nil), batch.Completed,
			[]string{"The job file held no rows", "Nothing was sent, so there is no course", "There are none.", `"rows":[`}, []string{"What failed", "not finished", "<noscript>"}},
		{"one", many(t, 1), batch.Completed, []string{"All 1 row,", `class="chart"`, "100.0%"}, []string{"What failed", "not finished", "SIMULATED"}},
		{"not begun", newStage(t, simulated, []batch.Row{lock(1)}, nil), batch.Enrolled, []string{"SIMULATED.</b>", "1 row left to do", "Nothing was sent"}, []string{"What failed"}},
		{"running", many(t, 2), batch.Running, []string{"The run is going on."}, []string{"not finished"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.state != batch.Running && c.stage.run.State != c.state {
				t.Fatalf("the run is %s", c.stage.run.State)
			}
			page := c.stage.page(func(subject *report.Subject) { subject.Run.State = c.state }, report.MostRows)
			text := c.stage.text(nil)
			for _, want := range c.want {
				if !strings.Contains(page, want) {
					t.Errorf("the page lacks %q", want)
				}
			}
			for _, not := range c.not {
				if strings.Contains(page, not) {
					t.Errorf("the page says %q", not)
				}
			}
			if !strings.Contains(text, "| **all** |  | **"+fmt.Sprint(c.stage.run.Total)+"** |") {
				t.Errorf("text %s", text)
			}
		})
	}
}

func TestRowsOfAPageAreBounded(t *testing.T) {
	s := many(t, 30)
	for _, c := range []struct {
		most int64
		want int
		note string
	}{
		{0, 0, "The rows were left out of this page"}, {7, 7, "This page holds the first 7 of 30 rows"},
		{30, 30, "All 30 rows"}, {1 << 40, 30, "All 30 rows"},
	} {
		page := s.page(nil, c.most)
		if rows, _ := data(t, page); len(rows) != c.want || !strings.Contains(page, c.note) {
			t.Errorf("%d rows for at most %d, and not %q", len(rows), c.most, c.note)
		}
	}
}

// endless is a source of more and larger rows than a test can enrol, none of which is like another.
type endless struct {
	*checkpoint.DB
	rows int
}

func (e endless) Rows(_ context.Context, _ string, _ []batch.Outcome) iter.Seq2[checkpoint.RowReport, error] {
	return func(yield func(checkpoint.RowReport, error) bool) {
		for i := range e.rows {
			row := checkpoint.RowReport{Row: lock(i + 1)}
			row.Module, row.Code = fmt.Sprintf("M%d", i), fmt.Sprintf("C%d", i)
			row.Outcome, row.Reason, row.Message = batch.Failed, strings.Repeat("<", 400)+fmt.Sprint(i), fmt.Sprintf("%0300d", i)
			if !yield(row, nil) {
				return
			}
		}
	}
}

func TestMemoryStaysFlat(t *testing.T) {
	s := many(t, 1)
	src := endless{s.db, 40_000}
	account, err := report.Gather(t.Context(), src, s.subject(), nil)
	must(t, err)
	var counted counter
	must(t, account.WriteHTML(t.Context(), &counted, src, report.MostRows))
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	runtime.KeepAlive(account)
	if m.HeapAlloc > 64<<20 {
		t.Errorf("%d MB are kept for a report", m.HeapAlloc>>20)
	}
	if counted.n > 50<<20 || !strings.HasSuffix(strings.TrimSpace(counted.tail), "</html>") {
		t.Errorf("a page of %d MB that ends with %q", counted.n>>20, counted.tail)
	}
}

// counter counts what is written to it, and remembers the end.
type counter struct {
	n    int
	tail string
}

func (c *counter) Write(p []byte) (int, error) {
	c.n += len(p)
	c.tail += string(p[max(0, len(p)-100):])
	c.tail = c.tail[max(0, len(c.tail)-100):]
	return len(p), nil
}

func TestPolicyAllowsJustWhatIsThere(t *testing.T) {
	page := many(t, 3).page(nil, report.MostRows)
	found := regexp.MustCompile(`http-equiv="Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(page)
	if found == nil {
		t.Fatal("no policy")
	}
	policy := html.UnescapeString(found[1])
	for _, part := range []string{"default-src 'none'", "base-uri 'none'", "form-action 'none'"} {
		if !strings.Contains(policy, part) {
			t.Errorf("policy %s lacks %s", policy, part)
		}
	}
	for directive, pattern := range map[string]string{"script-src": `<script>([\s\S]*?)</script>`, "style-src": `<style>([\s\S]*?)</style>`} {
		all := regexp.MustCompile(pattern).FindAllStringSubmatch(page, -1)
		if len(all) != 1 {
			t.Fatalf("%d elements of %s", len(all), directive)
		}
		sum := sha256.Sum256([]byte(all[0][1]))
		if want := directive + " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy, want+";") {
			t.Errorf("policy %s does not say just %s", policy, want)
		}
	}
	if n := strings.Count(page, "<script"); n != 2 {
		t.Errorf("%d scripts, want ours and the data", n)
	}
	for _, not := range []string{"unsafe", "style=", "onclick", "http://", "src=", "href="} {
		if text := strings.ReplaceAll(page, "http://www.w3.org/2000/svg", ""); strings.Contains(text, not) {
			t.Errorf("the page holds %s", not)
		}
	}
}

// brokenWriter takes n bytes.
type brokenWriter struct{ n int }

func (b *brokenWriter) Write(p []byte) (int, error) {
	if b.n -= len(p); b.n < 0 {
		return 0, io.ErrClosedPipe
	}
	return len(p), nil
}

func TestWritersThatBreak(t *testing.T) {
	s := many(t, 3)
	account := s.gather(nil)
	whole := len(s.page(nil, 10))
	for _, n := range []int{0, 100, whole / 2, whole - 1} {
		if err := account.WriteHTML(t.Context(), &brokenWriter{n}, s.db, 10); err == nil || !strings.Contains(err.Error(), "write page") {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
	if err := account.WriteMarkdown(&brokenWriter{10}); err == nil {
		t.Error("no error")
	}
}
