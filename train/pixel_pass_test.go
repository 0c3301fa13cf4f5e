package train

import (
	"fmt"
	"math"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
)

func testPixels(c layers.PixelCNN) *layers.PixelNet {
	n := layers.NewPixelNet(c)
	for i, l := range n.Convs() {
		w, b := l.Weights()
		testkit.Values(w, uint64(2*i+1), float32(3/math.Sqrt(float64(l.InLen()*l.Spec().Rows*l.Spec().Rows))))
		testkit.Values(b, uint64(2*i+2), 0.3)
		l.SetWeights(w, b)
	}
	return n
}

func testLevels(c layers.PixelCNN, height, width, images int) (list [][]uint8) {
	for i := range images {
		v := make([]float32, height*width*c.Channels)
		testkit.Values(v, uint64(i+7), 1)
		levels := make([]uint8, len(v))
		for k, x := range v {
			levels[k] = uint8((x + 1) / 2 * float32(c.Levels) * 0.999)
		}
		list = append(list, levels)
	}
	return list
}

// BenchmarkPixelPass takes 128 images through the reference model, forward and back,
// without Adam: see BenchmarkImageTrainStep of the root package for a whole step.
func BenchmarkPixelPass(b *testing.B) {
	const batch = 128
	c := layers.PixelCNN{Channels: 1, Levels: 4, Filters: 128, Blocks: 5, Kernel: 7}
	const flop = 3 * 2 * 220_672 * 256.0 * batch // three products with every open weight
	images := samplesOf(testLevels(c, 16, 16, batch))
	testkit.EachISA(b, func(b *testing.B, isa string) {
		if isa == "generic" {
			b.Skip("minutes a batch")
		}
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("b=%d/threads=%d", batch, threads), func(b *testing.B) {
				p := newPixelPass(testPixels(c), 16, 16, batch, threads, true)
				b.ReportAllocs()
				for b.Loop() {
					p.run(images, nil, nil)
				}
				rate := flop * float64(b.N) / b.Elapsed().Seconds()
				b.ReportMetric(rate/1e9, "GFLOP/s")
				b.ReportMetric(100*rate/testkit.PeakFLOPS(isa)/float64(threads), "%peak")
			})
		}
	})
}
