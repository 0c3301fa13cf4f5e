package kernels

import "math"

// fma32 returns x·y + z with one rounding, correct to the bit without hardware
// help. The product of two float32 is exact in float64; TwoSum gives the exact
// error of adding z to it; where there is one, the sum is made odd (round to
// odd), so that rounding it again to float32 cannot land on a false tie. This
// holds for subnormal results too, unlike a test of one fixed halfway bit.
//
// Boldo and Melquiond, Emulation of FMA and Correctly Rounded Sums: Proved
// Algorithms Using Rounding to Odd, 2008.
func fma32(x, y, z float32) float32 {
	p := float64(float64(x) * float64(y))
	c := float64(z)
	s := p + c
	t := s - p
	err := (p - (s - t)) + (c - t)
	if err == 0 || err != err {
		return float32(s) // exact, or Inf or NaN took part
	}
	b := math.Float64bits(s)
	if b&1 == 0 {
		if (err > 0) == (s > 0) {
			b++
		} else {
			b--
		}
	}
	return float32(math.Float64frombits(b))
}
