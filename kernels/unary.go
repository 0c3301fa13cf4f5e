package kernels

// A function is one of the functions of one variable below.
type function int

const (
	ofExp function = iota
	ofTanh
	ofSigmoid
	ofLog
)

// Exp sets dst[i] = e^x[i]. dst may be x. It panics if lengths differ.
//
// The largest error is 1.0086 ULP, pinned by a test over all inputs. From
// 88.72284 on the result is +Inf, from -103.9721 down it is +0, and results
// below 2⁻¹²⁶ are subnormals, rounded once. Exp(-Inf) = +0, Exp(+Inf) = +Inf,
// Exp(±0) = 1, Exp(NaN) = NaN.
func Exp(dst, x []float32) {
	if len(dst) != len(x) {
		panic("kernels: Exp: len(dst) != len(x)")
	}
	evaluate(ofExp, dst, x)
}

// Tanh sets dst[i] = tanh(x[i]). dst may be x. It panics if lengths differ.
//
// The largest error is 2.4984 ULP, pinned by a test over all inputs. It is odd,
// never leaves [-1, 1] and keeps the sign of zero; Tanh(±Inf) = ±1 and
// Tanh(NaN) = NaN.
func Tanh(dst, x []float32) {
	if len(dst) != len(x) {
		panic("kernels: Tanh: len(dst) != len(x)")
	}
	evaluate(ofTanh, dst, x)
}

// Sigmoid sets dst[i] = 1/(1 + e^-x[i]). dst may be x. It panics if lengths
// differ.
//
// The largest error is 2.4019 ULP, pinned by a test over all inputs. It never
// leaves [0, 1]; Sigmoid(±0) = ½, Sigmoid(-Inf) = +0, Sigmoid(+Inf) = 1 and
// Sigmoid(NaN) = NaN.
func Sigmoid(dst, x []float32) {
	if len(dst) != len(x) {
		panic("kernels: Sigmoid: len(dst) != len(x)")
	}
	evaluate(ofSigmoid, dst, x)
}

// Log sets dst[i] = ln x[i]. dst may be x. It panics if lengths differ.
//
// The largest error is 0.8316 ULP, pinned by a test over all inputs, subnormal
// ones included. Log(±0) = -Inf, Log(1) = +0, Log(+Inf) = +Inf, Log(x < 0) = NaN
// and Log(NaN) = NaN.
func Log(dst, x []float32) {
	if len(dst) != len(x) {
		panic("kernels: Log: len(dst) != len(x)")
	}
	evaluate(ofLog, dst, x)
}
