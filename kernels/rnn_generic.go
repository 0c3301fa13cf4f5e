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
			y, d := z.At(b, j), dh.At(b, j)
			switch {
			case act == RNNTanh:
				d = float32(d * fma32(-y, y, 1))
			case y <= 0:
				d = 0
			}
			z.Set(b, j, d)
		}
	}
	clearPadding(z)
}

// unit32 defines the function of an RNN's units.
func unit32(x float32, a Activation) float32 {
	if a == RNNTanh {
		return tanh32(x)
	}
	return relu32(x)
}
