package sampler

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/autoreg/autoreg/kernels"
)

// A Chain draws symbols; see the package comment for how. It is for one
// goroutine at a time.
type Chain struct {
	seed uint64
	rng  rand.PCG
	past *history // nil if no transform looks at it

	// A Temperature that comes last is not among ts but here, as its inverse, 0 for
	// temperature 0: the exponentials take it along.
	ts    []Transform
	last  Temperature
	scale float32
	// edits is set if a transform may change a logit, apart from the last temperature, and
	// reads if logits need not be changed at all in order to draw.
	edits, reads bool

	x          []float32 // logits, transformed in place
	raw        []float32 // logits before they are changed, where a log-probability is asked for
	expWeights []float32 // e^(x - m), m being the largest logit
	sums       []float32 // of the blocks of expWeights, or of those that candidates lie in
	starts     []int     // the first candidate of each of the latter
	mask, ties []uint64  // a bit for each symbol
	maxima     []float32 // of columns of logits
	edge       []Candidate
	cands      Candidates
	room       []Candidate // of cands
}

// New returns a chain at the start of the random sequence of seed. Without
// transforms it draws from the softmax of the logits. It panics if Check(ts...)
// would return an error.
func New(seed uint64, ts ...Transform) *Chain {
	if Check(ts...) != nil {
		panic("sampler: New: invalid transform; see Check")
	}
	c := &Chain{ts: slices.Clone(ts), last: 1, scale: 1}
	if n := len(ts); n > 0 {
		if t, ok := ts[n-1].(Temperature); ok {
			c.ts, c.last, c.scale = c.ts[:n-1], t, 0
			if t > 0 {
				c.scale = 1 / float32(t)
			}
		}
	}
	looked := 0
	c.reads = c.scale > 0
	for i, t := range c.ts {
		switch t := t.(type) {
		case Exclusion:
			c.reads = false
		case TopP:
			// Alone it marks what it keeps.
			c.reads = c.reads && i == 0 && len(c.ts) == 1 && c.scale == 1
		default:
			c.reads, c.edits = false, true
			if t, ok := t.(interface{ window() int }); ok {
				looked = max(looked, t.window())
			}
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
// negative or above 2³¹ - 1, the largest ID of a Candidate.
func (c *Chain) Observe(sym int) {
	if sym < 0 || sym > math.MaxInt32 {
		panic("sampler: Observe: symbol out of range")
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
// finaliser of splitmix64. A symbol that is drawn from logits takes the first output of its
// slot, one that a Drawer draws the first two.
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
	x := c.buffer(len(logits))
	if c.reads {
		// Logits that do not change are not copied: copying 10,000 of them takes a
		// third as long as their exponentials.
		if d := c.read(logits); d.total > 0 {
			return d.pick(c.next() * d.total)
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
	x := c.buffer(len(logits))
	copy(x, logits)
	d := c.prepare(x)
	clear(dst)
	switch {
	case d.only >= 0:
		dst[d.only] = 1
	case d.few != nil:
		for i, w := range d.weights {
			dst[d.few[i].ID] = float32(float64(w) / d.total)
		}
	default:
		for i, w := range d.weights {
			if d.keeps(i, w) {
				dst[i] = float32(float64(w) / d.total)
			}
		}
	}
}

// buffer returns a buffer for n logits, after it has made all buffers that long.
func (c *Chain) buffer(n int) []float32 {
	if n > len(c.x) {
		c.x, c.expWeights, c.sums = kernels.Alloc(n), kernels.Alloc(blocks(n)*kernels.ExpBlock), kernels.Alloc(blocks(n))
		if len(c.ts) > 0 {
			c.room, c.edge = make([]Candidate, 0, n), make([]Candidate, 0, n)
			c.starts, c.maxima = make([]int, blocks(n)), make([]float32, n/4)
			c.mask, c.ties = make([]uint64, blocks(n)*kernels.ExpBlock/64), make([]uint64, words(n))
			c.cands = newCandidates(n)
		}
		if c.past != nil {
			c.past.counts = make([]int32, n)
		}
	}
	return c.x[:n]
}

// sample draws from x, which it overwrites.
func (c *Chain) sample(x []float32) int {
	u := c.next()
	d := c.prepare(x)
	switch {
	case d.only >= 0:
		return d.only
	case d.total > 0:
		return d.pick(u * d.total)
	}
	return -1
}

// Float64 returns the next output of the generator as a number in [0, 1), for sources that
// draw in a way of their own.
func (c *Chain) Float64() float64 { return c.next() }

// next returns the next output of the generator as a number in [0, 1).
func (c *Chain) next() float64 { return float64(c.rng.Uint64()>>11) * 0x1p-53 }
