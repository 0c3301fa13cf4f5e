package kernels

// Gemv multiplies a matrix in panels by a vector:
//
//	dst[j] = bias[j] + Σ_k w[k, j]·x[k]
//
//	dst  [w.Cols]  overwritten; must not overlap x
//	w    [k, n]    in panels: inputs are rows, outputs are columns
//	x    [w.Rows]
//	bias [w.Cols]  may be dst itself, which continues a chain; nil means 0
//
// Each output is one chain: bias, then k in rising order. NaN and Inf
// propagate. Gemv panics if lengths differ from the above.
func Gemv(dst []float32, w Matrix, x, bias []float32) {
	if len(dst) != w.Cols {
		panic("kernels: Gemv: len(dst) != w.Cols")
	}
	if len(x) != w.Rows {
		panic("kernels: Gemv: len(x) != w.Rows")
	}
	if bias != nil && len(bias) != w.Cols {
		panic("kernels: Gemv: len(bias) != w.Cols")
	}
	if w.Row != PanelWidth || !w.ok() {
		panic("kernels: Gemv: w is not a matrix in panels")
	}
	if len(dst) == 0 {
		return
	}
	gemv(dst, w, x, bias)
}
