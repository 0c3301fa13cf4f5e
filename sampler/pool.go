package sampler

import (
	"math"
	"math/bits"

	"github.com/autoreg/autoreg/kernels"
)

// A pool is what a draw chooses from.
type pool struct {
	total float64 // the sum of weights; 0 if no symbol can be drawn
	only  int     // the symbol, if there is only one; otherwise -1

	// few is set if the symbols are candidates, sorted by ID: otherwise weights has those
	// of all symbols, and can be drawn those above least, and up to the id cut those that
	// equal it.
	few     []Candidate
	weights []float32
	least   float32
	cut     int
	last    int // the lightest symbol that nucleus keeps

	// sums are the sums of weights that can be drawn, of blocks of ids; of candidates, of
	// those in which there are any, starts being the first candidate of each.
	sums   []float32
	starts []int
}

func (d *pool) keeps(id int, w float32) bool { return w > d.least || w == d.least && id <= d.cut }

// dense returns the pool of the n symbols whose weights and block sums exp has computed.
func (c *Chain) dense(n int, total float64) pool {
	return pool{total: total, only: -1, weights: c.expWeights[:n], cut: -1, sums: c.sums[:blocks(n)]}
}

// read returns the pool of logits that need not be changed; its total is not above 0 if
// something is not finite.
func (c *Chain) read(logits []float32) pool {
	d := c.dense(len(logits), c.exp(logits, c.scale))
	if len(c.ts) > 0 && d.total > 0 {
		c.nucleus(&d, float64(c.ts[0].(TopP)))
	}
	return d
}

// prepare applies the transforms to x, which it overwrites, and computes the weights of
// the symbols that can be drawn. As long as these are many, they are logits in x, and -Inf
// for the others; once they are few, or a transform has no other form, they are
// candidates. The result is the same.
func (c *Chain) prepare(x []float32) pool {
	for i, t := range c.ts {
		rest := c.ts[i+1:]
		switch t := t.(type) {
		case Exclusion:
			t.mask(x)
		case LogitBias:
			t.on(x)
		case Penalties:
			t.on(x, c.past)
		case TopK:
			if t > 0 {
				c.topK(x, int(t))
				return c.finish(rest)
			}
		case MinP:
			if t <= 0 {
				continue
			}
			kernels.MaskBetween(c.mask[:words(len(x))], x, t.least(most(x)), float32(math.Inf(1)))
			if c.take(x) {
				return c.finish(rest)
			}
		case TopP:
			if t >= 1 {
				continue
			}
			total := c.exp(x, 1)
			if total != total && finite(most(x)) {
				total = c.exp(x, 1)
			}
			if !(total > 0) {
				return nothing
			}
			d := c.dense(len(x), total)
			c.nucleus(&d, float64(t))
			if len(rest) == 0 && c.scale == 1 {
				return d
			}
			c.maskNucleus(&d)
			if len(rest) == 0 && c.scale > 0 && c.countMasked(x) > few(x) {
				if d, ok := c.heat(x, d); ok {
					return d
				}
			}
			if c.take(x) {
				return c.finish(rest)
			}
		case Temperature:
			if t == 1 {
				continue
			}
			if scale := 1 / float32(t); t > 0 && finite(float32(most(x)*scale)) {
				kernels.Scale(x, scale)
				continue
			}
			c.all(x)
			return c.finish(c.ts[i:])
		default:
			c.all(x)
			return c.finish(c.ts[i:])
		}
	}
	return c.softmax(x)
}

// heat returns the pool of the symbols in c.mask, which are those of d, after the last
// temperature. It takes the weights of all symbols, and of these those from that of
// d.last on: the same symbols, apart from new ties, which lose their weight. It returns
// false if they turn out not to be the same.
func (c *Chain) heat(x []float32, d pool) (pool, bool) {
	w := d.weights
	total := c.exp(x, c.scale)
	if d.least, d.cut = w[d.last], len(w); !(total > 0) || d.least == 0 {
		return d, false
	}
	ties := c.ties[:words(len(w))]
	kernels.MaskBetween(ties, w, d.least, math.Nextafter32(d.least, 2))
	for i, m := range ties {
		for m &^= c.mask[i]; m != 0; m &= m - 1 {
			w[64*i+bits.TrailingZeros64(m)] = 0
		}
	}
	n := kernels.SumBlocksFrom(d.sums, w, d.least)
	d.total = inOrder(d.sums)
	return d, n == c.countMasked(x)
}

// softmax returns the pool of x, which it may change, after the last temperature.
func (c *Chain) softmax(x []float32) pool {
	if c.scale > 0 {
		if total := c.exp(x, c.scale); total == total {
			return c.dense(len(x), total)
		}
	}
	// Temperature 0, or something is not finite.
	best := kernels.ArgMax(x)
	if best >= 0 && x[best] > math.MaxFloat32 {
		clean(x)
		best = kernels.ArgMax(x)
	}
	switch {
	case best < 0 || !finite(x[best]):
		return nothing
	case c.scale == 0 || !finite(float32(x[best]*c.scale)):
		return pool{only: best}
	}
	clean(x)
	return c.dense(len(x), c.exp(x, c.scale))
}

// exp computes expWeights and the block sums of x and returns the sum of the latter,
// which is NaN if the largest logit, scaled, is not finite, or one is NaN.
func (c *Chain) exp(x []float32, scale float32) (total float64) {
	sums := c.sums[:blocks(len(x))]
	kernels.ExpBlocks(c.expWeights[:len(x)], sums, x, scale)
	return inOrder(sums)
}

// nothing is the pool without symbols.
var nothing = pool{only: -1}

// inOrder returns the sum of sums.
func inOrder(sums []float32) (total float64) {
	for _, s := range sums {
		total += float64(s)
	}
	return total
}

// finish applies ts and the last temperature to the candidates and returns the pool of
// those that are left.
func (c *Chain) finish(ts []Transform) pool {
	for _, t := range ts {
		switch t.(type) {
		case Exclusion, LogitBias, Penalties, TopK, TypicalP, TopP, MinP, Temperature:
			t.Apply(&c.cands)
		default:
			c.applyOther(t)
		}
	}
	c.last.Apply(&c.cands)
	c.cands.clean()
	c.cands.weigh()
	d := pool{only: -1, few: c.cands.C, weights: c.cands.weights, sums: c.sums[:0], starts: c.starts[:0]}
	for i := 0; i < len(d.few); {
		d.starts = append(d.starts, i)
		var sum float32
		sum, i = sumBlock(d.few, d.weights, i)
		d.sums = append(d.sums, sum)
	}
	d.total = inOrder(d.sums)
	return d
}

// applyOther applies a transform that is not of this package, and panics if it has added a
// symbol: one that the logits do not have could be drawn.
func (c *Chain) applyOther(t Transform) {
	known := c.ties
	clear(known)
	for _, d := range c.cands.C {
		known[d.ID/64] |= 1 << (d.ID % 64)
	}
	t.Apply(&c.cands)
	for _, d := range c.cands.C {
		word, bit := int(d.ID>>6), uint64(1)<<(d.ID&63)
		if word < 0 || word >= len(known) || known[word]&bit == 0 {
			panic("sampler: a transform has added a symbol")
		}
		known[word] &^= bit // it may be there once
	}
	c.cands.clean() // a logit that is not finite has no rank
}

// pick returns the symbol that t selects, 0 ≤ t < total: the first at which the running
// sum of weights exceeds t, or the last that can be drawn if none does; -1 if none can.
func (d *pool) pick(t float64) (id int) {
	// The blocks are passed over as wholes.
	block, start, end := -1, 0.0, 0.0
	for b, s := range d.sums {
		if s > 0 {
			block, start = b, end
		}
		end += float64(s)
		if end > t {
			break
		}
	}
	id = -1
	switch {
	case block < 0:
	case d.few != nil:
		from, to := d.starts[block], len(d.few)
		if block+1 < len(d.starts) {
			to = d.starts[block+1]
		}
		for i, w := range d.weights[from:to] {
			if w > 0 {
				id = int(d.few[from+i].ID)
				if start += float64(w); start > t {
					break
				}
			}
		}
	default:
		first := block * kernels.ExpBlock
		for i, w := range d.weights[first:min(first+kernels.ExpBlock, len(d.weights))] {
			if d.keeps(first+i, w) {
				id = first + i
				if start += float64(w); start > t {
					break
				}
			}
		}
	}
	return id
}
