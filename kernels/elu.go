package kernels

// ELU sets dst = elu(x), value by value:
//
//	elu(x) = x where x > 0, and e^x - 1 elsewhere
//
//	dst  Lines × Pixels × n  overwritten; may be x
//	x    Lines × Pixels × n
//
// Both are row-major. The largest error is 0.9520 ULP, pinned by a test over all
// inputs. ELU(±0) = +0, ELU(-Inf) = -1, ELU(+Inf) = +Inf and ELU(NaN) = NaN; from
// -16.982107 down the result is -1. It panics if shapes differ or a view is not
// row-major or leaves its data.
//
// Clevert et al., Fast and Accurate Deep Network Learning by Exponential Linear Units
// (ELUs), 2016.
func ELU(dst, x Grid) {
	var e elementwise
	e.kernel, e.cols = ofELU, x.Cols
	e.dst, e.a = &dst, &x
	if dst.Cols != x.Cols || !e.alike() {
		panic("kernels: ELU: shapes do not match")
	}
	if !e.rowMajor() {
		panic("kernels: ELU: a view is not row-major or leaves its data")
	}
	e.run()
}

// ConcatELU sets the first n values of each vector of dst to elu(x) and its last n to
// elu(-x), to the bits of ELU:
//
//	dst  Lines × Pixels × m  m >= 2·n; values between are left alone; must not overlap x
//	x    Lines × Pixels × n
//
// Both are row-major. With m = 2·n that is elu(concat(x, -x)) over channels. For a
// concatenation of inputs, elu(concat(u, v, -u, -v)), each is a call whose m is larger:
// the view of dst begins at the input's first channel and ends with its last negated
// one. It panics if shapes differ from the above or a view is not row-major or leaves
// its data.
//
// Salimans et al., PixelCNN++, 2017, as TensorFlow Probability's PixelCNN has it.
func ConcatELU(dst, x Grid) {
	var e elementwise
	e.kernel, e.cols, e.half = ofConcatELU, x.Cols, dst.Cols-x.Cols
	e.dst, e.a = &dst, &x
	if e.half < x.Cols || !e.alike() {
		panic("kernels: ConcatELU: shapes do not match")
	}
	if !e.rowMajor() {
		panic("kernels: ConcatELU: a view is not row-major or leaves its data")
	}
	e.run()
}

// ELUGradient takes the gradient dy of y = ELU(x) to that of x:
//
//	dst = dy·elu'(y)    elu'(y) = 1 where y > 0, and y + 1 elsewhere
//
//	dst  Lines × Pixels × n  overwritten; may be dy or y
//	dy   Lines × Pixels × n
//	y    Lines × Pixels × n  outputs of ELU
//
// All are row-major; sum and product are rounded. Where y is NaN dst is NaN. It panics
// if shapes differ or a view is not row-major or leaves its data.
func ELUGradient(dst, dy, y Grid) {
	var e elementwise
	e.kernel, e.cols = ofELUGradient, y.Cols
	e.dst, e.a, e.b = &dst, &dy, &y
	if dst.Cols != y.Cols || dy.Cols != y.Cols || !e.alike() {
		panic("kernels: ELUGradient: shapes do not match")
	}
	if !e.rowMajor() {
		panic("kernels: ELUGradient: a view is not row-major or leaves its data")
	}
	e.run()
}

// ConcatELUGradient takes the gradient dy of the outputs y of ConcatELU to that of x.
// With p for the first n values of a vector and q for the last n,
//
//	dx = dy_p·elu'(y_p) - dy_q·elu'(y_q)
//
//	dx  Lines × Pixels × n  overwritten; must not overlap dy or y
//	dy  Lines × Pixels × m  m >= 2·n
//	y   Lines × Pixels × m
//
// with elu' as in ELUGradient, each product and the difference rounded. All are
// row-major. It panics if shapes differ from the above or a view is not row-major or
// leaves its data.
func ConcatELUGradient(dx, dy, y Grid) {
	concatELUGradient(ofConcatELUGradient, "kernels: ConcatELUGradient: shapes do not match",
		"kernels: ConcatELUGradient: a view is not row-major or leaves its data", &dx, &dy, &y)
}

// ConcatELUGradientAdd adds what ConcatELUGradient stores to dx, each sum rounded, for
// an x that more than one layer reads.
func ConcatELUGradientAdd(dx, dy, y Grid) {
	concatELUGradient(ofConcatELUGradientAdd, "kernels: ConcatELUGradientAdd: shapes do not match",
		"kernels: ConcatELUGradientAdd: a view is not row-major or leaves its data", &dx, &dy, &y)
}

func concatELUGradient(kernel elementKernel, shapes, views string, dx, dy, y *Grid) {
	var e elementwise
	e.kernel, e.cols, e.half = kernel, dx.Cols, y.Cols-dx.Cols
	e.dst, e.a, e.b = dx, dy, y
	if e.half < dx.Cols || dy.Cols != y.Cols || !e.alike() {
		panic(shapes)
	}
	if !e.rowMajor() {
		panic(views)
	}
	e.run()
}
