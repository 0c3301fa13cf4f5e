//go:build purego || !(amd64 || arm64)

package kernels

func expShift(dst, x []float32, scale, m float32) float32 { return expShiftGeneric(dst, x, scale, m) }

func expBlocks(dst, sums, x []float32, scale, m float32) {
	expBlocksGeneric(dst, sums, x, scale, m)
}

func crossEntropyRow(x Matrix, i, target int, scale float32) float32 {
	return crossEntropyRowGeneric(x, i, target, scale)
}
