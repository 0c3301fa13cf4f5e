package onnx

import "slices"

// node goes through a node and gives its outputs their values.
func (g *follower) node(n *Node) error {
	in := make([]*value, len(n.Inputs))
	flows, states := false, len(n.Inputs) > 0
	for i, name := range n.Inputs {
		if name == "" {
			continue
		}
		v, err := g.get(name)
		if err != nil {
			return err
		}
		in[i] = v
		flows = flows || v.kind == data && !v.state
		states = states && (v.state || i > 0)
	}
	if n.Domain != "" && n.Domain != "ai.onnx" {
		return n.fail("it is of the domain %s, whose operators are not known", quote(n.Domain))
	}
	first := &value{}
	if len(in) > 0 && in[0] != nil {
		first = in[0]
	}
	var out *value
	var err error
	switch n.Op {
	case "LSTM", "GRU", "RNN":
		return g.recurrent(n, in)
	case "Identity", "Dropout", "Cast", "Transpose", "Squeeze", "Unsqueeze", "Flatten", "Reshape", "Slice":
		switch {
		case first.kind == other || first.parts != nil && n.Op != "Slice":
		case n.Op == "Slice":
			out, err = g.slice(n, in)
		default:
			out, err = g.reform(n, in)
		}
	case "Constant":
		out, err = n.constant()
	case "Shape":
		out, err = n.shape(first)
	case "Concat":
		out, err = g.concat(n, in)
	case "Gather":
		out, err = g.gather(n, in)
	case "ConstantOfShape", "Expand":
		if flows {
			err = n.fail("it has no place in a list of layers")
		}
	case "MatMul", "Gemm":
		if flows || first.kind == data {
			out, err = g.dense(n, in)
		}
	case "Add":
		if flows || first.kind == data {
			out, err = g.bias(n, in)
		}
	case "Mul", "Div":
		states = false
		out, err = g.scale(n, in)
	case "Conv":
		out, err = g.conv(n, in)
	case "ReduceSum", "ReduceMean", "ReduceProd":
		if flows {
			out, err = g.merge(n, in)
		}
	case "Sub": // of a final state what it began with: see Step.FirstH
		if flows {
			err = n.fail("it has no place in a list of layers")
		}
	case "Tanh", "Sigmoid", "Relu", "Elu", "Softmax", "LogSoftmax":
		if flows || first.kind == data {
			out, err = g.activation(n, in)
		}
	default:
		if flows {
			err = n.fail("it has no place in a list of layers")
		}
		states = false
	}
	if err != nil {
		return err
	}
	if out == nil {
		out = &value{state: states, from: n.named()}
	}
	for i, name := range n.Outputs {
		if name == "" {
			continue
		}
		if i > 0 {
			out = &value{from: n.named()}
		}
		if err := g.set(name, out); err != nil {
			return err
		}
	}
	return nil
}

// constant returns the value of a Constant.
func (n *Node) constant() (*value, error) {
	for i := range n.Attributes {
		a := &n.Attributes[i]
		switch {
		case a.Name == "value" && a.T != nil:
			return tensorValue(a.T)
		case a.Name == "value_int":
			return &value{kind: integers, ints: []number{{v: a.I}}, scalar: true}, nil
		case a.Name == "value_ints" && len(a.Ints) <= MaxRank:
			v := &value{kind: integers}
			for _, x := range a.Ints {
				v.ints = append(v.ints, number{v: x})
			}
			return v, nil
		}
	}
	return nil, nil
}

// shape returns the shape of v.
func (n *Node) shape(v *value) (*value, error) {
	out := &value{kind: integers}
	switch v.kind {
	case data:
		for _, d := range v.dims {
			out.ints = append(out.ints, d.number())
		}
	case constant:
		for _, s := range v.view.shape {
			out.ints = append(out.ints, number{v: int64(s)})
		}
	default:
		return nil, nil
	}
	return out, n.only(nil) // start and end
}

// concat joins parts of shapes or of weights.
func (g *follower) concat(n *Node, in []*value) (*value, error) {
	if err := n.only(kinds{"axis": IntAttribute}); err != nil {
		return nil, err
	}
	if v, err := g.concatStates(n, in); v != nil || err != nil {
		return v, err
	}
	all := other
	var ints []number
	var parts []view
	for i, v := range in {
		switch {
		case v == nil:
			return nil, n.fail("an input is missing")
		case v.kind == data && !v.state:
			return nil, n.fail("it joins values, which has no place in a list of layers")
		case i == 0:
			all = v.kind
		case v.kind != all:
			all = other
		}
		if ints = append(ints, v.ints...); len(ints) > MaxRank || v.scalar {
			all = other
		}
		parts = append(parts, v.view)
	}
	switch all {
	case integers:
		return &value{kind: integers, ints: ints}, nil
	case constant:
		at, err := n.index(n.integer("axis", 0), len(parts[0].shape))
		if err != nil {
			return nil, err
		}
		joined, ok, err := g.join(parts, at)
		if err != nil || !ok {
			return nil, err
		}
		return &value{kind: constant, view: joined}, nil
	}
	return nil, nil
}

// concatStates joins the final states of layers, or of both directions of a layer.
func (g *follower) concatStates(n *Node, in []*value) (*value, error) {
	out := &value{kind: data, stamp: -1, state: true, parts: in}
	total := 0
	for _, v := range in {
		if v == nil || v.kind != data || !v.state || v.parts != nil || len(v.dims) == 0 {
			return nil, nil
		}
		out.cell = out.cell || v.cell
		total += max(v.dims[0].size(), 0)
	}
	if len(in) == 0 {
		return nil, nil
	}
	a, last := in[0], len(in[0].dims)-1
	at, err := n.index(n.integer("axis", 0), last+1)
	if err != nil {
		return nil, err
	}
	if len(in) == 2 && a.half.id != 0 && a.half == in[1].half && a.which == 0 && in[1].which == 1 && at == last && slices.EqualFunc(a.dims, in[1].dims, slices.Equal[dim]) {
		v := *a
		v.half = axis{}
		v.dims = slices.Clone(a.dims)
		v.dims[last] = append(dim{a.half}, a.dims[last]...)
		return &v, nil
	}
	if at != 0 || last != 2 || slices.ContainsFunc(in, func(v *value) bool { return v.half.id != 0 || v.dims[0].size() == 0 }) {
		return &value{state: true, from: n.named()}, nil
	}
	out.dims = slices.Clone(a.dims)
	out.dims[0] = g.axis(total, true)
	return out, nil
}

// gather goes through a Gather: an embedding, a part of a shape, or the last position.
func (g *follower) gather(n *Node, in []*value) (*value, error) {
	if err := n.only(kinds{"axis": IntAttribute}); err != nil {
		return nil, err
	}
	if len(in) != 2 || in[0] == nil || in[1] == nil {
		return nil, n.fail("an input is missing")
	}
	v, index := in[0], in[1]
	if v.kind == constant && index.kind == data {
		return g.embedding(n, v, index)
	}
	list, ok := index.known()
	if v.kind == other {
		return nil, nil
	}
	axis, err := n.index(n.integer("axis", 0), v.rank())
	if err != nil {
		return nil, err
	}
	if v.kind == data {
		if !ok || len(list) != 1 {
			return nil, n.fail("it takes several or computed parts of its input, which has no place in a list of layers")
		}
		return g.element(n, v, axis, list[0], !index.scalar)
	}
	if v.kind != integers || !ok {
		return nil, nil
	}
	out := &value{kind: integers, scalar: index.scalar}
	for _, i := range list {
		at, err := n.index(i, len(v.ints))
		if err != nil {
			return nil, err
		}
		out.ints = append(out.ints, v.ints[at])
	}
	return out, nil
}

// weight returns a weight of the given name and shape, the elements of the views one
// after the other.
func (g *follower) weight(name string, shape []int, parts ...view) (Weight, error) {
	size := 0 // of at most 4 parts of one tensor
	for _, p := range parts {
		size += p.elements()
	}
	if size == 0 {
		return Weight{}, formatErr("a tensor of shape %d has no elements and can be no %s", shape, name)
	}
	data, err := list[float32](&g.budget, size)
	if err != nil {
		return Weight{}, err
	}
	for _, p := range parts {
		p.each(func(i int) { data = append(data, p.t.float32(i)) })
	}
	return Weight{name, shape, data}, nil
}

func (g *follower) embedding(n *Node, table, index *value) (*value, error) {
	shape := table.view.shape
	if len(shape) != 2 || n.integer("axis", 0) != 0 || len(g.steps) > 0 {
		return nil, n.fail("it takes parts of a tensor in a way that is no embedding of the network's input")
	}
	if err := g.take(index); err != nil {
		return nil, n.fail("%v", err)
	}
	if len(index.dims) == MaxRank {
		return nil, n.fail("more than %d dimensions", MaxRank)
	}
	w, err := g.weight("weight", shape, table.view)
	if err != nil {
		return nil, err
	}
	s := Step{Op: "Embedding", In: shape[0], Out: shape[1], Weights: []Weight{w}}
	return g.add(n, s, append(slices.Clone(index.dims), g.axis(shape[1], true)))
}
