package convert

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/layers"
)

// readRTNeural reads the JSON that RTNeural's Keras exporter writes: in_shape, and layers
// with the arrays of Keras.
func readRTNeural(list []member) (*network, error) {
	n := &network{format: "RTNeural JSON"}
	var ok bool
	if n.input, ok = parseSize(find(list, "in_shape")); !ok {
		return nil, apierror.Errorf("in_shape is %.60q: want a list that ends with the number of inputs", string(find(list, "in_shape")))
	}
	if n.input < 1 || n.input > layers.MaxUnits {
		return nil, apierror.Errorf("in_shape ends with %d inputs: want 1 to %d", n.input, layers.MaxUnits)
	}
	for _, m := range list {
		if m.name != "in_shape" && m.name != "layers" {
			n.note("left out: %s, which says nothing about the network", m.name)
		}
	}
	all, err := parseList(find(list, "layers"), maxMembers)
	if err != nil {
		return nil, apierror.Errorf("layers is %v", err)
	}
	for i, text := range all {
		if err := n.addRTNeural(i, text); err != nil {
			return nil, apierror.Errorf("layer %d: %v", i, err)
		}
	}
	return n, nil
}

// The kinds of layers that are read, and their members.
var (
	rtneuralKinds   = []string{"lstm", "gru", "dense", "time-distributed-dense", "activation"}
	rtneuralMembers = []string{"type", "activation", "shape", "weights"}
)

func (n *network) addRTNeural(i int, text json.RawMessage) error {
	list, err := parseMembers(text)
	if err != nil {
		return err
	}
	var kind, activation string
	if err := json.Unmarshal(find(list, "type"), &kind); err != nil {
		return fmt.Errorf("its type is %.40q: want a name", string(find(list, "type")))
	}
	if text := find(list, "activation"); text != nil {
		if err := json.Unmarshal(text, &activation); err != nil {
			return fmt.Errorf("its activation is %.40q: want a name", string(text))
		}
	}
	weights, err := rtneuralWeights(find(list, "weights"))
	if err != nil {
		return err
	}
	units, ok := parseSize(find(list, "shape"))
	if !ok {
		return fmt.Errorf("its shape is %.60q: want a list that ends with the number of outputs", string(find(list, "shape")))
	}
	name := fmt.Sprintf("%s %d", kind, i)
	if units < 1 || units > layers.MaxUnits {
		return fmt.Errorf("it has %d outputs: want 1 to %d", units, layers.MaxUnits)
	}
	if !contains(rtneuralKinds, kind) {
		return fmt.Errorf("a layer of type %.40q, which has no counterpart here: %s are read", kind, strings.Join(rtneuralKinds, ", "))
	}
	for _, m := range list {
		if !contains(rtneuralMembers, m.name) {
			return fmt.Errorf("%s has a member %.40q, whose meaning is not known", name, m.name)
		}
	}
	switch kind {
	case "activation":
		if len(weights) > 0 {
			return fmt.Errorf("an activation with %d arrays of weights", len(weights))
		}
		return n.activation(name, activation)
	case "lstm", "gru":
		if activation != "" && activation != "tanh" {
			return fmt.Errorf("%s with the activation %.40q: RTNeural computes tanh", name, activation)
		}
		if len(weights) != 3 {
			return fmt.Errorf("%s has %d arrays of weights: want 3, kernel, recurrent kernel and bias", name, len(weights))
		}
		spec, gates := layers.Spec(&layers.LSTMSpec{Units: units}), lstmGates
		if kind == "gru" {
			spec, gates = &layers.GRUSpec{Units: units}, gruGates
		}
		cols := len(gates) * units
		want := [][]int{{n.width(), cols}, {units, cols}, {cols}}
		if kind == "gru" {
			want[2] = []int{2, cols}
		}
		if w := weights; !w[0].is(want[0]...) || !w[1].is(want[1]...) || !w[2].is(want[2]...) {
			return fmt.Errorf("%s of %d inputs and %d units has weights of shapes %v, %v, %v: want %v, %v, %v", name, n.width(), units, w[0].shape, w[1].shape, w[2].shape, want[0], want[1], want[2])
		}
		values, err := kerasRecurrent(weights[0].data, weights[1].data, weights[2].data, n.width(), units, gates, kind == "gru")
		if err != nil {
			return err
		}
		return n.add(name, spec, values)
	}
	if len(weights) != 1 && len(weights) != 2 {
		return fmt.Errorf("%s has %d arrays of weights: want a kernel and a bias", name, len(weights))
	}
	if !weights[0].is(n.width(), units) || len(weights) == 2 && !weights[1].is(units) {
		return fmt.Errorf("%s of %d inputs and %d outputs has weights of other shapes, the first %v", name, n.width(), units, weights[0].shape)
	}
	bias := make([]float32, units)
	if len(weights) == 2 {
		bias = weights[1].data
	}
	return n.dense(name, units, activation, gateRows(weights[0].data, n.width(), units, []int{0}), bias)
}

// rtneuralWeights reads the arrays of a layer.
func rtneuralWeights(text json.RawMessage) (list []*jsonTensor, err error) {
	if text == nil {
		return nil, nil
	}
	all, err := parseList(text, maxMembers)
	if err != nil {
		return nil, fmt.Errorf("its weights are %w", err)
	}
	for i, one := range all {
		t, err := parseTensor(one)
		if err != nil {
			return nil, fmt.Errorf("array %d of its weights: %w", i, err)
		}
		list = append(list, t)
	}
	return list, nil
}

// readRTNeuralTorch reads the JSON that RTNeural's tests make of a PyTorch state dict: its
// tensors as nested arrays, under their names and in their order.
func readRTNeuralTorch(list []member, steps []Step) (*network, error) {
	var tensors []tensor
	for _, m := range list {
		if !strings.Contains(m.name, ".") {
			return nil, apierror.Errorf("the JSON object is no model: it has neither in_shape and layers, as RTNeural's files, nor an architecture, as those of Neural Amp Modeler, and its member %.40q is not the name of a tensor", m.name)
		}
		t, err := parseTensor(m.value)
		if err != nil {
			return nil, apierror.Errorf("the tensor %q: %v", m.name, err)
		}
		tensors = append(tensors, tensor{name: m.name, shape: t.shape, read: func() ([]float32, error) { return t.data, nil }})
	}
	return readStateDict("RTNeural JSON of PyTorch tensors", tensors, steps)
}
