//go:build purego || !(amd64 || arm64)

package kernels

func sum(x []float32) float32 { return sumGeneric(x) }

func sumSquares(x []float32) float32 { return sumSquaresGeneric(x) }

func vmax(x []float32) float32 { return maxGeneric(x) }

func argMax(x []float32) int { return argMaxGeneric(x) }
