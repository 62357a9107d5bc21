//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package checkpoint_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"zlock/batch"
	"zlock/checkpoint"
)

func init() { children["fill"] = childFill }

func TestEverythingIsTheOwnersAlone(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	root := t.TempDir()
	path := filepath.Join(root, "state", "zlock", "x.db")
	d := open(t, path)
	enrol(t, d, aRun(runID), locks(3))
	commit(t, begin(t, d, runID), batch.Changes{Deal: 1})
	o, err := checkpoint.Own(filepath.Join(root, "orgs", "key", "owner.lock"), me())
	if err != nil {
		t.Fatal(err)
	}
	defer o.Release()
	seen := map[string]fs.FileMode{}
	err = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		seen[filepath.Base(path)] = info.Mode().Perm()
		want := fs.FileMode(0o600)
		if e.IsDir() {
			want = 0o700
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s is %v, want %v", path, info.Mode().Perm(), want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"x.db", "x.db-wal", "x.db-shm", "x.db.enrol", "owner.lock", "state", "orgs"} {
		if _, ok := seen[name]; !ok {
			t.Errorf("%s is not there: %v", name, seen)
		}
	}
}

// childFill works a run until the disk is full: no file may grow beyond a limit.
func childFill() int {
	signal.Ignore(syscall.SIGXFSZ)
	ctx := context.Background()
	d, err := checkpoint.Open(ctx, os.Getenv("CHECKPOINT_TEST_PATH"))
	if err != nil {
		fmt.Println("open", err)
		return 1
	}
	s, err := d.Begin(ctx, runID, "a child")
	if err != nil {
		fmt.Println("begin", err)
		return 1
	}
	s.Impatient()
	wal, err := os.Stat(d.Path() + "-wal")
	if err != nil {
		fmt.Println("stat", err)
		return 1
	}
	limit := uint64(wal.Size()) + 256<<10
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
		fmt.Println("limit", err)
		return 1
	}
	var results []batch.Result
	for {
		rows, err := s.Commit(ctx, batch.Changes{Results: results, Deal: 1, Now: time.Now()})
		if err != nil {
			fmt.Println("full", err)
			return 0
		}
		if len(results) > 0 {
			fmt.Println("acked", results[0].Seq)
		}
		if len(rows) == 0 {
			return 0
		}
		results = []batch.Result{{Seq: rows[0].Seq, Outcome: batch.Failed, Message: strings.Repeat("x", 900), Hint: strings.Repeat("y", 900)}}
	}
}

func TestAFullDiskLosesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	d := open(t, path)
	enrol(t, d, aRun(runID), locks(1500))
	lines := until(t, child(t, "fill", path), -1)
	last := lines[len(lines)-1]
	if !strings.HasPrefix(last, "full ") || !strings.Contains(last, path) || !strings.Contains(last, "disk") {
		t.Fatalf("the child ended with %q", last)
	}
	acked := len(lines) - 1
	if acked < 5 {
		t.Fatalf("the disk was full after %d rows", acked)
	}
	for _, row := range rowsOf(t, d, runID)[:acked] {
		if row.Outcome != batch.Failed {
			t.Errorf("row %d is %s though its outcome was told", row.Seq, row.Outcome)
		}
	}
	s := begin(t, d, runID) // the disk has room again
	rows := commit(t, s, batch.Changes{Deal: 2})
	if len(rows) != 2 || rows[0].Outcome != batch.Unknown || rows[0].Seq > int64(acked)+1 {
		t.Errorf("dealt %+v after %d rows were told", rows, acked)
	}
	checkSums(t, d, find(t, d, runID))
}
