// Command bench runs zlock beside what people lock records with today: a curl a row under xargs and
// under GNU parallel, one curl for all rows, Python threads, and a bare Go loop that keeps no account of
// anything and so marks what the connection alone would bear. All call the pretend Zoho over loopback,
// take turns within each round, and are judged by ratios within a round: what else the machine does
// then meets all alike.
//
//	go run ./internal/bench
//	go run ./internal/bench -calls 25 -latency 50ms -only go,zlock,zlock/sync+5ms
//	go run ./internal/bench -orgs 20 -rows 4000 -latency 50ms
//
// It builds zlock from the directory it is started in. Contestants whose program is not installed are
// left out, and named.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"
)

// settings are the command line.
type settings struct {
	rows      int
	calls     int
	rounds    int
	latencies []time.Duration
	only      []string
	orgs      int
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
		stop()
		os.Exit(1)
	}
}

// run carries out a command line. Two words are for the program's own children: serve is the pretend
// Zoho, bare the Go loop; each is a process of its own, so that its time and memory are its own.
func run(ctx context.Context, args []string, in io.Reader, out, diag io.Writer) error {
	if len(args) > 0 && args[0] == serveWord {
		return serve(args[1:], in, out)
	}
	if len(args) > 0 && args[0] == bareWord {
		return bare(ctx, args[1:])
	}
	s, err := parse(args, diag)
	if err != nil {
		return err
	}
	g, err := newGround(ctx, diag)
	if err != nil {
		return err
	}
	defer g.clear()
	if s.orgs > 0 {
		return g.manyOrgs(ctx, s, out)
	}
	return g.compare(ctx, s, out)
}

func parse(args []string, diag io.Writer) (settings, error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(diag)
	var s settings
	flags.IntVar(&s.rows, "rows", 4000, "rows that each contestant locks; those that start a process a row lock an eighth")
	flags.IntVar(&s.calls, "calls", 20, "calls in flight")
	flags.IntVar(&s.rounds, "rounds", 5, "rounds; medians over them are told")
	flags.IntVar(&s.orgs, "orgs", 0, "run zlock on so many orgs at once instead, beside as many bare loops")
	latencies := flags.String("latency", "0s,50ms", "how long Zoho takes for a call; several with commas")
	only := flags.String("only", "", "contestants, with commas: "+strings.Join(names(), ", ")+" (default all)")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if s.rows < 1 || s.calls < 1 || s.rounds < 1 || s.orgs < 0 || flags.NArg() > 0 {
		return s, errors.New("-rows, -calls and -rounds are at least 1, -orgs is not negative, and there is nothing but flags")
	}
	for _, text := range strings.Split(*latencies, ",") {
		d, err := time.ParseDuration(strings.TrimSpace(text))
		if err != nil || d < 0 {
			return s, fmt.Errorf("-latency %s: give spans such as 0s,50ms", text)
		}
		s.latencies = append(s.latencies, d)
	}
	if *only != "" {
		s.only = strings.Split(*only, ",")
	}
	return s, known(s.only)
}
