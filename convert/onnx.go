package convert

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

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
	if errors.Is(err, onnx.ErrUnsupported) && slices.ContainsFunc(m.Graph.Nodes, func(n onnx.Node) bool { return n.Op == "Conv" }) {
		return nil, apierror.Errorf("%w; %s", err, pixelForm)
	} else if err != nil {
		return nil, err
	}
	n := &network{format: "ONNX"}
	if m.Producer != "" {
		n.format = strings.TrimSpace(n.format + " of " + clip(m.Producer) + " " + clip(m.ProducerVersion))
	}
	if err := n.ownTokenizer(m); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(g.Steps, func(s onnx.Step) bool { return s.Op == "Conv" }) {
		return n, n.readPixels(m, g)
	}
	if err := n.addSteps(g.Steps); err != nil {
		return nil, err
	}
	return n, n.firstStates(g)
}

// addSteps adds the steps of a graph.
func (n *network) addSteps(steps []onnx.Step) error {
	for i := range steps {
		s := &steps[i]
		s.Name = clip(s.Name)
		if i == 0 && s.Op != "Embedding" {
			n.input = s.In
		}
		if err := n.addONNX(s); err != nil {
			return apierror.Errorf("node %q (%s): %v", s.Name, s.Op, err)
		}
	}
	return nil
}

// onnxActivations are the functions of ONNX under their names here.
var onnxActivations = map[string]string{"Tanh": "tanh", "Sigmoid": "sigmoid", "Relu": "relu", "Elu": "elu", "Softmax": "softmax"}

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
		if len(n.parts) == 0 || n.parts[len(n.parts)-1].spec == nil {
			return fmt.Errorf("it takes the last step of the input")
		}
		n.takeLast(false)
		return nil
	case "Dense":
		bias := values["bias"]
		if bias == nil {
			bias = make([]float32, s.Out)
		}
		return n.dense(s.Name, s.Out, "", values["weight"], bias)
	case "Tanh", "Sigmoid", "Relu", "Elu", "Softmax":
		return n.activation(s.Name, onnxActivations[s.Op])
	case "LogSoftmax":
		n.note("%s: a softmax, without the logarithm", s.Name)
		return n.activation(s.Name, "softmax")
	case "LSTM", "GRU", "RNN":
		return n.addONNXRecurrent(s, values)
	}
	return fmt.Errorf("it has no counterpart in a network over tokens or vectors")
}

// onnxUnits are the functions of recurrent layers' units under their names here.
var onnxUnits = map[string]string{"Tanh": "", "Relu": "relu", "Sigmoid": "sigmoid", "Affine": "linear"}

// onnxGate returns the name here of the function of the gates.
func onnxGate(s *onnx.Step) string {
	switch {
	case s.Gate != "HardSigmoid":
		return ""
	case s.GateSlope == 0.2:
		return "hard_sigmoid_keras2"
	}
	return "hard_sigmoid_keras3"
}

func (n *network) addONNXRecurrent(s *onnx.Step, values map[string][]float32) error {
	units := s.Out
	if s.Direction == "bidirectional" && s.Merge == "" {
		units /= 2
	}
	for _, name := range []string{s.InitialH, s.InitialC} {
		if name != "" {
			n.note("%s: its first state, the input %q of the graph, is taken to be zeros", s.Name, name)
		}
	}
	unit, gate := onnxUnits[s.Activation], onnxGate(s)
	var spec layers.Spec
	switch s.Op {
	case "LSTM":
		spec = &layers.LSTMSpec{Units: units, Activation: unit, RecurrentActivation: gate}
	case "RNN":
		spec = &layers.RNNSpec{Units: units, Activation: unit}
	case "GRU":
		g := &layers.GRUSpec{Units: units, Activation: unit, RecurrentActivation: gate}
		if !s.ResetAfter {
			g.Reset = "before"
		}
		spec = g
	}
	switch s.Direction {
	case "reverse":
		return fmt.Errorf("it reads a sequence against its order only, which has no counterpart here")
	case "bidirectional":
		spec = &layers.BidirectionalSpec{Layer: spec, Merge: s.Merge}
	}
	if err := n.add(s.Name, spec, values); err != nil {
		return err
	}
	if s.Final {
		n.takeLast(true)
	}
	return nil
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
