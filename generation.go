package autoreg

import (
	"context"
	"iter"
	"slices"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/sampler"
	"github.com/autoreg/autoreg/tokenizer"
)

// A generation is a prompt with its options checked and applied.
type generation struct {
	o      GenerateOptions
	model  *TextModel
	tok    *tokenizer.Tokenizer
	ids    []int // of the prompt
	room   int   // new tokens at most; may be negative
	drawn  int   // new tokens so far
	stream *Stream
	chain  *sampler.Chain
	ranked *ranked // nil without alternatives
	prose  tokenizer.Detokenizer
	plain  bool         // words with a space before each, without prose
	stops  *stopStrings // nil if there are none

	word, text []byte // what a token adds, and what of it is certain
}

func (m *TextModel) prepare(prompt string, o *GenerateOptions) (*generation, error) {
	if o == nil {
		o = &GenerateOptions{}
	}
	if err := o.check(m); err != nil {
		return nil, err
	}
	g := &generation{
		o: *o, model: m, tok: m.Tokenizer(),
		plain: o.Plain && m.Tokenizer().Options().Unit == tokenizer.Words,
		chain: sampler.New(o.Seed, o.transforms()...),
		stops: newStopStrings(o.StopStrings),
	}
	if o.RawPrompt {
		g.ids = g.tok.AppendRaw(nil, prompt)
	} else {
		g.ids = g.tok.Append(nil, prompt)
	}
	switch {
	case g.tok.Unknown() < 0 && len(m.UnknownWords(prompt, o)) > 0:
		return nil, wrap(apierror.Errorf("the prompt has %.40q, which the vocabulary lacks, and there is no unknown token to read it as", m.UnknownWords(prompt, o)[0]))
	case len(g.ids) > 0:
		g.prose = g.tok.DetokenizerAfter(prompt)
	case o.From == nil || o.From.count == 0:
		return nil, ErrEmptyPrompt
	default:
		g.prose = g.tok.Detokenizer()
		for sym := range o.From.remembered {
			if sym < g.tok.Len() {
				g.prose.Observe(sym)
			}
		}
	}
	most := o.MaxTokens
	if most == 0 && o.NewTokens == 0 {
		most = DefaultMaxTokens
	}
	switch g.room = most - len(g.ids); {
	case most == 0:
		g.room = o.NewTokens
	case o.NewTokens != 0:
		g.room = min(g.room, o.NewTokens)
	}
	return g, nil
}

// open makes the stream of the text, which close lets leave its group.
func (g *generation) open() error {
	if g.o.From != nil {
		g.stream = g.o.From.Fork()
	} else {
		g.stream = g.model.NewStream()
	}
	g.stream.AllowUnknown(g.o.AllowUnknown)
	g.stream.SetThreads(g.o.Threads)
	if g.o.Group == nil {
		return nil
	}
	return g.o.Group.Join(g.stream)
}

func (g *generation) close() {
	if g.o.Group != nil {
		g.o.Group.Leave(g.stream)
	}
}

// run reads the prompt and draws, at least one token, from the stream that open has made.
func (g *generation) run(ctx context.Context) iter.Seq2[sampler.Step, error] {
	return func(yield func(sampler.Step, error) bool) {
		s := g.stream
		if g.o.From != nil {
			for sym := range s.remembered {
				g.chain.Observe(sym)
			}
		}
		if _, err := s.read(ctx, g.chain, g.ids); err != nil {
			yield(sampler.Step{ID: -1, Reason: sampler.ReasonCanceled}, err)
			return
		}
		source := sampler.Source(s)
		if n := g.o.Alternatives; n > 0 {
			g.ranked = &ranked{Stream: s, n: n, logits: make([]float32, s.Symbols()), scratch: make([]float32, s.Symbols())}
			source = g.ranked
		}
		o := &sampler.RunOptions{
			Stop:     slices.Concat(g.model.stop(), g.o.StopTokens),
			Steps:    g.room,
			LogProbs: g.o.LogProbs && g.ranked == nil, // ranked has them
		}
		for step, err := range g.chain.Run(ctx, source, o) {
			if err == nil {
				g.drawn++
			}
			if !yield(step, err) {
				return
			}
		}
	}
}

// A ranked stream lists the likeliest symbols of the logits that were computed last, and
// keeps these.
type ranked struct {
	*Stream
	n       int
	logits  []float32
	best    []sampler.Candidate
	total   float32 // ln Σ e^logit
	scratch []float32
}

func (r *ranked) Logits(dst []float32) {
	r.Stream.Logits(dst)
	copy(r.logits, dst)
	r.best = sampler.Top(r.best[:0], dst, r.n)
	r.total = kernels.LogSumExp(dst, r.scratch)
}

// prompt returns the part of the text that is the prompt.
func (g *generation) prompt(text string) string {
	if g.o.OmitPrompt {
		return ""
	}
	return text
}

// spelled returns the text of new tokens that have been chosen otherwise than by run. It
// leaves g as it is.
func (g *generation) spelled(ids []int) string {
	own, text := *g, []byte(nil)
	for _, id := range ids {
		step := sampler.Step{ID: id}
		if id == g.tok.Stop() {
			step.Reason = sampler.ReasonStop
		}
		own.spell(step)
		text = append(text, own.word...)
	}
	return string(own.prose.Flush(text))
}

// piece returns what a step adds to the text.
func (g *generation) piece(step sampler.Step) Piece {
	p := Piece{ID: step.ID, LogProb: step.LogProb}
	if g.ranked != nil {
		p.LogProb = g.ranked.logits[step.ID] - g.ranked.total
		p.Alternatives = make([]TokenScore, len(g.ranked.best))
		for i, c := range g.ranked.best {
			p.Alternatives[i] = TokenScore{int(c.ID), g.tok.Word(int(c.ID)), c.Logit - g.ranked.total}
		}
	}
	g.spell(step)
	if step.Reason != 0 {
		g.word = g.prose.Flush(g.word)
	}
	reason, stopString := step.Reason, ""
	text := g.word
	if g.stops != nil {
		text, stopString = g.stops.write(g.text[:0], g.word)
		if stopString != "" {
			reason = sampler.ReasonStopString
		} else if reason != 0 {
			text = g.stops.rest(text)
		}
		g.text = text
	}
	p.Text = string(text)
	if reason != 0 {
		p.End = g.ending(reason)
		p.End.StopString = stopString
	}
	return p
}

// spell sets word to the letters that a new token adds to the text: none if it is a stop
// token, which for plain words is the empty word.
func (g *generation) spell(step sampler.Step) {
	g.word = g.word[:0]
	switch ends := step.Reason == sampler.ReasonStop; {
	case ends && !(g.plain && step.ID == g.tok.Stop()):
	case g.plain:
		g.word = append(append(g.word, ' '), g.tok.Word(step.ID)...)
	default:
		g.word = g.prose.Append(g.word, step.ID)
	}
}

// rest returns the text that is held back when a text is broken off.
func (g *generation) rest() string {
	rest := g.prose.Flush(g.word[:0])
	if g.stops != nil {
		rest, stopString := g.stops.write(nil, rest)
		if stopString == "" {
			rest = g.stops.rest(rest)
		}
		return string(rest)
	}
	return string(rest)
}

func (g *generation) ending(r sampler.Reason) *Ending {
	return &Ending{Reason: r, PromptTokens: len(g.ids), NewTokens: g.drawn, Seed: g.o.Seed}
}
