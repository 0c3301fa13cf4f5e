//go:build !purego

package kernels

func gemm(w *Workers, g product) { gemmGeneric(g) }
