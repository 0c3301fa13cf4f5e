package layers

import "github.com/autoreg/autoreg/kernels"

// A weightTask is a part of the gradients of a layer's weights: of one piece, inputs
// [from, from+n) of a term's chain, which lie in one row of the kernel. The task with from 0
// of the first piece also has the biases.
type weightTask struct {
	node        *pixelNode
	term, piece int
	from, n     int
	grad        *Conv
	work        int
}

// taskInputs is the most inputs of a task: small enough to share out evenly.
const taskInputs = 24

// addTasks cuts the gradients of a node's weights into tasks.
func (t *PixelTraining) addTasks(n *pixelNode) {
	for k := range n.terms {
		term := &n.terms[k]
		grad := t.gradOf(term.conv)
		for i := range term.conv.pieces {
			p := &term.conv.pieces[i]
			rows, span := p.rows, p.wide*term.n
			if term.n < term.conv.spec.In {
				rows = term.n
			}
			for row := 0; row == 0 || row < rows; row += span {
				end := min(row+span, rows)
				for at := row; at == 0 || at < end; at += taskInputs {
					task := weightTask{node: n, term: k, piece: i, from: at, n: min(taskInputs, end-at), grad: grad}
					task.work = (task.n + 1) * p.W.Panels()
					t.tasks = append(t.tasks, task)
				}
				if span == 0 {
					break
				}
			}
		}
	}
}

// gradOf returns the layer of gradients of a layer.
func (t *PixelTraining) gradOf(l *Conv) *Conv {
	for i, c := range t.net.graph.convs {
		if c.Conv == l {
			return t.grad.graph.convs[i].Conv
		}
	}
	return nil
}

// Shares cuts the gradients of all weights into n parts of about the same work. Part i is
// that from bound i to bound i + 1.
func (t *PixelTraining) Shares(n int) (bounds []int) {
	total, done := 0, 0
	for i := range t.tasks {
		total += t.tasks[i].work
	}
	bounds = []int{0}
	for i := range t.tasks {
		// A task belongs to the part in which the middle of its work lies.
		w := t.tasks[i].work
		for (2*done+w)*n > 2*total*len(bounds) {
			bounds = append(bounds, i)
		}
		done += w
	}
	for len(bounds) <= n {
		bounds = append(bounds, len(t.tasks))
	}
	return bounds
}

// Accumulate adds the image to the gradients between two bounds; see Shares. Backward must
// have been called.
func (m *PixelImage) Accumulate(from, to int) {
	for i := from; i < to; i++ {
		m.accumulate(&m.t.tasks[i])
	}
}

// accumulate adds the image to the gradients of t:
//
//	grad W[tap, i, o] += Σ_pixels x[pixel + tap, i]·dy[pixel, o]    grad b[o] += Σ_pixels dy[pixel, o]
func (m *PixelImage) accumulate(t *weightTask) {
	n := t.node
	term := &n.terms[t.term]
	g := &t.grad.pieces[t.piece]
	dy := &m.grads[n.id]
	// A layer of several terms counts its biases once.
	if t.from == 0 && term.first == 0 && (t.piece == 0 || n.due == n.resolution) {
		m.accumulateBias(t, dy)
	}
	if t.n == 0 {
		return
	}
	s := n.wholeSpan(m.height, m.width)
	scale := 1 << (n.due - term.from.resolution)
	x := m.run.maps[term.from.id].view(&s, scale, 0, 0)
	y := dy.view(&s, 1<<(n.due-n.resolution), g.row, g.col)
	span := g.wide * term.n
	at := x.At - g.up*x.RowStride - g.left*m.run.maps[term.from.id].width + t.from/span*x.RowStride + t.from%span
	lines, pixels := 1, s.lines*s.pixels
	if n.due > n.resolution { // outputs of a place lie apart
		lines, pixels = s.lines, s.pixels
	}
	grad := kernels.Grid{
		Data: g.W.Data, At: (term.first + t.from) * kernels.PanelWidth, Cols: g.W.Cols, Panel: g.W.Panel,
		Lines: 1, Pixels: t.n, PixelStride: kernels.PanelWidth,
	}
	for line := range lines {
		w := kernels.Windows{
			Data: x.Data, At: at + line*x.LineStride, K: pixels,
			Lines: 1, Pixels: t.n, PixelStride: 1,
			Step: x.PixelStride, Segment: s.pixels, Skip: x.LineStride - s.pixels*x.PixelStride,
		}
		if w.Skip == 0 {
			w.Segment = pixels
		}
		d := kernels.Matrix{Data: y.Data[y.At+line*y.LineStride+g.at:], Rows: pixels, Cols: g.W.Cols, Row: y.PixelStride, Panel: kernels.PanelWidth}
		kernels.ConvFrom(grad, grad, w, d, kernels.AsIs)
	}
}

// accumulateBias adds the image to the gradients of the biases of the task's piece, or with
// a transposed layer of all.
func (m *PixelImage) accumulateBias(t *weightTask, dy *pixelMap) {
	g := &t.grad.pieces[t.piece]
	pixels := m.height >> t.node.resolution * (m.width >> t.node.resolution)
	kernels.AddRows(g.Bias, kernels.Matrix{Data: dy.data[dy.at+g.at:], Rows: pixels, Cols: g.W.Cols, Row: dy.width, Panel: kernels.PanelWidth})
}
