package kernels

// relu32 returns max(x, 0): NaN for NaN, +0 for -0.
func relu32(x float32) float32 {
	if x <= 0 {
		return 0
	}
	return x
}

// reluGradientGeneric defines ReLUGradient.
func reluGradientGeneric(dst, dy, y []float32) {
	for i, v := range y {
		d := dy[i]
		if v <= 0 {
			d = 0
		}
		dst[i] = d
	}
}
