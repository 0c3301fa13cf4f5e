package sampler

import (
	"fmt"
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
		{"top-p", []Transform{TopP(0.95)}},
		{"typical-p", []Transform{TypicalP(0.95)}},
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

// BenchmarkRun: the step loop over a source whose logits cost a copy, without and with
// log-probabilities. A symbol without them is to cost what a copy and a Sample do.
func BenchmarkRun(b *testing.B) {
	testkit.EachISA(b, func(b *testing.B, isa string) {
		for _, n := range []int{4, 10_000} {
			x := make([]float32, n)
			testkit.Values(x, 1, 8)
			for _, logProbs := range []bool{false, true} {
				b.Run(fmt.Sprintf("logprobs=%v/v=%d", logProbs, n), func(b *testing.B) {
					b.ReportAllocs()
					for range New(1).Run(b.Context(), still(x), &RunOptions{Steps: b.N, LogProbs: logProbs}) {
					}
				})
			}
			b.Run(fmt.Sprintf("sample/v=%d", n), func(b *testing.B) {
				chain, y := New(1), make([]float32, n)
				for b.Loop() {
					still(x).Logits(y)
					chain.Sample(y)
				}
			})
		}
	})
}
