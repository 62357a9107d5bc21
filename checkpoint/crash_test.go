package checkpoint_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"zlock/batch"
	"zlock/checkpoint"
)

// children are the parts that the test binary plays when a test starts it again.
var children = map[string]func() int{
	"work":  childWork,
	"enrol": childEnrol,
	"own":   childOwn,
}

// child starts the test binary again to play a part on path.
func child(t *testing.T, part, path string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "CHECKPOINT_TEST_CHILD="+part, "CHECKPOINT_TEST_PATH="+path)
	cmd.Stderr = os.Stderr
	return cmd
}

// childWork works a run to its end: a "dealt" line comes before a row may be sent, an "acked" line once its
// outcome is durable.
func childWork() int {
	ctx := context.Background()
	d, err := checkpoint.Open(ctx, os.Getenv("CHECKPOINT_TEST_PATH"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	s, err := d.Begin(ctx, runID, "a child")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var results []batch.Result
	for {
		rows, err := s.Commit(ctx, batch.Changes{Results: results, Deal: 5, Now: time.Now()})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		for _, r := range results {
			fmt.Println("acked", r.Seq)
		}
		if len(rows) == 0 {
			break
		}
		results = results[:0]
		for _, row := range rows {
			fmt.Println("dealt", row.Seq, row.Outcome)
			results = append(results, batch.Result{Seq: row.Seq, Outcome: batch.Locked, Spent: 1, Calls: 1, Credits: 1})
		}
	}
	if _, err := s.End(ctx, batch.Completed, ""); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// until reads a child's output and kills the child after n lines; it returns all complete lines.
func until(t *testing.T, cmd *exec.Cmd, n int) []string {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var lines []string
	in := bufio.NewReader(out)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			break // a line cut short was never said
		}
		lines = append(lines, line[:len(line)-1])
		if len(lines) == n {
			_ = cmd.Process.Kill()
		}
	}
	_ = cmd.Wait()
	return lines
}

func TestNothingAckedIsLostToKill(t *testing.T) {
	const total = 600
	path := filepath.Join(t.TempDir(), "x.db")
	d := open(t, path)
	enrol(t, d, aRun(runID), locks(total))
	acked := map[string]bool{}
	kills := 0
	for try := 0; ; try++ {
		if try > 200 {
			t.Fatal("the run does not come to an end")
		}
		for _, line := range until(t, child(t, "work", path), 23+17*try) {
			verb, rest, _ := cut(line)
			if verb == "acked" {
				acked[rest] = true
				continue
			}
			seq, _, _ := cut(rest)
			if acked[seq] {
				t.Fatalf("row %s was dealt again though its outcome was told", seq)
			}
		}
		run := find(t, d, runID)
		checkSums(t, d, run)
		for _, row := range rowsOf(t, d, runID) {
			if acked[strconv.FormatInt(row.Seq, 10)] && row.Outcome != batch.Locked {
				t.Fatalf("row %d is %s though it was told as locked", row.Seq, row.Outcome)
			}
		}
		if run.State == batch.Completed {
			break
		}
		kills++
		if in := run.Counts[batch.Sending] + run.Counts[batch.Unknown]; in > 10 {
			t.Fatalf("%d rows are in doubt; 5 were dealt at a time", in)
		}
	}
	if kills < 3 {
		t.Fatalf("only %d kills hit", kills)
	}
	if run := find(t, d, runID); run.Counts[batch.Locked] != total || run.Calls < total {
		t.Errorf("ended with %v, %d calls", run.Counts, run.Calls)
	}
}

// cut splits a line at its first blank.
func cut(line string) (before, after string, found bool) {
	for i := range line {
		if line[i] == ' ' {
			return line[:i], line[i+1:], true
		}
	}
	return line, "", false
}

// checkSums checks that the counts of a run are those of its rows.
func checkSums(t *testing.T, d *checkpoint.DB, run batch.Run) {
	t.Helper()
	counts := map[batch.Outcome]int64{}
	var total int64
	for _, row := range rowsOf(t, d, run.ID) {
		counts[row.Outcome]++
		total++
	}
	for _, o := range batch.Outcomes() {
		if counts[o] != run.Counts[o] {
			t.Fatalf("%d rows are %s, %d are counted", counts[o], o, run.Counts[o])
		}
	}
	if total != run.Total {
		t.Fatalf("%d rows are there, the total is %d", total, run.Total)
	}
}

// childEnrol enrols for ever.
func childEnrol() int {
	ctx := context.Background()
	d, err := checkpoint.Open(ctx, os.Getenv("CHECKPOINT_TEST_PATH"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	e, err := d.Enrol(ctx, aRun("20260301-130000-dead"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	for i := 0; ; i++ {
		row := locks(1)[0]
		row.Seq = int64(i + 1)
		if err := e.Add(row); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		if i > 0 && i%6000 == 0 {
			fmt.Println("added", i)
		}
	}
}

func TestHalfEnrolledRunIsSweptAway(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	d := open(t, path)
	enrol(t, d, aRun(runID), locks(3))
	if lines := until(t, child(t, "enrol", path), 3); len(lines) < 3 {
		t.Fatalf("the child said %q", lines)
	}
	if n := count(t, path, "SELECT count(*) FROM rows"); n < 6000 {
		t.Fatalf("the child left %d rows: there is nothing to sweep", n)
	}
	runs, err := d.Runs(t.Context())
	if err != nil || len(runs) != 1 {
		t.Fatalf("runs shown: %v, %v", runs, err)
	}
	again := open(t, path)
	if n := count(t, path, "SELECT count(*) FROM rows"); n != 3 {
		t.Errorf("%d rows are left, want 3", n)
	}
	if n := count(t, path, "SELECT count(*) FROM runs"); n != 1 {
		t.Errorf("%d runs are left, want 1", n)
	}
	enrol(t, again, aRun("20260301-130000-dead"), locks(2))
}
