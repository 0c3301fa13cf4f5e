package kernels

import "math"

// The polynomials were fitted by iteratively reweighted least squares (Lawson)
// on 2,001 and 4,001 Chebyshev points, then rounded to float32.
const (
	// e^r = 1 + r + r²·q(r) on |r| ≤ ln2/2; relative error 3.8e-9 = 2^-28.
	expC0 = 0.49999994
	expC1 = 0.166665211
	expC2 = 0.041668389
	expC3 = 0.00836871658
	expC4 = 0.00138145988

	// ln(1+f) = f - f²/2 + f³·P(f) on √½-1 ≤ f ≤ √2-1; relative error 3.2e-9.
	logC0 = 0.333333135
	logC1 = -0.250000089
	logC2 = 0.200021192
	logC3 = -0.166679963
	logC4 = 0.142195523
	logC5 = -0.124055892
	logC6 = 0.11888162
	logC7 = -0.116756521
	logC8 = 0.067466408

	log2e = 1.442695041
	ln2Hi = 0.6931471825     // ln 2 rounded to float32
	ln2Lo = -1.904654299e-09 // ln 2 - ln2Hi

	// For Log, e·logLn2Hi is exact: eight significant bits times nine.
	logLn2Hi = 0.693359375
	logLn2Lo = -2.12194440e-4

	// Adding magic = 1.5·2²³ rounds |v| < 2²² to the nearest integer, ties to
	// even, and leaves the integer in the low bits.
	magic = 12582912

	expMax   = 89   // e^89 overflows
	expMin   = -104 // e^-104 rounds to 0
	expm1Min = -40  // e^-40 - 1 rounds to -1
)

// expReduced returns n and p with e^x = 2^n·(1 + p): n is x/ln2 rounded to the
// nearest integer, p = r + r²·q(r) for the rest r.
func expReduced(x float32) (n int32, p float32) {
	t := fma32(x, log2e, magic)
	n = int32(math.Float32bits(t)) - int32(math.Float32bits(magic))
	f := t - magic
	r := fma32(f, -ln2Hi, x)
	r = fma32(f, -ln2Lo, r)
	q := fma32(expC4, r, expC3)
	q = fma32(q, r, expC2)
	q = fma32(q, r, expC1)
	q = fma32(q, r, expC0)
	r2 := float32(r * r)
	return n, fma32(q, r2, r)
}

// pow2 returns 2^n for normal results.
func pow2(n int32) float32 { return math.Float32frombits(uint32(n+127) << 23) }

// exp32 defines Exp.
func exp32(x float32) float32 {
	if x != x {
		return x
	}
	if x > expMax {
		x = expMax
	}
	if x < expMin {
		x = expMin
	}
	n, p := expReduced(x)
	// Two factors, so that only the second product can round, once, when the
	// result is subnormal; the AVX-512 scale instruction does the same.
	h := n >> 1
	return float32(float32((1+p)*pow2(h)) * pow2(n-h))
}

// expm1Negative returns e^x - 1 for x <= 0. With e^x = 2^n·(1 + p) that is
// 2^n·p + (2^n - 1), where nothing cancels: near 0, n is 0. Of ±0 it makes +0.
func expm1Negative(x float32) float32 {
	if x < expm1Min {
		x = expm1Min
	}
	n, p := expReduced(x)
	t := pow2(n)
	return fma32(t, p, t-1)
}

// sigmoid32 defines Sigmoid. It takes e^-|x|, which cannot overflow and keeps
// full relative accuracy on the negative side.
func sigmoid32(x float32) float32 {
	e := exp32(-float32(math.Float32frombits(math.Float32bits(x) &^ signBit)))
	num := float32(1)
	if math.Float32bits(x)&signBit != 0 {
		num = e
	}
	return num / (1 + e)
}

// tanh32 defines Tanh: with m = e^(-2|x|) - 1, tanh|x| = -m/(2 + m); the sign
// bit of x is then put back.
func tanh32(x float32) float32 {
	if x != x {
		return x
	}
	sign := math.Float32bits(x) & signBit
	m := expm1Negative(-2 * math.Float32frombits(math.Float32bits(x)&^signBit))
	v := -m / (2 + m)
	return math.Float32frombits(math.Float32bits(v)&^signBit | sign)
}

// log32 defines Log: x = 2^e·(1+f) with 1+f in [√½, √2).
func log32(x float32) float32 {
	switch {
	case x != x || x > math.MaxFloat32:
		return x
	case x < 0:
		return float32(math.NaN())
	case x == 0:
		return float32(math.Inf(-1))
	}
	e := int32(0)
	if x < minNormal {
		x = float32(x * (1 << 23))
		e = -23
	}
	// Counting bits from those of √½ makes the exponent field change at √½·2^e
	// instead of at 2^e.
	b := math.Float32bits(x) - sqrtHalfBits
	e += int32(b) >> 23
	f := math.Float32frombits(b&(1<<23-1)+sqrtHalfBits) - 1
	ef := float32(e)
	z := float32(f * f)
	p := fma32(logC8, f, logC7)
	p = fma32(p, f, logC6)
	p = fma32(p, f, logC5)
	p = fma32(p, f, logC4)
	p = fma32(p, f, logC3)
	p = fma32(p, f, logC2)
	p = fma32(p, f, logC1)
	p = fma32(p, f, logC0)
	y := float32(float32(f*z) * p)
	y = fma32(ef, logLn2Lo, y)
	y = fma32(-0.5, z, y)
	y = f + y
	return fma32(ef, logLn2Hi, y)
}

const (
	signBit      = 1 << 31
	minNormal    = 1.1754943508222875e-38 // 2^-126
	sqrtHalfBits = 0x3f3504f3             // √½
)

// evaluateGeneric sets dst[i] = f(x[i]).
func evaluateGeneric(f function, dst, x []float32) {
	for i, v := range x {
		switch f {
		case ofExp:
			dst[i] = exp32(v)
		case ofTanh:
			dst[i] = tanh32(v)
		case ofSigmoid:
			dst[i] = sigmoid32(v)
		default:
			dst[i] = log32(v)
		}
	}
}
