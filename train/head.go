package train

import (
	"math"

	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
)

// A headPass is the output layer's part of a pass: logits, losses, and the
// gradients of its weights and inputs, a chunk of rows at a time, so that the
// [rows, V] logits never are in memory as a whole. How the rows are cut changes
// no result.
type headPass struct {
	b      *body
	logits kernels.Matrix // [chunk, V] in panels
	at, n  int            // the chunk under way: rows [at, at+n)
	weight kernels.Matrix // [V, H] the weights transposed, copied anew for each batch

	// Of the batch, a row being what one output is computed of.
	targets []int32   // [rows] the output that is right
	loss    []float32 // [rows]
	best    []int32   // [rows] the output with the highest logit; nil when not needed

	scale    float32        // of a loss in the mean: 1/rows
	in, grad kernels.Matrix // [rows, H] inputs and their gradients

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
func (h *headPass) init(b *body, rows int) {
	V := b.net.Head.OutLen()
	n := chunkRows(rows, V, b.threads.Len())
	// A row more than there is keeps panels from beginning at multiples of 4 KiB,
	// where all parts of one row would compete for the same lines of a cache.
	stride := (n + 1) * kernels.PanelWidth
	h.b = b
	h.targets, h.loss = make([]int32, rows), make([]float32, rows)
	h.logits = kernels.Matrix{Rows: n, Cols: V, Row: kernels.PanelWidth, Panel: stride}
	h.logits.Data = kernels.Alloc(h.logits.Panels() * stride)
	if b.grad != nil {
		h.weight = kernels.NewPanels(V, b.net.Head.InLen())
	}
	h.reset, h.score, h.accumulate = h.resetPanels, h.scoreRows, h.accumulatePanels
}

// begin clears the gradients and copies the weights.
func (h *headPass) begin() {
	clear(h.b.grad.Head.Bias)
	h.b.threads.Split(h.b.net.Head.W.Panels(), 1, h.reset)
}

// resetPanels does panels [from, to) of the output layer.
func (h *headPass) resetPanels(_, from, to int) {
	w := columns(h.b.net.Head.W, from, to)
	kernels.Transpose(h.weight.SubRows(from*kernels.PanelWidth, w.Cols), w)
	g := h.b.grad.Head.W
	clear(g.Data[from*g.Panel : to*g.Panel])
}

// run takes all rows through the output layer, in being its inputs. Of a batch that goes
// back it overwrites grad with the gradients of these.
func (h *headPass) run(in, grad kernels.Matrix) {
	b := h.b
	h.in, h.grad = in, grad
	h.scale = 1 / float32(max(in.Rows, 1))
	for h.at = 0; h.at < in.Rows; h.at += h.n {
		h.n = min(h.logits.Rows, in.Rows-h.at)
		b.threads.Split(h.n, layers.RowUnit, h.score)
		if b.learning {
			b.threads.Split(h.logits.Panels(), 1, h.accumulate)
		}
	}
	if b.learning {
		clearPadding(b.grad.Head.W) // the product may have left anything there
	}
}

// scoreRows computes rows [from, to) of the chunk: logits, losses, and in the
// place of the logits their gradients, then those of the layer's inputs.
func (h *headPass) scoreRows(worker, from, to int) {
	b, w, n := h.b, h.b.threads.Single[worker], to-from
	at := h.at + from
	logits := h.logits.SubRows(from, n)
	b.net.Head.ApplyBatch(w, logits, h.in.SubRows(at, n))
	if h.best != nil {
		for i := range n {
			h.best[at+i] = int32(argMaxRow(logits, i))
		}
	}
	kernels.SoftmaxCrossEntropy(logits, h.targets[at:at+n], h.scale, h.loss[at:at+n])
	if b.learning {
		kernels.Gemm(w, h.grad.SubRows(at, n), logits, h.weight, nil)
	}
}

// argMaxRow returns the lowest column with the highest value of row i, NaN not counted.
func argMaxRow(m kernels.Matrix, i int) int {
	best, highest := 0, float32(math.Inf(-1))
	for p := range m.Panels() {
		from := p * kernels.PanelWidth
		part := m.Segment(i, p)[:min(kernels.PanelWidth, m.Cols-from)]
		if k := kernels.ArgMax(part); k >= 0 && part[k] > highest {
			best, highest = from+k, part[k]
		}
	}
	return best
}

// accumulatePanels adds the chunk to the gradients of panels [from, to) of the
// weights and of their biases.
func (h *headPass) accumulatePanels(worker, from, to int) {
	grad := h.b.grad.Head
	in, logits := h.in.SubRows(h.at, h.n), h.logits.SubRows(0, h.n)
	// A few panels at a time stay in a cache for the second pass over them.
	const group = 4
	for ; from < to; from += group {
		end := min(from+group, to)
		part := columns(logits, from, end)
		kernels.GemmTAdd(h.b.threads.Single[worker], columns(grad.W, from, end), in, part)
		kernels.AddRows(grad.Bias[from*kernels.PanelWidth:][:part.Cols], part)
	}
}
