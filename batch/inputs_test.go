package batch_test

import (
	"strings"
	"testing"

	"zlock/batch"
)

// input is one bad or odd file and the answer to it: its faults, or the error, or its rows.
type input struct {
	name   string
	in     string
	faults string // "line:CODE …"
	err    string // "line:CODE" of the FileError
	rows   int    // rows given, where nothing is wrong
}

func (c input) check(t *testing.T, file string, o batch.ReadOptions) {
	t.Run(c.name, func(t *testing.T) {
		out := readText(t, file, c.in, o)
		equal(t, "error", out.fileCode(), c.err)
		equal(t, "faults", strings.Join(out.codes(), " "), c.faults)
		if c.err == "" && c.faults == "" {
			equal(t, "rows", len(out.rows), c.rows)
		}
	})
}

const head = "id,module,action,reason\n"

// row is a line with that id that is well otherwise.
func row(id string) string { return head + id + ",Leads,lock,why\n" }

// reason is a line with that reason.
func reason(text string) string { return head + "7,Leads,lock," + text + "\n" }

func utf16le(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) { // ASCII only
		b.WriteByte(c)
		b.WriteByte(0)
	}
	return b.String()
}

func utf16be(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		b.WriteByte(0)
		b.WriteByte(c)
	}
	return b.String()
}

func TestEncodingAndShape(t *testing.T) {
	good := row("5843104000000425565")
	for _, c := range []input{
		{"1 BOM", "\ufeff" + good, "", "", 1},
		{"1 BOM before a quoted header", "\ufeff" + `"id","module","action"` + "\n1,Leads,unlock\n", "", "", 1},
		{"2 UTF-16 LE with BOM", "\xff\xfe" + utf16le(good), "", "", 1},
		{"2 UTF-16 BE with BOM", "\xfe\xff" + utf16be(good), "", "", 1},
		{"2 UTF-16 with a lone surrogate", "\xff\xfe" + utf16le(good) + "\x00\xd8a\x00", "", "0:UTF16_BROKEN", 0},
		{"2 UTF-16 cut in a character", "\xff\xfe" + utf16le(good) + "a", "", "0:UTF16_BROKEN", 0},
		{"3 UTF-16 LE without BOM", utf16le(good), "", "1:UTF16_WITHOUT_BOM", 0},
		{"3 UTF-16 BE without BOM", utf16be(good), "", "1:UTF16_WITHOUT_BOM", 0},
		{"4 UTF-32", "\xff\xfe\x00\x00i\x00\x00\x00d\x00\x00\x00", "", "0:UTF32", 0},
		{"5 invalid UTF-8", good + "2,Leads,lock,a\x80b\n", "", "3:NOT_UTF8", 0},
		{"6 Windows-1252", reason("Gr\xfc\xdfe"), "", "2:NOT_UTF8", 0},
		{"7 NUL", reason("a\x00b"), "", "2:NUL_BYTE", 0},
		{"8 lone CR", strings.ReplaceAll(good, "\n", "\r"), "", "1:LONE_CR", 0},
		{"9 CRLF and LF mixed", "id,module,action\r\n1,Leads,unlock\n2,Leads,unlock\r\n", "", "", 2},
		{"10 no final newline", "id,module,action\n1,Leads,unlock", "", "", 1},
		{"11 Ctrl-Z", good + "\x1a", "", "3:CTRL_Z", 0},
		{"12 empty", "", "0:EMPTY_FILE", "", 0},
		{"13 header only", head, "0:NO_ROWS", "", 0},
		{"14 blank lines only", "\n\r\n  \n", "0:EMPTY_FILE", "", 0},
		{"15 blank lines between", head + "\n\n1,Leads,unlock,\n \n\t\n2,Leads,unlock,\n\n", "", "", 2},
		{"15 line numbers are the file's", head + "\n\n1,Leads,unlock,\n \n\t\nx,Leads,unlock,\n", "7:ID_NOT_DIGITS", "", 0},
		{"16 no header", "5843104000000425565,Leads,lock,why\n", "1:NO_HEADER", "", 0},
		{"16 no header, short ids", "12,Leads,unlock,\n", "1:NO_HEADER", "", 0},
		{"17 unknown columns", "id,module,action,,colour,colour\n1,Leads,unlock,a,b,c\n", "", "", 1},
		{"18 id column missing", "name,module,action\nx,Leads,lock\n", "1:COLUMN_MISSING", "", 0},
		{"18 module and action missing", "id,x\n1,2\n3,4\n", "1:MODULE_MISSING 1:ACTION_MISSING", "", 0},
		{"19 same column twice", "id,id,module,action\n1,2,Leads,unlock\n", "1:FIELD_TWICE", "", 0},
		{"19 two names of one field", "id,Record Id,module,action\n1,2,Leads,unlock\n", "1:FIELD_TWICE", "", 0},
		{"19 two lookups and no id", "Lead Id,Deal ID,module,action\n1,2,Leads,unlock\n", "1:FIELD_TWICE", "", 0},
		{"19 lookups beside the id", "Lead Id,Deal ID,record_id,module,action\na,b,2,Leads,unlock\n", "", "", 1},
		{"20 header in any case and spacing", " ID ,MODULE, Ac-tion,Locked_Reason__s,Record Locking ID\n1,Leads,lock,why,\n", "", "", 1},
		{"21 semicolons", "id;module;action\n1;Leads;unlock\n", "", "", 1},
		{"21 tabs", "id\tmodule\taction\n1\tLeads\tunlock\n", "", "", 1},
		{"21 bars", "id|module|action\n1|Leads|unlock\n", "", "", 1},
		{"21 as many commas as semicolons", "a,b;c\n1,2;3\n", "1:DELIMITER_UNCLEAR", "", 0},
		{"22 sep=;", "sep=;\nid;module;action\n1;Leads;unlock\nx;Leads;unlock\n", "4:ID_NOT_DIGITS", "", 0},
		{"22 sep= and nothing", "sep=;\n", "0:EMPTY_FILE", "", 0},
		{"23 too few and too many", head + "1,Leads,unlock\n2,Leads,unlock,,\n3,Leads,unlock,\n", "2:RAGGED_ROW 3:RAGGED_ROW", "", 0},
		{"24 bare quote", head + `1,Leads,lock,a "b" c` + "\n2,Leads,unlock,\n", "2:BARE_QUOTE", "", 0},
		{"24 blank before a quote", head + `1,Leads,lock, "b"` + "\nx,Leads,unlock,\n", "2:BARE_QUOTE 3:ID_NOT_DIGITS", "", 0},
		{"25 quote not closed", head + "1,Leads,lock,\"open\n2,Leads,lock,why\nx,Leads,unlock,\n", "2:QUOTE_UNCLOSED 4:ID_NOT_DIGITS", "", 0},
		{"25 quote closed by a later one", head + "1,Leads,lock,\"open\n2,Leads,lock,\"why\"\nx,Leads,unlock,\n", "2:QUOTE_UNCLOSED 4:ID_NOT_DIGITS", "", 0},
		{"25 quote not closed in a long file", head + "1,Leads,lock,\"open\n" + strings.Repeat("2,Leads,unlock,\n", 10000) + "x,Leads,unlock,\n",
			"2:RECORD_TOO_LONG 10003:ID_NOT_DIGITS", "", 0},
		{"25 quote not closed in the header", "id,\"module,action\n1,Leads,unlock\n", "1:QUOTE_UNCLOSED", "", 0},
		{"26 newline in a quoted reason", reason("\"two\r\nlines\""), "", "", 1},
		{"26 the line after it", reason("\"two\nlines\"") + "x,Leads,unlock,\n", "4:ID_NOT_DIGITS", "", 0},
		{"27 record too long", reason(strings.Repeat("a", 70_000)) + "x,Leads,unlock,\n", "2:RECORD_TOO_LONG 3:ID_NOT_DIGITS", "", 0},
		{"27 header too long", strings.Repeat("a,", 70_000), "", "1:RECORD_TOO_LONG", 0},
		{"29 too many columns", strings.Repeat("a,", 1024) + "b\n", "1:TOO_MANY_COLUMNS", "", 0},
		{"29 a million fields in a row", head + "1" + strings.Repeat(",", 1_000_000) + "\n2,Leads,unlock,\n", "2:RECORD_TOO_LONG", "", 0},
		{"30 compressed otherwise", "BZh91AY&SY", "", "0:NOT_TEXT", 0},
		{"31 workbook", "PK\x03\x04\x14\x00", "", "0:NOT_TEXT", 0},
		{"31 old workbook", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "", "0:NOT_TEXT", 0},
		{"31 PDF", "%PDF-1.7\n", "", "0:NOT_TEXT", 0},
		{"32 HTML", "\ufeff\n<!DOCTYPE html><html>", "", "1:HTML", 0},
		{"32 JSON", `{"id":"1"}` + "\n", "", "1:JSON_IN_CSV", 0},
		{"33 zero-width space in the id", row("58431\u200b04"), "2:ID_INVISIBLE", "", 0},
		{"33 no-break space before the id", row("\u00a05843104"), "2:ID_INVISIBLE", "", 0},
		{"33 direction override in the action", head + "1,Leads,\u202elock,why\n", "2:ACTION_UNKNOWN", "", 0},
		{"34 full-width digits", row("５８４３"), "2:ID_FOREIGN_DIGITS", "", 0},
		{"34 Arabic-Indic digits", row("٥٨٤٣"), "2:ID_FOREIGN_DIGITS", "", 0},
		{"empty cells only", head + ",,,\n1,Leads,unlock,\n", "2:ROW_EMPTY", "", 0},
		{"tabs that delimit are no blank line", "id\tmodule\taction\n\t\t\n1\tLeads\tunlock\n", "2:ROW_EMPTY", "", 0},
	} {
		c.check(t, "job.csv", batch.ReadOptions{})
	}
}

func TestIDs(t *testing.T) {
	for _, c := range []input{
		{"35 scientific", row("5.84310E+18"), "2:ID_DAMAGED", "", 0},
		{"35 scientific with a comma", row(`"5,8431E+18"`), "2:ID_DAMAGED", "", 0},
		{"35 scientific, bare", row("5e18"), "2:ID_DAMAGED", "", 0},
		{"36 half rounded", head + "5843104000000425,Leads,unlock,\n5843104000000420000,Leads,unlock,\n", "0:IDS_DAMAGED", "", 0},
		{"36 fewer than half rounded", head + "5843104000000425565,Leads,unlock,\n5843104000000420000,Leads,unlock,\n5843104000000425577,Leads,unlock,\n", "", "", 3},
		{"36 short ids do not count", head + "584310400000000,Leads,unlock,\n100000,Leads,unlock,\n", "", "", 2},
		{"37 decimal", row("5843104000000425565.0"), "2:ID_DECIMAL", "", 0},
		{"38 apostrophe", row("'5843104000000425565"), "2:ID_QUOTED", "", 0},
		{"39 formula", row(`"=""5843104000000425565"""`), "2:ID_FORMULA", "", 0},
		{"40 zcrm_", row("ZCRM_5843104000000425565"), "", "", 1},
		{"40 zcrm_ alone", row("zcrm_"), "2:ID_NOT_DIGITS", "", 0},
		{"40 zcrm_ and damage", row("zcrm_5.8E+18"), "2:ID_DAMAGED", "", 0},
		{"41 leading zero", row("05843104"), "2:ID_ZERO", "", 0},
		{"41 plus", row("+5843104"), "2:ID_SIGNED", "", 0},
		{"41 minus", row("-5843104"), "2:ID_SIGNED", "", 0},
		{"41 blanks around", row("  5843104\t"), "", "", 1},
		{"41 blanks inside", row("5843 1040"), "2:ID_NOT_DIGITS", "", 0},
		{"42 empty", row(" "), "2:ID_MISSING", "", 0},
		{"43 zero", row("000"), "2:ID_ZERO", "", 0},
		{"43 one digit", row("7"), "", "", 1},
		{"43 int64's largest", row("9223372036854775807"), "", "", 1},
		{"43 above int64", row("9223372036854775808"), "2:ID_TOO_LONG", "", 0},
		{"43 twenty digits", row("12345678901234567890"), "2:ID_TOO_LONG", "", 0},
		{"44 hex", row("0x1F"), "2:ID_NOT_DIGITS", "", 0},
		{"44 address", row("ann@example.com"), "2:ID_NOT_DIGITS", "", 0},
		{"45 separators", head + "5,843,104,Leads,unlock,\n", "2:RAGGED_ROW", "", 0},
		{"45 separators, quoted", row(`"5,843,104"`), "2:ID_SEPARATORS", "", 0},
		{"45 separators, blanks", row("5 843 104"), "2:ID_SEPARATORS", "", 0},
		{"a header among the rows", row("7") + head, "3:ID_HEADER 3:ACTION_UNKNOWN", "", 0},
		{"a bad lock id", "id,module,action,lock_id\n1,Leads,unlock,5.8E+18\n", "2:ID_DAMAGED", "", 0},
	} {
		c.check(t, "job.csv", batch.ReadOptions{})
	}
}

func TestIDsChecked(t *testing.T) {
	out := readText(t, "job.csv", row("5843104000000420000")+"5.8E+18,Leads,lock,why\n", batch.ReadOptions{IDsChecked: true})
	equal(t, "faults", out.codes(), []string{"3:ID_DAMAGED"}) // lost digits stay lost
}

func TestDamagedIDsAreShown(t *testing.T) {
	out := readText(t, "job.csv", "Deal Id,module,action\n5843104000000420000,Deals,unlock\n5843104000000430000,Deals,unlock\n", batch.ReadOptions{})
	f := out.faults[0]
	equal(t, "column", f.Column, "Deal Id")
	if !strings.Contains(f.Message, "2 of 2") || !strings.Contains(f.Message, "line 3: 5843104000000430000") || !strings.Contains(f.Hint, "--ids-checked") {
		t.Errorf("fault: %+v", f)
	}
}

func TestActionsModulesAndReasons(t *testing.T) {
	long := strings.Repeat("ü", 3000)
	for _, c := range []input{
		{"49 case", head + "1,Leads,Lock,why\n2,Leads, UNLOCK ,\n3,Leads,UPDATE_reason,why\n", "", "", 3},
		{"50 no action", head + "1,Leads,,why\n", "2:ACTION_MISSING", "", 0},
		{"51 unknown action", head + "1,Leads,delete,\n", "2:ACTION_UNKNOWN", "", 0},
		{"52 no reason", head + "1,Leads,lock,\n2,Leads,update_reason,\n3,Leads,unlock,\n", "2:REASON_MISSING 3:REASON_MISSING", "", 0},
		{"53 blank reason", reason("\"  \u00a0\u200b\n\""), "2:REASON_MISSING", "", 0},
		{"54 long enough", reason(long), "", "", 1},
		{"54 too long", reason(long + "x"), "2:REASON_TOO_LONG", "", 0},
		{"55 ESC", reason("a\x1b[2J"), "2:REASON_CONTROL", "", 0},
		{"55 BEL", reason("a\a"), "2:REASON_CONTROL", "", 0},
		{"55 C1", reason("a\u009b"), "2:REASON_CONTROL", "", 0},
		{"55 tabs stay", reason("a\tb"), "", "", 1},
		{"56 formula", reason(`"=HYPERLINK(""x"")"`), "", "", 1},
		{"57 script", reason("<script>alert(1)</script>"), "", "", 1},
		{"58 quote of SQL", reason("'; DROP TABLE rows --"), "", "", 1},
		{"59 reason on an unlock", head + "1,Leads,unlock,kept\n", "", "", 1},
		{"60 emoji", reason("🔒 déjà vu"), "", "", 1},
		{"no module", head + "1,,unlock,\n", "2:MODULE_MISSING", "", 0},
		{"module of no shape", head + "1,Leads/1,unlock,\n2,1Leads,unlock,\n3,Ventes_été,unlock,\n", "2:MODULE_MALFORMED 3:MODULE_MALFORMED 4:MODULE_MALFORMED", "", 0},
		{"module with a blank", head + "1,Le ads,unlock,\n2,Price Books,unlock,\n", "2:MODULE_MALFORMED 3:MODULE_MALFORMED", "", 0},
		{"any other module is the org's own", head + "1,Campaigns,unlock,\n2,potentials,unlock,\n", "", "", 2},
		{"action with a hyphen", head + "1,Leads,update-reason,x\n", "2:ACTION_UNKNOWN", "", 0},
		{"all that is wrong with a row", head + "x,1,lokc,\n", "2:ID_NOT_DIGITS 2:MODULE_MALFORMED 2:ACTION_UNKNOWN", "", 0},
	} {
		c.check(t, "job.csv", batch.ReadOptions{})
	}
}

func TestModulesAreCorrected(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"leads", "Leads"}, {"SALES_ORDERS", "Sales_Orders"}, {"purchaseOrders", "purchaseOrders"}, {" price_books ", "Price_Books"},
		{"CustomModule12", "CustomModule12"}, {"my_Module", "my_Module"}, {"Lead", "Lead"},
	} {
		out := readText(t, "job.csv", head+"1,"+c.in+",unlock,\n", batch.ReadOptions{})
		equal(t, c.in, out.rows[0].Module, c.want)
	}
}

func TestActionHints(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"lokc", "did you mean lock? "}, {"locks", "did you mean lock? "}, {"unlok", "did you mean unlock? "},
		{"updatereason", "did you mean update_reason? "}, {"delete", "one of lock"}, {"nlock", "one of lock"}, // either: not guessed
		{"lock\u200b", "invisible characters"},
	} {
		out := readText(t, "job.csv", head+"1,Leads,"+c.in+",why\n", batch.ReadOptions{})
		if len(out.faults) != 1 || !strings.HasPrefix(out.faults[0].Hint, c.want) {
			t.Errorf("%q: %+v", c.in, out.faults)
		}
	}
}
