//go:build purego || !(amd64 || arm64)

package kernels

func lstmStep(dst, c []float32, w Matrix, bias, x, h []float32, act GateActivation) {
	lstmStepGeneric(dst, c, w, bias, x, h, act)
}

func lstmGates(h, c, z, prev Matrix, act GateActivation) {
	lstmGatesGeneric(UnitTanh, h, c, z, prev, act)
}

func lstmGradients(z, dc, dh, c, prev Matrix, act GateActivation) {
	lstmGradientsGeneric(UnitTanh, z, dc, dh, c, prev, act)
}
