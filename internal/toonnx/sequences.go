package toonnx

import (
	"fmt"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/onnx"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
)

// A sequence is layers over a sequence of vectors [sequence, batch, In].
type sequence struct {
	*builder
	specs []layers.Spec
	parts []layers.Part // of the specs
	// states says that the states of the layers are inputs and outputs of the graph. first
	// are the states that a sequence begins with, by the names of their parameters; nil for
	// zeros.
	states bool
	first  map[string][]float32
}

func (b *builder) text(f *weights.File) error {
	m, err := model.FromFile(f)
	if err != nil {
		return err
	}
	s := sequence{builder: b, specs: m.Config.Layers, states: true}
	x := s.tokens(m.Stack)
	for i := range s.specs {
		x = s.layer(i, x)
	}
	x = s.head(m.Stack, x)
	b.node("logits", "Transpose", []string{x}, intsAttribute("perm", 1, 0, 2))
	b.front("logits", "natural-log weights of the token that follows each one, not normalised", "batch", "sequence", m.Config.Symbols)
	return nil
}

func (b *builder) classifier(f *weights.File) error {
	m, err := model.ClassifierFromFile(f)
	if err != nil {
		return err
	}
	s := sequence{builder: b, specs: m.Config.Layers}
	x := s.tokens(m.Stack)
	last := len(s.specs) - 1
	for i := range last {
		x = s.layer(i, x)
	}
	x = s.head(m.Stack, s.last(last, x))
	b.node("logits", "Identity", []string{x})
	b.output("logits", "natural-log weights of the classes, not normalised", "batch", len(m.Config.Classes))
	return nil
}

func (b *builder) vectors(f *weights.File) error {
	m, err := model.VectorsFromFile(f)
	if err != nil {
		return err
	}
	c := m.Stack.Config()
	s := sequence{builder: b, specs: c.Layers, parts: m.Stack.Parts()}
	_, err = m.Stack.Steppers()
	s.states = err == nil
	if c.FirstState {
		s.first = make(map[string][]float32)
		for _, p := range s.parts[len(c.Layers)].Module.Parameters("") {
			s.first[p.Name] = p.Get()
		}
	}
	b.input("inputs", "a vector a step", onnx.Float, "batch", "sequence", c.Inputs)
	x := b.node("inputs/steps", "Transpose", []string{"inputs"}, intsAttribute("perm", 1, 0, 2))
	for i := range s.specs {
		x = s.layer(i, x)
	}
	b.node("outputs", "Transpose", []string{x}, intsAttribute("perm", 1, 0, 2))
	b.front("outputs", "a vector a step", "batch", "sequence", c.Outputs())
	return nil
}

// front makes value name the first output of the graph, before the states.
func (b *builder) front(name, doc string, dims ...any) {
	states := b.graph.Outputs
	b.graph.Outputs = nil
	b.output(name, doc, dims...)
	b.graph.Outputs = append(b.graph.Outputs, states...)
}

// tokens adds the input and the embedding, and sets the parts of the layers. It returns
// the vectors of the tokens, [sequence, batch, E].
func (s *sequence) tokens(stack *layers.Stack) string {
	all := stack.Parts()
	s.parts = all[1 : len(all)-1]
	s.input("tokens", "the numbers of the tokens, each below the number of symbols", onnx.Int64, "batch", "sequence")
	e := all[0].Parameters()[0]
	s.floats(e.Name, e.Get(), e.Shape...)
	steps := s.node("tokens/steps", "Transpose", []string{"tokens"}, intsAttribute("perm", 1, 0))
	return s.node("embedding", "Gather", []string{e.Name, steps})
}

// head adds the output layer.
func (s *sequence) head(stack *layers.Stack, x string) string {
	all := stack.Parts()
	if !stack.Tied() {
		return s.linear(all[len(all)-1], x)
	}
	bias := all[len(all)-1].Parameters()[0]
	w := s.node("output/weight", "Transpose", []string{all[0].Parameters()[0].Name}, intsAttribute("perm", 1, 0))
	y := s.node("output/product", "MatMul", []string{x, w})
	return s.node("output", "Add", []string{y, s.floats(bias.Name, bias.Get(), bias.Shape...)})
}

// linear adds W·x + b with the parameters weight and bias of a part.
func (s *sequence) linear(part layers.Part, x string) string {
	p := part.Module.Parameters("")
	out, in := p[0].Shape[0], p[0].Shape[1]
	w := s.floats(part.Name+".weight", transpose(p[0].Get(), out, in), in, out)
	y := s.node(part.Name+"/product", "MatMul", []string{x, w})
	return s.node(part.Name, "Add", []string{y, s.floats(part.Name+".bias", p[1].Get(), out)})
}

// transpose returns the matrix [rows, cols] as [cols, rows].
func transpose(data []float32, rows, cols int) []float32 {
	out := make([]float32, len(data))
	for r := range rows {
		for c := range cols {
			out[c*rows+r] = data[r*cols+c]
		}
	}
	return out
}

// denseOperators are the functions of a Dense layer.
var denseOperators = map[string]string{"tanh": "Tanh", "sigmoid": "Sigmoid", "relu": "Relu", "elu": "Elu", "softmax": "Softmax"}

// isDense reports whether layer i has no state, and no directions.
func (s *sequence) isDense(i int) bool { return s.specs[i].Kind() == "dense" }

// layer adds layer i and returns its outputs, [sequence, batch, Out].
func (s *sequence) layer(i int, x string) string {
	part := s.parts[i]
	if s.isDense(i) {
		y, name := s.linear(part, x), describe(s.specs[i]).words["activation"]
		op := denseOperators[name]
		switch {
		case name == layers.DenseActivations[0]:
			return y
		case op == "":
			panic("toonnx: no operator for the activation " + name)
		case op == "Softmax":
			return s.node(part.Name+"/"+name, op, []string{y}, intAttribute("axis", -1))
		}
		return s.node(part.Name+"/"+name, op, []string{y})
	}
	y, _ := s.recurrent(i, x)
	return s.merge(i, y, 1)
}

// last adds layer i, of which only what it ends in counts, and returns that, [batch, Out].
func (s *sequence) last(i int, x string) string {
	if s.isDense(i) {
		y := s.layer(i, x)
		s.graph.Initializers = append(s.graph.Initializers, onnx.NewInts("last", nil, []int64{-1}))
		return s.node("last/step", "Gather", []string{y, "last"})
	}
	_, h := s.recurrent(i, x)
	return s.merge(i, h, 0)
}

// merge makes one output of those of the directions of layer i, which are dimension axis
// of x, [sequence, directions, batch, H] or [directions, batch, H].
func (s *sequence) merge(i int, x string, axis int) string {
	name := s.parts[i].Name
	d := describe(s.specs[i])
	if d.inner == nil {
		return s.node(name+"/outputs", "Squeeze", []string{x, s.ints(name+"/directions", int64(axis))})
	}
	keep := intAttribute("keepdims", 0)
	switch d.words["merge"] {
	case "sum": // of which the directions are an input, not an attribute
		return s.node(name+"/merged", "ReduceSum", []string{x, s.ints(name+"/directions", int64(axis))}, keep)
	case "average":
		return s.node(name+"/merged", "ReduceMean", []string{x}, intsAttribute("axes", int64(axis)), keep)
	case "multiply":
		return s.node(name+"/merged", "ReduceProd", []string{x}, intsAttribute("axes", int64(axis)), keep)
	}
	perm, shape := []int64{1, 0, 2}, []int64{0, int64(s.specs[i].OutLen(0))}
	if axis == 1 {
		perm, shape = []int64{0, 2, 1, 3}, []int64{0, 0, shape[1]}
	}
	x = s.node(name+"/beside", "Transpose", []string{x}, intsAttribute("perm", perm...))
	return s.node(name+"/merged", "Reshape", []string{x, s.ints(name+"/shape", shape...)})
}

// state adds the input from which layer i takes its first h or c, and the output that has
// the last one; it returns both names as the layer's node has them.
func (s *sequence) state(i int, letter string, units int) (from, to string) {
	if !s.states {
		return "", ""
	}
	name := s.parts[i].Name + "_" + letter
	from, to = name, name+"_out"
	s.input(from, fmt.Sprintf("state %s of layer %s: zeros at the beginning of a sequence, %s to go on with it", letter, s.parts[i].Name, to), onnx.Float, 1, "batch", units)
	s.output(to, fmt.Sprintf("state %s of layer %s behind the sequence", letter, s.parts[i].Name), 1, "batch", units)
	if s.first == nil {
		return from, to
	}
	first := fmt.Sprintf("%s_l%d", letter, i)
	s.floats(first, s.first[first], 1, 1, units)
	s.node(name+"/state", "Add", []string{from, first})
	return name + "/state", name + "/last"
}

// relative adds the nodes that make the last states of layer i differences from the first.
func (s *sequence) relative(i int, letter, last string) {
	if name := s.parts[i].Name + "_" + letter; s.first != nil && last != "" {
		s.node(name+"_out", "Sub", []string{last, fmt.Sprintf("%s_l%d", letter, i)})
	}
}
