package onnx

import (
	"encoding/binary"
	"math"
	"slices"
)

// residual goes through an Add of two images: the output of the last step and that of an
// earlier one.
func (g *follower) residual(n *Node, v, skip *value) (*value, error) {
	if v.stamp != g.stamp {
		v, skip = skip, v
	}
	if err := g.take(v); err != nil {
		return nil, n.fail("%v", err)
	}
	if skip.state || skip.stamp < 1 || skip.stamp == g.stamp || skip.stamp != g.ends[skip.step] {
		return nil, n.fail("it adds something else than the outputs of two layers")
	}
	for _, k := range []int{1, 3} {
		if g.isImage(v.dims, k) && g.isImage(skip.dims, k) && v.dims[k].size() == skip.dims[k].size() && v.dims[k].size() > 0 {
			return g.add(n, Step{Op: "Add", From: skip.step}, v.dims)
		}
	}
	return nil, n.fail("it adds what are no images of the same rows, columns and channels")
}

// channelBias returns b, which is added to image v, without the dimensions of 1 behind that
// of the channels.
func (g *follower) channelBias(v, b *value) *value {
	if !g.isImage(v.dims, 1) {
		if !g.isImage(v.dims, 3) {
			return &value{}
		}
		return b
	}
	out := *b
	for range 2 {
		last := len(out.view.shape) - 1
		if last < 0 || out.view.shape[last] != 1 {
			return &value{}
		}
		out.view = out.view.elem(last, 0)
	}
	return &out
}

// channelSoftmax checks that the sum is over the channels of an image. Until operator set 13
// the sum was over all dimensions from axis on.
func (g *follower) channelSoftmax(n *Node, v *value) error {
	if err := n.only(kinds{"axis": IntAttribute}); err != nil {
		return err
	}
	otherwise := int64(-1)
	if g.opset < 13 {
		otherwise = 1
	}
	at, err := n.index(n.integer("axis", otherwise), len(v.dims))
	if err != nil {
		return err
	}
	if at == 3 && g.isImage(v.dims, 3) || at == 1 && g.opset >= 13 && g.isImage(v.dims, 1) {
		return nil
	}
	return n.fail("it is over dimension %d of %d, want that of the channels of an image", at, len(v.dims))
}

// scale goes through Mul and Div: of the images that go in and a number, or of two tensors, a
// kernel and its mask.
func (g *follower) scale(n *Node, in []*value) (*value, error) {
	if len(in) == 2 && in[0] != nil && in[1] != nil {
		v, c := in[0], in[1]
		if n.Op == "Mul" && v.kind == constant {
			v, c = c, v
		}
		switch {
		case c.kind != constant:
		case v.kind == constant && n.Op == "Mul":
			return g.masked(n, v.view, c.view)
		case v.kind == data && !v.state && v.stamp == 0 && len(v.dims) == 4 && len(c.view.shape) <= 4 && c.view.elements() == 1:
			if err := g.take(v); err != nil {
				return nil, n.fail("%v", err)
			}
			out, err := g.add(n, Step{Op: n.Op, Factor: c.view.t.float32(c.view.offset)}, v.dims)
			if err != nil {
				return nil, err
			}
			return out, n.only(nil)
		}
	}
	if slices.ContainsFunc(in, func(v *value) bool { return v != nil && v.kind == data && !v.state }) {
		return nil, n.fail("it has no place in a list of layers")
	}
	return nil, nil
}

// masked returns the product of two tensors of which one has the shape of both.
func (g *follower) masked(n *Node, a, b view) (*value, error) {
	if b.elements() > a.elements() || len(b.shape) > len(a.shape) {
		a, b = b, a
	}
	b, ok := b.expand(a.shape)
	if !ok || a.t.DType != Float || b.t.DType != Float {
		return nil, nil
	}
	t := &Tensor{Name: a.t.Name, DType: Float, Shape: slices.Clone(a.shape)}
	size := 4 * int64(a.elements())
	if size > math.MaxInt32 {
		return nil, formatErr("%s: a tensor of %d bytes: the file describes more than memory of 4 times its size holds", n.named(), size)
	}
	var err error
	if t.Data, err = list[byte](&g.budget, int(size)); err != nil {
		return nil, err
	}
	a.each(func(i int) { t.Data = append(t.Data, a.t.Data[4*i:][:4]...) })
	at := 0
	b.each(func(i int) {
		v := float32(t.float32(at) * b.t.float32(i))
		binary.LittleEndian.PutUint32(t.Data[4*at:], math.Float32bits(v))
		at++
	})
	return &value{kind: constant, view: newView(t)}, n.only(nil)
}

// expand returns the view repeated to a shape, or false if it does not fit: NumPy's rule.
func (v view) expand(shape []int) (view, bool) {
	more := len(shape) - len(v.shape)
	if more < 0 {
		return v, false
	}
	out := view{v.t, shape, make([]int, len(shape)), v.offset}
	for i := range v.shape {
		switch {
		case v.shape[i] == shape[more+i]:
			out.strides[more+i] = v.strides[i]
		case v.shape[i] != 1:
			return v, false
		}
	}
	return out, true
}

// split returns the output of a Reshape that splits the channels of an image in two
// dimensions, or nil if that is not what it does.
func (g *follower) split(n *Node, v *value, shape []number) *value {
	if len(shape) != 5 || g.image == nil {
		return nil
	}
	for _, k := range []int{1, 3} {
		if !g.isImage(v.dims, k) || len(v.dims[k]) != 1 {
			continue
		}
		outer, inner := shape[k], shape[k+1]
		if outer.axis != 0 || inner.axis != 0 || min(outer.v, inner.v) < 1 || max(outer.v, inner.v) > math.MaxInt32 || outer.v*inner.v != int64(v.dims[k].size()) {
			continue
		}
		dims := slices.Concat(v.dims[:k], []dim{g.axis(int(outer.v), false), g.axis(int(inner.v), false)}, v.dims[k+1:])
		rest := 0
		for i, x := range shape {
			same := x.axis >= 0 && x == dims[i].number()
			switch {
			case i == k || i == k+1 || same || i < k && x == number{} && n.integer("allowzero", 0) == 0:
			case x == number{v: -1}:
				rest++
			default:
				rest = 2
			}
		}
		if rest > 1 {
			continue
		}
		out := *v
		out.dims, g.groups = dims, int(outer.v)
		return &out
	}
	return nil
}

// isSplit reports whether dims are those of an image whose channels are split, each by
// itself.
func (g *follower) isSplit(dims []dim) bool {
	return g.groups > 0 && len(dims) == 5 && !slices.ContainsFunc(dims, func(d dim) bool { return len(d) > 1 })
}
