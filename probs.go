package autoreg

import (
	"context"
	"iter"

	"github.com/autoreg/autoreg/sampler"
)

// A Position is one step of a generation: the likeliest next words and the symbol that
// was drawn.
type Position struct {
	Text string // so far, prompt included, as Generate writes it
	Next []Next // the likeliest words, the best first, ties by rising ID
	ID   int    // the symbol that was drawn
	Word string // its word; "" for the stop symbol

	LogProb float32 // of the symbol, see Piece

	End *Ending // of the text, with its last position; otherwise nil
}

// A Next is a word that could come next.
type Next struct {
	ID   int
	Word string    // "" for the stop symbol
	P    []float32 // its probability at each temperature asked for
}

// Probs generates as Text does and yields, for each new word, the k likeliest
// words at that point with their probabilities at the given temperatures. (The
// temperature does not change which words are likeliest, but at 0 the best has
// probability 1.) The distributions are over all words that can be drawn, so
// "[UNK]" is among them only if o.AllowUnknown; o.TopK and o.Transforms do not narrow
// them. The word that is drawn is Generate's with the same options.
//
// Errors are those of Generate, yielded last, with the ending only, and those of a
// negative k and of a temperature that is negative or not finite.
func (m *TextModel) Probs(ctx context.Context, prompt string, o *GenerateOptions, k int, temperatures ...float64) iter.Seq2[Position, error] {
	return func(yield func(Position, error) bool) {
		fail := func(err error) { yield(Position{ID: -1}, err) }
		g, err := m.prepare(prompt, o)
		if err != nil {
			fail(err)
			return
		}
		columns, err := g.columns(k, temperatures)
		if err != nil {
			fail(err)
			return
		}
		if g.room <= 0 {
			return
		}
		text := g.prompt(prompt)
		x, p := make([]float32, m.Symbols()), make([]float32, m.Symbols())
		for step, err := range g.run(ctx, m, x) {
			if err != nil {
				yield(Position{Text: text, ID: -1, End: g.ending(step.Reason)}, err)
				return
			}
			at := Position{
				Text: text, ID: step.ID, Word: g.tok.Word(step.ID), LogProb: step.LogProb,
				Next: g.likeliest(x, k), End: g.end(step.Reason),
			}
			for _, c := range columns {
				c.Probabilities(p, x)
				for i := range at.Next {
					at.Next[i].P = append(at.Next[i].P, p[at.Next[i].ID])
				}
			}
			text += g.piece(step.ID)
			if !yield(at, nil) {
				return
			}
		}
	}
}

// columns returns a chain for each temperature.
func (g *generation) columns(k int, temperatures []float64) ([]*sampler.Chain, error) {
	if err := sampler.Check(sampler.TopK(k)); err != nil {
		return nil, wrap(err)
	}
	var chains []*sampler.Chain
	for _, t := range temperatures {
		if err := sampler.Check(sampler.Temperature(t)); err != nil {
			return nil, wrap(err)
		}
		chains = append(chains, sampler.New(0, sampler.Temperature(t)))
	}
	return chains, nil
}

// likeliest returns the k words with the largest logits.
func (g *generation) likeliest(x []float32, k int) []Next {
	var next []Next
	for _, c := range sampler.Top(nil, x, k) {
		next = append(next, Next{ID: int(c.ID), Word: g.tok.Word(int(c.ID))})
	}
	return next
}
