package convert

import (
	"fmt"
	"slices"
	"strings"

	"github.com/autoreg/autoreg/layers"
)

// dense adds a Dense layer: weight [units, inputs], bias [units].
func (n *network) dense(name string, units int, activation string, weight, bias []float32) error {
	spec := &layers.DenseSpec{Units: units}
	if err := n.add(name, spec, map[string][]float32{"weight": weight, "bias": bias}); err != nil {
		return err
	}
	n.parts[len(n.parts)-1].dense = spec
	return n.activation(name, activation)
}

// activation makes a function that stands behind a Dense layer part of it.
func (n *network) activation(name, function string) error {
	if function == "" || function == layers.DenseActivations[0] {
		return nil
	}
	if !slices.Contains(layers.DenseActivations, function) {
		return fmt.Errorf("the activation %.60q has no counterpart here: want %s", function, strings.Join(layers.DenseActivations, ", "))
	}
	if len(n.parts) > 0 {
		if s := n.parts[len(n.parts)-1].dense; s != nil && s.Activation == "" {
			s.Activation = function
			return nil
		}
	}
	return fmt.Errorf("%s: the activation %q does not follow a Dense layer without one", name, function)
}
