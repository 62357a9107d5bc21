package main

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"
)

func TestSettings(t *testing.T) {
	s, err := parse([]string{"-rows", "10", "-latency", "0s, 50ms", "-only", "go,zlock"}, io.Discard)
	if err != nil || s.rows != 10 || len(s.latencies) != 2 || s.latencies[1] != 50*time.Millisecond || len(s.only) != 2 {
		t.Errorf("got %+v, %v", s, err)
	}
	for _, bad := range []string{"-rows 0", "-calls 0", "-rounds 0", "-orgs -1", "-latency soon", "-latency -1s", "-only wget", "what"} {
		if _, err := parse(strings.Fields(bad), io.Discard); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

// TestTable: medians over the rounds, shares of the bare loop within each.
func TestTable(t *testing.T) {
	in := contestants()[:2]
	second := time.Second
	results := [][]measure{
		{{rows: 1000, took: second, cpu: second, peak: 10 << 20}, {rows: 1000, took: 2 * second, cpu: second, peak: 10 << 20}, {rows: 1000, took: second, cpu: second}},
		{{rows: 1000, took: 2 * second, cpu: 2 * second, peak: 30 << 20}, {rows: 1000, took: 2 * second, cpu: 4 * second, peak: 30 << 20}, {rows: 1000, took: 4 * second, cpu: 8 * second, peak: 32 << 20}},
	}
	for round := range 3 {
		relate(results, round)
	}
	var out bytes.Buffer
	if err := table(&out, settings{calls: 20, rounds: 3}, 50*time.Millisecond, in, results); err != nil {
		t.Fatal(err)
	}
	want := `
20 calls in flight, 50ms a call (ceiling 400 rows/s); medians of 3 rounds

| | rows/s | of go's | CPU s per 1,000 rows | of zlock's | peak MB | keeps account |
|---|---|---|---|---|---|---|
| go | 1000 | 1.000 | 1.000 | 0.25 | 10 | no |
| zlock | 500 | 0.500 | 4.000 | 1.00 | 30 | exactly |
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

// TestManyOrgs: the share of the ceiling is told of the slowest organisation and of the middle one.
func TestManyOrgs(t *testing.T) {
	of := []measure{{rows: 400, took: time.Second}, {rows: 400, took: 2 * time.Second}, {rows: 400, took: 1600 * time.Millisecond}}
	got := sum(of, 2*time.Second, 400)
	if got.rate != 600 || got.slowest != 0.5 || got.middle != 0.625 {
		t.Errorf("got %+v", got)
	}
}
