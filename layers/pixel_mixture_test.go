package layers_test

import (
	"math"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
)

// chapterMixture is the reference chapter's network.
var chapterMixture = layers.PixelCNNMixture{Channels: 1, Components: 5, Filters: 32, Blocks: 1, Resolutions: 2, Rows: 3, Cols: 3}

// setParameters sets the parameters of each layer by a formula of the layer's number and
// of the value's number in TensorFlow's layout.
func setParameters(n *layers.PixelNet, v, g, b func(layer, i int) float64) {
	for k, l := range n.Convs() {
		s := l.Spec()
		for _, p := range l.Parameters("") {
			data := make([]float32, p.Len())
			switch {
			case strings.HasPrefix(p.Name, "weight_v") || p.Name == "weight":
				area := s.Rows * s.Cols
				for tap := range area {
					for i := range s.In {
						for o := range s.Out {
							if s.Transposed { // [rows, columns, out, in]
								data[(i*s.Out+o)*area+tap] = float32(v(k, (tap*s.Out+o)*s.In+i))
							} else { // [rows, columns, in, out]
								data[(o*s.In+i)*area+tap] = float32(v(k, (tap*s.In+i)*s.Out+o))
							}
						}
					}
				}
			case strings.HasPrefix(p.Name, "weight_g"):
				for j := range data {
					data[j] = float32(g(k, j))
				}
			default:
				for j := range data {
					data[j] = float32(b(k, j))
				}
			}
			p.Set(data)
		}
	}
	n.Refresh()
}

// goldenMixture returns a network with the weights of the specification's golden values.
func goldenMixture(c layers.PixelCNNMixture) *layers.PixelNet {
	n := layers.NewPixelNet(c)
	setParameters(n,
		func(k, i int) float64 { return math.Sin(float64(1 + i + 7*k)) },
		func(k, j int) float64 { return 1 + 0.1*math.Sin(float64(j+k)) },
		func(k, j int) float64 { return 0.1 * math.Cos(float64(j+k)) })
	return n
}

// goldenLevels returns the image of these values.
func goldenLevels(height, width, channels int) []uint8 {
	levels := make([]uint8, 0, height*width*channels)
	for r := range height {
		for c := range width {
			for ch := range channels {
				levels = append(levels, uint8((37*r+11*c+5*ch+13*(r*c%7))%256))
			}
		}
	}
	return levels
}

// Values of another implementation, in float64.
func TestMixtureSpec(t *testing.T) {
	for _, want := range []struct {
		channels, components, filters, size int
		logProb, pixel                      float64
		logits                              []float64
	}{
		{1, 2, 4, 8, -383.256978942, -5.919362423702, []float64{-0.275280874804, 0.325415098510}},
		{3, 2, 4, 8, -1166.626154304, -18.264189102305, []float64{-0.400662064790, 0.414685805870}},
		{1, 5, 32, 32, -6155.473958012, -6.015369785461, []float64{0.118378606004, -0.100582916713, 0.057524354717, -0.023860019146, -0.012512792165}},
	} {
		c := layers.PixelCNNMixture{Channels: want.channels, Components: want.components, Filters: want.filters, Blocks: 1, Resolutions: 2, Rows: 3, Cols: 3}
		n := goldenMixture(c)
		levels := goldenLevels(want.size, want.size, want.channels)
		testkit.EachISA(t, func(t *testing.T, isa string) {
			if isa == "generic" && want.size > 8 && testing.Short() {
				return
			}
			outputs := n.NewForward(want.size, want.size).Outputs(levels)
			m := layers.Mixture{Channels: c.Channels, Components: c.Components}
			scratch := m.NewScratch()
			sum := 0.0
			for p := range want.size * want.size {
				out := outputs.Data[p*outputs.Row:][:m.Width()]
				logProb := m.LogProb(out, levels[p*c.Channels:][:c.Channels], scratch)
				sum += logProb
				if p != 3*want.size+5 {
					continue
				}
				if math.Abs(logProb-want.pixel) > 2e-6 {
					t.Errorf("%s: %+v: log-probability of pixel (3, 5) %.9f, want %.9f", isa, c, logProb, want.pixel)
				}
				for k, w := range want.logits {
					if got := float64(out[k*m.Width()/m.Components]); math.Abs(got-w) > 5e-7 {
						t.Errorf("%s: %+v: logit %d of pixel (3, 5) %.9f, want %.9f", isa, c, k, got, w)
					}
				}
			}
			if math.Abs(sum-want.logProb) > 4e-7*math.Abs(want.logProb) {
				t.Errorf("%s: %+v: log-probability %.9f, want %.9f", isa, c, sum, want.logProb)
			}
		})
	}
}

// Parameters as Keras counts them, and those that have an effect.
func TestMixtureParams(t *testing.T) {
	for _, c := range []struct {
		layers.PixelCNNMixture
		params, effective int64
	}{
		{chapterMixture, 624_990, 353_950},
		{layers.PixelCNNMixture{Channels: 3, Components: 5, Filters: 32, Blocks: 1, Resolutions: 2, Rows: 3, Cols: 3}, 628_292, 355_844},
		{layers.PixelCNNMixture{Channels: 3, Components: 10, Filters: 160, Blocks: 5, Resolutions: 3, Rows: 3, Cols: 3}, 94_218_280, 53_657_320},
	} {
		if s := c.Sizes(); s.Params != c.params || s.Effective != c.effective {
			t.Errorf("%+v: %d parameters, %d effective", c, s.Params, s.Effective)
		}
	}
	if n := len(chapterMixture.Convs()); n != 36 {
		t.Errorf("%d layers, want 36", n)
	}
}

// mixtureShapes are small networks of many shapes.
var mixtureShapes = []struct {
	layers.PixelCNNMixture
	height, width int
}{
	{layers.PixelCNNMixture{Channels: 1, Components: 2, Filters: 4, Blocks: 1, Resolutions: 2, Rows: 3, Cols: 3}, 6, 8},
	{layers.PixelCNNMixture{Channels: 3, Components: 3, Filters: 5, Blocks: 2, Resolutions: 1, Rows: 3, Cols: 3}, 5, 4},
	{layers.PixelCNNMixture{Channels: 1, Components: 1, Filters: 3, Blocks: 1, Resolutions: 3, Rows: 3, Cols: 3}, 8, 12},
	{layers.PixelCNNMixture{Channels: 1, Components: 2, Filters: 20, Blocks: 1, Resolutions: 2, Rows: 4, Cols: 5}, 8, 6},
	{layers.PixelCNNMixture{Channels: 3, Components: 2, Filters: 17, Blocks: 2, Resolutions: 3, Rows: 3, Cols: 5}, 4, 8},
	{layers.PixelCNNMixture{Channels: 1, Components: 2, Filters: 33, Blocks: 1, Resolutions: 2, Rows: 5, Cols: 3}, 4, 4},
	{layers.PixelCNNMixture{Channels: 1, Components: 2, Filters: 40, Blocks: 1, Resolutions: 2, Rows: 3, Cols: 3, Activation: layers.ELU}, 6, 4},
	{layers.PixelCNNMixture{Channels: 1, Components: 2, Filters: 7, Blocks: 1, Resolutions: 2, Rows: 3, Cols: 3, Activation: layers.ReLU, Direct: true}, 6, 4},
	{layers.PixelCNNMixture{Channels: 3, Components: 2, Filters: 34, Blocks: 1, Resolutions: 2, Rows: 3, Cols: 3, Condition: 5}, 6, 4},
}

func randomMixture(c layers.PixelCNNMixture) *layers.PixelNet {
	n := layers.NewPixelNet(c)
	seed := uint64(0)
	values := func(k, i int) float64 {
		seed++
		var x [1]float32
		testkit.Values(x[:], seed*977+uint64(k*31+i), 1)
		return float64(x[0])
	}
	setParameters(n, values,
		func(k, j int) float64 { return 1 + 0.3*values(k, j) },
		func(k, j int) float64 { return 0.3 * values(k, j) })
	return n
}

// Changing a pixel changes no output of that pixel, nor of those before it, and some of
// those after it.
func TestMixtureCausality(t *testing.T) {
	for _, s := range mixtureShapes {
		n := randomMixture(s.PixelCNNMixture)
		f := n.NewForward(s.height, s.width)
		levels := make([]uint8, s.height*s.width*s.Channels)
		for i := range levels {
			levels[i] = uint8(i * 83)
		}
		out := f.Outputs(levels)
		want := append([]float32(nil), out.Data...)
		for p := range s.height * s.width {
			levels[p*s.Channels] ^= 0x55
			got := f.Outputs(levels)
			after := false
			for q := range s.height * s.width {
				d := testkit.Diff(got.Data[q*got.Row:][:got.Cols], want[q*got.Row:][:got.Cols])
				if q <= p && d != "" {
					t.Fatalf("%+v: pixel %d changes outputs of pixel %d: %s", s, p, q, d)
				}
				after = after || d != ""
			}
			if !after && p+1 < s.height*s.width {
				t.Errorf("%+v: pixel %d changes nothing", s, p)
			}
			levels[p*s.Channels] ^= 0x55
		}
	}
}

// Whole images, canvases and wavefronts compute the same outputs, to the bit.
func TestMixtureSchedules(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for i, s := range mixtureShapes {
			if isa == "generic" && i > 1 && testing.Short() { // the native step runs all
				break
			}
			n := randomMixture(s.PixelCNNMixture)
			forward := n.NewForward(s.height, s.width)
			const images = 3
			condition := func(b int) []float32 {
				v := make([]float32, s.Condition)
				testkit.Values(v, uint64(b+1), 2)
				return v
			}
			var levels [images][]uint8
			var want [images][]float32
			for b := range levels {
				levels[b] = make([]uint8, s.height*s.width*s.Channels)
				for i := range levels[b] {
					levels[b][i] = uint8(i*83 + b*7)
				}
				forward.SetCondition(condition(b))
				want[b] = append([]float32(nil), forward.Outputs(levels[b]).Data...)
			}
			width := len(want[0]) / (s.height * s.width)
			for count := 1; count <= images; count++ {
				if count == 2 && testing.Short() {
					continue
				}
				w := n.NewWavefront(count, s.height, s.width)
				for round := range 2 {
					w.Reset()
					for b := range count {
						w.SetCondition(b, condition(b))
					}
					for w.Next() {
						w.Features(0)
						w.Head(0)
						for i := range w.Rows() {
							r, c := w.Pixel(i)
							p := r*s.width + c
							for b := range count {
								if d := testkit.Diff(w.Outputs(i, b), want[b][p*width:][:width]); d != "" {
									t.Fatalf("%s: %+v: image %d of %d, pixel (%d, %d), round %d: %s", isa, s, b, count, r, c, round, d)
								}
								for g := range s.Channels {
									w.Set(i, b, g, int(levels[b][p*s.Channels+g]))
								}
							}
						}
					}
				}
			}
		}
	})
}
