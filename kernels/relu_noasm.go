//go:build purego || !(amd64 || arm64)

package kernels

func reluGradient(dst, y []float32) { reluGradientGeneric(dst, y) }
