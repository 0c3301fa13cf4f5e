package layers

import "github.com/autoreg/autoreg/kernels"

// A Stack is a whole network over symbols: an embedding, layers, and an output
// layer that scores the next symbol. It is immutable in use and safe for
// concurrent use.
type Stack struct {
	Embedding *Embedding
	Layers    []Layer
	Head      *Linear
}

// Symbols returns the number of symbols that the network scores.
func (s *Stack) Symbols() int { return s.Head.OutLen() }

// A State is one sequence under way, for one goroutine at a time.
type State struct {
	stack *Stack
	state [][]float32 // one a layer, cut from slab
	slab  []float32   // all that the past has left: states, then the last output
	out   []float32   // [Head.InLen], the end of slab
	x     []float32   // activations between layers
	work  []float32   // scratch
}

// NewState returns a sequence at its start.
func (s *Stack) NewState() *State {
	total, width, scratch := 0, 0, 0
	for _, l := range s.Layers {
		total += l.StateLen()
		width = max(width, l.OutLen())
		scratch = max(scratch, l.ScratchLen(1))
	}
	out := s.Head.InLen()
	slab := kernels.Alloc(total + out)
	st := &State{
		stack: s,
		slab:  slab,
		state: make([][]float32, len(s.Layers)),
		out:   slab[total:],
		x:     kernels.Alloc(width),
		work:  kernels.Alloc(scratch),
	}
	at := 0
	for i, l := range s.Layers {
		st.state[i] = slab[at : at+l.StateLen()]
		at += l.StateLen()
	}
	return st
}

// Advance consumes sym without scoring what follows. It panics if sym is out of
// range. It does not allocate.
func (s *State) Advance(sym int) {
	x := s.stack.Embedding.Row(sym)
	for i, l := range s.stack.Layers {
		dst := s.x[:l.OutLen()]
		l.Step(dst, x, s.state[i], s.work)
		x = dst
	}
	copy(s.out, x)
}

// Logits writes unnormalised natural-log scores of the next symbol into dst
// [Symbols]. Before the first Advance they are those of a zero output. It does
// not allocate.
func (s *State) Logits(dst []float32) { s.stack.Head.Apply(dst, s.out) }

// Reset goes back to the start of a sequence.
func (s *State) Reset() { clear(s.slab) }

// CopyFrom makes s a fork of src. It panics if they are of different stacks.
func (s *State) CopyFrom(src *State) {
	if s.stack != src.stack {
		panic("layers: State: CopyFrom: different stacks")
	}
	copy(s.slab, src.slab)
}
