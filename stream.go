package autoreg

import (
	"context"
	"iter"
	"math"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/sampler"
)

// A Stream is one sequence under way, read or drawn, for one goroutine at a time.
// It is a sampler.Source. It keeps the state of the network after the symbols so far,
// so that each symbol takes one step, however long the sequence.
type Stream struct {
	model *TextModel
	state *layers.State
	named int // symbols from here on have no word

	unknown bool                // the unknown token may be drawn
	count   uint64              // symbols consumed
	recent  [recentTokens]int32 // the last of them: number n, from 0, at n modulo the length

	member *member[textWork] // of the group that steps it; nil if there is none
}

// recentTokens is how many symbols a stream remembers, for penalties and spacing where a
// text goes on from it.
const recentTokens = 256

// NewStream returns a stream at the start of a sequence.
func (m *TextModel) NewStream() *Stream {
	return &Stream{model: m, state: m.text.Stack.NewState(), named: m.text.Tokenizer.Len()}
}

// Symbols returns the number of symbols that the model has logits for.
func (s *Stream) Symbols() int { return s.model.Symbols() }

// Advance consumes sym. It does not compute the logits of the next symbol, which are not
// needed inside a prompt. It panics if sym is not in [0, Symbols()). It does not
// allocate.
func (s *Stream) Advance(sym int) {
	if s.member != nil {
		s.leaveToGroup(sym)
	} else {
		s.state.Advance(sym)
	}
	s.recent[s.count%recentTokens] = int32(sym)
	s.count++
}

// Logits sets dst [Symbols()] to the logits of the next symbol, unnormalised
// natural-log weights. Those of symbols that the vocabulary does not name are -Inf, and
// so is that of the unknown token unless AllowUnknown was called, so that they are never
// drawn.
// Before the first Advance the logits are those of the zero state, which training does
// not use. It panics if the length is wrong. It does not allocate.
func (s *Stream) Logits(dst []float32) {
	if len(dst) != s.Symbols() {
		panic("autoreg: Stream: Logits: wrong length")
	}
	if s.member != nil {
		s.member.work.logits = dst
		s.member.wait()
		s.member.work.logits = nil
	} else {
		s.state.Logits(dst)
	}
	s.mask(dst)
}

// mask sets the logits of symbols that are never drawn to -Inf.
func (s *Stream) mask(dst []float32) {
	for i := s.named; i < len(dst); i++ {
		dst[i] = float32(math.Inf(-1))
	}
	if id := s.model.Tokenizer().Unknown(); !s.unknown && id >= 0 {
		dst[id] = float32(math.Inf(-1))
	}
}

// AllowUnknown sets whether the unknown token, which stands for all that the vocabulary
// lacks, has its logit and so can be drawn; at first it cannot. Advance always takes it.
func (s *Stream) AllowUnknown(allow bool) { s.unknown = allow }

// SetThreads makes Logits run on n threads, as long as s has not joined a Group; at first,
// and for n < 1, it runs on one. The logits are the same. It helps where the output layer
// is large and one core cannot read its weights as fast as the machine's memory gives
// them. A goroutine has to begin on another CPU, which is left idle again until the next
// call: on a Zen 5, whose one core does, two threads take 1.3 times as long for 10,000 words
// and 128 units, as long for 512 units, and 0.92 times as long for 30,000 words.
func (s *Stream) SetThreads(n int) { s.state.SetThreads(n) }

// Reset goes back to the start of a sequence. AllowUnknown stays as it was set.
func (s *Stream) Reset() {
	if s.member != nil {
		s.member.work.symbol = -1
	}
	s.state.Reset()
	s.count = 0
}

// Fork returns a stream that continues from where s stands, independently. AllowUnknown
// is copied too. It takes microseconds: it copies a few kilobytes and runs no layer.
func (s *Stream) Fork() *Stream {
	fork := s.model.NewStream()
	fork.CopyFrom(s)
	return fork
}

// CopyFrom is Fork into a stream that exists, which allocates nothing, for loops that fork
// at every step. A group that s has joined goes on stepping it. It panics if the streams
// are of different models.
func (s *Stream) CopyFrom(src *Stream) {
	if s.model != src.model {
		panic("autoreg: Stream: CopyFrom: streams of different models")
	}
	s.state.CopyFrom(src.state)
	symbol := -1 // that no layer of src has consumed yet
	if src.member != nil {
		symbol = src.member.work.symbol
	}
	switch {
	case s.member != nil:
		s.member.work.symbol = symbol
	case symbol >= 0:
		s.state.Advance(symbol)
	}
	s.unknown, s.count, s.recent = src.unknown, src.count, src.recent
}

// remembered yields the last symbols that s has consumed, the oldest first.
func (s *Stream) remembered(yield func(sym int) bool) {
	for n := s.count - min(s.count, recentTokens); n < s.count; n++ {
		if !yield(int(s.recent[n%recentTokens])) {
			return
		}
	}
}

// Generate consumes the prompt and then draws symbols with c, as c.Run does with
// the stop token, the model's own end of a text, as stop symbol, if there is one. For a limit or
// log-probabilities, Advance the prompt and call c.Run.
//
// Each symbol is yielded after the stream has consumed it. A caller that stops
// may range over the same sequence again: it continues where the stream
// stands, the prompt having been consumed. A symbol of the prompt that is out of
// range, a done ctx, and logits of which none is finite end the sequence with -1
// and an error, the second with ctx.Err(), the third with sampler.ErrNoSymbol.
// Nothing is allocated per symbol.
func (s *Stream) Generate(ctx context.Context, c *sampler.Chain, prompt ...int) iter.Seq2[sampler.Step, error] {
	return func(yield func(sampler.Step, error) bool) {
		n, err := s.read(ctx, c, prompt)
		prompt = prompt[n:]
		if err != nil {
			step := sampler.Step{ID: -1}
			if ctx.Err() != nil {
				step.Reason = sampler.ReasonCanceled
			}
			yield(step, err)
			return
		}
		c.Run(ctx, s, &sampler.RunOptions{Stop: s.model.stop()})(yield)
	}
}

// read consumes symbols, which c takes note of, and returns how many.
func (s *Stream) read(ctx context.Context, c *sampler.Chain, ids []int) (n int, err error) {
	for n, id := range ids {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		if id < 0 || id >= s.Symbols() {
			return n, wrap(apierror.Errorf("prompt: symbol %d: want 0 to %d", id, s.Symbols()-1))
		}
		s.Advance(id)
		c.Observe(id)
	}
	return len(ids), nil
}
