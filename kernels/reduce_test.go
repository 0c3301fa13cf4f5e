package kernels

import (
	"fmt"
	"math"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// A reduction makes one value of a slice; its results are compared as bits.
type reduction struct {
	name   string
	apply  func(x []float32) float64
	define func(x []float32) float64
}

var reductions = []reduction{
	{"Sum", func(x []float32) float64 { return float64(Sum(x)) }, func(x []float32) float64 { return float64(sumGeneric(x)) }},
	{"SumSquares", SumSquares, func(x []float32) float64 {
		var total float64
		for at := 0; at < len(x); at += 4096 {
			total += float64(sumSquaresGeneric(x[at:min(at+4096, len(x))]))
		}
		return total
	}},
	{"Max", func(x []float32) float64 { return float64(Max(x)) }, func(x []float32) float64 { return float64(maxGeneric(x) + 0) }},
	{"ArgMax", func(x []float32) float64 { return float64(ArgMax(x)) }, func(x []float32) float64 { return float64(argMaxGeneric(x)) }},
}

// check compares the reduction of x with its definition.
func (r *reduction) check(t *testing.T, isa string, x []float32, what string) {
	t.Helper()
	got, want := r.apply(x), r.define(x)
	if math.Float64bits(got) != math.Float64bits(want) && (got == got || want == want) {
		t.Fatalf("%s[%s](n=%d, %s) = %v, want %v", r.name, isa, len(x), what, got, want)
	}
}

func eachReduction(t *testing.T, f func(t *testing.T, isa string, r *reduction)) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for i := range reductions {
			t.Run(reductions[i].name, func(t *testing.T) { f(t, isa, &reductions[i]) })
		}
	})
}

// longSizes go past the pieces in which long slices reach the assembly, and
// past the blocks of SumSquares.
var longSizes = []int{1000, 4095, 4096, 4097, 10_000, 1<<16 - 1, 1<<16 + 1, 1<<17 + 33}

func TestReduceSizes(t *testing.T) {
	eachReduction(t, func(t *testing.T, isa string, r *reduction) {
		for _, n := range append(longSizes, testkit.Sizes...) {
			for off := range 16 {
				x := testkit.NewBuffer(n, off).Values(uint64(n+off), 3)
				r.check(t, isa, x.S, fmt.Sprintf("off=%d", off))
				if d := x.Unchanged(); d != "" {
					t.Fatalf("n=%d off=%d: %s", n, off, d)
				}
				if n > 228 && off == 1 {
					break
				}
			}
		}
	})
}

// The largest element, a tie of it, NaN and the other special values in every
// place.
func TestReduceSpecials(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	eachReduction(t, func(t *testing.T, isa string, r *reduction) {
		for _, n := range []int{1, 5, 16, 37, 64, 100, 130} {
			x := make([]float32, n)
			step := 1
			if brief() && n > 16 {
				step = 7
			}
			for lane := 0; lane < n; lane += step {
				for _, v := range append([]float32{50, -50}, testkit.Specials...) {
					testkit.Values(x, uint64(lane), 40)
					x[lane] = v
					r.check(t, isa, x, fmt.Sprintf("%v in lane %d", v, lane))
					x[n-1] = v
					r.check(t, isa, x, fmt.Sprintf("%v in lanes %d and %d", v, lane, n-1))
					x[lane], x[n/2] = 60, nan
					r.check(t, isa, x, fmt.Sprintf("60 in lane %d, NaN in lane %d", lane, n/2))
				}
				for _, fill := range []float32{-inf, inf, nan, 0, float32(math.Copysign(0, -1)), -3} {
					for i := range x {
						x[i] = fill
					}
					r.check(t, isa, x, fmt.Sprintf("all %v", fill))
					x[lane] = -inf
					r.check(t, isa, x, fmt.Sprintf("all %v but -Inf in lane %d", fill, lane))
					x[lane] = nan
					r.check(t, isa, x, fmt.Sprintf("all %v but NaN in lane %d", fill, lane))
				}
			}
		}
	})
}

func TestReducePageEnd(t *testing.T) {
	eachReduction(t, func(t *testing.T, isa string, r *reduction) {
		for n := range 140 {
			x := testkit.AtPageEnd(t, n)
			testkit.Values(x, uint64(n), 1)
			r.check(t, isa, x, "at the end of a page")
		}
	})
}

// The first of equal maxima wins wherever the pieces of a long slice are cut.
func TestArgMaxTies(t *testing.T) {
	const n = 1<<16 + 40
	x := make([]float32, n)
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, at := range [][2]int{{0, n - 1}, {1<<16 - 1, 1 << 16}, {1 << 16, n - 1}, {40_000, 40_001}, {17, 1<<16 + 17}} {
			clear(x)
			x[at[0]], x[at[1]] = 1, 1
			if got := ArgMax(x); got != at[0] {
				t.Errorf("ArgMax[%s] with 1 at %v = %d", isa, at, got)
			}
			x[at[1]] = 2
			if got := ArgMax(x); got != at[1] {
				t.Errorf("ArgMax[%s] with 1 at %d and 2 at %d = %d", isa, at[0], at[1], got)
			}
		}
		if got := ArgMax(nil); got != -1 {
			t.Errorf("ArgMax[%s](nil) = %d, want -1", isa, got)
		}
	})
}

// The definitions against sums in float64: each of the n/16+4 additions on an
// element's way may add half a unit in the last place of what is summed.
func TestSumAccuracy(t *testing.T) {
	for _, n := range []int{1, 16, 100, 1000, 4096} {
		x := make([]float32, n)
		testkit.Values(x, uint64(n), 10)
		var sum, abs, squares float64
		for _, v := range x {
			sum += float64(v)
			abs += math.Abs(float64(v))
			squares += float64(v) * float64(v)
		}
		relative := float64(n/16+5) * 0x1p-24
		if d := math.Abs(float64(sumGeneric(x)) - sum); d > relative*abs {
			t.Errorf("n=%d: Sum is off by %g, may be by %g", n, d, relative*abs)
		}
		if d := math.Abs(float64(sumSquaresGeneric(x)) - squares); d > (relative+0x1p-24)*squares {
			t.Errorf("n=%d: SumSquares is off by %g, may be by %g", n, d, relative*squares)
		}
	}
}

// Lanes are elements 16 apart, summed in order and then as a tree: a case in
// which any other order gives another sum.
func TestSumOrder(t *testing.T) {
	x := make([]float32, 48)
	x[0], x[16], x[32] = 1<<24, 1, 1   // lane 0: the ones are lost one by one
	x[8], x[24], x[40] = -1<<24, -1, 0 // lane 8: -2²⁴
	x[1], x[17] = 1, 1                 // lane 1
	testkit.EachISA(t, func(t *testing.T, isa string) {
		if got := Sum(x); got != 2 {
			t.Errorf("Sum[%s] = %v, want 2", isa, got)
		}
	})
}

func FuzzReduce(f *testing.F) {
	f.Add([]byte{}, uint8(0))
	f.Add([]byte{0, 0, 0xc0, 0x7f, 0, 0, 0x80, 0xff, 1, 0, 0x80, 0x3f}, uint8(7))
	long := make([]byte, 4*70)
	for i := range long {
		long[i] = byte(i * 7)
	}
	f.Add(long, uint8(3))
	f.Fuzz(func(t *testing.T, raw []byte, off uint8) {
		in := testkit.Floats(raw)
		if len(in) == 0 {
			in = []float32{0}
		}
		eachReduction(t, func(t *testing.T, isa string, r *reduction) {
			x := testkit.NewBuffer(len(in), int(off%16)).Fill(in)
			r.check(t, isa, x.S, fmt.Sprintf("off=%d", off%16))
			if d := x.Unchanged(); d != "" {
				t.Error(d)
			}
		})
	})
}

func BenchmarkSum(b *testing.B)        { benchmarkReduction(b, &reductions[0]) }
func BenchmarkSumSquares(b *testing.B) { benchmarkReduction(b, &reductions[1]) }
func BenchmarkMax(b *testing.B)        { benchmarkReduction(b, &reductions[2]) }
func BenchmarkArgMax(b *testing.B)     { benchmarkReduction(b, &reductions[3]) }

func benchmarkReduction(b *testing.B, r *reduction) {
	testkit.EachISA(b, func(b *testing.B, isa string) {
		for _, n := range []int{256, 10_000} {
			b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
				x := Alloc(n)
				testkit.Values(x, 1, 1)
				b.SetBytes(int64(4 * n))
				for b.Loop() {
					r.apply(x)
				}
				perElement(b, n)
			})
		}
	})
}
