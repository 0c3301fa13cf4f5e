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
	f, e := math.Frexp(x)
	if f < math.Sqrt2/2 {
		f *= 2
		e--
	}
	s := (f - 1) / (f + 1)
	q := float64(s * s)
	sum := 0.0
	for n := 25; n >= 3; n -= 2 {
		sum = float64(sum*q) + 1/float64(n)
	}
	sum = float64(float64(sum*q)*s) + s
	n := float64(e)
	return float64(n*ln2Hi) + (2*sum + float64(n*ln2Lo))
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
