package sampler

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/portable"
	"github.com/autoreg/autoreg/kernels"
)

// TopP keeps the likeliest symbols that together have at least the probability p, and
// as few as that takes, at least one: symbols are taken by falling weight, those that
// tie by rising id, until S(kept) ≥ p·S(all) in float64. Weights e^(x-m) and their sums S
// are those of a draw from the symbols that are kept, or from all (steps 3 and 4 of the
// package comment). 1 keeps all.
//
// Holtzman et al., The Curious Case of Neural Text Degeneration, 2020.
type TopP float64

// Check returns an error unless p is in (0, 1].
func (p TopP) Check() error { return checkShare("top-p", float64(p)) }

// Apply implements Transform.
func (p TopP) Apply(c *Candidates) {
	if p >= 1 || len(c.C) < 2 {
		return
	}
	c.weigh()
	c.ranks = c.ranks[:0]
	for i, w := range c.weights {
		c.ranks = append(c.ranks, rank{-float64(w), int32(i)})
	}
	c.keepShare(float64(p))
}

// nucleus narrows d, the pool of all symbols, to those that TopP keeps, and their sums.
//
// It looks for the smallest weight that is kept by sums of all weights from one on,
// halving again and again those that come into question, and only sorts the last few.
func (c *Chain) nucleus(d *pool, p float64) {
	w, target := d.weights, float64(p*d.total)
	// Weights from lo on have the mass and those from hi on do not, as bits, which order
	// numbers that are not negative like the numbers.
	lo, hi := uint32(0), math.Float32bits(2)
	loMass, hiMass, loCount, hiCount := d.total, 0.0, len(w), 0
	for pass := 0; loCount-hiCount > edgeCount && hi-lo > 1; pass++ {
		// The mean splits them well; halving the bits ends the search in any case.
		at := math.Float32bits(float32((loMass - hiMass) / float64(loCount-hiCount)))
		if pass >= 16 {
			at = lo + (hi-lo)/2
		}
		at = min(max(at, lo+1), hi-1)
		n := kernels.SumBlocksFrom(d.sums, w, math.Float32frombits(at))
		if mass := inOrder(d.sums); mass < target {
			hi, hiMass, hiCount = at, mass, n
		} else {
			lo, loMass, loCount = at, mass, n
		}
	}
	lo = max(lo, 1) // a weight of 0 adds nothing
	kernels.MaskBetween(c.mask[:words(len(w))], w, math.Float32frombits(lo), math.Float32frombits(hi))
	edge := appendMasked(c.edge[:0], c.mask[:words(len(w))], w)
	if hi-lo > 1 {
		sortBest(edge)
	}
	// As in keepShare: this sum is near the one that counts.
	k, sum := 0, hiMass
	for k < len(edge)-1 && sum+float64(edge[k].Logit) < target {
		sum += float64(edge[k].Logit)
		k++
	}
	for k > 0 && d.keepFrom(edge, k-1) >= target {
		k--
	}
	for d.total = d.keepFrom(edge, k); d.total < target; d.total = d.keepFrom(edge, k) {
		k++
	}
}

// edgeCount is how many symbols nucleus sorts.
const edgeCount = 48

// keepFrom has d keep symbols down to edge[k], edge being sorted, and returns the sum of
// their weights.
func (d *pool) keepFrom(edge []Candidate, k int) (total float64) {
	w := d.weights
	d.least, d.cut = edge[k].Logit, len(w)
	if k+1 == len(edge) || edge[k+1].Logit < d.least {
		kernels.SumBlocksFrom(d.sums, w, d.least)
		return inOrder(d.sums)
	}
	// Some that tie are left out. They are cut in the midst of a block.
	d.cut = int(edge[k].ID)
	b := d.cut / kernels.ExpBlock
	from, to := b*kernels.ExpBlock, min((b+1)*kernels.ExpBlock, len(w))
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

// TypicalP keeps the symbols whose surprise, -ln probability, is nearest to the
// expected one, which is the entropy: as many as TopP does, but taken by rising
// |surprise - entropy|, those that tie by rising id. So it may drop the likeliest
// symbol, where a likely one is no surprise. 1 keeps all.
//
// With d[id] = m - x[id] and the weights w of TopP, both of symbols with a weight above
// 0, surprise - entropy is d[id] - Σw·d/Σw, the sums being taken in float64 by rising id.
//
// Meister et al., Locally Typical Sampling, 2023.
type TypicalP float64

// Check returns an error unless p is in (0, 1].
func (p TypicalP) Check() error { return checkShare("typical-p", float64(p)) }

// Apply implements Transform.
func (p TypicalP) Apply(c *Candidates) {
	if p >= 1 || len(c.C) < 2 {
		return
	}
	most := c.weigh()
	total, expected := 0.0, 0.0
	for i, w := range c.weights {
		total += float64(w)
		if w > 0 {
			expected += float64(float64(w) * (float64(most) - float64(c.C[i].Logit)))
		}
	}
	expected /= total
	c.ranks = c.ranks[:0]
	for i, w := range c.weights {
		if w > 0 {
			c.ranks = append(c.ranks, rank{math.Abs(float64(most) - float64(c.C[i].Logit) - expected), int32(i)})
		}
	}
	c.keepShare(float64(p))
}

// MinP keeps the symbols that have at least p times the probability of the likeliest
// one: those with x[id] ≥ m + ln p, the right side being computed in float64 and rounded
// to float32. 0 keeps all, 1 those that tie for the largest logit m.
//
// Nguyen et al., Turning Up the Heat: Min-p Sampling for Creative and Coherent LLM
// Outputs, 2024.
type MinP float64

// Check returns an error unless p is in [0, 1].
func (p MinP) Check() error {
	if !(p >= 0 && p <= 1) {
		return apierror.Wrap("sampler", fmt.Errorf("min-p %v: want 0 to 1", float64(p)))
	}
	return nil
}

// Apply implements Transform.
func (p MinP) Apply(c *Candidates) {
	if p <= 0 || len(c.C) == 0 {
		return
	}
	least := p.least(c.most())
	c.C = slices.DeleteFunc(c.C, func(d Candidate) bool { return d.Logit < least })
}

// least returns the smallest logit that is kept, most being the largest of all.
func (p MinP) least(most float32) float32 { return float32(float64(most) + portable.Log(float64(p))) }

func checkShare(name string, p float64) error {
	if !(p > 0 && p <= 1) {
		return apierror.Wrap("sampler", fmt.Errorf("%s %v: want above 0 and at most 1", name, p))
	}
	return nil
}

// A rank is the place of a candidate in the order in which keepShare takes them.
type rank struct {
	key   float64
	index int32 // in Candidates.C, which is sorted by ID
}

// keepShare keeps the candidates that come first in c.ranks by rising key, those that
// tie by rising ID, until the sum of their weights is at least p times that of all.
func (c *Candidates) keepShare(p float64) {
	slices.SortFunc(c.ranks, func(a, b rank) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.index, b.index))
	})
	target := float64(p * sumWeights(c.C, c.weights))
	c.kept = grow(c.kept, len(c.C))
	kept := c.kept
	clear(kept)
	// Sums of floats depend on their order. That in order of the ids, which counts, lies
	// near this one, and it rises with every weight, since rounding is monotone.
	n, sum := 0, 0.0
	for n < len(c.ranks) && sum < target {
		i := c.ranks[n].index
		kept[i] = c.weights[i]
		sum += float64(kept[i])
		n++
	}
	for n < len(c.ranks) && sumWeights(c.C, kept) < target {
		i := c.ranks[n].index
		kept[i] = c.weights[i]
		n++
	}
	for n > 1 {
		i := c.ranks[n-1].index
		kept[i] = 0
		if sumWeights(c.C, kept) < target {
			kept[i] = c.weights[i]
			break
		}
		n--
	}
	left := c.C[:0]
	for i, d := range c.C {
		if kept[i] > 0 {
			left = append(left, d)
		}
	}
	c.C = left
}
