//go:build purego || !(amd64 || arm64)

package kernels

func add(dst, a, x []float32) { addGeneric(dst, a, x) }

func scale(dst []float32, a float32) { scaleGeneric(dst, a) }

func addScaled(dst, x []float32, a float32) { addScaledGeneric(dst, x, a) }

func addRows(dst []float32, m Matrix, p int) { addRowsGeneric(dst, m, p) }
