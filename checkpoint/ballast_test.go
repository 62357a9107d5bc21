package checkpoint_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"zlock/batch"
	"zlock/checkpoint"
)

func TestBallastIsThereWhileARunIsWorked(t *testing.T) {
	d := fresh(t)
	enrol(t, d, aRun(runID), locks(2))
	s := begin(t, d, runID)
	info, err := os.Stat(d.Path() + ".ballast")
	if err != nil || info.Size() != 1<<20 || info.Mode().Perm() != 0o600 {
		t.Errorf("ballast: %v, %v", info, err)
	}
	if _, err := s.End(t.Context(), batch.Paused, batch.StopLimit); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(d.Path() + ".ballast"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("ballast after a clean end: %v", err)
	}
}

// On a full disk the outcomes of the calls in flight are written down all the same, and the run goes
// on once there is room. It takes a small file system, which only root can mount.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("SKIP: no small file system can be mounted here: %s", strings.TrimSpace(string(out)))
	}
	t.Cleanup(func() { _ = exec.Command("umount", dir).Run() })
	d, err := checkpoint.Open(t.Context(), filepath.Join(dir, "zlock.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	enrol(t, d, aRun(runID), locks(40))
	s := begin(t, d, runID)
	rows := commit(t, s, batch.Changes{Deal: 20})
	fill(t, filepath.Join(dir, "others"))
	var results []batch.Result
	for _, r := range rows {
		results = append(results, batch.Result{Seq: r.Seq, Outcome: batch.Locked, LockID: "7", Message: strings.Repeat("long ", 300), Spent: 1, Calls: 1})
	}
	commit(t, s, batch.Changes{Results: results})
	if _, err := os.Stat(d.Path() + ".ballast"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the disk was full and the ballast was not needed: %v", err)
	}
	if run := find(t, d, runID); run.Counts[batch.Locked] != 20 {
		t.Errorf("counts %v", run.Counts)
	}
}

// fill leaves no room on a file system.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 4096); ; {
		if _, err := f.Write(block); err != nil {
			return
		}
	}
}
