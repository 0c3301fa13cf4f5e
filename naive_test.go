package autoreg

import (
	"math"
	"math/rand/v2"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/sampler"
)

// randomPixels returns an image model of random weights.
func randomPixels(c model.PixelConfig) *ImageModel {
	m := model.NewPixel(c)
	for i, l := range m.Net.Convs() {
		w, b := l.Weights()
		testkit.Values(w, uint64(2*i+1), float32(3/math.Sqrt(float64(l.InLen()*l.Spec().Rows*l.Spec().Rows))))
		testkit.Values(b, uint64(2*i+2), 0.3)
		l.SetWeights(w, b)
	}
	return &ImageModel{m}
}

// smallPixels returns a model of odd sizes, grey or in colour.
func smallPixels(channels int) *ImageModel {
	return randomPixels(model.PixelConfig{Height: 6, Width: 5, PixelSpec: layers.PixelCNN{
		Channels: channels, Levels: 4, Filters: 11, Blocks: 2, Kernel: 5,
	}})
}

// randomLevels returns a picture of height×width pixels.
func randomLevels(m *ImageModel, height, width int, seed uint64) []uint8 {
	rng := rand.New(rand.NewPCG(seed, 0))
	levels := make([]uint8, height*width*m.Channels())
	for i := range levels {
		levels[i] = uint8(rng.IntN(m.Levels()))
	}
	return levels
}

// randomMask returns a mask that a part of the pixels is in.
func randomMask(height, width int, part float64, seed uint64) []bool {
	rng := rand.New(rand.NewPCG(seed, 1))
	mask := make([]bool, height*width)
	for i := range mask {
		mask[i] = rng.Float64() < part
	}
	return mask
}

// naive draws image number n as the reference chapter does: for each channel of each
// pixel the logits of the whole image, and a draw of that slot alone.
func naive(m *ImageModel, o *DrawOptions, n int) Image {
	height, width := o.Height, o.Width
	if height == 0 {
		height, width = m.Size()
	}
	var ts []sampler.Transform
	if o.TopK > 0 {
		ts = append(ts, sampler.TopK(o.TopK))
	}
	if o.Temperature != nil {
		ts = append(ts, sampler.Temperature(*o.Temperature))
	}
	chain := sampler.New(o.Seed, ts...)
	C := m.Channels()
	p := Image{Number: n, Height: height, Width: width, Levels: make([]uint8, height*width*C)}
	f := m.pixel.Net.NewForward(height, width)
	for slot := range p.Levels {
		all := f.Outputs(p.Levels)
		logits := all.Data[slot/C*all.Row+slot%C*(all.Cols/C):][:m.Levels()]
		if o.Mask != nil && o.Mask[slot/C] {
			p.Levels[slot] = o.Known[slot]
			p.KnownLogProb += logProb(logits, o.Known[slot])
			continue
		}
		chain.Seek(uint64(n), uint64(slot))
		p.Levels[slot] = uint8(chain.Sample(logits))
	}
	return p
}

// logProb returns ln p of a level, in float64.
func logProb(logits []float32, level uint8) float64 {
	sum := 0.0
	for _, v := range logits {
		sum += math.Exp(float64(v))
	}
	return float64(logits[level]) - math.Log(sum)
}

// paintOptions are for pictures of m's own size.
func paintOptions(m *ImageModel) []DrawOptions {
	h, w := m.Size()
	known := randomLevels(m, h, w, 5)
	return []DrawOptions{
		{},
		{Seed: 1},
		{Seed: math.MaxUint64, Temperature: new(0.6)},
		{Seed: 2, Temperature: new(0.0)},
		{Seed: 3, TopK: 2},
		{Seed: 4, TopK: 3, Temperature: new(1.7)},
		{Seed: 5, Known: known, Mask: randomMask(h, w, 0.5, 1)},
		{Seed: 6, Known: known, Mask: randomMask(h, w, 0.1, 2), TopK: 3},
		{Seed: 7, Known: known, Mask: randomMask(h, w, 0.9, 3), Temperature: new(2.0)},
		{Seed: 8, Height: 3, Width: 9},
		{Seed: 9, Height: 9, Width: 2, Temperature: new(0.9)},
	}
}
