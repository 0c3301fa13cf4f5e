package onnx

import (
	"math"
	"slices"
)

// What is known of a value.
type kind int

const (
	other    kind = iota // nothing that a layer may take
	integers             // a shape, or a part of one
	constant             // a view of a tensor
	data                 // what the graph's input has become
)

// A value is what is known of an output of a node.
type value struct {
	kind kind

	// Of data. The dimensions say where each axis of the network's input and of its
	// layers is.
	dims  []dim
	stamp int      // of the follower, when the values have been computed
	from  string   // the graph's input, of other values "", or the node that made other of them
	step  int      // of a state, the layer's
	state bool     // final states of layer step, or made of states
	cell  bool     // of an LSTM's cell
	half  axis     // of a state of two directions: the directions, one of which it is
	which int      // which, 0 or 1
	parts []*value // of states of several layers, one after the other along the first dimension

	ints   []number // of integers
	scalar bool     // of integers: it has no dimension

	view view // of a constant
}

// An axis is a dimension of the network's input, or the features or directions of a
// layer. An axis of size 1 is none: it does not change the order of values.
type axis struct {
	id      int // ascending in order of creation
	size    int // 0 if it is not known
	feature bool
}

// A dim is a dimension of a value: the product of axes, the first outermost.
type dim []axis

// size returns the product of the sizes, or 0 if it is not known.
func (d dim) size() int {
	n := 1
	for _, a := range d {
		if a.size == 0 || n > math.MaxInt32/a.size {
			return 0
		}
		n *= a.size
	}
	return n
}

// axis returns a dimension that is one new axis.
func (g *follower) axis(size int, feature bool) dim {
	if size == 1 {
		return nil
	}
	g.ids++
	return dim{{g.ids, size, feature}}
}

// A number is an element of a shape: a known one, or the size of an axis.
type number struct {
	v    int64
	axis int // an id, 0 if v is the number, -1 if neither is known
}

// number returns the size of d as an element of a shape.
func (d dim) number() number {
	if n := d.size(); n > 0 {
		return number{v: int64(n)}
	} else if len(d) == 1 {
		return number{axis: d[0].id}
	}
	return number{axis: -1}
}

// A view is a tensor of floats with dimensions in another order or left out in part.
type view struct {
	t              *Tensor
	shape, strides []int
	offset         int
}

func newView(t *Tensor) view {
	v := view{t: t, shape: t.Shape, strides: make([]int, len(t.Shape))}
	stride := 1
	for i := len(t.Shape) - 1; i >= 0; i-- {
		v.strides[i] = stride
		stride *= t.Shape[i]
	}
	return v
}

// part returns the elements [from, to) of dimension d.
func (v view) part(d, from, to int) view {
	shape := append([]int(nil), v.shape...)
	shape[d] = to - from
	return view{v.t, shape, v.strides, v.offset + from*v.strides[d]}
}

// elem returns element i of dimension d, which it drops.
func (v view) elem(d, i int) view {
	w := v.part(d, i, i+1)
	strides := append([]int(nil), w.strides...)
	w.shape, w.strides = append(w.shape[:d], w.shape[d+1:]...), append(strides[:d], strides[d+1:]...)
	return w
}

// transpose returns the view with dimension perm[i] as the i-th.
func (v view) transpose(perm []int) view {
	w := view{v.t, make([]int, len(perm)), make([]int, len(perm)), v.offset}
	for i, p := range perm {
		w.shape[i], w.strides[i] = v.shape[p], v.strides[p]
	}
	return w
}

// elements returns how many elements v has.
func (v view) elements() int {
	n := 1
	for _, s := range v.shape {
		n *= s
	}
	return n
}

// each calls f with the place in the tensor of every element of v, row-major.
func (v view) each(f func(i int)) {
	if v.elements() > 0 {
		v.walk(0, v.offset, f)
	}
}

// walk is each for the elements from dimension d on, the first of which is at.
func (v view) walk(d, at int, f func(i int)) {
	if d == len(v.shape) {
		f(at)
		return
	}
	for i := range v.shape[d] {
		v.walk(d+1, at+i*v.strides[d], f)
	}
}

// join returns the views behind each other along dimension d, as a new tensor, or false
// if they do not fit.
func (g *follower) join(parts []view, d int) (view, bool, error) {
	first := parts[0]
	swap := make([]int, len(first.shape)) // of dimension d and the first
	for i := range swap {
		swap[i] = i
	}
	swap[0], swap[d] = d, 0
	t := &Tensor{Name: first.t.Name, DType: first.t.DType, Shape: append([]int(nil), first.transpose(swap).shape...)}
	t.Shape[0] = 0
	size := int64(0) // beyond an int on 32 bits, of a tensor that is joined many times
	for _, p := range parts {
		if p.t.DType != t.DType || len(p.shape) != len(swap) {
			return view{}, false, nil
		}
		q := p.transpose(swap)
		if !slices.Equal(q.shape[1:], t.Shape[1:]) {
			return view{}, false, nil
		}
		t.Shape[0] += q.shape[0]
		size += int64(p.elements()) * int64(t.DType.size())
	}
	if size > math.MaxInt32 {
		return view{}, false, formatErr("tensors joined to %d bytes: the file describes more than memory of 4 times its size holds", size)
	}
	var err error
	if t.Data, err = list[byte](&g.budget, int(size)); err != nil {
		return view{}, false, err
	}
	for _, p := range parts {
		p.transpose(swap).each(func(i int) {
			size := t.DType.size()
			t.Data = append(t.Data, p.t.Data[i*size:][:size]...)
		})
	}
	return newView(t).transpose(swap), true, nil
}
