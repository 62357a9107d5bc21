package checkpoint_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"zlock/checkpoint"
)

func me() checkpoint.Holder {
	return checkpoint.Holder{PID: os.Getpid(), Host: "host", Since: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Command: "run"}
}

func TestOwn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "orgs", "key", "owner.lock")
	if _, held := checkpoint.OwnedBy(path); held || checkpoint.Owned(path) {
		t.Error("held before anybody came")
	}
	o, err := checkpoint.Own(path, me())
	if err != nil {
		t.Fatal(err)
	}
	if h, held := checkpoint.OwnedBy(path); !held || h != me() {
		t.Errorf("held %v by %+v", held, h)
	}
	_, err = checkpoint.Own(path, me())
	var held *checkpoint.HeldError
	if !errors.As(err, &held) || held.Holder != me() || !strings.Contains(err.Error(), fmt.Sprintf("process %d on host", os.Getpid())) {
		t.Errorf("second: %v", err)
	}
	named := me()
	named.Run = runID
	if err := o.Describe(named); err != nil {
		t.Fatal(err)
	}
	if _, err = checkpoint.Own(path, me()); err == nil || !strings.Contains(err.Error(), runID) {
		t.Errorf("does not name the run: %v", err)
	}
	if err := o.Describe(checkpoint.Holder{PID: 1}); err != nil { // shorter than what was there
		t.Fatal(err)
	}
	if h, _ := checkpoint.OwnedBy(path); h != (checkpoint.Holder{PID: 1}) {
		t.Errorf("holder %+v", h)
	}
	if got := read(t, path); strings.Count(got, "}") != 1 { // people look at it too
		t.Errorf("the file holds %q", got)
	}
	o.Release()
	o.Release()
	if err := o.Describe(me()); err == nil {
		t.Error("described after it was let go")
	}
	if checkpoint.Owned(path) {
		t.Error("held after it was let go")
	}
	again, err := checkpoint.Own(path, me())
	if err != nil {
		t.Fatal(err)
	}
	again.Release()
}

func TestHeldErrorWithoutAHolder(t *testing.T) {
	if got := (&checkpoint.HeldError{}).Error(); !strings.HasPrefix(got, "another process works on this org") {
		t.Error(got)
	}
}

func TestOwnWait(t *testing.T) {
	path := filepath.Join(t.TempDir(), "owner.lock")
	o, err := checkpoint.Own(path, me())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := checkpoint.OwnWait(ctx, path, me(), time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	var held *checkpoint.HeldError
	if _, err := checkpoint.OwnWait(t.Context(), path, me(), time.Millisecond); !errors.As(err, &held) {
		t.Errorf("in vain: %v", err)
	}
	got := make(chan error)
	go func() {
		next, err := checkpoint.OwnWait(t.Context(), path, me(), time.Minute)
		if err == nil {
			next.Release()
		}
		got <- err
	}()
	o.Release()
	if err := <-got; err != nil {
		t.Errorf("waited: %v", err)
	}
}

func TestOneOfManyOwns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "owner.lock")
	for range 5 {
		var wg sync.WaitGroup
		var won, lost atomic.Int32
		all := make(chan *checkpoint.Ownership, 20)
		for range 20 {
			wg.Go(func() {
				checkpoint.Owned(path) // those who only ask are in nobody's way
				o, err := checkpoint.Own(path, me())
				var held *checkpoint.HeldError
				switch {
				case err == nil:
					won.Add(1)
					all <- o
				case errors.As(err, &held):
					lost.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 || lost.Load() != 19 {
			t.Fatalf("%d own, %d are told that it is held", won.Load(), lost.Load())
		}
		(<-all).Release()
	}
}

// childOwn owns and says so, then waits to be killed.
func childOwn() int {
	_, err := checkpoint.Own(os.Getenv("CHECKPOINT_TEST_PATH"), checkpoint.Holder{PID: os.Getpid(), Host: "there"})
	var held *checkpoint.HeldError
	switch {
	case errors.As(err, &held):
		fmt.Println("held")
		return 8
	case err != nil:
		fmt.Println(err)
		return 1
	}
	fmt.Println("own", os.Getpid())
	select {}
}

func TestADeadHoldersLockIsFree(t *testing.T) {
	path := filepath.Join(t.TempDir(), "owner.lock")
	cmd := child(t, "own", path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != fmt.Sprintf("own %d\n", cmd.Process.Pid) {
		t.Fatalf("%q, %v", line, err)
	}
	if h, held := checkpoint.OwnedBy(path); !held || h.PID != cmd.Process.Pid {
		t.Errorf("held %v by %+v", held, h)
	}
	if _, err := checkpoint.Own(path, me()); err == nil || !strings.Contains(err.Error(), "on there") {
		t.Errorf("while it lives: %v", err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if checkpoint.Owned(path) {
		t.Error("held by the dead")
	}
	o, err := checkpoint.Own(path, me())
	if err != nil {
		t.Fatal(err)
	}
	o.Release()
}

func TestOneOfManyProcessesOwns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "owner.lock")
	var wg sync.WaitGroup
	var won, lost atomic.Int32
	release := make(chan struct{})
	for range 20 {
		cmd := child(t, "own", path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		said := make(chan string, 1)
		go func() {
			line, _ := bufio.NewReader(out).ReadString('\n')
			said <- line
		}()
		wg.Go(func() {
			line := <-said
			switch {
			case strings.HasPrefix(line, "own "):
				won.Add(1)
				<-release
			case line == "held\n":
				if lost.Add(1) == 19 {
					close(release)
				}
			default:
				t.Errorf("a child said %q", line)
			}
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		})
	}
	wg.Wait()
	if won.Load() != 1 || lost.Load() != 19 {
		t.Errorf("%d own, %d are told that it is held", won.Load(), lost.Load())
	}
}

func TestALockFileThatIsReplacedIsNotTaken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "owner.lock")
	o, err := checkpoint.Own(path, me())
	if err != nil {
		t.Fatal(err)
	}
	defer o.Release()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	// The lock went with its file: the next owner makes a new one, and others meet that.
	next, err := checkpoint.Own(path, me())
	if err != nil {
		t.Fatal(err)
	}
	defer next.Release()
	if _, err := checkpoint.Own(path, me()); err == nil {
		t.Error("a third one owns too")
	}
}

func TestSomebodyWhoOnlyAsksIsNotInTheWay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "owner.lock")
	letGo, err := checkpoint.Ask(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(time.Millisecond, letGo)
	o, err := checkpoint.Own(path, me())
	if err != nil {
		t.Fatal(err)
	}
	o.Release()
}

func TestStillNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "owner.lock")
	write(t, path, "")
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, step := range []struct {
		name string
		do   func()
		want bool
	}{
		{"as it was opened", func() {}, true},
		{"removed", func() { remove(t, path) }, false},
		{"replaced", func() { write(t, path, "") }, false},
	} {
		step.do()
		if got, err := checkpoint.StillNamed(f, path); got != step.want || err != nil {
			t.Errorf("%s: %v, %v", step.name, got, err)
		}
	}
}

func TestLockFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token.lock")
	var wg sync.WaitGroup
	var inside atomic.Int32
	n := 0
	for range 10 {
		wg.Go(func() {
			unlock, err := checkpoint.LockFile(t.Context(), path)
			if err != nil {
				t.Error(err)
				return
			}
			if inside.Add(1) != 1 {
				t.Error("two are inside")
			}
			n++
			inside.Add(-1)
			unlock()
			unlock()
		})
	}
	wg.Wait()
	if n != 10 {
		t.Errorf("%d were inside", n)
	}
	unlock, err := checkpoint.LockFile(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, err := checkpoint.LockFile(ctx, path); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while it is held: %v", err)
	}
}
