package train

import (
	"hash/fnv"
	"math"
	"math/rand/v2"

	"github.com/autoreg/autoreg/internal/portable"
)

// A draws is a source of random numbers for one tensor, which are the same on every
// architecture. (Those of rand.NormFloat64 are not.)
type draws struct {
	pcg       *rand.PCG
	second    float64
	hasSecond bool
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
	if d.hasSecond {
		d.hasSecond = false
		return d.second
	}
	for {
		u, v := d.uniform(), d.uniform()
		s := float64(u*u) + float64(v*v)
		if s > 0 && s < 1 {
			f := math.Sqrt(-2 * portable.Log(s) / s)
			d.second, d.hasSecond = float64(v*f), true
			return float64(u * f)
		}
	}
}
