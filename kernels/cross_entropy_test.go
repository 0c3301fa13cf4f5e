package kernels

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
)

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

// The logits, in every layout, and the losses end at unreadable pages.
func TestSoftmaxCrossEntropyPageEnd(t *testing.T) {
	const rows = 2
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, layout := range layouts {
			for cols := 1; cols < 140; cols++ {
				m := viewAtPageEnd(t, layout, rows, cols)
				testkit.Values(m.Data, 1, 5)
				g := cloneMatrix(m)
				targets, want := []int32{0, int32(cols - 1)}, make([]float32, rows)
				loss := testkit.AtPageEnd(t, rows)
				generically(func() { SoftmaxCrossEntropy(g, targets, 1, want) })
				SoftmaxCrossEntropy(m, targets, 1, loss)
				if d := testkit.Diff(m.Data, g.Data) + testkit.Diff(loss, want); d != "" {
					t.Fatalf("SoftmaxCrossEntropy[%s](%s, n=%d): %s", isa, layout, cols, d)
				}
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

// Rows of logits in panels a row apart, as training holds them.
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
