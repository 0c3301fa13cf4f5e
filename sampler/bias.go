package sampler

import (
	"fmt"
	"slices"

	"github.com/autoreg/autoreg/internal/apierror"
)

// A SymbolBias is what is added to the logit of a symbol.
type SymbolBias struct {
	ID   int
	Bias float32 // in nats; finite
}

// A LogitBias adds to the logits of some symbols: 1 makes a symbol e times as likely in
// proportion to the others, -1 as many times less likely. A logit that overflows can no
// longer be drawn. To rule symbols out, Exclude them.
type LogitBias struct{ list []SymbolBias }

// Bias returns the transform that adds what is in list, in its order. Ids that a source
// does not know have no effect.
func Bias(list ...SymbolBias) LogitBias { return LogitBias{slices.Clone(list)} }

// Check returns an error that names the symbol, if one is negative or its bias is not
// finite.
func (b LogitBias) Check() error {
	for _, s := range b.list {
		switch {
		case s.ID < 0:
			return apierror.Wrap("sampler", fmt.Errorf("bias of symbol %d: want a symbol, 0 or more", s.ID))
		case !finite(s.Bias):
			return apierror.Wrap("sampler", fmt.Errorf("bias %v of symbol %d: want a finite number", s.Bias, s.ID))
		}
	}
	return nil
}

// Apply implements Transform.
func (b LogitBias) Apply(c *Candidates) {
	if len(b.list) == 0 {
		return
	}
	c.sortByID()
	for _, s := range b.list {
		at, found := slices.BinarySearchFunc(c.C, s.ID, func(d Candidate, id int) int { return int(d.ID) - id })
		if found {
			c.C[at].Logit += s.Bias
		}
	}
	c.Sorted = false
	c.clean()
}

// on is Apply for the logits of all symbols.
func (b LogitBias) on(x []float32) {
	for _, s := range b.list {
		if s.ID < len(x) {
			x[s.ID] += s.Bias
		}
	}
}
