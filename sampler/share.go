package sampler

import (
	"math"
	"slices"

	"github.com/autoreg/autoreg/kernels"
)

// Sums of floats depend on their order. Those that decide what TopP and TypicalP keep are
// taken by id, as a draw takes them. They rise with every weight, since rounding is
// monotone, and differ from the exact sums by less than sumError of the sum of all: each
// of the 256 weights of a block goes through 20 additions of float32 at most, each of
// which may add 2⁻²⁴. So other sums may do the search, and those only decide in the end.
const sumError = 1.0 / (1 << 18)

// A rank is the place of a candidate in the order in which keepShare takes them: a key of
// float32, such that numbers rise with it, and the candidate's index.
type rank uint64

func rankOf(key float32, index int) rank {
	b := math.Float32bits(key)
	if b>>31 != 0 {
		b = ^b
	} else {
		b |= 1 << 31
	}
	return rank(b)<<32 | rank(index)
}

// index returns the candidate's index in Candidates.C, which is sorted by ID.
func (r rank) index() int { return int(uint32(r)) }

// keepShare keeps the candidates that come first in c.ranks by rising key, those that
// tie by rising ID, until the sum of their weights is at least p times that of all.
func (c *Candidates) keepShare(p float64) {
	all := 0.0
	for _, w := range c.weights {
		all += float64(w)
	}
	lo, hi, sum := c.sortRanks(p * all)
	n := lo
	before := 0.0
	for n < len(c.ranks) && sum < p*all {
		before = sum
		sum += float64(c.weights[c.ranks[n].index()])
		n++
	}
	c.kept = grow(c.kept, len(c.C))
	kept := c.kept
	clear(kept)
	for _, r := range c.ranks[:n] {
		kept[r.index()] = c.weights[r.index()]
	}
	if margin := sumError * all; sum < p*all+margin || before > p*all-margin {
		// A close call.
		target := float64(p * sumWeights(c.C, c.weights))
		for ; n < len(c.ranks) && sumWeights(c.C, kept) < target; n++ {
			if n == hi {
				slices.Sort(c.ranks[hi:])
				hi = len(c.ranks)
			}
			i := c.ranks[n].index()
			kept[i] = c.weights[i]
		}
		for ; n > 1; n-- {
			if n == lo {
				slices.Sort(c.ranks[:lo])
				lo = 0
			}
			i := c.ranks[n-1].index()
			kept[i] = 0
			if sumWeights(c.C, kept) < target {
				kept[i] = c.weights[i]
				break
			}
		}
	}
	left := c.C[:0]
	for i, d := range c.C {
		if kept[i] > 0 {
			left = append(left, d)
		}
	}
	c.C = left
}

// sortRanks sorts those of the ranks, lo to hi, that decide how many have a mass of target;
// those before them, which have less, come first, and those that follow come last.
func (c *Candidates) sortRanks(target float64) (lo, hi int, mass float64) {
	hi = len(c.ranks)
	for hi-lo > 64 {
		part := c.ranks[lo:hi]
		m := lo + partition(part)
		more := mass
		for _, r := range c.ranks[lo:m] {
			more += float64(c.weights[r.index()])
		}
		if more < target {
			lo, mass = m, more
		} else {
			hi = m
		}
	}
	slices.Sort(c.ranks[lo:hi])
	return lo, hi, mass
}

// partition orders x, of different elements and two at least, such that the first n, 0 < n
// < len(x), are below the others, and returns n.
func partition(x []rank) (n int) {
	a, b, c := x[0], x[len(x)/2], x[len(x)-1]
	pivot := max(min(a, b), min(max(a, b), c)) // their median
	i, j := 0, len(x)-1
	for {
		for x[i] < pivot {
			i++
		}
		for x[j] > pivot {
			j--
		}
		if i >= j {
			break
		}
		x[i], x[j] = x[j], x[i]
		i++
		j--
	}
	return max(i, 1)
}

// A bracket is where the smallest weight lies that TopP keeps: weights from lo on have the
// mass that is asked for, those from hi on do not. lo and hi are the bits of a float32,
// which for numbers that are not negative are in the order of the numbers.
type bracket struct {
	lo, hi           uint32
	loMass, hiMass   float64
	loCount, hiCount int
}

// cut narrows the bracket to one side of the weight at, by the sum of w from there on. w
// are the weights in the bracket, those that are left out above it being count and of that
// mass.
func (b *bracket) cut(w, sums []float32, target float64, at uint32, mass float64, count int) {
	n := count + kernels.SumBlocksFrom(sums, w, math.Float32frombits(at))
	if m := mass + inOrder(sums); m < target {
		b.hi, b.hiMass, b.hiCount = at, m, n
	} else {
		b.lo, b.loMass, b.loCount = at, m, n
	}
}

// narrow cuts the bracket until few of w are in it, or all are the same.
func (b *bracket) narrow(w, sums []float32, target float64, few int, mass float64, count int) {
	for pass := 0; b.loCount-b.hiCount > few && b.hi-b.lo > 1; pass++ {
		// The mean splits weights well; halving the bits ends the search in any case.
		at := math.Float32bits(float32((b.loMass - b.hiMass) / float64(b.loCount-b.hiCount)))
		if pass >= 16 {
			at = b.lo + (b.hi-b.lo)/2
		}
		b.cut(w, sums, target, min(max(at, b.lo+1), b.hi-1), mass, count)
	}
}

// guess cuts the bracket of all weights by a sample: where the lighter ones have the
// mass that may go, and a little to the other side.
func (b *bracket) guess(w, sums []float32, target float64) {
	const size = 32
	if len(w) < 32*size {
		return
	}
	var sample [size]uint32
	for i := range sample {
		sample[i] = math.Float32bits(w[i*(len(w)/size)])
	}
	slices.Sort(sample[:])
	rest, j := (b.loMass-target)*size/float64(len(w)), 0
	for j < size && rest > 0 {
		rest -= float64(math.Float32frombits(sample[j]))
		j++
	}
	if j == size {
		return // the mass is in a few weights that the sample lacks
	}
	for _, i := range [2]int{j - 1 - j/2, j + 1 + j/2} {
		at := b.hi
		if i >= 0 && i < size {
			at = sample[i]
		}
		if b.lo < at && at < b.hi {
			b.cut(w, sums, target, at, 0, 0)
		}
	}
}

// fewWeights is how many weights nucleus sorts.
const fewWeights = 48

// nucleus narrows d, the pool of all symbols, to those that TopP keeps, and their sums.
// It looks for the smallest of their weights: among all, then among those that come
// into question, and only sorts the last few.
func (c *Chain) nucleus(d *pool, p float64) {
	n := len(d.weights)
	w, target := d.whole(), float64(p*d.total)
	clear(w[n:])
	b := bracket{hi: math.Float32bits(2), loMass: d.total, loCount: n}
	b.guess(w, d.sums, target)
	b.narrow(w, d.sums, target, max(n/16, fewWeights), 0, 0)
	edge := c.within(w, &b)
	if b.hi-b.lo > 1 && len(edge) > fewWeights {
		part := c.cands.kept[:len(edge)]
		for i, e := range edge {
			part[i] = e.Logit
		}
		b.narrow(part, d.sums[:blocks(len(part))], target, fewWeights, b.hiMass, b.hiCount)
		lo, hi := math.Float32frombits(b.lo), math.Float32frombits(b.hi)
		edge = slices.DeleteFunc(edge, func(e Candidate) bool { return e.Logit < lo || hi <= e.Logit })
	}
	if b.hi-b.lo > 1 { // otherwise they tie, and are sorted
		c.sortEdge(edge)
	}
	k, sum := 0, b.hiMass
	for ; k < len(edge)-1 && sum+float64(edge[k].Logit) < target; k++ {
		sum += float64(edge[k].Logit)
	}
	if margin := sumError * d.total; sum > target-margin {
		for k > 0 && d.keepFrom(edge, k-1) >= target {
			k--
		}
	}
	for d.total = d.keepFrom(edge, k); d.total < target; d.total = d.keepFrom(edge, k) {
		k++
	}
}

// whole returns the weights of all symbols and zeros up to the end of the last block: the
// kernels are faster without a part of one.
func (d *pool) whole() []float32 { return d.weights[:len(d.sums)*kernels.ExpBlock] }

// within returns the symbols whose weights are in the bracket, with these in place of
// logits, by rising ID.
func (c *Chain) within(w []float32, b *bracket) []Candidate {
	lo := max(b.lo, 1) // a weight of 0 adds nothing
	mask := c.mask[:len(w)/64]
	kernels.MaskBetween(mask, w, math.Float32frombits(lo), math.Float32frombits(b.hi))
	return appendMasked(c.edge[:0], mask, w)
}

// sortEdge sorts by falling weight, ties by rising ID.
func (c *Chain) sortEdge(edge []Candidate) {
	ranks := c.cands.ranks[:0]
	for _, e := range edge {
		ranks = append(ranks, rankOf(-e.Logit, int(e.ID)))
	}
	slices.Sort(ranks)
	for i, r := range ranks {
		edge[i] = Candidate{int32(r.index()), c.expWeights[r.index()]}
	}
}

// keepFrom has d keep symbols down to edge[k], edge being sorted, and returns the sum of
// their weights.
func (d *pool) keepFrom(edge []Candidate, k int) (total float64) {
	w := d.whole()
	d.least, d.cut, d.last = edge[k].Logit, len(w), int(edge[k].ID)
	if k+1 == len(edge) || edge[k+1].Logit < d.least {
		kernels.SumBlocksFrom(d.sums, w, d.least)
		return inOrder(d.sums)
	}
	// Some that tie are left out. They are cut in the midst of a block.
	d.cut = d.last
	b := d.cut / kernels.ExpBlock
	from, to := b*kernels.ExpBlock, (b+1)*kernels.ExpBlock
	kernels.SumBlocksFrom(d.sums[:b], w[:from], d.least)
	var block [kernels.ExpBlock]float32
	for i := from; i < to; i++ {
		if d.keeps(i, w[i]) {
			block[i-from] = w[i]
		}
	}
	d.sums[b] = kernels.Sum(block[:])
	kernels.SumBlocksFrom(d.sums[b+1:], w[to:], math.Nextafter32(d.least, 2))
	return inOrder(d.sums)
}

// maskNucleus sets c.mask to the symbols of d.
func (c *Chain) maskNucleus(d *pool) {
	kernels.MaskBetween(c.mask[:words(len(d.weights))], d.weights, d.least, float32(math.Inf(1)))
	for id := d.cut + 1; id < len(d.weights); id++ {
		if d.weights[id] == d.least {
			c.mask[id/64] &^= 1 << (id % 64)
		}
	}
}
