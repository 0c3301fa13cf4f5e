package kernels

import (
	"fmt"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// BenchmarkGemm runs the products of the reference model and two row-major
// ones, the packing of which is included, and sets them beside a loop that only
// multiplies and adds. Shapes: logits are scores of a batch, dh and dw the
// gradients of its input and of the weights, step a recurrent step, stream many
// streams stepped together.
func BenchmarkGemm(b *testing.B) {
	rows, panels := "rows", "panels"
	shapes := []struct {
		shape     string
		op        int
		m, k, n   int
		dst, a, b string
		workers   int
	}{
		{"logits", opMul, 400, 128, 10000, panels, rows, panels, 1},
		{"dh", opMul, 400, 10000, 128, rows, panels, panels, 1},
		{"dw", opTAdd, 128, 400, 10000, panels, rows, panels, 1},
		{"step", opAdd, 32, 128, 512, panels, rows, panels, 1},
		{"stream", opMul, 16, 128, 10000, panels, rows, panels, 1},
		{"stream", opMul, 64, 128, 10000, panels, rows, panels, 1},
		{"stream", opMul, 16, 228, 512, panels, rows, panels, 1},
		{"stream", opMul, 64, 228, 512, panels, rows, panels, 1},
		{"square", opMul, 1024, 1024, 1024, rows, rows, rows, 1},
		{"square", opMul, 1024, 1024, 1024, rows, rows, rows, 2},
		{"training", opMul, 6400, 128, 10000, rows, rows, rows, 1},
		{"training", opMul, 6400, 128, 10000, rows, rows, rows, 2},
	}
	testkit.EachISA(b, func(b *testing.B, isa string) {
		for _, s := range shapes {
			flop := 2 * float64(s.m) * float64(s.n) * float64(s.k)
			if isa == "generic" && flop > 1e8 {
				continue // seconds each
			}
			b.Run(fmt.Sprintf("shape=%s/m=%d/k=%d/n=%d/threads=%d", s.shape, s.m, s.k, s.n, s.workers), func(b *testing.B) {
				matrix := func(layout string, rows, cols int, seed uint64) Matrix {
					buf := Alloc(gemmLen(layout, rows, cols))
					testkit.Values(buf, seed, 1)
					return gemmView(layout, buf, rows, cols)
				}
				arows, acols := s.m, s.k
				if s.op == opTAdd {
					arows, acols = s.k, s.m
				}
				dst, x, y := matrix(s.dst, s.m, s.n, 1), matrix(s.a, arows, acols, 2), matrix(s.b, s.k, s.n, 3)
				w := NewWorkers(s.workers)
				peak := testkit.PeakFLOPS(isa) / 1e9 * float64(s.workers)
				b.ReportAllocs()
				for b.Loop() {
					switch s.op {
					case opMul:
						Gemm(w, dst, x, y, nil)
					case opAdd:
						GemmAdd(w, dst, x, y)
					case opTAdd:
						GemmTAdd(w, dst, x, y)
					}
				}
				rate := flop * float64(b.N) / float64(b.Elapsed().Nanoseconds())
				b.ReportMetric(rate, "GFLOP/s")
				if peak > 0 {
					b.ReportMetric(100*rate/peak, "%peak")
				}
			})
		}
	})
}
