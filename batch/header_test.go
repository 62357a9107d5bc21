package batch_test

import (
	"strings"
	"testing"

	"zlock/batch"
)

func TestIDColumns(t *testing.T) {
	for _, c := range []struct{ header, module, want string }{
		{"record_id", "Deals", ""}, {"RecordID", "Deals", ""}, {"Id", "Deals", ""}, {"Record Id", "Deals", ""},
		{"Lead ID", "Leads", ""}, {"Leads Id", "leads", ""}, {"Price Book Id", "Price_Books", ""}, {"sales_order_id", "Sales_Orders", ""},
		{"Lead ID", "Deals", "ID_OF_MODULE"}, {"Lead ID", "Own_Module", ""}, {"Potential Id", "Leads", "ID_OF_MODULE"},
		{"Potential Id", "Deals", ""}, {"Wohnung Id", "Wohnungs", ""}, {"Wohnung_Id", "Wohnung", ""},
		{"Wohnung Id", "Deals", "COLUMN_MISSING"}, {"Owner Id", "Deals", "COLUMN_MISSING"}, {"Contact Owner.id", "Deals", "COLUMN_MISSING"},
	} {
		t.Run(c.header, func(t *testing.T) {
			out := readText(t, "job.csv", c.header+",action\n5,unlock\n", batch.ReadOptions{Module: c.module})
			got := ""
			if len(out.faults) > 0 {
				got = out.faults[0].Code
			}
			equal(t, "fault", got, c.want)
		})
	}
}

func TestMap(t *testing.T) {
	in := "id,Opportunity,Why,reason,module,action\nx,5,yes,no,Deals,lock\n"
	for _, c := range []struct {
		name string
		in   map[string]string
		want string // id and reason, or the fault
	}{
		{"exact", map[string]string{"record_id": "Opportunity", "reason": "Why"}, "5 yes"},
		{"whatever the case", map[string]string{"Record Id": "opportunity "}, "5 no"},
		{"missing", map[string]string{"record_id": "Opp"}, "COLUMN_MISSING"},
		{"two for one", map[string]string{"record_id": "Opportunity", "id": "Why"}, "FIELD_TWICE"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := readText(t, "job.csv", in, batch.ReadOptions{Map: c.in})
			got := ""
			if len(out.faults) > 0 {
				got = out.faults[0].Code
			} else {
				got = out.rows[0].RecordID + " " + out.rows[0].Reason
			}
			equal(t, "read", got, c.want)
		})
	}
}

func TestMapAmongColumnsOfOneName(t *testing.T) {
	out := readText(t, "job.csv", "X,x,x,module,action\n5,6,7,Deals,unlock\n", batch.ReadOptions{Map: map[string]string{"id": "X"}})
	equal(t, "exact name wins", out.rows[0].RecordID, "5")
	out = readText(t, "job.csv", "X,x,x,module,action\n5,6,7,Deals,unlock\n", batch.ReadOptions{Map: map[string]string{"id": "x"}})
	equal(t, "faults", out.codes(), []string{"1:FIELD_TWICE"})
}

func TestMissingColumnNamesWhatThereIs(t *testing.T) {
	out := readText(t, "job.csv", "name,owner,module,action\nx,y,Leads,lock\n", batch.ReadOptions{})
	if f := out.faults[0]; !strings.Contains(f.Message, `"name", "owner", "module", "action"`) || !strings.Contains(f.Hint, "--map") {
		t.Errorf("fault: %+v", f)
	}
}

func TestDelimiterGiven(t *testing.T) {
	out := readText(t, "job.csv", "id;module,x;action,y;action\n5;Leads;a;unlock\n", batch.ReadOptions{Delimiter: ';', Module: "Leads"})
	equal(t, "faults", out.codes(), []string{})
	equal(t, "header", out.sum.Header, []string{"id", "module,x", "action,y", "action", "module"})
}

func TestQuotedHeaderOfSeveralLines(t *testing.T) {
	out := readText(t, "job.csv", "id,\"two\nlines; here\",module,action\n5,a,Leads,unlock\nx,a,Leads,unlock\n", batch.ReadOptions{})
	equal(t, "header", out.sum.Header, []string{"id", "two\nlines; here", "module", "action"})
	equal(t, "delimiter", out.sum.Delimiter, ',')
	equal(t, "faults", out.codes(), []string{"4:ID_NOT_DIGITS"})
}

func TestResultsAreAJobFile(t *testing.T) {
	out := readText(t, "results.csv", lines(
		"id,module,action,reason,'=note,zlock_line,ZLOCK_outcome",
		`5,Leads,lock,'=1+1,''=x,2,failed`,
		`6,Leads,lock,'quoted','＠x,3,failed`,
	), batch.ReadOptions{})
	equal(t, "faults", out.faults, nil)
	equal(t, "header", out.sum.Header, []string{"id", "module", "action", "reason", "=note"})
	equal(t, "first", out.rows[0].Cells, []string{"5", "Leads", "lock", "=1+1", "'=x"})
	equal(t, "second", out.rows[1].Cells, []string{"6", "Leads", "lock", "'quoted'", "＠x"})
	equal(t, "reason", out.rows[0].Reason, "=1+1")
}

func TestGuardsStayInOtherFiles(t *testing.T) {
	out := readText(t, "job.csv", "id,module,action,reason,'-x\n5,Leads,lock,'=1+1,\n", batch.ReadOptions{})
	equal(t, "header", out.sum.Header, []string{"id", "module", "action", "reason", "'-x"})
	equal(t, "reason", out.rows[0].Reason, "'=1+1")
}

func TestPlaceholders(t *testing.T) {
	for _, c := range []struct{ name, reason, want string }{
		{"column", "by {Owner}", "by Ann"},
		{"column whatever its case", "by {oWNER}", "by Ann"},
		{"column with a blank", "{Deal Name}", "Big {x}"},
		{"fixed names", "{record_id}|{module}|{line}|{run}", "5|Leads|2|R-abcd"},
		{"itself", "{reason}", "{reason}"},
		{"no such column", "{ticket} {}", "{ticket} {}"},
		{"braces", "{{Owner}} } {", "{Ann} } {"},
		{"not over lines", "{Own\ner}", "{Own\ner}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := "id,module,action,Owner,Deal Name,reason\n5,Leads,lock,Ann,Big {x},\"" + c.reason + "\"\n"
			out := readText(t, "job.csv", in, batch.ReadOptions{RunID: "R-abcd"})
			equal(t, "faults", out.faults, nil)
			equal(t, "reason", out.rows[0].Reason, c.want)
		})
	}
}

func TestTheFlagsPlaceholdersMustBeColumns(t *testing.T) {
	o := batch.ReadOptions{Reason: "{ticket} of {owner} in {period}"}
	out := readText(t, "job.csv", "id,module,action,Owner\n5,Leads,lock,Ann\n", o)
	equal(t, "faults", out.codes(), []string{"1:REASON_PLACEHOLDER", "1:REASON_PLACEHOLDER"})
}

func TestReasonEmptyOnceFilledIn(t *testing.T) {
	out := readText(t, "job.csv", "id,module,action,Owner\n5,Leads,lock,\n", batch.ReadOptions{Reason: "{Owner}"})
	equal(t, "faults", out.codes(), []string{"2:REASON_MISSING"})
}

func TestTagReason(t *testing.T) {
	o := batch.ReadOptions{TagReason: true, RunID: "20261122-101500-k7qd"}
	out := readText(t, "job.csv", "id,module,action,reason\n5,Leads,lock,why\n6,Leads,unlock,\n7,Leads,update_reason,"+strings.Repeat("a", 2990)+"\n", o)
	equal(t, "lock", out.rows[0].Reason, "why [zlock k7qd#1]")
	equal(t, "unlock", out.rows[1].Reason, "")
	equal(t, "the mark counts", out.codes(), []string{"4:REASON_TOO_LONG"})
}
