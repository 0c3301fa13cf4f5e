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

	dh buffer         // [T·B, H] gradients of the outputs
	dc kernels.Matrix // [B, H] of the cells of the step under way

	reset, recur, weigh, inputs func(worker, from, to int) // bound once: a closure allocates
}

func newBackPass(p *pass, rows, batch int) *backPass {
	E, H, V, gates := p.lstm.InLen(), p.lstm.OutLen(), p.net.Head.OutLen(), p.lstm.W.Cols
	b := &backPass{
		p:     p,
		grad:  newLike(p.net),
		headT: kernels.NewPanels(V, H),
		inT:   kernels.NewPanels(gates, E),
		recT:  kernels.NewPanels(gates, H),
		dh:    newBuffer(rows, H),
		dc:    kernels.RowMajor(kernels.Alloc(batch*H), batch, H),
	}
	b.reset, b.recur, b.weigh, b.inputs = b.resetPanels, b.recurDocuments, b.weighPanels, b.inputRows
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
	p.threads.Split(p.B*p.T, rowUnit, b.inputs)
	// Only here do rows meet in one place: a word that occurs twice.
	dx := p.x.rows(p.B * p.T)
	for r := range dx.Rows {
		g, id := b.grad.Embedding, int(p.ids[r])
		sum := g.Weight[id*g.Dim : (id+1)*g.Dim]
		kernels.Add(sum, sum, rowOf(dx, r))
	}
}

// recurDocuments takes documents from to to-1 back to the first step and leaves
// the gradients of the gates in the place of the gates.
func (b *backPass) recurDocuments(worker, from, to int) {
	p, w, n := b.p, b.p.single[worker], to-from
	rows := p.B * p.T
	z, c, dh, dc := p.z.rows(rows), p.c.rows(rows+p.B), b.dh.rows(rows), b.dc.SubRows(from, n)
	for i := range n {
		clear(rowOf(dc, i))
	}
	for t := p.T - 1; t >= 0; t-- {
		now, next := t*p.B+from, (t+1)*p.B+from
		d := dh.SubRows(now, n)
		if t < p.T-1 {
			kernels.GemmAdd(w, d, z.SubRows(next, n), b.recT)
		}
		kernels.LSTMGradients(z.SubRows(now, n), dc, d, c.SubRows(next, n), c.SubRows(now, n))
	}
}

// weighPanels computes the gradients of panels from to to-1 of the LSTM.
func (b *backPass) weighPanels(worker, from, to int) {
	p, w, rows := b.p, b.p.single[worker], b.p.B*b.p.T
	E, H := p.lstm.InLen(), p.lstm.OutLen()
	grad := lstmOf(b.grad)
	gw, dz := columns(grad.W, from, to), columns(p.z.rows(rows), from, to)
	kernels.GemmTAdd(w, gw.SubRows(0, E), p.x.rows(rows), dz)
	kernels.GemmTAdd(w, gw.SubRows(E, H), p.h.rows(rows+p.B).SubRows(0, rows), dz)
	kernels.AddRows(grad.Bias[from*kernels.PanelWidth:][:dz.Cols], dz)
}

// inputRows puts the gradients of the inputs of rows from to to-1 in the place of
// the inputs.
func (b *backPass) inputRows(worker, from, to int) {
	p, rows := b.p, b.p.B*b.p.T
	kernels.Gemm(p.single[worker], p.x.rows(rows).SubRows(from, to-from), p.z.rows(rows).SubRows(from, to-from), b.inT, nil)
}
