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
	{"LogSumExp", func(dst, x []float32) []float32 {
		y := LogSumExp(x, dst)
		clear(dst) // scratch: its contents are undefined
		return []float32{y}
	}},
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

// The sums of blocks, too, end at an unreadable page.
func TestExpBlocksPageEnd(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for n := 1; n < 20*ExpBlock; n += ExpBlock/2 - 1 {
			x, dst := testkit.AtPageEnd(t, n), testkit.AtPageEnd(t, n)
			testkit.Values(x, 1, 9)
			want := make([]float32, n)
			var wantSums []float32
			generically(func() { wantSums = expBlocksOf(want, x, 0.7) })
			sums := testkit.AtPageEnd(t, len(wantSums))
			ExpBlocks(dst, sums, x, 0.7)
			if d := testkit.Diff(dst, want) + testkit.Diff(sums, wantSums); d != "" {
				t.Fatalf("ExpBlocks[%s](n=%d): %s", isa, n, d)
			}
		}
	})
}

// What infinite logits and NaN do, as documented.
func TestSoftmaxInfinite(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	zeros := func(n int, v float32) []float32 { // and v in the second block
		x := make([]float32, n)
		x[min(ExpBlock+5, n-1)] = v
		return x
	}
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, n := range []int{2, 40, 3 * ExpBlock} {
			rest := float32(0)
			if n <= ExpBlock {
				rest = nan // the only block is that of v
			}
			for _, c := range []struct {
				what      string
				x         []float32
				lse       float32
				p         float32 // of element 0
				sum, held float32 // of block 0 and of the one that has v
			}{
				{"a NaN", zeros(n, nan), nan, nan, nan, nan},
				{"a +Inf", zeros(n, inf), inf, nan, rest, nan},
				{"all +Inf", slices.Repeat([]float32{inf}, n), inf, nan, nan, nan},
				{"all -Inf", slices.Repeat([]float32{-inf}, n), -inf, nan, nan, nan},
			} {
				p, sums := make([]float32, n), expBlocksOf(make([]float32, n), c.x, 2)
				Softmax(p, c.x)
				got := []float32{p[0], sums[0], sums[min(1, len(sums)-1)], LogSumExp(c.x, p)}
				if d := testkit.Diff(got, []float32{c.p, c.sum, c.held, c.lse}); d != "" {
					t.Errorf("[%s] n=%d with %s: probability, sums and LogSumExp: %s", isa, n, c.what, d)
				}
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

// Any scale will do for the assembly to equal the definition, negative, infinite
// and NaN ones included.
func FuzzExpBlocks(f *testing.F) {
	f.Add([]byte{0, 0, 0x80, 0x3f}, float32(1), uint8(0))
	f.Add([]byte{0, 0, 0x80, 0x7f, 0, 0, 0xc0, 0x7f, 0, 0, 0x80, 0xff, 0, 0, 0, 0x80}, float32(1e30), uint8(3))
	f.Add([]byte("logits that are letters, more than one vector of them, so that a tail is left over"), float32(-0.5), uint8(7))
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0x80, 0x3f}, float32(math.Inf(1)), uint8(11))
	f.Fuzz(func(t *testing.T, raw []byte, scale float32, off uint8) {
		in := testkit.Floats(raw)
		if len(in) == 0 {
			return
		}
		form := softmaxForm{"ExpBlocks", func(dst, x []float32) []float32 { return expBlocksOf(dst, x, scale) }}
		testkit.EachISA(t, func(t *testing.T, isa string) {
			for _, n := range []int{len(in), ExpBlock + len(in)} {
				x := testkit.NewBuffer(n, int(off%16)).Fill(in)
				form.check(t, isa, x, int(off/16), fmt.Sprintf("scale=%v", scale))
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
