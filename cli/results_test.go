package cli_test

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"zlock/cli"
)

var resultColumns = []string{
	"zlock_line", "zlock_outcome", "zlock_code", "zlock_http", "zlock_message", "zlock_hint", "zlock_lock_id",
	"zlock_previous_reason", "zlock_attempts", "zlock_credits", "zlock_finished_at", "zlock_run",
}

func readCSV(t *testing.T, text string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return rows
}

// mixed is a job file with every sort of row.
const mixed = "\ufeffRecord Id;Note;Action;Locked_Reason__s;Note\r\n" +
	"zcrm_5843104000000200151;=1+1;lock;\"Audit\nof \"\"May\"\"\";a\r\n" +
	"5843104000000220151;'@quoted;unlock;;b\r\n" +
	"\r\n" +
	"5843104000000109004;-5;lock;gone;c\r\n" +
	"5843104000000200151;x;lock;\"Audit\nof \"\"May\"\"\";d\r\n"

func TestResultsCSV(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.file("job.csv", mixed), "--module", "Leads"), 5)
	rows := readCSV(t, s.want(s.run("results"), 0).out)
	if want := append([]string{"Record Id", "Note", "Action", "Locked_Reason__s", "Note", "module"}, resultColumns...); !slices.Equal(rows[0], want) {
		t.Fatalf("columns %q\nwant %q", rows[0], want)
	}
	for i, want := range []struct {
		cells   []string
		line    string
		outcome string
		code    string
		before  string
	}{
		{[]string{"zcrm_5843104000000200151", "'=1+1", "lock", "Audit\nof \"May\"", "a", "Leads"}, "2", "locked", "", ""},
		{[]string{"5843104000000220151", "''@quoted", "unlock", "", "b", "Leads"}, "4", "unlocked", "", "Before"},
		{[]string{"5843104000000109004", "'-5", "lock", "gone", "c", "Leads"}, "6", "failed", "INVALID_DATA", ""},
		{[]string{"5843104000000200151", "x", "lock", "Audit\nof \"May\"", "d", "Leads"}, "7", "duplicate", "DUPLICATE", ""},
	} {
		row := rows[i+1]
		if !slices.Equal(row[:6], want.cells) {
			t.Errorf("row %d: cells %q, want %q", i+1, row[:6], want.cells)
		}
		if got := []string{row[6], row[7], row[8], row[13]}; !slices.Equal(got, []string{want.line, want.outcome, want.code, want.before}) {
			t.Errorf("row %d: line, outcome, code, reason before %q, want %q", i+1, got, want)
		}
	}
	raw := readCSV(t, s.want(s.run("results", "--raw-csv", "--only", "locked,unlocked"), 0).out)
	if len(raw) != 3 || raw[1][1] != "=1+1" || raw[2][1] != "'@quoted" {
		t.Errorf("raw rows %q", raw)
	}
}

func TestResultsAreAJobFile(t *testing.T) {
	for _, format := range []string{"csv", "jsonl"} {
		t.Run(format, func(t *testing.T) {
			s := newStage(t).withZoho(nil)
			s.want(s.run("run", s.file("job.csv", mixed), "--module", "Leads"), 5)
			first := s.want(s.run("results", "--format", "csv"), 0).out
			s.want(s.run("results", "--format", format, "-o", "again."+format), 0, "written")
			s.want(s.run("run", "again."+format), 5, "1  already_locked", "1  already_unlocked", "1  duplicate", "1  failed")
			if format == "jsonl" {
				return // its results have the fields in columns
			}
			before, after := readCSV(t, first), readCSV(t, s.want(s.run("results"), 0).out)
			for i := range before {
				if !slices.Equal(before[i][:6], after[i][:6]) {
					t.Errorf("row %d went in as %q and came out as %q", i, before[i][:6], after[i][:6])
				}
			}
		})
	}
}

func TestResultsJSONL(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.file("job.jsonl", `{"id":`+leadID(1)+`,"note":{"a":[1,2]},"text":"<&>"}`+"\n"+`{"id":"`+leadID(201)+`","action":"unlock"}`+"\n")
	s.want(s.run("run", "job.jsonl", "--module", "Leads", "--action", "lock", "--reason", "Audit"), 0)
	o := s.want(s.run("results", "--json"), 0)
	lines := bufio.NewScanner(strings.NewReader(o.out))
	var rows []map[string]any
	for lines.Scan() {
		var row map[string]any
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatalf("%v in %s", err, lines.Text())
		}
		rows = append(rows, row)
	}
	if len(rows) != 2 || rows[0]["zlock_outcome"] != "locked" || rows[1]["zlock_outcome"] != "unlocked" || rows[0]["zlock_line"] != 1.0 {
		t.Fatalf("rows %v", rows)
	}
	for _, text := range []string{`"id":` + leadID(1), `"note":{"a":[1,2]}`, `"text":"<&>"`, `"module":"Leads"`, `"reason":"Audit"`, `"zlock_previous_reason":"Before"`} {
		if !strings.Contains(o.out, text) {
			t.Errorf("results lack %s: %s", text, o.out)
		}
	}
	for _, column := range resultColumns {
		if _, ok := rows[0][column]; !ok {
			t.Errorf("no %s", column)
		}
	}
	table := readCSV(t, s.want(s.run("results", "--format", "csv"), 0).out)
	if !slices.Equal(table[0][:6], []string{"record_id", "module", "action", "reason", "lock_id", "input"}) || table[2][0] != leadID(201) || table[2][4] != "" {
		t.Errorf("table %q", table)
	}
	s.want(s.run("results", "-o", "again.jsonl"), 0)
	s.want(s.run("run", "again.jsonl"), 0, "1  already_locked", "1  already_unlocked")
}

func TestResultsFile(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.locks("job.csv", 0, 3)), 0)
	s.want(s.run("results", "-o", "out.jsonl"), 0, "out.jsonl written")
	if data, _ := os.ReadFile(filepath.Join(s.dir, "out.jsonl")); strings.Count(string(data), `{"input":{`) != 3 {
		t.Errorf("file: %s", data)
	}
	s.want(s.run("results", "-o", "out.jsonl"), 2, "it is there already", "--force")
	s.want(s.run("results", "-o", "out.jsonl", "--force", "--format", "csv"), 0)
	if data, _ := os.ReadFile(filepath.Join(s.dir, "out.jsonl")); !strings.HasPrefix(string(data), "record_id,") {
		t.Errorf("file: %s", data)
	}
	for _, path := range []string{"job.csv", "state/default.db", "state/../state/default.db", "state"} {
		s.want(s.run("results", "-o", path, "--force"), 2)
	}
	s.want(s.run("results", "-o", "nosuch/dir/out.csv"), 2)
	s.want(s.run("results", "--only", "lockd"), 2, "did you mean locked")
	s.want(s.run("results", "--format", "xml"), 2, "one of csv, jsonl")
	left, err := filepath.Glob(filepath.Join(s.dir, ".zlock-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("temporary files left: %v, %v", left, err)
	}
}

// TestFilesArePacked: what is written under a name that ends in .gz is gzip, and a job file like the others.
func TestFilesArePacked(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.locks("job.csv", 0, 3)), 0)
	for name, begin := range map[string]string{"out.csv.gz": "record_id,", "out.JSONL.GZ": `{"input":{`} {
		s.want(s.run("results", "-o", name), 0, "written")
		if text := unpacked(t, filepath.Join(s.dir, name)); !strings.HasPrefix(text, begin) || strings.Count(text, "Audit") != 3 {
			t.Errorf("%s holds %s", name, text)
		}
	}
	for _, name := range []string{"out.csv.gz", "out.JSONL.GZ"} {
		s.want(s.run("run", name), 0, "3  already_locked")
	}
	s.want(s.run("locks", "Leads", "-o", "locks.csv.gz"), 0)
	if o := s.want(s.run("plan", "locks.csv.gz"), 0); !strings.Contains(o.out, "unlock  Leads") {
		t.Errorf("plan of the locks: %s", o.out)
	}
	s.want(s.run("verify", "-o", "verified.json.gz"), 0)
	s.want(s.run("report", "-o", "page.md.gz"), 0)
	for name, begin := range map[string]string{"verified.json.gz": `{"run":`, "page.md.gz": "## zlock run"} {
		if text := unpacked(t, filepath.Join(s.dir, name)); !strings.HasPrefix(text, begin) {
			t.Errorf("%s holds %s", name, text)
		}
	}
}

func unpacked(t *testing.T, path string) string {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	zip, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(zip)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// brokenPipe is a reader that has gone away.
type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, syscall.EPIPE }

func TestReaderOfResultsGoesAway(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.locks("job.csv", 0, 3)), 0)
	s.world = func(w *cli.World) { w.Out = brokenPipe{} }
	if o := s.want(s.run("results"), 0); o.err != "" {
		t.Errorf("complained: %s", o.err)
	}
}

func TestResultsOnATerminalCannotSteerIt(t *testing.T) {
	s := newStage(t)
	s.want(s.run("run", s.file("job.csv", "record_id,module,action,reason,note\n"+leadID(1)+",Leads,lock,x,\"\x1b[2Jgone\u202e\"\n"), "--simulate"), 0)
	s.world = func(w *cli.World) { w.OutTerminal = true }
	o := s.want(s.run("results"), 0)
	if strings.ContainsAny(o.out, "\x1b\u202e") || !strings.Contains(o.out, `\u{1b}[2Jgone\u{202e}`) {
		t.Errorf("results %q", o.out)
	}
	s.world = nil
	if o := s.want(s.run("results"), 0); !strings.Contains(o.out, "\x1b[2Jgone\u202e") {
		t.Errorf("what is kept was changed: %q", o.out)
	}
}

func TestGuardCell(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "a": "a", "=1": "'=1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\tx": "'\tx", "\rx": "'\rx", "\nx": "'\nx",
		"\x00x": "'\x00x", "＝1": "'＝1", "＋1": "'＋1", "－1": "'－1", "＠x": "'＠x", "'=1": "''=1", "''=1": "'''=1",
		"'": "'", "'a": "'a", "a=1": "a=1", " =1": " =1", "5843104000000200151": "5843104000000200151",
	} {
		if got := cli.GuardCell(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestUniqueNames(t *testing.T) {
	for _, in := range []struct{ in, want []string }{
		{[]string{"a", "b"}, []string{"a", "b"}},
		{[]string{"a", "a", "a"}, []string{"a", "a 2", "a 3"}},
		{[]string{"a", "a 2", "a"}, []string{"a", "a 2", "a 3"}},
		{[]string{"", "column 1", ""}, []string{"column 1 2", "column 1", "column 3"}},
	} {
		if got := cli.UniqueNames(in.in); !slices.Equal(got, in.want) {
			t.Errorf("%q became %q, want %q", in.in, got, in.want)
		}
	}
}

func TestWriteFileIsWholeOrNotAtAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.csv")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	gone := errors.New("gone")
	err := cli.WriteFile(path, true, nil, func(w io.Writer) error {
		_, _ = io.WriteString(w, "half")
		return gone
	})
	if !errors.Is(err, gone) {
		t.Errorf("error %v", err)
	}
	if data, _ := os.ReadFile(path); string(data) != "old" {
		t.Errorf("the file holds %q", data)
	}
}

// CSV is what results are unless another format is asked for, whatever the job file's own is.
func TestResultsFormat(t *testing.T) {
	s := newStage(t)
	s.file("job.jsonl", `{"id":"`+leadID(1)+`","module":"Leads","action":"lock","reason":"x"}`+"\n")
	s.want(s.run("run", "job.jsonl", "--simulate"), 0)
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "record_id,"}, {[]string{"--format", "csv"}, "record_id,"}, {[]string{"--json"}, "{"}, {[]string{"--format", "jsonl"}, "{"},
	} {
		if o := s.want(s.run(append([]string{"results"}, c.args...)...), 0); !strings.HasPrefix(o.out, c.want) {
			t.Errorf("results %v begins with %.40q, want %q", c.args, o.out, c.want)
		}
	}
	s.want(s.run("results", "--json", "--format", "csv"), 2, "--json")
}
