package onnx

import "slices"

// merges are the operators that make one output of those of both directions.
var merges = map[string]string{"ReduceSum": "sum", "ReduceMean": "average", "ReduceProd": "multiply"}

// merge goes through a sum, mean or product over the directions of the last layer.
func (g *follower) merge(n *Node, in []*value) (*value, error) {
	if err := n.only(kinds{"axes": IntsAttribute, "keepdims": IntAttribute, "noop_with_empty_axes": IntAttribute}); err != nil {
		return nil, err
	}
	v, axes := in[0], n.integers("axes")
	if err := g.take(v); err != nil {
		return nil, n.fail("%v", err)
	}
	if len(in) > 1 && in[1] != nil {
		list, ok := in[1].known()
		if !ok {
			return nil, n.fail("its axes are computed")
		}
		axes = list
	}
	if len(axes) != 1 {
		return nil, n.fail("it is over dimensions %d: only over the two directions of a layer it has a place in a list of layers", axes)
	}
	at, err := n.index(axes[0], len(v.dims))
	if err != nil {
		return nil, err
	}
	if g.directions.id == 0 || !slices.Equal(v.dims[at], dim{g.directions}) || v.state || v.step != len(g.steps)-1 {
		return nil, n.fail("it is over dimension %d of its input: only over the two directions of a layer it has a place in a list of layers", at)
	}
	s := &g.steps[v.step]
	s.Merge, s.Out = merges[n.Op], s.Out/2
	out := *v
	if n.integer("keepdims", 1) != 0 {
		out.dims = slices.Clone(v.dims)
		out.dims[at] = nil
	} else {
		out.dims = slices.Delete(slices.Clone(v.dims), at, at+1)
	}
	g.directions = axis{}
	return g.changed(&out), nil
}
