package layers_test

import (
	"fmt"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
)

// BenchmarkMixture: the reference chapter's network on images of 32×32 pixels, one thread:
// the outputs of a whole image, and images that are drawn.
func BenchmarkMixture(b *testing.B) {
	const size = 32
	net := goldenMixture(chapterMixture)
	levels := goldenLevels(size, size, 1)
	testkit.EachISA(b, func(b *testing.B, isa string) {
		if isa == "generic" {
			b.Skip("too slow to measure")
		}
		b.Run("forward", func(b *testing.B) {
			f := net.NewForward(size, size)
			b.ReportAllocs()
			for b.Loop() {
				f.Outputs(levels)
			}
			b.ReportMetric(2*243_073_024*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
		})
		for _, images := range []int{1, 16} {
			b.Run(fmt.Sprintf("draw/b=%d", images), func(b *testing.B) {
				w := net.NewWavefront(images, size, size)
				b.ReportAllocs()
				for b.Loop() {
					w.Reset()
					for w.Next() {
						w.Features(0)
						w.Head(0)
						r, c := w.Pixel(0)
						for k := range images {
							w.DrawLevel(0, k, 0, 0.3, 0.6)
							w.Set(0, k, 0, int(levels[r*size+c]))
						}
					}
				}
				b.ReportMetric(b.Elapsed().Seconds()*1e3/float64(b.N*images), "ms/image")
			})
		}
		b.Run("train", func(b *testing.B) {
			grad := layers.NewPixelNet(chapterMixture)
			t := net.NewTraining(grad)
			m, head := t.NewImage(size, size), net.NewHead()
			bounds := t.Shares(1)
			const batch = 16
			for b.Loop() {
				t.Begin()
				for i := range batch {
					head.Gradients(m.Forward(layers.PixelSample{Levels: levels}, &layers.PixelDropout{Share: 0.3}, i), layers.PixelSample{Levels: levels}, 1)
					m.Backward()
					m.Accumulate(bounds[0], bounds[1])
				}
				t.End()
				net.Refresh()
			}
			b.ReportMetric(b.Elapsed().Seconds()*1e3/float64(b.N*batch), "ms/image")
			b.ReportMetric(float64(m.Bytes())/(1<<20), "MiB")
		})
	})
}
