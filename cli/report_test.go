package cli_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"zlock/cli"
	"zlock/zoho/sim"
)

// page reads what report wrote.
func (s *stage) page(name string) string {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	text, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		s.t.Errorf("%s: %v, %v", name, info.Mode(), err)
	}
	return string(text)
}

func wantAll(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("no %q", part)
		}
	}
}

func TestReport(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.file("job.csv", mixed), "--module", "Leads", "--concurrency", "4"), 5)
	s.want(s.run("report", "-o", "run.html"), 0, "run.html written", "4 rows")
	page := s.page("run.html")
	wantAll(t, page, "Content-Security-Policy", "did not come out as wanted", "--only failed,invalid", "INVALID_DATA", "127.0.0.1", "(known here as",
		"Lena Hart (", "<dt>concurrency</dt>", "the most allowed, 4", "job.csv", "All 4 rows")
	if strings.Contains(page, s.dir) || strings.Contains(page, secretOfTests) || strings.Contains(page, refreshOfTests) {
		t.Error("the page tells where files are, or a secret")
	}
	s.want(s.run("results", "-o", "results.csv"), 0)
	results, err := os.ReadFile(filepath.Join(s.dir, "results.csv"))
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(results)
	job := sha256.Sum256([]byte(mixed))
	wantAll(t, page, hex.EncodeToString(digest[:]), hex.EncodeToString(job[:]))
	s.want(s.run("report", "-o", "few.html", "--rows", "2"), 0)
	wantAll(t, s.page("few.html"), "This page holds the first 2 of 4 rows")
	if o := s.want(s.run("report", "-o", "-"), 0); o.err != "" || !strings.HasPrefix(o.out, "<!doctype html>") || !strings.HasSuffix(o.out, "</html>\n") {
		t.Errorf("standard error %q, standard output of %d bytes", o.err, len(o.out))
	}
}

func TestReportFile(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.locks("job.csv", 0, 3)), 0)
	s.want(s.run("report", "-o", "out.html"), 0)
	s.want(s.run("report", "-o", "out.html"), 2, "it is there already", "--force")
	s.want(s.run("report", "-o", "out.html", "--format", "md", "--force"), 0)
	if text := s.page("out.html"); !strings.HasPrefix(text, "## zlock run ") {
		t.Errorf("text %s", text)
	}
	s.want(s.run("report", "-o", "out.MD"), 0)
	if text := s.page("out.MD"); !strings.HasPrefix(text, "## zlock run ") {
		t.Errorf("text %s", text)
	}
	for _, path := range []string{"job.csv", "state/default.db", "state/../state/default.db", "state"} {
		s.want(s.run("report", "-o", path, "--force"), 2)
	}
	s.want(s.run("report", "-o", "nosuch/dir/out.html"), 2)
	s.want(s.run("report"), 2, "say where to write", "zlock report -o report.html")
	s.want(s.run("report", "-o", "x.html", "--format", "pdf"), 2, "one of html, md")
	s.want(s.run("report", "-o", "x.html", "--rows", "100001"), 2, "from 0 to 100,000")
	s.want(s.run("report", "nobody", "-o", "x.html"), 2)
	s.want(s.run("report", "latest", "latest", "-o", "x.html"), 2)
	left, err := filepath.Glob(filepath.Join(s.dir, ".zlock-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("temporary files left: %v, %v", left, err)
	}
	s.world = func(w *cli.World) { w.Out = brokenPipe{} }
	if o := s.want(s.run("report", "-o", "-"), 0); o.err != "" {
		t.Errorf("complained: %s", o.err)
	}
}

func TestReportOfOddRuns(t *testing.T) {
	s := newStage(t)
	s.want(s.run("report", "-o", "x.html"), 2, "there is no run yet")
	s.want(s.run("run", s.file("empty.csv", "record_id,module,action,reason\n"), "--simulate", "--allow-empty"), 0)
	wantAll(t, s.want(s.run("report", "-o", "-"), 0).out, "The job file held no rows", "SIMULATED", "Nothing was sent")
	s.want(s.run("run", s.file("one.jsonl", `{"id":"`+leadID(1)+`","action":"lock","module":"Leads","reason":"<b>x</b>"}`+"\n"), "--simulate"), 0)
	wantAll(t, s.want(s.run("report", "-o", "-"), 0).out, "All 1 row,", "results.jsonl", `class="chart"`, `\u003cb\u003ex`)
	s.want(s.run("run", s.locks("some.csv", 0, 5), "--simulate", "--limit", "2", "--concurrency", "1"), 6)
	wantAll(t, s.want(s.run("report", "-o", "-"), 0).out, "The run is not finished:</b> 3 rows left", "zlock resume", "It changes when the run goes on")
}

// TestReportBesideARun looks at a run whose calls are held back.
func TestReportBesideARun(t *testing.T) {
	s := newStage(t).withZoho(nil)
	g := s.gated()
	going := s.start("run", s.locks("job.csv", 0, 3))
	<-g.arrived
	wantAll(t, s.want(s.run("report", "-o", "-"), 0).out, "The run is going on.", "3</b>left to do")
	g.open()
	s.want(going.wait(), 0)
}

func TestReportScreens(t *testing.T) {
	s := newStage(t).withZoho(func(c *sim.Config) { c.Seed = 7 })
	s.want(s.run("run", s.file("job.csv", mixed), "--module", "Leads", "--concurrency", "1"), 5)
	for _, screen := range []struct{ name, args string }{
		{"report-md", "report -o - --format md"}, {"report-help", "report --help"},
	} {
		o := s.want(s.run(strings.Fields(screen.args)...), 0)
		got := steady(o.out)
		for pattern, instead := range map[string]string{
			`MOMENT \(MOMENT\)`: "MOMENT", "At work \\| `[^`]*`": "At work | `SPAN over all sittings`", `known here as \w+`: "known here as KEY",
			"(Results, SHA-256: )`\\w+`": "$1`HASH`", `zlock dev[^.]* at`: "zlock VERSION at",
		} {
			got = regexp.MustCompile(pattern).ReplaceAllString(got, instead)
		}
		compare(t, filepath.Join("testdata", screen.name+".golden"), "$ zlock "+screen.args+"\n"+got+"--- standard error\n"+steady(o.err))
	}
}
