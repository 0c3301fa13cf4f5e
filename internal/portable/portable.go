// Package portable holds the functions of float64 that results need and that
// package math computes with different bits on different architectures. Here the
// order of operations is fixed, and every product that is added to something goes
// through an explicit conversion, which keeps the compiler from fusing the two:
// the same argument gives the same bits everywhere.
package portable

import "math"

const (
	ln2Hi = 6.93147180369123816490e-01 // the upper bits of ln 2: n·ln2Hi is exact for |n| < 2²⁰
	ln2Lo = 1.90821492927058770002e-10 // ln 2 - ln2Hi
	log2e = 1.44269504088896338700
)

// Log returns ln x for finite x > 0, within 2 ULP. With x = 2^e·f and
// √½ <= f < √2 it is e·ln 2 + 2·atanh(s), s = (f-1)/(f+1), by the power series
// of atanh up to s²⁵: |s| <= 0.1716, so the rest is below 1e-21.
func Log(x float64) float64 {
	n := 0.0
	if x < 0x1p-1022 {
		x, n = x*0x1p54, -54
	}
	const sqrtHalf = 0x3fe6a09e667f3bcd // the bits of √½
	bits := math.Float64bits(x)
	e := int64(bits-sqrtHalf) >> 52
	f := math.Float64frombits(bits - uint64(e)<<52)
	s := (f - 1) / (f + 1)
	q := float64(s * s)
	sum := 1. / 25
	sum = float64(sum*q) + 1./23
	sum = float64(sum*q) + 1./21
	sum = float64(sum*q) + 1./19
	sum = float64(sum*q) + 1./17
	sum = float64(sum*q) + 1./15
	sum = float64(sum*q) + 1./13
	sum = float64(sum*q) + 1./11
	sum = float64(sum*q) + 1./9
	sum = float64(sum*q) + 1./7
	sum = float64(sum*q) + 1./5
	sum = float64(sum*q) + 1./3
	sum = float64(float64(sum*q)*s) + s
	n += float64(e)
	return float64(n*ln2Hi) + (2*sum + float64(n*ln2Lo))
}

// Log1p returns ln(1+x) for finite x > -1, within 3 ULP. It is the logarithm of the
// rounded sum u, to which what the rounding lost is added: (x-(u-1))/u.
func Log1p(x float64) float64 {
	u := 1 + x
	return Log(u) + (x-(u-1))/u
}

// Exp returns e^x, within 2 ULP where the result is normal. With x = n·ln 2 + r
// and |r| <= ln2/2 it is 2^n·e^r, by the power series of e^r up to r¹⁴. It keeps
// NaN; beyond ±746 it is +Inf or 0.
func Exp(x float64) float64 {
	switch {
	case x != x:
		return x
	case x > 746:
		return math.Inf(1)
	case x < -746:
		return 0
	}
	n := math.Floor(float64(x*log2e) + 0.5)
	r := (x - float64(n*ln2Hi)) - float64(n*ln2Lo)
	sum := 0.0
	for k := 14; k >= 1; k-- {
		sum = float64(sum*r)/float64(k+1) + 1
	}
	return math.Ldexp(float64(sum*r)+1, int(n))
}

// Expm1 returns e^x - 1, and e^x as well, within 3 ULP where they are normal. It takes a
// sixth of the time of Exp, whose bits are in the golden hashes. It keeps NaN; beyond 746
// both are +Inf, and below -746 they are -1 and 0.
//
// With n and r as in Exp they are (2^n-1) + 2^n·(e^r-1) and 2^n + 2^n·(e^r-1), by the power
// series of e^r up to r¹³: the rest is below 2e-17 of it.
func Expm1(x float64) (minus1, exp float64) {
	if !(x > -700 && x < 700) {
		exp = Exp(x)
		return exp - 1, exp
	}
	const round = 0x1.8p52 // a sum with it is an integer
	n := (float64(x*log2e) + round) - round
	r := (x - float64(n*ln2Hi)) - float64(n*ln2Lo)
	r2 := float64(r * r)
	r4 := float64(r2 * r2)
	a := (1./2 + float64(r*(1./6))) + float64(r2*(1./24+float64(r*(1./120))))
	b := (1./720 + float64(r*(1./5040))) + float64(r2*(1./40320+float64(r*(1./362880))))
	c := (1./3628800 + float64(r*(1./39916800))) + float64(r2*(1./479001600+float64(r*(1./6227020800))))
	p := r + float64(r2*(a+float64(r4*(b+float64(r4*c)))))
	power := math.Float64frombits(uint64(int64(n)+1023) << 52)
	p = float64(power * p)
	return (power - 1) + p, power + p
}

// CosPi returns cos πx within 2 ULP, for |x| < 2⁵². It is exact where x is a multiple of
// ½. With x = n/2 + t and |t| <= ¼, it is ±cos πt or ±sin πt, by their power series up
// to (πt)²⁰: |πt| <= 0.786, so the rest is below 1e-22.
func CosPi(x float64) float64 {
	n := math.Floor(float64(x*2) + 0.5)
	y := float64((x - float64(n*0.5)) * math.Pi) // the difference is exact
	q, at := float64(y*y), int64(n)&3
	first, value := 0, 1.0
	if at&1 == 1 {
		first, value = 1, y
	}
	sum := 0.0
	for k := 20 + first; k > first; k -= 2 {
		sum = float64(float64(q*(1-sum)) / float64(k*(k-1)))
	}
	value = value - float64(value*sum)
	if at == 1 || at == 2 {
		value = -value
	}
	return value + 0 // not -0
}
