package layers_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
)

// mixtureReference is ln p of a pixel by TensorFlow Probability's formula, in float64, and
// in units of 0…255.
func mixtureReference(m layers.Mixture, out []float64, values []float32) float64 {
	softplus := func(v float64) float64 { return math.Max(v, 0) + math.Log1p(math.Exp(-math.Abs(v))) }
	sumExp := func(x []float64) float64 {
		top, sum := slices.Max(x), 0.0
		for _, v := range x {
			sum += math.Exp(v - top)
		}
		return top + math.Log(sum)
	}
	size := len(out) / m.Components
	var logits, joint []float64
	for ; len(out) > 0; out = out[size:] {
		locs, raw, coefficients := out[1:], out[1+m.Channels:], out[1+2*m.Channels:]
		sum, pair := out[0]-out[0], 0
		for c := range m.Channels {
			mean := locs[c]
			for j := range c {
				mean += coefficients[pair] * (2*float64(values[j])/255 - 1)
				pair++
			}
			mean, scale := 127.5*(mean+1), 127.5*(softplus(raw[c])+math.Exp(-7))
			y := math.Floor(float64(values[c]))
			lower, upper := (y-0.5-mean)/scale, (y+0.5-mean)/scale
			if y == 0 {
				lower = math.Inf(-1)
			}
			if y == 255 {
				upper = math.Inf(1)
			}
			if -softplus(upper) < -softplus(-upper) { // right of the median
				lower, upper = -upper, -lower
			}
			big, small := -softplus(-upper), -softplus(-lower)
			sum += big + math.Log(-math.Expm1(small-big))
		}
		logits, joint = append(logits, out[0]), append(joint, out[0]+sum)
	}
	return sumExp(joint) - sumExp(logits)
}

func widen(x []float32) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}

// A mixtureCase is a pixel: outputs and values.
type mixtureCase struct {
	layers.Mixture
	name        string
	out, values []float32
}

func (c mixtureCase) levels() []uint8 {
	levels := make([]uint8, len(c.values))
	for i, v := range c.values {
		levels[i] = uint8(v)
	}
	return levels
}

// first returns the case of the first channels alone.
func (c mixtureCase) first(channels int) mixtureCase {
	f := mixtureCase{Mixture: layers.Mixture{Channels: channels, Components: c.Components}, name: c.name, values: c.values[:channels]}
	for k := range c.Components {
		p := c.out[k*len(c.out)/c.Components:]
		f.out = append(append(append(append(f.out, p[0]), p[1:][:channels]...), p[1+c.Channels:][:channels]...), p[1+2*c.Channels:][:channels*(channels-1)/2]...)
	}
	return f
}

// mixtureCases returns n pixels of each kind.
func mixtureCases(n int) (cases []mixtureCase) {
	r := rand.New(rand.NewPCG(11, 0))
	between := func(a, b float64) float32 { return float32(a + (b-a)*r.Float64()) }
	for _, m := range []layers.Mixture{{Channels: 1, Components: 1}, {Channels: 1, Components: 5}, {Channels: 3, Components: 2}, {Channels: 3, Components: 10}, {Channels: 4, Components: 3}} {
		for _, kind := range []struct {
			name             string
			locs, least, top float64
		}{{"usual", 1, -5, -1}, {"narrow", 1, -12, -4}, {"wide", 1, 0, 6}, {"outside", 3, -6, 3}} {
			for range n {
				c := mixtureCase{Mixture: m, name: fmt.Sprintf("%d×%d %s", m.Channels, m.Components, kind.name)}
				for range m.Components {
					c.out = append(c.out, between(-4, 4))
					for range m.Channels {
						c.out = append(c.out, between(-kind.locs, kind.locs))
					}
					for range m.Channels {
						c.out = append(c.out, between(kind.least, kind.top))
					}
					for range m.Channels * (m.Channels - 1) / 2 {
						c.out = append(c.out, between(-1, 1))
					}
				}
				for range m.Channels {
					v := []float32{0, 255, 1, 254, between(0, 255)}[min(r.IntN(12), 4)]
					c.values = append(c.values, v)
				}
				cases = append(cases, c)
			}
		}
	}
	return cases
}

// LogProb against another formula, and levels against values.
func TestMixtureLogProb(t *testing.T) {
	for _, c := range mixtureCases(50) {
		s := c.NewScratch()
		got, want := c.LogProbValues(c.out, c.values, s), mixtureReference(c.Mixture, widen(c.out), c.values)
		if math.Abs(got-want) > 1e-12*math.Max(1, -want) {
			t.Errorf("%s, %v: ln p = %v, want %v", c.name, c.values, got, want)
		}
		for i, v := range c.values {
			c.values[i] = float32(math.Floor(float64(v)))
		}
		if a, b := c.LogProb(c.out, c.levels(), s), c.LogProbValues(c.out, c.values, s); a != b {
			t.Errorf("%s, %v: ln p = %v of levels, %v of the same values", c.name, c.values, a, b)
		}
	}
}

// The probabilities of the last channel's levels sum to those of the channels before, and
// of a first channel's to 1.
func TestMixtureSums(t *testing.T) {
	for _, c := range mixtureCases(4) {
		for g := range c.Channels {
			f, want := c.first(g+1), 1.0
			if g > 0 {
				before := c.first(g)
				want = math.Exp(before.LogProb(before.out, before.levels(), before.NewScratch()))
			}
			sum, levels, s := 0.0, f.levels(), f.NewScratch()
			for v := range layers.MixtureLevels {
				levels[g] = uint8(v)
				sum += math.Exp(f.LogProb(f.out, levels, s))
			}
			if math.Abs(sum-want) > 1e-12*want {
				t.Errorf("%s: p of %d channels sums to %v, want %v", c.name, g+1, sum, want)
			}
		}
	}
}

// The gradient against differences of the reference, by every output, in place too.
func TestMixtureGradient(t *testing.T) {
	const scale = 0.37
	for _, c := range mixtureCases(5) {
		s, dst := c.NewScratch(), make([]float32, len(c.out))
		loss := c.GradientValues(dst, c.out, c.values, scale, s)
		if want := -c.LogProbValues(c.out, c.values, s); loss != want {
			t.Errorf("%s: loss %v, want %v", c.name, loss, want)
		}
		at, h := widen(c.out), 2e-5
		if strings.HasSuffix(c.name, "wide") {
			h = 4e-4 // smooth, and the reference loses digits
		}
		for i := range at {
			f := func(d float64) float64 {
				x := slices.Clone(at)
				x[i] += d
				return -mixtureReference(c.Mixture, x, c.values)
			}
			want := scale * (8*(f(h)-f(-h)) - (f(2*h) - f(-2*h))) / (12 * h)
			// Roundings of f, and of the result; the differences' own error is below both.
			if got := float64(dst[i]); math.Abs(got-want) > 4e-11*math.Max(1, loss)+2e-7*math.Abs(want) {
				t.Errorf("%s, %v: gradient of output %d is %v, want %v", c.name, c.values, i, got, want)
			}
		}
		in := slices.Clone(c.out)
		c.GradientValues(in, in, c.values, scale, s)
		if diff := testkit.Diff(in, dst); diff != "" {
			t.Errorf("%s: in place: %s", c.name, diff)
		}
		c.Gradient(in, c.out, c.levels(), 0, s)
		if slices.Max(in) != 0 || slices.Min(in) != 0 {
			t.Errorf("%s: gradient %v for scale 0", c.name, in)
		}
	}
}

// Whatever finite outputs, results are without NaN, gradients finite, probabilities sum
// to 1 and draws are in range.
func TestMixtureExtremes(t *testing.T) {
	values := []float32{0, -1, 1000, -1000, 1e30, -1e30, math.MaxFloat32, -math.MaxFloat32, 1e-40, 30}
	r := rand.New(rand.NewPCG(12, 0))
	for n := range 4000 {
		m := layers.Mixture{Channels: 1 + n%7, Components: 1 + n/7%3}
		s, out, levels := m.NewScratch(), make([]float32, m.Width()), make([]uint8, m.Channels)
		for i := range out {
			out[i] = values[r.IntN(len(values))]
		}
		for i := range levels {
			levels[i] = []uint8{0, 1, 100, 254, 255}[r.IntN(5)]
		}
		if p := m.LogProb(out, levels, s); !(p < 1e-12) || math.IsInf(p, 0) {
			t.Fatalf("%+v: ln p of %v, %v is %v", m, out, levels, p)
		}
		dst := make([]float32, m.Width())
		m.Gradient(dst, out, levels, 1, s)
		for _, v := range dst {
			if v != v || math.IsInf(float64(v), 0) {
				t.Fatalf("%+v: gradient of %v, %v is %v", m, out, levels, dst)
			}
		}
		logits := make([]float32, layers.MixtureLevels)
		m.Logits(logits, out, levels, m.Channels-1, s)
		if err := sumError(logits); !(err <= 3e-7) {
			t.Fatalf("%+v: probabilities of %v, %v sum to 1 but for %v", m, out, levels, err)
		}
		x, u := make([]float32, m.Channels), make([]float64, 1+m.Channels)
		for i := range u {
			u[i] = []float64{0, 5e-324, 0.5, 1 - 0x1p-53}[r.IntN(4)]
		}
		m.Draw(x, out, u, n%2 == 0, s)
		if !(slices.Min(x) >= -1 && slices.Max(x) <= 1) {
			t.Fatalf("%+v: draw of %v, %v is %v", m, out, u, x)
		}
	}
	m := layers.Mixture{Channels: 1, Components: 2}
	for i := range m.Width() {
		out, s := make([]float32, m.Width()), m.NewScratch()
		out[i] = float32(math.NaN())
		if p := m.LogProb(out, []uint8{7}, s); p == p {
			t.Errorf("ln p is %v with NaN as output %d", p, i)
		}
		m.Draw(make([]float32, 1), out, []float64{0.5, 0.5}, true, s)
		m.Logits(make([]float32, layers.MixtureLevels), out, nil, 0, s)
	}
}
