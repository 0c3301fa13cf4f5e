package layers

import (
	"math"

	"github.com/autoreg/autoreg/internal/portable"
)

// A Mixture is the distribution of a pixel of C channels, levels 0…255, as a mixture of K
// logistic distributions rounded to levels. With x = 2·level/255 - 1 for each channel,
//
//	p(pixel)  = Σ_k softmax(logit)_k · Π_c P_kc(level_c)
//	P_kc(v)   = F(v+½) - F(v-½), F(-½) = 0, F(255½) = 1
//	F(v)      = σ((2v/255 - 1 - mean_kc) / scale_kc)
//	mean_kc   = loc_kc + Σ_{j<c} coefficient_kcj·x_j
//	scale_kc  = softplus(raw_kc) + e⁻⁷
//
// A pixel's outputs are a row of Width values, component by component: the logit, C locs,
// C raw scales, C·(C-1)/2 coefficients in the order (c, j) = (1, 0), (2, 0), (2, 1), ….
// Locs, means and scales are in units of x.
//
// A Mixture is a value that any number of goroutines may use; each has its own
// MixtureScratch. Only NewScratch allocates. Results have the same bits on every instruction
// set. Finite outputs give no NaN, however large they are; a NaN gives ln p = NaN, and an
// infinity may.
//
// The methods panic, before they write anything, if C is not 1 to 7, K is below 1, a length
// differs from what they state or the scratch is of another Mixture.
//
// Salimans et al., PixelCNN++, 2017; layout, scales and coefficients as in TensorFlow
// Probability's PixelCNN.
type Mixture struct {
	Channels   int // C
	Components int // K
}

// MixtureLevels is the number of levels of a channel.
const MixtureLevels = 256

const (
	halfLevel = 1. / 255               // half the distance of two levels, in units of x
	minScale  = 0.00091188196555451621 // e⁻⁷

	// maxChannels keeps a product of P/e⁻ⁿ, see quantized, a normal number: each is at least
	// 1e-42, at the largest scale in float32.
	maxChannels = 7
)

// Width returns the number of outputs for a pixel: K·(1 + 2C + C·(C-1)/2).
func (m Mixture) Width() int {
	if m.Channels < 1 || m.Channels > maxChannels || m.Components < 1 {
		panic("layers: Mixture: channels are not 1 to 7, or there are no components")
	}
	return m.Components * m.size()
}

// size returns the number of outputs of a component.
func (m Mixture) size() int { return 1 + 2*m.Channels + m.Channels*(m.Channels-1)/2 }

// MixtureScratch is what the methods of a Mixture work in. It holds nothing between
// calls, and belongs to one goroutine at a time.
type MixtureScratch struct {
	of           Mixture
	x            []float64                  // [C] the channels of the pixel
	level        []int                      // [C] the same as levels
	prior        []float64                  // [K] softmax(logit)
	posterior    []float64                  // [K] the same once channels are known
	distance     []float64                  // [K] n with e⁻ⁿ·q = e^logit·Π P, in units of the largest e^logit
	scale, slope []float64                  // [K, C] scales and their derivatives by the raw scales
	dMean, dRaw  []float64                  // [K, C] derivatives of ln P by the mean and the raw scale
	tail         [MixtureLevels - 1]float32 // see add
}

// NewScratch returns scratch for m.
func (m Mixture) NewScratch() *MixtureScratch {
	m.Width()
	c, k := m.Channels, m.Components
	return &MixtureScratch{
		of: m, x: make([]float64, c), level: make([]int, c),
		prior: make([]float64, k), posterior: make([]float64, k), distance: make([]float64, k),
		scale: make([]float64, k*c), slope: make([]float64, k*c),
		dMean: make([]float64, k*c), dRaw: make([]float64, k*c),
	}
}

// LogProb returns ln p of a pixel. It is computed in float64 without cancellation: far
// from all means it stays exact.
//
//	out    [Width] read only
//	levels [C]     read only
func (m Mixture) LogProb(out []float32, levels []uint8, s *MixtureScratch) float64 {
	m.check(out, len(levels) == m.Channels, s)
	setLevels(s, levels)
	return m.evaluate(out, m.Channels, s)
}

// LogProbValues is LogProb of a pixel whose values lie between levels: P is that of the level
// below, floor(value), and the means of later channels follow the value itself. It also
// panics if a value is not in [0, 255].
func (m Mixture) LogProbValues(out, values []float32, s *MixtureScratch) float64 {
	m.check(out, m.valid(values), s)
	setLevels(s, values)
	return m.evaluate(out, m.Channels, s)
}

// check panics unless out is as long as it has to be, the levels are valid and s belongs
// to m.
func (m Mixture) check(out []float32, valid bool, s *MixtureScratch) {
	switch {
	case len(out) != m.Width():
		panic("layers: Mixture: len(out) is not Width")
	case !valid:
		panic("layers: Mixture: a length is wrong, or a value outside 0…255")
	case s.of != m:
		panic("layers: Mixture: scratch of another mixture")
	}
}

// valid reports whether values are those of a pixel.
func (m Mixture) valid(values []float32) bool {
	for _, v := range values {
		if !(v >= 0 && v <= MixtureLevels-1) {
			return false
		}
	}
	return len(values) == m.Channels
}

// setLevels sets the channels of the pixel, as many as there are.
func setLevels[T uint8 | float32](s *MixtureScratch, values []T) {
	for c, v := range values[:min(len(values), len(s.x))] {
		s.level[c] = int(v)
		s.x[c] = unit(float64(v))
	}
}

// unit returns x of a level.
func unit(level float64) float64 { return float64(2*level)/255 - 1 }

// evaluate sets prior, posterior and the derivatives for the first channels of the pixel,
// and returns their ln p. Its loops are short, so that the processor overlaps their turns.
func (m Mixture) evaluate(out []float32, channels int, s *MixtureScratch) float64 {
	size, C := m.size(), m.Channels
	most := float64(out[0])
	for k := range s.prior {
		p := out[k*size:][:size]
		most = max(most, float64(p[0]))
		for c, raw := range p[1+C:][:channels] {
			scale, slope := softplus(float64(raw))
			s.scale[k*C+c], s.slope[k*C+c] = scale+minScale, slope
		}
	}
	least := math.Inf(1)
	for k := range s.prior {
		p := out[k*size:][:size]
		s.prior[k] = float64(p[0]) - most
		n, q := -s.prior[k], 1.0
		for c := range channels {
			at := k*C + c
			distance, factor, dMean, dScale := quantized(s.level[c], m.mean(p, c, s.x), s.scale[at])
			n, q = n+distance, float64(q*factor)
			s.dMean[at], s.dRaw[at] = dMean, float64(dScale*s.slope[at])
		}
		least = min(least, n)
		s.distance[k], s.posterior[k] = n, q
	}
	before, after := 0.0, 0.0
	for k, n := range s.distance {
		_, prior := portable.Expm1(s.prior[k])
		_, joint := portable.Expm1(least - n)
		joint = float64(s.posterior[k] * joint)
		s.prior[k], s.posterior[k] = prior, joint
		before += prior
		after += joint
	}
	inverseBefore, inverseAfter := 1/before, 1/after
	for k := range s.prior {
		s.prior[k] = float64(s.prior[k] * inverseBefore)
		s.posterior[k] = float64(s.posterior[k] * inverseAfter)
	}
	return portable.Log(float64(after*inverseBefore)) - least
}

// mean returns the mean of channel c, p being the outputs of the component.
func (m Mixture) mean(p []float32, c int, x []float64) float64 {
	mean := float64(p[1+c])
	at := 1 + 2*m.Channels + c*(c-1)/2
	for j, coefficient := range p[at : at+c] {
		mean += float64(float64(coefficient) * x[j])
	}
	return mean
}

// scale returns the scale of channel c, p being the outputs of the component.
func (m Mixture) scale(p []float32, c int) float64 {
	scale, _ := softplus(float64(p[1+m.Channels+c]))
	return scale + minScale
}

// softplus returns ln(1 + e^v) and its derivative σ(v).
func softplus(v float64) (value, slope float64) {
	positive := math.Abs(v)
	_, e := portable.Expm1(-positive)
	half := 1/(1+e) - 0.5 // σ(|v|) - ½
	return float64((v+positive)*0.5) + portable.Log1p(e), 0.5 + math.Copysign(half, v)
}

// quantized returns n and q with P(level) = e⁻ⁿ·q for a logistic distribution rounded to
// levels, and the derivatives of ln P by the mean and the scale, which is at least e⁻⁷.
//
// Of a level inside, let the edges be at distances n and n+δ from the mean, in units of
// the scale; n is negative, but at least -δ/2, where the mean is between them. Then
//
//	P = σ(-n) - σ(-n-δ) = e⁻ⁿ·(1-D) / ((1+E)·(1+E·D)),  E = e⁻ⁿ,  D = e^-δ
//
// which has no difference of similar numbers, and E <= e^4.4 since δ <= 8.7. Of the first
// and the last level, P = σ(z) = e^min(z, 0) / (1 + e^-|z|).
func quantized(level int, mean, scale float64) (n, q, dMean, dScale float64) {
	inverse := 1 / scale
	if level == 0 || level == MixtureLevels-1 {
		z, side := float64((-254./255-mean)*inverse), -inverse
		if level != 0 {
			z, side = float64((mean-254./255)*inverse), inverse
		}
		positive := math.Abs(z)
		_, e := portable.Expm1(-positive)
		q = 1 / (1 + e)
		slope := 0.5 - math.Copysign(q-0.5, z) // σ(-z)
		return (positive - z) * 0.5, q, float64(side * slope), -float64(float64(z*inverse) * slope)
	}
	d := unit(float64(level)) - mean
	n, delta := float64((math.Abs(d)-halfLevel)*inverse), float64(2*halfLevel*inverse)
	minus, D := portable.Expm1(-delta) // D-1, D
	_, E := portable.Expm1(-n)
	F := float64(E * D)
	a := 1 / float64((1+E)*(1+F))
	near, far := float64(float64(E*(1+F))*a), float64(float64(F*(1+E))*a) // σ(-n), σ(-n-δ)
	byN, byDelta := near+far-1, far-D/minus
	dMean = -float64(math.Copysign(inverse, d) * byN)
	dScale = -float64(inverse * (float64(n*byN) + float64(delta*byDelta)))
	return n, -float64(minus * a), dMean, dScale
}
