package layers_test

import (
	"fmt"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/layers"
)

// benchmarkMixture has make return the work on one pixel, and repeats it for pixels that
// differ, so that the processor cannot learn them.
func benchmarkMixture(b *testing.B, make func(m layers.Mixture) func(out []float32, levels []uint8)) {
	for _, m := range []layers.Mixture{{Channels: 1, Components: 5}, {Channels: 3, Components: 10}} {
		b.Run(fmt.Sprintf("c=%d/k=%d", m.Channels, m.Components), func(b *testing.B) {
			work := make(m)
			var pixels [64]struct {
				out    [100]float32
				levels [3]uint8
			}
			for i := range pixels {
				p := &pixels[i]
				testkit.Values(p.out[:], uint64(i), 1)
				p.levels = [3]uint8{uint8(i * 73), uint8(i * 31), uint8(i * 57)}
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				p := &pixels[i%len(pixels)]
				work(p.out[:m.Width()], p.levels[:m.Channels])
			}
		})
	}
}

func BenchmarkMixtureLogProb(b *testing.B) {
	benchmarkMixture(b, func(m layers.Mixture) func(out []float32, levels []uint8) {
		s := m.NewScratch()
		return func(out []float32, levels []uint8) { m.LogProb(out, levels, s) }
	})
}

func BenchmarkMixtureGradient(b *testing.B) {
	benchmarkMixture(b, func(m layers.Mixture) func(out []float32, levels []uint8) {
		s, dst := m.NewScratch(), make([]float32, m.Width())
		return func(out []float32, levels []uint8) { m.Gradient(dst, out, levels, 1, s) }
	})
}

// The last channel's logits.
func BenchmarkMixtureLogits(b *testing.B) {
	testkit.EachISA(b, func(b *testing.B, isa string) {
		benchmarkMixture(b, func(m layers.Mixture) func(out []float32, levels []uint8) {
			s, dst := m.NewScratch(), make([]float32, layers.MixtureLevels)
			return func(out []float32, levels []uint8) { m.Logits(dst, out, levels, m.Channels-1, s) }
		})
	})
}

func BenchmarkMixtureDraw(b *testing.B) {
	benchmarkMixture(b, func(m layers.Mixture) func(out []float32, levels []uint8) {
		s, dst, u := m.NewScratch(), make([]float32, m.Channels), make([]float64, 1+m.Channels)
		return func(out []float32, levels []uint8) {
			for i := range u {
				u[i] = float64(levels[0]) / 256
			}
			m.Draw(dst, out, u, true, s)
		}
	})
}
