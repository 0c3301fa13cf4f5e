//go:build purego || !(amd64 || arm64)

package kernels

func rnnStep(dst []float32, w Matrix, bias, x, h []float32, act Activation) {
	rnnStepGeneric(dst, w, bias, x, h, act)
}

func rnnGates(h, z Matrix, act Activation) { rnnGatesGeneric(h, z, act) }

func rnnGradients(z, dh Matrix, act Activation) { rnnGradientsGeneric(z, dh, act) }
