package train

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
)

// math.Log, math.Exp and rand.NormFloat64 give different bits on different
// architectures. What training computes in float64 must not, so the few
// functions that it needs are written out here. Every product that is added to
// something goes through an explicit conversion, which keeps the compiler from
// fusing the two.

const (
	ln2Hi = 6.93147180369123816490e-01 // the upper bits of ln 2: n·ln2Hi is exact for |n| < 2²⁰
	ln2Lo = 1.90821492927058770002e-10 // ln 2 - ln2Hi
	log2e = 1.44269504088896338700
)

// log64 returns ln x for finite x > 0, within 2 ULP. With x = 2^e·f and
// √½ <= f < √2 it is e·ln 2 + 2·atanh(s), s = (f-1)/(f+1), by the power series
// of atanh up to s²⁵: |s| <= 0.1716, so the rest is below 1e-21.
func log64(x float64) float64 {
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

// exp64 returns e^x, within 2 ULP where the result is normal. With x = n·ln 2 + r
// and |r| <= ln2/2 it is 2^n·e^r, by the power series of e^r up to r¹⁴. It keeps
// NaN; beyond ±746 it is +Inf or 0.
func exp64(x float64) float64 {
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

// A draws is a source of random numbers for one tensor.
type draws struct {
	pcg   *rand.PCG
	spare float64
	has   bool
}

// newDraws returns the source of the tensor called name: PCG seeded with the
// run's seed and the FNV-1a hash of the name, so that a tensor's numbers do not
// depend on which others there are.
func newDraws(seed uint64, name string) *draws {
	h := fnv.New64a()
	h.Write([]byte(name))
	return &draws{pcg: rand.NewPCG(seed, h.Sum64())}
}

// uniform returns a multiple of 2⁻⁵² in [-1, 1).
func (d *draws) uniform() float64 {
	return float64(d.pcg.Uint64()>>11)*0x1p-52 - 1
}

// normal returns a draw from the normal distribution of mean 0 and variance 1, by
// Marsaglia's polar method, which takes a logarithm and a root only.
//
// Marsaglia and Bray, A Convenient Method for Generating Normal Variables, 1964.
func (d *draws) normal() float64 {
	if d.has {
		d.has = false
		return d.spare
	}
	for {
		u, v := d.uniform(), d.uniform()
		s := float64(u*u) + float64(v*v)
		if s > 0 && s < 1 {
			f := math.Sqrt(-2 * log64(s) / s)
			d.spare, d.has = float64(v*f), true
			return float64(u * f)
		}
	}
}
