package layers_test

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
)

// sumError returns by how much the sum of probabilities is off 1.
func sumError(logits []float32) float64 {
	sum := -1.0
	for _, v := range logits {
		sum += math.Exp(float64(v))
	}
	return math.Abs(sum)
}

// Logits of channel g against the ratio of what LogProb gives with and without it.
func TestMixtureLogits(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		dst := make([]float32, layers.MixtureLevels)
		var worst, worstSum float64
		for _, c := range mixtureCases(5) {
			s, levels := c.NewScratch(), c.levels()
			for g := range c.Channels {
				c.Logits(dst, c.out, levels[:g], g, s)
				worstSum = max(worstSum, sumError(dst))
				f, before := c.first(g+1), 0.0
				if g > 0 {
					b := c.first(g)
					before = b.LogProb(b.out, b.levels(), b.NewScratch())
				}
				given, scratch := f.levels(), f.NewScratch()
				for v, got := range dst {
					given[g] = uint8(v)
					want := f.LogProb(f.out, given, scratch) - before
					if want < -85 { // near the least normal float32
						if got > -84 {
							t.Errorf("%s, channel %d: logit of level %d is %v, want %v", c.name, g, v, got, want)
						}
						continue
					}
					worst = max(worst, math.Abs(float64(got)-want)/math.Max(1, -want))
				}
			}
		}
		// What was measured, rounded up: a few roundings of float32.
		if !(worst <= 2.5e-7) {
			t.Errorf("logits are off by up to %v of themselves", worst)
		}
		if !(worstSum <= 2e-7) {
			t.Errorf("probabilities sum to 1 but for %v", worstSum)
		}
	})
}

// chiSquare fails unless draws have the probabilities, those below 5 draws counted
// together, within 5 standard deviations of the statistic.
func chiSquare(t *testing.T, name string, draws []int, p []float64) {
	t.Helper()
	total := 0
	for _, n := range draws {
		total += n
	}
	var statistic, rest, restDraws float64
	freedom := 0.0
	add := func(n, want float64) {
		statistic += (n - want) * (n - want) / want
		freedom++
	}
	for i, n := range draws {
		if want := p[i] * float64(total); want >= 5 {
			add(float64(n), want)
		} else {
			rest, restDraws = rest+want, restDraws+float64(n)
		}
	}
	if rest >= 1 {
		add(restDraws, rest)
	}
	freedom--
	if !(statistic <= freedom+5*math.Sqrt(2*freedom)) {
		t.Errorf("%s: χ² is %v for %v degrees of freedom", name, statistic, freedom)
	}
}

// Draws have the probabilities of Logits: rounded ones in all channels, others in the
// first.
func TestMixtureDraw(t *testing.T) {
	const draws = 10000
	r := rand.New(rand.NewPCG(13, 0))
	logits := make([]float32, layers.MixtureLevels)
	for _, c := range mixtureCases(1) {
		if c.Channels > 1 {
			c = c.first(2)
		}
		s := c.NewScratch()
		x, u := make([]float32, c.Channels), make([]float64, 1+c.Channels)
		var want [2][layers.MixtureLevels]float64
		c.Logits(logits, c.out, nil, 0, s)
		for v, logit := range logits {
			want[0][v] = math.Exp(float64(logit))
		}
		if c.Channels > 1 {
			for first, p := range want[0] {
				c.Logits(logits, c.out, []uint8{uint8(first)}, 1, s)
				for v, logit := range logits {
					want[1][v] += p * math.Exp(float64(logit))
				}
			}
		}
		for _, rounded := range []bool{true, false} {
			counts := [2][]int{make([]int, layers.MixtureLevels), make([]int, layers.MixtureLevels)}
			between := 0
			for range draws {
				for i := range u {
					u[i] = r.Float64()
				}
				c.Draw(x, c.out, u, rounded, s)
				for i, v := range x {
					level := layers.MixtureLevel(v)
					counts[i][level]++
					if v != float32(2*float64(level)/255-1) {
						between++
					}
				}
			}
			chiSquare(t, c.name+", first channel", counts[0], want[0][:])
			if rounded && c.Channels > 1 {
				chiSquare(t, c.name+", second channel", counts[1], want[1][:])
			}
			if rounded == (between > 0) {
				t.Errorf("%s: %d values lie between levels, rounded: %v", c.name, between, rounded)
			}
		}
	}
}

// The inverse of the distribution function, and the limits of u.
func TestMixtureDrawValues(t *testing.T) {
	m := layers.Mixture{Channels: 2, Components: 2}
	s, x := m.NewScratch(), make([]float32, 2)
	raw := float32(math.Log(math.Expm1(0.1)))
	out := []float32{
		0, 0.25, 0.5, raw, raw, 0.5,
		float32(math.Log(3)), -0.25, 0, raw, raw, -1,
	}
	scale := math.Log1p(math.Exp(float64(raw))) + math.Exp(-7)
	for _, c := range []struct {
		u        []float64
		rounded  bool
		want     [2]float64
		describe string
	}{
		{[]float64{0, 0.5, 0.5}, false, [2]float64{0.25, 0.625}, "medians of the first component"},
		{[]float64{0.2499, 0.5, 0.5}, false, [2]float64{0.25, 0.625}, "the first component up to a quarter"},
		{[]float64{0.2501, 0.5, 0.5}, false, [2]float64{-0.25, 0.25}, "then the second"},
		{[]float64{0.9, 0.75, 0.5}, false, [2]float64{-0.25 + scale*math.Log(3), 0.25 - scale*math.Log(3)}, "a quartile"},
		{[]float64{0, 0, 0.5}, false, [2]float64{-1, 0}, "u = 0"},
		{[]float64{0, 1 - 0x1p-53, 0.5}, false, [2]float64{1, 1}, "clipped"},
		{[]float64{0, 0.5, 0.5}, true, [2]float64{2*159./255 - 1, 2*207./255 - 1}, "rounded"}, // 127.5·1.25 = 159.4, 127.5·(1.5 + 0.2471/2) = 207.0
	} {
		m.Draw(x, out, c.u, c.rounded, s)
		for i, want := range c.want {
			if math.Abs(float64(x[i])-want) > 1e-7 {
				t.Errorf("%s: channel %d is %v, want %v", c.describe, i, x[i], want)
			}
		}
	}
	for x, want := range map[float32]uint8{-1: 0, 1: 255, 0: 128, -2: 0, 2: 255, float32(math.NaN()): 0, float32(math.Inf(1)): 255} {
		if got := layers.MixtureLevel(x); got != want {
			t.Errorf("MixtureLevel(%v) = %d, want %d", x, got, want)
		}
	}
	for v := range layers.MixtureLevels {
		if got := layers.MixtureLevel(float32(2*float64(v)/255 - 1)); int(got) != v {
			t.Errorf("level %d comes back as %d", v, got)
		}
	}
}

// The same bits on every instruction set and architecture.
func TestMixtureBits(t *testing.T) {
	const want = 0xc731ab5dcdabd5b1
	testkit.EachISA(t, func(t *testing.T, isa string) {
		hash := fnv.New64a()
		put := func(v any) { binary.Write(hash, binary.LittleEndian, v) }
		logits := make([]float32, layers.MixtureLevels)
		r := rand.New(rand.NewPCG(14, 0))
		for _, c := range mixtureCases(10) {
			s, levels := c.NewScratch(), c.levels()
			put(c.LogProb(c.out, levels, s))
			grad, x, u := make([]float32, len(c.out)), make([]float32, c.Channels), make([]float64, 1+c.Channels)
			put(c.GradientValues(grad, c.out, c.values, 0.1, s))
			put(grad)
			for i := range u {
				u[i] = r.Float64()
			}
			c.Draw(x, c.out, u, false, s)
			put(x)
			for g := range c.Channels {
				c.Logits(logits, c.out, levels, g, s)
				put(logits)
			}
		}
		if got := hash.Sum64(); got != want {
			t.Errorf("hash %#x, want %#x", got, uint64(want))
		}
	})
}

func TestMixtureNoAllocs(t *testing.T) {
	for _, c := range mixtureCases(1)[:12] {
		s, levels := c.NewScratch(), c.levels()
		dst, x, u := make([]float32, layers.MixtureLevels), make([]float32, c.Channels), make([]float64, 1+c.Channels)
		testkit.NoAllocs(t, func() {
			for range 20 {
				c.LogProb(c.out, levels, s)
				c.Gradient(dst[:len(c.out)], c.out, levels, 1, s)
				c.GradientValues(dst[:len(c.out)], c.out, c.values, 1, s)
				c.Logits(dst, c.out, levels, c.Channels-1, s)
				c.Draw(x, c.out, u, true, s)
			}
		})
	}
}

func TestMixturePanics(t *testing.T) {
	m := layers.Mixture{Channels: 3, Components: 2}
	if m.Width() != 20 {
		t.Errorf("Width %d, want 20", m.Width())
	}
	s, out, levels := m.NewScratch(), make([]float32, 20), make([]uint8, 3)
	values, x, u, logits := make([]float32, 3), make([]float32, 3), make([]float64, 4), make([]float32, 256)
	const (
		sizes   = "layers: Mixture: channels are not 1 to 7, or there are no components"
		width   = "layers: Mixture: len(out) is not Width"
		pixel   = "layers: Mixture: a length is wrong, or a value outside 0…255"
		scratch = "layers: Mixture: scratch of another mixture"
	)
	for _, c := range []struct {
		want string
		f    func()
	}{
		{sizes, func() { layers.Mixture{Channels: 0, Components: 2}.NewScratch() }},
		{sizes, func() { layers.Mixture{Channels: 8, Components: 2}.Width() }},
		{sizes, func() { layers.Mixture{Channels: 1, Components: 0}.Width() }},
		{width, func() { m.LogProb(out[:19], levels, s) }},
		{pixel, func() { m.LogProb(out, levels[:2], s) }},
		{pixel, func() { m.LogProbValues(out, []float32{0, 255.5, 0}, s) }},
		{pixel, func() { m.LogProbValues(out, []float32{-0.5, 0, 0}, s) }},
		{pixel, func() { m.GradientValues(out, out, []float32{float32(math.NaN()), 0, 0}, 1, s) }},
		{pixel, func() { m.LogProbValues(out, values[:1], s) }},
		{pixel, func() { m.Gradient(out[:19], out, levels, 1, s) }},
		{pixel, func() { m.Logits(logits[:255], out, levels, 0, s) }},
		{pixel, func() { m.Logits(logits, out, levels, 3, s) }},
		{pixel, func() { m.Logits(logits, out, levels, -1, s) }},
		{pixel, func() { m.Logits(logits, out, levels[:1], 2, s) }},
		{pixel, func() { m.Draw(x[:2], out, u, true, s) }},
		{pixel, func() { m.Draw(x, out, u[:3], true, s) }},
		{scratch, func() { m.Draw(x, out, u, true, layers.Mixture{Channels: 3, Components: 1}.NewScratch()) }},
	} {
		testkit.Panics(t, c.want, c.f)
	}
}
