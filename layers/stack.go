package layers

import (
	"errors"
	"fmt"

	"github.com/autoreg/autoreg/kernels"
)

// A StackConfig describes a Stack.
type StackConfig struct {
	Symbols   int    // V, symbols that the embedding has vectors for
	Embedding int    // E, length of a vector
	Layers    []Spec // from input to output
	Outputs   int    // of the output layer
	Tied      bool   // the output layer has the embedding's weights: Outputs is Symbols, its inputs are Embedding
}

// Widths returns the inputs of each layer, and at the end those of the output layer.
func (c StackConfig) Widths() []int {
	w := []int{c.Embedding}
	for _, s := range c.Layers {
		w = append(w, s.OutLen(w[len(w)-1]))
	}
	return w
}

// MaxLayers is the largest number of layers of a stack, without embedding and output.
const MaxLayers = 64

// Check returns an error that names the first layer that is not possible.
func (c StackConfig) Check() error {
	if len(c.Layers) > MaxLayers {
		return fmt.Errorf("there are %d layers: want at most %d", len(c.Layers), MaxLayers)
	}
	in := c.Embedding
	for i, s := range c.Layers {
		if err := CheckSpec(s); err != nil {
			return fmt.Errorf("layer %d: %w", i, err)
		}
		if in = s.OutLen(in); in > MaxUnits {
			return fmt.Errorf("layer %d has %d outputs: want at most %d", i, in, MaxUnits)
		}
	}
	switch {
	case c.Tied && in != c.Embedding:
		return fmt.Errorf("the output has the weights of the embedding, which has %d values a token, but the last layer has %d outputs: make them equal, or do not tie them", c.Embedding, in)
	case c.Tied && c.Outputs != c.Symbols:
		return fmt.Errorf("the output has the weights of the embedding, which is of %d symbols, but there are %d outputs", c.Symbols, c.Outputs)
	}
	return nil
}

// Sizes returns the sizes of the whole stack; those of a Sequence are of its layers only.
func (c StackConfig) Sizes() (total Sizes) {
	w := c.Widths()
	V, E, O, H := int64(c.Symbols), int64(c.Embedding), int64(c.Outputs), int64(w[len(w)-1])
	for i, l := range c.Layers {
		s := l.Sizes(w[i])
		total.Params += s.Params
		total.Effective += s.Effective
		total.Packed += s.Packed
		total.Transposed += s.Transposed
		total.Row += s.Row
		total.Sequence += s.Sequence
	}
	own := O * (H + 1) // of the output layer
	if c.Tied {
		own = O
	}
	total.Params += V*E + own
	total.Effective += V*E + own
	total.Packed += V*E + panelValues(1, c.Outputs)*H + O
	total.Transposed += O * (H + kernels.PanelWidth)
	return total
}

// Describe returns the layers of the stack without making it; see Describe. c must have
// passed Check.
func (c StackConfig) Describe() []Info {
	w := c.Widths()
	out := w[len(w)-1]
	list := []Info{newInfo("embedding", "Embedding", c.Symbols, c.Embedding, c.Symbols*c.Embedding, c.Symbols*c.Embedding)}
	for i, s := range c.Layers {
		size := s.Sizes(w[i])
		list = append(list, newInfo(layerName(s, i), s.Type(), w[i], w[i+1], int(size.Params), int(size.Effective)))
	}
	head := newInfo("output", "Linear", out, c.Outputs, c.Outputs*(out+1), c.Outputs*(out+1))
	if c.Tied {
		head.Type, head.Params, head.Effective = tiedHead{}.Type(), c.Outputs, c.Outputs
	}
	return append(list, head)
}

// layerName returns the name of layer i.
func layerName(s Spec, i int) string {
	if i == 0 {
		return s.Kind()
	}
	return fmt.Sprintf("%s_l%d", s.Kind(), i)
}

// A Stack is a whole network over symbols: an embedding, layers, and an output
// layer that computes the logits of the next symbol. It is immutable in use and safe
// for concurrent use.
type Stack struct {
	Embedding *Embedding
	Layers    []Layer
	Head      *Linear

	specs []Spec
	tied  bool
}

// NewStack returns a stack of zero weights. It panics if c.Check would fail or a size is
// not positive.
func NewStack(c StackConfig) *Stack {
	if c.Check() != nil || c.Symbols < 1 || c.Embedding < 1 || c.Outputs < 1 {
		panic("layers: NewStack: invalid configuration")
	}
	s := &Stack{Embedding: NewEmbedding(c.Symbols, c.Embedding), specs: c.Layers, tied: c.Tied}
	in := c.Embedding
	for _, spec := range c.Layers {
		s.Layers = append(s.Layers, spec.New(in))
		in = spec.OutLen(in)
	}
	s.Head = NewLinear(in, c.Outputs)
	return s
}

// Config returns the description that s was made from.
func (s *Stack) Config() StackConfig {
	return StackConfig{Symbols: s.Embedding.Symbols, Embedding: s.Embedding.Dim, Layers: s.specs, Outputs: s.Head.OutLen(), Tied: s.tied}
}

// Like returns a stack of the same shape and zero weights: room for gradients, or for
// an optimiser's state.
func (s *Stack) Like() *Stack { return NewStack(s.Config()) }

// Parts implements Network. Layer i, an LSTM for instance, is called lstm, or lstm_li
// but for the first; its tensors are lstm.weight_ih_li and so on, as PyTorch has them.
func (s *Stack) Parts() []Part {
	embedding, head := Module(s.Embedding), Module(s.Head)
	if s.tied {
		embedding, head = tiedEmbedding{s.Embedding, s.Head}, tiedHead{s.Head}
	}
	parts := []Part{{Name: "embedding", Prefix: "embedding.", Module: embedding}}
	for i, l := range s.Layers {
		kind := s.specs[i].Kind()
		parts = append(parts, Part{Name: layerName(s.specs[i], i), Prefix: kind + ".", Suffix: fmt.Sprintf("_l%d", i), Module: l})
	}
	return append(parts, Part{Name: "output", Prefix: "output.", Module: head})
}

// Symbols returns the number of symbols that the network has logits for.
func (s *Stack) Symbols() int { return s.Head.OutLen() }

// ErrNotSequential is the error for a layer whose outputs depend on later inputs.
var ErrNotSequential = errors.New("the layer reads a text in both directions, which must be known whole: it is for a classifier, a model that writes needs layers that go step by step")

// Steppers returns the layers of a stack that can go step by step. It returns an error
// that names the first one that cannot.
func (s *Stack) Steppers() ([]Stepper, error) {
	var list []Stepper
	for i, l := range s.Layers {
		step, ok := l.(Stepper)
		if !ok {
			return nil, fmt.Errorf("layer %d (%s): %w", i, l.Type(), ErrNotSequential)
		}
		list = append(list, step)
	}
	return list, nil
}

// steppers returns the layers of a stack that is known to go step by step.
func (s *Stack) steppers() []Stepper {
	list, err := s.Steppers()
	if err != nil {
		panic("layers: Stack: a layer cannot go step by step; see Steppers")
	}
	return list
}

// A State is one sequence under way, for one goroutine at a time.
type State struct {
	stack *Stack
	steps []Stepper
	state [][]float32 // one a layer, cut from slab
	slab  []float32   // everything that a fork copies: states, then the last output
	out   []float32   // [Head.InLen], the end of slab
	x     []float32   // activations between layers
	work  []float32   // scratch

	threads *logitsThreads // nil for one
}

// NewState returns a sequence at its start. It panics if Steppers returns an error.
func (s *Stack) NewState() *State {
	steps := s.steppers()
	total, width, scratch := 0, 0, 0
	for _, l := range steps {
		total += l.StateLen()
		width = max(width, l.OutLen())
		scratch = max(scratch, l.ScratchLen(1))
	}
	out := s.Head.InLen()
	slab := kernels.Alloc(total + out)
	st := &State{
		stack: s,
		steps: steps,
		slab:  slab,
		state: make([][]float32, len(steps)),
		out:   slab[total:],
		x:     kernels.Alloc(width),
		work:  kernels.Alloc(scratch),
	}
	at := 0
	for i, l := range steps {
		st.state[i] = slab[at : at+l.StateLen()]
		at += l.StateLen()
	}
	return st
}

// Advance consumes sym without computing logits. It panics if sym is out of range. It
// does not allocate.
func (s *State) Advance(sym int) {
	x := s.stack.Embedding.Row(sym)
	for i, l := range s.steps {
		dst := s.x[:l.OutLen()]
		l.Step(dst, x, s.state[i], s.work)
		x = dst
	}
	copy(s.out, x)
}

// Logits writes the logits of the next symbol into dst [Symbols]. Before the first Advance
// they are those of a zero output. It does not allocate.
func (s *State) Logits(dst []float32) {
	if s.threads != nil {
		s.threads.logits(dst)
		return
	}
	s.stack.Head.Apply(dst, s.out)
}

// Reset goes back to the start of a sequence.
func (s *State) Reset() { clear(s.slab) }

// Values returns the memory of s itself: all that the symbols so far have left, and all
// that CopyFrom copies. Its length depends on the stack alone.
func (s *State) Values() []float32 { return s.slab }

// CopyFrom makes s a fork of src. It panics if they are of different stacks.
func (s *State) CopyFrom(src *State) {
	if s.stack != src.stack {
		panic("layers: State: CopyFrom: different stacks")
	}
	copy(s.slab, src.slab)
}
