package kernels

import (
	"fmt"
	"testing"
	"time"

	"github.com/autoreg/autoreg/internal/testkit"
)

// overProduct reports how many times as long as product step takes: the least of
// many short runs of each, in turn, so that both meet the machine at its best.
func overProduct(b *testing.B, step, product func()) {
	b.Helper()
	least := [2]time.Duration{time.Hour, time.Hour}
	for end := time.Now().Add(400 * time.Millisecond); time.Now().Before(end); {
		for i, f := range []func(){step, product} {
			f()
			start := time.Now()
			for range 20 {
				f()
			}
			least[i] = min(least[i], time.Since(start))
		}
	}
	b.ReportMetric(float64(least[0])/float64(least[1]), "x-product")
	b.ReportMetric(float64(least[0].Nanoseconds())/20, "ns-least")
}

// newWeights returns a matrix in panels of random values.
func newWeights(rows, cols int) Matrix {
	w := NewPanels(rows, cols)
	testkit.Values(w.Data, 1, 0.2)
	return w
}

// The time of a step is set beside that of its bare product, Gemv over the same
// panels: what exceeds 1 is what the activations cost.
func BenchmarkLSTMStep(b *testing.B) {
	testkit.EachISA(b, func(b *testing.B, isa string) {
		for _, s := range []struct{ in, H int }{{100, 128}, {128, 128}, {256, 256}, {512, 512}} {
			b.Run(fmt.Sprintf("k=%d/h=%d", s.in, s.H), func(b *testing.B) {
				c := newStepCase(s.in, s.H, 0)
				w := newWeights(s.in+s.H, GateCols(s.H))
				z, xh := Alloc(w.Cols), Alloc(w.Rows)
				step := func() { LSTMStep(c.dst.S, c.c.S, w, c.bias.S, c.x.S, c.h.S, Logistic) }
				b.SetBytes(int64(4 * len(w.Data)))
				b.ReportAllocs()
				for b.Loop() {
					step()
				}
				overProduct(b, step, func() { Gemv(z, w, xh, c.bias.S) })
			})
		}
	})
}

func BenchmarkGRUStep(b *testing.B) { benchmarkGRU(b, false) }

func BenchmarkGRUStepBefore(b *testing.B) { benchmarkGRU(b, true) }

func benchmarkGRU(b *testing.B, before bool) {
	testkit.EachISA(b, func(b *testing.B, isa string) {
		for _, H := range []int{128, 256, 512} {
			b.Run(fmt.Sprintf("h=%d", H), func(b *testing.B) {
				c := newGRUStepCase(H, H, 0)
				rz, n := newWeights(2*H, GRUCols(H)), newWeights(2*H, H)
				z, xh := Alloc(rz.Cols), Alloc(2*H)
				step := func() {
					GRUStep(c.dst.S, rz, c.rzBias.S, n, c.nBias.S, c.nRecurrent.S, c.x.S, c.h.S, c.spare.S, Logistic)
				}
				if before {
					step = func() { GRUStepBefore(c.dst.S, rz, c.rzBias.S, n, c.nBias.S, c.x.S, c.h.S, c.spare.S, Logistic) }
				}
				b.SetBytes(int64(4 * (len(rz.Data) + len(n.Data))))
				b.ReportAllocs()
				for b.Loop() {
					step()
				}
				overProduct(b, step, func() {
					Gemv(z, rz, xh, c.rzBias.S)
					Gemv(z[:H], n, xh, c.nBias.S)
				})
			})
		}
	})
}

func BenchmarkRNNStep(b *testing.B) {
	testkit.EachISA(b, func(b *testing.B, isa string) {
		for _, H := range []int{128, 256} {
			b.Run(fmt.Sprintf("h=%d", H), func(b *testing.B) {
				c := newRNNCase(H, H, 0)
				w := newWeights(2*H, H)
				z, xh := Alloc(H), Alloc(2*H)
				step := func() { RNNStep(c.dst.S, w, c.bias.S, c.x.S, c.h.S, UnitTanh) }
				b.SetBytes(int64(4 * len(w.Data)))
				b.ReportAllocs()
				for b.Loop() {
					step()
				}
				overProduct(b, step, func() { Gemv(z, w, xh, c.bias.S) })
			})
		}
	})
}
