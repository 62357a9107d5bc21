package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"time"
)

// compare has the contestants take turns, at each latency, and prints a table for each.
func (g *ground) compare(ctx context.Context, s settings, out io.Writer) error {
	in := g.chosen(ctx, s.only)
	for _, latency := range s.latencies {
		results := make([][]measure, len(in))
		for round := range s.rounds {
			fmt.Fprintf(g.diag, "bench: latency %v, round %d of %d\n", latency, round+1, s.rounds)
			for k := range in {
				at := (k + round) % len(in) // nobody always comes first
				m, err := g.turn(ctx, s, in[at], latency)
				if err != nil {
					return fmt.Errorf("%s: %w", in[at].name, err)
				}
				results[at] = append(results[at], m)
			}
			relate(results, round)
		}
		if err := table(out, s, latency, in, results); err != nil {
			return err
		}
	}
	return nil
}

// turn has one contestant lock its share of the rows in an organisation of its own.
func (g *ground) turn(ctx context.Context, s settings, c contestant, latency time.Duration) (measure, error) {
	rows := max(s.rows/c.part, 1)
	f, err := g.newFar(ctx, rows, 1, latency)
	if err != nil {
		return measure{}, err
	}
	j, err := g.newJob(f.urls[0], rows, s.calls)
	var m measure
	if err == nil {
		m, err = g.time(ctx, j, c.argv(j))
	}
	if ended := f.end(rows); err == nil {
		err = ended
	}
	return m, err
}

// relate notes what share of the measure's rate each contestant reached in a round.
func relate(results [][]measure, round int) {
	first := results[0][round].rate()
	for i := range results {
		results[i][round].ofFirst = results[i][round].rate() / first
	}
}

// median is the middle of a contestant's rounds, of some figure.
func median(of []measure, figure func(measure) float64) float64 {
	all := make([]float64, len(of))
	for i, m := range of {
		all[i] = figure(m)
	}
	slices.SortFunc(all, cmp.Compare[float64])
	if n := len(all); n%2 == 0 {
		return (all[n/2-1] + all[n/2]) / 2
	}
	return all[len(all)/2]
}

// table prints medians over the rounds as Markdown.
func table(out io.Writer, s settings, latency time.Duration, in []contestant, results [][]measure) error {
	ceiling := ""
	if latency > 0 {
		ceiling = fmt.Sprintf(" (ceiling %.0f rows/s)", float64(s.calls)/latency.Seconds())
	}
	fmt.Fprintf(out, "\n%d calls in flight, %v a call%s; medians of %d rounds\n\n", s.calls, latency, ceiling, s.rounds)
	fmt.Fprintln(out, "| | rows/s | of go's | CPU s per 1,000 rows | of zlock's | peak MB | keeps account |")
	fmt.Fprintln(out, "|---|---|---|---|---|---|---|")
	ours := 0.0
	for i, c := range in {
		if c.name == "zlock" {
			ours = median(results[i], measure.cpuPer)
		}
	}
	var err error
	for i, c := range in {
		ofOurs := "-"
		if ours > 0 {
			ofOurs = fmt.Sprintf("%.2f", median(results[i], measure.cpuPer)/ours)
		}
		peak := median(results[i], func(m measure) float64 { return float64(m.peak) / (1 << 20) })
		_, err = fmt.Fprintf(out, "| %s | %.0f | %.3f | %.3f | %s | %.0f | %s |\n", c.name,
			median(results[i], measure.rate), median(results[i], func(m measure) float64 { return m.ofFirst }),
			median(results[i], measure.cpuPer), ofOurs, peak, c.keeps)
	}
	return err
}
