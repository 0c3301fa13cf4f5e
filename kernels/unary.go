package kernels

// Exp sets dst[i] = e^x[i]. dst may be x; lengths must agree.
//
// Largest error 0.53 ULP is pinned by a test over all inputs; above
// 88.7228 the result is +Inf, below -103.9721 it is +0, and results between
// 2⁻¹⁴⁹ and 2⁻¹²⁶ are correctly scaled subnormals. Exp(-Inf) = +0,
// Exp(+Inf) = +Inf, Exp(NaN) = NaN.
func Exp(dst, x []float32) {
	if len(dst) != len(x) {
		panic("kernels: Exp: len(dst) != len(x)")
	}
	vexp(dst, x)
}

// Tanh sets dst[i] = tanh(x[i]). dst may be x; lengths must agree.
//
// It is odd, never leaves [-1, 1], keeps the sign of zero; Tanh(±Inf) = ±1 and
// Tanh(NaN) = NaN.
func Tanh(dst, x []float32) {
	if len(dst) != len(x) {
		panic("kernels: Tanh: len(dst) != len(x)")
	}
	vtanh(dst, x)
}

// Sigmoid sets dst[i] = 1/(1 + e^-x[i]). dst may be x; lengths must agree.
//
// It never leaves [0, 1]; Sigmoid(-Inf) = +0, Sigmoid(+Inf) = 1 and
// Sigmoid(NaN) = NaN.
func Sigmoid(dst, x []float32) {
	if len(dst) != len(x) {
		panic("kernels: Sigmoid: len(dst) != len(x)")
	}
	vsigmoid(dst, x)
}

// Log sets dst[i] = ln x[i]. dst may be x; lengths must agree.
//
// Log(±0) = -Inf, Log(+Inf) = +Inf, Log(x < 0) = NaN and Log(NaN) = NaN;
// subnormal inputs are exact inputs like any other.
func Log(dst, x []float32) {
	if len(dst) != len(x) {
		panic("kernels: Log: len(dst) != len(x)")
	}
	vlog(dst, x)
}
