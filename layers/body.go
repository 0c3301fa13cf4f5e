package layers

import (
	"errors"
	"fmt"

	"github.com/autoreg/autoreg/kernels"
)

// MaxLayers is the largest number of layers of a network, without embedding and output.
const MaxLayers = 64

// widths returns the inputs of each layer, and at the end the outputs of the last.
func widths(in int, list []Spec) []int {
	w := []int{in}
	for _, s := range list {
		w = append(w, s.OutLen(w[len(w)-1]))
	}
	return w
}

// checkLayers returns the outputs of the last layer, or an error that names the first layer
// that is not possible.
func checkLayers(in int, list []Spec) (out int, err error) {
	if len(list) > MaxLayers {
		return 0, fmt.Errorf("there are %d layers: want at most %d", len(list), MaxLayers)
	}
	for i, s := range list {
		if err := CheckSpec(s); err != nil {
			return 0, fmt.Errorf("layer %d: %w", i, err)
		}
		if in = s.OutLen(in); in > MaxUnits {
			return 0, fmt.Errorf("layer %d has %d outputs: want at most %d", i, in, MaxUnits)
		}
	}
	return in, nil
}

// layerSizes returns the sizes of all layers.
func layerSizes(in int, list []Spec) (total Sizes) {
	for _, l := range list {
		s := l.Sizes(in)
		in = l.OutLen(in)
		total.Params += s.Params
		total.Effective += s.Effective
		total.Packed += s.Packed
		total.Transposed += s.Transposed
		total.Row += s.Row
		total.Sequence += s.Sequence
		total.State += s.State
	}
	return total
}

// describeLayers returns the layers without making them; see Describe.
func describeLayers(in int, list []Spec) (infos []Info) {
	for i, s := range list {
		size, out := s.Sizes(in), s.OutLen(in)
		infos = append(infos, newInfo(layerName(s, i), s.Type(), in, out, int(size.Params), int(size.Effective)))
		in = out
	}
	return infos
}

// layerName returns the name of layer i.
func layerName(s Spec, i int) string {
	if i == 0 {
		return s.Kind()
	}
	return fmt.Sprintf("%s_l%d", s.Kind(), i)
}

// A body is layers one after the other: what networks over symbols and over vectors share.
type body struct {
	Layers []Layer
	specs  []Spec
	in     int // inputs of the first
}

// newBody returns layers of zero weights.
func newBody(in int, list []Spec) body {
	b := body{specs: list, in: in}
	for _, spec := range list {
		b.Layers = append(b.Layers, spec.New(in))
		in = spec.OutLen(in)
	}
	return b
}

// outLen returns the outputs of the last layer.
func (b *body) outLen() int {
	if n := len(b.Layers); n > 0 {
		return b.Layers[n-1].OutLen()
	}
	return b.in
}

// parts returns the layers with their names. Layer i, an LSTM for instance, is called lstm,
// or lstm_li but for the first; its tensors are lstm.weight_ih_li and so on, as PyTorch has
// them.
func (b *body) parts() (list []Part) {
	for i, l := range b.Layers {
		s := b.specs[i]
		list = append(list, Part{Name: layerName(s, i), Prefix: s.Kind() + ".", Suffix: fmt.Sprintf("_l%d", i), Module: l})
	}
	return list
}

// ErrNotSequential is the error for a layer whose outputs depend on later inputs.
var ErrNotSequential = errors.New("the layer reads a text in both directions, which must be known whole: it is for a classifier, a model that writes needs layers that go step by step")

// Steppers returns the layers of a network that can go step by step. It returns an error
// that names the first one that cannot.
func (b *body) Steppers() ([]Stepper, error) {
	var list []Stepper
	for i, l := range b.Layers {
		step, ok := l.(Stepper)
		if !ok {
			return nil, fmt.Errorf("layer %d (%s): %w", i, l.Type(), ErrNotSequential)
		}
		list = append(list, step)
	}
	return list, nil
}

// steppers returns the layers of a network that is known to go step by step.
func (b *body) steppers() []Stepper {
	list, err := b.Steppers()
	if err != nil {
		panic("layers: a layer cannot go step by step; see Steppers")
	}
	return list
}

// A bodyState is one sequence under way in a body.
type bodyState struct {
	steps []Stepper
	state [][]float32 // one a layer, cut from slab
	slab  []float32   // everything that a fork copies: states, then the last output
	out   []float32   // the end of slab
	x     []float32   // activations between layers
	work  []float32   // scratch
}

func (b *body) newState() bodyState {
	steps := b.steppers()
	total, width, scratch := 0, 0, 0
	for _, l := range steps {
		total += l.StateLen()
		width = max(width, l.OutLen())
		scratch = max(scratch, l.ScratchLen(1))
	}
	slab := kernels.Alloc(total + b.outLen())
	s := bodyState{
		steps: steps,
		slab:  slab,
		state: make([][]float32, len(steps)),
		out:   slab[total:],
		x:     kernels.Alloc(width),
		work:  kernels.Alloc(scratch),
	}
	at := 0
	for i, l := range steps {
		s.state[i] = slab[at : at+l.StateLen()]
		at += l.StateLen()
	}
	return s
}

// advance takes the inputs of one step through all layers.
func (s *bodyState) advance(x []float32) {
	for i, l := range s.steps {
		dst := s.x[:l.OutLen()]
		l.Step(dst, x, s.state[i], s.work)
		x = dst
	}
	copy(s.out, x)
}

// Reset goes back to the start of a sequence.
func (s *bodyState) Reset() { clear(s.slab) }

// Values returns the memory of s itself: all that the steps so far have left, and all that
// CopyFrom copies. Its length depends on the network alone.
func (s *bodyState) Values() []float32 { return s.slab }

// A bodyBatch is sequences that advance together in a body. The whole state of sequence i
// is row i of one matrix, laid out as in a bodyState.
type bodyBatch struct {
	steps   []Stepper
	workers *kernels.Workers
	n       int
	slab    kernels.Matrix   // [capacity, state of all layers and last output]
	outAt   int              // column where the last output begins
	outLen  int              // columns of that
	in      kernels.Matrix   // [capacity, inputs of the first layer]
	x       []kernels.Matrix // [capacity, OutLen] after each layer but the last
	work    []float32
}

func (b *body) newBatch(n int, w *kernels.Workers) bodyBatch {
	s := bodyBatch{
		steps:   b.steppers(),
		workers: w,
		n:       n,
		outLen:  b.outLen(),
		in:      kernels.RowMajor(kernels.Alloc(n*b.in), n, b.in),
	}
	scratch := 0
	for i, l := range s.steps {
		s.outAt += l.StateLen()
		scratch = max(scratch, l.ScratchLen(n))
		if i < len(s.steps)-1 {
			s.x = append(s.x, kernels.RowMajor(kernels.Alloc(n*l.OutLen()), n, l.OutLen()))
		}
	}
	cols := s.outAt + s.outLen
	// An odd number of cache lines: rows spread over all sets of a cache.
	row := ((cols+15)/16 | 1) * 16
	s.slab = kernels.Matrix{Data: kernels.Alloc(n * row), Rows: n, Cols: cols, Row: row, Panel: kernels.PanelWidth}
	s.work = kernels.Alloc(scratch)
	return s
}

// Len returns the number of sequences.
func (b *bodyBatch) Len() int { return b.n }

// Capacity returns the largest number of sequences.
func (b *bodyBatch) Capacity() int { return b.slab.Rows }

// Resize makes the number of sequences n, at most Capacity. Rows keep their values:
// sequences that are added have the state that their rows held, see SetRow and
// CopyRow.
func (b *bodyBatch) Resize(n int) {
	if n < 0 || n > b.Capacity() {
		panic("layers: Batch: Resize: out of range")
	}
	b.n = n
}

// advance takes the inputs in the rows of in through all layers.
func (b *bodyBatch) advance() {
	x := b.in.SubRows(0, b.n)
	if len(b.steps) == 0 {
		copyRows(b.out(), x)
		return
	}
	at := 0
	for i, l := range b.steps {
		dst := b.out()
		if i < len(b.x) {
			dst = b.x[i].SubRows(0, b.n)
		}
		l.StepBatch(b.workers, dst, x, columnsOf(b.slab.SubRows(0, b.n), at, l.StateLen()), b.work)
		x = dst
		at += l.StateLen()
	}
}

// out returns the last outputs.
func (b *bodyBatch) out() kernels.Matrix {
	return columnsOf(b.slab.SubRows(0, b.n), b.outAt, b.outLen)
}

// CopyRow makes sequence i a fork of sequence j. Here and in SetRow and GetRow i and j may
// be any rows up to Capacity.
func (b *bodyBatch) CopyRow(i, j int) { copy(rowOf(b.slab, i), rowOf(b.slab, j)) }
