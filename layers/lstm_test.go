package layers_test

import (
	"testing"

	"github.com/autoreg/autoreg/internal/testkit"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// Weights returns what SetWeights was given, and what one changes the other keeps.
func TestLSTMWeights(t *testing.T) {
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
	}
}

// Mistakes panic with a constant message, before anything is written.
func TestLSTMPanics(t *testing.T) {
	l := layers.NewLSTM(5, 7)
	f := func(n int) []float32 { return make([]float32, n) }
	m := func(rows, cols int) kernels.Matrix { return kernels.RowMajor(f(rows*cols), rows, cols) }
	w := kernels.NewWorkers(1)
	for want, calls := range map[string][]func(){
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
		"layers: LSTM: StepBatch: wrong shape": {
			func() { l.StepBatch(w, m(2, 7), m(2, 5), m(2, 13), f(200)) },
			func() { l.StepBatch(w, m(2, 7), m(2, 5), m(1, 14), f(200)) },
			func() { l.StepBatch(w, m(2, 7), m(2, 5), m(2, 14), f(127)) },
			func() { l.StepBatch(w, m(2, 5), m(2, 5), m(2, 14), f(200)) },
			func() { l.StepBatch(w, m(3, 7), m(2, 5), m(2, 14), f(200)) },
			func() { l.StepBatch(w, m(2, 7), m(2, 7), m(2, 14), f(200)) },
			func() { l.StepBatch(w, kernels.NewPanels(2, 7*64), m(2, 5), m(2, 14), f(200)) },
			func() { l.StepBatch(w, m(2, 7), m(2, 5), kernels.NewPanels(2, 14), f(200)) },
		},
	} {
		panics(t, want, calls)
	}
}
