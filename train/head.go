package train

import (
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// A headPass is the output layer's part of a pass: logits, losses, and the
// gradients of its weights and inputs, a chunk of rows at a time, so that the
// [rows, V] logits never are in memory as a whole. How the rows are cut changes
// no result.
type headPass struct {
	p      *pass
	logits kernels.Matrix // [chunk, V] in panels
	at, n  int            // the chunk under way: rows [at, at+n)
	weight kernels.Matrix // [V, H] the weights transposed, copied anew for each batch

	in, grad kernels.Matrix // [rows, H] of the batch

	reset, score, accumulate func(worker, from, to int) // bound once: a closure allocates
}

const (
	chunkValues = 240 * 10048 // logits in memory, about: 9.6 MB
	chunkUnit   = 48          // rows of a chunk are a multiple of it
)

// chunkRows returns the rows of a chunk for V symbols and total rows.
func chunkRows(total, symbols, threads int) int {
	n := min(max(chunkValues/symbols, chunkUnit*threads), total)
	chunks := (total + n - 1) / n
	n = (total + chunks - 1) / chunks
	return (n + chunkUnit - 1) / chunkUnit * chunkUnit
}

// init makes room for batches of up to rows rows.
func (h *headPass) init(p *pass, rows int) {
	V := p.net.Head.OutLen()
	n := chunkRows(rows, V, p.threads.Len())
	// A row more than there is keeps panels from beginning at multiples of 4 KiB,
	// where all parts of one row would compete for the same lines of a cache.
	stride := (n + 1) * kernels.PanelWidth
	h.p = p
	h.logits = kernels.Matrix{Rows: n, Cols: V, Row: kernels.PanelWidth, Panel: stride}
	h.logits.Data = kernels.Alloc(h.logits.Panels() * stride)
	if p.grad != nil {
		h.weight = kernels.NewPanels(V, p.net.Head.InLen())
	}
	h.reset, h.score, h.accumulate = h.resetPanels, h.scoreRows, h.accumulatePanels
}

// begin clears the gradients and copies the weights.
func (h *headPass) begin() {
	clear(h.p.grad.Head.Bias)
	h.p.threads.Split(h.p.net.Head.W.Panels(), 1, h.reset)
}

// resetPanels does panels [from, to) of the output layer.
func (h *headPass) resetPanels(_, from, to int) {
	w := columns(h.p.net.Head.W, from, to)
	kernels.Transpose(h.weight.SubRows(from*kernels.PanelWidth, w.Cols), w)
	g := h.p.grad.Head.W
	clear(g.Data[from*g.Panel : to*g.Panel])
}

// run takes all rows through the output layer, in being its inputs.
func (h *headPass) run(in kernels.Matrix) {
	p := h.p
	h.in = in
	if p.learning {
		h.grad = p.outputGradients()
	}
	for h.at = 0; h.at < in.Rows; h.at += h.n {
		h.n = min(h.logits.Rows, in.Rows-h.at)
		p.threads.Split(h.n, layers.RowUnit, h.score)
		if p.learning {
			p.threads.Split(h.logits.Panels(), 1, h.accumulate)
		}
	}
	if p.learning {
		clearPadding(p.grad.Head.W) // the product may have left anything there
	}
}

// outputGradients returns where the output layer leaves the gradients of its inputs.
func (p *pass) outputGradients() kernels.Matrix { return p.seqs[len(p.seqs)-1].OutputGradients() }

// scoreRows computes rows [from, to) of the chunk: logits, losses, and in the
// place of the logits their gradients, then those of the layer's inputs.
func (h *headPass) scoreRows(worker, from, to int) {
	p, w, n := h.p, h.p.threads.Single[worker], to-from
	at := h.at + from
	logits := h.logits.SubRows(from, n)
	p.net.Head.ApplyBatch(w, logits, h.in.SubRows(at, n))
	kernels.SoftmaxCrossEntropy(logits, p.targets[at:at+n], p.scale, p.loss[at:at+n])
	if p.learning {
		kernels.Gemm(w, h.grad.SubRows(at, n), logits, h.weight, nil)
	}
}

// accumulatePanels adds the chunk to the gradients of panels [from, to) of the
// weights and of their biases.
func (h *headPass) accumulatePanels(worker, from, to int) {
	grad := h.p.grad.Head
	in, logits := h.in.SubRows(h.at, h.n), h.logits.SubRows(0, h.n)
	// A few panels at a time stay in a cache for the second pass over them.
	const group = 4
	for ; from < to; from += group {
		end := min(from+group, to)
		part := columns(logits, from, end)
		kernels.GemmTAdd(h.p.threads.Single[worker], columns(grad.W, from, end), in, part)
		kernels.AddRows(grad.Bias[from*kernels.PanelWidth:][:part.Cols], part)
	}
}
