package sampler

import (
	"fmt"
	"math"
	"slices"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/kernels"
)

// Temperature divides every logit by T: it draws from p^(1/T), normalised. 1
// changes nothing, less prefers likely symbols, more evens out. T is
// dimensionless, finite and 0 or more.
//
// 0 is the limit: only the symbol with the largest logit is left, on a tie that with the
// lowest id. The same holds for a T so small that logit/T overflows.
//
// The logits are multiplied by 1/T, each product and 1/T itself rounded to
// float32.
type Temperature float32

// Greedy leaves the symbol with the largest logit, on a tie that with the lowest id.
const Greedy Temperature = 0

// Check returns an error unless t is finite and 0 or more.
func (t Temperature) Check() error {
	if !(t >= 0 && t <= math.MaxFloat32) {
		return apierror.Wrap("sampler", fmt.Errorf("temperature %v: want a finite number, 0 or more", float32(t)))
	}
	return nil
}

// Apply implements Transform.
func (t Temperature) Apply(c *Candidates) {
	if t == 1 || len(c.C) == 0 {
		return
	}
	if t == 0 {
		c.keepBest()
		return
	}
	scale, most := 1/float32(t), float32(math.Inf(-1))
	for _, d := range c.C {
		most = max(most, d.Logit)
	}
	if !finite(float32(most * scale)) {
		c.keepBest()
		return
	}
	for i := range c.C {
		c.C[i].Logit = float32(c.C[i].Logit * scale)
	}
	c.Sorted = false // rounding may have made ties
}

// TopK keeps the K symbols with the largest logits, of those that tie for the
// last place the lowest ids. 0 keeps all. It costs least before a Temperature.
type TopK int

// Check returns an error if k is negative.
func (k TopK) Check() error {
	if k < 0 {
		return apierror.Wrap("sampler", fmt.Errorf("top-k %d: want 1 or more, or 0 for no limit", int(k)))
	}
	return nil
}

// Apply implements Transform.
func (k TopK) Apply(c *Candidates) {
	if k > 0 {
		c.keep(int(k))
	}
}

// An Exclusion is a set of symbols that are never drawn.
type Exclusion struct {
	runs []run // ascending, with gaps between
}

// A run is the ids from first up to, and not including, end.
type run struct{ first, end int }

// Exclude returns the set of the given symbols, in any order. Ids that a source
// does not know have no effect. It panics if one is negative.
func Exclude(ids ...int) Exclusion {
	sorted := slices.Sorted(slices.Values(ids))
	if len(sorted) > 0 && sorted[0] < 0 {
		panic("sampler: Exclude: negative id")
	}
	var e Exclusion
	for _, id := range sorted {
		if n := len(e.runs); n > 0 && id <= e.runs[n-1].end {
			e.runs[n-1].end = id + 1
			continue
		}
		e.runs = append(e.runs, run{id, id + 1})
	}
	return e
}

// Apply implements Transform.
func (e Exclusion) Apply(c *Candidates) {
	kept := c.C[:0]
	for _, d := range c.C {
		if !e.has(int(d.ID)) {
			kept = append(kept, d)
		}
	}
	c.C = kept
}

func (e Exclusion) has(id int) bool {
	_, found := slices.BinarySearchFunc(e.runs, id, func(r run, id int) int {
		switch {
		case r.end <= id:
			return -1
		case r.first > id:
			return 1
		}
		return 0
	})
	return found
}

// mask sets the logits of the symbols to -Inf.
func (e Exclusion) mask(x []float32) {
	for _, r := range e.runs {
		if r.first < len(x) {
			fill(x[r.first:min(r.end, len(x))], float32(math.Inf(-1)))
		}
	}
}

// fill sets every element of x to v, at the speed of copy.
func fill(x []float32, v float32) {
	if len(x) == 0 {
		return
	}
	x[0] = v
	for n := 1; n < len(x); n *= 2 {
		copy(x[n:], x[:n])
	}
}

// Check returns the error of the first transform that is nil, or whose method Check, if
// it has one, returns one. Parameters that come from outside should pass it before New.
func Check(ts ...Transform) error {
	for i, t := range ts {
		if t == nil {
			return apierror.Wrap("sampler", fmt.Errorf("transform %d is nil: leave it out", i))
		}
		if c, ok := t.(interface{ Check() error }); ok {
			if err := c.Check(); err != nil {
				return err
			}
		}
	}
	return nil
}

// blocks returns the number of block sums of n weights.
func blocks(n int) int { return (n + kernels.ExpBlock - 1) / kernels.ExpBlock }
