package convert

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/autoreg/autoreg/layers"
)

// cellClasses are the layers that a class of cells makes.
var cellClasses = map[string]string{"LSTMCell": "LSTM", "GRUCell": "GRU", "SimpleRNNCell": "SimpleRNN"}

// stacked reports whether an RNN holds a stack of cells.
func (l *kerasLayer) stacked() bool {
	cell, err := l.inside("cell")
	return err == nil && cell.class == "StackedRNNCells"
}

// unwrapped returns the layer that an RNN of a cell is.
func (l *kerasLayer) unwrapped() (*kerasLayer, error) {
	cell, err := l.inside("cell")
	if err != nil {
		return nil, err
	}
	return l.ofCell(cell)
}

// ofCell returns the layer of a cell that runs as the RNN l says.
func (l *kerasLayer) ofCell(cell *kerasLayer) (*kerasLayer, error) {
	class := cellClasses[cell.class]
	if class == "" {
		return nil, fmt.Errorf("its cell is a %.40q: LSTMCell, GRUCell and SimpleRNNCell are read", cell.class)
	}
	out := &kerasLayer{name: l.name, class: class, config: slices.Clone(cell.config)}
	for _, m := range l.config {
		if m.name != "cell" && find(out.config, m.name) == nil {
			out.config = append(out.config, m)
		}
	}
	return out, nil
}

// addStacked adds the layers of an RNN of several cells, which are a stack of RNNs.
func (r *kerasReader) addStacked(l *kerasLayer, arrays *kerasArrays) error {
	stack, err := l.inside("cell")
	if err != nil {
		return err
	}
	cells, err := parseList(find(stack.config, "cells"), layers.MaxLayers)
	if err != nil || len(cells) == 0 {
		return fmt.Errorf("its StackedRNNCells has no list of cells, or more than %d", layers.MaxLayers)
	}
	if err := stack.off("reverse_state_order"); err != nil {
		return err
	}
	if err := stack.only("cells", "reverse_state_order"); err != nil {
		return err
	}
	if r.layers += len(cells); r.layers > maxKerasLayers {
		return fmt.Errorf("it has %d cells: too many", len(cells))
	}
	if len(r.parts) == 0 && r.input == 0 {
		r.input = l.inputs()
	}
	arrays = arrays.in(l.name, l.class, "cell/cells/")
	for k, text := range cells {
		m, err := parseMembers(text)
		if err != nil {
			return fmt.Errorf("cell %d is %v", k, err)
		}
		cell := &kerasLayer{class: kerasClass(m)}
		if cell.config, err = parseMembers(find(m, "config")); err != nil {
			return fmt.Errorf("cell %d has no config", k)
		}
		inner, err := l.ofCell(cell)
		if err != nil {
			return err
		}
		inner.name = fmt.Sprintf("%s cell %d", l.name, k)
		if k < len(cells)-1 {
			inner.config = slices.DeleteFunc(inner.config, func(m member) bool { return m.name == "return_sequences" })
			inner.config = append(inner.config, member{"return_sequences", json.RawMessage("true")})
		}
		weights, err := arrays.of(cell.text("name"), cell.class, inner.class)
		if err != nil {
			return err
		}
		if err := r.addRecurrent(inner, inner, weights); err != nil {
			return fmt.Errorf("cell %d: %w", k, err)
		}
	}
	return nil
}

// addRecurrent adds a recurrent layer, l or inside the Bidirectional l.
func (r *kerasReader) addRecurrent(l, inner *kerasLayer, weights map[string]*tensor) error {
	if err := inner.checkRecurrent(); err != nil {
		return err
	}
	units, err := inner.size("units", layers.MaxUnits)
	if err != nil {
		return err
	}
	if r.width() < 1 || r.width() > layers.MaxUnits {
		return fmt.Errorf("it reads %d values a step: want 1 to %d", r.width(), layers.MaxUnits)
	}
	spec, gates, after, err := kerasCell(r.version, inner, units)
	if err != nil {
		return err
	}
	bias := []int{len(gates) * units}
	if after {
		bias = []int{2, len(gates) * units}
	}
	names := []string{"kernel", "recurrent_kernel"}
	if inner.flag("use_bias", true) {
		names = append(names, "bias")
	}
	all := names
	directions := []string{""}
	if l != inner {
		directions = append(directions, "backward/")
		for _, name := range names {
			all = append(all, "backward/"+name)
		}
	}
	if err := checkArrays(weights, all...); err != nil {
		return err
	}
	values := make(map[string][]float32)
	for i, direction := range directions {
		data := make([][]float32, 3)
		for k, shape := range [][]int{{r.width(), len(gates) * units}, {units, len(gates) * units}, bias}[:len(names)] {
			if data[k], err = readShaped(weights, direction+names[k], shape); err != nil {
				return err
			}
		}
		one, err := kerasRecurrent(data[0], data[1], data[2], r.width(), units, gates, after)
		if err != nil {
			return err
		}
		for name, w := range one {
			values[name+[]string{"", "_reverse"}[i]] = w
		}
	}
	if l != inner {
		if spec, err = l.bidirectional(r.version, inner, spec); err != nil {
			return err
		}
	}
	if err := r.network.add(l.name, spec, values); err != nil {
		return err
	}
	if !inner.flag("return_sequences", false) {
		r.takeLast(true)
	}
	return nil
}

// checkRecurrent returns an error if the configuration says what has no counterpart.
func (l *kerasLayer) checkRecurrent() error {
	read := []string{"units", "activation", "use_bias", "return_sequences", "return_state", "go_backwards", "time_major"}
	if l.class != "SimpleRNN" {
		read = append(read, "recurrent_activation")
	}
	if l.class == "GRU" {
		read = append(read, "reset_after")
	}
	if err := l.only(read...); err != nil {
		return err
	}
	return l.off("go_backwards", "time_major")
}

// bidirectional returns the spec of a Bidirectional, both of whose layers must be the same
// but for their weights.
func (l *kerasLayer) bidirectional(v kerasVersion, inner *kerasLayer, spec layers.Spec) (layers.Spec, error) {
	if err := l.only("layer", "merge_mode", "backward_layer"); err != nil {
		return nil, err
	}
	if text := find(l.config, "backward_layer"); text != nil && string(text) != "null" {
		back, err := l.inside("backward_layer")
		if err == nil && back.class == "RNN" {
			back, err = back.unwrapped()
		}
		if err != nil {
			return nil, err
		}
		units, _ := back.size("units", layers.MaxUnits)
		other, _, _, err := kerasCell(v, back, units)
		switch {
		case err != nil:
			return nil, fmt.Errorf("its backward layer: %w", err)
		case back.class != inner.class || layers.FormatSpecs([]layers.Spec{other}) != layers.FormatSpecs([]layers.Spec{spec}) || back.flag("use_bias", true) != inner.flag("use_bias", true):
			return nil, fmt.Errorf("its backward layer is not as its forward layer: only two of one kind and size are read")
		case !back.flag("go_backwards", true):
			return nil, fmt.Errorf("its backward layer does not go backwards")
		}
	}
	merge, ok := map[string]string{"concat": "", "sum": "sum", "ave": "average", "mul": "multiply"}[l.activation("merge_mode", "concat")]
	if text := find(l.config, "merge_mode"); !ok || string(text) == "null" {
		return nil, fmt.Errorf("its merge_mode %.20s has no counterpart here: concat, sum, ave and mul have", text)
	}
	return &layers.BidirectionalSpec{Layer: spec, Merge: merge}, nil
}

// kerasCell returns the spec of a recurrent layer, the places of its gates, and whether a
// GRU has two biases.
func kerasCell(v kerasVersion, l *kerasLayer, units int) (spec layers.Spec, gates []int, after bool, err error) {
	activation, err := choose("activation", l.activation("activation", "tanh"), layers.UnitActivations)
	if err != nil {
		return nil, nil, false, err
	}
	if l.class == "SimpleRNN" {
		return &layers.RNNSpec{Units: units, Activation: activation}, rnnGates, false, nil
	}
	old := v.old()
	recurrent := "sigmoid"
	if old {
		recurrent = "hard_sigmoid"
	}
	if recurrent = l.activation("recurrent_activation", recurrent); recurrent == "hard_sigmoid" {
		recurrent = v.hardSigmoid()
	}
	if recurrent, err = choose("recurrent_activation", recurrent, layers.GateActivations); err != nil {
		return nil, nil, false, err
	}
	if l.class == "LSTM" {
		return &layers.LSTMSpec{Units: units, Activation: activation, RecurrentActivation: recurrent}, lstmGates, false, nil
	}
	g := &layers.GRUSpec{Units: units, Activation: activation, RecurrentActivation: recurrent}
	if after = l.flag("reset_after", !old); !after {
		g.Reset = "before"
	}
	return g, gruGates, after, nil
}

// choose returns a function as a spec has it, "" for the first.
func choose(member, name string, choices []string) (string, error) {
	switch i := slices.Index(choices, name); {
	case i == 0:
		return "", nil
	case i > 0:
		return name, nil
	}
	return "", fmt.Errorf("its %s is %.60q: want %s", member, name, strings.Join(choices, ", "))
}
