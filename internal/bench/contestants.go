package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// contestant is one way to lock many records.
type contestant struct {
	name  string
	needs []string // programs, and "python:NAME" for a module of Python's
	part  int      // it locks one in so many of the rows: a process a row would take all day
	keeps string   // what it knows afterwards
	argv  func(*job) []string
}

// job is what a contestant is given.
type job struct {
	ground *ground
	dir    string // its own
	url    string
	ids    string // a file with an id a line
	csv    string // the same as a job file
	config string // the same as a configuration of curl's
	apart  string // the same with a body and a line of the outcome for each, as rows with reasons of their own need
	rows   int
	calls  int
}

const nothingKept, rowsKept = "no", "exactly"

// contestants are all of them; the first is the measure of the others.
func contestants() []contestant {
	return []contestant{
		{name: "go", part: 1, keeps: nothingKept, argv: func(j *job) []string {
			return []string{j.ground.self, bareWord, "-url", j.url, "-calls", fmt.Sprint(j.calls), "-ids", j.ids}
		}},
		{name: "zlock", part: 1, keeps: rowsKept, argv: func(j *job) []string {
			return j.zlock("--precheck", "never", "--composite", "off")
		}},
		{name: "zlock/defaults", part: 1, keeps: rowsKept, argv: func(j *job) []string { return j.zlock() }},
		{name: "zlock/sync+5ms", needs: []string{"strace"}, part: 1, keeps: rowsKept, argv: func(j *job) []string {
			slow := []string{"strace", "-f", "-qq", "-o", os.DevNull, "--seccomp-bpf", "-e", "trace=fsync,fdatasync",
				"-e", "inject=fsync,fdatasync:delay_exit=5000"}
			return append(slow, j.zlock("--precheck", "never", "--composite", "off")...)
		}},
		{name: "curl-Z", needs: []string{"curl"}, part: 1, keeps: nothingKept, argv: func(j *job) []string {
			return append([]string{"curl", "-sS", "-Z", "--parallel-immediate", "--parallel-max", fmt.Sprint(j.calls), "-K", j.config}, post()...)
		}},
		{name: "curl-Z/rows", needs: []string{"curl"}, part: 1, keeps: "a status a row", argv: func(j *job) []string {
			return []string{"curl", "-Z", "--parallel-immediate", "--parallel-max", fmt.Sprint(j.calls), "-K", j.apart}
		}},
		{name: "python/http.client", needs: []string{"python3"}, part: 1, keeps: nothingKept, argv: func(j *job) []string { return j.threads("http.client") }},
		{name: "python/session", needs: []string{"python3", "python:requests"}, part: 2, keeps: nothingKept, argv: func(j *job) []string { return j.threads("session") }},
		{name: "python/requests", needs: []string{"python3", "python:requests"}, part: 4, keeps: nothingKept, argv: func(j *job) []string { return j.threads("requests") }},
		{name: "xargs+curl", needs: []string{"xargs", "curl"}, part: 8, keeps: nothingKept, argv: func(j *job) []string {
			return append([]string{"xargs", "-a", j.ids, "-P", fmt.Sprint(j.calls), "-I{}"}, j.curl()...)
		}},
		{name: "parallel+curl", needs: []string{"parallel", "curl"}, part: 8, keeps: "by row number", argv: func(j *job) []string {
			return append([]string{"parallel", "-a", j.ids, "-j", fmt.Sprint(j.calls), "--joblog", j.dir + "/joblog", "-q"}, j.curl()...)
		}},
	}
}

const (
	authorization = "Authorization: Zoho-oauthtoken " + token
	contentType   = "Content-Type: application/json"
)

// post is how curl is told to lock.
func post() []string {
	return []string{"-X", "POST", "-H", authorization, "-H", contentType, "-d", body}
}

// curl locks the record {}.
func (j *job) curl() []string {
	return append(append([]string{"curl", "-sS", "-f", "-o", os.DevNull}, post()...), address(j.url, "{}"))
}

// zlock carries out the job file: enrolled, durable, row by row.
func (j *job) zlock(more ...string) []string {
	return append([]string{j.ground.zlock, "run", j.csv, "--db", j.dir + "/state/run.db", "--api-url", j.url, "--edition", "ultimate",
		"--concurrency", fmt.Sprint(j.calls), "--credits-per-day", "100000000", "--no-progress"}, more...)
}

//go:embed threads.py
var threadsScript string

func (j *job) threads(way string) []string {
	return []string{"python3", "-c", threadsScript, way, j.url, j.ids, fmt.Sprint(j.calls), token, body}
}

func names() []string {
	var all []string
	for _, c := range contestants() {
		all = append(all, c.name)
	}
	return all
}

// known refuses a name that no contestant goes by.
func known(only []string) error {
	for _, name := range only {
		if !slices.Contains(names(), name) {
			return fmt.Errorf("-only %s: must be one of %s", name, strings.Join(names(), ", "))
		}
	}
	return nil
}

// chosen are the contestants to run: those named, and always the measure.
func (g *ground) chosen(ctx context.Context, only []string) []contestant {
	var in []contestant
	for i, c := range contestants() {
		if i > 0 && len(only) > 0 && !slices.Contains(only, c.name) {
			continue
		}
		if lacks := lacking(ctx, c.needs); lacks != "" {
			fmt.Fprintf(g.diag, "bench: %s is left out: there is no %s here\n", c.name, lacks)
			continue
		}
		in = append(in, c)
	}
	return in
}

// lacking names the first program of those needed that is not there.
func lacking(ctx context.Context, needs []string) string {
	for _, need := range needs {
		library, isLibrary := strings.CutPrefix(need, "python:")
		if isLibrary && exec.CommandContext(ctx, "python3", "-c", "import "+library).Run() != nil {
			return library + " for Python"
		}
		if _, err := exec.LookPath(need); err != nil && !isLibrary {
			return need
		}
	}
	return ""
}
