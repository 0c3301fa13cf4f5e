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
		"LSTM":      {stored(s.Layers[0]), 117_248},
		"Linear":    {s.Head.Params(), 1_290_000},
		"stacked":   {stored(layers.NewLSTM(128, 128)), 131_584},
	} {
		if c[0] != c[1] {
			t.Errorf("%s has %d parameters, want %d", name, c[0], c[1])
		}
	}
}

// stored returns the number of parameters as stored.
func stored(m layers.Module) int {
	n, _ := layers.Count(m)
	return n
}

// Weights returns what SetWeights was given, and what one changes the other keeps.
func TestLinearWeights(t *testing.T) {
	for _, c := range [][2]int{{1, 1}, {5, 7}, {3, 16}, {16, 17}, {2, 64}, {7, 65}} {
		lin := layers.NewLinear(c[0], c[1])
		w, bias := lin.Weights()
		testkit.Values(w, 4, 1)
		testkit.Values(bias, 5, 1)
		lin.SetWeights(w, bias)
		a, b := lin.Weights()
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
	f := func(n int) []float32 { return make([]float32, n) }
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
		panics(t, want, calls)
	}
}

// panics checks that each call panics with a message.
func panics(t *testing.T, want string, calls []func()) {
	t.Helper()
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
