package sampler

import "fmt"

// A Source computes logits of the next symbol of one sequence. It may also be [Finite],
// [Slotted], [Given] or a [Drawer], in any combination.
type Source interface {
	Symbols() int         // symbols are 0 to Symbols()-1
	Logits(dst []float32) // logits of the next symbol; dst [Symbols()]
	Advance(sym int)      // consume sym
}

// A Finite source has a last symbol, such as the lowest right pixel of an image.
type Finite interface {
	Source
	// Done reports whether the last symbol has been consumed. Run then calls neither
	// Logits nor Advance.
	Done() bool
}

// A Slotted source has draws that do not depend on their order: Run seeks to the slot
// of each symbol before it draws it (see Chain.Seek).
type Slotted interface {
	Source
	Slot() (sequence, slot uint64) // of the next symbol
}

// A Given source knows some of its symbols: Run scores and consumes these without a draw,
// and they take no output of the random generator.
type Given interface {
	Source
	Given() (sym int, ok bool) // the next symbol, if it is known
}

// A Drawer can draw its next symbol itself, in less time than it takes to compute logits.
// Run leaves the draw to it if the chain has no transforms and no log-probability is asked
// for. The two outputs of the random generator that it takes are not those of a draw from
// logits: a chain with a transform draws other symbols from the same seed, even if the
// transform excludes nothing. (A last Temperature of 1 is no transform.)
type Drawer interface {
	Source
	// Draw returns a symbol with the probabilities of the softmax of the logits, u and v being
	// independent and uniform in [0, 1); -1 if no symbol can be drawn.
	Draw(u, v float64) (sym int)
}

// A Reason is why a sequence ends. The zero value means that it goes on.
type Reason uint8

const (
	ReasonStop       Reason = iota + 1 // a stop symbol was drawn: the model's own end
	ReasonLength                       // a limit was reached
	ReasonCanceled                     // the context was done
	ReasonNothing                      // no symbol could be drawn: ErrNoSymbol
	ReasonComplete                     // a Finite source is Done
	ReasonStopString                   // a stop string stands in the text; Run does not give it
)

// String returns "stop", "length", "canceled", "nothing", "complete" or "stop string", or
// "" for a sequence that goes on.
func (r Reason) String() string {
	names := [...]string{"", "stop", "length", "canceled", "nothing", "complete", "stop string"}
	if int(r) < len(names) {
		return names[r]
	}
	return fmt.Sprintf("Reason(%d)", uint8(r))
}

// MarshalText returns what String does: JSON has reasons as strings.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }
