package report

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"zlock/internal/plain"
)

// The size of a chart in the units of its view box.
const (
	chartWidth  = vg.Length(940)
	chartHeight = vg.Length(210)
)

// ink is a colour that stands for a class of the page's style sheet, which knows day and night.
type ink struct {
	name string
	rgb  color.RGBA
}

// The inks. Their colours never reach the page.
var (
	inkText = ink{"text", color.RGBA{R: 1, A: 255}}
	inkAxis = ink{"axis", color.RGBA{R: 2, A: 255}}
	inkMain = ink{"main", color.RGBA{R: 3, A: 255}}
	inkArea = ink{"area", color.RGBA{R: 4, A: 255}}
	inkBad  = ink{"bad", color.RGBA{R: 5, A: 255}}
	inkCap  = ink{"cap", color.RGBA{R: 6, A: 255}}
)

func inks() []ink { return []ink{inkText, inkAxis, inkMain, inkArea, inkBad, inkCap} }

// curve is one line of a chart.
type curve struct {
	points plotter.XYs
	ink    ink
	area   bool // filled down to zero
	step   bool // holds its value until the next point
	dashed bool
}

// chart draws curves over the timeline as an SVG element, and marks at the top of it the slices at
// these seconds.
func (t *timeline) chart(zone *time.Location, label string, curves []curve, marks []float64) (string, error) {
	p := plot.New()
	p.BackgroundColor = nil
	span := float64(t.end()-t.origin) / 1e9
	top := 1.0
	for _, c := range curves {
		for _, point := range c.points {
			top = max(top, point.Y)
		}
	}
	step := niceStep(top / 4)
	top = step * math.Ceil(top/step)
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, span, 0, top
	p.X.Tick.Marker = plot.ConstantTicks(t.timeTicks(zone))
	p.Y.Tick.Marker = plot.ConstantTicks(countTicks(top, step))
	dress(&p.X)
	dress(&p.Y)
	grid := plotter.NewGrid()
	grid.Vertical.Width = 0
	grid.Horizontal = draw.LineStyle{Color: inkAxis.rgb, Width: 0.5}
	p.Add(grid)
	for _, c := range curves {
		if err := addCurve(p, c); err != nil {
			return "", fmt.Errorf("draw %s: %w", label, err)
		}
	}
	if err := addMarks(p, marks, top); err != nil {
		return "", fmt.Errorf("draw %s: %w", label, err)
	}
	canvas := vgsvg.New(chartWidth, chartHeight)
	p.Draw(draw.Crop(draw.New(canvas), 4, -14, 4, -6))
	var drawn bytes.Buffer
	if _, err := canvas.WriteTo(&drawn); err != nil {
		return "", fmt.Errorf("draw %s: %w", label, err)
	}
	return tame(&drawn, label)
}

func dress(a *plot.Axis) {
	a.Padding = 0
	a.LineStyle = draw.LineStyle{Color: inkAxis.rgb, Width: 1}
	a.Tick.LineStyle = draw.LineStyle{Color: inkAxis.rgb, Width: 1}
	a.Tick.Length = 4
	a.Tick.Label.Font.Variant = "Sans"
	a.Tick.Label.Font.Size = 11
	a.Tick.Label.Color = inkText.rgb
}

func addCurve(p *plot.Plot, c curve) error {
	line, err := plotter.NewLine(c.points)
	if err != nil {
		return err
	}
	line.LineStyle = draw.LineStyle{Color: c.ink.rgb, Width: 1.75}
	if c.dashed {
		line.LineStyle.Width, line.LineStyle.Dashes = 1, []vg.Length{4, 3}
	}
	if c.step {
		line.StepStyle = plotter.PostStep
	}
	if c.area {
		line.FillColor = inkArea.rgb
	}
	p.Add(line)
	return nil
}

func addMarks(p *plot.Plot, marks []float64, top float64) error {
	if len(marks) == 0 {
		return nil
	}
	points := make(plotter.XYs, len(marks))
	for i, x := range marks {
		points[i] = plotter.XY{X: x, Y: top}
	}
	scatter, err := plotter.NewScatter(points)
	if err != nil {
		return err
	}
	scatter.GlyphStyle = draw.GlyphStyle{Color: inkBad.rgb, Radius: 3, Shape: draw.TriangleGlyph{}}
	p.Add(scatter)
	return nil
}

// niceStep is 1, 2 or 5 times a power of ten, at least 1 and not below least.
func niceStep(least float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(max(least, 1))))
	for _, factor := range []float64{1, 2, 5} {
		if factor*power >= least {
			return factor * power
		}
	}
	return 10 * power
}

func countTicks(top, step float64) []plot.Tick {
	var ticks []plot.Tick
	for y := 0.0; y <= top; y += step {
		ticks = append(ticks, plot.Tick{Value: y, Label: plain.Number(int64(y))})
	}
	return ticks
}

// timeTicks are at most nine times of the clock, at round ones of the zone.
func (t *timeline) timeTicks(zone *time.Location) []plot.Tick {
	length := t.end() - t.origin
	step := firstWidth
	for length/step > 8 {
		step = coarser(step)
	}
	layout := "15:04"
	switch {
	case step < int64(time.Second):
		layout = "15:04:05.0"
	case step < int64(time.Minute):
		layout = "15:04:05"
	case step >= int64(24*time.Hour):
		layout = "2006-01-02"
	case length > int64(20*time.Hour):
		layout = "01-02 15:04"
	}
	_, offset := time.Unix(0, t.origin).In(zone).Zone()
	shift := int64(offset) * int64(time.Second)
	var ticks []plot.Tick
	for at := floor(t.origin+shift+step-1, step) - shift; at <= t.end(); at += step {
		ticks = append(ticks, plot.Tick{Value: float64(at-t.origin) / 1e9, Label: time.Unix(0, at).In(zone).Format(layout)})
	}
	return ticks
}

// summed is a curve of what has come together by the end of each slice.
func (t *timeline) summed(of func(slice) int64) plotter.XYs {
	points := plotter.XYs{{X: 0, Y: 0}}
	total := int64(0)
	for i, s := range t.slices {
		total += of(s)
		points = append(points, plotter.XY{X: float64(int64(i+1)*t.width) / 1e9, Y: float64(total)})
	}
	return points
}

// atOnce is how many rows were being worked, on the average of each slice, and in the busiest.
func (t *timeline) atOnce() (points plotter.XYs, most float64) {
	for i, s := range t.slices {
		y := float64(s.busy) / float64(t.width)
		most = max(most, y)
		points = append(points, plotter.XY{X: float64(int64(i)*t.width) / 1e9, Y: y})
	}
	points = append(points, plotter.XY{X: float64(t.end()-t.origin) / 1e9, Y: 0})
	return points, most
}

// pushes are the middles, in seconds, of the slices in which Zoho pushed back.
func (t *timeline) pushes() []float64 {
	var at []float64
	for i, s := range t.slices {
		if s.pushed > 0 {
			at = append(at, (float64(i)+0.5)*float64(t.width)/1e9)
		}
	}
	return at
}
