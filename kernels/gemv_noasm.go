//go:build purego || !(amd64 || arm64)

package kernels

func gemv(dst []float32, w Matrix, x, bias []float32) { gemvGeneric(dst, w, x, bias) }
