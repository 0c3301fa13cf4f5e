package kernels

// rnnStepGeneric defines RNNStep.
func rnnStepGeneric(dst []float32, w Matrix, bias, x, h []float32, act Activation) {
	for j := range dst {
		dst[j] = unit32(columnChain(columnChain(bias[j], w, 0, j, x), w, len(x), j, h), act)
	}
}

// rnnGatesGeneric defines RNNGates.
func rnnGatesGeneric(h, z Matrix, act Activation) {
	for b := range z.Rows {
		for j := range z.Cols {
			y := unit32(z.At(b, j), act)
			z.Set(b, j, y)
			h.Set(b, j, y)
		}
	}
}

// rnnGradientsGeneric defines RNNGradients.
func rnnGradientsGeneric(z, dh Matrix, act Activation) {
	for b := range z.Rows {
		for j := range z.Cols {
			z.Set(b, j, unitGradient32(dh.At(b, j), z.At(b, j), act))
		}
	}
	clearPadding(z)
}

// unit32 defines the function of units.
func unit32(x float32, a Activation) float32 {
	switch a {
	case UnitTanh:
		return tanh32(x)
	case UnitReLU:
		return relu32(x)
	case UnitSigmoid:
		return sigmoid32(x)
	}
	return x
}

// unitSlope32 returns the slope of a at its value y.
func unitSlope32(y float32, a Activation) float32 {
	switch {
	case a == UnitTanh:
		return fma32(-y, y, 1)
	case a == UnitSigmoid:
		return fma32(-y, y, y)
	case a == UnitReLU && y <= 0:
		return 0
	}
	return 1
}

// unitGradient32 takes the gradient d of y = a(x) to that of x. It is 0 where ReLU is
// off, whatever d is.
func unitGradient32(d, y float32, a Activation) float32 {
	if a == UnitReLU && y <= 0 {
		return 0
	}
	return float32(d * unitSlope32(y, a))
}
