package main

import (
	"fmt"
	"image/color"
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

var (
	beforeColor = color.Gray{Y: 0xc8}
	afterColor  = color.RGBA{R: 0x1f, G: 0x5f, B: 0xa8, A: 0xff}
)

// writeImage writes a PNG image: a row for each prompt, a panel for each setting.
func writeImage(w io.Writer, all []distribution) error {
	canvas := vgimg.NewWith(vgimg.UseWH(vg.Points(900), vg.Points(520)), vgimg.UseDPI(96))
	plots := make([][]*plot.Plot, len(all))
	for i, d := range all {
		for j := range settings {
			p, err := panel(&d, j)
			if err != nil {
				return err
			}
			plots[i] = append(plots[i], p)
		}
	}
	tiles := draw.Tiles{
		Rows: len(all), Cols: len(settings),
		PadX: vg.Points(14), PadY: vg.Points(16),
		PadTop: vg.Points(8), PadBottom: vg.Points(6), PadLeft: vg.Points(8), PadRight: vg.Points(12),
	}
	for i, row := range plot.Align(plots, tiles, draw.New(canvas)) {
		for j, c := range row {
			plots[i][j].Draw(c)
		}
	}
	_, err := vgimg.PngCanvas{Canvas: canvas}.WriteTo(w)
	return err
}

// panel returns bars for the likeliest words, the first on top: wide ones are the model's
// probabilities, narrow ones those with the setting.
func panel(d *distribution, setting int) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text = fmt.Sprintf("%s: %d words left", settings[setting].name, kept(d.after[setting]))
	p.Title.Padding = vg.Points(4)
	p.X.Min = 0
	p.X.Label.Text = "probability after “" + d.prompt + "”, %"
	p.X.Padding = 0
	for _, style := range []*text.Style{&p.Title.TextStyle, &p.X.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label} {
		style.Font.Variant = "Sans"
		style.Font.Size = vg.Points(9)
	}
	p.Title.TextStyle.Font.Size = vg.Points(11)

	before, after := make(plotter.Values, shown), make(plotter.Values, shown)
	names := make([]string, shown)
	most := 0.0
	for i, id := range d.ranked[:shown] {
		at := shown - 1 - i
		before[at], after[at] = 100*float64(d.model[id]), 100*float64(d.after[setting][id])
		names[at] = d.words[id]
		for _, ps := range d.after {
			most = max(most, 100*float64(ps[id]))
		}
	}
	for _, bars := range []struct {
		values plotter.Values
		width  vg.Length
		color  color.Color
	}{{before, vg.Points(12), beforeColor}, {after, vg.Points(5), afterColor}} {
		b, err := plotter.NewBarChart(bars.values, bars.width)
		if err != nil {
			return nil, err
		}
		b.Horizontal = true
		b.Color = bars.color
		b.LineStyle.Width = 0
		p.Add(b)
	}
	p.NominalY(names...)
	// The same axis in all panels of a row.
	step := 5.0
	if most > 50 {
		step = 25
	}
	p.X.Max = step * math.Ceil(most/step)
	var ticks plot.ConstantTicks
	for x := 0.0; x <= p.X.Max; x += step {
		ticks = append(ticks, plot.Tick{Value: x, Label: fmt.Sprint(x)})
	}
	p.X.Tick.Marker = ticks
	return p, nil
}
