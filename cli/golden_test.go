package cli_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"zlock/zoho/sim"
)

var update = flag.Bool("update", false, "write the golden files anew")

// whatChanges is what differs from one execution to the next, and what stands for it.
var whatChanges = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`\d{8}-\d{6}-[a-z2-7]{4}`), "RUN"},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "ZOHO"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [A-Z0-9+-]+`), "MOMENT"},
	{regexp.MustCompile(`"\d{4}-\d\d-\d\dT[0-9:.]+Z"`), `"INSTANT"`},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT[0-9:.]+Z`), `INSTANT`},
	{regexp.MustCompile(`"rows_per_second":[0-9.]+`), `"rows_per_second":RATE`},
	{regexp.MustCompile(`"sha256":"[0-9a-f]{64}"`), `"sha256":"HASH"`},
	{regexp.MustCompile(`(\d+s, )?[0-9.]+ rows/s(, \d+s left)?`), "SPEED"},
	{regexp.MustCompile(`(?m)^(.* rows), .*failed, .*credits.*\n`), "$1 PROGRESS\n"},
	{regexp.MustCompile(`58431049000000000\d\d`), "LOCKID"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d`), "MINUTE"},
}

func steady(s string) string {
	for _, c := range whatChanges {
		s = c.pattern.ReplaceAllString(s, c.instead)
	}
	return s
}

func TestScreens(t *testing.T) {
	const good = "Record Id,Module,Action,Reason,Note\n" +
		"5843104000000200051,Leads,lock,Audit of May,\"=1+1\"\n" +
		"5843104000000220151,Leads,unlock,,\n" +
		"5843104000000109001,Leads,lock,Audit of May,locked by Patricia\n" +
		"5843104000000109002,Leads,unlock,,locked by a rule\n" +
		"5843104000000109004,Leads,lock,Audit of May,no such record\n" +
		"5843104000000109006,Leads,lock,Audit of May,answer lost\n" +
		"5843104000000220251,Leads,update_reason,Audit of June,\n" +
		"5843104000000200051,Leads,lock,Audit of May,again\n"
	const faulty = "Record Id,Module,Action,Reason\n" +
		"5.8431E+18,Leads,lock,Audit\n" +
		"5843104000000200051,Leads,lick,Audit\n" +
		"5843104000000200151,Leads,lock,\n" +
		"5843104000000200251,Deals!,lock,\x1b[31m\n" +
		"5843104000000200351,Leads,lock\n"
	s := newStage(t).withZoho(func(c *sim.Config) { c.Seed = 7 })
	s.file("good.csv", good)
	s.file("faulty.csv", faulty)
	for _, screen := range []struct {
		name string
		args string
	}{
		{"run-faulty", "run faulty.csv"},
		{"run-faulty-json", "run faulty.csv --json"},
		{"run-limit", "run good.csv --limit 3 --concurrency 1"},
		{"run-unfinished", "run good.csv"},
		{"status-paused", "status"},
		{"resume", "resume --concurrency 1"},
		{"status", "status"},
		{"status-json", "status --json"},
		{"run-completed", "run good.csv"},
		{"results", "results"},
		{"results-jsonl", "results --format jsonl --only failed,duplicate"},
		{"retry", "retry"},
		{"runs", "runs"},
		{"runs-paused", "runs --state paused"},
		{"runs-limit", "runs --limit 1"},
		{"runs-typo", "runs --state pasued"},
		{"status-watch", "status --watch"},
		{"run-simulated", "run good.csv --simulate --json --concurrency 1"},
		{"help", "--help"},
		{"help-run", "run --help"},
	} {
		t.Run(screen.name, func(t *testing.T) {
			o := s.run(strings.Fields(screen.args)...)
			got := "$ zlock " + screen.args + "\n" + steady(o.out) + "--- standard error\n" + steady(o.err) +
				"--- exit code " + string(rune('0'+o.code)) + "\n"
			compare(t, filepath.Join("testdata", screen.name+".golden"), got)
		})
	}
}

func compare(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: run the test with -update", err)
	}
	if got != string(want) {
		t.Errorf("%s differs (-update writes it anew)\ngot:\n%s\nwant:\n%s", path, got, want)
	}
}
