//go:build purego || !(amd64 || arm64)

package kernels

func gemm(w *Workers, g product) { gemmGeneric(w, g) }
