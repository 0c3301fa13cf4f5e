package layers

import "github.com/autoreg/autoreg/kernels"

// A BidirectionalSpec describes a Bidirectional.
type BidirectionalSpec struct {
	Layer Spec   // of each direction: a layer that can go step by step
	Merge string // see Merges; "" means the first
}

// Merges are the ways to make one output of those of both directions: one after the
// other, the forward one first, their sum, half of that, or their product.
var Merges = []string{"concat", "sum", "average", "multiply"}

const (
	mergeConcat = iota
	mergeSum
	mergeAverage
	mergeMultiply
)

// Kind returns "bidirectional".
func (s *BidirectionalSpec) Kind() string { return "bidirectional" }

// Type returns "Bidirectional(GRU)" for instance.
func (s *BidirectionalSpec) Type() string { return "Bidirectional(" + s.Layer.Type() + ")" }

// Members implements Spec.
func (s *BidirectionalSpec) Members() []Member {
	return []Member{{Name: "layer", Layer: &s.Layer}, {Name: "merge", Text: &s.Merge, Choices: Merges}}
}

func (s *BidirectionalSpec) notSequential() {}

// OutLen returns the outputs of both directions, or of one.
func (s *BidirectionalSpec) OutLen(in int) int {
	if choice(s.Merge, Merges) == mergeConcat {
		return 2 * s.Layer.OutLen(in)
	}
	return s.Layer.OutLen(in)
}

// New returns a *Bidirectional.
func (s *BidirectionalSpec) New(in int) Layer {
	return NewBidirectional(s.Layer.New(in), s.Layer.New(in), s.Merge)
}

// Sizes implements Spec: twice the parameters of the layer.
func (s *BidirectionalSpec) Sizes(in int) Sizes {
	one, out := s.Layer.Sizes(in), int64(s.OutLen(in))
	return Sizes{
		Params:     2 * one.Params,
		Effective:  2 * one.Effective,
		Packed:     2 * one.Packed,
		Transposed: 2 * one.Transposed,
		Row:        2*one.Row + 2*out + int64(in),
		Sequence:   2 * one.Sequence,
	}
}

// A Bidirectional is two layers of one kind over the same inputs, one in the order of
// time and one against it, whose outputs at each position are merged. It serves inputs
// that are known whole and cannot go step by step.
//
// Schuster and Paliwal, Bidirectional Recurrent Neural Networks, 1997. The order is that
// of PyTorch and of Keras.
type Bidirectional struct {
	forward, backward cell
	merge             int // index of Merges
}

// NewBidirectional returns the layer of two recurrent layers of the same kind and sizes.
// merge is one of Merges, or "" for the first. It panics unless the layers are recurrent
// and fit.
func NewBidirectional(forward, backward Layer, merge string) *Bidirectional {
	f, ok := forward.(cell)
	b, ok2 := backward.(cell)
	if !ok || !ok2 || f.InLen() != b.InLen() || f.OutLen() != b.OutLen() {
		panic("layers: NewBidirectional: the layers do not fit")
	}
	return &Bidirectional{f, b, choice(merge, Merges)}
}

// Type returns "Bidirectional(GRU)" for instance.
func (l *Bidirectional) Type() string { return "Bidirectional(" + l.forward.Type() + ")" }

// InLen returns the number of inputs.
func (l *Bidirectional) InLen() int { return l.forward.InLen() }

// OutLen returns the number of outputs.
func (l *Bidirectional) OutLen() int {
	if l.merge == mergeConcat {
		return 2 * l.forward.OutLen()
	}
	return l.forward.OutLen()
}

// Values implements Module.
func (l *Bidirectional) Values() [][]float32 {
	return append(l.forward.Values(), l.backward.Values()...)
}

// Parameters returns those of the forward layer and then those of the other one, whose
// names end in _reverse.
func (l *Bidirectional) Parameters(suffix string) []Parameter {
	return append(l.forward.Parameters(suffix), l.backward.Parameters(suffix+"_reverse")...)
}

// NewSequence implements Layer.
func (l *Bidirectional) NewSequence(size BatchSize, grad Layer, threads *Threads) Sequence {
	var gf, gb Layer
	s := &bidirectionalSequence{Bidirectional: l, threads: threads, y: newBuffer(size.Rows, l.OutLen())}
	if grad != nil {
		g := grad.(*Bidirectional)
		gf, gb = g.forward, g.backward
		s.dy = newBuffer(size.Rows, l.OutLen())
		s.dx = newBuffer(size.Rows, l.InLen())
	}
	s.f = newRecurrence(l.forward, size, gf, threads)
	s.b = newRecurrence(l.backward, size, gb, threads)
	s.b.reverse = true
	s.mergeRows, s.splitRows, s.addRows = s.mergeRange, s.splitRange, s.addRange
	return s
}

type bidirectionalSequence struct {
	*Bidirectional
	f, b    *recurrence
	threads *Threads
	y       buffer // [rows, Out]
	dy      buffer // [rows, Out]
	dx      buffer // [rows, In] of the forward layer

	l              *Layout
	yf, yb         kernels.Matrix // outputs of the layers
	out, gradients kernels.Matrix // of the call under way
	dxf, dxb       kernels.Matrix

	mergeRows, splitRows, addRows func(worker, from, to int) // bound once: a closure allocates
}

// Carry panics: the backward layer begins with what comes last.
func (s *bidirectionalSequence) Carry(state kernels.Matrix) {
	if state.Rows > 0 {
		panic("layers: Bidirectional: Carry: the layer cannot go step by step")
	}
}

// Forward implements Sequence.
func (s *bidirectionalSequence) Forward(l *Layout, x kernels.Matrix) kernels.Matrix {
	s.l = l
	s.yf, s.yb = s.f.Forward(l, x), s.b.Forward(l, x)
	s.out = s.y.rows(l.Rows())
	s.threads.Split(l.Rows(), RowUnit, s.mergeRows)
	return s.out
}

func (s *bidirectionalSequence) mergeRange(_, from, to int) {
	for r := from; r < to; r++ {
		mergeInto(rowOf(s.out, r), rowOf(s.yf, r), rowOf(s.yb, r), s.merge)
	}
}

// mergeInto sets dst from the outputs of both directions.
func mergeInto(dst, f, b []float32, merge int) {
	switch merge {
	case mergeConcat:
		copy(dst, f)
		copy(dst[len(f):], b)
	case mergeMultiply:
		for i := range dst {
			dst[i] = f[i] * b[i]
		}
	default:
		kernels.Add(dst, f, b)
		if merge == mergeAverage {
			for i := range dst {
				dst[i] *= 0.5
			}
		}
	}
}

// splitInto sets the gradients of the outputs of both directions, f and b, from those of
// the merged one.
func splitInto(df, db, dst, f, b []float32, merge int) {
	switch merge {
	case mergeConcat:
		copy(df, dst)
		copy(db, dst[len(df):])
	case mergeMultiply:
		for i, d := range dst {
			df[i], db[i] = d*b[i], d*f[i]
		}
	default:
		factor := float32(1)
		if merge == mergeAverage {
			factor = 0.5
		}
		for i, d := range dst {
			df[i] = d * factor
			db[i] = df[i]
		}
	}
}

// OutputGradients implements Sequence.
func (s *bidirectionalSequence) OutputGradients() kernels.Matrix { return s.dy.rows(s.l.Rows()) }

// Begin implements Sequence.
func (s *bidirectionalSequence) Begin() {
	s.f.Begin()
	s.b.Begin()
}

// Backward implements Sequence.
func (s *bidirectionalSequence) Backward(x, dx kernels.Matrix) {
	s.gradients = s.OutputGradients()
	s.threads.Split(s.l.Rows(), RowUnit, s.splitRows)
	s.backBoth(x, dx)
}

func (s *bidirectionalSequence) splitRange(_, from, to int) {
	df, db := s.f.OutputGradients(), s.b.OutputGradients()
	for r := from; r < to; r++ {
		splitInto(rowOf(df, r), rowOf(db, r), rowOf(s.gradients, r), rowOf(s.yf, r), rowOf(s.yb, r), s.merge)
	}
}

// backBoth goes back through both layers.
func (s *bidirectionalSequence) backBoth(x, dx kernels.Matrix) {
	if dx.Rows == 0 {
		s.f.Backward(x, dx)
		s.b.Backward(x, dx)
		return
	}
	s.dxf, s.dxb = s.dx.rows(s.l.Rows()), dx
	s.f.Backward(x, s.dxf)
	s.b.Backward(x, dx)
	s.threads.Split(s.l.Rows(), RowUnit, s.addRows)
}

func (s *bidirectionalSequence) addRange(_, from, to int) {
	for r := from; r < to; r++ {
		kernels.Add(rowOf(s.dxb, r), rowOf(s.dxf, r), rowOf(s.dxb, r))
	}
}

// Last implements Sequence.
func (s *bidirectionalSequence) Last(dst kernels.Matrix) {
	for b := range s.l.B {
		if s.l.Steps[b] == 0 {
			clear(rowOf(dst, b)) // the start of a sequence
			continue
		}
		mergeInto(rowOf(dst, b), rowOf(s.yf, s.f.lastRow(b)), rowOf(s.yb, s.b.lastRow(b)), s.merge)
	}
}

// BackwardLast implements Sequence.
func (s *bidirectionalSequence) BackwardLast(dlast, x, dx kernels.Matrix) {
	df, db := s.f.OutputGradients(), s.b.OutputGradients()
	clear(df.Data[:df.Rows*df.Row])
	clear(db.Data[:db.Rows*db.Row])
	for b := range s.l.B {
		if s.l.Steps[b] == 0 {
			continue
		}
		i, k := s.f.lastRow(b), s.b.lastRow(b)
		splitInto(rowOf(df, i), rowOf(db, k), rowOf(dlast, b), rowOf(s.yf, i), rowOf(s.yb, k), s.merge)
	}
	s.backBoth(x, dx)
}
