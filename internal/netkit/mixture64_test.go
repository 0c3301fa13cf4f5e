package netkit

import (
	"math"
	"testing"

	"github.com/autoreg/autoreg/layers"
)

// goldenValues sets the values of the specification's golden values, which are counted in
// TensorFlow's layout: rows, columns, in, out, or with a transposed convolution out, in.
func (m *Mixture64) goldenValues() {
	for k, l := range m.Convs {
		i := 0
		inner, outer := l.Out, l.In
		if l.Transposed {
			inner, outer = l.In, l.Out
		}
		for row := range l.Rows {
			for col := range l.Cols {
				for a := range outer {
					for b := range inner {
						at := l.At(row, col, a, b)
						if l.Transposed {
							at = l.At(row, col, b, a)
						}
						l.V[at] = math.Sin(float64(1 + i + 7*k))
						i++
					}
				}
			}
		}
		for j := range l.G {
			l.G[j], l.B[j] = 1+0.1*math.Sin(float64(j+k)), 0.1*math.Cos(float64(j+k))
		}
	}
}

// F.3 of the specification: values of another implementation in float64, of 9 and 12
// decimals. Two have a misprint there, ln p of the first image (…978) and the last mean
// (…940): these are PyTorch's, see testdata/golden/mixture_net.py.
func TestMixture64(t *testing.T) {
	for _, c := range []struct {
		channels, components, filters, size int
		logProb, pixel                      float64
		levels                              []uint8
		logits, locs, scales                []float64
		means, coefficients                 []float64
	}{
		{channels: 1, components: 2, filters: 4, size: 8, logProb: -383.256978942, pixel: -5.919362423702, levels: []uint8{179},
			logits: []float64{-0.275280874804, 0.325415098510}, locs: []float64{-0.081259573770, 0.123513750762},
			scales: []float64{0.756091198942, 0.651321497058}},
		{channels: 3, components: 2, filters: 4, size: 8, logProb: -1166.626154304, pixel: -18.264189102305, levels: []uint8{179, 184, 189},
			logits:       []float64{-0.400662064790, 0.414685805870},
			means:        []float64{-0.280422474633, -0.049514473922, 0.557916416668, 0.134534802836, -0.229911566164, -0.645679259930},
			coefficients: []float64{-0.336102014173, -0.046111053251, 0.364453900405, 0.251725013785, -0.232266337389, -0.397669623948}},
		{channels: 1, components: 5, filters: 32, size: 32, logProb: -6155.473958012, pixel: -6.015369785461,
			logits: []float64{0.118378606004, -0.100582916713, 0.057524354717, -0.023860019146, -0.012512792165}},
	} {
		if c.size > 8 && testing.Short() {
			continue
		}
		m := NewMixture64(layers.PixelCNNMixture{Channels: c.channels, Components: c.components, Filters: c.filters, Blocks: 1, Resolutions: 2, Rows: 3, Cols: 3})
		if len(m.Convs) != 36 {
			t.Fatalf("%+v: %d layers, want 36", m.PixelCNNMixture, len(m.Convs))
		}
		m.goldenValues()
		var levels []uint8
		for r := range c.size {
			for col := range c.size {
				for ch := range c.channels {
					levels = append(levels, uint8((37*r+11*col+5*ch+13*(r*col%7))%256))
				}
			}
		}
		near := func(what string, got, want, tol float64) {
			t.Helper()
			if !(math.Abs(got-want) <= tol) {
				t.Errorf("%+v: %s %.12f, want %.12f", m.PixelCNNMixture, what, got, want)
			}
		}
		outputs := m.Outputs(Image64{Levels: levels, Height: c.size, Width: c.size})
		near("ln p", m.LogProbs(outputs, levels), c.logProb, 1e-9)
		const tol = 1e-12 // half a unit of the last decimal, and rounding
		own := levels[(3*c.size+5)*c.channels:][:c.channels]
		if c.levels != nil && string(own) != string(c.levels) {
			t.Errorf("levels %v, want %v", own, c.levels)
		}
		pixel := outputs.pixel(3, 5)
		near("ln p of pixel (3, 5)", m.LogProb(pixel, own), c.pixel, tol)
		var means, coefficients []float64
		for k, p := range m.Components64(pixel, own) {
			near("logit", p.Logit, c.logits[k], tol)
			if c.locs != nil {
				near("loc", p.Loc[0], c.locs[k], tol)
				near("scale", p.Scale[0], c.scales[k], tol)
			}
			means, coefficients = append(means, p.Mean...), append(coefficients, p.Coefficients...)
		}
		for i, want := range c.means {
			near("mean", means[i], want, tol)
		}
		for i, want := range c.coefficients {
			near("coefficient", coefficients[i], want, tol)
		}
	}
}

// F.4 of the specification: a logistic distribution rounded to levels. The value of level
// 200 beyond the mean 1.1 has a misprint there (…320121253); 50 digits begin as here.
func TestLogLevel64(t *testing.T) {
	for _, c := range []struct{ y, mean, scale, want float64 }{
		{0, -0.9, 0.05, -2.058175310881}, {0, 0.2, 0.3, -4.005314661759}, {1, -0.9, 0.05, -3.989163570122},
		{37, 0.2, 0.3, -6.770925061561}, {200, 0.2, 0.3, -5.386300872471}, {200, 1.1, 0.02, -27.498321210253},
		{254, -0.9, 0.05, -39.694496309391}, {255, 0.2, 0.3, -2.721625027349}, {255, 1.1, 0.02, -0.005522960816},
		{37, 0, math.Exp(-7), -774.094178115},
	} {
		if got := logLevel64(c.y, 127.5*(c.mean+1), 127.5*c.scale); math.Abs(got-c.want) > 1e-12*math.Max(1, -c.want) {
			t.Errorf("level %v, mean %v, scale %v: ln P = %.12f, want %.12f", c.y, c.mean, c.scale, got, c.want)
		}
	}
}
