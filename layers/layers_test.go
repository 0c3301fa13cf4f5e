package layers_test

import (
	"math"
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

func TestParams(t *testing.T) {
	s := random(10000, 100, 128)
	for name, c := range map[string][2]int{
		"Embedding": {s.Embedding.Params(), 1_000_000},
		"LSTM":      {s.Layers[0].(*layers.LSTM).Params(), 117_248},
		"Linear":    {s.Head.Params(), 1_290_000},
		"stacked":   {layers.NewLSTM(128, 128).Params(), 131_584},
	} {
		if c[0] != c[1] {
			t.Errorf("%s has %d parameters, want %d", name, c[0], c[1])
		}
	}
}

// Weights returns what SetWeights was given, and what one changes the other keeps.
func TestWeights(t *testing.T) {
	for _, c := range [][2]int{{1, 1}, {5, 7}, {3, 16}, {16, 17}, {2, 64}, {7, 65}} {
		l := layers.NewLSTM(c[0], c[1])
		wih, whh, bias := l.Weights()
		for i, s := range [][]float32{wih, whh, bias} {
			testkit.Values(s, uint64(i+1), 1)
		}
		l.SetWeights(wih, whh, bias)
		a, b, d := l.Weights()
		if x := testkit.Diff(a, wih) + testkit.Diff(b, whh) + testkit.Diff(d, bias); x != "" {
			t.Errorf("LSTM %v: %s", c, x)
		}
		// Columns of absent units stay zero, which kernels rely on.
		for col := range l.W.Cols {
			if unit := col/kernels.PanelWidth*kernels.GateUnits + col%kernels.GateUnits; unit >= c[1] {
				for k := range l.W.Rows {
					if l.W.At(k, col) != 0 || l.Bias[col] != 0 {
						t.Fatalf("LSTM %v: padding column %d is not zero", c, col)
					}
				}
			}
		}
		a[0]++
		if x, _, _ := l.Weights(); x[0] != wih[0] {
			t.Errorf("LSTM %v: Weights is not a copy", c)
		}

		lin := layers.NewLinear(c[0], c[1])
		w, bias := lin.Weights()
		testkit.Values(w, 4, 1)
		testkit.Values(bias, 5, 1)
		lin.SetWeights(w, bias)
		a, b = lin.Weights()
		if x := testkit.Diff(a, w) + testkit.Diff(b, bias); x != "" {
			t.Errorf("Linear %v: %s", c, x)
		}
		a[0]++
		b[0]++
		if x, y := lin.Weights(); x[0] != w[0] || y[0] != bias[0] {
			t.Errorf("Linear %v: Weights is not a copy", c)
		}
	}
}

// A Linear layer against a float64 loop. The tolerance bounds the rounding of a
// chain of k terms: Higham, Accuracy and Stability of Numerical Algorithms, §3.1.
func TestLinear(t *testing.T) {
	testkit.EachISA(t, func(t *testing.T, isa string) {
		for _, c := range [][2]int{{1, 1}, {3, 2}, {7, 64}, {33, 65}, {128, 130}} {
			in, out := c[0], c[1]
			l := layers.NewLinear(in, out)
			if l.InLen() != in || l.OutLen() != out {
				t.Fatalf("%d in, %d out, want %v", l.InLen(), l.OutLen(), c)
			}
			w, b := l.Weights()
			testkit.Values(w, 1, 1)
			testkit.Values(b, 2, 1)
			l.SetWeights(w, b)
			x, dst := make([]float32, in), make([]float32, out)
			testkit.Values(x, 3, 1)
			l.Apply(dst, x)
			for j := range dst {
				want, size := float64(b[j]), math.Abs(float64(b[j]))
				for k := range x {
					p := float64(w[j*in+k]) * float64(x[k])
					want += p
					size += math.Abs(p)
				}
				if tol := float64(in+1) * 0x1p-24 * size; !(math.Abs(float64(dst[j])-want) <= tol) {
					t.Errorf("Linear[%s](in=%d, out=%d): dst[%d] = %v, want %v, tol %v", isa, in, out, j, dst[j], want, tol)
				}
			}
		}
	})
}

func TestEmbedding(t *testing.T) {
	e := layers.NewEmbedding(4, 3)
	testkit.Values(e.Weight, 1, 1)
	for id := range 4 {
		row := e.Row(id)
		if d := testkit.Diff(row, e.Weight[3*id:3*id+3]); d != "" || cap(row) != 3 {
			t.Errorf("Row(%d): %s, cap %d", id, d, cap(row))
		}
	}
}

// Mistakes panic with a constant message, before anything is written.
func TestPanics(t *testing.T) {
	s := random(11, 5, 7)
	l := s.Layers[0].(*layers.LSTM)
	f := func(n int) []float32 { return make([]float32, n) }
	m := func(rows, cols int) kernels.Matrix { return kernels.RowMajor(f(rows*cols), rows, cols) }
	w := kernels.NewWorkers(1)
	for want, calls := range map[string][]func(){
		"layers: Embedding: symbol out of range": {
			func() { s.Embedding.Row(-1) },
			func() { s.Embedding.Row(11) },
			func() { s.NewState().Advance(11) },
			func() { s.NewBatch(2, w).Advance([]int{0, -1}) },
		},
		"layers: Linear: SetWeights: wrong length": {
			func() { s.Head.SetWeights(f(76), f(11)) },
			func() { s.Head.SetWeights(f(77), f(12)) },
		},
		"layers: LSTM: SetWeights: wrong length": {
			func() { l.SetWeights(f(139), f(196), f(28)) },
			func() { l.SetWeights(f(140), f(197), f(28)) },
			func() { l.SetWeights(f(140), f(196), f(27)) },
		},
		"layers: LSTM: Step: wrong length": {
			func() { l.Step(f(6), f(5), f(14), f(64)) },
			func() { l.Step(f(7), f(6), f(14), f(64)) },
			func() { l.Step(f(7), f(5), f(13), f(64)) },
			func() { l.Step(f(7), f(5), f(14), f(6)) },
		},
		"layers: LSTM: StepBatch: wrong length": {
			func() { l.StepBatch(w, m(2, 7), m(2, 5), f(27), f(200)) },
			func() { l.StepBatch(w, m(2, 7), m(2, 5), f(28), f(127)) },
			func() { l.StepBatch(w, m(2, 5), m(2, 5), f(28), f(200)) },
			func() { l.StepBatch(w, m(3, 7), m(2, 5), f(28), f(200)) },
			func() { l.StepBatch(w, m(2, 7), m(2, 7), f(28), f(200)) },
			func() { l.StepBatch(w, kernels.NewPanels(2, 7*64), m(2, 5), f(28), f(200)) },
		},
		"layers: Batch: Advance: one symbol a sequence": {
			func() { s.NewBatch(2, w).Advance([]int{0}) },
		},
		"layers: State: CopyFrom: different stacks": {
			func() { s.NewState().CopyFrom(random(11, 5, 7).NewState()) },
		},
		"kernels: Gemv: len(dst) != w.Cols": {
			func() { s.NewState().Logits(f(10)) },
		},
	} {
		for i, call := range calls {
			func() {
				defer func() {
					if got := recover(); got != want {
						t.Errorf("call %d: panic %v, want %q", i, got, want)
					}
				}()
				call()
			}()
		}
	}
}
