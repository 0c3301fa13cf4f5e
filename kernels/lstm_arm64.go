//go:build !purego

package kernels

func lstmStep(dst, c []float32, w Matrix, bias, x, h []float32) {
	lstmStepGeneric(dst, c, w, bias, x, h)
}

func lstmGates(h, c, z, prev Matrix) { lstmGatesGeneric(h, c, z, prev) }

func lstmGradients(z, dc, dh, c, prev Matrix) { lstmGradientsGeneric(z, dc, dh, c, prev) }
