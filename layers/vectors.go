package layers

import (
	"errors"
	"fmt"

	"github.com/autoreg/autoreg/kernels"
)

// A VectorConfig describes a VectorStack.
type VectorConfig struct {
	Inputs int    // values of a vector that goes in
	Layers []Spec // from input to output: 1 or more
	// FirstState says that a sequence does not begin with a state of zeros but with one that
	// is part of the weights; see VectorStack.Parts.
	FirstState bool
}

// Check returns an error that names the first layer that is not possible.
func (c VectorConfig) Check() error {
	if len(c.Layers) == 0 {
		return errors.New("there are 0 layers: want 1 or more")
	}
	if _, err := checkLayers(c.Inputs, c.Layers); err != nil || !c.FirstState {
		return err
	}
	for i, s := range c.Layers {
		if !Sequential(s) {
			return fmt.Errorf("layer %d (%s): there is a first state, with which all layers go step by step, but this one reads in both directions", i, s.Kind())
		}
	}
	if c.Sizes().State == 0 {
		return errors.New("there is a first state, but no layer has a state")
	}
	return nil
}

// Outputs returns the values of a vector that comes out: those of the last layer.
func (c VectorConfig) Outputs() int {
	w := widths(c.Inputs, c.Layers)
	return w[len(w)-1]
}

// Sizes returns the sizes of all layers.
func (c VectorConfig) Sizes() Sizes {
	s := layerSizes(c.Inputs, c.Layers)
	if c.FirstState {
		s.Params += s.State
		s.Effective += s.State
		s.Packed += s.State
	}
	return s
}

// Describe returns the layers without making them; see Describe. c must have passed Check.
func (c VectorConfig) Describe() []Info {
	list := describeLayers(c.Inputs, c.Layers)
	if n := int(c.Sizes().State); c.FirstState {
		list = append(list, newInfo(firstStateName, firstState{}.Type(), 0, n, n, n))
	}
	return list
}

// A VectorStack is a network over sequences of vectors: layers, of which the first reads
// one vector a step and the last one's outputs are the result. It is immutable in use and
// safe for concurrent use.
type VectorStack struct {
	body
	first []float32 // the state in which a sequence begins, of all layers; nil for zeros
}

// NewVectorStack returns a network of zero weights. It panics if c.Check would fail or
// c.Inputs is not positive.
func NewVectorStack(c VectorConfig) *VectorStack {
	if c.Inputs < 1 || c.Check() != nil {
		panic("layers: NewVectorStack: invalid configuration")
	}
	s := &VectorStack{body: newBody(c.Inputs, c.Layers)}
	if c.FirstState {
		s.first = make([]float32, c.Sizes().State)
	}
	return s
}

// Config returns the description that s was made from.
func (s *VectorStack) Config() VectorConfig { return VectorConfig{s.in, s.specs, s.first != nil} }

// InLen returns the values of a vector that goes in.
func (s *VectorStack) InLen() int { return s.in }

// OutLen returns the values of a vector that comes out.
func (s *VectorStack) OutLen() int { return s.outLen() }

// Parts implements Network: the layers, and with a first state first_state.h_li [H], and of
// an LSTM first_state.c_li [H], for each layer that has one.
func (s *VectorStack) Parts() []Part {
	list := s.parts()
	if s.first != nil {
		list = append(list, Part{Name: firstStateName, Prefix: firstStateName + ".", Module: firstState{s}})
	}
	return list
}

// A VectorState is one sequence of vectors under way, for one goroutine at a time.
type VectorState struct {
	bodyState
	stack *VectorStack
}

// NewState returns a sequence at its start. It panics if Steppers returns an error.
func (s *VectorStack) NewState() *VectorState {
	state := &VectorState{s.newState(), s}
	state.Reset()
	return state
}

// Reset goes back to the start of a sequence.
func (s *VectorState) Reset() {
	clear(s.slab)
	copy(s.slab, s.stack.first)
}

// Step sets dst [OutLen] to the outputs for x [InLen]; dst may be x. It panics if a length
// is wrong. It does not allocate.
func (s *VectorState) Step(dst, x []float32) {
	if len(dst) != len(s.out) || len(x) != s.stack.in {
		panic("layers: VectorState: Step: wrong length")
	}
	s.advance(x)
	copy(dst, s.out)
}

// Values returns the memory of s itself: all that the steps so far have left and that later
// ones depend on. Its length depends on the network alone.
func (s *VectorState) Values() []float32 { return s.slab[:len(s.slab)-len(s.out)] }

// CopyFrom makes s a fork of src. It panics if they are of different networks.
func (s *VectorState) CopyFrom(src *VectorState) {
	if s.stack != src.stack {
		panic("layers: VectorState: CopyFrom: different networks")
	}
	copy(s.slab, src.slab)
}

// A VectorBatch is sequences of vectors that advance together, each step being one product
// per layer. Each sequence is bit-identical to a VectorState of its own. It is for one
// goroutine at a time.
type VectorBatch struct {
	bodyBatch
	stack *VectorStack
}

// NewBatch returns n sequences at their start, stepped by the given workers. It panics if
// s.Steppers returns an error.
func (s *VectorStack) NewBatch(n int, w *kernels.Workers) *VectorBatch {
	b := &VectorBatch{s.newBatch(n, w), s}
	for i := range n {
		copy(rowOf(b.slab, i), s.first)
	}
	return b
}

// Step sets dst[i] [OutLen] to the outputs of sequence i for x[i] [InLen]; the rows of dst
// may be those of x. It panics if a length is wrong. With one worker it does not allocate.
func (b *VectorBatch) Step(dst, x [][]float32) {
	if len(dst) != b.n || len(x) != b.n {
		panic("layers: VectorBatch: Step: one row a sequence")
	}
	for i, row := range x {
		if len(row) != b.stack.in || len(dst[i]) != b.outLen {
			panic("layers: VectorBatch: Step: wrong length")
		}
	}
	for i, row := range x {
		copy(rowOf(b.in, i), row)
	}
	b.advance()
	out := b.out()
	for i, row := range dst {
		copy(row, rowOf(out, i))
	}
}

// SetRow makes sequence i a fork of s. It panics if s is of another network.
func (b *VectorBatch) SetRow(i int, s *VectorState) {
	if s.stack != b.stack {
		panic("layers: VectorBatch: SetRow: different networks")
	}
	copy(rowOf(b.slab, i), s.slab)
}

// GetRow makes s a fork of sequence i. It panics if s is of another network.
func (b *VectorBatch) GetRow(i int, s *VectorState) {
	if s.stack != b.stack {
		panic("layers: VectorBatch: GetRow: different networks")
	}
	copy(s.slab, rowOf(b.slab, i))
}
