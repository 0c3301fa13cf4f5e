package train

import (
	"fmt"
	"math"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
)

func testPixels(c layers.PixelConfig) *layers.PixelCNN {
	n := layers.NewPixelCNN(c)
	for i, l := range n.Convs() {
		w, b := l.Weights()
		testkit.Values(w, uint64(2*i+1), float32(3/math.Sqrt(float64(l.InLen()*l.Kernel()*l.Kernel()))))
		testkit.Values(b, uint64(2*i+2), 0.3)
		l.SetWeights(w, b)
	}
	return n
}

func testLevels(c layers.PixelConfig, height, width, images int) (list [][]uint8) {
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

func BenchmarkPixelStep(b *testing.B) {
	c := layers.PixelConfig{Channels: 1, Levels: 4, Filters: 128, Blocks: 5, Kernel: 7}
	for _, threads := range []int{1, 2} {
		b.Run(fmt.Sprint("threads=", threads), func(b *testing.B) {
			p := newPixelPass(testPixels(c), 16, 16, 128, threads, true)
			im := testLevels(c, 16, 16, 128)
			for b.Loop() {
				p.run(im)
			}
			f := 6 * 220672 * 256 * 128.0
			b.ReportMetric(100*f*float64(b.N)/b.Elapsed().Seconds()/testkit.PeakFLOPS("avx512")/float64(threads), "%peak")
		})
	}
}
