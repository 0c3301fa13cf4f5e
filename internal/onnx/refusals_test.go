package onnx

import (
	"errors"
	"strings"
	"testing"
)

func intAttribute(name string, v int64) Attribute {
	return Attribute{Name: name, Type: IntAttribute, I: v}
}

func intsAttribute(name string, v ...int64) Attribute {
	return Attribute{Name: name, Type: IntsAttribute, Ints: v}
}

func stringAttribute(name, v string) Attribute {
	return Attribute{Name: name, Type: StringAttribute, S: v}
}

func zeros(name string, shape ...int) Tensor {
	n := 1
	for _, s := range shape {
		n *= s
	}
	return NewFloats(name, shape, make([]float32, n))
}

// small returns an LSTM of 2 to 3 and a Dense layer of 3 to 4, [T, B, In] to [T, B, 4].
func small() *Model {
	named := func(size int64, name string) Dim { return Dim{Size: size, Known: size > 0, Name: name} }
	return &Model{
		IRVersion: 7,
		Opsets:    []Opset{{"", 13}},
		Graph: &Graph{
			Name:   "small",
			Inputs: []Value{{Name: "x", DType: Float, Shape: []Dim{named(0, "T"), named(0, "B"), named(2, "")}, Ranked: true}},
			Initializers: []Tensor{
				zeros("W", 1, 12, 2), zeros("R", 1, 12, 3), zeros("B", 1, 24), zeros("V", 3, 4), zeros("b", 4),
				NewInts("one", []int{1}, []int64{1}),
			},
			Nodes: []Node{
				{Name: "lstm", Op: "LSTM", Inputs: []string{"x", "W", "R", "B"}, Outputs: []string{"s", "h", "c"}, Attributes: []Attribute{intAttribute("hidden_size", 3)}},
				{Name: "squeeze", Op: "Squeeze", Inputs: []string{"s", "one"}, Outputs: []string{"t"}},
				{Name: "matmul", Op: "MatMul", Inputs: []string{"t", "V"}, Outputs: []string{"u"}},
				{Name: "add", Op: "Add", Inputs: []string{"u", "b"}, Outputs: []string{"y"}},
			},
			Outputs: []Value{{Name: "y", DType: Float}},
		},
	}
}

func (m *Model) node(name string) *Node {
	for i := range m.Graph.Nodes {
		if m.Graph.Nodes[i].Name == name {
			return &m.Graph.Nodes[i]
		}
	}
	panic(name)
}

func (m *Model) set(node string, a ...Attribute) {
	n := m.node(node)
	n.Attributes = append(n.Attributes, a...)
}

// add puts nodes behind those of m and makes the last one's output that of the graph.
func (m *Model) add(nodes ...Node) {
	m.Graph.Nodes = append(m.Graph.Nodes, nodes...)
	m.Graph.Outputs[0].Name = nodes[len(nodes)-1].Outputs[0]
}

func node(op, in, out string, a ...Attribute) Node {
	return Node{Name: strings.ToLower(op), Op: op, Inputs: strings.Split(in, " "), Outputs: strings.Split(out, " "), Attributes: a}
}

// What a graph may say otherwise, in ways that are the same network.
func TestSameNetwork(t *testing.T) {
	const want = "LSTM(2→3), Dense(3→4)"
	for name, change := range map[string]func(m *Model){
		"as it is":      func(m *Model) {},
		"after writing": func(m *Model) { *m = *readBytes(t, written(t, m)) },
		"default activations": func(m *Model) {
			m.set("lstm", Attribute{Name: "activations", Type: StringsAttribute, Strings: []string{"sigmoid", "Tanh", "tanh"}})
		},
		"a forward direction": func(m *Model) { m.set("lstm", stringAttribute("direction", "forward")) },
		"no bias of the LSTM": func(m *Model) { m.node("lstm").Inputs[3] = "" },
		"the bias first":      func(m *Model) { m.node("add").Inputs = []string{"b", "u"} },
		"zeros to start from": func(m *Model) {
			m.Graph.Initializers = append(m.Graph.Initializers, zeros("h0", 1, 1, 3))
			m.node("lstm").Inputs = append(m.node("lstm").Inputs, "", "h0", "h0")
		},
		"axes as an attribute": func(m *Model) { m.node("squeeze").Inputs = []string{"s"}; m.set("squeeze", intsAttribute("axes", -3)) },
		"identities": func(m *Model) {
			m.add(node("Identity", "y", "y1"), node("Dropout", "y1", "y2"), node("Cast", "y2", "y3", intAttribute("to", int64(Float))))
		},
		"transposed twice":    func(m *Model) { m.add(node("Transpose", "y", "y1"), node("Transpose", "y1", "y2")) },
		"a node for nothing":  func(m *Model) { m.Graph.Nodes = append(m.Graph.Nodes, node("Loop", "y", "z")) },
		"the state as output": func(m *Model) { m.Graph.Outputs = append(m.Graph.Outputs, Value{Name: "h"}, Value{Name: "c"}) },
		"a matrix to turn": func(m *Model) {
			m.Graph.Initializers[3] = zeros("V0", 4, 3)
			m.Graph.Nodes = append([]Node{node("Transpose", "V0", "V")}, m.Graph.Nodes...)
		},
		"dropout": func(m *Model) {
			m.Graph.Initializers = append(m.Graph.Initializers, Tensor{Name: "off", DType: Bool, Data: []byte{0}})
			m.add(node("Dropout", "y  off", "z"))
		},
		"one dimension fewer and back": func(m *Model) {
			m.Graph.Initializers = append(m.Graph.Initializers, NewInts("s1", []int{2}, []int64{-1, 4}), NewInts("i", nil, []int64{1}))
			m.add(node("Reshape", "y s1", "y1"), node("Shape", "x", "s2"), node("Gather", "s2 i", "s3"), node("Unsqueeze", "s3 one", "s4"))
			m.node("unsqueeze").Inputs = []string{"s3"}
			m.node("unsqueeze").Attributes = []Attribute{intsAttribute("axes", 0)}
			m.Graph.Initializers = append(m.Graph.Initializers, NewInts("minus", []int{1}, []int64{-1}), NewInts("four", []int{1}, []int64{4}))
			back := node("Reshape", "y1 s5", "y2")
			m.add(node("Concat", "minus s4 four", "s5"), back)
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := small()
			change(m)
			n, err := m.Network()
			if err != nil {
				t.Fatal(err)
			}
			if got := describe(n); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
}

func written(t testing.TB, m *Model) []byte {
	t.Helper()
	b, err := m.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// turned replaces a graph by a convolution, with a Transpose in front (x), or behind (y),
// or by a product over columns, where that changes nothing.
func turned(where string, perm ...int64) func(m *Model) {
	return func(m *Model) {
		g := m.Graph
		g.Inputs[0].Shape, g.Inputs[0].Ranked = make([]Dim, 4), true
		turn, conv := node("Transpose", "x", "x1", intsAttribute("perm", perm...)), node("Conv", "x1 K", "y")
		g.Nodes = []Node{turn, conv}
		if where == "y" {
			g.Nodes = []Node{node("Conv", "x K", "y1"), node("Transpose", "y1", "y", intsAttribute("perm", perm...))}
		} else if perm[2] < perm[3] {
			g.Nodes = []Node{turn, node("Conv", "x1 K", "y1"), node("MatMul", "y1 V", "y")}
		}
		g.Initializers = append(g.Initializers, zeros("K", 3, 2, 1, 1))
	}
}

var repeat = strings.Repeat

// What has no place is refused by name.
func TestRefusals(t *testing.T) {
	activations := func(names string, alpha ...float32) func(m *Model) {
		return func(m *Model) {
			m.set("lstm", Attribute{Name: "activations", Type: StringsAttribute, Strings: strings.Split(names, " ")})
			if alpha != nil {
				m.set("lstm", Attribute{Name: "activation_alpha", Type: FloatsAttribute, Floats: alpha})
			}
		}
	}
	strange := func(names string) string {
		return `node "lstm" (LSTM): its activations are ` + names + `: want those of a layer here, for the gates Sigmoid or the HardSigmoid of Keras, for the units everywhere the same of Tanh, Relu, Sigmoid and none`
	}
	lstm := func(i int, name string) func(m *Model) {
		return func(m *Model) {
			n := m.node("lstm")
			n.Inputs = append(n.Inputs, make([]string, 4)...)
			n.Inputs[i] = name
		}
	}
	with := func(change func(m *Model), x ...Tensor) func(m *Model) {
		return func(m *Model) { m.Graph.Initializers = append(m.Graph.Initializers, x...); change(m) }
	}
	for _, c := range []struct {
		change func(m *Model)
		want   string
	}{
		{func(m *Model) { m.set("lstm", Attribute{Name: "clip", Type: FloatAttribute, F: 3}) }, `node "lstm" (LSTM): it clips its values (attribute clip), which a layer here does not`},
		{activations("Softsign Tanh Tanh"), strange("Softsign")},
		{activations("Tanh Tanh Tanh"), strange("Tanh, Tanh, Tanh")},
		{activations("Sigmoid Tanh Relu"), strange("Sigmoid, Tanh, Relu")},
		{activations("Sigmoid HardSigmoid HardSigmoid"), strange("Sigmoid, HardSigmoid, HardSigmoid")},
		{activations("Sigmoid Tanh"), `node "lstm" (LSTM): it has 2 activations, want 3`},
		{activations("HardSigmoid Tanh Tanh", 0.25), `node "lstm" (LSTM): its HardSigmoid is clip(0.25·x + 0.5, 0, 1): want 0.2·x + 0.5 or x/6 + 0.5`},
		{activations("Sigmoid Affine Affine", 1, 2), `node "lstm" (LSTM): its Affine is 2·x + 0: want x`},
		{activations("HardSigmoid Tanh Tanh", 0.2, 0.2), `node "lstm" (LSTM): its activations have parameters (attributes activation_alpha, activation_beta), which they do not take`},
		{func(m *Model) { m.set("lstm", Attribute{Name: "activation_alpha", Type: FloatsAttribute}) }, `node "lstm" (LSTM): its activations have parameters (attributes activation_alpha, activation_beta), which they do not take`},
		{func(m *Model) { m.set("lstm", intAttribute("input_forget", 1)) }, `node "lstm" (LSTM): it couples input and forget gate (attribute input_forget), which a layer here does not`},
		{func(m *Model) { m.set("lstm", intAttribute("other", 1)) }, `node "lstm" (LSTM): its attribute "other" has no place in a list of layers`},
		{func(m *Model) { m.set("lstm", stringAttribute("layout", "1")) }, `node "lstm" (LSTM): its attribute "layout" has type 3, want 2`},
		{func(m *Model) { m.set("lstm", stringAttribute("direction", "bidirectional")) }, `node "lstm" (LSTM): its input W is no tensor of the file with 3 dimensions, the first 2`},
		{func(m *Model) { m.set("lstm", stringAttribute("direction", "up")) }, `node "lstm" (LSTM): direction "up"`},
		{with(lstm(4, "lens"), NewInts("lens", []int{1}, []int64{1})), `node "lstm" (LSTM): it has sequence_lens, a length for each sequence, which have no place here`},
		{with(lstm(7, "P"), zeros("P", 1, 9)), `node "lstm" (LSTM): it has peepholes (input P), which a layer here has not`},
		{with(lstm(5, "h0"), NewFloats("h0", []int{1, 2, 3}, []float32{0, 0, 1, 0, 0, 1})), `node "lstm" (LSTM): it starts from the state "h0" of shape [1 2 3]: want zeros, an input of the graph, or one state for all sequences, of shape [1 1 3]`},
		{func(m *Model) { m.Graph.Initializers[1] = zeros("R", 1, 12, 4) }, `node "lstm" (LSTM): hidden_size 3 does not agree with the shapes of its weights, W [1 12 2], R [1 12 4]`},
		{func(m *Model) { m.Graph.Initializers[0] = zeros("W", 1, 12, 5) }, `node "lstm" (LSTM): it takes 5 features of 2`},
		{func(m *Model) { m.Graph.Initializers[0].Data = nil }, `tensor "W": 0 bytes of data, but float of shape [1 12 2] takes 96`},
		{func(m *Model) { m.node("matmul").Inputs[0] = "c" }, `node "matmul" (MatMul): it takes the last cell state of an LSTM`},
		{func(m *Model) { m.node("matmul").Inputs[0] = "x" }, `node "matmul" (MatMul): it takes 3 features of 2`},
		{func(m *Model) { m.node("add").Inputs[1] = "t" }, `node "add" (Add): it adds something else than a bias to a product, which has no place in a list of layers`},
		{func(m *Model) { m.Graph.Initializers[4] = zeros("b", 1) }, `node "add" (Add): its bias is no tensor of 4 elements`},
		{func(m *Model) { m.add(node("Selu", "y", "z")) }, `node "selu" (Selu): it has no place in a list of layers`},
		{func(m *Model) { m.add(node("Mul", "y b", "z")) }, `node "mul" (Mul): it has no place in a list of layers`},
		{func(m *Model) { m.add(node("Loop", "y", "z")) }, `node "loop" (Loop): it runs a graph of its own for each step of a sequence: want the layer as one node, LSTM, GRU or RNN; some exporters (tf2onnx) write a GRU so, others as a node`},
		{func(m *Model) { m.add(node("If", "y", "z")) }, `node "if" (If): it chooses between graphs of its own: want a graph without conditions, exported with the form of its input fixed`},
		{func(m *Model) { m.add(node("Concat", "y t", "z", intAttribute("axis", -1))) }, `node "concat" (Concat): it joins values, which has no place in a list of layers`},
		{func(m *Model) { m.add(node("Softmax", "y", "z", intAttribute("axis", 0))) }, `node "softmax" (Softmax): it is over dimension 0 of 3, want the last one, the features`},
		{func(m *Model) { m.add(node("Cast", "y", "z", intAttribute("to", int64(Float16)))) }, `node "cast" (Cast): it converts to float16, which changes values`},
		{func(m *Model) { m.add(node("Transpose", "y", "z")) }, `output "z": features are apart from the last dimension, as the two directions of a recurrent layer before Transpose and Reshape`},
		{func(m *Model) { m.add(node("Squeeze", "y one", "z")) }, `node "squeeze" (Squeeze): it drops dimension 1, whose size is not known to be 1`},
		{with(func(m *Model) { m.add(node("Gather", "y zero", "z")) }, NewInts("zero", nil, []int64{0})), `node "gather" (Gather): it takes element 0 of dimension 0 of its input: only the last position of a sequence has a place in a list of layers`},
		{with(func(m *Model) { m.add(node("Slice", "y one two", "z")) }, NewInts("two", []int{1}, []int64{2})), `node "slice" (Slice): it takes a part of dimension 0 of its input, which has no place in a list of layers`},
		{with(func(m *Model) { m.add(node("Reshape", "y form", "z")) }, NewInts("form", []int{2}, []int64{-1, 3})), `node "reshape" (Reshape): dimension 1 of 3 splits one or joins some of unknown size`},
		{with(func(m *Model) {
			m.node("lstm").Inputs[0] = "x1"
			m.Graph.Nodes = append([]Node{node("Conv", "x K", "x1")}, m.Graph.Nodes...)
		}, zeros("K", 1, 2, 3)), `node "conv" (Conv): weights of 3 dimensions, an input of 3: only convolutions over two dimensions are read, which have 4`},
		{with(func(m *Model) { m.add(node("Dropout", "y  on", "z")) }, Tensor{Name: "on", DType: Bool, Data: []byte{1}}), `node "dropout" (Dropout): it is as in training: export the model for inference`},
		{turned("y", 1, 0, 2, 3), `output "y": it is no image, channels first or last, whose rows and columns are in order`},
		{turned("y", 0, 1, 3, 2), `output "y": it is no image, channels first or last, whose rows and columns are in order`},
		{turned("x", 0, 1, 3, 2), `node "conv" (Conv): its input is no image, channels first, whose rows and columns are in order`},
		{turned("x", 0, 1, 2, 3), `node "matmul" (MatMul): the last dimension is not the features in their order`},
		{func(m *Model) { m.Graph.Initializers[3] = zeros("V", 0, 1<<27) }, `a tensor of shape [134217728 0] has no elements and can be no weight`},
		{with(func(m *Model) { // 4 GB in all, which do not fit into an int of 32 bits
			m.Graph.Nodes = append([]Node{node("Concat", "U"+repeat(" U", 4095), "W1", intAttribute("axis", 0))}, m.Graph.Nodes...)
			m.node("lstm").Inputs[1] = "W1"
		}, zeros("U", 1<<18, 1)), `tensors joined to 4294967296 bytes: the file describes more than memory of 4 times its size holds`},
		{func(m *Model) { m.node("add").Domain = "com.example" }, `node "add" (Add): it is of the domain "com.example", whose operators are not known`},
		{func(m *Model) { m.node("add").Inputs[0] = "v" }, `value "v" is used, but neither the graph's inputs nor its tensors nor the nodes before give it`},
		{func(m *Model) { m.node("squeeze").Outputs[0] = "y" }, `node "squeeze" (Squeeze): its output "y" has been given before`},
		{func(m *Model) { m.Graph.Inputs = append(m.Graph.Inputs, Value{Name: "z"}) }, `input "z": no layer takes it`},
		{func(m *Model) { m.Graph.Outputs = append(m.Graph.Outputs, Value{Name: "t"}) }, `output "t": a list of layers has one output, that of the last layer, besides final states`},
		{func(m *Model) { m.Graph.Outputs[0].Name = "c" }, `no output of the graph is that of a layer`},
		{func(m *Model) {
			m.Graph.Initializers = append(m.Graph.Initializers, zeros("U", 4, 8))
			m.add(node("MatMul", "y U", "g"), node("Split", "g", "g1 g2"), node("Sigmoid", "g1", "g3"), node("Tanh", "g2", "g4"), node("Mul", "g4 g3", "z"))
		}, `node "mul" (Mul): the graph computes the cell of a recurrent layer out of MatMul, Sigmoid, Tanh and Mul: want the layer as one node, LSTM or GRU: export it so, or take the model that it was made from`},
	} {
		m := small()
		c.change(m)
		_, err := m.Network()
		if err == nil {
			t.Errorf("no error, want %s", c.want)
			continue
		}
		if !errors.Is(err, ErrUnsupported) && !errors.Is(err, ErrFormat) {
			t.Errorf("an error of no known kind: %v", err)
		}
		if err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
}
