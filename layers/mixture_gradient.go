package layers

import "math"

// Gradient returns -ln p of a pixel, in nats, and sets dst to the derivatives of
// scale·(-ln p) by out:
//
//	logit        scale·(prior - posterior), the component's probability before and
//	             after the pixel is known: softmax(logit), softmax(logit + Σ_c ln P_c)
//	loc c        -scale·posterior·∂ln P_c/∂mean_c
//	raw scale c  -scale·posterior·∂ln P_c/∂scale_c·σ(raw_c)
//	(c, j)       -scale·posterior·∂ln P_c/∂mean_c·x_j
//
//	dst    [Width] overwritten; may be out
//	out    [Width] read only, unless it is dst
//	levels [C]     read only
//
// It is computed in float64; results beyond the range of float32 become its largest or
// least finite value.
func (m Mixture) Gradient(dst, out []float32, levels []uint8, scale float32, s *MixtureScratch) (loss float64) {
	m.check(out, len(levels) == m.Channels && len(dst) == len(out), s)
	setLevels(s, levels)
	return m.gradient(dst, out, scale, s)
}

// GradientValues is Gradient of a pixel whose values lie between levels, as
// LogProbValues has it.
func (m Mixture) GradientValues(dst, out, values []float32, scale float32, s *MixtureScratch) (loss float64) {
	m.check(out, m.valid(values) && len(dst) == len(out), s)
	setLevels(s, values)
	return m.gradient(dst, out, scale, s)
}

func (m Mixture) gradient(dst, out []float32, scale float32, s *MixtureScratch) float64 {
	logP := m.evaluate(out, m.Channels, s)
	size, C := m.size(), m.Channels
	for k, posterior := range s.posterior {
		d := dst[k*size:][:size]
		d[0] = finite(float64(float64(scale) * (s.prior[k] - posterior)))
		weight := -float64(float64(scale) * posterior)
		at := 1 + 2*C
		for c := range C {
			mean := float64(weight * s.dMean[k*C+c])
			d[1+c] = finite(mean)
			d[1+C+c] = finite(float64(weight * s.dRaw[k*C+c]))
			for _, x := range s.x[:c] {
				d[at] = finite(float64(mean * x))
				at++
			}
		}
	}
	return -logP
}

// finite rounds v to float32, and to the nearest finite value if that is infinite.
func finite(v float64) float32 {
	if v > math.MaxFloat32 {
		return math.MaxFloat32
	}
	if v < -math.MaxFloat32 {
		return -math.MaxFloat32
	}
	return float32(v)
}
