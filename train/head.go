package train

import (
	"github.com/autoreg/autoreg/kernels"
)

// A headPass is the output layer's part of a pass: scores, losses, and the
// gradients of its weights and inputs, a chunk of rows at a time, so that the
// [rows, V] scores never are in memory as a whole. How the rows are cut changes
// no result.
type headPass struct {
	p      *pass
	scores kernels.Matrix // [chunk, V] in panels
	at, n  int            // the chunk under way: rows at to at+n-1

	in, grad kernels.Matrix // [rows, H] of the batch

	score, weigh func(worker, from, to int) // bound once: a closure allocates
}

const (
	chunkValues = 240 * 10048 // scores in memory, about: 9.6 MB
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
	h.scores = kernels.Matrix{Rows: n, Cols: V, Row: kernels.PanelWidth, Panel: stride}
	h.scores.Data = kernels.Alloc(h.scores.Panels() * stride)
	h.score, h.weigh = h.scoreRows, h.weighPanels
}

// run takes all rows through the output layer.
func (h *headPass) run() {
	p := h.p
	h.in = p.h.rows(p.n)
	if p.back != nil {
		h.grad = p.back.dh.rows(p.n)
	}
	for h.at = 0; h.at < p.n; h.at += h.n {
		h.n = min(h.scores.Rows, p.n-h.at)
		p.threads.Split(h.n, rowUnit, h.score)
		if p.back != nil {
			p.threads.Split(h.scores.Panels(), 1, h.weigh)
		}
	}
}

// scoreRows computes rows from to to-1 of the chunk: scores, losses, and in the
// place of the scores their gradients, then those of the layer's inputs.
func (h *headPass) scoreRows(worker, from, to int) {
	p, w, n := h.p, h.p.single[worker], to-from
	at := h.at + from
	scores := h.scores.SubRows(from, n)
	p.net.Head.ApplyBatch(w, scores, h.in.SubRows(at, n))
	kernels.SoftmaxCrossEntropy(scores, p.targets[at:at+n], p.scale, p.loss[at:at+n])
	if p.back != nil {
		kernels.Gemm(w, h.grad.SubRows(at, n), scores, p.back.headT, nil)
	}
}

// weighPanels adds the chunk to the gradients of panels from to to-1 of the
// weights and of their biases.
func (h *headPass) weighPanels(worker, from, to int) {
	grad := h.p.back.grad.Head
	in, scores := h.in.SubRows(h.at, h.n), h.scores.SubRows(0, h.n)
	// A few panels at a time stay in a cache for the second pass over them.
	const group = 4
	for ; from < to; from += group {
		end := min(from+group, to)
		part := columns(scores, from, end)
		kernels.GemmTAdd(h.p.single[worker], columns(grad.W, from, end), in, part)
		kernels.AddRows(grad.Bias[from*kernels.PanelWidth:][:part.Cols], part)
	}
}
