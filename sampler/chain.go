package sampler

import (
	"math"
	"math/rand/v2"

	"github.com/autoreg/autoreg/kernels"
)

// A Chain draws symbols; see the package comment for how. It is for one
// goroutine at a time.
type Chain struct {
	ts   []Transform
	seed uint64
	rng  rand.PCG

	// dense is set if the transforms are exclusions and at most one temperature,
	// whose inverse is scale (0 for temperature 0): then logits are masked and
	// scaled where they lie, and no candidates are built. The result is the same.
	dense  bool
	scales bool // dense, without exclusions and temperature 0: logits need not be changed
	scale  float32

	x          []float32 // logits, transformed in place
	raw        []float32 // logits before candidates are built, where a log-probability is asked for
	expWeights []float32 // e^(x - m), m being the largest logit
	sums       []float32 // of the blocks of expWeights
	cands      Candidates
	past       *history // nil if no transform looks at it
}

// New returns a chain at the start of the random sequence of seed. Without
// transforms it draws from the softmax of the logits. It panics if Check(ts...)
// would return an error.
func New(seed uint64, ts ...Transform) *Chain {
	if Check(ts...) != nil {
		panic("sampler: New: invalid transform; see Check")
	}
	c := &Chain{ts: append([]Transform(nil), ts...), dense: true, scale: 1}
	temperatures, masks := 0, false
	for _, t := range ts {
		switch t := t.(type) {
		case Exclusion:
			// The dense path excludes first.
			c.dense = c.dense && temperatures == 0
			masks = true
		case Temperature:
			temperatures++
			if c.scale = 0; t > 0 {
				c.scale = 1 / float32(t)
			}
		default:
			c.dense = false
		}
	}
	if temperatures > 1 {
		c.dense = false
	}
	c.scales = c.dense && !masks && c.scale > 0
	looked := 0
	for _, t := range ts {
		if t, ok := t.(interface{ window() int }); ok {
			looked = max(looked, t.window())
		}
	}
	if looked > 0 {
		c.past = newHistory(looked)
	}
	c.Reset(seed)
	return c
}

// Reset goes to the start of the random sequence of seed, with no symbol observed.
func (c *Chain) Reset(seed uint64) {
	c.seed = seed
	c.rng.Seed(seed, stream)
	if c.past != nil {
		c.past.kept = c.past.kept[:0]
	}
}

// Observe notes a symbol of the sequence, which Penalties look at: of the prompt, where
// its symbols are to count, and every symbol that Sample has drawn, once it stands in the
// sequence. Run does so by itself for symbols that it draws, and those that are Given. It
// takes no time in a chain without Penalties, and never allocates. It panics if sym is
// negative.
func (c *Chain) Observe(sym int) {
	if sym < 0 {
		panic("sampler: Observe: negative symbol")
	}
	if c.past != nil {
		c.past.observe(sym)
	}
}

// Seek makes the next draw that of one slot of one of many sequences, such as the
// channel of a pixel of an image: slot p·C + g for channel g of pixel p. Draws of
// slots do not depend on the order in which they are made, nor on those of other
// sequences, so that any schedule draws the same image. The generator is seeded
// with (mix(seed + (sequence + 1)·0x9e3779b97f4a7c15), slot), mix being the
// finaliser of splitmix64.
//
// Steele, Lea and Flood, Fast Splittable Pseudorandom Number Generators, 2014.
func (c *Chain) Seek(sequence, slot uint64) {
	z := c.seed + (sequence+1)*stream
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	c.rng.Seed(z^z>>31, slot)
}

// stream is the second half of the generator's state, the same for all chains:
// 2⁶⁴ divided by the golden ratio, so that small seeds do not start alike.
const stream = 0x9e3779b97f4a7c15

// Sample draws a symbol from logits, which it leaves as they are, or returns -1
// if none is finite. It allocates only where len(logits) exceeds that
// of all calls before.
func (c *Chain) Sample(logits []float32) (id int) {
	x := c.room(len(logits))
	if c.scales {
		// Logits that do not change are not copied: copying 10,000 of them takes a
		// third as long as their exponentials.
		if total := c.exp(logits, c.scale); total > 0 {
			return c.locate(c.rng.Uint64(), len(logits), total)
		}
	}
	copy(x, logits)
	return c.sample(x)
}

// Probabilities sets dst to the distribution that Sample would draw from; all 0
// if no logit is finite. It draws nothing. dst may be logits; lengths
// must agree. Each element is the quotient w[id]/S of the package comment, rounded to
// float32.
func (c *Chain) Probabilities(dst, logits []float32) {
	if len(dst) != len(logits) {
		panic("sampler: Probabilities: len(dst) != len(logits)")
	}
	x := c.room(len(logits))
	copy(x, logits)
	total, only := c.prepare(x)
	switch {
	case only >= 0:
		clear(dst)
		dst[only] = 1
	case total > 0:
		for i, w := range c.expWeights[:len(dst)] {
			dst[i] = float32(float64(w) / total)
		}
	default:
		clear(dst)
	}
}

// room returns a buffer for n logits, after it has made all buffers that long.
func (c *Chain) room(n int) []float32 {
	if n > len(c.x) {
		c.x, c.expWeights, c.sums = kernels.Alloc(n), kernels.Alloc(n), kernels.Alloc(blocks(n))
		if !c.dense {
			c.cands.C = make([]Candidate, 0, n)
		}
		if c.past != nil {
			c.past.counts = make([]int32, n)
		}
	}
	return c.x[:n]
}

// sample draws from x, which it overwrites.
func (c *Chain) sample(x []float32) int {
	if c.scales {
		if total := c.exp(x, c.scale); total > 0 {
			return c.locate(c.rng.Uint64(), len(x), total)
		}
	}
	v := c.rng.Uint64()
	total, only := c.prepare(x)
	switch {
	case only >= 0:
		return only
	case total > 0:
		return c.locate(v, len(x), total)
	}
	return -1
}

// locate returns the symbol that v selects, given expWeights of n symbols.
func (c *Chain) locate(v uint64, n int, total float64) int {
	u := float64(v>>11) * 0x1p-53
	return pick(c.expWeights[:n], c.sums[:blocks(n)], float64(u*total))
}

// prepare applies the transforms to x, which it overwrites, and computes expWeights and
// the block sums. It returns the sum of the latter, 0 if no symbol can be drawn; or,
// where only one symbol can be drawn, that one, which is -1 otherwise.
func (c *Chain) prepare(x []float32) (total float64, only int) {
	scale := float32(1)
	if c.dense {
		scale = c.scale
		for _, t := range c.ts {
			if e, ok := t.(Exclusion); ok {
				e.mask(x)
			}
		}
	} else {
		c.transform(x)
	}
	if scale > 0 {
		if total := c.exp(x, scale); total == total {
			return total, -1
		}
	}
	// Temperature 0, or something is not finite.
	best := kernels.ArgMax(x)
	if best >= 0 && x[best] > math.MaxFloat32 {
		for i, v := range x {
			if v > math.MaxFloat32 {
				x[i] = float32(math.Inf(-1))
			}
		}
		best = kernels.ArgMax(x)
	}
	switch {
	case best < 0 || !finite(x[best]):
		return 0, -1
	case scale == 0 || !finite(float32(x[best]*scale)):
		return 0, best
	}
	for i, v := range x {
		if v != v {
			x[i] = float32(math.Inf(-1))
		}
	}
	return c.exp(x, scale), -1
}

// exp computes expWeights and the block sums of x and returns the sum of the latter,
// which is NaN if the largest logit, scaled, is not finite, or one is NaN.
func (c *Chain) exp(x []float32, scale float32) (total float64) {
	sums := c.sums[:blocks(len(x))]
	kernels.ExpBlocks(c.expWeights[:len(x)], sums, x, scale)
	for _, s := range sums {
		total += float64(s)
	}
	return total
}

// transform applies the transforms to candidates: afterwards x has the logits of those
// that are left, and -Inf elsewhere.
func (c *Chain) transform(x []float32) {
	ts := c.ts
	for len(ts) > 0 {
		e, ok := ts[0].(Exclusion)
		if !ok {
			break
		}
		e.mask(x)
		ts = ts[1:]
	}
	k := len(x)
	if len(ts) > 0 {
		if top, ok := ts[0].(TopK); ok && top > 0 {
			k = min(k, int(top))
			ts = ts[1:]
		}
	}
	room := c.cands.C[:0]
	c.cands.C, c.cands.Sorted, c.cands.past = selectTop(room, x, k), false, c.past
	for _, t := range ts {
		t.Apply(&c.cands)
	}
	fill(x, float32(math.Inf(-1)))
	for _, d := range c.cands.C {
		x[d.ID] = d.Logit
	}
	c.cands.C = room // a transform may have replaced the slice
}

// pick returns the first symbol at which the running sum of expWeights exceeds t ≥ 0, or
// the last symbol that is not 0 if none does; -1 if all are 0. sums are those of blocks.
func pick(expWeights, sums []float32, t float64) int {
	block, start, end := -1, 0.0, 0.0
	for b, s := range sums {
		if s > 0 {
			block, start = b, end
		}
		end += float64(s)
		if end > t {
			break
		}
	}
	if block < 0 {
		return -1
	}
	id, first := -1, block*kernels.ExpBlock
	for i, v := range expWeights[first:min(first+kernels.ExpBlock, len(expWeights))] {
		if v > 0 {
			id = first + i
			if start += float64(v); start > t {
				break
			}
		}
	}
	return id
}
