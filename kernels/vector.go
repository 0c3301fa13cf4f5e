package kernels

// Add sets dst[i] = a[i] + x[i]. dst may be a or x. It panics if lengths differ.
func Add(dst, a, x []float32) {
	if len(dst) != len(x) || len(a) != len(x) {
		panic("kernels: Add: lengths differ")
	}
	add(dst, a, x)
}

// AddScaled sets dst[i] = dst[i] + a·x[i], the product rounded. dst may be x. It panics
// if lengths differ.
func AddScaled(dst, x []float32, a float32) {
	if len(dst) != len(x) {
		panic("kernels: AddScaled: lengths differ")
	}
	addScaled(dst, x, a)
}

// Scale multiplies the elements of dst by a, each product rounded.
func Scale(dst []float32, a float32) { scale(dst, a) }

// AddRows adds the rows of m to dst, each element one sum in row order, as the
// gradient of a bias needs: for i in order { dst[j] += m[i, j] }. It panics if
// len(dst) is not m.Cols or m is longer than its data.
func AddRows(dst []float32, m Matrix) {
	if len(dst) != m.Cols {
		panic("kernels: AddRows: len(dst) != m.Cols")
	}
	if !m.ok() {
		panic("kernels: AddRows: m is longer than its data")
	}
	for p := range m.Panels() {
		at := p * PanelWidth
		addRows(dst[at:min(at+PanelWidth, len(dst))], m, p)
	}
}
