package sampler

import (
	"context"
	"iter"
	"slices"

	"github.com/autoreg/autoreg/kernels"
)

// RunOptions say where a run ends and which log-probabilities its steps have. The zero
// value, or a nil pointer, is a run without end, unless the source is Finite.
type RunOptions struct {
	Stop     []int // symbols that end the run once they are drawn
	Steps    int   // symbols after which the run ends; 0 means no limit
	LogProbs bool  // compute Step.LogProb of symbols that are drawn too
}

// A Step is one symbol of a run.
type Step struct {
	ID int // the symbol; -1 if there is none, with an error
	// LogProb is ln p of the symbol, in nats, under the softmax of the source's logits,
	// before any transform: x[ID] - logsumexp(x) in float32. It is computed for symbols
	// that were Given, and with RunOptions.LogProbs for the others; otherwise it is 0.
	LogProb float32
	Reason  Reason // why the run ends with this step; 0 if it goes on
}

// Run drives s: logits, transforms, draw, advance, Observe. It yields each symbol after s has
// consumed it, so that a caller that stops can continue from there, with another Run or
// otherwise. The last step has the reason why it is the last. If ctx is done or no
// symbol can be drawn, the last step has no symbol and comes with ctx.Err() or
// [ErrNoSymbol]; s then stands after the symbol yielded before. A Finite source that is
// Done from the start yields nothing. nil options mean the zero value.
//
// Run allocates nothing per symbol. A log-probability takes about as long as a draw.
func (c *Chain) Run(ctx context.Context, s Source, o *RunOptions) iter.Seq2[Step, error] {
	return func(yield func(Step, error) bool) {
		var none RunOptions
		if o == nil {
			o = &none
		}
		finite, _ := s.(Finite)
		if finite != nil && finite.Done() {
			return
		}
		slotted, _ := s.(Slotted)
		given, _ := s.(Given)
		drawer, _ := s.(Drawer)
		if len(c.ts) > 0 || c.last != 1 || o.LogProbs {
			drawer = nil
		}
		x := c.buffer(s.Symbols())
		for n := 1; ; n++ {
			if err := ctx.Err(); err != nil {
				yield(Step{ID: -1, Reason: ReasonCanceled}, err)
				return
			}
			var step Step
			known := false
			if given != nil {
				step.ID, known = given.Given()
			}
			if known || drawer == nil {
				s.Logits(x)
			}
			if known {
				step.LogProb = x[step.ID] - c.logSumExp(x)
			} else {
				if slotted != nil {
					c.Seek(slotted.Slot())
				}
				if drawer != nil {
					u := c.next()
					step.ID = drawer.Draw(u, c.next())
				} else {
					step = c.draw(x, o.LogProbs)
				}
				if step.ID < 0 {
					yield(Step{ID: -1, Reason: ReasonNothing}, ErrNoSymbol)
					return
				}
			}
			s.Advance(step.ID)
			c.Observe(step.ID)
			switch {
			case !known && slices.Contains(o.Stop, step.ID):
				step.Reason = ReasonStop
			case finite != nil && finite.Done():
				step.Reason = ReasonComplete
			case n == o.Steps:
				step.Reason = ReasonLength
			}
			if !yield(step, nil) || step.Reason != 0 {
				return
			}
		}
	}
}

// draw draws from x, which it overwrites.
func (c *Chain) draw(x []float32, logProb bool) (s Step) {
	if !logProb {
		s.ID = c.sample(x)
		return s
	}
	lse, raw := c.logSumExp(x), x
	if c.edits { // the symbol that is drawn may have another logit by then
		if len(c.raw) < len(x) {
			c.raw = kernels.Alloc(len(x))
		}
		raw = c.raw[:len(x)]
		copy(raw, x)
	}
	if s.ID = c.sample(x); s.ID >= 0 {
		s.LogProb = raw[s.ID] - lse
	}
	return s
}

// logSumExp returns ln Σ e^x[i]. It overwrites expWeights.
func (c *Chain) logSumExp(x []float32) float32 { return kernels.LogSumExp(x, c.expWeights[:len(x)]) }
