package onnx

import (
	"slices"
	"strings"
)

// activations reads the functions of a recurrent node in so many directions: those of its
// gates and of its units. Each direction has the same.
func (n *Node) activations(s *Step, directions int) error {
	usual := cells[n.Op].activations
	p := parameters{n: n}
	for i, name := range []string{"activation_alpha", "activation_beta"} {
		if a := n.Attribute(name); a != nil {
			p.left[i], p.given = a.Floats, true
		}
	}
	names := usual
	if a := n.Attribute("activations"); a != nil && len(a.Strings) > 0 {
		names = a.Strings
		if len(names) != directions*len(usual) {
			return n.fail("it has %d activations, want %d", len(names), directions*len(usual))
		}
	} else if directions == 2 {
		names = append(slices.Clone(usual), usual...)
	}
	for i, name := range names {
		f := function{Name: name}
		err := f.read(&p)
		if err != nil {
			return err
		}
		k := i % len(usual)
		if usual[k] == "Sigmoid" {
			if f.Name != "Sigmoid" && f.Name != "HardSigmoid" || i >= len(usual) && (f.Name != s.Gate || f.slope != s.GateSlope) {
				return n.strange(names)
			}
			s.Gate, s.GateSlope = f.Name, f.slope
			continue
		}
		if f.Name == "HardSigmoid" || s.Activation != "" && f.Name != s.Activation {
			return n.strange(names)
		}
		s.Activation = f.Name
	}
	if p.given && (!p.taken || len(p.left[0])+len(p.left[1]) > 0) {
		return n.fail("its activations have parameters (attributes activation_alpha, activation_beta), which they do not take")
	}
	return nil
}

// strange is the error for functions that no layer has, or not together.
func (n *Node) strange(names []string) error {
	return n.fail("its activations are %.80s: want those of a layer here, for the gates Sigmoid or the HardSigmoid of Keras, for the units everywhere the same of Tanh, Relu, Sigmoid and none", strings.Join(names, ", "))
}

// parameters are the values of activation_alpha and activation_beta, which the functions
// that have some take one after the other.
type parameters struct {
	n            *Node
	left         [2][]float32
	given, taken bool
}

// take returns the next alpha and beta, or others if the node has none.
func (p *parameters) take(alpha, beta float32) (float32, float32) {
	p.taken = true
	for i, v := range []*float32{&alpha, &beta} {
		if len(p.left[i]) > 0 {
			*v, p.left[i] = p.left[i][0], p.left[i][1:]
		}
	}
	return alpha, beta
}

// A function is an activation, by ONNX' name of it.
type function struct {
	Name  string
	slope float32
}

// The slopes of the hard sigmoids of Keras 1 and 2, which is ONNX' default, and of Keras 3.
const slope2, slope3 = float32(0.2), float32(1.0 / 6)

// read replaces the name by ONNX' spelling and takes the parameters. It returns an error for
// a function that no layer has.
func (f *function) read(p *parameters) error {
	known := []string{"Tanh", "Relu", "Sigmoid", "HardSigmoid", "Affine"}
	i := slices.IndexFunc(known, func(name string) bool { return strings.EqualFold(name, f.Name) })
	if i < 0 {
		return p.n.strange([]string{f.Name})
	}
	f.Name = known[i]
	switch f.Name {
	case "HardSigmoid":
		alpha, beta := p.take(slope2, 0.5)
		if f.slope = alpha; beta != 0.5 || alpha != slope2 && alpha != slope3 {
			return p.n.fail("its HardSigmoid is clip(%g·x + %g, 0, 1): want 0.2·x + 0.5 or x/6 + 0.5", alpha, beta)
		}
	case "Affine":
		if alpha, beta := p.take(1, 0); alpha != 1 || beta != 0 {
			return p.n.fail("its Affine is %g·x + %g: want x", alpha, beta)
		}
	}
	return nil
}
