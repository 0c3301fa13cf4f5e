package layers

import "github.com/autoreg/autoreg/kernels"

// NewSequence implements Layer.
func (l *RNN) NewSequence(size BatchSize, grad Layer, threads *Threads) Sequence {
	return newRecurrence(l, size, grad, threads)
}

func (l *RNN) memoryLen() int { return 0 }
func (l *RNN) carryLen() int  { return 0 }

func (l *RNN) newTape(rows int, grad Layer) tape {
	t := &rnnTape{RNN: l, z: newPanelBuffer(rows, l.hidden)}
	if grad != nil {
		t.grad = grad.(*RNN)
		t.inT, t.recT = kernels.NewPanels(l.hidden, l.in), kernels.NewPanels(l.hidden, l.hidden)
	}
	return t
}

// An rnnTape has the units of each row: chains, then outputs, then the gradients of the
// chains.
type rnnTape struct {
	*RNN
	z buffer // [rows, H] in panels
	n int

	grad      *RNN
	inT, recT kernels.Matrix // the weights transposed: [H, In], [H, H]
}

func (t *rnnTape) begin(n int) { t.n = n }

func (t *rnnTape) rows(lo, n int) kernels.Matrix { return t.z.rows(t.n).SubRows(lo, n) }

func (t *rnnTape) inputs(w *kernels.Workers, lo int, x kernels.Matrix) {
	kernels.Gemm(w, t.rows(lo, x.Rows), x, t.W.SubRows(0, t.in), t.Bias)
}

func (t *rnnTape) recur(w *kernels.Workers, lo int, h, _, hPrev, _ kernels.Matrix) {
	z := t.rows(lo, h.Rows)
	kernels.GemmAdd(w, z, hPrev, t.W.SubRows(t.in, t.hidden))
	kernels.RNNGates(h, z, t.act)
}

func (t *rnnTape) beginBackward() {
	clear(t.grad.W.Data)
	clear(t.grad.Bias)
	kernels.Transpose(t.inT, t.W.SubRows(0, t.in))
	kernels.Transpose(t.recT, t.W.SubRows(t.in, t.hidden))
}

func (t *rnnTape) gradients(_ *kernels.Workers, lo int, dh, _, _, _, _ kernels.Matrix) {
	kernels.RNNGradients(t.rows(lo, dh.Rows), dh, t.act)
}

func (t *rnnTape) addCarry(dh, carry kernels.Matrix) {}

func (t *rnnTape) addRecurrent(w *kernels.Workers, dh kernels.Matrix, lo int) {
	kernels.GemmAdd(w, dh, t.rows(lo, dh.Rows), t.recT)
}

func (t *rnnTape) shares() int { return t.W.Panels() }

func (t *rnnTape) accumulate(w *kernels.Workers, from, to int, x, hPrev kernels.Matrix) {
	g, dz := panelsOf(t.grad.W, from, to), panelsOf(t.z.rows(t.n), from, to)
	kernels.GemmTAdd(w, g.SubRows(0, t.in), x, dz)
	kernels.GemmTAdd(w, g.SubRows(t.in, t.hidden), hPrev, dz)
	addBiases(t.grad.Bias, dz, from)
	clearPadding(g)
}

func (t *rnnTape) inputGradients(w *kernels.Workers, lo int, dx kernels.Matrix) {
	kernels.Gemm(w, dx, t.rows(lo, dx.Rows), t.inT, nil)
}
