package layers

import "github.com/autoreg/autoreg/kernels"

// A Conv is a convolution some of whose taps are open:
//
//	y[r, c, o] = b[o] + Σ_taps Σ_i W[o, i, tap]·x[(r, c)·stride + tap, i]
//
// over the open taps in raster order, channels inside a tap: one chain an output. Beyond
// the edges lie zeros, which are part of the chain. A transposed convolution has as many
// chains an input as it gives outputs.
//
// With ordered channels, inputs and outputs fall into groups of adjacent
// channels, group g of n being channels [g·n/G, (g+1)·n/G), one a colour.
// Taps before the centre join all groups; at the centre an output sees the
// groups before its own (mask A) or up to its own (B).
//
// Van den Oord, Kalchbrenner and Kavukcuoglu, Pixel Recurrent Neural Networks,
// 2016.
type Conv struct {
	spec   ConvSpec
	pieces []convWeights
	norm   *convNorm // nil without weight normalisation
}

// convWeights are the weights of a piece, of open taps only.
type convWeights struct {
	convPiece
	W    kernels.Matrix // [inputs, outputs] in panels
	Bias []float32      // [outputs]
}

// New returns the layer with zero weights. It panics unless sizes are positive, taps lie in
// the kernel, that of a mask is square and odd, and there are as many channels as groups.
func (s ConvSpec) New() *Conv { return s.make(true) }

// make returns the layer, or its shape alone.
func (s ConvSpec) make(weights bool) *Conv {
	if !s.valid() {
		panic("layers: ConvSpec: invalid shape")
	}
	l := &Conv{spec: s}
	for _, p := range s.pieces() {
		w := convWeights{convPiece: p, W: newPanels(p.rows, p.cols, weights)}
		if !weights {
			w.Bias = nil
		} else if p.sharesBias {
			w.Bias = l.pieces[0].Bias
		} else {
			w.Bias = kernels.Alloc(p.cols)
		}
		l.pieces = append(l.pieces, w)
	}
	if s.WeightNorm && weights {
		l.norm = newConvNorm(l)
	}
	return l
}

// Spec returns the description of the layer.
func (l *Conv) Spec() ConvSpec { return l.spec }

// InLen returns the number of input channels.
func (l *Conv) InLen() int { return l.spec.In }

// OutLen returns the number of output channels.
func (l *Conv) OutLen() int { return l.spec.Out }

// Width returns the values of a pixel of the result: OutLen, but for an output layer whose
// groups are padded.
func (l *Conv) Width() int {
	last := &l.pieces[len(l.pieces)-1]
	return last.at + last.cols
}

// Params returns the number of parameters as stored, closed taps included.
func (l *Conv) Params() int { return int(l.spec.Sizes().Params) }

// Effective returns the number of parameters that have an effect: open taps and
// biases.
func (l *Conv) Effective() int { return int(l.spec.Sizes().Effective) }

// Type returns the type of its ConvSpec.
func (l *Conv) Type() string { return l.spec.Type() }

// Values implements Module. Of a weight-normalised layer they are directions and lengths in
// place of weights: see Refresh.
func (l *Conv) Values() (list [][]float32) {
	for i := range l.pieces {
		p := &l.pieces[i]
		if l.norm != nil {
			list = append(list, l.norm.v[i].Data)
		} else {
			list = append(list, p.W.Data)
		}
		if !p.sharesBias {
			list = append(list, p.Bias)
		}
	}
	if l.norm != nil {
		list = append(list, l.norm.g)
	}
	return list
}

// Parameters returns weight [Out, In, Rows, Cols], of a transposed convolution
// [In, Out, Rows, Cols], and bias [Out]. Values of closed taps have no effect; they are
// read as 0. A weight-normalised layer has weight_v in place of weight, and weight_g [Out],
// the lengths, first 1.
func (l *Conv) Parameters(suffix string) []Parameter {
	s := &l.spec
	area := s.Rows * s.Cols
	shape := []int{s.Out, s.In, s.Rows, s.Cols}
	if s.Transposed {
		shape[0], shape[1] = s.In, s.Out
	}
	n := area * s.In * s.Out
	name, effective := "weight", l.Effective()-s.Out
	list := []Parameter{}
	if l.norm != nil {
		name, effective = "weight_v", effective-s.Out
		list = append(list, Parameter{
			Name: "weight_g" + suffix, Shape: []int{s.Out}, Effective: s.Out, Init: Init{OnesTo: s.Out},
			Set: func(data []float32) {
				if len(data) != s.Out {
					panic("layers: Parameter: Set: wrong length")
				}
				copy(l.norm.g, data)
				l.Refresh()
			},
			Get: func() []float32 { return l.norm.g },
		})
	}
	return append(list, []Parameter{
		{
			Name: name + suffix, Shape: shape, Effective: effective,
			Init: s.init(),
			Set: func(data []float32) {
				if len(data) != n {
					panic("layers: Parameter: Set: wrong length")
				}
				l.each(func(w kernels.Matrix, k, j, at int) { w.Set(k, j, data[at]) })
				l.Refresh()
			},
			Get: func() []float32 {
				data := make([]float32, n)
				l.each(func(w kernels.Matrix, k, j, at int) { data[at] = w.At(k, j) })
				return data
			},
		},
		{
			Name: "bias" + suffix, Shape: []int{s.Out}, Effective: s.Out,
			Set: func(data []float32) {
				if len(data) != s.Out {
					panic("layers: Parameter: Set: wrong length")
				}
				for i := range l.pieces {
					p := &l.pieces[i]
					copy(p.Bias, data[p.first:][:p.n])
				}
			},
			Get: l.biases,
		},
	}...)
}

// SetWeights packs weights in the layout of Parameters. Values of closed taps have no
// effect. It panics if a length is wrong or the layer is weight-normalised.
func (l *Conv) SetWeights(weight, bias []float32) {
	p := l.plainParameters()
	if len(weight) != p[0].Len() || len(bias) != p[1].Len() {
		panic("layers: Conv: SetWeights: wrong length")
	}
	p[0].Set(weight)
	p[1].Set(bias)
}

// Weights returns copies in the layout of Parameters, as SetWeights takes them, closed
// taps being 0. It panics if the layer is weight-normalised.
func (l *Conv) Weights() (weight, bias []float32) {
	p := l.plainParameters()
	return p[0].Get(), p[1].Get()
}

func (l *Conv) plainParameters() []Parameter {
	if l.norm != nil {
		panic("layers: Conv: a weight-normalised layer has directions and lengths in place of weights")
	}
	return l.Parameters("")
}

// each calls f for input k and output j of the weights of every piece, or their directions,
// with where that lies in the layout of Parameters.
func (l *Conv) each(f func(w kernels.Matrix, k, j, at int)) {
	s := &l.spec
	area := s.Rows * s.Cols
	for i := range l.pieces {
		p := &l.pieces[i]
		w := p.W
		if l.norm != nil {
			w = l.norm.v[i]
		}
		for k := range p.rows {
			in, tap := s.stored(k%s.In), p.tap(k/s.In, s.Cols)
			for j := range p.n {
				pair := (p.first+j)*s.In + in
				if s.Transposed {
					pair = in*s.Out + p.first + j
				}
				f(w, k, j, pair*area+tap)
			}
		}
	}
}

// newPanels returns a matrix of zeros, or the shape of one.
func newPanels(rows, cols int, values bool) kernels.Matrix {
	if values {
		return kernels.NewPanels(rows, cols)
	}
	return kernels.Matrix{Rows: rows, Cols: cols}
}
