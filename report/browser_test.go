package report_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"zlock/batch"
	"zlock/report"
)

// browser opens pages in a headless Chromium.
type browser struct {
	t    *testing.T
	path string
	dir  string
}

// Whether Chromium works at all is tried once.
var (
	tried   sync.Once
	failure error
)

// newBrowser skips the test where there is no Chromium.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			b := &browser{t: t, path: path, dir: t.TempDir()}
			tried.Do(func() { failure = b.command("--dump-dom", "about:blank").Run() })
			if failure != nil {
				t.Skipf("%s does not work here: %v", path, failure)
			}
			return b
		}
	}
	t.Skip("there is no Chromium here")
	return nil
}

// file writes a page and returns its name.
func (b *browser) file(page string) string {
	b.t.Helper()
	name := filepath.Join(b.dir, "page.html")
	must(b.t, os.WriteFile(name, []byte(page), 0o600))
	return name
}

// open opens a file, does what the options say, and returns what Chromium prints.
func (b *browser) open(file string, options ...string) string {
	b.t.Helper()
	out, err := b.command(append(options, "file://"+file)...).Output()
	must(b.t, err)
	return string(out)
}

func (b *browser) command(args ...string) *exec.Cmd {
	return exec.CommandContext(b.t.Context(), b.path, append([]string{
		"--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
		"--disable-background-networking", "--disable-component-update", "--virtual-time-budget=2000",
		"--user-data-dir=" + filepath.Join(b.dir, "profile"),
	}, args...)...)
}

// ran finds the marks of payloads that were carried out.
var ran = regexp.MustCompile(`data-ran-\d+`)

// hostile is a run with every payload in every text that comes from outside.
func hostile(t *testing.T, call string) *stage {
	t.Helper()
	run := aRun()
	run.JobFile, run.Profile = payloads(call)[1], payloads(call)[15]
	var rows []batch.Row
	var results []batch.Result
	for i, text := range payloads(call) {
		row, result := lock(i+1), locked(i+1)
		row.Reason, row.Module = text, "M"+text
		result.Message, result.Hint, result.LockID = text, text, text
		result.Previous = &batch.Previous{Reason: text}
		if i%2 == 0 {
			result.Outcome, result.Code = batch.Failed, text
		}
		if i%7 == 3 {
			row.Outcome, row.Code, row.Message, row.RecordID = batch.Invalid, text, text, text
			rows = append(rows, row)
			continue
		}
		rows, results = append(rows, row), append(results, result)
	}
	return newStage(t, run, rows, results)
}

func hostileSubject(call string) func(*report.Subject) {
	return func(s *report.Subject) {
		text := strings.Join(payloads(call)[:4], "")
		s.Users, s.Org, s.Next, s.Results = []string{text}, text, text, text
		s.Settings = []report.Setting{{Name: text, Value: text}}
	}
}

func TestHostileTextDoesNothingInABrowser(t *testing.T) {
	b := newBrowser(t)
	var calls atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	t.Cleanup(server.Close)

	// The harness sees what is to be seen: a page that takes the same texts for more than text.
	naive := "<!doctype html><html><body><p>" + strings.Join(payloads(server.URL)[:33], "\n<p>") + "</body></html>"
	if marks := ran.FindAllString(b.open(b.file(naive), "--dump-dom"), -1); len(marks) < 5 || calls.Load() == 0 {
		t.Fatalf("a page without guards shows %d marks and makes %d calls: this test would see nothing", len(marks), calls.Load())
	}
	calls.Store(0)

	s := hostile(t, server.URL)
	page := s.page(hostileSubject(server.URL), report.MostRows)
	dom := b.open(b.file(page), "--dump-dom")
	if marks := ran.FindAllString(dom, -1); len(marks) > 0 {
		t.Errorf("payloads ran: %v", marks)
	}
	if n := calls.Load(); n > 0 {
		t.Errorf("%d calls were made", n)
	}
	if want := fmt.Sprintf("rows 1 to %d of %[1]d", len(payloads(""))); !strings.Contains(dom, want) || strings.Contains(dom, `id="browse" hidden`) {
		t.Errorf("our own script did not run: no %q", want)
	}
	for _, element := range []string{"<iframe", "<img", "<object", "<embed", "<form", "<base", "<link", "<details", "<video"} {
		if strings.Contains(dom, element) {
			t.Errorf("the page has come to hold %s", element)
		}
	}
	if strings.ContainsAny(dom, "\x00\x1b\u202e\u2066\u200b") {
		t.Error("the page shows control or direction characters as they are")
	}
}

func TestHostileTextIsInertInATicket(t *testing.T) {
	text := hostile(t, "http://127.0.0.1").text(hostileSubject("http://127.0.0.1"))
	for line := range strings.Lines(text) {
		outside := regexp.MustCompile("`[^`\n]*`").ReplaceAllString(line, "")
		if strings.ContainsAny(outside, "`<>") || strings.Contains(outside, "http") {
			t.Errorf("outside of code spans: %q", outside)
		}
		cells := strings.Count(line, "|")
		if strings.HasPrefix(line, "| ") && strings.Count(outside, "|") != cells {
			t.Errorf("a code span parts cells: %q", line)
		}
	}
	if strings.ContainsAny(text, "\x00\x1b\u202e\u2066\u200b") {
		t.Error("control or direction characters stand as they are")
	}
}

// TestSearchInABrowser uses the page as a person would, by a script that its policy is made to know.
func TestSearchInABrowser(t *testing.T) {
	b := newBrowser(t)
	page := many(t, 1234).page(nil, report.MostRows)
	steps := []struct{ do, want string }{
		{"", "rows 1 to 100 of 1,234 | 5842000000000000001"},
		{"at('after').click(); at('after').click()", "rows 201 to 300 of 1,234 | 5842000000000000201"},
		{"at('before').click()", "rows 101 to 200 of 1,234 | 5842000000000000101"},
		{"type('year-END 0777')", "rows 1 to 1 of 1 found among 1,234 | 5842000000000000777"},
		{"type('nowhere')", "no row found among 1,234 | "},
		{"choose('outcome', 'locked'); type('lock 8234')", "rows 1 to 1 of 1 found among 1,234 | 5842000000000001234"},
		{"type('')", "rows 1 to 100 of 1,234 | 5842000000000000001"},
	}
	script := `const type = (s) => { at('words').value = s; at('words').dispatchEvent(new Event('input')); };
const choose = (id, s) => { at(id).value = s; at(id).dispatchEvent(new Event('change')); };
const told = () => { const p = document.createElement('p'); p.className = 'told';
  const first = document.querySelector('#lines td.mono');
  p.textContent = at('where').textContent + ' | ' + (first ? first.firstChild.textContent : ''); document.body.append(p); };
`
	for _, step := range steps {
		script += step.do + "; told();\n"
	}
	const last = "at('browse').hidden = false;"
	if !strings.Contains(page, last) {
		t.Fatal("the script is not as this test knows it")
	}
	page = strings.Replace(page, last, last+"{"+script+"}", 1)
	dom := b.open(b.file(regexp.MustCompile(`script-src [^;]*;`).ReplaceAllString(page, "script-src &#39;unsafe-inline&#39;;")), "--dump-dom")
	told := regexp.MustCompile(`<p class="told">([^<]*)</p>`).FindAllStringSubmatch(dom, -1)
	if len(told) != len(steps) {
		t.Fatalf("%d of %d steps were done", len(told), len(steps))
	}
	for i, step := range steps {
		if told[i][1] != step.want {
			t.Errorf("%s: %q, want %q", step.do, told[i][1], step.want)
		}
	}
}

func TestScreenshot(t *testing.T) {
	b := newBrowser(t)
	file := b.file(many(t, 250).page(nil, report.MostRows))
	picture := filepath.Join(b.dir, "page.png")
	b.open(file, "--screenshot="+picture, "--window-size=1240,2400")
	drawn, err := os.ReadFile(picture)
	must(t, err)
	if len(drawn) < 50_000 || !strings.HasPrefix(string(drawn), "\x89PNG") {
		t.Errorf("a picture of %d bytes", len(drawn))
	}
	paper := filepath.Join(b.dir, "page.pdf")
	b.open(file, "--no-pdf-header-footer", "--print-to-pdf="+paper)
	printed, err := os.ReadFile(paper)
	must(t, err)
	if len(printed) < 20_000 || !strings.HasPrefix(string(printed), "%PDF-") {
		t.Errorf("paper of %d bytes", len(printed))
	}
	if dir := os.Getenv("ZLOCK_SCREENSHOTS"); dir != "" {
		must(t, os.WriteFile(filepath.Join(dir, "report.png"), drawn, 0o600))
		must(t, os.WriteFile(filepath.Join(dir, "report.pdf"), printed, 0o600))
	}
}
