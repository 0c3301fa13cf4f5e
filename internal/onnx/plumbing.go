package onnx

// kinds are the attributes that a node may have.
type kinds map[string]AttributeType

// only refuses attributes besides those of k.
func (n *Node) only(k kinds) error {
	for i := range n.Attributes {
		a := &n.Attributes[i]
		if t, ok := k[a.Name]; !ok {
			return n.fail("its attribute %s has no place in a list of layers", quote(a.Name))
		} else if a.Type != t && a.Type != 0 {
			return n.fail("its attribute %s has type %d, want %d", quote(a.Name), a.Type, t)
		}
	}
	return nil
}

// integer returns the attribute called name, or otherwise if there is none.
func (n *Node) integer(name string, otherwise int64) int64 {
	if a := n.Attribute(name); a != nil {
		return a.I
	}
	return otherwise
}

// integers returns the attribute called name, or nil.
func (n *Node) integers(name string) []int64 {
	if a := n.Attribute(name); a != nil {
		return a.Ints
	}
	return nil
}

// known returns the elements of a shape if all are known.
func (v *value) known() ([]int64, bool) {
	if v == nil || v.kind != integers {
		return nil, false
	}
	var out []int64
	for _, x := range v.ints {
		if x.axis != 0 {
			return nil, false
		}
		out = append(out, x.v)
	}
	return out, true
}

// rank returns the number of dimensions of v.
func (v *value) rank() int {
	switch {
	case v.kind == data:
		return len(v.dims)
	case v.kind == constant:
		return len(v.view.shape)
	case v.scalar:
		return 0
	}
	return 1
}

// index returns axis i of rank dimensions, which may be counted from the end.
func (n *Node) index(i int64, rank int) (int, error) {
	if i < int64(-rank) || i >= int64(rank) {
		return 0, n.fail("there is no dimension %d of %d", i, rank)
	}
	if i < 0 {
		i += int64(rank)
	}
	return int(i), nil
}

// reform goes through a node that leaves values and their order alone.
func (g *follower) reform(n *Node, in []*value) (*value, error) {
	v := in[0]
	out := *v
	switch n.Op {
	case "Identity", "Dropout":
		if len(in) > 2 && in[2] != nil {
			if on, ok := in[2].known(); !ok || len(on) != 1 || on[0] != 0 {
				return nil, n.fail("it is as in training: export the model for inference")
			}
		}
		return &out, n.only(kinds{"ratio": FloatAttribute, "seed": IntAttribute})
	case "Cast":
		return g.cast(n, v)
	case "Transpose":
		perm, err := n.permutation(v.rank())
		if err != nil {
			return nil, err
		}
		if v.kind == constant {
			out.view = v.view.transpose(perm)
		} else if v.kind == data {
			out.dims = make([]dim, len(perm))
			for i, p := range perm {
				out.dims[i] = v.dims[p]
			}
		}
		return &out, nil
	case "Squeeze", "Unsqueeze":
		return g.squeeze(n, in)
	case "Flatten":
		at, err := n.index(n.integer("axis", 1), v.rank()+1)
		if err != nil || v.kind != data {
			return nil, n.fail("it has no place in a list of layers")
		}
		out.dims = make([]dim, 2)
		for i, d := range v.dims {
			k := 0
			if i >= at {
				k = 1
			}
			out.dims[k] = append(out.dims[k], d...)
		}
		return &out, n.only(kinds{"axis": IntAttribute})
	}
	return g.reshape(n, in)
}

func (n *Node) permutation(rank int) ([]int, error) {
	if err := n.only(kinds{"perm": IntsAttribute}); err != nil {
		return nil, err
	}
	perm, list := make([]int, rank), n.integers("perm")
	seen := make([]bool, rank)
	for i := range perm {
		perm[i] = rank - 1 - i
		if list != nil {
			if len(list) != rank || list[i] < 0 || list[i] >= int64(rank) || seen[list[i]] {
				return nil, n.fail("perm %d of %d dimensions", list, rank)
			}
			perm[i] = int(list[i])
			seen[perm[i]] = true
		}
	}
	return perm, nil
}

// cast refuses conversions that change values. Of conditions nothing is known.
func (g *follower) cast(n *Node, v *value) (*value, error) {
	if err := n.only(kinds{"to": IntAttribute}); err != nil {
		return nil, err
	}
	to := DType(n.integer("to", 0))
	whole, real := to == Int32 || to == Int64, to == Float || to == Double
	switch {
	case v.kind == integers && whole, v.kind == constant && real, v.kind == data && (real || whole && v.stamp == 0): // a network may take tokens
		return v, nil
	case v.kind == data:
		return nil, n.fail("it converts to %s, which changes values", to)
	}
	return nil, nil
}

// squeeze goes through Squeeze and Unsqueeze.
func (g *follower) squeeze(n *Node, in []*value) (*value, error) {
	v, out := in[0], *in[0]
	axes := n.integers("axes")
	if len(in) > 1 && in[1] != nil {
		list, ok := in[1].known()
		if !ok {
			return nil, n.fail("its axes are computed")
		}
		axes = list
	}
	rank := v.rank()
	if n.Op == "Unsqueeze" {
		rank += len(axes)
	}
	if rank > MaxRank {
		return nil, n.fail("more than %d dimensions", MaxRank)
	}
	marked := make([]bool, rank)
	for _, a := range axes {
		i, err := n.index(a, rank)
		if err != nil || marked[i] {
			return nil, n.fail("axes %d of %d dimensions", axes, rank)
		}
		marked[i] = true
	}
	if n.Op == "Squeeze" && len(axes) == 0 && v.kind != integers {
		return nil, n.fail("it does not say which dimensions it drops")
	}
	switch v.kind {
	case integers:
		out.scalar = n.Op == "Squeeze"
		if v.scalar == out.scalar || len(v.ints) != 1 || len(axes) > 1 {
			return nil, n.fail("a shape of more than one dimension")
		}
	case constant:
		out.view.shape, out.view.strides = nil, nil
	case data:
		out.dims = nil
	}
	for i, k := 0, 0; i < rank && v.kind != integers; i++ {
		if marked[i] && n.Op == "Unsqueeze" {
			if v.kind == data {
				out.dims = append(out.dims, nil)
			} else {
				out.view.shape, out.view.strides = append(out.view.shape, 1), append(out.view.strides, 0)
			}
			continue
		}
		if marked[i] {
			if v.kind == data && len(v.dims[k]) > 0 || v.kind == constant && v.view.shape[k] != 1 {
				return nil, n.fail("it drops dimension %d, whose size is not known to be 1", k)
			}
		} else if v.kind == data {
			out.dims = append(out.dims, v.dims[k])
		} else {
			out.view.shape, out.view.strides = append(out.view.shape, v.view.shape[k]), append(out.view.strides, v.view.strides[k])
		}
		k++
	}
	return &out, n.only(kinds{"axes": IntsAttribute})
}

func (g *follower) reshape(n *Node, in []*value) (*value, error) {
	if err := n.only(kinds{"allowzero": IntAttribute}); err != nil {
		return nil, err
	}
	if len(in) < 2 || in[1] == nil || in[1].kind != integers || in[0].kind != data {
		return nil, n.fail("its shape is not known")
	}
	if out := g.split(n, in[0], in[1].ints); out != nil {
		return out, nil
	}
	dims, err := regroup(in[0], in[1].ints, n.integer("allowzero", 0) == 0)
	if err != nil {
		return nil, n.fail("%v", err)
	}
	out := *in[0]
	out.dims = dims
	return &out, nil
}
