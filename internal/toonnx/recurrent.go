package toonnx

import (
	"slices"

	"github.com/autoreg/autoreg/internal/onnx"
	"github.com/autoreg/autoreg/layers"
)

// A cell is a recurrent layer as ONNX has it.
type cell struct {
	op    string
	units int
	// gates are those of our layer, in PyTorch's order, in the order of ONNX: of LSTM i, o, f,
	// c, of GRU z, r, h.
	gates []int
	// functions are those of ONNX' activations, and usual what they are if nothing is said.
	functions, usual []string
	attributes       []onnx.Attribute
}

// A function is an activation in ONNX, and its parameters alpha and beta if it has them.
type function struct {
	name       string
	parameters []float32
}

// functions are the activations of recurrent layers. Of the logistic function's relatives
// ONNX has one, clip(alpha·x + beta, 0, 1).
var functions = map[string]function{
	"tanh": {"Tanh", nil}, "relu": {"Relu", nil}, "sigmoid": {"Sigmoid", nil}, "linear": {"Affine", []float32{1, 0}},
	"hard_sigmoid_keras2": {"HardSigmoid", []float32{0.2, 0.5}},
	"hard_sigmoid_keras3": {"HardSigmoid", []float32{1.0 / 6, 0.5}},
}

// A description is what the members of a layer's spec say.
type description struct {
	kind  string
	units int
	words map[string]string // choices, by the names of the members
	inner *description      // of the layer inside, in both directions; nil if there is none
}

// describe reads the members of a spec, as files have them.
func describe(s layers.Spec) *description {
	d := &description{kind: s.Kind(), words: make(map[string]string)}
	for _, m := range s.Members() {
		switch {
		case m.Layer != nil:
			d.inner = describe(*m.Layer)
		case m.Text != nil && *m.Text == "":
			d.words[m.Name] = m.Choices[0]
		case m.Text != nil:
			d.words[m.Name] = *m.Text
		case m.Name == "units":
			d.units = *m.Int
		}
	}
	return d
}

// cellOf describes a layer in one direction as ONNX has it.
func cellOf(d *description) cell {
	unit, gate := d.words["activation"], d.words["recurrent_activation"]
	switch d.kind {
	case "lstm":
		return cell{op: "LSTM", units: d.units, gates: []int{0, 3, 1, 2}, functions: []string{gate, unit, unit}, usual: []string{"sigmoid", "tanh", "tanh"}}
	case "gru":
		c := cell{op: "GRU", units: d.units, gates: []int{1, 0, 2}, functions: []string{gate, unit}, usual: []string{"sigmoid", "tanh"}}
		if d.words["reset"] == "after" {
			c.attributes = append(c.attributes, intAttribute("linear_before_reset", 1))
		}
		return c
	case "rnn":
		return cell{op: "RNN", units: d.units, gates: []int{0}, functions: []string{unit}, usual: []string{"tanh"}}
	}
	panic("toonnx: no operator for a layer of kind " + d.kind)
}

// activations returns the attributes of a layer in so many directions.
func (c *cell) activations(directions int) []onnx.Attribute {
	if slices.Equal(c.functions, c.usual) {
		return nil
	}
	names := onnx.Attribute{Name: "activations", Type: onnx.StringsAttribute}
	alpha := onnx.Attribute{Name: "activation_alpha", Type: onnx.FloatsAttribute}
	beta := onnx.Attribute{Name: "activation_beta", Type: onnx.FloatsAttribute}
	for range directions {
		for _, name := range c.functions {
			f := functions[name]
			names.Strings = append(names.Strings, f.name)
			if f.parameters != nil {
				alpha.Floats, beta.Floats = append(alpha.Floats, f.parameters[0]), append(beta.Floats, f.parameters[1])
			}
		}
	}
	if alpha.Floats == nil {
		return []onnx.Attribute{names}
	}
	return []onnx.Attribute{names, alpha, beta}
}

// recurrent adds recurrent layer i. It returns its outputs, [sequence, directions, batch,
// H], and what it ends in, [directions, batch, H].
func (s *sequence) recurrent(i int, x string) (y, h string) {
	d, part := describe(s.specs[i]), s.parts[i]
	suffixes := []string{""}
	if d.inner != nil {
		d, suffixes = d.inner, []string{"", "_reverse"}
	}
	c := cellOf(d)
	w, r, b := s.cellWeights(part, &c, suffixes)
	n := onnx.Node{Name: part.Name, Op: c.op, Inputs: []string{x, w, r, b}}
	n.Attributes = append(c.attributes, intAttribute("hidden_size", c.units))
	if len(suffixes) == 2 {
		n.Attributes = append(n.Attributes, stringAttribute("direction", "bidirectional"))
	}
	n.Attributes = append(n.Attributes, c.activations(len(suffixes))...)
	letters := []string{"h"}
	if c.op == "LSTM" {
		letters = append(letters, "c")
	}
	n.Outputs = []string{part.Name + "/sequence"}
	for k, letter := range letters {
		from, to := s.state(i, letter, c.units)
		if k == 0 && to == "" {
			to = part.Name + "/end"
		}
		if from != "" && k == 0 {
			n.Inputs = append(n.Inputs, "") // the lengths of the sequences
		}
		if from != "" {
			n.Inputs = append(n.Inputs, from)
		}
		if to != "" {
			n.Outputs = append(n.Outputs, to)
		}
	}
	s.graph.Nodes = append(s.graph.Nodes, n)
	for k, letter := range letters {
		if s.states {
			s.relative(i, letter, n.Outputs[1+k])
		}
	}
	return n.Outputs[0], n.Outputs[1]
}

// cellWeights adds the tensors of a layer: W [directions, gates·H, In], R [directions,
// gates·H, H], and the biases of W and then those of R, [directions, 2·gates·H].
func (s *sequence) cellWeights(part layers.Part, c *cell, suffixes []string) (w, r, b string) {
	parameters := make(map[string]layers.Parameter)
	for _, p := range part.Module.Parameters("") {
		parameters[p.Name] = p
	}
	ordered := func(name string) []float32 {
		p := parameters[name]
		data, gate := p.Get(), p.Len()/len(c.gates)
		var out []float32
		for _, g := range c.gates {
			out = append(out, data[g*gate:][:gate]...)
		}
		return out
	}
	var W, R, B []float32
	for _, suffix := range suffixes {
		W = append(W, ordered("weight_ih"+suffix)...)
		R = append(R, ordered("weight_hh"+suffix)...)
		B = append(B, ordered("bias_ih"+suffix)...)
		B = append(B, ordered("bias_hh"+suffix)...)
	}
	rows, in := len(c.gates)*c.units, parameters["weight_ih"].Shape[1]
	return s.floats(part.Name+".W", W, len(suffixes), rows, in),
		s.floats(part.Name+".R", R, len(suffixes), rows, c.units),
		s.floats(part.Name+".B", B, len(suffixes), 2*rows)
}
