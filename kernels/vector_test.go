package kernels

import (
	"fmt"
	"math"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

func TestAdd(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		check := func(what string, dst, x *testkit.Buffer) {
			t.Helper()
			want := append([]float32(nil), dst.S...)
			addGeneric(want, want, x.S)
			Add(dst.S, dst.S, x.S)
			if d := testkit.Diff(dst.S, want) + dst.Stray() + x.Unchanged(); d != "" {
				t.Fatalf("Add[%s](n=%d, %s): %s", isa, len(want), what, d)
			}
		}
		for _, n := range append(longSizes, testkit.Sizes...) {
			for off := range 16 {
				check(fmt.Sprintf("off=%d", off), testkit.NewBuffer(n, off).Values(1, 2), testkit.NewBuffer(n, (off*5+1)%16).Values(2, 3))
				if n > 228 && off == 1 {
					break
				}
			}
		}
		for shift := range testkit.Specials {
			x := testkit.Specials[shift:]
			check(fmt.Sprintf("specials from %d", shift), testkit.NewBuffer(67, shift%16).Fill(testkit.Specials), testkit.NewBuffer(67, 0).Fill(x))
		}
	})
}

func TestAddScaled(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		check := func(what string, dst, x *testkit.Buffer, a float32) {
			t.Helper()
			want := append([]float32(nil), dst.S...)
			addScaledGeneric(want, x.S, a)
			AddScaled(dst.S, x.S, a)
			if d := testkit.Diff(dst.S, want) + dst.Stray() + x.Unchanged(); d != "" {
				t.Fatalf("AddScaled[%s](n=%d, %v, %s): %s", isa, len(want), a, what, d)
			}
		}
		for _, n := range append(longSizes, testkit.Sizes...) {
			for off := range 16 {
				check(fmt.Sprintf("off=%d", off), testkit.NewBuffer(n, off).Values(1, 2), testkit.NewBuffer(n, (off*5+1)%16).Values(2, 3), 1.7)
				if n > 228 && off == 1 {
					break
				}
			}
		}
		for shift := range testkit.Specials {
			x := testkit.Specials[shift:]
			for _, a := range testkit.Specials {
				check(fmt.Sprintf("specials from %d", shift), testkit.NewBuffer(67, shift%16).Fill(testkit.Specials), testkit.NewBuffer(67, 0).Fill(x), a)
			}
		}
		// In place, and against float64: both roundings are at most half a ULP.
		dst := testkit.NewBuffer(100, 1).Values(3, 2)
		before := append([]float32(nil), dst.S...)
		AddScaled(dst.S, dst.S, -0.3)
		for i, v := range before {
			exact := float64(v) - float64(float32(0.3))*float64(v)
			if d := math.Abs(float64(dst.S[i]) - exact); d > 0x1p-23*math.Abs(float64(v)) {
				t.Fatalf("AddScaled[%s]: %v, want %v", isa, dst.S[i], exact)
			}
		}
	})
}

func TestScale(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		check := func(what string, dst *testkit.Buffer, a float32) {
			t.Helper()
			want := append([]float32(nil), dst.S...)
			scaleGeneric(want, a)
			Scale(dst.S, a)
			if d := testkit.Diff(dst.S, want) + dst.Stray(); d != "" {
				t.Fatalf("Scale[%s](n=%d, %v, %s): %s", isa, len(want), a, what, d)
			}
		}
		for _, n := range append(longSizes, testkit.Sizes...) {
			for off := range 16 {
				check(fmt.Sprintf("off=%d", off), testkit.NewBuffer(n, off).Values(1, 2), 1.7)
				if n > 228 && off == 1 {
					break
				}
			}
		}
		for _, a := range testkit.Specials {
			check("specials", testkit.NewBuffer(67, 3).Fill(testkit.Specials), a)
		}
	})
}

func TestVectorPageEnd(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for n := range 140 {
			x, dst := testkit.AtPageEnd(t, n), testkit.AtPageEnd(t, n)
			testkit.Values(x, 1, 1)
			testkit.Values(dst, 2, 1)
			want := append([]float32(nil), dst...)
			addGeneric(want, want, x)
			scaleGeneric(want, 3)
			addScaledGeneric(want, x, 0.3)
			Add(dst, dst, x)
			Scale(dst, 3)
			AddScaled(dst, x, 0.3)
			if d := testkit.Diff(dst, want); d != "" {
				t.Fatalf("[%s] n=%d: %s", isa, n, d)
			}
		}
	})
}

// view returns a rows×cols matrix over a guarded buffer, row-major, in panels,
// or in panels with a row between them.
func view(layout string, rows, cols int) (Matrix, *testkit.Buffer) {
	switch layout {
	case "rows":
		b := testkit.NewBuffer(rows*cols, 3)
		return RowMajor(b.S, rows, cols), b
	case "panels":
		b := testkit.NewBuffer(PanelsLen(rows, cols), 5)
		return PanelsOf(b.S, rows, cols), b
	case "gaps":
		b := testkit.NewBuffer(PanelsLen(rows+1, cols), 7)
		m := PanelsOf(b.S, rows+1, cols)
		return m.SubRows(0, rows), b
	}
	panic(layout)
}

var layouts = []string{"rows", "panels", "gaps"}

// viewAtPageEnd is view over a slice that ends, with the last value of the
// matrix, at an unreadable page.
func viewAtPageEnd(t *testing.T, layout string, rows, cols int) Matrix {
	t.Helper()
	m, b := view(layout, rows, cols)
	n := len(b.S)
	if layout == "gaps" {
		n -= PanelWidth // the row after the last
	}
	m.Data = testkit.AtPageEnd(t, n)
	if !m.ok() {
		t.Fatalf("%d×%d (%s) does not fit %d values", rows, cols, layout, n)
	}
	return m
}

func TestAddRows(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, layout := range layouts {
			for _, rows := range []int{0, 1, 2, 7, 1030} {
				for _, cols := range []int{0, 1, 15, 63, 64, 65, 128, 200} {
					m, b := view(layout, rows, cols)
					b.Values(1, 1)
					dst := testkit.NewBuffer(cols, rows%16).Values(2, 1)
					want := append([]float32(nil), dst.S...)
					for i := range rows {
						for j := range want {
							want[j] += m.At(i, j)
						}
					}
					AddRows(dst.S, m)
					if d := testkit.Diff(dst.S, want) + dst.Stray() + b.Unchanged(); d != "" {
						t.Fatalf("AddRows[%s](%s, %d×%d): %s", isa, layout, rows, cols, d)
					}
				}
			}
		}
	})
}

func TestAddRowsPageEnd(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, layout := range layouts {
			for _, rows := range []int{1, 3} {
				for cols := 1; cols < 140; cols++ {
					m, dst, want := viewAtPageEnd(t, layout, rows, cols), testkit.AtPageEnd(t, cols), make([]float32, cols)
					testkit.Values(m.Data, 1, 1)
					for i := range rows {
						for j := range want {
							want[j] += m.At(i, j)
						}
					}
					AddRows(dst, m)
					if d := testkit.Diff(dst, want); d != "" {
						t.Fatalf("AddRows[%s](%s, %d×%d): %s", isa, layout, rows, cols, d)
					}
				}
			}
		}
	})
}

func TestVectorContract(t *testing.T) {
	dst := testkit.NewBuffer(70, 0).Values(1, 1)
	testkit.Panics(t, "kernels: Add: lengths differ", func() { Add(dst.S, dst.S, make([]float32, 69)) })
	testkit.Panics(t, "kernels: Add: lengths differ", func() { Add(dst.S, make([]float32, 71), dst.S) })
	testkit.Panics(t, "kernels: AddScaled: lengths differ", func() { AddScaled(dst.S, make([]float32, 71), 2) })
	testkit.Panics(t, "kernels: AddRows: len(dst) != m.Cols", func() { AddRows(dst.S, NewPanels(2, 71)) })
	short := Matrix{Data: make([]float32, 2*70-1), Rows: 2, Cols: 70, Row: 70, Panel: PanelWidth}
	testkit.Panics(t, "kernels: AddRows: m is longer than its data", func() { AddRows(dst.S, short) })
	if d := dst.Unchanged(); d != "" {
		t.Error(d)
	}
}

// Nothing of what works on slices allocates, buffers for lanes included.
func TestSliceAllocs(t *testing.T) {
	x, dst, m := make([]float32, 200), make([]float32, 200), NewPanels(3, 200)
	a := newAdamBuffers(200, 0)
	testkit.EachISA(t, func(t *testing.T, isa string) {
		testkit.NoAllocs(t, func() {
			for range 100 {
				for i := range unaries {
					unaries[i].apply(dst, x)
				}
				for i := range reductions {
					reductions[i].apply(x)
				}
				Add(dst, dst, x)
				AddRows(dst, m)
				AddScaled(dst, x, 2)
				Scale(dst, 2)
				Adam(a[0].S, a[1].S, a[2].S, a[3].S, adamStep)
			}
		})
	})
}

// The sum and the gradient of ReLU with results apart from their operands: as in
// place, and operands stay as they are.
func TestApart(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, n := range append(longSizes, testkit.Sizes...) {
			for name, f := range map[string]func(dst, a, x []float32){"Add": Add, "ReLUGradient": ReLUGradient} {
				dst := testkit.NewBuffer(n, n%16).Values(1, 1)
				a, x := testkit.NewBuffer(n, (n+3)%16).Values(2, 1), testkit.NewBuffer(n, (n+9)%16).Values(3, 1)
				want := append([]float32(nil), a.S...)
				f(want, want, x.S)
				f(dst.S, a.S, x.S)
				if d := testkit.Diff(dst.S, want) + dst.Stray() + a.Unchanged() + x.Unchanged(); d != "" {
					t.Fatalf("%s[%s](n=%d): %s", name, isa, n, d)
				}
			}
		}
	})
}

func FuzzAdd(f *testing.F) {
	f.Add([]byte{0, 0, 0x80, 0x3f, 0, 0, 0x80, 0x7f, 0, 0, 0xc0, 0x7f}, float32(0.5), uint8(0))
	f.Add([]byte("letters are numbers too, and this many of them are more than fit one vector of any kind"), float32(-3), uint8(0x5b))
	f.Fuzz(func(t *testing.T, raw []byte, a float32, off uint8) {
		in := testkit.Floats(raw)
		if len(in) == 0 {
			return
		}
		testkit.EachISA(t, func(t *testing.T, isa string) {
			n := len(in)
			x, dst := testkit.NewBuffer(n, int(off%16)).Fill(in), testkit.NewBuffer(n, int(off/16))
			for i := range dst.S {
				dst.S[i] = in[n-1-i]
			}
			want := append([]float32(nil), dst.S...)
			addGeneric(want, want, x.S)
			Add(dst.S, dst.S, x.S)
			if d := testkit.Diff(dst.S, want) + dst.Stray() + x.Unchanged(); d != "" {
				t.Errorf("Add[%s](n=%d, off=%d): %s", isa, n, off, d)
			}
			scaleGeneric(want, a)
			Scale(dst.S, a)
			if d := testkit.Diff(dst.S, want) + dst.Stray(); d != "" {
				t.Errorf("Scale[%s](n=%d, %v, off=%d): %s", isa, n, a, off, d)
			}
		})
	})
}

func FuzzAddRows(f *testing.F) {
	f.Add([]byte{0, 0, 0x80, 0x3f, 0, 0, 0x80, 0x7f, 0, 0, 0xc0, 0x7f}, uint8(3), uint8(70), uint8(0))
	f.Add([]byte("a seed of letters, repeated over the matrix"), uint8(1), uint8(64), uint8(1))
	f.Add([]byte{0xff, 0xff, 0x7f, 0x7f}, uint8(9), uint8(200), uint8(2))
	f.Fuzz(func(t *testing.T, raw []byte, rows, cols, how uint8) {
		in := testkit.Floats(raw)
		if len(in) == 0 {
			return
		}
		r, c := int(rows%20), int(cols)
		testkit.EachISA(t, func(t *testing.T, isa string) {
			m, b := view(layouts[int(how)%len(layouts)], r, c)
			b.Fill(in)
			dst := testkit.NewBuffer(c, int(how/16)).Fill(in)
			want := append([]float32(nil), dst.S...)
			for i := range r {
				for j := range want {
					want[j] += m.At(i, j)
				}
			}
			AddRows(dst.S, m)
			if d := testkit.Diff(dst.S, want) + dst.Stray() + b.Unchanged(); d != "" {
				t.Errorf("AddRows[%s](%d×%d, how=%d): %s", isa, r, c, how, d)
			}
		})
	})
}

func BenchmarkAdd(b *testing.B) {
	testkit.EachISA(b, func(b *testing.B, isa string) {
		for _, n := range []int{256, 10_000} {
			b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
				dst, x := Alloc(n), Alloc(n)
				testkit.Values(x, 1, 1)
				b.SetBytes(int64(12 * n))
				for b.Loop() {
					Add(dst, dst, x)
				}
				perElement(b, n)
			})
		}
	})
}

func BenchmarkAddRows(b *testing.B) {
	testkit.EachISA(b, func(b *testing.B, isa string) {
		m := NewPanels(128, 2048)
		testkit.Values(m.Data, 1, 1)
		dst := Alloc(m.Cols)
		b.Run("m=128/n=2048", func(b *testing.B) {
			b.SetBytes(int64(4 * m.Rows * m.Cols))
			for b.Loop() {
				AddRows(dst, m)
			}
			perElement(b, m.Rows*m.Cols)
		})
	})
}
