package autoreg

import (
	"context"
	"errors"
	"image"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/sampler"
)

// mixtureModel returns a small model with random weights.
func mixtureModel(channels int) *ImageModel { return classModel(channels, 0) }

// classModel returns such a model that is conditioned on classes.
func classModel(channels, classes int) *ImageModel {
	p := model.NewPixel(model.PixelConfig{Height: 6, Width: 4, PixelSpec: layers.PixelCNNMixture{
		Channels: channels, Components: 3, Filters: 9, Blocks: 1, Resolutions: 2, Rows: 3, Cols: 3, Condition: classes,
	}})
	for i, v := range layers.ValuesOf(p.Net) {
		testkit.Values(v, uint64(i+1), 1)
	}
	// Narrow components, so that most draws lie within the levels.
	convs := p.Net.Convs()
	bias := convs[len(convs)-1].Parameters("")[2]
	b := slices.Clone(bias.Get())
	for i := range b {
		if at := i % (len(b) / 3); at > channels && at <= 2*channels {
			b[i] -= 4
		}
	}
	bias.Set(b)
	p.Net.Refresh()
	return &ImageModel{p}
}

// However images of a mixture are drawn, they are the same, and so is what is known of
// them: together or alone, on a canvas, and as the naive sampler draws them from whole
// images, with and without transforms.
func TestMixtureDraws(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, channels := range []int{1, 3} {
			m := mixtureModel(channels)
			height, width := m.Size()
			known, mask := make([]uint8, height*width*channels), make([]bool, height*width)
			for i := range known {
				known[i] = uint8(37 * i)
			}
			for i := range mask {
				mask[i] = i%5 < 2
			}
			for _, o := range []DrawOptions{
				{Seed: 3, Count: 5},
				{Seed: 4, Count: 3, Temperature: new(0.7), TopK: 9},
				{Seed: 5, Count: 3, Known: known, Mask: mask},
				{Seed: 6, Count: 3, Known: known, Mask: mask, Temperature: new(1.2)},
			} {
				images, err := m.Draw(t.Context(), &o)
				if err != nil {
					t.Fatal(err)
				}
				for n, img := range images {
					if n > 0 && testing.Short() { // the naive sampler takes most of the time
						break
					}
					want := naiveMixture(m, &o, n)
					if !slices.Equal(img.Levels, want.Levels) {
						t.Fatalf("%s: %d channels, %+v: image %d is not that of the naive sampler", isa, channels, o, n)
					}
					if img.KnownLogProb != want.KnownLogProb {
						t.Errorf("%s: %d channels, %+v: image %d: known log-probability %v, want %v", isa, channels, o, n, img.KnownLogProb, want.KnownLogProb)
					}
				}
				if o.Known != nil {
					continue
				}
				canvas, err := m.NewCanvas(0, 0)
				if err != nil {
					t.Fatal(err)
				}
				for n, img := range images {
					canvas.Reset()
					for _, err := range canvas.Draw(t.Context(), naiveChain(&o), uint64(n)) {
						if err != nil {
							t.Fatal(err)
						}
					}
					if !slices.Equal(canvas.Levels(nil), img.Levels) {
						t.Fatalf("%s: %d channels, %+v: image %d on a canvas differs", isa, channels, o, n)
					}
				}
			}
		}
	})
}

func naiveChain(o *DrawOptions) *sampler.Chain {
	var ts []sampler.Transform
	if o.TopK > 0 {
		ts = append(ts, sampler.TopK(o.TopK))
	}
	if o.Temperature != nil {
		ts = append(ts, sampler.Temperature(*o.Temperature))
	}
	return sampler.New(o.Seed, ts...)
}

// naiveMixture draws image n from the outputs of a whole image for each level.
func naiveMixture(m *ImageModel, o *DrawOptions, n int) Image {
	height, width := m.Size()
	C := m.Channels()
	p := Image{Number: n, Height: height, Width: width, Levels: make([]uint8, height*width*C)}
	f, head := m.pixel.Net.NewForward(height, width), m.pixel.Net.NewHead()
	if m.Classes() > 0 {
		f.SetCondition(oneHot(m, o.Classes[n]))
	}
	s := &naiveSource{head: head}
	chain := naiveChain(o)
	for pixel := range height * width {
		levels := p.Levels[pixel*C:][:C]
		for g := range C {
			all := f.Outputs(p.Levels)
			s.out = all.Data[pixel*all.Row:][:all.Cols]
			s.levels, s.g, s.n, s.slot = levels, g, uint64(n), uint64(pixel*C+g)
			if o.Mask != nil && o.Mask[pixel] {
				levels[g] = o.Known[pixel*C+g]
				continue
			}
			for step := range chain.Run(context.Background(), s, &sampler.RunOptions{Steps: 1}) {
				levels[g] = uint8(step.ID)
			}
		}
		if o.Mask != nil && o.Mask[pixel] {
			all := f.Outputs(p.Levels)
			loss := make([]float64, head.LossesPerPixel())
			head.Losses(loss, all.SubRows(pixel, 1), levels)
			for _, l := range loss {
				p.KnownLogProb -= l
			}
		}
	}
	return p
}

// Unrounded draws are the same alone and together, and others than rounded ones; later
// pixels depend on what is lost in rounding.
func TestMixtureUnrounded(t *testing.T) {
	for _, channels := range []int{1, 3} {
		m := mixtureModel(channels)
		o := DrawOptions{Seed: 3, Count: 6, Unrounded: true, Temperature: new(1.0)}
		images, err := m.Draw(t.Context(), &o)
		if err != nil {
			t.Fatal(err)
		}
		rounded, err := m.Draw(t.Context(), &DrawOptions{Seed: 3, Count: 6})
		if err != nil {
			t.Fatal(err)
		}
		differ := false // a level now and then, and then others after it
		for n, img := range images {
			one, err := m.Draw(t.Context(), &DrawOptions{Seed: 3, First: n, Unrounded: true})
			if err != nil || !slices.Equal(one[0].Levels, img.Levels) {
				t.Errorf("image %d alone differs (%v)", n, err)
			}
			differ = differ || !slices.Equal(img.Levels, rounded[n].Levels)
		}
		if !differ {
			t.Errorf("%d channels: all images are those of rounded draws", channels)
		}
		for want, o := range map[string]*DrawOptions{
			"Unrounded goes with neither Temperature, TopK nor Known": {Unrounded: true, Temperature: new(0.5)},
			"Unrounded goes with neither Temperature, TopK nor":       {Unrounded: true, TopK: 3},
		} {
			if _, err := m.Draw(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%+v: %v, want %q", o, err, want)
			}
		}
	}
	if _, err := smallPixels(1).Draw(t.Context(), &DrawOptions{Unrounded: true}); err == nil || !strings.Contains(err.Error(), "Unrounded is for mixtures of logistics") {
		t.Errorf("a model of probabilities: %v", err)
	}
}

// Outputs that are not finite are no images, rounded or not.
func TestMixtureNoSymbol(t *testing.T) {
	m := mixtureModel(1)
	for _, v := range layers.ValuesOf(m.pixel.Net) {
		for i := range v {
			v[i] *= 1e30
		}
	}
	m.pixel.Net.Refresh()
	for _, unrounded := range []bool{false, true} {
		if list, err := m.Draw(t.Context(), &DrawOptions{Unrounded: unrounded}); !errors.Is(err, sampler.ErrNoSymbol) || list != nil {
			t.Errorf("unrounded %v: %v, %v", unrounded, list, err)
		}
	}
}

// A size that the resolutions do not divide is refused by all that takes one.
func TestMixtureSizes(t *testing.T) {
	m := mixtureModel(1)
	for _, size := range [][2]int{{5, 4}, {6, 3}, {9, 9}, {1, 2}} {
		h, w := size[0], size[1]
		_, drawn := m.Draw(t.Context(), &DrawOptions{Height: h, Width: w})
		_, canvas := m.NewCanvas(h, w)
		_, score := m.Score(t.Context(), slices.Values([][]uint8{make([]uint8, h*w)}), &ScoreOptions{Height: h, Width: w})
		_, levels := m.Quantise(image.NewGray(image.Rect(0, 0, w, h)), h, w)
		for i, err := range []error{drawn, canvas, score, levels} {
			if err == nil || !strings.Contains(err.Error(), "this model wants a width and a height that are multiples of 2") {
				t.Errorf("%d×%d: case %d: %v", w, h, i, err)
			}
		}
	}
	if _, err := m.Draw(t.Context(), &DrawOptions{Height: 8, Width: 2}); err != nil {
		t.Error(err)
	}
}

// A naiveSource is one level of a pixel whose outputs are known.
type naiveSource struct {
	head    layers.PixelHead
	out     []float32
	levels  []uint8
	g       int
	n, slot uint64
}

func (s *naiveSource) Symbols() int           { return 256 }
func (s *naiveSource) Logits(dst []float32)   { s.head.Logits(dst, s.out, s.levels, s.g) }
func (s *naiveSource) Advance(int)            {}
func (s *naiveSource) Slot() (uint64, uint64) { return s.n, s.slot }
func (s *naiveSource) Draw(u, v float64) int {
	return s.head.(layers.PixelDrawer).DrawLevel(s.out, s.levels, s.g, u, v)
}

// Score is the sum of log-probabilities, the same for any number of threads.
func TestMixtureScore(t *testing.T) {
	for _, channels := range []int{1, 3} {
		m := mixtureModel(channels)
		images := manyImages(m, 6, 4, 7)
		want := Score{Items: 7, Symbols: 7 * 24 * channels}
		mixture := layers.Mixture{Channels: channels, Components: 3}
		scratch := mixture.NewScratch()
		f := m.pixel.Net.NewForward(6, 4)
		for _, levels := range images {
			out := f.Outputs(levels)
			sum := 0.0
			for p := range 24 {
				sum -= mixture.LogProb(out.Data[p*out.Row:][:mixture.Width()], levels[p*channels:][:channels], scratch)
			}
			want.Loss += sum
		}
		for threads := 1; threads <= 3; threads++ {
			got, err := m.Score(t.Context(), slices.Values(images), &ScoreOptions{Threads: threads})
			if err != nil || got != want || math.IsNaN(got.Loss) {
				t.Errorf("%d channels, %d threads: %+v, %v; want %+v", channels, threads, got, err, want)
			}
		}
	}
}
