package main

import (
	"image/color"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"github.com/autoreg/autoreg/internal/atomicfile"
	"github.com/autoreg/autoreg/train"
)

// Colours of the two curves, apart in hue and in lightness.
var (
	trainingColor   = color.RGBA{R: 0x1f, G: 0x5f, B: 0xa8, A: 0xff}
	validationColor = color.RGBA{R: 0xe0, G: 0x7b, B: 0x20, A: 0xff}
)

// savePlot draws the loss curves of epochs into a PNG file, as a whole or not at
// all. Losses are finite, as those of a Trainer are.
func savePlot(path string, epochs []train.EpochStats) error {
	p := plot.New()
	p.Title.Text = "Loss"
	p.Title.Padding = vg.Points(8)
	p.X.Label.Text = "epoch"
	p.X.Tick.Marker = plot.TickerFunc(epochTicks)
	p.Y.Tick.Marker = plot.TickerFunc(lossTicks)
	p.Legend.Top = true
	p.Legend.Padding = vg.Points(3)
	p.Legend.XOffs, p.Legend.YOffs = vg.Points(-8), vg.Points(-8)
	for _, style := range []*text.Style{&p.Title.TextStyle, &p.X.Label.TextStyle, &p.Y.Label.TextStyle,
		&p.X.Tick.Label, &p.Y.Tick.Label, &p.Legend.TextStyle} {
		style.Font.Variant = "Sans"
	}

	grid := plotter.NewGrid()
	grid.Horizontal.Color = color.Gray{Y: 0xe0}
	grid.Vertical.Color = nil
	p.Add(grid)

	training, validation, unit := curves(epochs)
	p.Y.Label.Text = "nats per " + unit
	if err := addCurve(p, training, "training", trainingColor, draw.CircleGlyph{}); err != nil {
		return err
	}
	if err := addCurve(p, validation, "validation", validationColor, draw.BoxGlyph{}); err != nil {
		return err
	}
	// Room on all sides, also around a single point.
	if len(epochs) > 0 {
		first, last := float64(epochs[0].Epoch), float64(epochs[len(epochs)-1].Epoch)
		margin := max((last-first)/40, 0.5)
		p.X.Min, p.X.Max = first-margin, last+margin
	}
	// The legend is in the fifth of the plot that no curve reaches.
	if p.Y.Min <= p.Y.Max {
		room := max(p.Y.Max-p.Y.Min, 0.1)
		p.Y.Min, p.Y.Max = p.Y.Min-room/20, p.Y.Max+room/5
	}

	canvas := vgimg.NewWith(vgimg.UseWH(16*vg.Centimeter, 10*vg.Centimeter), vgimg.UseDPI(144))
	dc := draw.New(canvas)
	p.Draw(draw.Crop(dc, vg.Points(6), -vg.Points(12), vg.Points(6), -vg.Points(6)))
	return atomicfile.Write(path, vgimg.PngCanvas{Canvas: canvas})
}

// curves returns the points to draw, and what the losses are a mean of. Where padding
// counts they are those over words, if all epochs have these.
func curves(epochs []train.EpochStats) (training, validation plotter.XYs, unit string) {
	unit = "position"
	words := len(epochs) > 0
	for _, e := range epochs {
		words = words && e.WordPerplexity > 0
		switch {
		case e.Bits > 0:
			unit = "value"
		case e.ValAccuracy > 0:
			unit = "document"
		}
	}
	if words {
		unit = "word"
	}
	for _, e := range epochs {
		loss, val := e.Loss, e.ValLoss
		if words {
			loss, val = e.WordLoss, e.ValWordLoss
		}
		training = append(training, plotter.XY{X: float64(e.Epoch), Y: loss})
		if e.ValPerplexity > 0 { // 0 where nothing is set aside
			validation = append(validation, plotter.XY{X: float64(e.Epoch), Y: val})
		}
	}
	return training, validation, unit
}

func addCurve(p *plot.Plot, xys plotter.XYs, name string, c color.Color, glyph draw.GlyphDrawer) error {
	if len(xys) == 0 {
		return nil
	}
	line, points, err := plotter.NewLinePoints(xys)
	if err != nil {
		return err
	}
	line.Color, line.Width = c, vg.Points(1.5)
	points.Color, points.Shape, points.Radius = c, glyph, vg.Points(2.5)
	if len(xys) > 60 {
		points.Radius = 0
	}
	p.Add(line, points)
	p.Legend.Add(name, line, points)
	return nil
}

// maxTicks bounds the ticks of an axis whose numbers are so large, or so close
// together, that adding a step changes nothing.
const maxTicks = 50

// epochTicks marks whole epochs.
func epochTicks(lo, hi float64) (ticks []plot.Tick) {
	step := max(niceStep((hi-lo)/10), 1)
	for n := math.Ceil(max(lo, 1) / step); n*step <= hi && len(ticks) < maxTicks; n++ {
		ticks = append(ticks, plot.Tick{Value: n * step, Label: strconv.Itoa(int(n * step))})
	}
	return ticks
}

// lossTicks marks round numbers, with enough decimals to distinguish them.
func lossTicks(lo, hi float64) (ticks []plot.Tick) {
	step := niceStep((hi - lo) / 6)
	decimals := max(0, -int(math.Floor(math.Log10(step))))
	for n := math.Ceil(lo / step); n*step <= hi && len(ticks) < maxTicks; n++ {
		ticks = append(ticks, plot.Tick{Value: n * step, Label: strconv.FormatFloat(n*step, 'f', decimals, 64)})
	}
	return ticks
}

// niceStep returns 1, 2 or 5 times a power of ten, about x.
func niceStep(x float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(x)))
	for _, m := range []float64{1, 2, 5} {
		if x <= m*unit {
			return m * unit
		}
	}
	return 10 * unit
}
