package batch_test

import (
	"strings"
	"testing"

	"zlock/batch"
)

func TestReadJSONL(t *testing.T) {
	first := `{"record_id":5843104000000425565, "Module":"deals","action":"LOCK","reason":"für {Owner}\n\u00e9\ud83d\udd12 {n} {tags}","Owner":"A\"nn","n":1.50,"tags":["a",{"b":null}]}`
	second := ` {"Deal Id":"zcrm_7","action":"unlock","module":"Deals","lock_id":9,"reason":null} `
	out := readText(t, "job.jsonl", lines(first, "", second), batch.ReadOptions{})
	equal(t, "error", out.err, nil)
	equal(t, "faults", out.faults, nil)
	equal(t, "rows", out.rows, []batch.Row{
		{Seq: 1, Line: 1, Module: "Deals", RecordID: idA, Action: batch.ActionLock, Reason: "für A\"nn\né🔒 1.50 [\"a\",{\"b\":null}]",
			Cells: []string{first}, Outcome: batch.Pending},
		{Seq: 2, Line: 3, Module: "Deals", RecordID: "7", Action: batch.ActionUnlock, LockID: "9",
			Cells: []string{strings.TrimSpace(second)}, Outcome: batch.Pending},
	})
	equal(t, "header", out.sum.Header, []string{"input"})
	equal(t, "format", out.sum.Format, "jsonl")
}

func TestJSONLInputs(t *testing.T) {
	ok := `{"id":"1","module":"Leads","action":"unlock"}` + "\n"
	line := func(s string) string { return ok + s + "\n" }
	with := func(s string) string { return line(`{"id":"2","module":"Leads","action":"unlock",` + s + `}`) }
	id := func(s string) string { return line(`{"id":` + s + `,"module":"Leads","action":"unlock"}`) }
	for _, c := range []input{
		{"62 number id", id("5843104000000425565"), "", "", 2},
		{"62 number id with a fraction", id("5843104000000425565.0"), "2:ID_DECIMAL", "", 0},
		{"62 number id with an exponent", id("5.8e18"), "2:ID_DAMAGED", "", 0},
		{"62 negative id", id("-5"), "2:ID_SIGNED", "", 0},
		{"62 number with a leading zero", id("05"), "2:JSON_SYNTAX", "", 0},
		{"id null", id("null"), "2:ID_MISSING", "", 0},
		{"id true", id("true"), "2:JSON_TYPE", "", 0},
		{"id an object", id("{}"), "2:JSON_TYPE", "", 0},
		{"63 id twice, case aside", with(`"ID":"2"`), "2:FIELD_TWICE", "", 0},
		{"63 two names of the id", with(`"Record Id":"2"`), "2:FIELD_TWICE", "", 0},
		{"63 two lookups", line(`{"Lead Id":"2","Deal Id":"3","module":"Leads","action":"unlock"}`), "2:FIELD_TWICE", "", 0},
		{"64 action twice, case aside", with(`"ACTION":"lock"`), "2:FIELD_TWICE", "", 0},
		{"65 key twice", with(`"x":1,"x":2`), "2:JSON_KEY_TWICE", "", 0},
		{"65 key twice, written differently", with(`"x":1,"\u0078":2`), "2:JSON_KEY_TWICE", "", 0},
		{"65 key twice among many", with(`"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1,"l":1,"m":1,"n":1,"a":2`), "2:JSON_KEY_TWICE", "", 0},
		{"66 unknown keys", with(`"colour":{"r":1},"Colour":[2]`), "", "", 2},
		{"67 null", line("null"), "2:JSON_NOT_OBJECT", "", 0},
		{"67 array", line("[]"), "2:JSON_NOT_OBJECT", "", 0},
		{"67 string", line(`"x"`), "2:JSON_NOT_OBJECT", "", 0},
		{"67 number", line("1"), "2:JSON_NOT_OBJECT", "", 0},
		{"67 at the start", "null\n" + ok, "1:JSON_NOT_OBJECT", "", 0},
		{"68 action null", line(`{"id":"2","module":"Leads","action":null}`), "2:ACTION_MISSING", "", 0},
		{"68 action a number", line(`{"id":"2","module":"Leads","action":1}`), "2:JSON_TYPE", "", 0},
		{"68 two wrong types", line(`{"id":"2","module":false,"action":1}`), "2:JSON_TYPE 2:JSON_TYPE", "", 0},
		{"69 two objects on a line", strings.TrimSpace(ok) + ok, "1:JSON_TRAILING", "", 0},
		{"69 text after the object", line(`{"id":"2"} x`), "2:JSON_TRAILING", "", 0},
		{"70 spread over lines", "{\n  \"id\": \"1\"\n}\n", "", "1:JSON_SPREAD", 0},
		{"70 an array", "[\n" + ok + "]\n", "", "1:JSON_ARRAY", 0},
		{"70 an array on one line", "[" + strings.TrimSpace(ok) + "]\n", "", "1:JSON_ARRAY", 0},
		{"71 deep enough", with(`"x":` + strings.Repeat("[", 31) + strings.Repeat("]", 31)), "", "", 2},
		{"71 too deep", with(`"x":` + strings.Repeat("[", 32) + strings.Repeat("]", 32)), "2:JSON_DEPTH", "", 0},
		{"71 20,000 brackets", line(`{"x":` + strings.Repeat(`[`, 20_000)), "2:JSON_DEPTH", "", 0},
		{"71 20,000 braces", line(strings.Repeat(`{"x":`, 10_000)), "2:JSON_DEPTH", "", 0},
		{"72 lone high surrogate", with(`"x":"\ud800"`), "2:JSON_SURROGATE", "", 0},
		{"72 lone low surrogate", with(`"x":"\udc00\ud800"`), "2:JSON_SURROGATE", "", 0},
		{"72 invalid UTF-8", with("\"x\":\"\xff\""), "", "2:NOT_UTF8", 0},
		{"73 NUL escaped", with(`"x":["a\u0000"]`), "2:JSON_NUL", "", 0},
		{"73 NUL", with("\"x\":\"\x00\""), "", "2:NUL_BYTE", 0},
		{"74 BOM", "\ufeff" + ok, "", "", 1},
		{"74 BOM in the middle", line("\ufeff" + `{"id":"2"}`), "2:JSON_SYNTAX", "", 0},
		{"not closed", line(`{"id":"2"`), "2:JSON_SYNTAX", "", 0},
		{"not closed in a string", line(`{"id":"2`), "2:JSON_SYNTAX", "", 0},
		{"a control character in a string", with("\"x\":\"a\tb\""), "2:JSON_SYNTAX", "", 0},
		{"an unknown escape", with(`"x":"\q"`), "2:JSON_SYNTAX", "", 0},
		{"an escape cut short", with(`"x":"\u12"`), "2:JSON_SYNTAX", "", 0},
		{"a trailing comma", with(`"x":1,`), "2:JSON_SYNTAX", "", 0},
		{"single quotes", line(`{'id':'2'}`), "2:JSON_SYNTAX", "", 0},
		{"bad numbers", with(`"x":1.`) + `{"x":-}` + "\n" + `{"x":1e}` + "\n", "2:JSON_SYNTAX 3:JSON_SYNTAX 4:JSON_SYNTAX", "", 0},
		{"CSV in it", head, "", "1:NOT_JSONL", 0},
		{"lone CR", strings.ReplaceAll(ok+ok, "\n", "\r"), "", "1:LONE_CR", 0},
		{"no fields at all", line("{}"), "2:ID_MISSING 2:MODULE_MISSING 2:ACTION_MISSING", "", 0},
		{"line too long", with(`"x":"` + strings.Repeat("a", 70_000) + `"`), "2:RECORD_TOO_LONG", "", 0},
		{"empty", "", "0:NO_ROWS", "", 0},
	} {
		c.check(t, "job.jsonl", batch.ReadOptions{})
	}
}

func TestJSONLCarriesWhatFlagsSupplied(t *testing.T) {
	out := readText(t, "job.ndjson", lines(
		`{"id":"1"}`,
		`{"id":"2","module":"","action":"unlock" }`,
	), batch.ReadOptions{Module: "Deals", Action: "lock", Reason: `<{id}> "x"`})
	equal(t, "faults", out.faults, nil)
	equal(t, "first", out.rows[0].Cells, []string{`{"id":"1","module":"Deals","action":"lock","reason":"<1> \"x\""}`})
	equal(t, "second", out.rows[1].Cells, []string{`{"id":"2","module":"","action":"unlock" }`})
	equal(t, "second's module", out.rows[1].Module, "Deals")

	again := readText(t, "job.jsonl", lines(out.rows[0].Cells[0]), batch.ReadOptions{})
	equal(t, "read again", again.rows, out.rows[:1])
}

func TestJSONLReasonOfTheFlagNeedsItsKeys(t *testing.T) {
	out := readText(t, "job.jsonl", lines(`{"id":"1","Owner":"Ann"}`, `{"id":"2"}`, `{"id":"3","action":"unlock"}`),
		batch.ReadOptions{Module: "Deals", Action: "lock", Reason: "for {owner}"})
	equal(t, "faults", out.codes(), []string{"2:REASON_PLACEHOLDER"})
	equal(t, "first", out.rows[0].Reason, "for Ann")
}

func TestJSONLMap(t *testing.T) {
	o := batch.ReadOptions{Map: map[string]string{"record_id": "Opportunity", "reason": "Why"}}
	out := readText(t, "job.jsonl", lines(
		`{"id":"x","opportunity":"5","module":"Deals","action":"lock","reason":"no","Why":"yes"}`,
		`{"id":"6","module":"Deals","action":"unlock"}`,
	), o)
	equal(t, "faults", out.codes(), []string{"2:ID_MISSING"})
	equal(t, "row", out.rows[0].RecordID+" "+out.rows[0].Reason, "5 yes")
}

func TestJSONLResultsAreAJobFile(t *testing.T) {
	input := `{"Record Id":"zcrm_5","Module":"Leads","action":"unlock","n":1.0}`
	out := readText(t, "results.jsonl", lines(
		`{"input":`+input+`,"zlock_line":2,"zlock_outcome":"failed","zlock_message":null}`,
		`{"id":"6","module":"Leads","action":"unlock","Zlock_Line":3, "input":"text"}`,
	), batch.ReadOptions{})
	equal(t, "faults", out.faults, nil)
	equal(t, "unwrapped", out.rows[0].Cells, []string{input})
	equal(t, "id", out.rows[0].RecordID, "5")
	equal(t, "stripped", out.rows[1].Cells, []string{`{"id":"6","module":"Leads","action":"unlock","input":"text"}`})
}

func TestInputIsAnOrdinaryKeyElsewhere(t *testing.T) {
	in := `{"id":"1","module":"Leads","action":"unlock","input":{"id":"2","action":"lock"}}`
	out := readText(t, "job.jsonl", in, batch.ReadOptions{})
	equal(t, "faults", out.faults, nil)
	equal(t, "id", out.rows[0].RecordID, "1")
	equal(t, "cells", out.rows[0].Cells, []string{in})
}
