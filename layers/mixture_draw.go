package layers

import (
	"math"

	"github.com/autoreg/autoreg/internal/portable"
	"github.com/autoreg/autoreg/kernels"
)

// Logits sets dst[v] = ln P(channel g is v | channels 0 … g-1), the distribution that a
// draw of channel g is from when the channels are drawn one after another and rounded
// to levels:
//
//	P(v) = Σ_k posterior_k·P_kg(v),  posterior = softmax(logit + Σ_{j<g} ln P_kj)
//
//	dst    [MixtureLevels] overwritten
//	out    [Width]         read only
//	levels [g or more]     the levels of channels 0 … g-1, read only
//
// dst must not overlap out. Means, scales and posteriors are computed in float64, levels in
// float32 by package kernels. The probabilities sum to 1 within 3e-7, and a logit is off by
// at most 3e-7 or 3e-7 of itself, down to -85; below that digits are lost, and from about
// -103 on it is -Inf.
func (m Mixture) Logits(dst, out []float32, levels []uint8, g int, s *MixtureScratch) {
	m.check(out, g >= 0 && g < m.Channels && len(levels) >= g && len(dst) == MixtureLevels, s)
	setLevels(s, levels[:g])
	m.evaluate(out, g, s)
	clear(dst)
	size := m.size()
	for k, weight := range s.posterior {
		p := out[k*size:][:size]
		s.add((*[MixtureLevels]float32)(dst), weight, m.mean(p, g, s.x), m.scale(p, g))
	}
	kernels.Log(dst, dst)
}

// add adds weight·P(v) of a logistic distribution rounded to levels to dst. With z_v the
// edge between levels v and v+1, in units of the scale from the mean, and the distance δ
// of two edges,
//
//	P(v) = σ(z_v)·σ(-z_{v-1})·(1 - e^-δ)
//
// which needs no difference of similar numbers: of σ(z) and σ(-z) = 1-σ(z) the smaller
// one is computed.
func (s *MixtureScratch) add(dst *[MixtureLevels]float32, weight, mean, scale float64) {
	const last = MixtureLevels - 2 // edge
	delta := 2 * halfLevel / scale
	position := float64((mean+1)*127.5) - 0.5 // of the mean among the edges
	left := 0                                 // edges at or below it
	if position >= 0 {
		left = int(min(position, last)) + 1
	}
	// tail = σ(-|z|), |z| being the distance from the mean.
	tail := s.tail[:]
	copy(tail, steps[last+1-left:])
	below, above := tail[:left], tail[left:]
	kernels.Scale(tail, float32(-delta))
	kernels.AddScaled(below, ones[:left], float32(float64((float64(left-1)-position)*delta)))
	kernels.AddScaled(above, ones[left:], float32(float64((position-float64(left))*delta)))
	kernels.Sigmoid(tail, tail)

	// The levels at the ends have one edge.
	first, final := tail[0], tail[last]
	if left == 0 {
		first = 1 - first
	}
	if left > last {
		final = 1 - final
	}
	dst[0] += float32(float32(weight) * first)
	dst[last+1] += float32(float32(weight) * final)

	// tail[v] = σ(z_v)·σ(-z_{v-1}) for the others
	before := tail[0]
	for i, v := range below {
		below[i] = float32(v * (1 - before))
		before = v
	}
	if left > 0 {
		before = 1 - before
	}
	for i, v := range above {
		above[i] = float32(before * (1 - v))
		before = v
	}
	minus, _ := portable.Expm1(-delta)
	kernels.AddScaled(dst[1:last+1], tail[1:], float32(float64(-weight*minus)))
}

// Draw draws a pixel: component k is the first whose running sum of softmax(logit)
// exceeds u[0], and channel by channel
//
//	x_c = mean_kc + scale_kc·(ln u[1+c] - ln(1-u[1+c])), clipped to [-1, 1]
//
// where mean_kc follows the x_j drawn before. u[1+c] = 0 gives -1, the limit. If rounded,
// x_c is that of MixtureLevel(x_c) from then on, and levels have the probabilities that
// Logits and LogProb say. Otherwise x_c stays as it is, as in the reference, whose later
// channels and pixels follow values between the levels.
//
//	dst [C]     overwritten with x, in [-1, 1]
//	out [Width] read only
//	u   [1 + C] independent and uniform in [0, 1), read only
//
// It is computed in float64. x is rounded to float32 before other channels follow it. Draw
// returns false if outputs are NaN or infinite, so that no component has a probability, or
// a value none; dst is then of no use.
func (m Mixture) Draw(dst, out []float32, u []float64, rounded bool, s *MixtureScratch) bool {
	m.check(out, len(dst) == m.Channels && len(u) == 1+m.Channels, s)
	m.evaluate(out, 0, s)
	k := choose(s.prior, u[0])
	if k < 0 {
		return false
	}
	size := m.size()
	p := out[k*size:][:size]
	for c, v := range u[1:] {
		mean, scale := m.mean(p, c, s.x), m.scale(p, c)
		if math.IsNaN(mean + scale) {
			return false
		}
		t := -1.0
		if v > 0 {
			t = mean + float64(scale*(portable.Log(v)-portable.Log1p(-v)))
		}
		dst[c] = float32(min(max(t, -1), 1))
		s.x[c] = float64(dst[c])
		if rounded {
			s.x[c] = unit(float64(MixtureLevel(dst[c])))
			dst[c] = float32(s.x[c])
		}
	}
	return true
}

// DrawLevel draws the level of channel g of a pixel, given those of channels 0 … g-1, with
// the probabilities that Logits says: component k is the first whose running sum of the
// posterior exceeds u, and the level is
//
//	MixtureLevel(mean_kg + scale_kg·(ln v - ln(1-v)))
//
// v = 0 gives level 0. It returns -1 if outputs are NaN or infinite, so that no component has
// a probability. It is computed in float64.
func (m Mixture) DrawLevel(out []float32, levels []uint8, g int, u, v float64, s *MixtureScratch) int {
	m.check(out, g >= 0 && g < m.Channels && len(levels) >= g, s)
	setLevels(s, levels[:g])
	m.evaluate(out, g, s)
	k := choose(s.posterior, u)
	if k < 0 {
		return -1
	}
	p := out[k*m.size():][:m.size()]
	mean, scale := m.mean(p, g, s.x), m.scale(p, g)
	if math.IsNaN(mean + scale) {
		return -1
	}
	if v == 0 {
		return 0
	}
	return int(MixtureLevel(float32(mean + float64(scale*(portable.Log(v)-portable.Log1p(-v))))))
}

// choose returns the first element of p at which the running sum exceeds u, or the last
// above 0 if none does; -1 if none is above 0.
func choose(p []float64, u float64) (k int) {
	k = -1
	sum := 0.0
	for i, x := range p {
		if x > 0 { // or the rounding of the sum might select it
			k = i
			if sum += x; u < sum {
				break
			}
		}
	}
	return k
}

// MixtureLevel returns the level of x in [-1, 1]: 255/2·(x+1), a half rounded to the even
// level. What lies outside counts as -1 or 1, NaN as -1.
func MixtureLevel(x float32) uint8 {
	if !(x > -1) {
		return 0
	}
	return uint8(math.RoundToEven(127.5 * (float64(min(x, 1)) + 1)))
}

// steps are the numbers of edges between an edge and the nearest one on its side of the
// mean, from left to right, and ones are 1.
var steps, ones = func() (steps [2*MixtureLevels - 2]float32, ones [MixtureLevels - 1]float32) {
	for i := range MixtureLevels - 1 {
		steps[i], steps[MixtureLevels-1+i] = float32(MixtureLevels-2-i), float32(i)
	}
	for i := range ones {
		ones[i] = 1
	}
	return steps, ones
}()
