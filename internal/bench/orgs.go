package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

// manyOrgs runs zlock on many organisations at once, a process and a checkpoint each, beside as many
// bare loops, and says how close to its own ceiling each organisation was kept.
func (g *ground) manyOrgs(ctx context.Context, s settings, out io.Writer) error {
	in := g.chosen(ctx, []string{"zlock"})
	fmt.Fprintf(out, "\n%d organisations at once, %d rows and %d calls in flight each; medians of %d rounds\n\n", s.orgs, s.rows, s.calls, s.rounds)
	fmt.Fprintln(out, "| | latency | rows/s, all | of go's | of the ceiling, the slowest | the middle one | CPU s per 1,000 rows |")
	fmt.Fprintln(out, "|---|---|---|---|---|---|---|")
	for _, latency := range s.latencies {
		results := make([][]crowd, len(in))
		for round := range s.rounds {
			fmt.Fprintf(g.diag, "bench: latency %v, round %d of %d\n", latency, round+1, s.rounds)
			for k := range in {
				at := (k + round) % len(in)
				c, err := g.crowd(ctx, s, in[at], latency)
				if err != nil {
					return fmt.Errorf("%s: %w", in[at].name, err)
				}
				results[at] = append(results[at], c)
			}
		}
		for i, c := range in {
			all := middle(results[i], func(c crowd) float64 { return c.rate })
			fmt.Fprintf(out, "| %s | %v | %.0f | %.3f | %s | %s | %.3f |\n", c.name, latency, all, all/middle(results[0], func(c crowd) float64 { return c.rate }),
				share(latency, middle(results[i], func(c crowd) float64 { return c.slowest })),
				share(latency, middle(results[i], func(c crowd) float64 { return c.middle })),
				middle(results[i], func(c crowd) float64 { return c.cpuPer }))
		}
	}
	return nil
}

// crowd is what as many processes as there are organisations came to.
type crowd struct {
	rate            float64 // rows a second, of all together
	slowest, middle float64 // shares of the ceiling
	cpuPer          float64
}

func middle(of []crowd, figure func(crowd) float64) float64 {
	all := make([]float64, len(of))
	for i, c := range of {
		all[i] = figure(c)
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// share prints a share of the ceiling, which there is none of without latency.
func share(latency time.Duration, x float64) string {
	if latency == 0 {
		return "-"
	}
	return fmt.Sprintf("%.3f", x)
}

func (g *ground) crowd(ctx context.Context, s settings, c contestant, latency time.Duration) (crowd, error) {
	f, err := g.newFar(ctx, s.rows, s.orgs, latency)
	if err != nil {
		return crowd{}, err
	}
	var jobs []*job
	for _, url := range f.urls {
		j, err := g.newJob(url, s.rows, s.calls)
		if err != nil {
			return crowd{}, errors.Join(err, f.end(0))
		}
		jobs = append(jobs, j)
	}
	measures, errs := make([]measure, len(jobs)), make([]error, len(jobs))
	var all sync.WaitGroup
	began := time.Now()
	for i, j := range jobs {
		all.Go(func() { measures[i], errs[i] = g.time(ctx, j, c.argv(j)) })
	}
	all.Wait()
	took := time.Since(began)
	if err := errors.Join(errors.Join(errs...), f.end(s.rows)); err != nil {
		return crowd{}, err
	}
	return sum(measures, took, float64(s.calls)/latency.Seconds()), nil
}

// sum puts the measures of organisations together; ceiling is what each could bear, in rows a second.
func sum(measures []measure, took time.Duration, ceiling float64) crowd {
	rows, cpu := 0, time.Duration(0)
	shares := make([]float64, len(measures))
	for i, m := range measures {
		rows += m.rows
		cpu += m.cpu
		shares[i] = m.rate() / ceiling
	}
	slices.Sort(shares)
	whole := measure{rows: rows, took: took, cpu: cpu}
	return crowd{rate: whole.rate(), slowest: shares[0], middle: shares[len(shares)/2], cpuPer: whole.cpuPer()}
}
