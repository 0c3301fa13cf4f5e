package convert_test

import (
	"math"
	"slices"
)

// The equations of the layers in float64, as the documentation of Keras and the source of
// Neural Amp Modeler have them, over the arrays of a file in the file's own layout: what
// imported models are compared with.

// A layer64 is a layer of Keras: x·kernel + h·recurrent + bias, gates of an LSTM in the
// order i, f, c, o, of a GRU z, r, h.
type layer64 struct {
	kind                    string // "LSTM", "GRU", "SimpleRNN", "Dense"
	act, gate               string
	units                   int
	kernel, recurrent, bias []float64
	after                   bool // of a GRU: the reset gate acts on the product, and there are two biases
	h, c                    []float64
}

// functions64 are those of single values.
var functions64 = map[string]func(x float64) float64{
	"":             func(x float64) float64 { return x },
	"tanh":         math.Tanh,
	"relu":         func(x float64) float64 { return max(x, 0) },
	"sigmoid":      func(x float64) float64 { return 1 / (1 + math.Exp(-x)) },
	"elu":          func(x float64) float64 { return max(x, math.Expm1(min(x, 0))) },
	"hard_sigmoid": func(x float64) float64 { return min(max(0.2*x+0.5, 0), 1) }, // of Keras 2
}

// product returns b + x·w, w of len(b) columns.
func product(x, w, b []float64) []float64 {
	y := slices.Clone(b)
	for i, v := range x {
		for j := range y {
			y[j] += v * w[i*len(y)+j]
		}
	}
	return y
}

// run returns the outputs over a sequence.
func (l *layer64) run(xs [][]float64) (ys [][]float64) {
	u, act, gate := l.units, functions64[l.act], functions64[l.gate]
	h, c := slices.Clone(l.h), slices.Clone(l.c)
	if h == nil {
		h, c = make([]float64, u), make([]float64, u)
	}
	for _, x := range xs {
		switch l.kind {
		case "Dense":
			h = product(x, l.kernel, l.bias)
			sum := 0.0
			for j, v := range h {
				if l.act == "softmax" {
					h[j] = math.Exp(v)
					sum += h[j]
				} else {
					h[j] = act(v)
				}
			}
			for j := range h {
				if l.act == "softmax" {
					h[j] /= sum
				}
			}
		case "SimpleRNN":
			h = product(h, l.recurrent, product(x, l.kernel, l.bias))
			for j, v := range h {
				h[j] = act(v)
			}
		case "LSTM":
			z := product(h, l.recurrent, product(x, l.kernel, l.bias))
			h = make([]float64, u)
			for j := range h {
				c[j] = gate(z[u+j])*c[j] + gate(z[j])*act(z[2*u+j])
				h[j] = gate(z[3*u+j]) * act(c[j])
			}
		case "GRU":
			second := make([]float64, 3*u)
			if l.after {
				second = l.bias[3*u:]
			}
			a, b := product(x, l.kernel, l.bias[:3*u]), product(h, l.recurrent, second)
			z, r, reset := make([]float64, u), make([]float64, u), make([]float64, u)
			for j := range h {
				z[j], r[j] = gate(a[j]+b[j]), gate(a[u+j]+b[u+j])
				reset[j] = r[j] * h[j]
			}
			if !l.after {
				b = product(reset, l.recurrent, second)
			}
			next := make([]float64, u)
			for j := range h {
				n := a[2*u+j] + b[2*u+j]
				if l.after {
					n = a[2*u+j] + r[j]*b[2*u+j]
				}
				next[j] = z[j]*h[j] + (1-z[j])*act(n)
			}
			h = next
		}
		ys = append(ys, slices.Clone(h))
	}
	return ys
}

// nam64 returns the layers of an LSTM of Neural Amp Modeler, whose weights are for each
// layer [4·units, inputs+units], bias, and the first h and c; then the head's.
func nam64(weights []float64, inputs, units, count int) (list []*layer64) {
	take := func(n int) []float64 {
		part := weights[:n]
		weights = weights[n:]
		return part
	}
	for range count {
		l := &layer64{kind: "LSTM", act: "tanh", gate: "sigmoid", units: units}
		l.kernel, l.recurrent = make([]float64, inputs*4*units), make([]float64, units*4*units)
		for row := range 4 * units {
			for i, w := range take(inputs + units) {
				if i < inputs {
					l.kernel[i*4*units+row] = w
				} else {
					l.recurrent[(i-inputs)*4*units+row] = w
				}
			}
		}
		l.bias, l.h, l.c = take(4*units), take(units), take(units)
		list = append(list, l)
		inputs = units
	}
	return append(list, &layer64{kind: "Dense", units: 1, kernel: take(units), bias: take(1)})
}

// torch64 returns the layer of a module of PyTorch, whose gates are i, f, g, o and r, z, n,
// from its tensors; suffix is that of their names, "_l0" for example.
func torch64(kind string, w map[string][]float64, suffix string) *layer64 {
	l := &layer64{kind: kind, act: "tanh", gate: "sigmoid", after: true}
	gates := map[string][]int{"LSTM": {0, 1, 2, 3}, "GRU": {1, 0, 2}, "SimpleRNN": {0}}[kind]
	hh, bias := w["weight_hh"+suffix], w["bias_ih"+suffix]
	rows := len(bias)
	l.units = rows / len(gates)
	order := func(x []float64) (out []float64) {
		for _, g := range gates {
			block := len(x) / len(gates)
			out = append(out, x[g*block:][:block]...)
		}
		return out
	}
	ih := w["weight_ih"+suffix]
	l.kernel, l.recurrent = transposed(order(ih), len(ih)/rows), transposed(order(hh), l.units)
	l.bias = order(bias)
	second := order(w["bias_hh"+suffix])
	if kind == "GRU" {
		l.bias = append(l.bias, second...)
		return l
	}
	for i, b := range second {
		l.bias[i] += b
	}
	return l
}
