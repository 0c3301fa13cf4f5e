package autoreg

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"

	"github.com/autoreg/autoreg/internal/portable"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/tokenizer"
)

// ErrNothingToScore is the error for texts without a single word.
var ErrNothingToScore = errors.New("autoreg: nothing to score: the texts hold no word")

// ScoreOptions choose what is scored. The zero value, or a nil pointer, scores
// whole texts.
type ScoreOptions struct {
	// MaxTokens cuts each document to its first words, at least 2, for the first
	// is not predicted; 0 means no limit. A document that was cut has no stop
	// symbol to predict. Length()+1 is what training saw of a document
	// that it cut off.
	MaxTokens int
}

// A Score is how well a model predicts some texts.
type Score struct {
	Documents int     // with at least one word
	Tokens    int     // predictions: all words but each document's first, and the stops
	Unknown   int     // of these, words that the model does not know
	Loss      float64 // Σ -ln p, in nats
}

// Mean returns the loss per token, in nats.
func (s Score) Mean() float64 { return s.Loss / float64(s.Tokens) }

// Perplexity returns e^Mean: the model is as uncertain as if it chose evenly among
// so many words. Like Loss, it has the same bits on every architecture; beyond the
// largest float64 it is +Inf.
func (s Score) Perplexity() float64 { return portable.Exp(s.Mean()) }

// Score reads documents one by one, each from the start of a sequence, and adds up
// how improbable the model finds each word given those before it. A document of n
// words has n predictions: of its second to last word, and of the stop symbol
// that ends it; nothing precedes the first. There is no padding. nil options mean
// the zero value.
//
// Each -ln p is logsumexp(scores) - score in float32, over all symbols as in
// training; the sum is in float64, in order. It is NaN or infinite if the scores
// are.
//
// It returns an error if ctx is done, if no document holds a word
// ([ErrNothingToScore]), or if the options make no sense.
func (m *Model) Score(ctx context.Context, documents iter.Seq[string], o *ScoreOptions) (Score, error) {
	limit := math.MaxInt
	if o != nil && o.MaxTokens != 0 {
		limit = o.MaxTokens
	}
	if limit < 2 {
		return Score{}, fmt.Errorf("autoreg: MaxTokens is %d: want 2 or more, for the first word is not predicted, or 0 for no limit", limit)
	}
	var (
		sum     Score
		ids     []int
		s       = m.text.Stack.NewState()
		x       = kernels.Alloc(m.Symbols())
		scratch = kernels.Alloc(m.Symbols())
	)
	for text := range documents {
		ids = m.Tokenizer().Append(ids[:0], text)
		if len(ids) == 0 {
			continue
		}
		sum.Documents++
		if ids = append(ids, tokenizer.Stop); len(ids) > limit {
			ids = ids[:limit]
		}
		s.Reset()
		for i, target := range ids[1:] {
			if err := ctx.Err(); err != nil {
				return sum, err
			}
			s.Advance(ids[i])
			s.Logits(x)
			loss := kernels.LogSumExp(x, scratch) - x[target]
			sum.Loss += float64(loss)
			sum.Tokens++
			if target == tokenizer.Unknown {
				sum.Unknown++
			}
		}
	}
	if sum.Tokens == 0 {
		return sum, ErrNothingToScore
	}
	return sum, nil
}
