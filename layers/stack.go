package layers

import (
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
func (c StackConfig) Widths() []int { return widths(c.Embedding, c.Layers) }

// Check returns an error that names the first layer that is not possible.
func (c StackConfig) Check() error {
	in, err := checkLayers(c.Embedding, c.Layers)
	switch {
	case err != nil:
		return err
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
	total = layerSizes(c.Embedding, c.Layers)
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
	list = append(list, describeLayers(c.Embedding, c.Layers)...)
	head := newInfo("output", "Linear", out, c.Outputs, c.Outputs*(out+1), c.Outputs*(out+1))
	if c.Tied {
		head.Type, head.Params, head.Effective = tiedHead{}.Type(), c.Outputs, c.Outputs
	}
	return append(list, head)
}

// A Stack is a whole network over symbols: an embedding, layers, and an output
// layer that computes the logits of the next symbol. It is immutable in use and safe
// for concurrent use.
type Stack struct {
	Embedding *Embedding
	body      // Layers
	Head      *Linear

	tied bool
}

// NewStack returns a stack of zero weights. It panics if c.Check would fail or a size is
// not positive.
func NewStack(c StackConfig) *Stack {
	if c.Check() != nil || c.Symbols < 1 || c.Embedding < 1 || c.Outputs < 1 {
		panic("layers: NewStack: invalid configuration")
	}
	s := &Stack{Embedding: NewEmbedding(c.Symbols, c.Embedding), body: newBody(c.Embedding, c.Layers), tied: c.Tied}
	s.Head = NewLinear(s.outLen(), c.Outputs)
	return s
}

// Config returns the description that s was made from.
func (s *Stack) Config() StackConfig {
	return StackConfig{Symbols: s.Embedding.Symbols, Embedding: s.Embedding.Dim, Layers: s.specs, Outputs: s.Head.OutLen(), Tied: s.tied}
}

// Like returns a stack of the same shape and zero weights: room for gradients, or for
// an optimiser's state.
func (s *Stack) Like() *Stack { return NewStack(s.Config()) }

// Parts implements Network.
func (s *Stack) Parts() []Part {
	embedding, head := Module(s.Embedding), Module(s.Head)
	if s.tied {
		embedding, head = tiedEmbedding{s.Embedding, s.Head}, tiedHead{s.Head}
	}
	parts := append([]Part{{Name: "embedding", Prefix: "embedding.", Module: embedding}}, s.parts()...)
	return append(parts, Part{Name: "output", Prefix: "output.", Module: head})
}

// Symbols returns the number of symbols that the network has logits for.
func (s *Stack) Symbols() int { return s.Head.OutLen() }

// A State is one sequence under way, for one goroutine at a time.
type State struct {
	bodyState
	stack   *Stack
	threads *logitsThreads // nil for one
}

// NewState returns a sequence at its start. It panics if Steppers returns an error.
func (s *Stack) NewState() *State { return &State{bodyState: s.newState(), stack: s} }

// Advance consumes sym without computing logits. It panics if sym is out of range. It
// does not allocate.
func (s *State) Advance(sym int) { s.advance(s.stack.Embedding.Row(sym)) }

// Logits writes the logits of the next symbol into dst [Symbols]. Before the first Advance
// they are those of a zero output. It does not allocate.
func (s *State) Logits(dst []float32) {
	if s.threads != nil {
		s.threads.logits(dst)
		return
	}
	s.stack.Head.Apply(dst, s.out)
}

// CopyFrom makes s a fork of src. It panics if they are of different stacks.
func (s *State) CopyFrom(src *State) {
	if s.stack != src.stack {
		panic("layers: State: CopyFrom: different stacks")
	}
	copy(s.slab, src.slab)
}
