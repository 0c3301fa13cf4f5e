//go:build !purego && (amd64 || arm64)

package kernels

// gateAt points to element (i, j) of a row-major matrix.
func gateAt(m Matrix, i, j int) *float32 { return &m.Data[m.index(i, j)] }

// unitsOf returns n elements of row i of a row-major matrix, from j on.
func unitsOf(m Matrix, i, j, n int) []float32 { return m.Data[m.index(i, j):][:n:n] }
