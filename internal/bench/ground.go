package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// ground is where contestants meet: a directory that goes in the end, and the programs of ours.
type ground struct {
	dir   string
	self  string // this program
	zlock string
	diag  io.Writer
	made  int // jobs
}

func newGround(ctx context.Context, diag io.Writer) (*ground, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "zlock-bench-*")
	if err != nil {
		return nil, err
	}
	g := &ground{dir: dir, self: self, zlock: filepath.Join(dir, "zlock.exe"), diag: diag}
	if text, err := exec.CommandContext(ctx, "go", "build", "-o", g.zlock, "zlock").CombinedOutput(); err != nil {
		g.clear()
		return nil, fmt.Errorf("build zlock: %w: %s", err, text)
	}
	return g, nil
}

func (g *ground) clear() { _ = os.RemoveAll(g.dir) }

// newJob writes down what a contestant needs, in a directory of its own.
func (g *ground) newJob(url string, rows, calls int) (*job, error) {
	g.made++
	dir := filepath.Join(g.dir, fmt.Sprint(g.made))
	if err := os.MkdirAll(filepath.Join(dir, "state"), 0o700); err != nil {
		return nil, err
	}
	j := &job{ground: g, dir: dir, url: url, rows: rows, calls: calls,
		ids: filepath.Join(dir, "ids"), csv: filepath.Join(dir, "job.csv"), config: filepath.Join(dir, "curl"), apart: filepath.Join(dir, "curl.rows")}
	return j, errors.Join(
		write(j.ids, rows, "", func(id string) string { return id + "\n" }),
		write(j.csv, rows, "record_id,module,action,reason\n", func(id string) string { return id + "," + module + ",lock," + reason + "\n" }),
		write(j.config, rows, "", func(id string) string {
			return fmt.Sprintf("url = %q\noutput = %q\n", address(url, id), os.DevNull)
		}),
		write(j.apart, rows, "", func(id string) string {
			return fmt.Sprintf("next\nsilent\nshow-error\nrequest = POST\nheader = %q\nheader = %q\ndata = %q\nwrite-out = %q\nurl = %q\noutput = %q\n",
				authorization, contentType, body, "%{http_code} "+id+`\n`, address(url, id), os.DevNull)
		}))
}

func write(path string, rows int, head string, line func(id string) string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(file)
	_, _ = w.WriteString(head) // an error stays with w
	for n := range rows {
		_, _ = w.WriteString(line(id(n)))
	}
	return errors.Join(w.Flush(), file.Close())
}

// measure is what a contestant came to.
type measure struct {
	rows    int
	took    time.Duration
	cpu     time.Duration // of the process and all its children
	peak    int64         // bytes, of the largest of them; 0 when not known
	calls   int
	ofFirst float64 // its rows a second as a share of the measure's in the same round
}

func (m measure) rate() float64 { return float64(m.rows) / m.took.Seconds() }

// cpuPer is CPU seconds for 1,000 rows.
func (m measure) cpuPer() float64 { return m.cpu.Seconds() * 1000 / float64(m.rows) }

// time runs a command to its end.
func (g *ground) time(ctx context.Context, j *job, argv []string) (measure, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = j.dir
	cmd.Env = append(os.Environ(), "HOME="+j.dir, "ZLOCK_STATE_DIR="+j.dir+"/state", "ZLOCK_ACCESS_TOKEN="+token)
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = io.Discard, &said
	began := time.Now()
	err := cmd.Run()
	took := time.Since(began)
	if err != nil {
		return measure{}, fmt.Errorf("%s: %w: %s", filepath.Base(argv[0]), err, said.String())
	}
	p := cmd.ProcessState
	return measure{rows: j.rows, took: took, cpu: p.UserTime() + p.SystemTime(), peak: peakOf(p), calls: j.calls}, nil
}
