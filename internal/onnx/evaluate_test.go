package onnx

import (
	"fmt"
	"math"
	"slices"
)

// A sequence is a vector for each position.
type sequence [][]float64

// evaluate computes a network over one sequence, or one vector, in float64. The first
// states of recurrent layers come from h and c, a vector for each such layer, or are
// zeros. states are the last states, h of each layer, then c.
func evaluate(n *Network, x sequence, h, c [][]float64) (y sequence, hN, cN [][]float64) {
	first := func(list [][]float64, size int) []float64 {
		if len(list) <= len(hN) {
			return make([]float64, size)
		}
		return slices.Clone(list[len(hN)])
	}
	for i := range n.Steps {
		s := &n.Steps[i]
		switch s.Op {
		case "LSTM", "GRU", "RNN":
			hk, ck := first(h, s.Out), first(c, s.Out)
			x = s.run(x, hk, ck)
			hN, cN = append(hN, hk), append(cN, ck)
		case "Last":
			x = x[len(x)-1:]
		default:
			out := make(sequence, len(x))
			for t := range x {
				out[t] = s.vector(x[t])
			}
			x = out
		}
	}
	return x, hN, cN
}

// vector computes a step that takes a vector to a vector.
func (s *Step) vector(x []float64) []float64 {
	switch s.Op {
	case "Embedding":
		return s.row("weight", int(x[0]))
	case "Dense":
		return s.product("weight", "bias", x)
	}
	out, sum := make([]float64, len(x)), 0.0
	for i, v := range x {
		switch s.Op {
		case "Tanh":
			out[i] = math.Tanh(v)
		case "Sigmoid":
			out[i] = sigmoid(v)
		case "Relu":
			out[i] = max(v, 0)
		case "Softmax", "LogSoftmax":
			out[i] = math.Exp(v)
			sum += out[i]
		default:
			panic(s.Op)
		}
	}
	for i := range out {
		switch s.Op {
		case "Softmax":
			out[i] /= sum
		case "LogSoftmax":
			out[i] = x[i] - math.Log(sum)
		}
	}
	return out
}

// run goes along a sequence with a recurrent layer and leaves the last states in h and c.
func (s *Step) run(x sequence, h, c []float64) sequence {
	suffixes, H := []string{"_l0"}, len(h)
	if s.Direction == "bidirectional" {
		suffixes, H = append(suffixes, "_l0_reverse"), H/2
	}
	y := make(sequence, len(x))
	for t := range y {
		y[t] = make([]float64, len(h))
	}
	for d, suffix := range suffixes {
		h, c := h[d*H:][:H], c[d*H:][:H]
		for i := range x {
			t := i
			if d == 1 || s.Direction == "reverse" {
				t = len(x) - 1 - i
			}
			s.cell(suffix, x[t], h, c)
			copy(y[t][d*H:], h)
		}
	}
	if s.Final {
		return sequence{slices.Clone(h)}
	}
	return y
}

// cell is a step of a recurrent layer, by the equations of PyTorch, and of
// specification A.8 for a reset before the product.
func (s *Step) cell(suffix string, x, h, c []float64) {
	a := s.product("weight_ih"+suffix, "bias_ih"+suffix, x)
	r := s.product("weight_hh"+suffix, "bias_hh"+suffix, h)
	H := len(h)
	g := func(k, i int) float64 { return a[k*H+i] + r[k*H+i] }
	old := slices.Clone(h)
	for i := range h {
		switch s.Op {
		case "RNN":
			if h[i] = max(g(0, i), 0); s.Activation == "Tanh" {
				h[i] = math.Tanh(g(0, i))
			}
		case "LSTM": // i, f, g, o
			c[i] = sigmoid(g(1, i))*c[i] + sigmoid(g(0, i))*math.Tanh(g(2, i))
			h[i] = sigmoid(g(3, i)) * math.Tanh(c[i])
		case "GRU": // r, z, n
			n := a[2*H+i] + sigmoid(g(0, i))*r[2*H+i]
			if !s.ResetAfter {
				reset := make([]float64, H)
				for k := range reset {
					reset[k] = sigmoid(g(0, k)) * old[k]
				}
				n = a[2*H+i] + s.product("weight_hh"+suffix, "bias_hh"+suffix, reset)[2*H+i]
			}
			z := sigmoid(g(1, i))
			h[i] = (1-z)*math.Tanh(n) + z*old[i]
		}
	}
}

// product returns the weight times x plus the bias, if there is one.
func (s *Step) product(weight, bias string, x []float64) []float64 {
	out := make([]float64, s.weight(weight).Shape[0])
	for i := range out {
		if b := s.weight(bias); b != nil {
			out[i] = float64(b.Data[i])
		}
		for k, w := range s.row(weight, i) {
			out[i] += w * x[k]
		}
	}
	return out
}

func (s *Step) row(weight string, i int) (row []float64) {
	w := s.weight(weight)
	for _, v := range w.Data[i*w.Shape[1]:][:w.Shape[1]] {
		row = append(row, float64(v))
	}
	return row
}

func (s *Step) weight(name string) *Weight {
	for i := range s.Weights {
		if s.Weights[i].Name == name {
			return &s.Weights[i]
		}
	}
	if name[:4] == "bias" {
		return nil
	}
	panic(fmt.Sprintf("no %s", name))
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// An image is channels of rows of pixels.
type image [][][]float64

// evaluateImage computes a network of convolutions, ReLU and sums.
func evaluateImage(n *Network, x image) image {
	var outputs []image
	for i := range n.Steps {
		s := &n.Steps[i]
		if s.Op == "Conv" {
			x = s.convolve(x)
			outputs = append(outputs, x)
			continue
		}
		y := make(image, len(x))
		for c, rows := range x {
			for r, row := range rows {
				if s.Op == "Add" {
					row = slices.Clone(row)
					for k, v := range outputs[s.From][c][r] {
						row[k] += v
					}
				} else {
					row = s.vector(row)
				}
				y[c] = append(y[c], row)
			}
		}
		x = y
		outputs = append(outputs, x)
	}
	return x
}

func (s *Step) convolve(x image) image {
	w := s.weight("weight")
	kh, kw := w.Shape[2], w.Shape[3]
	height := len(x[0]) + s.Pads[0] + s.Pads[2] - s.Dilation[0]*(kh-1)
	width := len(x[0][0]) + s.Pads[1] + s.Pads[3] - s.Dilation[1]*(kw-1)
	y := make(image, s.Out)
	for o := range y {
		for i := range height {
			y[o] = append(y[o], make([]float64, width))
			for j := range y[o][i] {
				if b := s.weight("bias"); b != nil {
					y[o][i][j] = float64(b.Data[o])
				}
				for c := range x {
					for u := range kh {
						for v := range kw {
							row, col := i+u*s.Dilation[0]-s.Pads[0], j+v*s.Dilation[1]-s.Pads[1]
							if row >= 0 && row < len(x[c]) && col >= 0 && col < len(x[c][row]) {
								y[o][i][j] += float64(w.Data[((o*len(x)+c)*kh+u)*kw+v]) * x[c][row][col]
							}
						}
					}
				}
			}
		}
	}
	return y
}
