package sampler

import (
	"math"
	"math/bits"
	"slices"

	"github.com/autoreg/autoreg/kernels"
)

// Top appends the k symbols with the largest finite logits x[id] to dst, sorted
// by falling logit, ties by rising ID; fewer if there are no more.
func Top(dst []Candidate, x []float32, k int) []Candidate {
	n := len(dst)
	c := Candidates{C: selectTop(slices.Grow(dst, max(min(k, len(x)), 0))[n:], x, k)}
	c.Sort()
	return append(dst, c.C...)
}

// selectTop appends what Top does to dst, which is empty, in no order.
func selectTop(dst []Candidate, x []float32, k int) []Candidate {
	id := 0
	for ; id < len(x) && len(dst) < k; id++ {
		if finite(x[id]) {
			dst = append(dst, Candidate{int32(id), x[id]})
		}
	}
	if len(dst) == 0 || id == len(x) {
		return dst
	}
	heapify(dst)
	worst := dst[0].Logit
	for id < len(x) {
		// Most chunks hold nothing better, which Max finds out faster than the loop.
		end := min(id+chunk, len(x))
		if kernels.Max(x[id:end]) <= worst {
			id = end
			continue
		}
		for ; id < end; id++ {
			// A tie loses: ids rise.
			if v := x[id]; v > worst && finite(v) {
				dst[0] = Candidate{int32(id), v}
				siftDown(dst, 0)
				worst = dst[0].Logit
			}
		}
	}
	return dst
}

// chunk is the number of logits of which selectTop takes the maximum at once.
const chunk = 64

// topK makes candidates of the k symbols with the largest finite logits, k > 0.
//
// The logits are read as rows. Each of the k largest of the columns' maxima is a logit,
// so that k symbols at least are not below the least of them, and few more.
func (c *Chain) topK(x []float32, k int) {
	if columns := (k + k/2 + 63) / 64 * 64; k < len(x) && columns <= len(x)/4 {
		maxima := c.maxima[:columns]
		kernels.MaxColumns(maxima, x)
		if least := largest(maxima, k); finite(least) {
			kernels.MaskBetween(c.mask[:words(len(x))], x, least, float32(math.Inf(1)))
			if n := c.countMasked(x); n >= k { // fewer if maxima are +Inf
				c.gather(x)
				c.cands.keep(k)
				return
			}
		}
	}
	c.all(x)
	c.cands.keep(k)
}

// largest returns the k-th largest of x, 0 < k ≤ len(x), and changes their order. No
// element is NaN.
func largest(x []float32, k int) float32 {
	k--
	for lo, hi := 0, len(x)-1; lo < hi; {
		pivot := x[lo+(hi-lo)/2]
		i, j := lo, hi
		for i <= j {
			for x[i] > pivot {
				i++
			}
			for x[j] < pivot {
				j--
			}
			if i <= j {
				x[i], x[j] = x[j], x[i]
				i++
				j--
			}
		}
		switch {
		case k <= j:
			hi = j
		case k >= i:
			lo = i
		default:
			return x[k]
		}
	}
	return x[k]
}

// all makes candidates of all symbols with finite logits.
func (c *Chain) all(x []float32) {
	list := c.room[:0]
	for id, v := range x {
		if finite(v) {
			list = append(list, Candidate{int32(id), v})
		}
	}
	c.begin(list)
}

// take drops the symbols that are not in c.mask: it makes candidates of the others, if
// these are few, and otherwise sets the logits of those that are dropped to -Inf.
func (c *Chain) take(x []float32) bool {
	if c.countMasked(x) <= few(x) {
		c.gather(x)
		return true
	}
	for i, m := range c.mask[:words(len(x))] {
		for m = ^m; m != 0; m &= m - 1 {
			if id := 64*i + bits.TrailingZeros64(m); id < len(x) {
				x[id] = float32(math.Inf(-1))
			}
		}
	}
	return false
}

// few returns up to how many symbols are worked on as candidates.
func few(x []float32) int { return len(x) / 16 }

// gather makes candidates of the symbols in c.mask.
func (c *Chain) gather(x []float32) {
	c.begin(appendMasked(c.room[:0], c.mask[:words(len(x))], x))
}

// appendMasked appends the symbols in mask, with what x has for them.
func appendMasked(dst []Candidate, mask []uint64, x []float32) []Candidate {
	for i, m := range mask {
		for ; m != 0; m &= m - 1 {
			id := 64*i + bits.TrailingZeros64(m)
			dst = append(dst, Candidate{int32(id), x[id]})
		}
	}
	return dst
}

// begin sets the candidates to list, which is sorted by ID.
func (c *Chain) begin(list []Candidate) {
	c.cands.C, c.cands.Sorted, c.cands.past = list, false, c.past
}

// countMasked returns the number of symbols in c.mask.
func (c *Chain) countMasked(x []float32) (n int) {
	for _, m := range c.mask[:words(len(x))] {
		n += bits.OnesCount64(m)
	}
	return n
}

// most returns the largest finite logit, -Inf if there is none, after it has made NaN
// and +Inf -Inf.
func most(x []float32) float32 {
	m := kernels.Max(x)
	if m != m || m > math.MaxFloat32 {
		clean(x)
		m = kernels.Max(x)
	}
	return m
}

// clean sets logits that cannot be drawn to -Inf.
func clean(x []float32) {
	for i, v := range x {
		if !finite(v) {
			x[i] = float32(math.Inf(-1))
		}
	}
}

// words returns the length of a mask of n symbols.
func words(n int) int { return (n + 63) / 64 }
