package autoreg

import (
	"context"
	"fmt"
	"iter"
)

// A DocumentScore is the score of one document.
type DocumentScore struct {
	Score        // all 0 but for Items if nothing of the document is predicted
	Text  string // the document as it was given

	// Tokens are the predictions, Symbols of them, with ScoreOptions.Tokens; otherwise nil.
	Tokens []TokenScore
}

// A TokenScore is a token and how likely it was after those before it: of a prediction
// that is scored, or one that could be drawn.
type TokenScore struct {
	ID      int
	Word    string  // its spelling, see tokenizer.Tokenizer.Word
	LogProb float32 // ln p, in nats
}

// Score reads documents, each from the start of a sequence, and adds up -ln p of each
// token given those before it. A document of n tokens has n predictions: of each token
// but the first, and of the stop token that ends it, where the model has one. With
// ScoreOptions.Prefix the first is predicted too. There is no padding. nil options mean
// the zero value.
//
// Each -ln p is logsumexp(logits) - logit in float32, over all symbols as in
// training; the sum is in float64, in order. It is NaN or infinite if the logits
// are.
//
// Several documents are read together, one product of matrices a step; each ends and
// makes room for the next on its own. The result is that of reading them one by one, to
// the bit, with any number of threads.
//
// It returns an error if ctx is done, if no document holds a token
// ([ErrNothingToScore]), if one holds what the model has no token for (a model without an
// unknown token), or for invalid options.
func (m *TextModel) Score(ctx context.Context, documents iter.Seq[string], o *ScoreOptions) (Score, error) {
	s, err := m.newScorer(ctx, o)
	if err != nil {
		return Score{}, err
	}
	var sum Score
	for d, err := range s.run(documents) {
		if err != nil {
			return sum, err
		}
		d.add(&sum, m.Tokenizer().Unknown())
	}
	if sum.Symbols == 0 {
		return sum, fmt.Errorf("%w: the texts hold no %s", ErrNothingToScore, m.Tokenizer().Options().Unit)
	}
	return sum, nil
}

// ScoreEach scores documents as Score does, and yields the score of each, in their order.
// A document without a token has a score without Items. Documents are taken from the
// sequence before the scores of those before them are yielded, a bounded number of them.
//
// An error of Score is yielded last, in place of the document that it is about. No
// documents are no error. With ScoreOptions.Tokens each document allocates its list; otherwise nothing is
// allocated per token.
func (m *TextModel) ScoreEach(ctx context.Context, documents iter.Seq[string], o *ScoreOptions) iter.Seq2[DocumentScore, error] {
	return func(yield func(DocumentScore, error) bool) {
		s, err := m.newScorer(ctx, o)
		if err != nil {
			yield(DocumentScore{}, err)
			return
		}
		for d, err := range s.run(documents) {
			if err != nil {
				yield(DocumentScore{}, err)
				return
			}
			if !yield(d.score(s), nil) {
				return
			}
		}
	}
}

// add adds the document to a score, prediction by prediction, so that the sum does not
// depend on which documents are scored together. unknown is the id of the unknown token.
func (d *scoredText) add(s *Score, unknown int) {
	if d.empty {
		return
	}
	s.Items++
	s.Symbols += len(d.logProbs)
	for i, l := range d.logProbs {
		s.Loss -= float64(l)
		if d.ids[i+1] == unknown {
			s.Unknown++
		}
	}
}

// score returns the score of the document by s.
func (d *scoredText) score(s *textScorer) DocumentScore {
	score := DocumentScore{Text: d.text}
	d.add(&score.Score, s.model.Tokenizer().Unknown())
	if s.o.Tokens {
		score.Tokens = make([]TokenScore, len(d.logProbs))
		for i, l := range d.logProbs {
			id := d.ids[i+1]
			score.Tokens[i] = TokenScore{id, s.model.Tokenizer().Word(id), l}
		}
	}
	return score
}
