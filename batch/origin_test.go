package batch_test

import (
	"fmt"
	"strings"
	"testing"

	"zlock/batch"
)

func TestIDsOfAnotherOrganisation(t *testing.T) {
	var b strings.Builder
	b.WriteString("id,module,action\n")
	for i := range 18 {
		fmt.Fprintf(&b, "58431040000004255%02d,Leads,unlock\n", i+10)
	}
	same := b.String()
	for _, c := range []struct{ name, in, want string }{
		{"all of one", same, ""},
		{"one of another", same + "4432104000000425577,Leads,unlock\n", "1 of 19 ids begin otherwise than the rest, with 5843104 (line 20: 4432104000000425577)"},
		{"an older, shorter one", same + "554023000000527002,Leads,unlock\n", "(line 20: 554023000000527002)"},
		{"short ones say nothing", same + "123456789012345,Leads,unlock\n", ""},
		{"too many for a slip", same + strings.ReplaceAll(same, "584310", "443210")[len("id,module,action\n"):], ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := readText(t, "job.csv", c.in, batch.ReadOptions{})
			if got := strings.Join(out.sum.Warnings, "\n"); !strings.Contains(got, c.want) || (got == "") != (c.want == "") {
				t.Errorf("warnings %q, want %q", got, c.want)
			}
			equal(t, "faults", out.codes(), []string{})
		})
	}
}

func TestTheIDColumnsModuleInJSONL(t *testing.T) {
	out := readText(t, "job.jsonl", `{"Lead Id":"5","module":"Deals","action":"unlock"}`+"\n"+`{"id":"5","module":"Deals","action":"unlock"}`, batch.ReadOptions{})
	equal(t, "faults", out.codes(), []string{"1:ID_OF_MODULE"})
}
