package kernels

import "math"

// adamGeneric defines Adam.
func adamGeneric(w, m, v, g []float32, s *AdamStep) {
	b1, b2 := 1-s.Beta1, 1-s.Beta2
	for i := range w {
		d := float32(g[i] * s.GradScale)
		mi := fma32(s.Beta1, m[i], float32(b1*d))
		vi := fma32(s.Beta2, v[i], float32(float32(b2*d)*d))
		m[i], v[i] = mi, vi
		w[i] -= float32(s.LR*mi) / (sqrt32(vi) + s.Epsilon)
	}
}

// sqrt32 is the IEEE square root: float64 has more than twice the bits, so
// rounding twice is harmless.
func sqrt32(x float32) float32 { return float32(math.Sqrt(float64(x))) }
