package layers

import "github.com/autoreg/autoreg/kernels"

// NewSequence implements Layer.
func (l *Dense) NewSequence(size BatchSize, grad Layer, threads *Threads) Sequence {
	s := &denseSequence{Dense: l, threads: threads, y: newBuffer(size.Rows, l.OutLen())}
	if grad != nil {
		s.grad = grad.(*Dense)
		s.wT = kernels.NewPanels(l.OutLen(), l.InLen())
		s.z, s.dy = newPanelBuffer(size.Rows, l.OutLen()), newBuffer(size.Rows, l.OutLen())
	}
	s.forward, s.back = s.forwardRows, s.backRows
	s.accumulate, s.backInputs = s.accumulatePanels, s.inputGradientRows
	return s
}

// A denseSequence is a Dense layer over the positions of a batch, each by itself.
type denseSequence struct {
	*Dense
	threads *Threads
	y       buffer // [rows, H]

	grad *Dense
	wT   kernels.Matrix // [H, In] the weights transposed
	z    buffer         // [rows, H] in panels: outputs, which the caller cannot change, then the gradients of the chains
	dy   buffer         // [rows, H]

	l     *Layout
	x, dx kernels.Matrix

	forward, back, accumulate, backInputs func(worker, from, to int) // bound once: a closure allocates
}

// Carry does nothing: there is no state.
func (s *denseSequence) Carry(state kernels.Matrix) {
	if state.Rows > 0 && state.Cols != 0 {
		panic("layers: Sequence: Carry: want StateLen columns")
	}
}

// Forward implements Sequence.
func (s *denseSequence) Forward(l *Layout, x kernels.Matrix) kernels.Matrix {
	s.l, s.x = l, x
	s.threads.Split(l.Rows(), RowUnit, s.forward)
	return s.y.rows(l.Rows())
}

func (s *denseSequence) forwardRows(worker, from, to int) {
	y := s.y.rows(s.l.Rows()).SubRows(from, to-from)
	s.ApplyBatch(s.threads.Single[worker], y, s.x.SubRows(from, to-from))
	s.activateRows(y)
	if s.grad == nil {
		return
	}
	z := s.z.rows(s.l.Rows()).SubRows(from, to-from)
	for i := range y.Rows {
		row := rowOf(y, i)
		for p := range z.Panels() {
			copy(z.Segment(i, p), row[p*kernels.PanelWidth:])
		}
	}
}

// OutputGradients implements Sequence.
func (s *denseSequence) OutputGradients() kernels.Matrix { return s.dy.rows(s.l.Rows()) }

// Begin implements Sequence.
func (s *denseSequence) Begin() {
	clear(s.grad.W.Data)
	clear(s.grad.Bias)
	kernels.Transpose(s.wT, s.W)
}

// Backward implements Sequence.
func (s *denseSequence) Backward(x, dx kernels.Matrix) {
	s.x, s.dx = x, dx
	s.threads.Split(s.l.Rows(), RowUnit, s.back)
	s.threads.Split(s.W.Panels(), 1, s.accumulate)
	if dx.Rows > 0 {
		s.threads.Split(s.l.Rows(), RowUnit, s.backInputs)
	}
}

// backRows makes the gradients of the chains of rows [from, to).
func (s *denseSequence) backRows(_, from, to int) {
	z, dy := s.z.rows(s.l.Rows()), s.OutputGradients()
	for i := from; i < to; i++ {
		if d := rowOf(dy, i); s.softmax {
			softmaxGradient(z, i, d)
		} else {
			for p := range z.Panels() {
				part := d[p*kernels.PanelWidth:]
				part = part[:min(kernels.PanelWidth, len(part))]
				y := z.Segment(i, p)[:len(part)]
				if s.elu {
					kernels.ELUGradient(oneVector(y), oneVector(part), oneVector(y))
				} else {
					kernels.ActivateGradient(y, part, y, s.unit)
				}
			}
		}
	}
}

// softmaxGradient makes of row i of z, outputs y of a softmax, the gradients of its inputs
// from those of the outputs, d, which it overwrites:
//
//	y·d - y·Σ y·d
//
// each product and the difference rounded, the sum as sum16.
func softmaxGradient(z kernels.Matrix, i int, d []float32) {
	for j := range d {
		d[j] = float32(d[j] * z.At(i, j))
	}
	sum := kernels.Sum(d)
	for j, v := range d {
		z.Set(i, j, v-float32(z.At(i, j)*sum))
	}
}

// accumulatePanels adds up the gradients of panels [from, to) of the weights and of their
// biases.
func (s *denseSequence) accumulatePanels(worker, from, to int) {
	g, dz := panelsOf(s.grad.W, from, to), panelsOf(s.z.rows(s.l.Rows()), from, to)
	kernels.GemmTAdd(s.threads.Single[worker], g, s.x, dz)
	addBiases(s.grad.Bias, dz, from)
	clearPadding(g)
}

func (s *denseSequence) inputGradientRows(worker, from, to int) {
	n := to - from
	kernels.Gemm(s.threads.Single[worker], s.dx.SubRows(from, n), s.z.rows(s.l.Rows()).SubRows(from, n), s.wT, nil)
}

// Last implements Sequence.
func (s *denseSequence) Last(dst kernels.Matrix) {
	y := s.y.rows(s.l.Rows())
	for b := range s.l.B {
		if n := int(s.l.Steps[b]); n > 0 {
			copy(rowOf(dst, b), rowOf(y, s.l.Row(n-1, b)))
		} else {
			clear(rowOf(dst, b)) // the start of a sequence
		}
	}
}

// BackwardLast implements Sequence.
func (s *denseSequence) BackwardLast(dlast, x, dx kernels.Matrix) {
	dy := s.OutputGradients()
	clear(dy.Data[:dy.Rows*dy.Row])
	for b := range s.l.B {
		if n := int(s.l.Steps[b]); n > 0 {
			copy(rowOf(dy, s.l.Row(n-1, b)), rowOf(dlast, b))
		}
	}
	s.Backward(x, dx)
}
