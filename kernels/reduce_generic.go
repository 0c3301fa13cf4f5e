package kernels

import "math"

// lanes is the number of running sums of sum16.
const lanes = 16

// sumTree adds the lanes of sum16.
func sumTree(s *[lanes]float32) float32 {
	for w := lanes / 2; w > 0; w /= 2 {
		for i := range w {
			s[i] += s[i+w]
		}
	}
	return s[0]
}

// sumGeneric defines Sum.
func sumGeneric(x []float32) float32 {
	var s [lanes]float32
	for i, v := range x {
		s[i%lanes] += v
	}
	return sumTree(&s)
}

// sumSquaresGeneric defines one block of SumSquares.
func sumSquaresGeneric(x []float32) float32 {
	var s [lanes]float32
	for i, v := range x {
		s[i%lanes] += float32(v * v)
	}
	return sumTree(&s)
}

// maxGeneric defines Max.
func maxGeneric(x []float32) float32 {
	m := float32(math.Inf(-1))
	for _, v := range x {
		if v != v {
			return v
		}
		if v > m {
			m = v
		}
	}
	return m
}

// argMaxGeneric defines ArgMax.
func argMaxGeneric(x []float32) int {
	at := -1
	for i, v := range x {
		if v == v && (at < 0 || v > x[at]) {
			at = i
		}
	}
	return at
}
