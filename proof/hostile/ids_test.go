package hostile_test

import (
	"fmt"
	"strings"
)

func ids() []input {
	var many strings.Builder
	many.WriteString(head)
	for i := range 18 {
		fmt.Fprintf(&many, "58431040000004255%02d,Leads,unlock,\n", i+10)
	}
	return []input{
		{35, "`5.84310E+18`", "the digits are lost; nothing can bring them back", []trial{
			csv("with a point", row("5.84310E+18"), "refused 2:ID_DAMAGED"), csv("with a comma", row(`"5,8431E+18"`), "refused 2:ID_DAMAGED"),
			csv("bare", row("5e18"), "refused 2:ID_DAMAGED"), csv("whatever the flag says", row("5.8E+18"), "refused 2:ID_DAMAGED", "--ids-checked"),
		}},
		{36, "ids with nothing but zeros after the 15th digit", "at least half of the long ones; `--ids-checked` overrides", []trial{
			csv("half", head+"5843104000000425,Leads,unlock,\n5843104000000420000,Leads,unlock,\n", "refused 0:IDS_DAMAGED"),
			csv("fewer", head+"5843104000000425565,Leads,unlock,\n5843104000000420000,Leads,unlock,\n5843104000000425577,Leads,unlock,\n", "taken 3"),
			csv("checked", row("5843104000000420000"), "taken 1", "--ids-checked"),
		}},
		{37, "`5843104000000425565.0`", "", []trial{csv("CSV", row(recordID+".0"), "refused 2:ID_DECIMAL")}},
		{38, "an apostrophe before the id", "", []trial{csv("CSV", row("'"+recordID), "refused 2:ID_QUOTED")}},
		{39, "`=\"5843104000000425565\"`", "", []trial{csv("CSV", row(`"=""`+recordID+`"""`), "refused 2:ID_FORMULA")}},
		{40, "`zcrm_5843104000000425565`", "the prefix is dropped", []trial{
			csv("taken", row("ZCRM_"+recordID), "taken 1"), csv("alone", row("zcrm_"), "refused 2:ID_NOT_DIGITS"),
			csv("before damage", row("zcrm_5.8E+18"), "refused 2:ID_DAMAGED"),
		}},
		{41, "a leading zero, a sign, blanks inside", "blanks around it are taken off", []trial{
			csv("zero", row("05843104"), "refused 2:ID_ZERO"), csv("plus", row("+5843104"), "refused 2:ID_SIGNED"),
			csv("minus", row("-5843104"), "refused 2:ID_SIGNED"), csv("inside", row("5843 1040"), "refused 2:ID_NOT_DIGITS"),
			csv("around", row("  5843104\t"), "taken 1"),
		}},
		{42, "no id", "", []trial{csv("a blank", row(" "), "refused 2:ID_MISSING")}},
		{43, "0, or more than 19 digits, or above 2⁶³−1", "1 to 19 digits are taken", []trial{
			csv("zeros", row("000"), "refused 2:ID_ZERO"), csv("one digit", row("7"), "taken 1"), csv("the largest", row("9223372036854775807"), "taken 1"),
			csv("one more", row("9223372036854775808"), "refused 2:ID_TOO_LONG"), csv("twenty digits", row("12345678901234567890"), "refused 2:ID_TOO_LONG"),
		}},
		{44, "hexadecimal, UUIDs, addresses, URLs", "", []trial{
			csv("hexadecimal", row("0x1F"), "refused 2:ID_NOT_DIGITS"), csv("UUID", row("6ba7b810-9dad-11d1-80b4-00c04fd430c8"), "refused 2:ID_NOT_DIGITS"),
			csv("address", row("ann@example.com"), "refused 2:ID_NOT_DIGITS"), csv("URL", row("https://crm.zoho.com/crm/org1/tab/Leads/584"), "refused 2:ID_NOT_DIGITS"),
		}},
		{45, "thousands separators", "", []trial{
			csv("bare", head+"5,843,104,Leads,unlock,\n", "refused 2:RAGGED_ROW"), csv("quoted", row(`"5,843,104"`), "refused 2:ID_SEPARATORS"),
			csv("blanks", row("5 843 104"), "refused 2:ID_SEPARATORS"),
		}},
		{46, "the same record and action twice", "the later row is a `duplicate`, and is never sent", []trial{
			csv("in a row", head+"1,Leads,unlock,\n1,Leads,unlock,\n", "taken 2"),
		}},
		{47, "the same record with different actions", "`--on-conflict sequence` carries them out in order", []trial{
			csv("stops", head+"1,Leads,lock,a\n1,Leads,unlock,\n", "refused 3:CONFLICT"), csv("two reasons", head+"1,Leads,lock,a\n1,Leads,lock,b\n", "refused 3:CONFLICT"),
			csv("in order", head+"1,Leads,lock,a\n1,Leads,unlock,\n", "taken 2", "--on-conflict", "sequence"),
		}},
		{48, "ids of two modules or organisations", "a column named after another module is a fault; a few ids that begin otherwise are told", []trial{
			csv("of another module", "Deal Id,module,action\n1,Leads,unlock\n", "refused 2:ID_OF_MODULE"),
			csv("of another organisation", many.String()+"4432104000000425577,Leads,unlock,\n",
				"taken 19, warned: job.csv: 1 of 19 ids begin otherwise than the rest, with 5843104 (line 20: 4432104000000425577): are they another organisation's?"),
		}},
	}
}

func actionsAndReasons() []input {
	long := strings.Repeat("ü", 3000)
	return []input{
		{49, "an action in another case, or with blanks around", "", []trial{csv("all", head+"1,Leads,Lock,why\n2,Leads, UNLOCK ,\n3,Leads,UPDATE_reason,why\n", "taken 3")}},
		{50, "no action", "`--action` supplies it", []trial{
			csv("none", head+"1,Leads,,why\n", "refused 2:ACTION_MISSING"), csv("by a flag", head+"1,Leads,,why\n", "taken 1", "--action", "lock"),
		}},
		{51, "an unknown action", "", []trial{csv("delete", head+"1,Leads,delete,\n", "refused 2:ACTION_UNKNOWN"), csv("a slip", head+"1,Leads,unlok,\n", "refused 2:ACTION_UNKNOWN")}},
		{52, "a lock without a reason", "Zoho demands one", []trial{csv("two", head+"1,Leads,lock,\n2,Leads,update_reason,\n3,Leads,unlock,\n", "refused 2:REASON_MISSING 3:REASON_MISSING")}},
		{53, "a reason of white space", "", []trial{csv("of all kinds", reason("\"  \u00a0\u200b\n\""), "refused 2:REASON_MISSING")}},
		{54, "a reason of more than 3,000 characters", "", []trial{csv("3,000", reason(long), "taken 1"), csv("3,001", reason(long+"x"), "refused 2:REASON_TOO_LONG")}},
		{55, "a reason with control characters", "tabs and line breaks stay", []trial{
			csv("ESC", reason("a\x1b[2J"), "refused 2:REASON_CONTROL"), csv("BEL", reason("a\a"), "refused 2:REASON_CONTROL"),
			csv("C1", reason("a\u009b"), "refused 2:REASON_CONTROL"), csv("tab", reason("a\tb"), "taken 1"),
		}},
		{56, "a reason that a spreadsheet would take for a formula", "sent as it is; a leading quote guards it in CSV results, and is taken back on reading", []trial{
			resultCell("=", `=HYPERLINK("http://x")`, "guarded"), resultCell("+", "+1", "guarded"), resultCell("-", "-1", "guarded"),
			resultCell("@", "@x", "guarded"), resultCell("tab", "\tx", "guarded"), resultCell("full-width", "＝1", "guarded"),
		}},
		{57, "a reason with markup", "sent as it is", []trial{resultCell("script", `<script>alert(1)</script>`, "kept"), resultCell("attribute", `"onerror="`, "kept")}},
		{58, "a reason with quotes of SQL", "sent as it is; stored by parameter", []trial{resultCell("drop", "'; DROP TABLE rows --", "kept")}},
		{59, "a reason on an unlock", "kept, not used", []trial{csv("CSV", head+"1,Leads,unlock,kept\n", "taken 1")}},
		{60, "emoji and other characters of four bytes", "come back byte for byte", []trial{resultCell("emoji", "🔒 déjà vu 𝔷", "kept")}},
		{61, "a reason whose letters are not composed", "sent as it is; compared composed when it is read back", []trial{
			resultCell("sent", "cafe\u0301", "kept"), lostLock("read back composed", "cafe\u0301", "caf\u00e9", "locked, read back"),
		}},
	}
}
