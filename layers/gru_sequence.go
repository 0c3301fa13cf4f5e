package layers

import "github.com/autoreg/autoreg/kernels"

// NewSequence implements Layer.
func (l *GRU) NewSequence(size BatchSize, grad Layer, threads *Threads) Sequence {
	return newRecurrence(l, size, grad, threads)
}

func (l *GRU) memoryLen() int { return 0 }
func (l *GRU) carryLen() int  { return l.hidden } // gradient of h that passes through no product

func (l *GRU) newTape(rows int, grad Layer) tape {
	t := &gruTape{GRU: l, rz: newPanelBuffer(rows, l.RZ.Cols), cand: newPanelBuffer(rows, l.hidden)}
	if l.before {
		t.rh = newBuffer(rows, l.hidden)
	} else {
		t.m = newPanelBuffer(rows, l.hidden)
	}
	if grad != nil {
		t.grad = grad.(*GRU)
		t.rzInT, t.rzRecT = kernels.NewPanels(l.RZ.Cols, l.in), kernels.NewPanels(l.RZ.Cols, l.hidden)
		t.nInT, t.nRecT = kernels.NewPanels(l.hidden, l.in), kernels.NewPanels(l.hidden, l.hidden)
	}
	return t
}

// A gruTape has the gates and the candidate of each row: chains, then activations, then
// the gradients of the chains.
type gruTape struct {
	*GRU
	rz   buffer // [rows, gates] in panels
	cand buffer // [rows, H] in panels
	m    buffer // [rows, H] in panels: the recurrent part of n, with the reset after
	rh   buffer // [rows, H]: r⊙h, with the reset before
	n    int

	grad                       *GRU
	rzInT, rzRecT, nInT, nRecT kernels.Matrix // the weights transposed
}

func (t *gruTape) begin(n int) { t.n = n }

func (t *gruTape) rows(b *buffer, lo, n int) kernels.Matrix {
	if b.data == nil {
		return kernels.Matrix{}
	}
	return b.rows(t.n).SubRows(lo, n)
}

func (t *gruTape) inputs(w *kernels.Workers, lo int, x kernels.Matrix) {
	t.GRU.inputs(w, t.rows(&t.rz, lo, x.Rows), t.rows(&t.cand, lo, x.Rows), x)
}

func (t *gruTape) recur(w *kernels.Workers, lo int, h, _, hPrev, _ kernels.Matrix) {
	n := h.Rows
	t.GRU.recur(w, h, t.rows(&t.rz, lo, n), t.rows(&t.cand, lo, n), t.rows(&t.m, lo, n), t.rows(&t.rh, lo, n), hPrev)
}

func (t *gruTape) beginBackward() {
	g := t.grad
	for _, values := range [...][]float32{g.RZ.Data, g.RZBias, g.N.Data, g.NBias, g.NRecurrentBias} {
		clear(values)
	}
	in, H := t.in, t.hidden
	kernels.Transpose(t.rzInT, t.RZ.SubRows(0, in))
	kernels.Transpose(t.rzRecT, t.RZ.SubRows(in, H))
	kernels.Transpose(t.nInT, t.N.SubRows(0, in))
	kernels.Transpose(t.nRecT, t.N.SubRows(in, H))
}

func (t *gruTape) gradients(w *kernels.Workers, lo int, dh, carry, _, hPrev, _ kernels.Matrix) {
	n := dh.Rows
	rz, cand := t.rows(&t.rz, lo, n), t.rows(&t.cand, lo, n)
	if !t.before {
		kernels.GRUGradientsOf(t.unit, rz, cand, t.rows(&t.m, lo, n), dh, carry, hPrev, t.act)
		return
	}
	kernels.GRUUpdateGradientsOf(t.unit, rz, cand, dh, carry, hPrev, t.act)
	// dh has been read: it makes room for the gradients of r⊙h.
	kernels.Gemm(w, dh, cand, t.nRecT, nil)
	kernels.GRUResetGradients(rz, carry, dh, hPrev, t.act)
}

func (t *gruTape) addCarry(dh, carry kernels.Matrix) {
	for i := range dh.Rows {
		kernels.Add(rowOf(dh, i), rowOf(dh, i), rowOf(carry, i))
	}
}

func (t *gruTape) addRecurrent(w *kernels.Workers, dh kernels.Matrix, lo int) {
	kernels.GemmAdd(w, dh, t.rows(&t.rz, lo, dh.Rows), t.rzRecT)
	if !t.before {
		kernels.GemmAdd(w, dh, t.rows(&t.m, lo, dh.Rows), t.nRecT)
	}
}

func (t *gruTape) shares() int { return t.RZ.Panels() + t.N.Panels() }

// accumulate does the panels of RZ first, then those of N.
func (t *gruTape) accumulate(w *kernels.Workers, from, to int, x, hPrev kernels.Matrix) {
	gates := t.RZ.Panels()
	if end := min(to, gates); from < end {
		g, dz := panelsOf(t.grad.RZ, from, end), panelsOf(t.rz.rows(t.n), from, end)
		kernels.GemmTAdd(w, g.SubRows(0, t.in), x, dz)
		kernels.GemmTAdd(w, g.SubRows(t.in, t.hidden), hPrev, dz)
		addBiases(t.grad.RZBias, dz, from)
		clearPadding(g)
	}
	from, to = max(from, gates)-gates, to-gates
	if from >= to {
		return
	}
	g, dn := panelsOf(t.grad.N, from, to), panelsOf(t.cand.rows(t.n), from, to)
	kernels.GemmTAdd(w, g.SubRows(0, t.in), x, dn)
	addBiases(t.grad.NBias, dn, from)
	recurrent := g.SubRows(t.in, t.hidden)
	if t.before {
		kernels.GemmTAdd(w, recurrent, t.rh.rows(t.n), dn)
	} else {
		dm := panelsOf(t.m.rows(t.n), from, to)
		kernels.GemmTAdd(w, recurrent, hPrev, dm)
		addBiases(t.grad.NRecurrentBias, dm, from)
	}
	clearPadding(g)
}

func (t *gruTape) inputGradients(w *kernels.Workers, lo int, dx kernels.Matrix) {
	kernels.Gemm(w, dx, t.rows(&t.rz, lo, dx.Rows), t.rzInT, nil)
	kernels.GemmAdd(w, dx, t.rows(&t.cand, lo, dx.Rows), t.nInT)
}
