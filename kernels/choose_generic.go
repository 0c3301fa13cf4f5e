package kernels

// sumBlocksFromGeneric defines SumBlocksFrom on whole blocks.
func sumBlocksFromGeneric(sums, x []float32, least float32) (n int) {
	for b := range sums {
		var s [lanes]float32
		for i, v := range x[b*ExpBlock : (b+1)*ExpBlock] {
			if v >= least {
				s[i%lanes] += v
				n++
			}
		}
		sums[b] = sumTree(&s)
	}
	return n
}

// maskBetweenGeneric defines MaskBetween on whole words.
func maskBetweenGeneric(mask []uint64, x []float32, least, most float32) {
	for w := range mask {
		var m uint64
		for i, v := range x[64*w : 64*w+64] {
			if least <= v && v < most {
				m |= 1 << i
			}
		}
		mask[w] = m
	}
}

// maxColumnsGeneric sets dst[j] to the largest of itself and x[i·stride+j].
func maxColumnsGeneric(dst, x []float32, rows, stride int) {
	for i := range rows {
		for j, v := range x[i*stride : i*stride+len(dst)] {
			if v > dst[j] {
				dst[j] = v
			}
		}
	}
}
