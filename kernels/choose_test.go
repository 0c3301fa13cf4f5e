package kernels

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

// A chooser is a routine that compares elements with one or two bounds; its results are
// compared with plain loops, as bits.
type chooser struct {
	name   string
	apply  func(x []float32, least, most float32) []float64
	define func(x []float32, least, most float32) []float64
}

var choosers = []chooser{
	{"SumBlocksFrom", func(x []float32, least, _ float32) []float64 {
		sums := testkit.NewBuffer((len(x)+ExpBlock-1)/ExpBlock, 3)
		n := SumBlocksFrom(sums.S, x, least)
		if sums.Stray() != "" {
			return nil
		}
		return append(wide(sums.S), float64(n))
	}, func(x []float32, least, _ float32) (all []float64) {
		n := 0
		for at := 0; at < len(x); at += ExpBlock {
			block := slices.Clone(x[at:min(at+ExpBlock, len(x))])
			for i, v := range block {
				if v >= least {
					n++
				} else {
					block[i] = 0
				}
			}
			all = append(all, float64(sumGeneric(block)))
		}
		return append(all, float64(n))
	}},
	{"MaskBetween", func(x []float32, least, most float32) []float64 {
		mask := make([]uint64, (len(x)+63)/64+1)
		const stray = 0x5555_0000_1234_5678
		for i := range mask {
			mask[i] = stray
		}
		MaskBetween(mask[:len(mask)-1], x, least, most)
		if mask[len(mask)-1] != stray {
			return nil
		}
		all := make([]float64, 64*(len(mask)-1))
		for i := range all {
			all[i] = float64(mask[i/64] >> (i % 64) & 1)
		}
		return all
	}, func(x []float32, least, most float32) []float64 {
		all := make([]float64, (len(x)+63)/64*64)
		for i, v := range x {
			if least <= v && v < most {
				all[i] = 1
			}
		}
		return all
	}},
	{"MaxColumns/64", columns(64), defineColumns(64)},
	{"MaxColumns/192", columns(192), defineColumns(192)},
}

func columns(n int) func(x []float32, _, _ float32) []float64 {
	return func(x []float32, _, _ float32) []float64 {
		dst := testkit.NewBuffer(n, 5)
		MaxColumns(dst.S, x)
		if dst.Stray() != "" {
			return nil
		}
		return wide(dst.S)
	}
}

func defineColumns(n int) func(x []float32, _, _ float32) []float64 {
	return func(x []float32, _, _ float32) []float64 {
		dst := slices.Repeat([]float32{float32(math.Inf(-1))}, n)
		for i, v := range x {
			if v > dst[i%n] {
				dst[i%n] = v
			}
		}
		return wide(dst)
	}
}

func wide(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

func (c *chooser) check(t *testing.T, isa string, x []float32, least, most float32) {
	t.Helper()
	got, want := c.apply(x, least, most), c.define(x, least, most)
	same := func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) || a != a && b != b }
	if !slices.EqualFunc(got, want, same) {
		t.Fatalf("%s[%s](n=%d, %v, %v) = %v, want %v", c.name, isa, len(x), least, most, got, want)
	}
}

func eachChooser(t *testing.T, f func(t *testing.T, isa string, c *chooser)) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for i := range choosers {
			t.Run(choosers[i].name, func(t *testing.T) { f(t, isa, &choosers[i]) })
		}
	})
}

func TestChooseSizes(t *testing.T) {
	eachChooser(t, func(t *testing.T, isa string, c *chooser) {
		for _, n := range append([]int{255, 256, 257, 511, 512, 600, 4097, 1<<16 + 300}, testkit.Sizes...) {
			for off := range 16 {
				x := testkit.NewBuffer(n, off).Values(uint64(n+off), 3)
				c.check(t, isa, x.S, -1, 2)
				if d := x.Unchanged(); d != "" {
					t.Fatalf("n=%d off=%d: %s", n, off, d)
				}
				if n > 228 && off == 1 || brief() && off == 2 {
					break
				}
			}
		}
	})
}

// Special values as elements in every place, and as bounds.
func TestChooseSpecials(t *testing.T) {
	bounds := append([]float32{0.5}, testkit.Specials...)
	eachChooser(t, func(t *testing.T, isa string, c *chooser) {
		for _, n := range []int{1, 64, 300} {
			x := make([]float32, n)
			for lane := 0; lane < n; lane += 1 + n/70 {
				testkit.Values(x, uint64(lane), 2)
				v := testkit.Specials[lane%len(testkit.Specials)]
				x[lane] = v
				c.check(t, isa, x, v, float32(math.Inf(1)))
				c.check(t, isa, x, -1, v)
			}
			for i := range x {
				x[i] = testkit.Specials[(i*7)%len(testkit.Specials)]
			}
			for _, least := range bounds {
				for _, most := range bounds {
					c.check(t, isa, x, least, most)
				}
			}
		}
	})
}

func TestChoosePageEnd(t *testing.T) {
	eachChooser(t, func(t *testing.T, isa string, c *chooser) {
		for n := 0; n < 600; n += 1 + n/40 {
			x := testkit.AtPageEnd(t, n)
			testkit.Values(x, uint64(n), 1)
			c.check(t, isa, x, -0.5, 0.5)
		}
	})
}

// A bound admits fewer elements as it rises, and no sum rises with it.
func TestSumBlocksFromFalls(t *testing.T) {
	x := make([]float32, 3*ExpBlock+7)
	testkit.Values(x, 3, 8)
	w, sums := make([]float32, len(x)), make([]float32, 4)
	ExpBlocks(w, sums, x, 1)
	sorted := slices.Sorted(slices.Values(w))
	before := make([]float32, 4)
	for i, least := range sorted {
		n := SumBlocksFrom(sums, w, least)
		if n != len(w)-i {
			t.Fatalf("%d elements from %v on, want %d", n, least, len(w)-i)
		}
		for b := range sums {
			if i > 0 && sums[b] > before[b] {
				t.Fatalf("sum of block %d from %v on is %v, from less on %v", b, least, sums[b], before[b])
			}
		}
		copy(before, sums)
	}
}

func TestChoosePanics(t *testing.T) {
	for want, f := range map[string]func(){
		"kernels: SumBlocksFrom: len(sums) is not the number of blocks": func() { SumBlocksFrom(make([]float32, 1), make([]float32, 257), 0) },
		"kernels: MaskBetween: len(mask) is not a 64th of len(x)":       func() { MaskBetween(make([]uint64, 1), make([]float32, 65), 0, 1) },
		"kernels: MaxColumns: len(dst) is not a multiple of 64":         func() { MaxColumns(make([]float32, 65), make([]float32, 65)) },
	} {
		func() {
			defer func() {
				if got := recover(); fmt.Sprint(got) != want {
					t.Errorf("panic %v, want %q", got, want)
				}
			}()
			f()
		}()
	}
}

func BenchmarkChoose(b *testing.B) {
	x := make([]float32, 10_000)
	testkit.Values(x, 1, 8)
	sums, mask, columns := make([]float32, 40), make([]uint64, 157), make([]float32, 64)
	testkit.EachISA(b, func(b *testing.B, isa string) {
		for _, c := range []struct {
			name string
			f    func()
		}{
			{"SumBlocksFrom", func() { SumBlocksFrom(sums, x, 1) }},
			{"MaskBetween", func() { MaskBetween(mask, x, 1, 2) }},
			{"MaxColumns", func() { MaxColumns(columns, x) }},
		} {
			b.Run("f="+c.name+"/n=10000", func(b *testing.B) {
				b.SetBytes(int64(4 * len(x)))
				for b.Loop() {
					c.f()
				}
			})
		}
	})
}
