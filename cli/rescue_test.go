package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestStoreThatBreaksStopsTheRun(t *testing.T) {
	s := newStage(t).withZoho(nil)
	gate := s.gated()
	g := s.start("run", s.locks("job.csv", 0, 20), "--concurrency", "2")
	<-gate.arrived
	for _, file := range []string{"default.db", "default.db-wal", "default.db-shm"} {
		if err := os.Remove(filepath.Join(s.dir, "state", file)); err != nil {
			t.Fatal(err)
		}
	}
	gate.open()
	s.want(g.wait(), 1, "zlock-rescue-", "zlock resume")
	files, err := filepath.Glob(filepath.Join(s.dir, "state", "zlock-rescue-*.jsonl"))
	if err != nil || len(files) != 1 {
		t.Fatalf("emergency files: %v, %v", files, err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil || !strings.Contains(string(data), `"outcome":"locked"`) {
		t.Errorf("emergency file: %s, %v", data, err)
	}
	if n := s.org.Stats().Calls; n > 4 {
		t.Errorf("%d calls after the checkpoint was gone", n)
	}
}

// What an emergency file says is for people. Rows are settled by asking Zoho, whatever somebody has
// written there.
func TestAnEmergencyFileIsNotBelieved(t *testing.T) {
	s := newStage(t).withZoho(nil)
	s.want(s.run("run", s.locks("job.csv", 0, 4), "--limit", "1"), 6)
	id := s.status().Run
	var forged strings.Builder
	for row := range 4 {
		fmt.Fprintf(&forged, `{"run":%q,"row":%d,"outcome":"locked","lock_id":"7"}`+"\n", id, row+1)
	}
	for _, name := range []string{"zlock-rescue-" + id + ".jsonl", "zlock-rescue-1.jsonl"} {
		if err := os.WriteFile(filepath.Join(s.dir, "state", name), []byte(forged.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.want(s.run("resume"), 0)
	for i := range 4 {
		if _, locked := s.org.Lock("Leads", leadID(i)); !locked {
			t.Errorf("row %d is not locked", i+1)
		}
	}
	if rows := s.status().Rows; rows["locked"] != 4 {
		t.Errorf("rows: %v", rows)
	}
}
