package onnx

import (
	"math"
	"slices"
)

// slice goes through a Slice.
func (g *follower) slice(n *Node, in []*value) (*value, error) {
	if err := n.only(kinds{"starts": IntsAttribute, "ends": IntsAttribute, "axes": IntsAttribute}); err != nil {
		return nil, err
	}
	lists := [4][]int64{n.integers("starts"), n.integers("ends"), n.integers("axes"), nil}
	for i := 1; i < len(in) && i < 5; i++ {
		if in[i] == nil {
			continue
		}
		list, ok := in[i].known()
		if !ok {
			return nil, n.fail("its range is computed")
		}
		lists[i-1] = list
	}
	starts, ends, axes, steps := lists[0], lists[1], lists[2], lists[3]
	out := in[0]
	for k, start := range starts {
		d := int64(k)
		if axes != nil && k < len(axes) {
			d = axes[k]
		}
		at, err := n.index(d, out.rank())
		if err != nil {
			return nil, err
		}
		if len(ends) != len(starts) || axes != nil && len(axes) != len(starts) || k < len(steps) && steps[k] != 1 {
			return nil, n.fail("starts %d, ends %d, axes %d, steps %d", starts, ends, axes, steps)
		}
		if out, err = g.cut(n, out, at, start, ends[k]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// cut returns the elements [start, end) of dimension d of v.
func (g *follower) cut(n *Node, v *value, d int, start, end int64) (*value, error) {
	out := *v
	size := int64(len(v.ints))
	switch v.kind {
	case constant:
		size = int64(v.view.shape[d])
	case data:
		size = int64(v.dims[d].size())
		if start == 0 && (end >= math.MaxInt32 || size > 0 && end >= size) {
			return &out, nil
		}
		if start == -1 && (end >= math.MaxInt32 || size > 0 && end >= size) || size > 0 && end == start+1 || size > 0 && start == size-1 && end > start {
			return g.element(n, v, d, start, true)
		} else if v.state {
			return &value{state: true, from: n.named()}, nil
		}
		return nil, n.fail("it takes a part of dimension %d of its input, which has no place in a list of layers", d)
	}
	bound := func(i int64) int64 {
		if i < 0 {
			i += size
		}
		return min(max(i, 0), size)
	}
	from, to := bound(start), bound(end)
	to = max(from, to)
	if v.kind == constant {
		out.view = v.view.part(d, int(from), int(to))
	} else {
		out.ints = slices.Clone(v.ints[from:to])
	}
	return &out, nil
}
