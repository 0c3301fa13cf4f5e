package kernels

import (
	"fmt"
	"math"
	"testing"

	"github.com/autoreg/autoreg/internal/cpu"
	"github.com/autoreg/autoreg/internal/testkit"
)

// asVector returns x as a grid of one vector.
func asVector(x []float32) Grid {
	return Grid{Data: x, Lines: 1, Pixels: 1, Cols: len(x), Panel: PanelWidth}
}

var eluFunction = unary{"ELU", func(dst, x []float32) { ELU(asVector(dst), asVector(x)) }, elu32, exactELU, "0.9133", "0.9520"}

func exactELU(x float64) float64 {
	if x > 0 {
		return x
	}
	return math.Expm1(x)
}

// TestELUAll is TestUnaryAll for ELU.
func TestELUAll(t *testing.T) { checkUnaryErrors(t, []unary{eluFunction}) }

// The parts of ConcatELU are ELU(x) and ELU(-x), over a stride of inputs or over all
// with -kernels.all.
func TestConcatELUAll(t *testing.T) {
	stride := uint64(unaryStride * 16)
	if *allInputs {
		stride = 1
	}
	const n = 1 << 12
	x, want, got := make([]float32, n), make([]float32, 2*n), make([]float32, 2*n)
	testkit.EachISA(t, func(t *testing.T, isa string) {
		if isa == cpu.Generic.String() {
			t.Skip("the definition calls elu32 for both")
		}
		for b := uint64(0); b < 1<<32; b += n * stride {
			for i := range x {
				x[i] = math.Float32frombits(uint32(min(b+uint64(i)*stride, 1<<32-1)))
			}
			ConcatELU(asVector(got), asVector(x))
			ELU(asVector(want[:n]), asVector(x))
			for i := range x {
				x[i] = -x[i]
			}
			ELU(asVector(want[n:]), asVector(x))
			if d := testkit.Diff(got, want); d != "" {
				t.Fatalf("[%s] from %#08x by %d: %s", isa, b, stride, d)
			}
		}
	})
}

// The documented values at the ends of its range, in every lane.
func TestELULimits(t *testing.T) {
	inf, nan, negZero := float32(math.Inf(1)), float32(math.NaN()), float32(math.Copysign(0, -1))
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, c := range [][2]float32{{0, 0}, {negZero, 0}, {inf, inf}, {-inf, -1}, {nan, nan}, {-nan, nan}, {-math.MaxFloat32, -1}, {-16.982107, -1}, {-16.982105, -0.99999994},
			{1e-45, 1e-45}, {-1e-45, -1e-45}, {-1e-20, -1e-20}, {-0x1p-126, -0x1p-126}, {math.MaxFloat32, math.MaxFloat32}} {
			for n := 1; n <= 35; n++ {
				x := make([]float32, n)
				testkit.Values(x, 1, 1)
				x[n-1] = c[0]
				y, both := make([]float32, n), make([]float32, 2*n)
				ELU(asVector(y), asVector(x))
				ConcatELU(asVector(both), asVector(x))
				if !testkit.SameBits(y[n-1], c[1]) || !testkit.SameBits(both[n-1], c[1]) {
					t.Errorf("[%s] n=%d: ELU(%v) = %v, ConcatELU %v, want %v", isa, n, c[0], y[n-1], both[n-1], c[1])
				}
			}
		}
	})
}

// The slope at the border of ELU's two sides.
func TestELUSlope(t *testing.T) {
	nan, inf, negZero := float32(math.NaN()), float32(math.Inf(1)), float32(math.Copysign(0, -1))
	cases := []struct{ dy, y, want float32 }{
		{3, 1e-45, 3}, {3, 0, 3}, {3, negZero, 3}, {3, -1e-45, 3}, {3, inf, 3}, {3, -0.5, 1.5}, {3, -1, 0}, {-3, -1, negZero},
		{nan, -1, nan}, {1, nan, nan}, {inf, -1, nan}, {negZero, 5, negZero},
	}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, c := range cases {
			dst := []float32{9}
			ELUGradient(asVector(dst), asVector([]float32{c.dy}), asVector([]float32{c.y}))
			if !testkit.SameBits(dst[0], c.want) {
				t.Errorf("ELUGradient[%s](%v, y = %v) = %v, want %v", isa, c.dy, c.y, dst[0], c.want)
			}
		}
	})
}

// gradientCase compares a gradient with differences of a float64 loss: its inputs,
// the kernel's gradient of it by those of its outputs, and the outputs in float64.
type gradientCase struct {
	name     string
	inputs   int // for each n
	outputs  int
	value    func(in []float64, n int) []float64
	gradient func(in, dy []float32, n int) []float32
}

func sigmoid64(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

var gradientCases = []gradientCase{
	{"ELUGradient", 1, 1, func(in []float64, n int) []float64 {
		y := make([]float64, n)
		for i, x := range in {
			y[i] = exactELU(x)
		}
		return y
	}, func(in, dy []float32, n int) []float32 {
		y := make([]float32, n)
		ELU(asVector(y), asVector(in))
		ELUGradient(asVector(y), asVector(dy), asVector(y))
		return y
	}},
	{"ConcatELUGradient", 1, 2, concatELU64, func(in, dy []float32, n int) []float32 {
		y, dx := make([]float32, 2*n), make([]float32, n)
		ConcatELU(asVector(y), asVector(in))
		ConcatELUGradient(asVector(dx), asVector(dy), asVector(y))
		return dx
	}},
	{"ConcatELUGradientAdd", 1, 2, concatELU64, func(in, dy []float32, n int) []float32 {
		y, dx := make([]float32, 2*n), make([]float32, n)
		ConcatELU(asVector(y), asVector(in))
		for i := range dx {
			dx[i] = float32(i)
		}
		ConcatELUGradientAdd(asVector(dx), asVector(dy), asVector(y))
		for i := range dx {
			dx[i] -= float32(i)
		}
		return dx
	}},
	{"GateGradient", 3, 1, func(in []float64, n int) []float64 { // x, a, g
		y := make([]float64, n)
		for i := range y {
			y[i] = in[i] + in[n+i]*sigmoid64(in[2*n+i])
		}
		return y
	}, func(in, dy []float32, n int) []float32 {
		d := make([]float32, 3*n)
		copy(d, dy)
		GateGradient(asVector(d[n:]), asVector(dy), asVector(in[n:]))
		return d
	}},
}

func concatELU64(in []float64, n int) []float64 {
	y := make([]float64, 2*n)
	for i, x := range in {
		y[i], y[n+i] = exactELU(x), exactELU(-x)
	}
	return y
}

// Gradients against central differences of Σ dy·y in float64. The differences are good
// to 1e-9; an output of ELU that is off by an ULP of 1 changes its slope by 2⁻²⁴, and a
// sum with numbers below n is rounded.
func TestElementwiseGradients(t *testing.T) {
	const n, h = 37, 1e-5
	const tolerance = 4 * 0x1p-24
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, c := range gradientCases {
			in, dy := make([]float32, c.inputs*n), make([]float32, c.outputs*n)
			testkit.Values(in, 5, 3)
			testkit.Values(dy, 6, 1)
			got := c.gradient(in, dy, n)
			loss := func(at int, by float64) (sum float64) {
				moved := make([]float64, len(in))
				for i, v := range in {
					moved[i] = float64(v)
				}
				moved[at] += by
				for i, y := range c.value(moved, n) {
					sum += float64(dy[i]) * y
				}
				return sum
			}
			for i := range in {
				want := (loss(i, h) - loss(i, -h)) / (2 * h)
				limit := tolerance * (1 + math.Abs(float64(in[i])))
				if c.name == "ConcatELUGradientAdd" {
					limit += n * 0x1p-24
				}
				if d := math.Abs(float64(got[i]) - want); !(d <= limit) {
					t.Errorf("%s[%s] of input %d (%v) = %v, want %v: %v apart, at most %v", c.name, isa, i, in[i], got[i], want, d, limit)
				}
			}
		}
	})
}

func BenchmarkELU(b *testing.B)                  { benchmarkElementwise(b, "ELU") }
func BenchmarkConcatELU(b *testing.B)            { benchmarkElementwise(b, "ConcatELU") }
func BenchmarkELUGradient(b *testing.B)          { benchmarkElementwise(b, "ELUGradient") }
func BenchmarkConcatELUGradientAdd(b *testing.B) { benchmarkElementwise(b, "ConcatELUGradientAdd") }
func BenchmarkGate(b *testing.B)                 { benchmarkElementwise(b, "Gate") }
func BenchmarkGateGradient(b *testing.B)         { benchmarkElementwise(b, "GateGradient") }

// A row of 32 pixels of 32 channels with a gap between pixels, and one pixel.
func benchmarkElementwise(b *testing.B, name string) {
	testkit.EachISA(b, func(b *testing.B, isa string) {
		for i := range viewKernels {
			k := &viewKernels[i]
			if k.name != name {
				continue
			}
			for _, pixels := range []int{32, 1} {
				const n = 32
				b.Run(fmt.Sprintf("pixels=%d/n=%d", pixels, n), func(b *testing.B) {
					c := viewCase{k: k, lines: 1, pixels: pixels, n: n, layout: "gaps"}
					c.place(func(b *testkit.Buffer, seed uint64) { b.Values(seed, 4) })
					for b.Loop() {
						k.call(c.dst, c.a, c.b)
					}
					b.ReportMetric(float64(pixels*n*b.N)/float64(b.Elapsed().Nanoseconds()), "values/ns")
				})
			}
		}
	})
}
