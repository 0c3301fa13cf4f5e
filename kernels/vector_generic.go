package kernels

// addGeneric defines Add.
func addGeneric(dst, a, x []float32) {
	for i, v := range x {
		dst[i] = a[i] + v
	}
}

// scaleGeneric defines Scale.
func scaleGeneric(dst []float32, a float32) {
	for i, v := range dst {
		dst[i] = float32(v * a)
	}
}

// addScaledGeneric defines AddScaled.
func addScaledGeneric(dst, x []float32, a float32) {
	for i, v := range x {
		dst[i] += float32(a * v)
	}
}

// addRowsGeneric does dst[j] += m[i, j] for i in order, dst being the elements
// of panel p.
func addRowsGeneric(dst []float32, m Matrix, p int) {
	for i := range m.Rows {
		addGeneric(dst, dst, m.Data[p*m.Panel+i*m.Row:][:len(dst)])
	}
}
