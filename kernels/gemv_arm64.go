//go:build !purego

package kernels

func gemv(dst []float32, w Matrix, x, bias []float32) { gemvGeneric(dst, w, x, bias) }
