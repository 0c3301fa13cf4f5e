package autoreg_test

// The README's figures on mixtures of logistics; see bench_test.go.

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"testing"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/train"
	"github.com/autoreg/autoreg/train/images"
)

// chapterMixture is the reference chapter's model of 32×32 pixels.
var chapterMixture = model.PixelConfig{Height: 32, Width: 32, PixelSpec: layers.PixelCNNMixture{
	Channels: 1, Components: 5, Filters: 32, Blocks: 1, Resolutions: 2, Rows: 3, Cols: 3,
}}

const (
	mixtureFlop     = 2 * 243_073_024.0 // an image: multiply-adds of open taps
	mixtureForwards = 32 * 32           // of the naive sampler
)

func randomMixtureModel(tb testing.TB) (*autoreg.ImageModel, *layers.PixelNet) {
	tb.Helper()
	p := model.NewPixel(chapterMixture)
	for i, v := range layers.ValuesOf(p.Net) {
		testkit.Values(v, uint64(i), 1)
	}
	p.Net.Refresh()
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

// BenchmarkMixtureForward: the outputs of all pixels of an image of 32×32.
func BenchmarkMixtureForward(b *testing.B) {
	testkit.EachISA(b, func(b *testing.B, isa string) {
		notGeneric(b, isa)
		_, net := randomMixtureModel(b)
		forward, levels := net.NewForward(32, 32), make([]uint8, 32*32)
		f := func() { forward.Outputs(levels) }
		b.ReportAllocs()
		for b.Loop() {
			f()
		}
		ofPeak(b, isa, mixtureFlop, 1, f)
	})
}

// BenchmarkMixtureDraw: whole images, drawn, everything included, as BenchmarkDraw has it.
func BenchmarkMixtureDraw(b *testing.B) {
	testkit.EachISA(b, func(b *testing.B, isa string) {
		notGeneric(b, isa)
		m, net := randomMixtureModel(b)
		forward, levels := net.NewForward(32, 32), make([]uint8, 32*32)
		for _, c := range []struct {
			n, threads int
			hot        bool // with a temperature: draws are from logits
		}{{1, 1, false}, {1, 1, true}, {16, 1, false}, {16, 2, false}} {
			b.Run(fmt.Sprintf("b=%d/threads=%d/temperature=%v", c.n, c.threads, c.hot), func(b *testing.B) {
				if c.threads > runtime.GOMAXPROCS(0) {
					b.Skip("fewer CPUs than threads")
				}
				o := &autoreg.DrawOptions{Count: c.n, Threads: c.threads}
				if c.hot {
					o.Temperature = new(0.9)
				}
				f := func() {
					if _, err := m.Draw(context.Background(), o); err != nil {
						b.Fatal(err)
					}
					o.Seed++
				}
				for b.Loop() {
					f()
				}
				b.ReportMetric(b.Elapsed().Seconds()*1e3/float64(b.N)/float64(c.n), "ms/image")
				drawn := ofPeak(b, isa, float64(c.n)*mixtureFlop, c.threads, f)
				naive := testkit.OfPeak(isa, mixtureFlop, func() { forward.Outputs(levels) })
				if naive > 0 {
					b.ReportMetric(mixtureForwards*drawn/naive, "×naive")
				}
			})
		}
	})
}

// BenchmarkMixtureTrainStep: a training step of the reference model, 128 images, with
// dropout; see BenchmarkImageTrainStep. It is of the active instruction set alone: the first
// step, which is not measured, takes several times as long.
func BenchmarkMixtureTrainStep(b *testing.B) {
	const batch = 128
	set := &images.Set{Height: 32, Width: 32, Channels: 1, Levels: 256, Data: make([]uint8, 2*batch*32*32)}
	for i := range set.Data {
		set.Data[i] = uint8(i * i / 7)
	}
	isa := kernels.ISA()
	notGeneric(b, isa)
	for _, threads := range []int{1, 2} {
		b.Run(fmt.Sprintf("isa=%s/threads=%d", isa, threads), func(b *testing.B) {
			if threads > runtime.GOMAXPROCS(0) {
				b.Skip("fewer CPUs than threads")
			}
			benchmarkSteps(b, isa, 3*batch*mixtureFlop, threads, &train.Images{Set: set, Mixture: &train.Mixture{Dropout: 0.3}})
			b.ReportMetric(batch*float64(b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
}
