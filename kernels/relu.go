package kernels

// ReLUGradient sets dst[i] = dy[i], and 0 wherever y[i] <= 0: it takes the gradient
// dy of y = max(x, 0) to that of x. Where y is NaN the gradient passes. dst may be
// dy. It panics if lengths differ.
func ReLUGradient(dst, dy, y []float32) {
	if len(dst) != len(y) || len(dy) != len(y) {
		panic("kernels: ReLUGradient: lengths differ")
	}
	reluGradient(dst, dy, y)
}
