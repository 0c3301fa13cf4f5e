package layers

import "github.com/autoreg/autoreg/kernels"

// NewSequence implements Layer.
func (l *LSTM) NewSequence(size BatchSize, grad Layer, threads *Threads) Sequence {
	return newRecurrence(l, size, grad, threads)
}

func (l *LSTM) memoryLen() int { return l.hidden } // c
func (l *LSTM) carryLen() int  { return l.hidden } // gradient of c

func (l *LSTM) newTape(rows int, grad Layer) tape {
	t := &lstmTape{LSTM: l, z: newPanelBuffer(rows, l.W.Cols)}
	if grad != nil {
		t.grad = grad.(*LSTM)
		t.inT, t.recT = kernels.NewPanels(l.W.Cols, l.in), kernels.NewPanels(l.W.Cols, l.hidden)
	}
	return t
}

// An lstmTape has the gates of each row: chains, then activations, then the gradients
// of the chains.
type lstmTape struct {
	*LSTM
	z buffer // [rows, gates] in panels
	n int

	grad      *LSTM
	inT, recT kernels.Matrix // the weights transposed: [gates, In], [gates, H]
}

func (t *lstmTape) begin(n int) { t.n = n }

func (t *lstmTape) rows(lo, n int) kernels.Matrix { return t.z.rows(t.n).SubRows(lo, n) }

func (t *lstmTape) inputs(w *kernels.Workers, lo int, x kernels.Matrix) {
	kernels.Gemm(w, t.rows(lo, x.Rows), x, t.W.SubRows(0, t.in), t.Bias)
}

func (t *lstmTape) recur(w *kernels.Workers, lo int, h, c, hPrev, cPrev kernels.Matrix) {
	z := t.rows(lo, h.Rows)
	kernels.GemmAdd(w, z, hPrev, t.W.SubRows(t.in, t.hidden))
	kernels.LSTMGatesOf(t.unit, h, c, z, cPrev, t.act)
}

func (t *lstmTape) beginBackward() {
	clear(t.grad.W.Data)
	clear(t.grad.Bias)
	kernels.Transpose(t.inT, t.W.SubRows(0, t.in))
	kernels.Transpose(t.recT, t.W.SubRows(t.in, t.hidden))
}

func (t *lstmTape) gradients(_ *kernels.Workers, lo int, dh, dc, c, _, cPrev kernels.Matrix) {
	kernels.LSTMGradientsOf(t.unit, t.rows(lo, dh.Rows), dc, dh, c, cPrev, t.act)
}

func (t *lstmTape) addCarry(dh, carry kernels.Matrix) {} // the gradient of c is none of h

func (t *lstmTape) addRecurrent(w *kernels.Workers, dh kernels.Matrix, lo int) {
	kernels.GemmAdd(w, dh, t.rows(lo, dh.Rows), t.recT)
}

func (t *lstmTape) shares() int { return t.W.Panels() }

func (t *lstmTape) accumulate(w *kernels.Workers, from, to int, x, hPrev kernels.Matrix) {
	g, dz := panelsOf(t.grad.W, from, to), panelsOf(t.z.rows(t.n), from, to)
	kernels.GemmTAdd(w, g.SubRows(0, t.in), x, dz)
	kernels.GemmTAdd(w, g.SubRows(t.in, t.hidden), hPrev, dz)
	kernels.AddRows(t.grad.Bias[from*kernels.PanelWidth:][:dz.Cols], dz)
}

func (t *lstmTape) inputGradients(w *kernels.Workers, lo int, dx kernels.Matrix) {
	kernels.Gemm(w, dx, t.rows(lo, dx.Rows), t.inT, nil)
}
