package sampler

import (
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

func BenchmarkSample(b *testing.B) {
	x := make([]float32, 10_000)
	testkit.Values(x, 1, 8)
	for _, c := range []struct {
		name string
		ts   []Transform
	}{
		{"plain", nil},
		{"temperature", []Transform{Temperature(0.8), Exclude(1)}},
		{"argmax", []Transform{Temperature(0)}},
		{"top40", []Transform{TopK(40), Temperature(0.8)}},
		{"temperature-top40", []Transform{Temperature(0.8), TopK(40)}},
		{"top5000", []Transform{TopK(5000)}},
	} {
		testkit.EachISA(b, func(b *testing.B, isa string) {
			b.Run("chain="+c.name+"/v=10000", func(b *testing.B) {
				chain := New(1, c.ts...)
				b.ReportAllocs()
				for b.Loop() {
					chain.Sample(x)
				}
			})
		})
	}
}
