package kernels

import (
	"fmt"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// BenchmarkConv runs the layers of the reference image model over a whole image,
// 16×16 pixels, and the gradient of its 3×3 weights for one tap, in which a
// window is a channel and the inputs are the pixels. Layers of 32 columns have half
// a panel.
func BenchmarkConv(b *testing.B) {
	const side = 16
	shapes := []struct {
		shape          string
		size, taps, in int // of the kernel, those allowed, channels
		n              int
		finish         Finish
	}{
		{"7x7A", 7, 24, 1, 128, ReLU},
		{"1x1", 1, 1, 128, 64, ReLU},
		{"3x3B", 3, 5, 64, 64, ReLU},
		{"3x3B", 3, 5, 64, 32, ReLU},
		{"residual", 1, 1, 64, 128, ReLUAdd},
		{"1x1", 1, 1, 128, 128, ReLU},
		{"gradient", 3, 0, 64, 64, AsIs},
		{"gradient", 3, 0, 64, 32, AsIs},
	}
	values := func(n int, seed uint64) []float32 {
		s := Alloc(n)
		testkit.Values(s, seed, 1)
		return s
	}
	testkit.EachISA(b, func(b *testing.B, isa string) {
		for _, s := range shapes {
			// Lines share the pixels of zeros between them.
			pad := s.size / 2
			line := (side + pad) * s.in
			x := Windows{Data: values((side+pad)*line+pad*s.in, 1), Lines: side, Pixels: side, K: s.taps * s.in,
				LineStride: line, PixelStride: s.in, Step: 1, Segment: s.size * s.in}
			x.Skip = line - x.Segment
			dst := Grid{Data: values(side*side*s.n, 2), Lines: side, Pixels: side, Cols: s.n, LineStride: side * s.n, PixelStride: s.n, Panel: PanelWidth}
			if s.taps == 0 {
				x.Lines, x.Pixels, x.K = 1, s.in, side*side
				x.PixelStride, x.Step, x.Segment, x.Skip = 1, s.in, side, pad*s.in
				dst.Lines, dst.Pixels, dst.PixelStride = 1, s.in, PanelWidth
			}
			w := PanelsOf(values(PanelsLen(x.K, s.n), 3), x.K, s.n)
			bias := values(s.n, 4)
			flop := 2 * float64(x.Lines*x.Pixels) * float64(x.K) * float64(s.n)
			b.Run(fmt.Sprintf("shape=%s/windows=%d/k=%d/n=%d", s.shape, x.Lines*x.Pixels, x.K, s.n), func(b *testing.B) {
				peak := testkit.PeakFLOPS(isa) / 1e9
				b.ReportAllocs()
				for b.Loop() {
					if s.taps == 0 {
						ConvFrom(dst, dst, x, w, AsIs)
					} else {
						Conv(dst, x, w, bias, s.finish)
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
