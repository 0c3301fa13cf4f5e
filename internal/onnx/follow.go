package onnx

import (
	"fmt"
	"slices"
)

// set gives a value its name.
func (g *follower) set(name string, v *value) error {
	if g.values[name] != nil {
		return formatErr("value %s is given twice", quote(name))
	}
	g.values[name] = v
	return g.spend(1+len(v.dims)+len(v.ints), valueMemory)
}

// get returns the value called name: of a tensor, of the graph's inputs, or of a node
// that has been gone through.
func (g *follower) get(name string) (*value, error) {
	v := g.values[name]
	if v != nil {
		return v, nil
	}
	t := g.tensors[name]
	if t == nil {
		return nil, formatErr("value %s is used, but neither the graph's inputs nor its tensors nor the nodes before give it", quote(name))
	}
	v, err := tensorValue(t)
	if err != nil {
		return nil, err
	}
	return v, g.set(name, v)
}

// tensorValue returns what is known of a tensor.
func tensorValue(t *Tensor) (*value, error) {
	if t.DType.IsFloat() {
		return &value{kind: constant, view: newView(t)}, t.check() // a model may be made by hand
	}
	if n, ok := t.Elements(); !ok || n > MaxRank || len(t.Shape) > 1 || t.DType.size() == 0 {
		return &value{from: "a tensor of " + t.DType.String()}, nil
	}
	v := &value{kind: integers, scalar: len(t.Shape) == 0}
	list, err := t.Int64s()
	for _, i := range list {
		v.ints = append(v.ints, number{v: i})
	}
	return v, err
}

// take checks that a layer may take v: the newest output of the chain of layers.
func (g *follower) take(v *value) error {
	switch {
	case v == nil:
		return fmt.Errorf("an input is missing")
	case v.kind != data && v.from != "":
		return fmt.Errorf("it takes what %s gives, which has no place in a list of layers", v.from)
	case v.kind != data:
		return fmt.Errorf("it takes no output of a layer")
	case v.cell:
		return fmt.Errorf("it takes the last cell state of an LSTM")
	case v.parts != nil || v.half.id != 0:
		return fmt.Errorf("it takes the final states of several layers or of one direction of two")
	case v.stamp != g.stamp && v.from != "":
		return fmt.Errorf("it takes the graph's input %s besides the output of a layer", quote(v.from))
	case v.stamp != g.stamp:
		return fmt.Errorf("the graph branches: it takes the output of a layer before the last one")
	case v.state:
		g.steps[v.step].Final = true
	}
	if len(g.steps) == 0 {
		g.input = v.from
	}
	return nil
}

// add adds a step whose output has the given dimensions.
func (g *follower) add(n *Node, s Step, dims []dim) (*value, error) {
	s.Name = n.label()
	g.steps = append(g.steps, s)
	g.stamp++
	g.ends = append(g.ends, g.stamp)
	return &value{kind: data, dims: dims, stamp: g.stamp, step: len(g.steps) - 1}, g.spend(1, 1024)
}

// changed returns v, the output of the last step, as what that step has become: what it
// was may not go on.
func (g *follower) changed(v *value) *value {
	g.stamp++
	g.ends[v.step] = g.stamp
	out := *v
	out.stamp = g.stamp
	return &out
}

// features checks that the last dimension of v is all features of each position, in
// their order, and that it has size elements; 0 is any.
func (g *follower) features(v *value, size int) error {
	last := len(v.dims) - 1
	if last < 0 {
		return fmt.Errorf("a value without dimensions")
	}
	for i, d := range v.dims {
		for k, a := range d {
			switch {
			case i < last && a.feature:
				return fmt.Errorf("features are apart from the last dimension, as the two directions of a recurrent layer before Transpose and Reshape")
			case i == last && (g.isPosition(a) || k > 0 && a.id < d[k-1].id):
				return fmt.Errorf("the last dimension is not the features in their order")
			}
		}
	}
	if n := v.dims[last].size(); n > 0 && size > 0 && n != size {
		return fmt.Errorf("it takes %d features of %d", size, n)
	}
	return nil
}

// isPosition reports whether a is no feature: layers go along it, or have it as their batch.
func (g *follower) isPosition(a axis) bool { return g.positions[a.id] }

// position says of axes that they are no features.
func (g *follower) position(axes ...axis) {
	for _, a := range axes {
		g.positions[a.id] = true
	}
}

// lastPosition adds the step that leaves only the last position of v.
func (g *follower) lastPosition(n *Node, v *value, dims []dim) (*value, error) {
	if err := g.take(v); err != nil {
		return nil, n.fail("%v", err)
	}
	g.last = true
	return g.add(n, Step{Op: "Last"}, dims)
}

// element returns v without dimension d, of which it takes element i alone.
func (g *follower) element(n *Node, v *value, d int, i int64, keep bool) (*value, error) {
	out := *v
	out.dims = slices.Clone(v.dims)
	if keep {
		out.dims[d] = nil
	} else {
		out.dims = slices.Delete(out.dims, d, d+1)
	}
	was := v.dims[d]
	size := int64(was.size())
	if i < 0 && size > 0 {
		i += size
	}
	switch {
	case size > 0 && (i < 0 || i >= size):
		return nil, n.fail("there is no element %d of %d", i, size)
	case v.parts != nil && d > 0:
		return &value{state: true, from: n.named()}, nil
	case v.parts != nil:
		for _, p := range v.parts {
			if size := int64(p.dims[0].size()); i >= size {
				i -= size
				continue
			}
			return g.element(n, p, 0, i, keep)
		}
	case size == 1:
		return &out, nil
	case v.state && len(was) == 1 && was[0].feature && size == 2 && d < len(v.dims)-1:
		out.half, out.which = was[0], int(i)
		return &out, nil
	case len(was) == 1 && g.timed && was[0] == g.time && (i == -1 || i == size-1):
		return g.lastPosition(n, v, out.dims)
	}
	if v.state {
		return &value{state: true, from: n.named()}, nil
	}
	return nil, n.fail("it takes element %d of dimension %d of its input: only the last position of a sequence has a place in a list of layers", i, d)
}

// regroup returns the dimensions of v in the form that a Reshape asks for.
func regroup(v *value, shape []number, zero bool) ([]dim, error) {
	var flat dim
	for _, d := range v.dims {
		flat = append(flat, d...)
	}
	out := make([]dim, len(shape))
	// Dimensions up to one of -1 from the front, those behind it from the back.
	rest := slices.IndexFunc(shape, func(x number) bool { return x.axis == 0 && x.v == -1 })
	fit := func(k int, back bool) error {
		x, n := shape[k], 0
		at := func() *axis {
			switch {
			case n == len(flat):
				return nil
			case back:
				return &flat[len(flat)-1-n]
			}
			return &flat[n]
		}
		switch {
		case x.axis == 0 && x.v == 0 && zero:
			if k >= len(v.dims) {
				return fmt.Errorf("a dimension is 0")
			}
			for n < len(v.dims[k]) {
				a, want := at(), v.dims[k][n]
				if back {
					want = v.dims[k][len(v.dims[k])-1-n]
				}
				if a == nil || *a != want {
					return fmt.Errorf("dimension %d does not stay the same", k)
				}
				n++
			}
		case x.axis > 0:
			if a := at(); a == nil || a.id != x.axis {
				return fmt.Errorf("dimension %d is not where it has been", k)
			}
			n = 1
		case x.axis == 0 && x.v > 0:
			for p := int64(1); p != x.v; n++ {
				a := at()
				if a == nil || a.size == 0 || p > x.v/int64(a.size) {
					return fmt.Errorf("dimension %d of %d splits one or joins some of unknown size", k, x.v)
				}
				p *= int64(a.size)
			}
		default:
			return fmt.Errorf("dimension %d of the shape is not known", k)
		}
		if back {
			out[k], flat = slices.Clone(flat[len(flat)-n:]), flat[:len(flat)-n]
		} else {
			out[k], flat = slices.Clone(flat[:n]), flat[n:]
		}
		return nil
	}
	front := rest
	if rest < 0 {
		front = len(shape)
	}
	for k := range front {
		if err := fit(k, false); err != nil {
			return nil, err
		}
	}
	for k := len(shape) - 1; k > front; k-- {
		if err := fit(k, true); err != nil {
			return nil, err
		}
	}
	if rest >= 0 {
		out[rest] = flat
	} else if len(flat) > 0 {
		return nil, fmt.Errorf("the shape has fewer elements than the input")
	}
	return out, nil
}
