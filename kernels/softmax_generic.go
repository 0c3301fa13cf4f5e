package kernels

// expShiftGeneric sets dst[i] = e^(x[i]·scale - m), the product rounded, and
// returns the sum16 of dst.
func expShiftGeneric(dst, x []float32, scale, m float32) float32 {
	var s [lanes]float32
	for i, v := range x {
		e := exp32(float32(v*scale) - m)
		dst[i] = e
		s[i%lanes] += e
	}
	return sumTree(&s)
}

// expBlocksGeneric does expShift on blocks of ExpBlock elements.
func expBlocksGeneric(dst, sums, x []float32, scale, m float32) {
	for b := range sums {
		at := b * ExpBlock
		end := min(at+ExpBlock, len(x))
		sums[b] = expShiftGeneric(dst[at:end], x[at:end], scale, m)
	}
}

// crossEntropyRowGeneric defines one row of SoftmaxCrossEntropy.
func crossEntropyRowGeneric(x Matrix, i, target int, scale float32) (loss float32) {
	if target < 0 {
		for p := range x.Panels() {
			clear(x.Segment(i, p))
		}
		return 0
	}
	m := maxGeneric(nil)
	for j := range x.Cols {
		v := x.At(i, j)
		if v != v || v > m {
			m = v
		}
		if v != v {
			break
		}
	}
	xt := x.At(i, target)
	var lane [lanes]float32
	for j := range x.Cols {
		e := exp32(x.At(i, j) - m)
		x.Set(i, j, e)
		lane[j%lanes] += e
	}
	s := sumTree(&lane)
	r := scale / s
	for j := range x.Cols {
		x.Set(i, j, float32(x.At(i, j)*r))
	}
	x.Set(i, target, x.At(i, target)-scale)
	if x.padded() {
		for j := x.Cols; j < roundUp(x.Cols, PanelWidth); j++ {
			x.Set(i, j, 0)
		}
	}
	return (log32(s) + m) - xt
}
