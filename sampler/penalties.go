package sampler

import (
	"fmt"
	"math"

	"github.com/autoreg/autoreg/internal/apierror"
)

// Penalties lower the logits of symbols that stand among the last ones of the chain's
// history (see [Chain.Observe]), so that texts repeat themselves less. Of a symbol
// that stands n > 0 times among them, the logit x becomes
//
//	x/Repetition if x > 0, x·Repetition otherwise
//	x - (n·Frequency + Presence)
//
// one after the other, each operation rounded to float32. Negative penalties, and a
// Repetition below 1, prefer what has been said before. A logit that overflows can no
// longer be drawn. The zero value changes nothing.
//
// Repetition: Keskar et al., CTRL, 2019, with the negative logits of llama.cpp.
// Presence and Frequency: the API of OpenAI.
type Penalties struct {
	// Window is the number of symbols that are looked at, the last ones; 0 means
	// DefaultWindow.
	Window int
	// Repetition divides positive logits; finite and above 0, 1 changes nothing, and 0
	// means 1.
	Repetition float32
	// Presence is subtracted once, Frequency as often as the symbol occurs: in nats, and
	// finite.
	Presence, Frequency float32
}

// DefaultWindow is the Window of Penalties that give none. MaxWindow is the largest.
const (
	DefaultWindow = 64
	MaxWindow     = 1 << 20
)

// Check returns an error that names the penalty, unless all are in range.
func (p Penalties) Check() error {
	switch {
	case p.Window < 0 || p.Window > MaxWindow:
		return apierror.Wrap("sampler", fmt.Errorf("penalty window %d: want 1 to %d symbols, or 0 for %d", p.Window, MaxWindow, DefaultWindow))
	case !(p.Repetition >= 0 && p.Repetition <= math.MaxFloat32):
		return apierror.Wrap("sampler", fmt.Errorf("repetition penalty %v: want a finite number above 0, or 0 for none", p.Repetition))
	case !finite(p.Presence):
		return apierror.Wrap("sampler", fmt.Errorf("presence penalty %v: want a finite number", p.Presence))
	case !finite(p.Frequency):
		return apierror.Wrap("sampler", fmt.Errorf("frequency penalty %v: want a finite number", p.Frequency))
	}
	return nil
}

// Apply implements Transform. Candidates that do not come from a Chain have no history,
// and stay as they are.
func (p Penalties) Apply(c *Candidates) {
	if p.none() || c.past == nil {
		return
	}
	c.past.count(p.window())
	for i, d := range c.C {
		if n := c.past.counts[d.ID]; n > 0 {
			c.C[i].Logit = p.of(d.Logit, n)
		}
	}
	c.past.uncount(p.window())
	c.Sorted = false
	c.clean()
}

// on is Apply for the logits of all symbols.
func (p Penalties) on(x []float32, past *history) {
	if p.none() {
		return
	}
	past.count(p.window())
	for _, sym := range past.last(p.window()) {
		if int(sym) >= len(past.counts) {
			continue
		}
		if n := past.counts[sym]; n > 0 && int(sym) < len(x) {
			x[sym] = p.of(x[sym], n)
		}
		past.counts[sym] = 0
	}
}

// of returns the logit of a symbol that occurs n times.
func (p Penalties) of(x float32, n int32) float32 {
	if r := p.Repetition; r != 0 {
		if x > 0 {
			x /= r
		} else {
			x = float32(x * r)
		}
	}
	return x - (float32(float32(n)*p.Frequency) + p.Presence)
}

func (p Penalties) none() bool {
	return (p.Repetition == 0 || p.Repetition == 1) && p.Presence == 0 && p.Frequency == 0
}

// window returns the number of symbols that are looked at.
func (p Penalties) window() int {
	if p.Window == 0 {
		return DefaultWindow
	}
	return p.Window
}
