package model

import (
	"slices"

	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
)

// Tensors returns the weights of a network in the order of its parameters, each name
// with a prefix: all that a model file has, or only those that are trained. Some may be
// the network's own memory, the others are copies.
func Tensors(prefix string, net layers.Network, stored bool) (list []weights.Tensor) {
	for _, p := range layers.ParametersOf(net) {
		if stored || !p.StoredOnly {
			list = append(list, weights.Tensor{Name: prefix + p.Name, Shape: p.Shape, Data: p.Get()})
		}
	}
	return list
}

// Take sets the weights of net from tensors that Tensors made. If it returns an error
// net is as it was.
func Take(p *weights.Picker, prefix string, net layers.Network, stored bool) error {
	var list []layers.Parameter
	var data [][]float32
	for _, param := range layers.ParametersOf(net) {
		if !stored && param.StoredOnly {
			continue
		}
		d, err := p.Take(prefix+param.Name, param.Shape...)
		if err != nil {
			return err
		}
		list, data = append(list, param), append(data, d)
	}
	for i, param := range list {
		param.Set(data[i])
	}
	return nil
}

// checkSize refuses a file that holds much less than a model of so many parameters,
// before that is made.
func checkSize(f *weights.File, params int64) error {
	const slack = 1 << 10
	var have int64
	for _, t := range f.Tensors {
		have += int64(len(t.Data))
	}
	if params > 2*have+slack {
		return bad("the tensors hold %d values, a model of this shape has %d parameters", have, params)
	}
	return nil
}

// fill sets the weights of net, which has none yet, from a file that holds them and,
// if it is a checkpoint, an optimiser's.
func fill(net layers.Network, f *weights.File) error {
	p := f.Pick()
	if err := Take(p, "", net, true); err != nil {
		return err
	}
	if err := checkRest(f, p); err != nil {
		return err
	}
	for _, values := range layers.ValuesOf(net) {
		if notFinite(values) >= 0 {
			return findNotFinite(net, f)
		}
	}
	return nil
}

// findNotFinite returns the error for the first weight that is not finite.
func findNotFinite(net layers.Network, f *weights.File) error {
	list := layers.ParametersOf(net)
	for _, p := range list {
		data := p.Get()
		i := notFinite(data)
		if i < 0 {
			continue
		}
		sum := func(q layers.Parameter) bool { return q.AddsTo == p.Name }
		if at := slices.IndexFunc(list, sum); at >= 0 {
			q := list[at]
			if k := notFinite(f.Lookup(p.Name).Data); k < 0 {
				if k = notFinite(f.Lookup(q.Name).Data); k >= 0 {
					return badWeight("tensor "+quoted(q.Name), q.Shape, k, f.Lookup(q.Name).Data[k])
				}
				return badWeight("the sum of tensors "+p.Name+" and "+q.Name, p.Shape, i, data[i])
			}
		}
		return badWeight("tensor "+quoted(p.Name), p.Shape, i, data[i])
	}
	return bad("a weight is not finite")
}
