package kernels

// Gemm multiplies matrices:
//
//	dst[i, j] = bias[j] + Σ_p a[i, p]·b[p, j]
//
//	dst  [m, n]  overwritten; must not overlap a or b
//	a    [m, k]
//	b    [k, n]  panels are read in place; row-major order is packed on the way
//	bias [n]     nil means 0
//
// Each element is one chain: bias, then p in rising order, whatever the
// blocking and the number of workers, so row i is bit-identical to Gemv of row
// i. The padding columns of a dst in panels are undefined afterwards. NaN and
// Inf propagate. Gemm panics if shapes differ from the above or w is nil.
func Gemm(w *Workers, dst, a, b Matrix, bias []float32) {
	if bias != nil && len(bias) != dst.Cols {
		panic("kernels: Gemm: len(bias) != dst.Cols")
	}
	if dst.Rows != a.Rows || dst.Cols != b.Cols || a.Cols != b.Rows {
		panic("kernels: Gemm: shapes do not match")
	}
	if !dst.ok() || !a.ok() || !b.ok() {
		panic("kernels: Gemm: a matrix is longer than its data")
	}
	if w == nil {
		panic("kernels: Gemm: no workers")
	}
	gemm(w, product{dst: dst, a: a, b: b, bias: bias})
}

// GemmAdd continues the chains in dst: dst[i, j] += Σ_p a[i, p]·b[p, j],
// otherwise like Gemm.
func GemmAdd(w *Workers, dst, a, b Matrix) {
	if dst.Rows != a.Rows || dst.Cols != b.Cols || a.Cols != b.Rows {
		panic("kernels: GemmAdd: shapes do not match")
	}
	if !dst.ok() || !a.ok() || !b.ok() {
		panic("kernels: GemmAdd: a matrix is longer than its data")
	}
	if w == nil {
		panic("kernels: GemmAdd: no workers")
	}
	gemm(w, product{dst: dst, a: a, b: b, add: true})
}

// GemmTAdd continues the chains in dst with a transposed, the shape of a
// weight's gradient: dst[i, j] += Σ_p a[p, i]·b[p, j].
//
//	dst [m, n]
//	a   [k, m]
//	b   [k, n]
//
// Otherwise like Gemm.
func GemmTAdd(w *Workers, dst, a, b Matrix) {
	if dst.Rows != a.Cols || dst.Cols != b.Cols || a.Rows != b.Rows {
		panic("kernels: GemmTAdd: shapes do not match")
	}
	if !dst.ok() || !a.ok() || !b.ok() {
		panic("kernels: GemmTAdd: a matrix is longer than its data")
	}
	if w == nil {
		panic("kernels: GemmTAdd: no workers")
	}
	gemm(w, product{dst: dst, a: a, b: b, transA: true, add: true})
}

// A product is one call of Gemm, GemmAdd or GemmTAdd.
type product struct {
	dst, a, b   Matrix
	bias        []float32
	transA, add bool
}
