package kernels

// addGeneric defines Add.
func addGeneric(dst, x []float32) {
	for i, v := range x {
		dst[i] += v
	}
}

// scaleGeneric sets dst[i] = dst[i]·a.
func scaleGeneric(dst []float32, a float32) {
	for i, v := range dst {
		dst[i] = float32(v * a)
	}
}
