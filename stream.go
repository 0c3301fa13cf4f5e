package autoreg

import (
	"context"
	"iter"
	"math"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/sampler"
	"github.com/autoreg/autoreg/tokenizer"
)

// A Stream is one sequence being read or written, for one goroutine at a time.
// It is a sampler.Source. It keeps the state of the network after the symbols so far,
// so that each costs one step, however long the sequence.
type Stream struct {
	model *TextModel
	state *layers.State
	named int // symbols from here on have no word

	unknown bool // "[UNK]" may be drawn
}

// NewStream returns a stream at the start of a sequence.
func (m *TextModel) NewStream() *Stream {
	return &Stream{model: m, state: m.text.Stack.NewState(), named: m.text.Tokenizer.Len()}
}

// Symbols returns the number of symbols that the model scores.
func (s *Stream) Symbols() int { return s.model.Symbols() }

// Advance consumes sym. It does not compute the logits of the next symbol, of which a
// prompt has no need. It panics if sym is not in 0 to Symbols()-1. It does not
// allocate.
func (s *Stream) Advance(sym int) { s.state.Advance(sym) }

// Logits sets dst [Symbols()] to the logits of the next symbol, unnormalised
// natural-log probabilities. Those of symbols that the vocabulary does not name are
// -Inf, and so is that of "[UNK]" unless AllowUnknown was called, so that nothing can
// draw them. Before the first Advance the logits are those of an empty memory, which no
// training has shaped. It panics if the length is wrong. It does not allocate.
func (s *Stream) Logits(dst []float32) {
	s.state.Logits(dst)
	for i := s.named; i < len(dst); i++ {
		dst[i] = float32(math.Inf(-1))
	}
	if !s.unknown {
		dst[tokenizer.Unknown] = float32(math.Inf(-1))
	}
}

// AllowUnknown says whether "[UNK]", the model's name for all words that it does not
// know, has its logit and so can be drawn; at first it cannot. Reading it is always
// allowed.
func (s *Stream) AllowUnknown(allow bool) { s.unknown = allow }

// Reset goes back to the start of a sequence. What AllowUnknown said still holds.
func (s *Stream) Reset() { s.state.Reset() }

// CopyFrom makes s a fork of src: both continue from where src stands, without
// touching each other, and with what AllowUnknown said to src. It is as cheap as
// copying a few kilobytes. It panics if the streams are of different models.
func (s *Stream) CopyFrom(src *Stream) {
	if s.model != src.model {
		panic("autoreg: Stream: CopyFrom: streams of different models")
	}
	s.state.CopyFrom(src.state)
	s.unknown = src.unknown
}

// stop ends a text.
var stop = []int{tokenizer.Stop}

// Generate consumes the prompt and then draws symbols with c, as c.Run does with
// tokenizer.Stop, the model's own end of a text, as stop symbol. For a limit or
// log-probabilities, Advance the prompt and call c.Run.
//
// Each symbol is yielded after the stream has consumed it. A caller who breaks
// off may range over the same sequence again: it continues where the stream
// stands, the prompt having been consumed. A symbol of the prompt that is out of
// range, a done ctx, and logits of which none is finite end the sequence with -1
// and an error, the second with ctx.Err(), the third with sampler.ErrNoSymbol.
// Nothing is allocated per symbol.
func (s *Stream) Generate(ctx context.Context, c *sampler.Chain, prompt ...int) iter.Seq2[sampler.Step, error] {
	return func(yield func(sampler.Step, error) bool) {
		n, err := s.read(ctx, prompt)
		prompt = prompt[n:]
		if err != nil {
			step := sampler.Step{ID: -1}
			if ctx.Err() != nil {
				step.Reason = sampler.ReasonCanceled
			}
			yield(step, err)
			return
		}
		c.Run(ctx, s, &sampler.RunOptions{Stop: stop})(yield)
	}
}

// read consumes symbols and returns how many.
func (s *Stream) read(ctx context.Context, ids []int) (n int, err error) {
	for n, id := range ids {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		if id < 0 || id >= s.Symbols() {
			return n, wrap(apierror.Errorf("prompt: symbol %d: want 0 to %d", id, s.Symbols()-1))
		}
		s.Advance(id)
	}
	return len(ids), nil
}
