package main

import (
	"context"
	"iter"
	"math"
	"slices"

	"github.com/autoreg/autoreg"
	"github.com/autoreg/autoreg/sampler"
	"github.com/autoreg/autoreg/tokenizer"
)

// A listing is one step of a text: the likeliest next words, and the one that was drawn.
type listing struct {
	text  string // so far, all that the probabilities are for
	next  []nextWord
	drawn int             // -1 if the text broke off before it
	end   *autoreg.Ending // of the text, with the last listing
}

// A nextWord is a word that could come next.
type nextWord struct {
	id int
	p  []float32 // at each temperature
}

// listings continues a prompt as Generate does, and yields for each new word the n
// likeliest in its place, with the probabilities that it is drawn with if the temperature
// is the given one. Likeliest are those with the largest logits behind bias, ban and
// penalties. An error comes last, with a listing that has the text and its ending if the
// text had begun, and nothing drawn.
func listings(ctx context.Context, m *autoreg.TextModel, prompt string, o autoreg.GenerateOptions, n int, temperatures []float64) iter.Seq2[listing, error] {
	return func(yield func(listing, error) bool) {
		raw, ranked := make(logits, m.Symbols()), make(logits, m.Symbols())
		o.Transforms = []sampler.Transform{raw}
		weighed := sampler.Options{Bias: o.Sampling.Bias, Ban: o.Sampling.Ban, Penalties: o.Sampling.Penalties}
		chains := []*sampler.Chain{sampler.New(0, append(weighed.Transforms(), ranked)...)}
		for _, t := range temperatures {
			column := o.Sampling
			column.Temperature = &t
			chains = append(chains, sampler.New(0, column.Transforms()...))
		}
		observe := func(id int) {
			for _, c := range chains {
				c.Observe(id)
			}
		}
		for _, id := range promptIDs(m, prompt, o.RawPrompt) {
			observe(id)
		}
		p := make([]float32, m.Symbols())
		text := newProbsText(m, prompt, o.Plain)
		for piece, err := range m.Text(ctx, prompt, &o) {
			if err != nil {
				yield(listing{text: text.String(), drawn: -1, end: piece.End}, err)
				return
			}
			if piece.ID >= 0 {
				at := listing{text: text.String(), drawn: piece.ID, end: piece.End}
				chains[0].Probabilities(p, raw)
				for _, c := range sampler.Top(nil, ranked, n) {
					at.next = append(at.next, nextWord{id: int(c.ID)})
				}
				for _, c := range chains[1:] {
					c.Probabilities(p, raw)
					for i := range at.next {
						at.next[i].p = append(at.next[i].p, p[at.next[i].id])
					}
				}
				if !yield(at, nil) {
					return
				}
				observe(piece.ID)
				text.add(piece.ID)
			}
		}
	}
}

// A probsText is a prompt and the words drawn after it: all of them, also those that a
// Piece holds back because they could begin a stop string.
type probsText struct {
	tok   *tokenizer.Tokenizer
	text  []byte
	plain bool
	prose tokenizer.Detokenizer
}

func newProbsText(m *autoreg.TextModel, prompt string, plain bool) *probsText {
	tok := m.Tokenizer()
	return &probsText{tok, []byte(prompt), plain && tok.Options().Unit == tokenizer.Words, tok.DetokenizerAfter(prompt)}
}

func (t *probsText) add(id int) {
	if t.plain {
		t.text = append(append(t.text, ' '), t.tok.Word(id)...)
	} else {
		t.text = t.prose.Append(t.text, id)
	}
}

// String returns the text. Bytes that begin a character are in it as U+FFFD.
func (t *probsText) String() string {
	prose := t.prose // which goes on
	return string(prose.Flush(slices.Clone(t.text)))
}

// logits is a transform that changes nothing and keeps the logits that it is shown, -Inf
// for symbols that are not among them.
type logits []float32

func (x logits) Apply(c *sampler.Candidates) {
	for i := range x {
		x[i] = float32(math.Inf(-1))
	}
	for _, d := range c.C {
		x[d.ID] = d.Logit
	}
}
