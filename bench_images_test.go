package autoreg_test

// The README's figures on images; see bench_test.go.

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"testing"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/sampler"
	"github.com/autoreg/autoreg/train"
	"github.com/autoreg/autoreg/train/images"
)

// chapterPixels is the reference chapter's model of 16×16 pixels.
var chapterPixels = model.PixelConfig{Height: 16, Width: 16, PixelSpec: layers.PixelCNN{
	Channels: 1, Levels: 4, Filters: 128, Blocks: 5, Kernel: 7,
}}

const (
	pixelWeights  = 220_672                  // multiply-adds a pixel: one a weight of an open tap
	pixelFlop     = 2 * pixelWeights * 256.0 // an image
	naiveForwards = 256

	// A canvas reads the weights of the three upper taps of each 3×3 layer once a row,
	// the others once a pixel.
	aboveWeights = 5 * 3 * 64 * 64
	canvasReads  = pixelWeights - aboveWeights + aboveWeights/16 // weights a pixel
)

// randomPixelNet returns the reference network with random weights.
func randomPixelNet() *model.Pixel {
	m := model.NewPixel(chapterPixels)
	for i, c := range m.Net.Convs() {
		w, bias := c.Weights()
		testkit.Values(w, uint64(i), 0.1)
		testkit.Values(bias, uint64(i), 0.1)
		c.SetWeights(w, bias)
	}
	return m
}

func randomImageModel(tb testing.TB) (*autoreg.ImageModel, *layers.PixelNet) {
	tb.Helper()
	p := randomPixelNet()
	var b bytes.Buffer
	if _, err := p.File().WriteTo(&b); err != nil {
		tb.Fatal(err)
	}
	m, err := autoreg.Load[*autoreg.ImageModel](&b, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return m, p.Net
}

// BenchmarkPixelForward: the logits of all pixels of whole images, 16×16, 4
// levels.
func BenchmarkPixelForward(b *testing.B) {
	testkit.EachISA(b, func(b *testing.B, isa string) {
		notGeneric(b, isa)
		_, net := randomImageModel(b)
		for _, n := range []int{1, 16} {
			b.Run(fmt.Sprintf("b=%d", n), func(b *testing.B) {
				forward, levels := net.NewForward(16, 16), make([]uint8, 256)
				f := func() {
					for range n {
						forward.Outputs(levels)
					}
				}
				b.ReportAllocs()
				for b.Loop() {
					f()
				}
				ofPeak(b, isa, float64(n)*pixelFlop, 1, f)
			})
		}
	})
}

// BenchmarkDraw: whole images, drawn, everything included: %peak is that of the
// multiply-adds, ×naive how many times longer the naive sampler takes, which computes
// the logits of a whole image for each pixel.
func BenchmarkDraw(b *testing.B) {
	testkit.EachISA(b, func(b *testing.B, isa string) {
		notGeneric(b, isa)
		m, net := randomImageModel(b)
		forward, levels := net.NewForward(16, 16), make([]uint8, 256)
		for _, n := range []int{1, 16, 64} {
			for _, threads := range []int{1, 2} {
				if n == 1 && threads > 1 {
					continue
				}
				b.Run(fmt.Sprintf("b=%d/threads=%d", n, threads), func(b *testing.B) {
					if threads > runtime.GOMAXPROCS(0) {
						b.Skip("fewer CPUs than threads")
					}
					o := &autoreg.DrawOptions{Count: n, Threads: threads}
					f := func() {
						if _, err := m.Draw(context.Background(), o); err != nil {
							b.Fatal(err)
						}
						o.Seed++
					}
					for b.Loop() {
						f()
					}
					b.ReportMetric(b.Elapsed().Seconds()*1e3/float64(b.N)/float64(n), "ms/image")
					ofPeak(b, isa, float64(n)*pixelFlop, threads, f)
					naive := testkit.OfPeak(isa, pixelFlop, func() { forward.Outputs(levels) })
					drawn := testkit.OfPeak(isa, float64(n)*pixelFlop, f)
					if naive > 0 {
						b.ReportMetric(naiveForwards*drawn/naive, "×naive")
					}
				})
			}
		}
	})
}

// BenchmarkNaive: the sampler that Draw is compared with: for each pixel the
// logits of the whole image.
func BenchmarkNaive(b *testing.B) {
	testkit.EachISA(b, func(b *testing.B, isa string) {
		notGeneric(b, isa)
		_, net := randomImageModel(b)
		forward, levels, chain := net.NewForward(16, 16), make([]uint8, 256), sampler.New(1)
		for b.Loop() {
			clear(levels)
			for p := range levels {
				logits := forward.Outputs(levels)
				chain.Seek(0, uint64(p))
				levels[p] = uint8(chain.Sample(logits.Data[p*logits.Row:][:4]))
			}
		}
		b.ReportMetric(b.Elapsed().Seconds()*1e3/float64(b.N), "ms/image")
	})
}

// BenchmarkCanvas: one image in raster order, pixel by pixel from the caches. %read
// counts the weights as often as a canvas must read them.
func BenchmarkCanvas(b *testing.B) {
	testkit.EachISA(b, func(b *testing.B, isa string) {
		notGeneric(b, isa)
		_, net := randomImageModel(b)
		state, chain, logits := net.NewState(16, 16), sampler.New(1), make([]float32, 4)
		f := func() {
			if state.Done() {
				state.Reset()
			}
			state.Logits(logits)
			chain.Seek(0, uint64(state.Next()))
			state.Advance(chain.Sample(logits))
		}
		f()
		b.ReportAllocs()
		for b.Loop() {
			f()
		}
		b.ReportMetric(256e3*b.Elapsed().Seconds()/float64(b.N), "ms/image")
		b.ReportMetric(float64(state.Bytes()), "bytes")
		ofRead(b, isa, 4*canvasReads, f)
	})
}

// BenchmarkImageTrainStep: a training step of the reference model, 128 images,
// forward, back and Adam. Operations are counted as three products with every open
// weight for each pixel.
func BenchmarkImageTrainStep(b *testing.B) {
	const batch = 128
	set := &images.Set{Height: 16, Width: 16, Channels: 1, Levels: 4, Data: make([]uint8, 3*batch*256)}
	for i := range set.Data {
		set.Data[i] = uint8(i * i / 7 % 4)
	}
	testkit.EachISA(b, func(b *testing.B, isa string) {
		notGeneric(b, isa)
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("threads=%d", threads), func(b *testing.B) {
				if threads > runtime.GOMAXPROCS(0) {
					b.Skip("fewer CPUs than threads")
				}
				benchmarkSteps(b, isa, 3*batch*pixelFlop, threads, &train.Images{Set: set})
				b.ReportMetric(batch*float64(b.N)/b.Elapsed().Seconds(), "images/s")
			})
		}
	})
}
