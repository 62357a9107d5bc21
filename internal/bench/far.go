package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"time"

	"zlock/zoho/sim"
)

// serveWord has this program be the pretend Zoho.
const serveWord = "serve"

const (
	token  = "1000.bench.access"
	module = "Leads"
	reason = "Quarter closed"
)

// id is the id of the n-th record.
func id(n int) string { return fmt.Sprint(5843104000000000001 + 7*n) }

// serve runs pretend organisations, each on a port of its own, until in ends. It says their addresses,
// and in the end how many records are locked in each, as one line of JSON each time.
func serve(args []string, in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet(serveWord, flag.ContinueOnError)
	rows, orgs := flags.Int("rows", 0, ""), flags.Int("orgs", 1, "")
	latency := flags.Duration("latency", 0, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var urls []string
	var all []*sim.Org
	for range *orgs {
		org, err := newOrg(*rows, *latency)
		if err != nil {
			return err
		}
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		server := &http.Server{Handler: org, ReadHeaderTimeout: time.Minute}
		go func() { _ = server.Serve(listener) }()
		defer func() { _ = server.Close() }()
		urls, all = append(urls, "http://"+listener.Addr().String()), append(all, org)
	}
	say := json.NewEncoder(out)
	if err := say.Encode(urls); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		return err
	}
	locked := make([]int, len(all))
	for i, org := range all {
		for _, h := range org.Holdings() {
			locked[i] += h.Locked
		}
	}
	return say.Encode(locked)
}

func newOrg(rows int, latency time.Duration) (*sim.Org, error) {
	c := sim.Config{
		Seed: 1, LogLimit: 1, Tokens: sim.TokenConfig{AccessToken: token},
		Records: func(yield func(sim.Record) bool) {
			for n := range rows {
				if !yield(sim.Record{Module: module, ID: id(n)}) {
					return
				}
			}
		},
	}
	if latency > 0 {
		c.Latency = func() time.Duration { return latency }
	}
	return sim.New(c)
}

// far is a process with pretend organisations.
type far struct {
	urls []string
	cmd  *exec.Cmd
	in   io.Closer
	out  *bufio.Reader
}

func (g *ground) newFar(ctx context.Context, rows, orgs int, latency time.Duration) (*far, error) {
	cmd := exec.CommandContext(ctx, g.self, serveWord, "-rows", fmt.Sprint(rows), "-orgs", fmt.Sprint(orgs), "-latency", latency.String())
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the pretend Zoho: %w", err)
	}
	f := &far{cmd: cmd, in: in, out: bufio.NewReader(out)}
	if err := f.hear(&f.urls); err != nil {
		return nil, errors.Join(fmt.Errorf("start the pretend Zoho: %w", err), cmd.Wait())
	}
	return f, nil
}

func (f *far) hear(to any) error {
	line, err := f.out.ReadBytes('\n')
	if err != nil {
		return err
	}
	return json.Unmarshal(line, to)
}

// end stops the organisations and checks that each has the rows locked that it should have.
func (f *far) end(rows int) error {
	_ = f.in.Close()
	var locked []int
	err := errors.Join(f.hear(&locked), f.cmd.Wait())
	for _, n := range locked {
		if n != rows && err == nil {
			err = fmt.Errorf("%d records are locked, not %d", n, rows)
		}
	}
	return err
}
