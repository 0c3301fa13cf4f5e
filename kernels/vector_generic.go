package kernels

// addGeneric defines Add.
func addGeneric(dst, a, x []float32) {
	for i, v := range x {
		dst[i] = a[i] + v
	}
}

// scaleGeneric sets dst[i] = dst[i]·a.
func scaleGeneric(dst []float32, a float32) {
	for i, v := range dst {
		dst[i] = float32(v * a)
	}
}

// addRowsGeneric does dst[j] += m[i, j] for i in order, dst being the elements
// of panel p.
func addRowsGeneric(dst []float32, m Matrix, p int) {
	for i := range m.Rows {
		addGeneric(dst, dst, m.Data[p*m.Panel+i*m.Row:][:len(dst)])
	}
}
