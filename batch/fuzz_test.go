package batch_test

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"zlock/batch"
)

// fuzzRead reads whatever it is given, and checks what must hold of any file.
func fuzzRead(t *testing.T, name string, content []byte, bits uint8) {
	o := batch.ReadOptions{
		SkipInvalid: bits&1 != 0, Sequence: bits&2 != 0, TagReason: bits&4 != 0, AllowEmpty: bits&8 != 0,
		IDsChecked: bits&16 != 0, RunID: "20261122-000000-abcd", MaxRecord: 4096,
	}
	if bits&32 != 0 {
		o.Module, o.Action, o.Reason = "Leads", "lock", "line {line} of {record_id}"
	}
	if bits&64 != 0 {
		name = "job"
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	out := readPath(t, path, o)
	checkFuzzed(t, out, o)
}

func checkFuzzed(t *testing.T, out outcome, o batch.ReadOptions) {
	t.Helper()
	var file *batch.FileError
	if out.err != nil && (!errors.As(out.err, &file) || file.Code == "" || file.Hint == "") {
		t.Errorf("an error that is none of ours: %v", out.err)
	}
	for _, f := range out.faults {
		if !utf8.ValidString(f.Value) || utf8.RuneCountInString(f.Value) > 60 || f.Line < 0 {
			t.Errorf("fault: %+v", f)
		}
	}
	for i, r := range out.rows {
		if r.Seq != int64(i+1) && o.SkipInvalid {
			t.Errorf("row %d is given as number %d", i+1, r.Seq)
		}
		if r.Outcome == batch.Invalid {
			if r.Code == "" || r.Message == "" {
				t.Errorf("an invalid row that does not say why: %+v", r)
			}
			continue
		}
		checkFuzzedRow(t, r)
		if out.sum.Format == "jsonl" && !json.Valid([]byte(r.Cells[0])) {
			t.Errorf("no JSON: %s", r.Cells[0])
		}
	}
}

func checkFuzzedRow(t *testing.T, r batch.Row) {
	t.Helper()
	id, err := strconv.ParseUint(r.RecordID, 10, 64)
	if err != nil || id == 0 || id > math.MaxInt64 || strconv.FormatUint(id, 10) != r.RecordID {
		t.Errorf("id %q", r.RecordID)
	}
	if r.Module == "" || strings.Trim(r.Module, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		t.Errorf("module %q", r.Module)
	}
	switch r.Action {
	case batch.ActionUnlock:
		if r.Reason != "" {
			t.Errorf("an unlock with a reason: %q", r.Reason)
		}
	case batch.ActionLock, batch.ActionUpdateReason:
		if strings.TrimSpace(r.Reason) == "" || utf8.RuneCountInString(r.Reason) > 3000 || !utf8.ValidString(r.Reason) ||
			strings.ContainsAny(r.Reason, "\x00\x1b\a\x7f") {
			t.Errorf("reason %q", r.Reason)
		}
	default:
		t.Errorf("action %q", r.Action)
	}
	if r.Line < 1 || r.Outcome != batch.Pending {
		t.Errorf("row: %+v", r)
	}
}

func FuzzCSV(f *testing.F) {
	for _, s := range []string{
		head + "1,Leads,lock,why\n", "sep=;\nid;module;action\n1;Leads;unlock", "\ufeffid\tmodule\taction\r\n1\tLeads\tunlock\r\n",
		head + "1,Leads,lock,\"open\n2,Leads,lock,\"x\"y\n\"", "\xff\xfei\x00d\x00", "id,zlock_line,module,action\n'=1,2,Leads,unlock\n",
		"\x1f\x8b\x08\x00", "Lead Id,Deal Id\n1,2\n", head + "5.8E+18,,,\n,,,\n1,2\n",
	} {
		for _, bits := range []uint8{0, 0xff, 1 | 32} {
			f.Add([]byte(s), bits)
		}
	}
	f.Fuzz(func(t *testing.T, content []byte, bits uint8) { fuzzRead(t, "job.csv", content, bits) })
}

func FuzzJSONL(f *testing.F) {
	for _, s := range []string{
		`{"id":"1","module":"Leads","action":"lock","reason":"w\u00e9\ud83d\ude00{id}"}`, `{"id":5,"x":[{"a":[1.5e3,-0,true,null]}]}`,
		`{"input":{"id":"1"},"zlock_line":2}` + "\n{\"a\":1,\"A\":2}\n", `{"id":"1","id":"2"}`, `{"x":"\ud800"}`, "[]\nnull\n{}", "{\"id\":\"1\"\n",
	} {
		for _, bits := range []uint8{0, 0xff, 1 | 32} {
			f.Add([]byte(s), bits)
		}
	}
	f.Fuzz(func(t *testing.T, content []byte, bits uint8) { fuzzRead(t, "job.jsonl", content, bits) })
}
