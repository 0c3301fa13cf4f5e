package kernels

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/cpu"
	"github.com/autoreg/autoreg/internal/testkit"
)

// generically runs f on the generic instruction set.
func generically(f func()) {
	defer cpu.Force(cpu.Generic)()
	f()
}

// softmaxSizes lie round the boundaries of vectors, panels and blocks.
var softmaxSizes = append([]int{255, 256, 257, 271, 511, 512, 513, 1000, 10_000}, testkit.Sizes...)

// A softmaxForm is a routine of the softmax family as a function of one slice;
// its results are dst and some more values.
type softmaxForm struct {
	name  string
	apply func(dst, x []float32) (more []float32)
}

var softmaxForms = []softmaxForm{
	{"Softmax", func(dst, x []float32) []float32 { Softmax(dst, x); return nil }},
	{"LogSumExp", func(dst, x []float32) []float32 { return []float32{LogSumExp(x, dst)} }},
	{"ExpBlocks", func(dst, x []float32) []float32 { return expBlocksOf(dst, x, 1) }},
	{"ExpBlocks/scale=1.7", func(dst, x []float32) []float32 { return expBlocksOf(dst, x, 1.7) }},
	{"ExpBlocks/scale=0", func(dst, x []float32) []float32 { return expBlocksOf(dst, x, 0) }},
	{"ExpBlocks/scale=-1", func(dst, x []float32) []float32 { return expBlocksOf(dst, x, -1) }}, // outside the contract, but the same everywhere
}

func expBlocksOf(dst, x []float32, scale float32) []float32 {
	sums := make([]float32, (len(x)+ExpBlock-1)/ExpBlock)
	ExpBlocks(dst, sums, x, scale)
	return sums
}

// check applies the form to x into a buffer at off, and in place, and compares
// with the generic version.
func (f *softmaxForm) check(t *testing.T, isa string, x *testkit.Buffer, off int, what string) {
	t.Helper()
	n := len(x.S)
	want := make([]float32, n)
	var wantMore []float32
	generically(func() { wantMore = f.apply(want, x.S) })
	dst := testkit.NewBuffer(n, off)
	more := f.apply(dst.S, x.S)
	if d := testkit.Diff(dst.S, want) + testkit.Diff(more, wantMore) + dst.Stray() + x.Unchanged(); d != "" {
		t.Fatalf("%s[%s](n=%d, %s): %s", f.name, isa, n, what, d)
	}
	more = f.apply(x.S, x.S)
	if d := testkit.Diff(x.S, want) + testkit.Diff(more, wantMore) + x.Stray(); d != "" {
		t.Fatalf("%s[%s](n=%d, %s) in place: %s", f.name, isa, n, what, d)
	}
}

func eachSoftmax(t *testing.T, f func(t *testing.T, isa string, form *softmaxForm)) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for i := range softmaxForms {
			t.Run(softmaxForms[i].name, func(t *testing.T) { f(t, isa, &softmaxForms[i]) })
		}
	})
}

func TestSoftmaxSizes(t *testing.T) {
	eachSoftmax(t, func(t *testing.T, isa string, form *softmaxForm) {
		for _, n := range softmaxSizes {
			for off := range 16 {
				x := testkit.NewBuffer(n, (off*3+1)%16).Values(uint64(n+off), 9)
				form.check(t, isa, x, off, fmt.Sprintf("off=%d", off))
				if n > 257 || brief() && off == 2 {
					break
				}
			}
		}
	})
}

func TestSoftmaxSpecials(t *testing.T) {
	eachSoftmax(t, func(t *testing.T, isa string, form *softmaxForm) {
		for _, n := range []int{1, 17, 75, 300} {
			step := 1 + n/40
			if brief() && n > 17 {
				step = 31
			}
			for _, v := range testkit.Specials {
				for lane := 0; lane < n; lane += step {
					x := make([]float32, n)
					testkit.Values(x, uint64(lane), 5)
					x[lane] = v
					form.check(t, isa, testkit.NewBuffer(n, 0).Fill(x), 0, fmt.Sprintf("%v in lane %d", v, lane))
				}
				x := slices.Repeat([]float32{v}, n)
				form.check(t, isa, testkit.NewBuffer(n, 0).Fill(x), 0, fmt.Sprintf("all %v", v))
			}
			form.check(t, isa, testkit.NewBuffer(n, 0).Fill(testkit.Specials), 0, "all specials")
		}
	})
}

func TestSoftmaxPageEnd(t *testing.T) {
	eachSoftmax(t, func(t *testing.T, isa string, form *softmaxForm) {
		for _, n := range softmaxSizes {
			x, dst, want := testkit.AtPageEnd(t, n), testkit.AtPageEnd(t, n), make([]float32, n)
			testkit.Values(x, 1, 9)
			generically(func() { form.apply(want, x) })
			form.apply(dst, x)
			if d := testkit.Diff(dst, want); d != "" {
				t.Fatalf("n=%d: %s", n, d)
			}
		}
	})
}

// Softmax against float64, and what holds whatever the rounding: values in
// [0, 1] and a sum of 1.
func TestSoftmaxAccuracy(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, n := range []int{1, 2, 16, 100, 1000, 10_000} {
			x, p := make([]float32, n), make([]float32, n)
			testkit.Values(x, uint64(n), 20)
			Softmax(p, x)
			var total, sum float64
			for _, v := range x {
				total += math.Exp(float64(v))
			}
			for i, v := range p {
				if !(v >= 0 && v <= 1) {
					t.Fatalf("[%s] n=%d: p[%d] = %v", isa, n, i, v)
				}
				sum += float64(v)
				// x-m is rounded, by half a unit of its last place; exp, 1/s and the
				// product add less than one each, s n/16+4 halves.
				want := math.Exp(float64(x[i])) / total
				relative := (40 + 3 + float64(n/16+4)/2) * 0x1p-24
				if d := math.Abs(float64(v) - want); d > relative*want+0x1p-149 {
					t.Errorf("[%s] n=%d: p[%d] = %v, want %v", isa, n, i, v, want)
				}
			}
			if math.Abs(sum-1) > float64(n/16+8)*0x1p-24 {
				t.Errorf("[%s] n=%d: probabilities sum to %v", isa, n, sum)
			}
			if got, want := LogSumExp(x, p), math.Log(total); math.Abs(float64(got)-want) > 1e-6*math.Abs(want)+float64(n/16+8)*0x1p-24 {
				t.Errorf("[%s] n=%d: LogSumExp = %v, want %v", isa, n, got, want)
			}
		}
		if got := LogSumExp(nil, nil); !math.IsInf(float64(got), -1) {
			t.Errorf("[%s] LogSumExp(nil) = %v, want -Inf", isa, got)
		}
	})
}

// The largest weight is exactly 1 and block sums are those of Sum.
func TestExpBlocksSums(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, n := range []int{1, 255, 256, 700, 10_000, 3<<16 + 7} {
			x, dst := make([]float32, n), make([]float32, n)
			testkit.Values(x, 3, 8)
			sums := expBlocksOf(dst, x, 0.7)
			if m := Max(dst); m != 1 || dst[ArgMax(x)] != 1 {
				t.Errorf("[%s] n=%d: largest weight %v", isa, n, m)
			}
			for b, s := range sums {
				if want := Sum(dst[b*ExpBlock : min((b+1)*ExpBlock, n)]); s != want {
					t.Fatalf("[%s] n=%d: sums[%d] = %v, want %v", isa, n, b, s, want)
				}
			}
		}
	})
}

// crossEntropyCase runs SoftmaxCrossEntropy on a view and compares it, padding
// and surroundings included, with the generic version.
func crossEntropyCase(t *testing.T, isa, layout string, rows, cols int, fill func(m Matrix), what string) {
	t.Helper()
	m, b := view(layout, rows, cols)
	g, gb := view(layout, rows, cols)
	b.Fill([]float32{-7})
	fill(m)
	copy(gb.S, b.S)
	targets := make([]int32, rows)
	for i := range targets {
		targets[i] = int32((i*7919+cols/2)%(cols+1)) - 1
	}
	loss, want := make([]float32, rows), make([]float32, rows)
	generically(func() { SoftmaxCrossEntropy(g, targets, 0.125, want) })
	SoftmaxCrossEntropy(m, targets, 0.125, loss)
	if d := testkit.Diff(b.S, gb.S) + testkit.Diff(loss, want) + b.Stray(); d != "" {
		t.Fatalf("SoftmaxCrossEntropy[%s](%s, %d×%d, %s): %s", isa, layout, rows, cols, what, d)
	}
}

func TestSoftmaxCrossEntropy(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, layout := range layouts {
			for _, cols := range []int{1, 2, 15, 16, 17, 63, 64, 65, 127, 128, 129, 200, 448, 1000} {
				for _, rows := range []int{1, 2, 5} {
					crossEntropyCase(t, isa, layout, rows, cols, func(m Matrix) {
						for i := range m.Rows {
							for j := range m.Cols {
								v := []float32{0}
								testkit.Values(v, uint64(i*m.Cols+j), 9)
								m.Set(i, j, v[0])
							}
						}
					}, "values")
				}
			}
			for _, v := range testkit.Specials {
				for _, cols := range []int{1, 40, 64, 135} {
					for lane := 0; lane < cols; lane += 1 + cols/30 {
						crossEntropyCase(t, isa, layout, 1, cols, func(m Matrix) {
							for j := range m.Cols {
								m.Set(0, j, float32(j%5)-2)
							}
							m.Set(0, lane, v)
						}, fmt.Sprintf("%v in column %d", v, lane))
					}
				}
			}
		}
		// More panels than one call takes.
		crossEntropyCase(t, isa, "gaps", 1, 1<<16+2000, func(m Matrix) { testkit.Values(m.Data, 1, 9) }, "long")
	})
}

func TestSoftmaxCrossEntropyPageEnd(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for cols := 1; cols < 140; cols++ {
			m := RowMajor(testkit.AtPageEnd(t, 2*cols), 2, cols)
			testkit.Values(m.Data, 1, 5)
			g := RowMajor(slices.Clone(m.Data), 2, cols)
			targets, loss, want := []int32{0, int32(cols - 1)}, make([]float32, 2), make([]float32, 2)
			generically(func() { SoftmaxCrossEntropy(g, targets, 1, want) })
			SoftmaxCrossEntropy(m, targets, 1, loss)
			if d := testkit.Diff(m.Data, g.Data) + testkit.Diff(loss, want); d != "" {
				t.Fatalf("SoftmaxCrossEntropy[%s](n=%d): %s", isa, cols, d)
			}
		}
	})
}

// Losses and gradients against float64.
func TestSoftmaxCrossEntropyAccuracy(t *testing.T) {
	const n, scale = 300, 0.25
	x := make([]float32, n)
	testkit.Values(x, 9, 6)
	m := RowMajor(slices.Clone(x), 1, n)
	loss := make([]float32, 1)
	for _, target := range []int32{0, 63, 64, 299} {
		copy(m.Data, x)
		SoftmaxCrossEntropy(m, []int32{target}, scale, loss)
		var total float64
		for _, v := range x {
			total += math.Exp(float64(v))
		}
		if want := math.Log(total) - float64(x[target]); math.Abs(float64(loss[0])-want) > 2e-6 {
			t.Errorf("target %d: loss %v, want %v", target, loss[0], want)
		}
		for j, v := range m.Data {
			want := math.Exp(float64(x[j])) / total
			if j == int(target) {
				want--
			}
			if math.Abs(float64(v)-scale*want) > 40*0x1p-24*scale*math.Abs(want) {
				t.Errorf("target %d: gradient [%d] = %v, want %v", target, j, v, scale*want)
			}
		}
	}
	SoftmaxCrossEntropy(m, []int32{-1}, scale, loss)
	if loss[0] != 0 || Max(m.Data) != 0 || SumSquares(m.Data) != 0 {
		t.Errorf("target -1: loss %v, gradients up to %v", loss[0], Max(m.Data))
	}
}

func TestSoftmaxContract(t *testing.T) {
	dst := testkit.NewBuffer(300, 0).Values(1, 1)
	x, loss := make([]float32, 299), make([]float32, 2)
	m := RowMajor(dst.S, 2, 150)
	testkit.Panics(t, "kernels: Softmax: len(dst) != len(x)", func() { Softmax(dst.S, x) })
	testkit.Panics(t, "kernels: LogSumExp: len(scratch) != len(x)", func() { LogSumExp(x, dst.S) })
	testkit.Panics(t, "kernels: ExpBlocks: len(dst) != len(x)", func() { ExpBlocks(dst.S, loss, x, 1) })
	testkit.Panics(t, "kernels: ExpBlocks: len(sums) is not the number of blocks", func() { ExpBlocks(dst.S, loss[:1], make([]float32, 300), 1) })
	testkit.Panics(t, "kernels: SoftmaxCrossEntropy: one target and one loss a row", func() { SoftmaxCrossEntropy(m, []int32{1}, 1, loss) })
	testkit.Panics(t, "kernels: SoftmaxCrossEntropy: one target and one loss a row", func() { SoftmaxCrossEntropy(m, []int32{1, 1}, 1, loss[:1]) })
	testkit.Panics(t, "kernels: SoftmaxCrossEntropy: target out of range", func() { SoftmaxCrossEntropy(m, []int32{1, 150}, 1, loss) })
	testkit.Panics(t, "kernels: SoftmaxCrossEntropy: target out of range", func() { SoftmaxCrossEntropy(m, []int32{1, -2}, 1, loss) })
	m.Rows = 3
	testkit.Panics(t, "kernels: SoftmaxCrossEntropy: x is longer than its data", func() { SoftmaxCrossEntropy(m, []int32{1, 1, 1}, 1, make([]float32, 3)) })
	if d := dst.Unchanged(); d != "" {
		t.Error(d)
	}
}

func TestSoftmaxAllocs(t *testing.T) {
	x, dst, sums := make([]float32, 1000), make([]float32, 1000), make([]float32, 4)
	m, targets, loss := NewPanels(2, 1000), []int32{1, -1}, make([]float32, 2)
	testkit.EachISA(t, func(t *testing.T, isa string) {
		testkit.NoAllocs(t, func() {
			for range 20 {
				Softmax(dst, x)
				LogSumExp(x, dst)
				ExpBlocks(dst, sums, x, 2)
				SoftmaxCrossEntropy(m, targets, 1, loss)
			}
		})
	})
}

func FuzzSoftmax(f *testing.F) {
	f.Add([]byte{0, 0, 0x80, 0x3f}, uint8(0))
	f.Add([]byte{0, 0, 0x80, 0x7f, 0, 0, 0xc0, 0x7f, 0, 0, 0x80, 0xff, 0, 0, 0, 0x80}, uint8(40))
	long := make([]byte, 4*300)
	for i := range long {
		long[i] = byte(i*i + 3)
		if i%4 == 3 {
			long[i] = 0x3f + byte(i&0x80)
		}
	}
	f.Add(long, uint8(0x21))
	f.Fuzz(func(t *testing.T, raw []byte, off uint8) {
		in := testkit.Floats(raw)
		if len(in) == 0 {
			return
		}
		eachSoftmax(t, func(t *testing.T, isa string, form *softmaxForm) {
			form.check(t, isa, testkit.NewBuffer(len(in), int(off%16)).Fill(in), int(off/16), "fuzz")
		})
		testkit.EachISA(t, func(t *testing.T, isa string) {
			for _, layout := range layouts {
				crossEntropyCase(t, isa, layout, 2, len(in), func(m Matrix) {
					for j, v := range in {
						m.Set(0, j, v)
						m.Set(1, len(in)-1-j, v)
					}
				}, "fuzz")
			}
		})
	})
}

func BenchmarkExpBlocks(b *testing.B) {
	testkit.EachISA(b, func(b *testing.B, isa string) {
		for _, n := range []int{96, 10_000} {
			b.Run(fmt.Sprintf("v=%d", n), func(b *testing.B) {
				x, dst, sums := Alloc(n), Alloc(n), Alloc((n+ExpBlock-1)/ExpBlock)
				testkit.Values(x, 1, 9)
				for b.Loop() {
					ExpBlocks(dst, sums, x, 1.1)
				}
				perElement(b, n)
			})
		}
	})
}

func BenchmarkSoftmax(b *testing.B) {
	testkit.EachISA(b, func(b *testing.B, isa string) {
		const n = 10_000
		b.Run(fmt.Sprintf("v=%d", n), func(b *testing.B) {
			x, dst := Alloc(n), Alloc(n)
			testkit.Values(x, 1, 9)
			for b.Loop() {
				Softmax(dst, x)
			}
			perElement(b, n)
		})
	})
}

// Rows of scores in panels a row apart, as training holds them.
func BenchmarkSoftmaxCrossEntropy(b *testing.B) {
	testkit.EachISA(b, func(b *testing.B, isa string) {
		const rows, n = 240, 10_000
		b.Run(fmt.Sprintf("m=%d/v=%d", rows, n), func(b *testing.B) {
			m := NewPanels(rows+1, n).SubRows(0, rows)
			testkit.Values(m.Data, 1, 1)
			targets, loss := make([]int32, rows), make([]float32, rows)
			for b.Loop() {
				SoftmaxCrossEntropy(m, targets, 1, loss)
			}
			perElement(b, rows*n)
		})
	})
}
