package netkit

import (
	"fmt"
	"math"
	"slices"

	"github.com/autoreg/autoreg/layers"
)

// A Layer64 is a layer over sequences in float64, written down from its equations: what the
// layers are compared with.
type Layer64 struct {
	Kind  string
	Units int
	Words map[string]string    // the words of the spec: "reset" is "before"
	W     map[string][]float64 // by the names of the layer's parameters, without suffix

	inside            *Layer64 // of each direction
	forward, backward *Layer64
}

// NewLayer64 returns the layer of a spec with the values of the parameters of l that are
// trained.
func NewLayer64(s layers.Spec, l layers.Layer) *Layer64 {
	r := describe(s)
	for _, p := range l.Parameters("") {
		if !p.StoredOnly {
			r.W[p.Name] = Float64s(p.Get())
		}
	}
	if r.inside != nil {
		r.forward, r.backward = r.direction(""), r.direction("_reverse")
	}
	return r
}

// describe returns the layer of a spec without values.
func describe(s layers.Spec) *Layer64 {
	r := &Layer64{Kind: s.Kind(), Words: map[string]string{}, W: map[string][]float64{}}
	for _, m := range s.Members() {
		switch {
		case m.Int != nil:
			r.Units = *m.Int
		case m.Text != nil:
			if r.Words[m.Name] = *m.Text; *m.Text == "" {
				r.Words[m.Name] = m.Choices[0]
			}
		default:
			r.inside = describe(*m.Layer)
		}
	}
	return r
}

// direction returns the layer inside with the values whose names end in suffix. The
// values are r's own.
func (r *Layer64) direction(suffix string) *Layer64 {
	d := *r.inside
	d.W = map[string][]float64{}
	for _, name := range []string{"weight_ih", "weight_hh", "bias_ih", "bias_hh"} {
		if w, ok := r.W[name+suffix]; ok {
			d.W[name] = w
		}
	}
	return &d
}

// Float64s converts values.
func Float64s(s []float32) []float64 {
	out := make([]float64, len(s))
	for i, v := range s {
		out[i] = float64(v)
	}
	return out
}

// Run returns the outputs at each position of a sequence of inputs.
func (r *Layer64) Run(x [][]float64) (y [][]float64) {
	if r.inside != nil {
		return r.both(x)
	}
	return r.RunFrom(x, make([]float64, r.Units), make([]float64, r.Units))
}

// RunFrom is Run from the state h, and c of an LSTM, of a layer that goes step by step.
func (r *Layer64) RunFrom(x [][]float64, h, c []float64) (y [][]float64) {
	for _, in := range x {
		switch r.Kind {
		case "lstm":
			h, c = r.lstm(in, h, c)
		case "gru":
			h = r.gru(in, h)
		case "rnn":
			h = r.rnn(in, h)
		case "dense":
			h = r.dense(in)
		default:
			panic(fmt.Sprintf("netkit: Layer64 has no layers of kind %q: add it", r.Kind))
		}
		y = append(y, h)
	}
	return y
}

// both returns the outputs of two directions merged.
func (r *Layer64) both(x [][]float64) [][]float64 {
	turned := slices.Clone(x)
	slices.Reverse(turned)
	f, b := r.forward.Run(x), r.backward.Run(turned)
	slices.Reverse(b)
	for i := range f {
		if r.Words["merge"] == "concat" {
			f[i] = slices.Concat(f[i], b[i])
			continue
		}
		f[i] = slices.Clone(f[i])
		for j, v := range b[i] {
			switch r.Words["merge"] {
			case "sum":
				f[i][j] += v
			case "average":
				f[i][j] = (f[i][j] + v) / 2
			case "multiply":
				f[i][j] *= v
			default:
				panic("netkit: Layer64: unknown merge " + r.Words["merge"])
			}
		}
	}
	return f
}

// dot returns W·x for row j of gate g of a matrix.
func (r *Layer64) dot(name string, g, j int, x []float64) (sum float64) {
	row := r.W[name][(g*r.Units+j)*len(x):]
	for k, v := range x {
		sum += row[k] * v
	}
	return sum
}

// bias returns the bias of unit j of gate g; a tensor that is not trained is 0.
func (r *Layer64) bias(name string, g, j int) float64 {
	if b, ok := r.W[name]; ok {
		return b[g*r.Units+j]
	}
	return 0
}

// gate returns what gate g is before its activation.
func (r *Layer64) gate(g, j int, x, h []float64) float64 {
	return r.bias("bias_ih", g, j) + r.bias("bias_hh", g, j) + r.dot("weight_ih", g, j, x) + r.dot("weight_hh", g, j, h)
}

// σ is the activation of gates.
func (r *Layer64) σ(x float64) float64 {
	switch r.Words["recurrent_activation"] {
	case "sigmoid":
		return 1 / (1 + math.Exp(-x))
	case "hard_sigmoid_keras2":
		return min(max(float64(float32(0.2))*x+0.5, 0), 1)
	case "hard_sigmoid_keras3":
		return min(max(x+3, 0), 6) / 6
	}
	panic("netkit: Layer64: unknown activation " + r.Words["recurrent_activation"])
}

func (r *Layer64) lstm(x, h, c []float64) (h2, c2 []float64) {
	h2, c2 = make([]float64, r.Units), make([]float64, r.Units)
	for j := range r.Units {
		i, f, g, o := r.σ(r.gate(0, j, x, h)), r.σ(r.gate(1, j, x, h)), r.unit(r.gate(2, j, x, h)), r.σ(r.gate(3, j, x, h))
		c2[j] = f*c[j] + i*g
		h2[j] = o * r.unit(c2[j])
	}
	return h2, c2
}

func (r *Layer64) gru(x, h []float64) []float64 {
	rh, h2 := make([]float64, r.Units), make([]float64, r.Units)
	for j := range rh {
		rh[j] = r.σ(r.gate(0, j, x, h)) * h[j]
	}
	for j := range h2 {
		z := r.σ(r.gate(1, j, x, h))
		n := r.bias("bias_ih", 2, j) + r.dot("weight_ih", 2, j, x)
		switch r.Words["reset"] {
		case "after":
			n += r.σ(r.gate(0, j, x, h)) * (r.dot("weight_hh", 2, j, h) + r.bias("bias_hh", 2, j))
		case "before":
			n += r.dot("weight_hh", 2, j, rh)
		default:
			panic("netkit: Layer64: unknown reset " + r.Words["reset"])
		}
		h2[j] = (1-z)*r.unit(n) + z*h[j]
	}
	return h2
}

func (r *Layer64) rnn(x, h []float64) []float64 {
	h2 := make([]float64, r.Units)
	for j := range h2 {
		h2[j] = r.unit(r.gate(0, j, x, h))
	}
	return h2
}

func (r *Layer64) dense(x []float64) []float64 {
	y, sum := make([]float64, r.Units), 0.0
	for j := range y {
		y[j] = r.bias("bias", 0, j) + r.dot("weight", 0, j, x)
	}
	if r.Words["activation"] != "softmax" {
		for j, v := range y {
			y[j] = r.unit(v)
		}
		return y
	}
	for j, v := range y {
		y[j] = math.Exp(v)
		sum += y[j]
	}
	for j := range y {
		y[j] /= sum
	}
	return y
}

// unit is the activation of units.
func (r *Layer64) unit(x float64) float64 {
	switch r.Words["activation"] {
	case "tanh":
		return math.Tanh(x)
	case "relu":
		return max(x, 0)
	case "sigmoid":
		return 1 / (1 + math.Exp(-x))
	case "linear":
		return x
	case "elu":
		return max(x, math.Expm1(min(x, 0)))
	}
	panic("netkit: Layer64: unknown activation " + r.Words["activation"])
}
