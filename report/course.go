package report

import (
	"html/template"
	"time"

	"gonum.org/v1/plot/plotter"

	"zlock/internal/plain"
)

// drawing is a chart with what explains it.
type drawing struct {
	Title  string
	Legend []legend
	SVG    template.HTML // of ours and tame: see svg.go
	Note   string
}

// legend says what a colour stands for; Class is one of the page's style sheet, "" for the main one.
type legend struct{ Class, Text string }

// charts draws how the run went; none where nothing happened.
func (a *Account) charts() ([]drawing, error) {
	if len(a.time.slices) == 0 {
		return nil, nil
	}
	var all []drawing
	for _, draw := range []func() (drawing, string, error){a.rowsChart, a.creditsChart, a.atOnceChart} {
		d, svg, err := draw()
		if err != nil {
			return nil, err
		}
		d.SVG = template.HTML(svg)
		all = append(all, d)
	}
	return all, nil
}

func (a *Account) rowsChart() (drawing, string, error) {
	d := drawing{Title: "Rows that came to their outcome", Legend: []legend{{"", "all"}}}
	curves := []curve{{points: a.time.summed(func(s slice) int64 { return s.ended }), ink: inkMain, area: true}}
	if failed := a.time.summed(func(s slice) int64 { return s.failed }); failed[len(failed)-1].Y > 0 {
		d.Legend = append(d.Legend, legend{"bad", "failed"})
		curves = append(curves, curve{points: failed, ink: inkBad})
	}
	svg, err := a.time.chart(a.Zone, "rows that came to their outcome, over time", curves, nil)
	return d, svg, err
}

func (a *Account) creditsChart() (drawing, string, error) {
	d := drawing{Title: "Credits spent", Legend: []legend{{"", "by attempts at rows"}}}
	if rest := a.Run.Credits - a.credits; rest > 0 {
		d.Note = "Not drawn: " + counted(rest, "credit") + " of calls that belong to no attempt that was kept, such as those made " +
			"before the first row, repeated after a push-back, or under way when a process died."
	}
	svg, err := a.time.chart(a.Zone, "credits spent, over time",
		[]curve{{points: a.time.summed(func(s slice) int64 { return s.credits }), ink: inkMain, area: true}}, nil)
	return d, svg, err
}

func (a *Account) atOnceChart() (drawing, string, error) {
	points, most := a.time.atOnce()
	d := drawing{Title: "Rows worked at once", Legend: []legend{{"", "average of each " + span(time.Duration(a.time.width))}}}
	curves := []curve{{points: points, ink: inkMain, area: true, step: true}}
	if a.AtOnce > 0 && float64(a.AtOnce) <= 20*max(most, 1) { // further away it would only press the curve flat
		length := float64(a.time.end()-a.time.origin) / 1e9
		y := float64(a.AtOnce)
		curves = append(curves, curve{points: plotter.XYs{{X: 0, Y: y}, {X: length, Y: y}}, ink: inkCap, dashed: true})
		d.Legend = append(d.Legend, legend{"cap", "the most allowed, " + plain.Number(int64(a.AtOnce))})
	}
	d.Note = "From when each attempt at a row began and ended. A push-back (429, too many calls at once) that the row's next try " +
		"got past is not kept, so that it is not drawn: it shows as a dip alone."
	if a.pushed > 0 {
		d.Legend = append(d.Legend, legend{"bad", "pushed back (triangles)"})
		d.Note += " Kept, and drawn: " + counted(a.pushed, "attempt") + " that ended with one."
	}
	svg, err := a.time.chart(a.Zone, "rows worked at once, over time", curves, a.time.pushes())
	return d, svg, err
}
