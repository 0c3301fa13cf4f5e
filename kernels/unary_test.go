package kernels

import (
	"flag"
	"fmt"
	"math"
	"runtime"
	"testing"

	"github.com/autoreg/autoreg/internal/cpu"
	"github.com/autoreg/autoreg/internal/testkit"
)

var allInputs = flag.Bool("kernels.all", false, "test the functions of one variable over all 2³² inputs (minutes)")

// brief reports whether to do with less: asked to, or slowed down by the race
// detector.
func brief() bool { return testing.Short() || testkit.RaceEnabled }

// A unary is a function of one variable with its definition, its value in
// float64 and its largest errors in ULP.
type unary struct {
	name   string
	apply  func(dst, x []float32)
	define func(x float32) float32
	exact  func(x float64) float64

	// Largest errors over a stride of unaryStride and over all inputs, to four
	// decimals; they are the same on every instruction set.
	strideULP, allULP string
}

// unaryStride is prime, so that all low bits occur.
const unaryStride = 997

var unaries = []unary{
	{"Exp", Exp, exp32, math.Exp, "0.9748", "1.0086"},
	{"Tanh", Tanh, tanh32, math.Tanh, "2.4659", "2.4984"},
	{"Sigmoid", Sigmoid, sigmoid32, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }, "2.1758", "2.4019"},
	{"Log", Log, log32, math.Log, "0.7467", "0.8316"},
}

// generic is apply by the definition.
func (u *unary) generic(x []float32) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = u.define(v)
	}
	return y
}

func eachUnary(t *testing.T, f func(t *testing.T, u *unary)) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for i := range unaries {
			t.Run(unaries[i].name, func(t *testing.T) { f(t, &unaries[i]) })
		}
	})
}

func TestUnarySizes(t *testing.T) {
	eachUnary(t, func(t *testing.T, u *unary) {
		for _, n := range testkit.Sizes {
			for off := range 16 {
				x := testkit.NewBuffer(n, off).Values(uint64(n), 12)
				dst := testkit.NewBuffer(n, (off+5)%16)
				want := u.generic(x.S)
				u.apply(dst.S, x.S)
				if d := testkit.Diff(dst.S, want) + dst.Stray() + x.Unchanged(); d != "" {
					t.Fatalf("n=%d off=%d: %s", n, off, d)
				}
				u.apply(x.S, x.S)
				if d := testkit.Diff(x.S, want) + x.Stray(); d != "" {
					t.Fatalf("n=%d off=%d in place: %s", n, off, d)
				}
			}
		}
	})
}

// One call cannot hold more than asmChunk elements; the wrapper must put the
// pieces together.
func TestUnaryLong(t *testing.T) {
	const n = 1<<17 + 5
	x := make([]float32, n)
	testkit.Bits(x, 1)
	dst := make([]float32, n)
	eachUnary(t, func(t *testing.T, u *unary) {
		u.apply(dst, x)
		if d := testkit.Diff(dst, u.generic(x)); d != "" {
			t.Error(d)
		}
	})
}

func TestUnarySpecials(t *testing.T) {
	specials := append([]float32{
		-87.4, -103.9720, -103.9721, -103.98, 88.72284, 88.7229, 89, 89.1, -104.1, // limits of Exp
		-20, 20, -20.1, 20.1, 0.17328, -0.17328, 9.01, 1e-20, // of Tanh
		0x1.fffffep-127, 0.7071067, 0.70710677, 0.7071068, 0.99999994, 1.0000001, // of Log
		math.Float32frombits(0x7f800001), math.Float32frombits(0xffffffff), math.Float32frombits(0x7fc00001), // NaN
	}, testkit.Specials...)
	eachUnary(t, func(t *testing.T, u *unary) {
		for _, n := range []int{1, 9, 16, 41} {
			for _, v := range specials {
				for lane := range n {
					x := make([]float32, n)
					testkit.Values(x, uint64(lane), 3)
					x[lane] = v
					dst := make([]float32, n)
					u.apply(dst, x)
					if d := testkit.Diff(dst, u.generic(x)); d != "" {
						t.Fatalf("n=%d, %v in lane %d: %s", n, v, lane, d)
					}
				}
			}
		}
	})
}

func TestUnaryPageEnd(t *testing.T) {
	eachUnary(t, func(t *testing.T, u *unary) {
		for n := range 40 {
			x, dst := testkit.AtPageEnd(t, n), testkit.AtPageEnd(t, n)
			testkit.Values(x, uint64(n), 4)
			u.apply(dst, x)
			if d := testkit.Diff(dst, u.generic(x)); d != "" {
				t.Fatalf("n=%d: %s", n, d)
			}
		}
	})
}

// The documented values at the ends of each function's range.
func TestUnaryLimits(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	negZero := float32(math.Copysign(0, -1))
	tests := map[string][][2]float32{
		"Exp": {{0, 1}, {negZero, 1}, {inf, inf}, {-inf, 0}, {nan, nan}, {-103.9721, 0}, {-103.97209, 0}, {-103.97208, math.SmallestNonzeroFloat32},
			{88.72283, 3.4027985e38}, {88.72284, inf}, {math.MaxFloat32, inf}, {-math.MaxFloat32, 0}, {1e-45, 1}},
		"Tanh": {{0, 0}, {negZero, negZero}, {inf, 1}, {-inf, -1}, {nan, nan}, {10, 1}, {-10, -1},
			{1e-45, 1e-45}, {-1e-45, -1e-45}, {0x1p-126, 0x1p-126}, {1e-20, 1e-20}},
		"Sigmoid": {{0, 0.5}, {negZero, 0.5}, {inf, 1}, {-inf, 0}, {nan, nan}, {-104, 0}, {-103.97208, math.SmallestNonzeroFloat32},
			{104, 1}, {1e-45, 0.5}},
		"Log": {{0, -inf}, {negZero, -inf}, {1, 0}, {inf, inf}, {-inf, nan}, {-1, nan}, {-1e-45, nan}, {nan, nan},
			{math.SmallestNonzeroFloat32, -103.27893}, {math.MaxFloat32, 88.72284}},
	}
	eachUnary(t, func(t *testing.T, u *unary) {
		for _, c := range tests[u.name] {
			got := []float32{0}
			u.apply(got, c[:1])
			if !testkit.SameBits(got[0], c[1]) {
				t.Errorf("%s(%v) = %v, want %v", u.name, c[0], got[0], c[1])
			}
		}
	})
}

// What must hold apart from accuracy, on a stride over all inputs.
func TestUnaryInvariants(t *testing.T) {
	invariants := map[string]func(x, y, minus float32) bool{ // y = f(x), minus = f(-x)
		"Exp":     func(x, y, minus float32) bool { return y >= 0 && (x < 0 || y >= 1) && (x > 0 || y <= 1) },
		"Tanh":    func(x, y, minus float32) bool { return y >= -1 && y <= 1 && minus == -y },
		"Sigmoid": func(x, y, minus float32) bool { return y >= 0 && y <= 1 && (x < 0 || y >= 0.5) && (x > 0 || y <= 0.5) },
		"Log":     func(x, y, minus float32) bool { return x <= 0 || (x < 1) == (y < 0) },
	}
	stride := uint64(65_537 * 7)
	if brief() {
		stride *= 16
	}
	eachUnary(t, func(t *testing.T, u *unary) {
		const n = 512
		x, neg, y, minus := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
		for b := uint64(0); b < 1<<32; b += n * stride {
			for i := range x {
				x[i] = math.Float32frombits(uint32(b + uint64(i)*stride))
				neg[i] = -x[i]
			}
			u.apply(y, x)
			u.apply(minus, neg)
			for i := range x {
				if x[i] == x[i] && !invariants[u.name](x[i], y[i], minus[i]) {
					t.Fatalf("%s(%v) = %v, %s(%v) = %v", u.name, x[i], y[i], u.name, neg[i], minus[i])
				}
			}
		}
	})
}

// TestUnaryAll compares every instruction set with the definition to the bit
// and the definition with float64 in ULP: over a stride of inputs, or over all
// with -kernels.all. The largest errors are pinned, not bounded.
func TestUnaryAll(t *testing.T) { checkUnaryErrors(t, unaries) }

func checkUnaryErrors(t *testing.T, functions []unary) {
	stride := uint64(unaryStride)
	switch {
	case *allInputs:
		stride = 1
	case brief():
		stride = 65_537
	}
	for i := range functions {
		u := &functions[i]
		t.Run(u.name, func(t *testing.T) {
			worst, at := unaryErrors(t, u, stride)
			got := fmt.Sprintf("%.4f", worst)
			t.Logf("largest error %s ULP at %v", got, at)
			switch {
			case *allInputs && got != u.allULP:
				t.Errorf("largest error over all inputs is %s ULP at %v, want %s", got, at, u.allULP)
			case stride == unaryStride && got != u.strideULP:
				t.Errorf("largest error over the stride is %s ULP at %v, want %s", got, at, u.strideULP)
			case got > u.allULP: // one digit before the point
				t.Errorf("largest error is %s ULP at %v, above that of all inputs, %s", got, at, u.allULP)
			}
		})
	}
}

// unaryErrors compares u on every instruction set with its definition and
// returns the definition's largest error. The definition, which is slow, runs on
// all processors.
func unaryErrors(t *testing.T, u *unary, stride uint64) (worst float64, at float32) {
	const n = 1 << 16
	x, got, want, ulp := make([]float32, n), make([]float32, n), make([]float32, n), make([]float64, n)
	workers := NewWorkers(runtime.GOMAXPROCS(0))
	for b := uint64(0); b < 1<<32; b += n * stride {
		workers.Split(n, 64, func(_, from, to int) {
			for i := from; i < to; i++ {
				x[i] = math.Float32frombits(uint32(min(b+uint64(i)*stride, 1<<32-1)))
				want[i] = u.define(x[i])
				ulp[i] = testkit.ULP(want[i], u.exact(float64(x[i])))
			}
		})
		for i, e := range ulp {
			if !(e <= worst) {
				worst, at = e, x[i]
			}
		}
		for _, isa := range cpu.Available() {
			restore := cpu.Force(isa)
			if isa != cpu.Generic {
				u.apply(got, x)
				if d := testkit.Diff(got, want); d != "" {
					t.Errorf("%v, from %#08x by %d: %s", isa, b, stride, d)
				}
			}
			restore()
		}
		if t.Failed() {
			return worst, at
		}
	}
	return worst, at
}

func TestUnaryContract(t *testing.T) {
	eachUnary(t, func(t *testing.T, u *unary) {
		dst := testkit.NewBuffer(7, 0).Values(1, 1)
		testkit.Panics(t, "kernels: "+u.name+": len(dst) != len(x)", func() { u.apply(dst.S, make([]float32, 8)) })
		testkit.Panics(t, "kernels: "+u.name+": len(dst) != len(x)", func() { u.apply(dst.S, nil) })
		if d := dst.Unchanged(); d != "" {
			t.Error(d)
		}
	})
}

func FuzzUnary(f *testing.F) {
	f.Add([]byte{}, uint8(0))
	f.Add([]byte{0, 0, 0x80, 0x7f, 1, 0, 0x80, 0xff, 0, 0, 0xd0, 0xc2}, uint8(3))
	long := make([]byte, 4*37)
	for i := range long {
		long[i] = byte(i * i)
	}
	f.Add(long, uint8(15))
	f.Fuzz(func(t *testing.T, raw []byte, off uint8) {
		in := testkit.Floats(raw)
		if len(in) == 0 {
			in = []float32{1}
		}
		eachUnary(t, func(t *testing.T, u *unary) {
			x := testkit.NewBuffer(len(in), int(off%16)).Fill(in)
			dst := testkit.NewBuffer(len(in), int(off/16))
			u.apply(dst.S, x.S)
			if d := testkit.Diff(dst.S, u.generic(in)) + dst.Stray() + x.Unchanged(); d != "" {
				t.Error(d)
			}
		})
	})
}

func BenchmarkExp(b *testing.B)     { benchmarkUnary(b, &unaries[0]) }
func BenchmarkTanh(b *testing.B)    { benchmarkUnary(b, &unaries[1]) }
func BenchmarkSigmoid(b *testing.B) { benchmarkUnary(b, &unaries[2]) }
func BenchmarkLog(b *testing.B)     { benchmarkUnary(b, &unaries[3]) }

func benchmarkUnary(b *testing.B, u *unary) {
	testkit.EachISA(b, func(b *testing.B, isa string) {
		for _, n := range []int{16, 128, 4096} {
			b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
				dst, x := Alloc(n), Alloc(n)
				testkit.Values(x, 1, 8)
				for b.Loop() {
					u.apply(dst, x)
				}
				perElement(b, n)
			})
		}
	})
}

// perElement reports the time of each of n elements.
func perElement(b *testing.B, n int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/element")
}
