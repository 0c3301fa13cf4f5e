//go:build purego || !(amd64 || arm64)

package kernels

func reluGradient(dst, dy, y []float32) { reluGradientGeneric(dst, dy, y) }
