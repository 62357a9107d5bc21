package hostile_test

import "strings"

func shapes() []input {
	return []input{
		{16, "no header", "", []trial{
			csv("a row first", recordID+",Leads,lock,why\n", "refused 1:NO_HEADER"), csv("short ids", "12,Leads,unlock,\n", "refused 1:NO_HEADER"),
		}},
		{17, "columns of other names", "kept, and given back in the results", []trial{
			csv("even twice, even empty", "id,module,action,,colour,colour\n1,Leads,unlock,a,b,c\n", "taken 1"),
		}},
		{18, "a required column is missing", "the columns found are listed", []trial{
			csv("the id", "name,module,action\nx,Leads,lock\n", "refused 1:COLUMN_MISSING"),
			csv("module and action", "id,x\n1,2\n3,4\n", "refused 1:MODULE_MISSING 1:ACTION_MISSING"),
			csv("given by flags", "id\n1\n", "taken 1", "--module", "Leads", "--action", "unlock"),
		}},
		{19, "two columns for one field", "", []trial{
			csv("the same name", "id,id,module,action\n1,2,Leads,unlock\n", "refused 1:FIELD_TWICE"),
			csv("two names of one field", "id,Record Id,module,action\n1,2,Leads,unlock\n", "refused 1:FIELD_TWICE"),
			csv("two lookups and no id", "Lead Id,Deal ID,module,action\n1,2,Leads,unlock\n", "refused 1:FIELD_TWICE"),
			csv("said by a flag", "id,Record Id,module,action\n1,2,Leads,unlock\n", "taken 1", "--map", "record_id=Record Id"),
		}},
		{20, "a header in another case or spacing", "", []trial{
			csv("all", " ID ,MODULE, Ac-tion,Locked_Reason__s,Record Locking ID\n1,Leads,lock,why,\n", "taken 1"),
		}},
		{21, "semicolons, tabs or bars for commas", "two that would do equally well are not chosen between", []trial{
			csv("semicolons", "id;module;action\n1;Leads;unlock\n", "taken 1"), csv("tabs", "id\tmodule\taction\n1\tLeads\tunlock\n", "taken 1"),
			csv("bars", "id|module|action\n1|Leads|unlock\n", "taken 1"), csv("a tie", "a,b;c\n1,2;3\n", "refused 1:DELIMITER_UNCLEAR"),
		}},
		{22, "a first line `sep=;`", "", []trial{
			csv("taken", "sep=;\nid;module;action\n1;Leads;unlock\n", "taken 1"),
			csv("lines still count", "sep=;\nid;module;action\nx;Leads;unlock\n", "refused 3:ID_NOT_DIGITS"),
			csv("and nothing", "sep=;\n", "refused 0:EMPTY_FILE"),
		}},
		{23, "a row with too few or too many fields", "", []trial{
			csv("both", head+"1,Leads,unlock\n2,Leads,unlock,,\n3,Leads,unlock,\n", "refused 2:RAGGED_ROW 3:RAGGED_ROW"),
		}},
		{24, "a quote inside a field without quotes", "", []trial{
			csv("inside", head+`1,Leads,lock,a "b" c`+"\n2,Leads,unlock,\n", "refused 2:BARE_QUOTE"),
			csv("a blank before it", head+`1,Leads,lock, "b"`+"\n", "refused 2:BARE_QUOTE"),
		}},
		{25, "a quote that is not closed", "found at its own line, whatever it would swallow; the lines after it are read anew", []trial{
			csv("to the end", head+"1,Leads,lock,\"open\n2,Leads,lock,why\nx,Leads,unlock,\n", "refused 2:QUOTE_UNCLOSED 4:ID_NOT_DIGITS"),
			csv("to a later quote", head+"1,Leads,lock,\"open\n2,Leads,lock,\"why\"\nx,Leads,unlock,\n", "refused 2:QUOTE_UNCLOSED 4:ID_NOT_DIGITS"),
			csv("a long file", head+"1,Leads,lock,\"open\n"+strings.Repeat("2,Leads,unlock,\n", 10000)+"x,Leads,unlock,\n", "refused 2:RECORD_TOO_LONG 10003:ID_NOT_DIGITS"),
			csv("in the header", "id,\"module,action\n1,Leads,unlock\n", "refused 1:QUOTE_UNCLOSED"),
			csv("rows cannot be skipped then", head+"1,Leads,lock,\"open\n2,Leads,unlock,\n", "refused 2:QUOTE_UNCLOSED 2:ROWS_UNCERTAIN", "--on-invalid", "skip"),
		}},
		{26, "a line break in a quoted reason", "", []trial{
			csv("taken", reason("\"two\r\nlines\""), "taken 1"), csv("lines still count", reason("\"two\nlines\"")+"x,Leads,unlock,\n", "refused 4:ID_NOT_DIGITS"),
		}},
		{27, "a record of more than 64 KiB", "`--max-record` raises it", []trial{
			csv("a reason", reason(strings.Repeat("a", 70_000))+"x,Leads,unlock,\n", "refused 2:RECORD_TOO_LONG 3:ID_NOT_DIGITS"),
			csv("the header", strings.Repeat("a,", 70_000), "refused 1:RECORD_TOO_LONG"),
			csv("raised", "id,module,action,note\n1,Leads,unlock,"+strings.Repeat("a", 70_000)+"\n", "taken 1", "--max-record", "1MiB"),
		}},
		{28, "a file of more than 2 GiB, or of more than 5,000,000 rows", "`--max-file-size`, `--max-rows`", []trial{
			csv("bytes", row("1")+strings.Repeat("\n", 1000), "refused 0:FILE_TOO_LARGE", "--max-file-size", "1000"),
			csv("rows", head+"1,Leads,unlock,\n2,Leads,unlock,\n3,Leads,unlock,\n", "refused 4:TOO_MANY_ROWS", "--max-rows", "2"),
		}},
		{29, "more than 1,024 columns", "`--max-columns` raises it", []trial{
			csv("in the header", strings.Repeat("a,", 1024)+"b\n", "refused 1:TOO_MANY_COLUMNS"),
			csv("a million in a row", head+"1"+strings.Repeat(",", 1_000_000)+"\n2,Leads,unlock,\n", "refused 2:RECORD_TOO_LONG"),
			csv("fewer allowed", "id,module,action\n1,Leads,unlock\n", "refused 1:TOO_MANY_COLUMNS", "--max-columns", "2"),
		}},
	}
}
