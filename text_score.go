package autoreg

import (
	"context"
	"fmt"
	"iter"
	"math"

	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/sampler"
)

// Score reads documents one by one, each from the start of a sequence, and adds up
// -ln p of each token given those before it. A document of n tokens has n predictions:
// of each token but the first, and of the stop token that ends it; n-1 where the model has
// none. There is no padding. nil options mean the zero value.
//
// Each -ln p is logsumexp(logits) - logit in float32, over all symbols as in
// training; the sum is in float64, in order. It is NaN or infinite if the logits
// are.
//
// It returns an error if ctx is done, if no document holds a token
// ([ErrNothingToScore]), or for invalid options.
func (m *TextModel) Score(ctx context.Context, documents iter.Seq[string], o *ScoreOptions) (Score, error) {
	if o == nil {
		o = &ScoreOptions{}
	}
	if err := o.check(scoreOption{"Height", o.Height, "images"}, scoreOption{"Width", o.Width, "images"}); err != nil {
		return Score{}, err
	}
	limit := o.Length
	switch {
	case limit == 0:
		limit = math.MaxInt
	case limit < 2:
		return Score{}, optionErr("%s is %d: want 2 or more, for the first token is not predicted, or 0 for no limit", option("Length"), limit)
	}
	var (
		sum   Score
		known = &knownText{State: m.text.Stack.NewState(), symbols: m.Symbols()}
		chain = sampler.New(0)
	)
	for text := range documents {
		ids := m.Tokenizer().Append(known.ids[:0], text)
		if len(ids) == 0 {
			continue
		}
		sum.Items++
		if ids = append(ids, m.stop()...); len(ids) > limit {
			ids = ids[:limit]
		}
		known.start(ids)
		for step, err := range chain.Run(ctx, known, nil) {
			if err != nil {
				return sum, err
			}
			sum.Loss -= float64(step.LogProb)
			sum.Symbols++
			if step.ID == m.Tokenizer().Unknown() {
				sum.Unknown++
			}
		}
	}
	if sum.Symbols == 0 {
		return sum, fmt.Errorf("%w: the texts hold no word", ErrNothingToScore)
	}
	return sum, nil
}

// A knownText is a sampler.Source whose tokens are all given: a document to score, with
// probabilities among all symbols of the model.
type knownText struct {
	*layers.State
	symbols int
	ids     []int
	at      int // the next of them
}

// start begins a text, whose first token is not scored.
func (k *knownText) start(ids []int) {
	k.State.Reset()
	k.State.Advance(ids[0])
	k.ids, k.at = ids, 1
}

func (k *knownText) Symbols() int       { return k.symbols }
func (k *knownText) Done() bool         { return k.at == len(k.ids) }
func (k *knownText) Given() (int, bool) { return k.ids[k.at], true }

func (k *knownText) Advance(sym int) {
	if k.at++; k.at < len(k.ids) { // no logits are read after the last one
		k.State.Advance(sym)
	}
}
