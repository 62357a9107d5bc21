package proof_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"zlock/batch"
	"zlock/checkpoint"
	"zlock/proof"
	"zlock/zoho/sim"
)

// under makes the rig run a shell line before the program, which then takes its place: `$zlock "$@"`.
func (r *rig) under(line string) {
	r.t.Helper()
	script := filepath.Join(r.t.TempDir(), "zlock.sh")
	text := "#!/bin/sh\nzlock='" + r.binary + "'\n" + line + "\n"
	// A child forked meanwhile would inherit the open file, and to start the script would fail: text busy.
	syscall.ForkLock.RLock()
	err := os.WriteFile(script, []byte(text), 0o700)
	syscall.ForkLock.RUnlock()
	if err != nil {
		r.t.Fatal(err)
	}
	r.binary = script
}

// breakOff waits for a command whose checkpoint fails it, or may, and returns its exit code and what
// it said. What it did counts as cut off.
func (c *child) breakOff() (code int, said string) {
	r := c.rig
	r.t.Helper()
	select {
	case <-c.done:
	case <-time.After(rigPatience):
		c.kill()
		<-c.done
		r.t.Fatalf("%s: not done after %v\n%s", c.name, rigPatience, c.err.String())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said[c.name] = append(c.out.Bytes(), c.err.String()...)
	r.sittings++
	r.crashes++ // its last credits may be booked as reserved
	code = c.cmd.ProcessState.ExitCode()
	if strings.Contains(c.err.String(), "panic") || code < 0 {
		r.t.Errorf("%s: ended with %d\n%s", c.name, code, c.err.String())
	}
	return code, c.err.String()
}

// accounted fails unless every change that was answered is stored, or in the emergency file. It returns
// how many outcomes that file holds.
func (r *rig) accounted(db string) int {
	r.t.Helper()
	r.quiet()
	known, rescued := map[string]bool{}, 0
	for seq, outcome := range r.emergency() {
		rescued++
		known[r.job.rows[seq-1].id] = known[r.job.rows[seq-1].id] || outcome.Final()
	}
	for _, row := range storedRows(r.t, db) {
		known[row.RecordID] = known[row.RecordID] || row.Outcome.Final()
	}
	for _, e := range r.org.Log() {
		if e.Applied && e.Actor == simMe && e.Fault == "" && !known[e.ID] {
			r.t.Errorf("record %s: the answer to event %d is neither stored nor in the emergency file", e.ID, e.Seq)
		}
	}
	return rescued
}

// emergency is what emergency files hold, by row.
func (r *rig) emergency() map[int64]batch.Outcome {
	r.t.Helper()
	held := map[int64]batch.Outcome{}
	files, err := filepath.Glob(filepath.Join(r.state(), "zlock-rescue-*.jsonl"))
	if err != nil {
		r.t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			r.t.Fatal(err)
		}
		for line := range bytes.Lines(content) {
			var kept struct {
				Row     int64
				Outcome batch.Outcome
			}
			if err := json.Unmarshal(line, &kept); err != nil {
				r.t.Fatalf("emergency file: %v: %s", err, line)
			}
			held[kept.Row] = kept.Outcome
		}
	}
	return held
}

// storedRows are the rows of the newest run; none where there is no run.
func storedRows(t testing.TB, path string) []checkpoint.RowReport {
	t.Helper()
	db, err := checkpoint.OpenReadOnly(t.Context(), path)
	if err != nil {
		return nil
	}
	defer db.Close()
	run, err := db.Find(t.Context(), checkpoint.Latest)
	if err != nil {
		return nil
	}
	var rows []checkpoint.RowReport
	for row, err := range db.Rows(t.Context(), run.ID, nil) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows
}

// judgeMended is judge for a run whose store failed it. The credits of what could not be stored are
// known by what was reserved alone, so they may be booked a little too low.
func (r *rig) judgeMended() {
	r.t.Helper()
	h := r.history()
	for _, v := range proof.Check(h) {
		if v.ID != "I8" {
			r.t.Error(v)
		}
	}
	wire := int64(r.org.Stats().Calls)
	if least := wire - int64(r.crashes*2*rigAtOnce); h.Run.Credits < least {
		r.t.Errorf("%d credits booked, %d calls on the wire", h.Run.Credits, wire)
	}
	r.job.judge(r.t, h.Rows)
	if verdict := quickCheck(r.t, r.db()); verdict != "ok" {
		r.t.Errorf("quick_check: %s", verdict)
	}
}

// changesSent counts the calls that may have changed something.
func (r *rig) changesSent() int {
	n := 0
	for _, e := range r.org.Log() {
		if e.Op == sim.OpLock || e.Op == sim.OpReason || e.Op == sim.OpUnlock {
			n++
		}
	}
	return n
}

// The disk is full at some instant, which a limit on the size of files stands for: the program stops
// sending, keeps what it knows, exits 1, and goes on once there is room.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("SKIP: no shell to set a limit on the size of files with")
	}
	sizes := []int{400, 1200, 300, 500, 700, 900, 1600, 2000, 2600, 3200, 4500, 9000} // of files, in blocks of 512 bytes
	var full, rescued atomic.Int64
	inParallel(t, 4, tier(t).of(2, 12, 12), func(t *testing.T, i int) {
		r := newRig(t, newJob(uint64(i), 250), nil)
		free := r.binary
		r.under(fmt.Sprintf(`ulimit -f %d && exec "$zlock" "$@"`, sizes[i]))
		code, said := r.start("", "run", "job.csv", "--resume").breakOff()
		t.Logf("%d blocks: exit %d after %d changes", sizes[i], code, r.changesSent())
		switch code {
		case 0, 5: // there was room
		case 1:
			full.Add(1)
			if !strings.Contains(said, "disk") {
				t.Errorf("the message does not speak of the disk: %s", said)
			}
		default:
			t.Errorf("ended with %d: %s", code, said)
		}
		rescued.Add(int64(r.accounted(r.db())))
		r.binary = free
		r.finish(10)
		r.judgeMended()
	})
	figure(t, "disk full", "%d of the sizes tried were too small, %d outcomes in emergency files: nothing lost, resumed right", full.Load(), rescued.Load())
	if full.Load() == 0 {
		t.Error("no disk was ever full")
	}
}

// A system call of the checkpoint's fails, the n-th for many n, once or from then on.
func TestDiskFaults(t *testing.T) {
	t.Parallel()
	strace := needStrace(t, "the injection of disk faults")
	type fault struct{ call, inject string }
	var faults []fault
	for n := 12; n <= tier(t).of(12, 60, 200); n += 8 {
		faults = append(faults,
			fault{"fsync", fmt.Sprintf("fsync:error=EIO:when=%d", n)},
			fault{"pwrite64", fmt.Sprintf("pwrite64:error=ENOSPC:when=%d", 3*n)})
	}
	if tier(t) > Fast {
		for n := 20; n <= 60; n += 20 {
			faults = append(faults, fault{"fsync", fmt.Sprintf("fsync:error=EIO:when=%d+", n)},
				fault{"pwrite64", fmt.Sprintf("pwrite64:error=EIO:when=%d+", 3*n)})
		}
	}
	var injected, stopped atomic.Int64
	inParallel(t, 3, len(faults), func(t *testing.T, i int) {
		f := faults[i]
		r := newRig(t, newJob(uint64(i), 80), nil)
		free, trace := r.binary, filepath.Join(t.TempDir(), "trace")
		r.under(fmt.Sprintf(`exec '%s' -f -qq -o '%s' -e trace=%s -e inject=%s "$zlock" "$@"`, strace, trace, f.call, f.inject))
		code, said := r.start("", "run", "job.csv", "--resume").breakOff()
		content, err := os.ReadFile(trace)
		if err != nil {
			t.Fatal(err)
		}
		struck := bytes.Count(content, []byte("(INJECTED)"))
		injected.Add(int64(struck))
		t.Logf("%s: struck %d times, exit %d", f.inject, struck, code)
		switch {
		case code == 1 && struck > 0:
			stopped.Add(1)
		case code != 0 && code != 5:
			t.Errorf("%s: ended with %d: %s", f.inject, code, said)
		}
		r.quiet()
		r.binary = free
		r.finish(10)
		r.judgeMended()
	})
	figure(t, "disk faults injected", "%d, in %d runs of which %d stopped: no outcome lost, none false", injected.Load(), len(faults), stopped.Load())
	if injected.Load() == 0 {
		t.Error("no fault was ever injected")
	}
}

// findStrace finds strace, or says why it cannot trace here.
func findStrace() (path, missing string) {
	path, err := exec.LookPath("strace")
	if err != nil {
		return "", "it is not installed"
	}
	if said, err := exec.Command(path, "-f", "-e", "trace=none", "true").CombinedOutput(); err != nil {
		return "", fmt.Sprintf("it may not trace here: %s", said)
	}
	return path, ""
}

// needStrace finds strace for what needs it, and skips the test where it cannot trace here.
func needStrace(t *testing.T, what string) string {
	t.Helper()
	path, missing := findStrace()
	if missing != "" {
		t.Skipf("SKIP: %s needs strace: %s", what, missing)
	}
	return path
}

// The checkpoint is taken away, or another put in its place, while it is in use: the program notices,
// stops sending, and keeps what it knows.
func TestCheckpointTakenAway(t *testing.T) {
	t.Parallel()
	for name, take := range map[string]func(r *rig, away string) error{
		"removed": func(r *rig, away string) error { return os.Remove(r.db()) },
		"moved":   func(r *rig, away string) error { return os.Rename(r.db(), away) },
		"replaced": func(r *rig, away string) error {
			if err := os.Rename(r.db(), away); err != nil {
				return err
			}
			return os.WriteFile(r.db(), nil, 0o600)
		},
		"log removed": func(r *rig, away string) error { return os.Remove(r.db() + "-wal") },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, newJob(3, 400), nil)
			c := r.start("", "run", "job.csv", "--resume")
			for deadline := time.Now().Add(rigPatience); r.changesSent() < 40; time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("the run does not get going")
				}
			}
			away := filepath.Join(r.dir, "away.db")
			if err := take(r, away); err != nil {
				t.Fatal(err)
			}
			before, at := r.changesSent(), time.Now()
			code, said := c.breakOff()
			took, more := time.Since(at), r.changesSent()-before
			figure(t, "checkpoint "+name+" in use", "noticed in %v, %d changes more", took.Round(time.Millisecond), more)
			if code != 1 || !strings.Contains(said, "zlock-rescue-") {
				t.Errorf("ended with %d: %s", code, said)
			}
			if most := 4 * rigAtOnce; more > most {
				t.Errorf("%d changes were sent after it was %s, want at most %d", more, name, most)
			}
			if len(r.emergency()) == 0 {
				t.Error("no outcome is in the emergency file")
			}
			if name == "moved" {
				if err := os.Rename(away, r.db()); err != nil {
					t.Fatal(err)
				}
				r.accounted(r.db())
				r.finish(10)
				r.judgeMended()
			}
		})
	}
}
