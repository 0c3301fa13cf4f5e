//go:build purego || !(amd64 || arm64)

package kernels

func evaluate(f function, dst, x []float32) { evaluateGeneric(f, dst, x) }
