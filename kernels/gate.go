package kernels

// Gate adds gated values to x. With a for the first n values of a vector of z and g
// for the last n,
//
//	dst = fma(a, σ(g), x)
//
//	dst  Lines × Pixels × n  overwritten; may be x, must not overlap z
//	x    Lines × Pixels × n
//	z    Lines × Pixels × 2·n
//
// σ has the bits of Sigmoid, and a passes no tanh. All are row-major. It panics if
// shapes differ from the above or a view is not row-major or leaves its data.
//
// Salimans et al., PixelCNN++, 2017, as TensorFlow Probability's PixelCNN has it.
func Gate(dst, x, z Grid) {
	var e elementwise
	e.kernel, e.cols, e.half = ofGate, x.Cols, x.Cols
	e.dst, e.a, e.b = &dst, &x, &z
	if dst.Cols != x.Cols || x.Cols < 0 || z.Cols-x.Cols != x.Cols || !e.alike() {
		panic("kernels: Gate: shapes do not match")
	}
	if !e.rowMajor() {
		panic("kernels: Gate: a view is not row-major or leaves its data")
	}
	e.run()
}

// GateGradient takes the gradient dy of the outputs of Gate to that of z; that of x
// is dy itself. With s = σ(g),
//
//	dz_a = dy·s    dz_g = (dy·a)·fma(-s, s, s)
//
//	dz  Lines × Pixels × 2·n  overwritten; may be z, must not overlap dy
//	dy  Lines × Pixels × n
//	z   Lines × Pixels × 2·n
//
// from the values before any of them changes, each product rounded. All are row-major.
// It panics if shapes differ from the above or a view is not row-major or leaves its
// data.
func GateGradient(dz, dy, z Grid) {
	var e elementwise
	e.kernel, e.cols, e.half = ofGateGradient, dy.Cols, dy.Cols
	e.dst, e.a, e.b = &dz, &dy, &z
	if dz.Cols != z.Cols || dy.Cols < 0 || z.Cols-dy.Cols != dy.Cols || !e.alike() {
		panic("kernels: GateGradient: shapes do not match")
	}
	if !e.rowMajor() {
		panic("kernels: GateGradient: a view is not row-major or leaves its data")
	}
	e.run()
}
