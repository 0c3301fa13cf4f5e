package onnx

import "slices"

// An origin is where the first state of a layer comes from: an input of the graph or "",
// and a tensor that is added to it, or nil.
type origin struct {
	input string
	first *Tensor
}

// source returns where the first state called name comes from.
func (g *follower) source(n *Node, name string, visits *int) (origin, error) {
	if *visits++; *visits > 64 {
		return origin{}, n.fail("where its first state comes from is too long to follow")
	}
	if t := g.tensors[name]; t != nil {
		return origin{first: nonzero(t)}, nil
	}
	giver := g.givers[name]
	if giver == nil {
		return origin{input: name}, nil // an input of the graph, or inputs says that it is none
	}
	switch giver.Op {
	case "Identity", "Cast", "Squeeze", "Unsqueeze", "Reshape", "Transpose", "Slice", "Split", "Gather", "Expand":
		if len(giver.Inputs) == 0 {
			return origin{}, giver.fail("it has no input")
		}
		from, err := g.source(n, giver.Inputs[0], visits)
		if err == nil && from.first != nil && giver.Op != "Identity" && giver.Op != "Expand" {
			err = n.fail("its first state is a part of %s in another form, which is not followed: want the state as a tensor of its own", quote(from.first.Name))
		}
		return from, err
	case "Add":
		return g.sum(n, giver, visits)
	case "Concat":
		var first origin
		for i, in := range giver.Inputs {
			from, err := g.source(n, in, visits)
			if err != nil || i > 0 && from != first || from.first != nil {
				return origin{}, n.fail("its first states come from more than one place")
			}
			first = from
		}
		return first, nil
	case "Constant", "ConstantOfShape":
		a := giver.Attribute("value")
		if a == nil && giver.Op == "ConstantOfShape" {
			return origin{}, nil
		}
		if a != nil && a.T != nil && nonzero(a.T) == nil {
			return origin{}, nil
		}
		return origin{}, n.fail("it starts from a state that %s gives, which is not zero: want it as a tensor of the file", giver.named())
	}
	return origin{}, n.fail("its first state is computed by %s, not given by an input, a tensor or zeros", giver.named())
}

// sum returns where a first state comes from that is an input of the graph and a tensor.
func (g *follower) sum(n, giver *Node, visits *int) (sum origin, err error) {
	for _, name := range giver.Inputs {
		from, err := g.source(n, name, visits)
		switch {
		case err != nil:
			return origin{}, err
		case from.input != "" && sum.input != "" || from.first != nil && sum.first != nil:
			return origin{}, n.fail("its first state is the sum of more than an input and a tensor")
		case from.input != "":
			sum.input = from.input
		case from.first != nil:
			sum.first = from.first
		}
	}
	return sum, nil
}

// nonzero returns t, or nil if all its bytes are 0.
func nonzero(t *Tensor) *Tensor {
	if slices.ContainsFunc(t.Data, func(b byte) bool { return b != 0 }) {
		return t
	}
	return nil
}

// first returns the values of the first state t of a layer, the same for all sequences.
func (g *follower) first(n *Node, t *Tensor, directions, units int) ([]float32, error) {
	if t == nil {
		return nil, nil
	}
	v, err := tensorValue(t)
	if err != nil {
		return nil, err
	}
	if v.kind != constant || !slices.Equal(t.Shape, []int{directions, 1, units}) {
		return nil, n.fail("it starts from the state %s of shape %d: want zeros, an input of the graph, or one state for all sequences, of shape %d", quote(t.Name), t.Shape, []int{directions, 1, units})
	}
	w, err := g.weight("", t.Shape, v.view)
	return w.Data, err
}
