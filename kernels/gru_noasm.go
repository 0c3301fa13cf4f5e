//go:build purego || !(amd64 || arm64)

package kernels

func gruStep(dst []float32, rz Matrix, rzBias []float32, n Matrix, nBias, nRecurrentBias, x, h, _ []float32, act GateActivation) {
	gruStepGeneric(dst, rz, rzBias, n, nBias, nRecurrentBias, x, h, act)
}

func gruStepBefore(dst []float32, rz Matrix, rzBias []float32, n Matrix, nBias, x, h, scratch []float32, act GateActivation) {
	gruStepBeforeGeneric(dst, rz, rzBias, n, nBias, x, h, scratch, act)
}

func gruGates(h, rz, n, m, prev Matrix, act GateActivation) {
	gruGatesGeneric(UnitTanh, h, rz, n, m, prev, act)
}

func gruReset(rh, rz, prev Matrix, act GateActivation) { gruResetGeneric(rh, rz, prev, act) }

func gruUpdate(h, rz, n, prev Matrix) { gruUpdateGeneric(UnitTanh, h, rz, n, prev) }

func gruGradients(rz, n, m, dh, carry, prev Matrix, act GateActivation) {
	gruGradientsGeneric(UnitTanh, rz, n, m, dh, carry, prev, act)
}

func gruUpdateGradients(rz, n, dh, carry, prev Matrix, act GateActivation) {
	gruUpdateGradientsGeneric(UnitTanh, rz, n, dh, carry, prev, act)
}

func gruResetGradients(rz, carry, drh, prev Matrix, act GateActivation) {
	gruResetGradientsGeneric(rz, carry, drh, prev, act)
}
