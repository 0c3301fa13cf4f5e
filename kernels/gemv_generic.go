package kernels

// gemvGeneric defines Gemv.
func gemvGeneric(dst []float32, w Matrix, x, bias []float32) {
	for j := range dst {
		var y float32
		if bias != nil {
			y = bias[j]
		}
		at := w.index(0, j)
		for _, v := range x {
			y = fma32(w.Data[at], v, y)
			at += w.Row
		}
		dst[j] = y
	}
}
