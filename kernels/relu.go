package kernels

// ReLUGradient sets dst[i] to 0 wherever y[i] <= 0: it takes the gradient dst of
// y = max(x, 0) to that of x, in place. Where y is NaN the gradient passes. It
// panics if lengths differ.
func ReLUGradient(dst, y []float32) {
	if len(dst) != len(y) {
		panic("kernels: ReLUGradient: len(dst) != len(y)")
	}
	reluGradient(dst, y)
}
