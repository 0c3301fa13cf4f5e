package train

import (
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// A backPass is what a pass has besides to go backwards: gradients, in the form
// of a network of the same layout, and room for what leads there.
type backPass struct {
	p    *pass
	grad *layers.Stack

	// The weights transposed, in panels, copied anew for each batch.
	headT, inT, recT kernels.Matrix // [V, H], [gates, E], [gates, H]

	dh   buffer // [rows, H] gradients of the outputs
	dc   buffer // [B, H] of the cells of the step under way
	some buffer // [B, H] the rows of dh of sequences that go on

	reset, recur, weigh, inputs func(worker, from, to int) // bound once: a closure allocates
}

func newBackPass(p *pass, s passSize) *backPass {
	E, H, V, gates := p.lstm.InLen(), p.lstm.OutLen(), p.net.Head.OutLen(), p.lstm.W.Cols
	b := &backPass{
		p:     p,
		grad:  newLike(p.net),
		headT: kernels.NewPanels(V, H),
		inT:   kernels.NewPanels(gates, E),
		recT:  kernels.NewPanels(gates, H),
		dh:    newBuffer(s.rows, H),
		dc:    newBuffer(s.sequences, H),
		some:  newBuffer(s.sequences, H),
	}
	b.reset, b.recur, b.weigh, b.inputs = b.resetPanels, b.recurSequences, b.weighPanels, b.inputRows
	return b
}

// begin clears the gradients and copies the weights.
func (b *backPass) begin() {
	clear(b.grad.Embedding.Weight)
	lstm, E, H := lstmOf(b.grad), b.p.lstm.InLen(), b.p.lstm.OutLen()
	clear(lstm.W.Data)
	clear(lstm.Bias)
	clear(b.grad.Head.Bias)
	b.p.threads.Split(b.p.net.Head.W.Panels(), 1, b.reset)
	kernels.Transpose(b.inT, b.p.lstm.W.SubRows(0, E))
	kernels.Transpose(b.recT, b.p.lstm.W.SubRows(E, H))
}

// resetPanels does panels from to to-1 of the output layer.
func (b *backPass) resetPanels(_, from, to int) {
	w := columns(b.p.net.Head.W, from, to)
	kernels.Transpose(b.headT.SubRows(from*kernels.PanelWidth, w.Cols), w)
	g := b.grad.Head.W
	clear(g.Data[from*g.Panel : to*g.Panel])
}

// run goes back through all steps, from the gradients of the LSTM's outputs that
// the output layer has left in dh.
func (b *backPass) run() {
	p := b.p
	clearPadding(b.grad.Head.W) // the product may have left anything there
	p.threads.Split(p.B, 1, b.recur)
	p.threads.Split(p.lstm.W.Panels(), 1, b.weigh)
	p.threads.Split(p.n, rowUnit, b.inputs)
	// Only here do rows meet in one place: a word that occurs twice.
	dx := p.x.rows(p.n)
	for r := range dx.Rows {
		g, id := b.grad.Embedding, int(p.ids[r])
		sum := g.Weight[id*g.Dim : (id+1)*g.Dim]
		kernels.Add(sum, sum, rowOf(dx, r))
	}
}

// recurSequences takes sequences from to to-1 back to the first step and leaves
// the gradients of the gates in the place of the gates.
func (b *backPass) recurSequences(worker, from, to int) {
	p := b.p
	z, c, dh := p.z.rows(p.n), p.c.rows(p.n), b.dh.rows(p.n)
	for t := p.T - 1; t >= 0; t-- {
		lo, n := p.block(t, from, to)
		d, dc := dh.SubRows(lo, n), b.dc.rows(p.B).SubRows(from, n)
		next := kernels.Matrix{}
		if t < p.T-1 {
			next = z.SubRows(p.block(t+1, from, to))
		}
		b.addLater(p.single[worker], d, next, t, from, to)
		b.spread(dc, next.Rows, t, from, to)
		kernels.LSTMGradients(z.SubRows(lo, n), dc, d, c.SubRows(lo, n), p.before(c, t, from, to), kernels.Logistic)
	}
}

// addLater adds to d, the gradients of the outputs of step t of sequences from to to-1,
// what comes back from step t+1 of those that have one: next are the gradients of its
// gates.
func (b *backPass) addLater(w *kernels.Workers, d, next kernels.Matrix, t, from, to int) {
	switch next.Rows {
	case 0:
		return
	case d.Rows:
		kernels.GemmAdd(w, d, next, b.recT)
		return
	}
	// Their rows of d are not one block, so they are copied there and back.
	p, some := b.p, b.some.rows(b.p.B).SubRows(from, next.Rows)
	for k := from; k < to; k++ {
		if p.has(t+1, k) {
			copy(rowOf(some, p.row(t+1, k)-p.row(t+1, from)), rowOf(d, p.row(t, k)-p.row(t, from)))
		}
	}
	kernels.GemmAdd(w, some, next, b.recT)
	for k := from; k < to; k++ {
		if p.has(t+1, k) {
			copy(rowOf(d, p.row(t, k)-p.row(t, from)), rowOf(some, p.row(t+1, k)-p.row(t+1, from)))
		}
	}
}

// spread moves the first n rows of dc, which are those of sequences with a step t+1,
// to the rows that these have among the sequences with a step t, and clears the others.
func (b *backPass) spread(dc kernels.Matrix, n, t, from, to int) {
	if n == dc.Rows {
		return
	}
	p := b.p
	for k := to - 1; k >= from; k-- { // rows only move to higher places
		if !p.has(t, k) {
			continue
		}
		row := rowOf(dc, p.row(t, k)-p.row(t, from))
		if p.has(t+1, k) {
			copy(row, rowOf(dc, p.row(t+1, k)-p.row(t+1, from)))
		} else {
			clear(row)
		}
	}
}

// weighPanels computes the gradients of panels from to to-1 of the LSTM.
func (b *backPass) weighPanels(worker, from, to int) {
	p, w := b.p, b.p.single[worker]
	E, H := p.lstm.InLen(), p.lstm.OutLen()
	grad := lstmOf(b.grad)
	gw, dz := columns(grad.W, from, to), columns(p.z.rows(p.n), from, to)
	kernels.GemmTAdd(w, gw.SubRows(0, E), p.x.rows(p.n), dz)
	kernels.GemmTAdd(w, gw.SubRows(E, H), p.hIn.rows(p.n), dz)
	kernels.AddRows(grad.Bias[from*kernels.PanelWidth:][:dz.Cols], dz)
}

// inputRows puts the gradients of the inputs of rows from to to-1 in the place of
// the inputs.
func (b *backPass) inputRows(worker, from, to int) {
	p := b.p
	kernels.Gemm(p.single[worker], p.x.rows(p.n).SubRows(from, to-from), p.z.rows(p.n).SubRows(from, to-from), b.inT, nil)
}
