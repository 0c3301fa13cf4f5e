package kernels

import (
	"fmt"
	"math"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// gatedReLU is what ReLUGradient does to one element, in other words.
func gatedReLU(d, y float32) float32 {
	if y > 0 || y != y {
		return d
	}
	return 0
}

func checkReLU(t *testing.T, isa, what string, dst, y *testkit.Buffer) {
	t.Helper()
	want := make([]float32, len(dst.S))
	for i := range want {
		want[i] = gatedReLU(dst.S[i], y.S[i])
	}
	ReLUGradient(dst.S, dst.S, y.S)
	if d := testkit.Diff(dst.S, want) + dst.Stray() + y.Unchanged(); d != "" {
		t.Fatalf("ReLUGradient[%s](n=%d, %s): dst%s", isa, len(want), what, d)
	}
}

func TestReLUGradient(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, n := range append(longSizes, testkit.Sizes...) {
			for off := range 16 {
				checkReLU(t, isa, fmt.Sprintf("off=%d", off), testkit.NewBuffer(n, off).Values(1, 2), testkit.NewBuffer(n, (off*5+1)%16).Values(2, 3))
				if n > 228 && off == 1 {
					break
				}
			}
		}
		// Every special y before every special gradient, in every lane.
		for shift := range testkit.Specials {
			y := testkit.Specials[shift:]
			checkReLU(t, isa, fmt.Sprintf("specials from %d", shift), testkit.NewBuffer(1003, shift%16).Fill(testkit.Specials), testkit.NewBuffer(1003, 0).Fill(y))
		}
	})
}

// The values of ReLU's two sides at their border, and that a cleared gradient is
// +0 whatever it was.
func TestReLUGradientValues(t *testing.T) {
	nan, inf, negZero := float32(math.NaN()), float32(math.Inf(1)), float32(math.Copysign(0, -1))
	cases := []struct{ d, y, want float32 }{
		{3, 1e-45, 3}, {3, 0, 0}, {3, negZero, 0}, {3, -1e-45, 0}, {3, inf, 3}, {3, -inf, 0}, {3, nan, 3},
		{negZero, 1, negZero}, {negZero, -1, 0}, {-3, 0, 0}, {inf, 0, 0}, {-inf, -1, 0}, {nan, -1, 0}, {nan, 1, nan}, {nan, nan, nan},
	}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, c := range cases {
			for n := 1; n < 70; n++ {
				dst, y := make([]float32, n), make([]float32, n)
				dst[n-1], y[n-1] = c.d, c.y
				ReLUGradient(dst, dst, y)
				if !testkit.SameBits(dst[n-1], c.want) {
					t.Fatalf("ReLUGradient[%s](n=%d): gradient %v where y = %v becomes %v, want %v", isa, n, c.d, c.y, dst[n-1], c.want)
				}
			}
		}
	})
}

func TestReLUGradientPageEnd(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for n := range 140 {
			dst, y := testkit.AtPageEnd(t, n), testkit.AtPageEnd(t, n)
			testkit.Values(dst, 1, 1)
			testkit.Values(y, 2, 1)
			want := append([]float32(nil), dst...)
			reluGradientGeneric(want, want, y)
			ReLUGradient(dst, dst, y)
			if d := testkit.Diff(dst, want); d != "" {
				t.Fatalf("ReLUGradient[%s](n=%d): dst%s", isa, n, d)
			}
		}
	})
}

func TestReLUGradientContract(t *testing.T) {
	dst := testkit.NewBuffer(70, 0).Values(1, 1)
	for _, n := range []int{0, 69, 71} {
		testkit.Panics(t, "kernels: ReLUGradient: lengths differ", func() { ReLUGradient(dst.S, dst.S, make([]float32, n)) })
		testkit.Panics(t, "kernels: ReLUGradient: lengths differ", func() { ReLUGradient(dst.S, make([]float32, n), dst.S) })
	}
	if d := dst.Unchanged(); d != "" {
		t.Error(d)
	}
}

func TestReLUGradientAllocs(t *testing.T) {
	dst, y := make([]float32, 203), make([]float32, 203)
	testkit.EachISA(t, func(t *testing.T, isa string) {
		testkit.NoAllocs(t, func() {
			for range 1000 {
				ReLUGradient(dst, dst, y)
			}
		})
	})
}

func FuzzReLUGradient(f *testing.F) {
	f.Add([]byte{0, 0, 0x80, 0x3f, 0, 0, 0x80, 0x7f, 0, 0, 0xc0, 0x7f}, uint8(0))
	f.Add([]byte("letters are numbers too, and this many of them are more than fit one vector of any kind"), uint8(0x5b))
	f.Fuzz(func(t *testing.T, raw []byte, off uint8) {
		in := testkit.Floats(raw)
		if len(in) == 0 {
			return
		}
		testkit.EachISA(t, func(t *testing.T, isa string) {
			n := len(in)
			dst, y := testkit.NewBuffer(n, int(off%16)), testkit.NewBuffer(n, int(off/16)).Fill(in)
			for i := range dst.S {
				dst.S[i] = in[n-1-i]
			}
			checkReLU(t, isa, fmt.Sprintf("off=%d", off), dst, y)
		})
	})
}

func BenchmarkReLUGradient(b *testing.B) {
	testkit.EachISA(b, func(b *testing.B, isa string) {
		for _, n := range []int{256, 16_384} {
			b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
				dst, y := Alloc(n), Alloc(n)
				testkit.Values(y, 1, 1)
				b.SetBytes(int64(12 * n))
				for b.Loop() {
					ReLUGradient(dst, dst, y)
				}
				perElement(b, n)
			})
		}
	})
}
