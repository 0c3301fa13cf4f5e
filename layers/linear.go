package layers

import "github.com/autoreg/autoreg/kernels"

// A Linear layer is y = W·x + b, one chain an output: bias, then inputs in
// order. Keras calls it Dense.
type Linear struct {
	W    kernels.Matrix // [In, Out] in panels
	Bias []float32      // [Out]
}

// NewLinear returns a layer of zero weights.
func NewLinear(in, out int) *Linear {
	return &Linear{W: kernels.NewPanels(in, out), Bias: kernels.Alloc(out)}
}

// InLen returns the number of inputs.
func (l *Linear) InLen() int { return l.W.Rows }

// OutLen returns the number of outputs.
func (l *Linear) OutLen() int { return l.W.Cols }

// Params returns the number of parameters, In·Out + Out.
func (l *Linear) Params() int { return l.W.Rows*l.W.Cols + l.W.Cols }

// Type returns "Linear".
func (l *Linear) Type() string { return "Linear" }

// Values implements Module.
func (l *Linear) Values() [][]float32 { return [][]float32{l.W.Data, l.Bias} }

// Parameters returns weight [Out, In] and bias [Out].
func (l *Linear) Parameters(suffix string) []Parameter {
	in, out := l.W.Rows, l.W.Cols
	return []Parameter{
		{
			Name: "weight" + suffix, Shape: []int{out, in}, Effective: out * in,
			Init: Init{Rule: InitGlorot, FanIn: in, FanOut: out},
			Set: func(data []float32) {
				if len(data) != in*out {
					panic("layers: Parameter: Set: wrong length")
				}
				kernels.Transpose(l.W, kernels.RowMajor(data, out, in))
			},
			Get: func() []float32 {
				data := make([]float32, in*out)
				kernels.Transpose(kernels.RowMajor(data, out, in), l.W)
				return data
			},
		},
		{
			Name: "bias" + suffix, Shape: []int{out}, Effective: out,
			Set: func(data []float32) {
				if len(data) != out {
					panic("layers: Parameter: Set: wrong length")
				}
				copy(l.Bias, data)
			},
			Get: func() []float32 { return l.Bias },
		},
	}
}

// SetWeights packs weights in PyTorch's layout: weight [Out, In] row-major,
// bias [Out]. It panics if a length is wrong.
func (l *Linear) SetWeights(weight, bias []float32) {
	p := l.Parameters("")
	if len(weight) != p[0].Len() || len(bias) != p[1].Len() {
		panic("layers: Linear: SetWeights: wrong length")
	}
	p[0].Set(weight)
	p[1].Set(bias)
}

// Weights returns copies in PyTorch's layout, as SetWeights takes them.
func (l *Linear) Weights() (weight, bias []float32) {
	p := l.Parameters("")
	return p[0].Get(), append([]float32(nil), l.Bias...)
}

// Apply sets dst [Out] = W·x + b; dst must not overlap x.
func (l *Linear) Apply(dst, x []float32) { kernels.Gemv(dst, l.W, x, l.Bias) }

// ApplyBatch sets each row of dst [n, Out] from that row of x [n, In].
func (l *Linear) ApplyBatch(w *kernels.Workers, dst, x kernels.Matrix) {
	kernels.Gemm(w, dst, x, l.W, l.Bias)
}
