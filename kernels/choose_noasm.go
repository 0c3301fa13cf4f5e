//go:build purego || !(amd64 || arm64)

package kernels

func sumBlocksFrom(sums, x []float32, least float32) int {
	return sumBlocksFromGeneric(sums, x, least)
}

func maskBetween(mask []uint64, x []float32, least, most float32) {
	maskBetweenGeneric(mask, x, least, most)
}

func maxColumns(dst, x []float32, rows, stride int) { maxColumnsGeneric(dst, x, rows, stride) }
