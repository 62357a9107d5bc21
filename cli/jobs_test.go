package cli_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"zlock/batch"
	"zlock/cli"
)

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func wide(text string) string {
	out := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(text)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return string(out)
}

func TestKindsOfJobFiles(t *testing.T) {
	row := leadID(1)
	plain := "record_id,module,action,reason\n" + row + ",Leads,lock,Grün\n"
	for _, in := range []struct {
		name, content string
		args          []string
	}{
		{name: "a.csv", content: plain},
		{name: "a.csv.gz", content: zipped(t, plain)},
		{name: "a.tsv", content: strings.ReplaceAll(plain, ",", "\t")},
		{name: "a.txt", content: wide(strings.ReplaceAll(plain, ",", ";"))},
		{name: "a.jsonl", content: `{"Record Id":"` + row + `","module":"Leads","action":"lock","reason":"Grün"}`},
		{name: "a.ndjson.gz", content: zipped(t, `{"id":`+row+`,"module":"Leads","action":"lock","reason":"Grün"}`+"\n\n")},
		{name: "ids", content: "Lead Id\n" + row + "\n", args: []string{"--module", "Leads", "--action", "lock", "--reason", "Grün"}},
		{name: "odd.csv", content: "Key|Why\n" + row + "|Grün\n", args: []string{
			"--module", "Leads", "--action", "lock", "--map", "record_id=Key", "--map", "reason=Why"}},
		{name: "placeholder.csv", content: "id,Colour\n" + row + ",Grün\n", args: []string{"--module", "Leads", "--action", "lock", "--reason", "{Colour}"}},
	} {
		t.Run(in.name, func(t *testing.T) {
			s := newStage(t).withZoho(nil)
			s.want(s.run(append([]string{"run", s.file(in.name, in.content)}, in.args...)...), 0, "1  locked")
			if lock, _ := s.org.Lock("Leads", row); lock.Reason != "Grün" {
				t.Errorf("reason %q", lock.Reason)
			}
		})
	}
}

func TestSequence(t *testing.T) {
	s := newStage(t).withZoho(nil)
	job := "record_id,module,action,reason\n"
	for _, step := range []string{"lock,one", "update_reason,two", "unlock,", "lock,three"} {
		job += leadID(5) + ",Leads," + step + "\n"
	}
	job += "5843104000000109004,Leads,lock,x\n5843104000000109004,Leads,unlock,\n"
	s.want(s.run("run", s.file("job.csv", job)), 3, "nothing was sent")
	s.want(s.run("run", "job.csv", "--on-conflict", "sequence"), 5, "2  locked", "1  unlocked", "1  reason_updated", "PRECEDING_STEP_FAILED, such as line 7", "line 6, about the same record, failed")
	if lock, _ := s.org.Lock("Leads", leadID(5)); lock.Reason != "three" {
		t.Errorf("reason %q", lock.Reason)
	}
}

func TestTaggedReason(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.locks("job.csv", 1, 3), "--tag-reason"), 0)
	id := s.status().Run
	for i := 1; i < 3; i++ {
		want := fmt.Sprintf("Audit [zlock %s#%d]", id[len(id)-4:], i)
		if lock, _ := s.org.Lock("Leads", leadID(i)); lock.Reason != want {
			t.Errorf("reason %q, want %q", lock.Reason, want)
		}
	}
}

func TestOnLockedUpdateReason(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.locks("job.csv", 199, 202), "--on-locked", "update-reason", "--limit", "1"), 6)
	s.want(s.run("resume"), 0, "1  locked", "2  reason_updated") // it is the run's, not this sitting's
	if lock, _ := s.org.Lock("Leads", leadID(200)); lock.Reason != "Audit" {
		t.Errorf("reason %q", lock.Reason)
	}
}

func TestPreviousReasonIsKept(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.file("job.csv", "id,module,action,reason\n"+leadID(200)+",Leads,update_reason,After\n")), 0)
	rows := readCSV(t, s.run("results").out)
	if i := slices.Index(rows[0], "zlock_previous_reason"); rows[1][i] != "Before" {
		t.Errorf("row %q", rows[1])
	}
}

func TestFaultyRowsComeBackAsTheyStood(t *testing.T) {
	s := newStage(t)
	s.file("job.csv", "id,module,action,reason,note\nabc,Leads,lock,x,n\n"+leadID(1)+",Leads\n"+leadID(2)+",Leads,lock,x,n\n")
	s.want(s.run("run", "job.csv", "--simulate", "--on-invalid", "skip"), 5, "2 rows are skipped as invalid", "2  invalid")
	rows := readCSV(t, s.run("results").out)
	if len(rows) != 4 || rows[1][0] != "abc" || rows[1][4] != "n" || rows[1][6] != "invalid" || rows[2][6] != "invalid" || rows[3][6] != "locked" {
		t.Errorf("rows %q", rows)
	}
	s.file("job.jsonl", `{"id":"abc","module":"Leads"}`+"\n"+`{"id":"`+leadID(2)+`","module":"Leads","action":"lock","reason":"x"}`+"\n")
	s.want(s.run("run", "job.jsonl", "--simulate", "--on-invalid", "skip"), 5)
	for line := range strings.Lines(s.run("results", "--json").out) {
		if !json.Valid([]byte(line)) {
			t.Errorf("no JSON: %s", line)
		}
	}
}

func TestManyFaultsAreCutOnTheScreen(t *testing.T) {
	s := newStage(t)
	var job strings.Builder
	job.WriteString("id,module,action,reason\n")
	for range 30 {
		job.WriteString("abc,Leads,lock,x\n")
	}
	o := s.want(s.run("run", s.file("job.csv", job.String()), "--simulate"), 3, "and 10 more: --faults FILE writes them all", "30 faults in 30 rows")
	if n := strings.Count(o.err, ", abc: "); n != 20 {
		t.Errorf("%d faults are listed", n)
	}
	o = s.want(s.run("run", "job.csv", "--simulate", "--json"), 3)
	var d struct{ Faults []batch.Fault }
	if err := json.Unmarshal([]byte(o.out), &d); err != nil || len(d.Faults) != 30 {
		t.Errorf("%d faults, %v", len(d.Faults), err)
	}
}

func TestRetryTakesUpWhatMayPass(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.file("job.csv", "id,module,action,reason\n5843104000000109005,Leads,lock,x\n5843104000000109004,Leads,lock,x\n"+leadID(1)+",Leads,lock,x\n")
	s.want(s.run("run", "job.csv"), 5, "2  failed")
	s.want(s.run("retry", "--code", "NO_PERMISSION"), 5, "1 of 2 failed rows taken up again", "going on with run", "NO_PERMISSION")
	s.want(s.run("retry"), 5, "1 of 2 failed rows taken up again", "1 row left alone")
	d := s.status()
	if d.Rows["failed"] != 2 || d.Calls != 5 || d.State != "completed" {
		t.Errorf("status %+v", d)
	}
	rows := readCSV(t, s.run("results").out)
	if i := slices.Index(rows[0], "zlock_attempts"); rows[1][i] != "3" || rows[2][i] != "1" {
		t.Errorf("attempts %s and %s", rows[1][i], rows[2][i])
	}
}

// FuzzCellsComeBack holds results to their promise: no cell begins like a formula, and a reader of
// job files gets the text that went in.
func FuzzCellsComeBack(f *testing.F) {
	for _, cell := range []string{"=1+1", "'=1", "''@x", "-5", "\tx", "＝x", "plain", "a\nb", `"`, "'"} {
		f.Add(cell)
	}
	f.Fuzz(func(t *testing.T, cell string) {
		if !utf8.ValidString(cell) || strings.ContainsAny(cell, "\r\x00\x1a") || len(cell) > 1000 {
			t.Skip()
		}
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		guarded := cli.GuardCell(cell)
		if err := w.WriteAll([][]string{{"record_id", "note", "zlock_line"}, {"1", guarded, "2"}}); err != nil {
			t.Fatal(err)
		}
		if guarded != "" && strings.ContainsRune("=+-@\t\r\n\x00＝＋－＠", []rune(guarded)[0]) {
			t.Errorf("%q is written as %q", cell, guarded)
		}
		source, err := batch.Open(context.Background(), "-", &b, batch.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = source.Close() }()
		rows := &kept{}
		if _, err := batch.Read(t.Context(), source, batch.ReadOptions{Module: "Leads", Action: "unlock"}, rows); err != nil {
			t.Fatal(err)
		}
		if len(rows.rows) != 1 || rows.rows[0].Cells[1] != cell {
			t.Errorf("%q came back as %+v", cell, rows.rows)
		}
	})
}

// kept is a batch.Sink in memory.
type kept struct{ rows []batch.Row }

func (k *kept) Add(r batch.Row) error {
	r.Cells = slices.Clone(r.Cells)
	k.rows = append(k.rows, r)
	return nil
}

func (*kept) Mark(int64, batch.Outcome, string, string, int64) error { return nil }
