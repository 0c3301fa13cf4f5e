package layers

import "github.com/autoreg/autoreg/kernels"

// A VectorSequence computes sequences of vectors that are known whole, also by layers that
// cannot go step by step: all layers over all positions, with the bits of steps. It is for
// one goroutine at a time and allocates nothing after it is made.
type VectorSequence struct {
	stack  *VectorStack
	layout *Layout
	steps  int              // most of one pass
	seqs   []Sequence       //
	states []kernels.Matrix // [1, StateLen] of each layer; nil for a network that cannot go step by step
}

// vectorPass is how many steps of a long sequence go through the layers together. With more,
// the products gain nothing.
const vectorPass = 256

// NewSequence returns room for sequences of up to a number of steps, and of any number if
// the layers can go step by step: these have the memory of a few steps.
func (s *VectorStack) NewSequence(steps int) *VectorSequence {
	v := &VectorSequence{stack: s, steps: max(steps, 1)}
	list, err := s.Steppers()
	if err == nil {
		v.steps = min(v.steps, vectorPass)
	}
	size := BatchSize{Sequences: 1, Steps: v.steps, Rows: v.steps}
	v.layout = NewLayout(size)
	threads := NewThreads(1)
	for i, l := range s.Layers {
		seq := l.NewSequence(size, nil, threads)
		if err == nil {
			n := list[i].StateLen()
			state := kernels.RowMajor(kernels.Alloc(n), 1, n)
			seq.Carry(state)
			v.states = append(v.states, state)
		}
		v.seqs = append(v.seqs, seq)
	}
	return v
}

// Run sets the rows of dst [T, OutLen] to the outputs for the rows of x [T, InLen], which
// are one whole sequence. Both are row-major; they must not overlap. It panics if shapes
// differ from that, or if there are more steps than NewSequence made room for.
func (v *VectorSequence) Run(dst, x kernels.Matrix) {
	switch {
	case x.Cols != v.stack.in || dst.Cols != v.stack.outLen() || dst.Rows != x.Rows:
		panic("layers: VectorSequence: Run: shapes do not match")
	case v.states == nil && x.Rows > v.steps:
		panic("layers: VectorSequence: Run: too many steps")
	}
	first := v.stack.first
	for _, s := range v.states {
		clear(s.Data)
		first = first[copy(s.Data[:s.Cols], first):]
	}
	for at := 0; at < x.Rows; at += v.steps {
		n := min(v.steps, x.Rows-at)
		v.layout.Steps[0] = int32(n)
		v.layout.Set(1)
		y := x.SubRows(at, n)
		for _, s := range v.seqs {
			y = s.Forward(v.layout, y)
		}
		copyRows(dst.SubRows(at, n), y)
	}
}

// SequenceBytes returns about how much memory NewSequence takes for each step of a network
// whose layers cannot go step by step.
func (c VectorConfig) SequenceBytes() int64 { return 4 * c.Sizes().Row }
