package batch_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zlock/batch"
)

// counter is a Sink that only counts.
type counter struct{ rows, marks int }

func (c *counter) Add(batch.Row) error { c.rows++; return nil }

func (c *counter) Mark(int64, batch.Outcome, string, string, int64) error { c.marks++; return nil }

func benchRead(b *testing.B, name, header, line string, rows int) {
	var in strings.Builder
	in.WriteString(header)
	for i := range rows {
		fmt.Fprintf(&in, line, 5843104000000425001+i*7)
	}
	path := filepath.Join(b.TempDir(), name)
	if err := os.WriteFile(path, []byte(in.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	o := batch.ReadOptions{TempDir: b.TempDir()}
	b.ReportAllocs()
	for b.Loop() {
		src, err := batch.Open(b.Context(), path, nil, o)
		if err != nil {
			b.Fatal(err)
		}
		var c counter
		if _, err := batch.Read(b.Context(), src, o, &c); err != nil || c.rows != rows {
			b.Fatalf("%d rows: %v", c.rows, err)
		}
		_ = src.Close()
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkReadCSV(b *testing.B) {
	benchRead(b, "job.csv", "record_id,module,action,reason,owner,amount\n", "%d,Deals,lock,Quarter closed,Ann Example,1200.50\n", 100_000)
}

func BenchmarkReadJSONL(b *testing.B) {
	benchRead(b, "job.jsonl", "", `{"record_id":"%d","module":"Deals","action":"lock","reason":"Quarter closed","owner":"Ann Example","amount":1200.5}`+"\n", 100_000)
}

// BenchmarkCheck reads a file whose ids come in no order, some of them twice, as plan does: nobody keeps
// the rows, and duplicates are found by sorting on disk. One operation is 200,000 rows.
func BenchmarkCheck(b *testing.B) {
	const rows = 200_000
	var in strings.Builder
	in.WriteString("record_id,module,action,reason\n")
	for i := range rows {
		fmt.Fprintf(&in, "%d,Deals,lock,Quarter closed\n", 5843104000000000001+i*7919%(rows-500))
	}
	path := filepath.Join(b.TempDir(), "job.csv")
	if err := os.WriteFile(path, []byte(in.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	o := batch.ReadOptions{TempDir: b.TempDir()}
	b.ReportAllocs()
	for b.Loop() {
		src, err := batch.Open(b.Context(), path, nil, o)
		if err != nil {
			b.Fatal(err)
		}
		sum, err := batch.Read(b.Context(), src, o, nil)
		if err != nil || sum.Rows != rows || sum.Duplicates != 500 {
			b.Fatalf("%d rows, %d duplicates: %v", sum.Rows, sum.Duplicates, err)
		}
		_ = src.Close()
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
