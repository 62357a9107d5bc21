package batch_test

import (
	"runtime"
	"strings"
	"testing"

	"zlock/batch"
)

// TestNoLineIsReadOften: a quote that is not closed has its lines read anew, and no file can make that
// happen to a line again and again. What the reader allocates stands for what it does.
func TestNoLineIsReadOften(t *testing.T) {
	const lines = 20_000
	for _, c := range []struct{ name, pattern string }{
		{"plain", "7,Leads,lock,why\n"},
		{"a quote opened on each line", "7,Leads,lock,\"why\n"},
		{"a quote opened now and then", "7,Leads,lock,\"why\n" + strings.Repeat("7,Leads,lock,why\n", 99)},
		{"a quote opened among closed ones", "7,Leads,lock,\"why\n" + strings.Repeat("\"7\",Leads,lock,why\n", 9)},
		{"a quote alone", "\"\n"},
		{"two", "\"\"\n"},
		{"three", "\"\"\"\n"},
		{"closed and opened", "\",\"\n"},
		{"escaped", "\"a\"\"\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := head + strings.Repeat(c.pattern, lines/strings.Count(c.pattern, "\n"))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			out := readText(t, "job.csv", file, batch.ReadOptions{MaxFaults: 1})
			runtime.ReadMemStats(&after)
			if out.err != nil {
				t.Fatal(out.err)
			}
			if each := (after.TotalAlloc - before.TotalAlloc) / lines; each > 16<<10 {
				t.Errorf("%d bytes are allocated for a line", each)
			} else {
				t.Logf("%d bytes are allocated for a line", each)
			}
		})
	}
}
