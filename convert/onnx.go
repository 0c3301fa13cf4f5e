package convert

import (
	"fmt"
	"io"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/onnx"
	"github.com/autoreg/autoreg/layers"
)

// readONNX reads the list of layers that a graph computes.
func readONNX(r io.ReaderAt, size int64) (*network, error) {
	m, err := onnx.Read(r, size)
	if err != nil {
		return nil, err
	}
	g, err := m.Network()
	if err != nil {
		return nil, err
	}
	n := &network{format: "ONNX"}
	if m.Producer != "" {
		n.format += " of " + clip(m.Producer) + " " + clip(m.ProducerVersion)
	}
	for i := range g.Steps {
		s := &g.Steps[i]
		s.Name, s.InitialH, s.InitialC = clip(s.Name), clip(s.InitialH), clip(s.InitialC)
		if i == 0 && s.Op != "Embedding" {
			n.input = s.In
		}
		if err := n.addONNX(s); err != nil {
			return nil, apierror.Errorf("node %q (%s): %v", s.Name, s.Op, err)
		}
	}
	return n, nil
}

// onnxActivations are the functions of ONNX under their names here.
var onnxActivations = map[string]string{"Tanh": "tanh", "Sigmoid": "sigmoid", "Relu": "relu", "Softmax": "softmax"}

func (n *network) addONNX(s *onnx.Step) error {
	values := make(map[string][]float32)
	for _, w := range s.Weights {
		values[trimLayer(w.Name)] = w.Data
	}
	if s.In > 0 && len(n.parts) > 0 && s.In != n.width() {
		return fmt.Errorf("it has %d inputs, but what comes before it %d outputs", s.In, n.width())
	}
	switch s.Op {
	case "Embedding":
		return n.embedding(s.Name, s.In, s.Out, values["weight"])
	case "Last":
		n.note("%s takes the last step: here each step has an output, that of the last step is the same", s.Name)
		return nil
	case "Dense":
		bias := values["bias"]
		if bias == nil {
			bias = make([]float32, s.Out)
		}
		return n.dense(s.Name, s.Out, "", values["weight"], bias)
	case "Tanh", "Sigmoid", "Relu", "Softmax":
		return n.activation(s.Name, onnxActivations[s.Op])
	case "LogSoftmax":
		n.note("%s: a softmax, without the logarithm", s.Name)
		return n.activation(s.Name, "softmax")
	case "LSTM", "GRU", "RNN":
		return n.addONNXRecurrent(s, values)
	}
	return fmt.Errorf("it has no counterpart in a network over tokens or vectors")
}

func (n *network) addONNXRecurrent(s *onnx.Step, values map[string][]float32) error {
	units := s.Out
	if s.Direction == "bidirectional" {
		units /= 2
	}
	for _, name := range []string{s.InitialH, s.InitialC} {
		if name != "" {
			n.note("%s: its first state, the input %q of the graph, is taken to be zeros", s.Name, name)
		}
	}
	var spec layers.Spec
	switch s.Op {
	case "LSTM":
		spec = &layers.LSTMSpec{Units: units}
	case "RNN":
		r := &layers.RNNSpec{Units: units}
		if s.Activation == "Relu" {
			r.Activation = "relu"
		}
		spec = r
	case "GRU":
		g := &layers.GRUSpec{Units: units}
		if !s.ResetAfter {
			g.Reset = "before"
		}
		spec = g
	}
	switch s.Direction {
	case "reverse":
		return fmt.Errorf("it reads a sequence against its order only, which has no counterpart here")
	case "bidirectional":
		if s.Final {
			return fmt.Errorf("the last outputs of its two directions, at the two ends of a sequence, are taken, which has no counterpart here")
		}
		spec = &layers.BidirectionalSpec{Layer: spec}
	}
	if s.Final {
		n.note("%s: its last output is taken: here each step has one, that of the last step is the same", s.Name)
	}
	return n.add(s.Name, spec, values)
}

// trimLayer returns the name of a parameter without the number of its layer:
// weight_ih_l0_reverse is weight_ih_reverse.
func trimLayer(name string) string {
	for i := 0; i+3 <= len(name); i++ {
		if name[i:i+3] == "_l0" {
			return name[:i] + name[i+3:]
		}
	}
	return name
}
