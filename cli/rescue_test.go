package cli_test

import (
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
