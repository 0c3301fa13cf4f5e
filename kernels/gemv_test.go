package kernels

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/cpu"
	"github.com/autoreg/autoreg/internal/testkit"
)

// A gemvCase holds the operands of one Gemv, w being rows 1 to k+1 of a matrix
// in panels that has a row more on either side.
type gemvCase struct {
	w               Matrix
	weights         *testkit.Buffer
	dst, x, bias    *testkit.Buffer
	withBias, reuse bool // reuse: dst is its own bias
}

func newGemvCase(n, k, off int) *gemvCase {
	c := &gemvCase{
		weights: testkit.NewBuffer(PanelsLen(k+2, n), off).Values(1, 1),
		dst:     testkit.NewBuffer(n, (off*3+1)%16).Values(2, 1),
		x:       testkit.NewBuffer(k, (off*5+2)%16).Values(3, 1),
		bias:    testkit.NewBuffer(n, (off*7+3)%16).Values(4, 1),
	}
	c.w = PanelsOf(c.weights.S, k+2, n).SubRows(1, k)
	return c
}

// want returns the chains of the definition.
func (c *gemvCase) want() []float32 {
	y := make([]float32, c.w.Cols)
	for j := range y {
		switch {
		case c.reuse:
			y[j] = c.dst.Was()[j]
		case c.withBias:
			y[j] = c.bias.S[j]
		}
		for p, v := range c.x.S {
			y[j] = fma32(c.w.At(p, j), v, y[j])
		}
	}
	return y
}

func (c *gemvCase) check(t *testing.T, isa, what string) {
	t.Helper()
	for _, mode := range []string{"no bias", "bias", "bias in dst"} {
		c.withBias, c.reuse = mode == "bias", mode == "bias in dst"
		copy(c.dst.S, c.dst.Was())
		var bias []float32
		switch {
		case c.reuse:
			bias = c.dst.S
		case c.withBias:
			bias = c.bias.S
		}
		Gemv(c.dst.S, c.w, c.x.S, bias)
		d := testkit.Diff(c.dst.S, c.want()) + c.dst.Stray() + c.weights.Unchanged() + c.x.Unchanged() + c.bias.Unchanged()
		if d != "" {
			t.Fatalf("Gemv[%s](n=%d, k=%d, %s, %s): %s", isa, c.w.Cols, c.w.Rows, mode, what, d)
		}
	}
}

func TestGemv(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		off := 0
		for _, n := range testkit.Sizes {
			for _, k := range testkit.Sizes {
				off = (off + 1) % 16
				newGemvCase(n, k, off).check(t, isa, fmt.Sprintf("off=%d", off))
			}
		}
		for off := range 16 {
			newGemvCase(150, 19, off).check(t, isa, fmt.Sprintf("off=%d", off))
		}
	})
}

// Long products take several calls of the assembly: many panels each, or one.
func TestGemvLong(t *testing.T) {
	sizes := [][2]int{{2500, 128}, {70, 4095}, {130, 4097}}
	if testing.Short() {
		sizes = [][2]int{{650, 512}, {130, 4097}}
	}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, s := range sizes {
			newGemvCase(s[0], s[1], 5).check(t, isa, "long")
		}
	})
}

func TestGemvSpecials(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for shift := range testkit.Specials {
			c := newGemvCase(97, 5, shift%16)
			c.x.Fill(testkit.Specials[shift:])
			c.check(t, isa, fmt.Sprintf("x specials from %d", shift))
			c.weights.Fill(testkit.Specials)
			c.bias.Fill(testkit.Specials[shift:])
			c.check(t, isa, fmt.Sprintf("all specials from %d", shift))
		}
		for lane := range 130 {
			c := newGemvCase(130, 9, lane%16)
			c.w.Set(lane%9, lane, float32(math.NaN()))
			c.weights.Fill(slices.Clone(c.weights.S))
			c.check(t, isa, fmt.Sprintf("NaN in column %d", lane))
			for j, v := range c.dst.S {
				if (v != v) != (j == lane) {
					t.Fatalf("Gemv[%s]: NaN in column %d of w, dst[%d] = %v", isa, lane, j, v)
				}
			}
		}
	})
}

func TestGemvPageEnd(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for n := 1; n <= 130; n++ {
			for _, k := range []int{1, 2, 17} {
				w := PanelsOf(testkit.AtPageEnd(t, PanelsLen(k, n)), k, n)
				x, bias, dst := testkit.AtPageEnd(t, k), testkit.AtPageEnd(t, n), testkit.AtPageEnd(t, n)
				testkit.Values(w.Data, 1, 1)
				testkit.Values(x, 2, 1)
				testkit.Values(bias, 3, 1)
				want := make([]float32, n)
				gemvGeneric(want, w, x, bias)
				Gemv(dst, w, x, bias)
				if d := testkit.Diff(dst, want); d != "" {
					t.Fatalf("Gemv[%s](n=%d, k=%d): %s", isa, n, k, d)
				}
			}
		}
	})
}

// TestGemvAccuracy bounds the error of a chain of k by 2·k·2⁻²⁴·Σ|w·x|; Higham,
// Accuracy and Stability of Numerical Algorithms, section 3.1.
func TestGemvAccuracy(t *testing.T) {
	for _, k := range []int{1, 7, 228, 2000} {
		c := newGemvCase(64, k, 0)
		gemvGeneric(c.dst.S, c.w, c.x.S, c.bias.S)
		for j, got := range c.dst.S {
			want, size := float64(c.bias.S[j]), math.Abs(float64(c.bias.S[j]))
			for p, v := range c.x.S {
				product := float64(c.w.At(p, j)) * float64(v)
				want += float64(product)
				size += math.Abs(product)
			}
			tol := 2*float64(k)*0x1p-24*size + 0x1p-149
			if math.Abs(float64(got)-want) > tol {
				t.Fatalf("gemvGeneric(k=%d): dst[%d] = %v, want %v, tol %g", k, j, got, want, tol)
			}
		}
	}
}

func TestGemvContract(t *testing.T) {
	c := newGemvCase(70, 9, 1)
	short := c.w
	short.Data = short.Data[:short.index(8, 127)]
	rows := RowMajor(make([]float32, 9*70), 9, 70)
	testkit.Panics(t, "kernels: Gemv: len(dst) != w.Cols", func() { Gemv(c.dst.S[:69], c.w, c.x.S, nil) })
	testkit.Panics(t, "kernels: Gemv: len(x) != w.Rows", func() { Gemv(c.dst.S, c.w, c.x.S[:8], nil) })
	testkit.Panics(t, "kernels: Gemv: len(bias) != w.Cols", func() { Gemv(c.dst.S, c.w, c.x.S, c.bias.S[:69]) })
	testkit.Panics(t, "kernels: Gemv: w is not a matrix in panels", func() { Gemv(c.dst.S, rows, c.x.S, nil) })
	testkit.Panics(t, "kernels: Gemv: w is not a matrix in panels", func() { Gemv(c.dst.S, short, c.x.S, nil) })
	if d := c.dst.Unchanged(); d != "" {
		t.Error(d)
	}
}

func TestGemvAllocs(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		c := newGemvCase(70, 9, 1)
		testkit.NoAllocs(t, func() {
			for range 1000 {
				Gemv(c.dst.S, c.w, c.x.S, nil)
				Gemv(c.dst.S, c.w, c.x.S, c.bias.S)
			}
		})
	})
}

func FuzzGemv(f *testing.F) {
	f.Add(uint8(70), uint8(9), uint8(1), []byte{0, 0, 0x80, 0x7f, 1, 0, 0, 0x80, 0, 0, 0xc0, 0x7f})
	f.Add(uint8(16), uint8(0), uint8(15), []byte{1, 2, 3, 4})
	f.Fuzz(func(t *testing.T, n, k, off uint8, raw []byte) {
		v := testkit.Floats(raw)
		if len(v) == 0 {
			return
		}
		for _, isa := range cpu.Available() {
			func() {
				defer cpu.Force(isa)()
				c := newGemvCase(int(n), int(k), int(off%16))
				c.weights.Fill(v)
				c.x.Fill(v[len(v)/2:])
				c.bias.Fill(v[len(v)/3:])
				c.check(t, isa.String(), fmt.Sprintf("off=%d", off%16))
			}()
		}
	})
}

// BenchmarkGemv sets the rate at which weights are read beside what a loop that
// only loads reaches with as many bytes.
func BenchmarkGemv(b *testing.B) {
	testkit.EachISA(b, func(b *testing.B, isa string) {
		for _, s := range []struct{ m, k int }{{128, 64}, {512, 228}, {10000, 128}} {
			b.Run(fmt.Sprintf("m=%d/k=%d", s.m, s.k), func(b *testing.B) {
				w := NewPanels(s.k, s.m)
				x, dst := Alloc(s.k), Alloc(s.m)
				testkit.Values(w.Data, 1, 1)
				testkit.Values(x, 2, 1)
				bytes := 4 * s.m * s.k
				limit := testkit.ReadBytes(isa, bytes) / 1e9
				b.SetBytes(int64(bytes))
				for b.Loop() {
					Gemv(dst, w, x, nil)
				}
				rate := float64(bytes) * float64(b.N) / float64(b.Elapsed().Nanoseconds())
				b.ReportMetric(rate/2, "GFLOP/s")
				if limit > 0 {
					b.ReportMetric(100*rate/limit, "%read")
				}
			})
		}
	})
}
