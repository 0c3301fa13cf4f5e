package sampler

import (
	"fmt"
	"math"
	"slices"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/portable"
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
		c.ranks = append(c.ranks, rankOf(-w, i))
	}
	c.keepShare(float64(p))
}

// TypicalP keeps the symbols whose surprise, -ln probability, is nearest to the
// expected one, which is the entropy: as many as TopP does, but taken by rising
// |surprise - entropy|, those that tie by rising id. So it may drop the likeliest
// symbol, where a likely one is no surprise. 1 keeps all.
//
// With d[id] = m - x[id] and the weights w of TopP, both of symbols with a weight above
// 0, surprise - entropy is d[id] - Σw·d/Σw, in float64, sums by rising id; its absolute
// value is rounded to float32.
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
			c.ranks = append(c.ranks, rankOf(float32(math.Abs(float64(most)-float64(c.C[i].Logit)-expected)), i))
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
