package onnx

import (
	"slices"
	"testing"
)

// started returns small with an LSTM that starts from inputs of the graph and tensors, the
// latter added to the former and subtracted from the last states.
func started() *Model {
	m := small()
	g := m.Graph
	for _, name := range []string{"h0", "c0"} {
		g.Inputs = append(g.Inputs, Value{Name: name, DType: Float, Shape: []Dim{{Size: 1, Known: true}, {Name: "B"}, {Size: 3, Known: true}}, Ranked: true})
		g.Outputs = append(g.Outputs, Value{Name: name + "_out", DType: Float})
	}
	g.Initializers = append(g.Initializers, NewFloats("h1", []int{1, 1, 3}, []float32{1, 2, 3}), NewFloats("c1", []int{1, 1, 3}, []float32{4, 5, 6}))
	m.node("lstm").Inputs = append(m.node("lstm").Inputs, "", "h2", "c2")
	g.Nodes = slices.Concat([]Node{node("Add", "h0 h1", "h2"), node("Add", "c1 c0", "c2")}, g.Nodes,
		[]Node{node("Sub", "h h1", "h0_out"), node("Sub", "c c1", "c0_out")})
	return m
}

// merged returns small with a GRU in both directions, merged by op, in place of the LSTM.
func merged(op string) *Model {
	m := small()
	g := m.Graph
	g.Initializers[0], g.Initializers[1], g.Initializers[2] = zeros("W", 2, 9, 2), zeros("R", 2, 9, 3), zeros("B", 2, 18)
	lstm, squeeze := m.node("lstm"), m.node("squeeze")
	lstm.Op, lstm.Outputs = "GRU", []string{"s", "h"}
	m.set("lstm", stringAttribute("direction", "bidirectional"),
		Attribute{Name: "activations", Type: StringsAttribute, Strings: []string{"HardSigmoid", "Affine", "HardSigmoid", "affine"}},
		Attribute{Name: "activation_alpha", Type: FloatsAttribute, Floats: []float32{1.0 / 6, 1, 1.0 / 6, 1}},
		Attribute{Name: "activation_beta", Type: FloatsAttribute, Floats: []float32{0.5, 0, 0.5, 0}})
	squeeze.Op = op
	m.set("squeeze", intAttribute("keepdims", 0))
	if op != "ReduceSum" {
		squeeze.Inputs = squeeze.Inputs[:1]
		m.set("squeeze", intsAttribute("axes", 1))
	}
	return m
}

// First states that are inputs, tensors, or sums of both.
func TestFirstStates(t *testing.T) {
	for name, change := range map[string]func(m *Model){
		"sums": func(m *Model) {},
		"tensors": func(m *Model) {
			copy(m.node("lstm").Inputs[5:], []string{"h1", "c1"})
			m.Graph.Inputs, m.Graph.Outputs = m.Graph.Inputs[:1], m.Graph.Outputs[:1]
		},
	} {
		m := started()
		change(m)
		s := networkOf(t, readBytes(t, written(t, m))).Steps[0]
		if !slices.Equal(s.FirstH, []float32{1, 2, 3}) || !slices.Equal(s.FirstC, []float32{4, 5, 6}) {
			t.Errorf("%s: first states %v, %v", name, s.FirstH, s.FirstC)
		}
		if given := s.InitialH == "h0" && s.InitialC == "c0"; given != (name == "sums") {
			t.Errorf("%s: first states from %q, %q", name, s.InitialH, s.InitialC)
		}
	}
}

// Both directions as one, and functions other than the usual ones.
func TestMerged(t *testing.T) {
	for op, merge := range merges {
		n := networkOf(t, merged(op))
		if got, want := describe(n), "GRU(2→3) bidirectional affine, Dense(3→4)"; got != want {
			t.Errorf("%s: network %s, want %s", op, got, want)
		}
		if s := n.Steps[0]; s.Merge != merge || s.Gate != "HardSigmoid" || s.GateSlope != 1.0/6 {
			t.Errorf("%s: merged by %q, gates %s of slope %g", op, s.Merge, s.Gate, s.GateSlope)
		}
	}
}

// What of these forms has no place.
func TestStateRefusals(t *testing.T) {
	for _, c := range []struct {
		m    *Model
		set  func(m *Model)
		want string
	}{
		{started(), func(m *Model) { m.Graph.Nodes[0].Inputs[1] = "h0" }, `node "lstm" (LSTM): its first state is the sum of more than an input and a tensor`},
		{started(), func(m *Model) { m.Graph.Nodes[0].Op = "Mul" }, `node "lstm" (LSTM): its first state is computed by node "add" (Mul), not given by an input, a tensor or zeros`},
		{started(), func(m *Model) { m.node("sub").Inputs[0] = "t"; m.Graph.Outputs[0].Name = "h0_out" }, `node "sub" (Sub): it has no place in a list of layers`},
		{merged("ReduceMean"), func(m *Model) { m.node("squeeze").Attributes[1].Ints[0] = 3 }, `node "squeeze" (ReduceMean): it is over dimension 3 of its input: only over the two directions of a layer it has a place in a list of layers`},
		{merged("ReduceMean"), func(m *Model) { m.node("squeeze").Attributes = nil }, `node "squeeze" (ReduceMean): it is over dimensions []: only over the two directions of a layer it has a place in a list of layers`},
		{merged("ReduceSum"), func(m *Model) { m.node("lstm").Attributes[2].Strings[3] = "Tanh" }, `node "lstm" (GRU): its activations are HardSigmoid, Affine, HardSigmoid, Tanh: want those of a layer here, for the gates Sigmoid or the HardSigmoid of Keras, for the units everywhere the same of Tanh, Relu, Sigmoid and none`},
		{merged("ReduceSum"), func(m *Model) { m.node("lstm").Outputs = []string{"", "h"}; m.node("squeeze").Inputs[0] = "h" }, ""},
	} {
		c.set(c.m)
		_, err := c.m.Network()
		if err == nil || c.want != "" && err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
}
