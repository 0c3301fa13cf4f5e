package kernels

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// TestGemm goes through sizes on both sides of every tile's boundaries.
func TestGemm(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		r := rand.New(rand.NewPCG(1, 2))
		workers := gemmWorkers()
		ms := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 19, 23, 25}
		ns := []int{0, 1, 15, 16, 17, 32, 33, 48, 63, 64, 65, 100, 129}
		ks := []int{0, 1, 2, 7, 8, 9, 17, 63, 64, 65, 130}
		if testing.Short() {
			ms, ns, ks = []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13}, []int{1, 16, 32, 33, 48, 65}, []int{0, 1, 9, 65}
		}
		for _, m := range ms {
			for _, n := range ns {
				for _, k := range ks {
					newGemmCase(r.IntN(ops), m, n, k, gemmValues).checkSome(t, isa, r, 2, workers)
				}
			}
		}
	})
}

// TestGemmLayouts takes every way for the three matrices to lie, with sizes
// large enough to be shared out among the workers.
func TestGemmLayouts(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		workers := gemmWorkers()
		off := 0
		for op := range ops {
			g := newGemmCase(op, 27, 165, 70, gemmValues)
			for _, dst := range gemmLayouts {
				for _, a := range gemmLayouts {
					for _, b := range gemmLayouts {
						off = (off + 1) % 16
						g.check(t, isa, dst, a, b, off, workers[(off+off/4)%len(workers)])
					}
				}
			}
			for off := range 16 {
				g.check(t, isa, "rows", "rows", "rows", off, workers[0])
			}
		}
	})
}

// TestGemmBlocks goes round the boundaries of the blocks that larger products
// are cut into, and of single calls.
func TestGemmBlocks(t *testing.T) {
	sizes := [][3]int{
		{7, 70, 511}, {6, 64, 512}, {7, 70, 513}, {13, 17, 1024}, {3, 130, 1100}, // inputs
		{1055, 17, 3}, {1056, 16, 2}, {1057, 65, 3}, {2113, 5, 2}, // rows
		{29, 64, 512}, {31, 66, 512}, {43, 64, 300}, {60, 80, 256}, // calls
		{66, 512, 130},                // rows that lie a multiple of 2048 bytes apart, in a and b
		{40, 80, 512}, {7, 512, 1030}, // and in dst
	}
	if testing.Short() {
		sizes = [][3]int{{7, 70, 513}, {3, 20, 1030}, {1057, 17, 3}, {31, 66, 512}, {14, 512, 40}, {3, 512, 1030}}
	}
	var cases []*gemmCase
	for _, s := range sizes {
		for op := range ops {
			cases = append(cases, newGemmCase(op, s[0], s[1], s[2], gemmValues))
		}
	}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		r := rand.New(rand.NewPCG(3, 4))
		workers := gemmWorkers()
		for _, g := range cases {
			g.check(t, isa, "rows", "rows", "rows", 0, workers[0])
			if isa == "generic" {
				continue // it has no blocks
			}
			g.check(t, isa, "panels", "panels", "panels", 0, workers[0])
			g.checkSome(t, isa, r, 6, workers)
		}
	})
}

// Row i of a product is Gemv of row i, bit for bit: a batch changes nothing.
func TestGemmIsGemv(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, s := range [][3]int{{1, 130, 40}, {1, 3000, 128}, {16, 200, 128}, {5, 17, 600}} {
			m, n, k := s[0], s[1], s[2]
			g := newGemmCase(opBias, m, n, k, gemmValues)
			w, _ := place(g.b, "panels", k, n, 1)
			dst := RowMajor(make([]float32, m*n), m, n)
			Gemm(NewWorkers(2), dst, RowMajor(g.a, m, k), w, g.bias)
			y := make([]float32, n)
			for i := range m {
				Gemv(y, w, g.a[i*k:][:k], g.bias)
				if d := testkit.Diff(dst.Data[i*n:][:n], y); d != "" {
					t.Fatalf("Gemm[%s](m=%d, n=%d, k=%d) row %d is not Gemv of it: %s", isa, m, n, k, i, d)
				}
			}
		}
	})
}

func TestGemmSpecials(t *testing.T) {
	fills := map[string]func([]float32, uint64){
		"specials": func(dst []float32, seed uint64) {
			for i := range dst {
				dst[i] = testkit.Specials[(i*int(2*seed+1)+i/7)%len(testkit.Specials)]
			}
		},
		"few specials": func(dst []float32, seed uint64) {
			testkit.Values(dst, seed, 1)
			for i := int(seed); i < len(dst); i += 53 {
				dst[i] = testkit.Specials[i/53%len(testkit.Specials)]
			}
		},
		"any bits": testkit.Bits,
		"subnormals": func(dst []float32, seed uint64) {
			testkit.Values(dst, seed, 0x1p-70)
		},
	}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		r := rand.New(rand.NewPCG(5, 6))
		workers := gemmWorkers()
		for name, fill := range fills {
			t.Run(name, func(t *testing.T) {
				for _, s := range [][3]int{{6, 64, 1}, {7, 81, 9}, {17, 150, 12}, {2, 33, 3}, {3, 64, 66}} {
					for op := range ops {
						newGemmCase(op, s[0], s[1], s[2], fill).checkSome(t, isa, r, 4, workers)
					}
				}
			})
		}
	})
}

// TestGemmPageEnd puts the end of every operand at an unreadable page.
func TestGemmPageEnd(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		atEnd := func(values []float32, layout string, rows, cols int) Matrix {
			m := gemmView(layout, testkit.AtPageEnd(t, gemmLen(layout, rows, cols)), rows, cols)
			for i := range rows {
				for j := range cols {
					m.Set(i, j, values[i*cols+j])
				}
			}
			return m
		}
		for _, layout := range []string{"rows", "panels"} {
			for _, s := range [][3]int{{1, 1, 1}, {5, 3, 2}, {6, 64, 8}, {7, 65, 9}, {13, 100, 64}, {6, 48, 65}, {8, 130, 3}, {11, 32, 9}, {12, 80, 17}, {23, 16, 8}} {
				m, n, k := s[0], s[1], s[2]
				for op := range ops {
					g := newGemmCase(op, m, n, k, gemmValues)
					dst, b := atEnd(g.c, layout, m, n), atEnd(g.b, layout, k, n)
					bias := testkit.AtPageEnd(t, n)
					copy(bias, g.bias)
					w := NewWorkers(1)
					switch op {
					case opMul:
						Gemm(w, dst, atEnd(g.a, layout, m, k), b, nil)
					case opBias:
						Gemm(w, dst, atEnd(g.a, layout, m, k), b, bias)
					case opAdd:
						GemmAdd(w, dst, atEnd(g.a, layout, m, k), b)
					case opTAdd:
						GemmTAdd(w, dst, atEnd(g.a, layout, k, m), b)
					}
					for i := range m {
						for j := range n {
							if got, want := dst.At(i, j), g.want[i*n+j]; !testkit.SameBits(got, want) {
								t.Fatalf("%s[%s](m=%d, n=%d, k=%d, %s): dst[%d, %d] = %v, want %v", opNames[op], isa, m, n, k, layout, i, j, got, want)
							}
						}
					}
				}
			}
		}
	})
}

// TestGemmAccuracy bounds the error of the generic version by
// 2·k·2⁻²⁴·Σ|a·b|, as for Gemv.
func TestGemmAccuracy(t *testing.T) {
	const m, n, k = 5, 70, 300
	for op := range ops {
		g := newGemmCase(op, m, n, k, gemmValues)
		for i := range m {
			for j := range n {
				want := 0.0
				switch op {
				case opBias:
					want = float64(g.bias[j])
				case opAdd, opTAdd:
					want = float64(g.c[i*n+j])
				}
				size := math.Abs(want)
				for p := range k {
					a := g.a[i*k+p]
					if op == opTAdd {
						a = g.a[p*m+i]
					}
					product := float64(a) * float64(g.b[p*n+j])
					want += float64(product)
					size += math.Abs(product)
				}
				tol := 2*k*0x1p-24*size + 0x1p-149
				if got := float64(g.want[i*n+j]); math.Abs(got-want) > tol {
					t.Fatalf("%s: dst[%d, %d] = %v, want %v, tol %g", opNames[op], i, j, got, want, tol)
				}
			}
		}
	}
}

func TestGemmContract(t *testing.T) {
	buf := testkit.NewBuffer(6*70, 0).Values(1, 1)
	dst := RowMajor(buf.S, 6, 70)
	a, at, b := NewPanels(6, 9), NewPanels(9, 6), NewPanels(9, 70)
	w := NewWorkers(1)
	short := b
	short.Data = short.Data[:len(short.Data)-1]
	bad := []struct {
		name, want string
		f          func(name string)
	}{
		{"shape", "shapes do not match", func(name string) {
			switch name {
			case "Gemm":
				Gemm(w, dst, NewPanels(5, 9), b, nil)
			case "GemmAdd":
				GemmAdd(w, dst, a, NewPanels(8, 70))
			default:
				GemmTAdd(w, dst, a, b)
			}
		}},
		{"columns", "shapes do not match", func(name string) {
			switch name {
			case "Gemm":
				Gemm(w, dst, a, NewPanels(9, 69), nil)
			case "GemmAdd":
				GemmAdd(w, dst, a, NewPanels(9, 71))
			default:
				GemmTAdd(w, dst, at, NewPanels(9, 64))
			}
		}},
		{"short", "a matrix is longer than its data", func(name string) {
			switch name {
			case "Gemm":
				Gemm(w, dst, a, short, nil)
			case "GemmAdd":
				GemmAdd(w, dst, a, short)
			default:
				GemmTAdd(w, dst, at, short)
			}
		}},
		{"workers", "no workers", func(name string) {
			switch name {
			case "Gemm":
				Gemm(nil, dst, a, b, nil)
			case "GemmAdd":
				GemmAdd(nil, dst, a, b)
			default:
				GemmTAdd(nil, dst, at, b)
			}
		}},
	}
	for _, name := range []string{"Gemm", "GemmAdd", "GemmTAdd"} {
		for _, c := range bad {
			testkit.Panics(t, "kernels: "+name+": "+c.want, func() { c.f(name) })
		}
	}
	testkit.Panics(t, "kernels: Gemm: len(bias) != dst.Cols", func() { Gemm(w, dst, a, b, make([]float32, 69)) })
	if d := buf.Unchanged(); d != "" {
		t.Error(d)
	}
}

// With one worker a product allocates nothing once its scratch has grown.
func TestGemmAllocs(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		w := NewWorkers(1)
		dst := RowMajor(make([]float32, 7*200), 7, 200)
		a, at := RowMajor(make([]float32, 7*512), 7, 512).SubRows(0, 7), RowMajor(make([]float32, 9*7), 9, 7)
		a.Cols = 9
		b, panels := RowMajor(make([]float32, 9*200), 9, 200), NewPanels(9, 200)
		bias := make([]float32, 200)
		GemmTAdd(w, dst, at, b)
		testkit.NoAllocs(t, func() {
			for range 50 {
				Gemm(w, dst, a, b, bias)
				Gemm(w, dst, a, panels, nil)
				GemmAdd(w, dst, a, b)
				GemmTAdd(w, dst, at, panels)
			}
		})
	})
}
