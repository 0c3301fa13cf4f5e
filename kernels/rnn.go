package kernels

// An Activation is the function of the units of a recurrent or dense layer.
type Activation uint8

const (
	// UnitTanh is tanh x, to the bits of Tanh. Its slope, taken from y = tanh x,
	// is fma(-y, y, 1).
	UnitTanh Activation = iota

	// UnitReLU is max(x, 0): +0 where x <= 0, else x, NaN included. Its slope is
	// 0 where y <= 0, else 1.
	UnitReLU

	// UnitSigmoid is 1/(1 + e^-x), to the bits of Sigmoid. Its slope, taken from
	// y = σ(x), is fma(-y, y, y).
	UnitSigmoid

	// UnitLinear is x itself. Its slope is 1.
	UnitLinear
)

// ok reports whether a is one of the constants.
func (a Activation) ok() bool { return a <= UnitLinear }

// fused reports whether the assembly of the RNN kernels has a. The others are plain Go
// around the kernels of products and functions.
func (a Activation) fused() bool { return a <= UnitReLU }

// RNNStep advances one sequence by one step:
//
//	dst = act(bias + x·W[:In] + h·W[In:])    one chain: bias, x, h
//
//	dst  [H]        overwritten; must not overlap h or x
//	w    [In+H, H]  in panels
//	bias [H]
//	x    [In]
//	h    [H]        the previous output; read only
//
// NaN and Inf propagate. RNNStep panics if lengths differ from the above or act is
// none of the constants.
//
// Elman, Finding Structure in Time, 1990.
func RNNStep(dst []float32, w Matrix, bias, x, h []float32, act Activation) {
	H := len(h)
	if len(dst) != H || w.Rows != len(x)+H || w.Cols != H || len(bias) != H {
		panic("kernels: RNNStep: lengths do not match")
	}
	if w.Row != PanelWidth || !w.ok() {
		panic("kernels: RNNStep: w is not a matrix in panels")
	}
	if !act.ok() {
		panic("kernels: RNNStep: unknown activation")
	}
	if H == 0 {
		return
	}
	if !act.fused() {
		gemv(dst, w.SubRows(0, len(x)), x, bias)
		gemv(dst, w.SubRows(len(x), H), h, dst)
		activate(dst, dst, act)
		return
	}
	rnnStep(dst, w, bias, x, h, act)
}

// RNNGates ends a step for B sequences, a row each, with the output of RNNStep bit
// for bit:
//
//	z ← act(z)    h = z
//
//	h [B, H]  row-major; overwritten
//	z [B, H]  in panels; chains in, outputs out
//
// What padding of z holds afterwards is not promised. It panics if shapes differ
// from the above or act is none of the constants.
func RNNGates(h, z Matrix, act Activation) {
	if !rnnShapes(h, z) {
		panic("kernels: RNNGates: shapes do not match")
	}
	if !act.ok() {
		panic("kernels: RNNGates: unknown activation")
	}
	if h.Rows == 0 || h.Cols == 0 {
		return
	}
	if !act.fused() {
		rnnGatesPlain(h, z, act)
		return
	}
	rnnGates(h, z, act)
}

// RNNGradients is the backward pass of RNNGates, from the gradients dh of the
// outputs:
//
//	z ← dh·fma(-z, z, 1)                 UnitTanh; the product is rounded
//	z ← 0 where z <= 0, else dh          UnitReLU
//	z ← dh·fma(-z, z, z)                 UnitSigmoid; the product is rounded
//	z ← dh                               UnitLinear
//
//	z  [B, H]  in panels; outputs in, gradients of the chains out, 0 in padding
//	dh [B, H]  row-major; read only
//
// Where an output of UnitReLU is NaN the gradient passes. It panics if shapes differ
// from the above or act is none of the constants.
func RNNGradients(z, dh Matrix, act Activation) {
	if !rnnShapes(dh, z) {
		panic("kernels: RNNGradients: shapes do not match")
	}
	if !act.ok() {
		panic("kernels: RNNGradients: unknown activation")
	}
	if dh.Rows == 0 || dh.Cols == 0 {
		return
	}
	if !act.fused() {
		rnnGradientsGeneric(z, dh, act)
		return
	}
	rnnGradients(z, dh, act)
}

// rnnShapes reports whether h is row-major, z in panels, and both of one shape.
func rnnShapes(h, z Matrix) bool {
	return h.Rows == z.Rows && h.Cols == z.Cols && h.Panel == PanelWidth && z.Row == PanelWidth && h.ok() && z.ok()
}
