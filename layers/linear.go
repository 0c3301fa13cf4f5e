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

// SetWeights packs weights in PyTorch's layout: weight [Out, In] row-major,
// bias [Out]. It panics if a length is wrong.
func (l *Linear) SetWeights(weight, bias []float32) {
	if len(weight) != l.W.Rows*l.W.Cols || len(bias) != l.W.Cols {
		panic("layers: Linear: SetWeights: wrong length")
	}
	kernels.Transpose(l.W, kernels.RowMajor(weight, l.W.Cols, l.W.Rows))
	copy(l.Bias, bias)
}

// Weights returns copies in PyTorch's layout, as SetWeights takes them.
func (l *Linear) Weights() (weight, bias []float32) {
	weight = make([]float32, l.W.Rows*l.W.Cols)
	kernels.Transpose(kernels.RowMajor(weight, l.W.Cols, l.W.Rows), l.W)
	return weight, append([]float32(nil), l.Bias...)
}

// Apply sets dst [Out] = W·x + b; dst must not overlap x.
func (l *Linear) Apply(dst, x []float32) { kernels.Gemv(dst, l.W, x, l.Bias) }

// ApplyBatch sets each row of dst [n, Out] from that row of x [n, In].
func (l *Linear) ApplyBatch(w *kernels.Workers, dst, x kernels.Matrix) {
	kernels.Gemm(w, dst, x, l.W, l.Bias)
}
