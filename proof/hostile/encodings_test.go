package hostile_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
)

const head = "id,module,action,reason\n"

// row is a job file with one row, in order but for that id.
func row(id string) string { return head + id + ",Leads,lock,why\n" }

// reason is a job file with one row, in order but for that reason.
func reason(text string) string { return head + "7,Leads,lock," + text + "\n" }

// wide spells ASCII text with padding before and after each byte.
func wide(s, before, after string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		b.WriteString(before)
		b.WriteByte(c)
		b.WriteString(after)
	}
	return b.String()
}

func zipped(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, s) // into memory
	_ = w.Close()
	return b.String()
}

func encodings() []input {
	good := row(recordID)
	return []input{
		{1, "a UTF-8 byte order mark", "", []trial{
			csv("before the header", "\ufeff"+good, "taken 1"),
			csv("before a quoted header", "\ufeff\"id\",\"module\",\"action\"\n1,Leads,unlock\n", "taken 1"),
		}},
		{2, "UTF-16 with a byte order mark", "spreadsheets call it Unicode text; broken pairs are never papered over", []trial{
			csv("little-endian", "\xff\xfe"+wide(good, "", "\x00"), "taken 1"),
			csv("big-endian", "\xfe\xff"+wide(good, "\x00", ""), "taken 1"),
			csv("half of a pair", "\xff\xfe"+wide(good, "", "\x00")+"\x00\xd8a\x00", "refused 0:UTF16_BROKEN"),
			csv("cut in a character", "\xff\xfe"+wide(good, "", "\x00")+"a", "refused 0:UTF16_BROKEN"),
		}},
		{3, "UTF-16 without a byte order mark", "", []trial{
			csv("little-endian", wide(good, "", "\x00"), "refused 1:UTF16_WITHOUT_BOM"),
			csv("big-endian", wide(good, "\x00", ""), "refused 1:UTF16_WITHOUT_BOM"),
		}},
		{4, "UTF-32", "", []trial{
			csv("little-endian", "\xff\xfe\x00\x00"+wide(good, "", "\x00\x00\x00"), "refused 0:UTF32"),
			csv("big-endian", "\x00\x00\xfe\xff"+wide(good, "\x00\x00\x00", ""), "refused 0:UTF32"),
		}},
		{5, "a byte that is no UTF-8", "told with its line and its place in the file", []trial{
			csv("in a reason", good+"2,Leads,lock,a\x80b\n", "refused 3:NOT_UTF8"),
			csv("an overlong slash", good+"2,Leads,lock,\xc0\xaf\n", "refused 3:NOT_UTF8"),
		}},
		{6, "Windows-1252", "the hint names the command that converts it", []trial{csv("umlauts", reason("Gr\xfc\xdfe"), "refused 2:NOT_UTF8")}},
		{7, "a NUL byte", "", []trial{
			csv("in a reason", reason("a\x00b"), "refused 2:NUL_BYTE"),
			jsonl("in JSON", "{\"id\":\"1\x00\"}\n", "refused 1:NUL_BYTE"),
		}},
		{8, "lines that end in CR alone, as on old Macs", "", []trial{csv("all", strings.ReplaceAll(good, "\n", "\r"), "refused 1:LONE_CR")}},
		{9, "CRLF, or CRLF and LF mixed", "", []trial{csv("mixed", "id,module,action\r\n1,Leads,unlock\n2,Leads,unlock\r\n", "taken 2")}},
		{10, "no line end at the end", "", []trial{csv("CSV", "id,module,action\n1,Leads,unlock", "taken 1")}},
		{11, "Ctrl-Z at the end", "", []trial{csv("after the last line", good+"\x1a", "refused 3:CTRL_Z")}},
		{12, "an empty file", "", []trial{
			csv("CSV", "", "refused 0:EMPTY_FILE"), jsonl("JSONL", "", "refused 0:NO_ROWS"),
			csv("CSV, empty ones allowed", "", "refused 0:EMPTY_FILE", "--allow-empty"),
		}},
		{13, "a header and no rows", "taken with `--allow-empty`", []trial{
			csv("as it is", head, "refused 0:NO_ROWS"), csv("allowed", head, "taken 0", "--allow-empty"),
		}},
		{14, "blank lines only", "", []trial{csv("CSV", "\n\r\n  \n", "refused 0:EMPTY_FILE"), jsonl("JSONL", "\n\n", "refused 0:NO_ROWS")}},
		{15, "blank lines between rows", "never the end; lines are counted as the file has them", []trial{
			csv("skipped", head+"\n\n1,Leads,unlock,\n \n\t\n2,Leads,unlock,\n\n", "taken 2"),
			csv("counted", head+"\n\n1,Leads,unlock,\n \n\t\nx,Leads,unlock,\n", "refused 7:ID_NOT_DIGITS"),
		}},
		{30, "a compressed file", "gzip is unpacked, within bounds; anything else is refused by name", []trial{
			jobFile("gzip", "job.csv.gz", zipped(good), "taken 1"),
			jobFile("gzip, cut short", "job.csv.gz", zipped(good)[:30], "refused 0:GZIP_BROKEN"),
			jobFile("gzip in gzip", "job.csv.gz", zipped(zipped(good)), "refused 0:NOT_TEXT"),
			jobFile("a bomb", "job.csv.gz", zipped(head+strings.Repeat(strings.Repeat(" ", 1023)+"\n", 72<<10)), "refused 0:GZIP_BOMB"),
			jobFile("larger than allowed once unpacked", "job.csv.gz", zipped(good+strings.Repeat("\n", 5000)), "refused 0:FILE_TOO_LARGE", "--max-file-size", "4KiB"),
			csv("bzip2", "BZh91AY&SY", "refused 0:NOT_TEXT"), csv("xz", "\xfd7zXZ\x00\x00", "refused 0:NOT_TEXT"),
			csv("zstd", "\x28\xb5\x2f\xfd\x00", "refused 0:NOT_TEXT"),
		}},
		{31, "a workbook by a CSV's name", "", []trial{
			csv("xlsx", "PK\x03\x04\x14\x00", "refused 0:NOT_TEXT"), csv("xls", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "refused 0:NOT_TEXT"),
			csv("PDF", "%PDF-1.7\n", "refused 0:NOT_TEXT"),
		}},
		{32, "HTML or JSON by a CSV's name", "", []trial{
			csv("a sign-in page", "\ufeff\n<!DOCTYPE html><html>", "refused 1:HTML"), csv("JSON", `{"id":"1"}`+"\n", "refused 1:JSON_IN_CSV"),
		}},
		{33, "invisible characters in an id or an action", "zero-width, no-break, soft hyphen, direction", []trial{
			csv("zero-width space", row("58431\u200b04"), "refused 2:ID_INVISIBLE"),
			csv("no-break space", row("\u00a05843104"), "refused 2:ID_INVISIBLE"),
			csv("soft hyphen", row("5843\u00ad104"), "refused 2:ID_INVISIBLE"),
			csv("direction override in an action", head+"1,Leads,\u202elock,why\n", "refused 2:ACTION_UNKNOWN"),
		}},
		{34, "digits other than 0 to 9", "", []trial{
			csv("full-width", row("５８４３"), "refused 2:ID_FOREIGN_DIGITS"), csv("Arabic-Indic", row("٥٨٤٣"), "refused 2:ID_FOREIGN_DIGITS"),
		}},
	}
}
