package autoreg

import (
	"errors"
	"math"

	"github.com/autoreg/autoreg/internal/portable"
)

// ErrNothingToScore is the error for texts without a single token and for no image at
// all.
var ErrNothingToScore = wrap(errors.New("nothing to score"))

// ScoreOptions choose what is scored. The zero value, or a nil pointer, scores whole
// texts, and images of the model's size. What has no meaning for the model's kind must
// be 0.
type ScoreOptions struct {
	// MaxTokens cuts each document to its first tokens, at least 2, for the first
	// is not predicted; 0 means no limit. A document that was cut has no stop
	// symbol to predict. TextModel.Length()+1 is what training saw of a document
	// that it cut off.
	MaxTokens int

	Height, Width int // of the images; both 0 mean the model's Size

	// Threads is how many threads score at most; 0 means one a CPU that Go may use. The
	// result does not depend on it. Texts take one.
	Threads int
}

// A Score is how well a model predicts some data: the log-likelihood, and how many
// predictions it is a sum of.
type Score struct {
	Items   int     // documents with at least one token, or images
	Symbols int     // predictions: tokens, or channels of pixels
	Unknown int     // of these, tokens that are not in the vocabulary
	Loss    float64 // Σ -ln p, in nats
}

// Add adds the score of other data.
func (s *Score) Add(other Score) {
	s.Items += other.Items
	s.Symbols += other.Symbols
	s.Unknown += other.Unknown
	s.Loss += other.Loss
}

// Mean returns the loss per symbol, in nats.
func (s Score) Mean() float64 { return s.Loss / float64(s.Symbols) }

// Bits returns the loss per symbol, in bits: for images the bits per dimension of the
// literature.
func (s Score) Bits() float64 { return s.Mean() / math.Ln2 }

// Perplexity returns e^Mean: the model is as uncertain as if it chose evenly among
// so many symbols. Like Loss, it has the same bits on every architecture; beyond the
// largest float64 it is +Inf.
func (s Score) Perplexity() float64 { return portable.Exp(s.Mean()) }

// check returns an error for options that no kind of model has a use for, and for those
// that the given options, of which the kind has none, are not 0.
func (o *ScoreOptions) check(foreign ...scoreOption) error {
	if o.Threads < 0 {
		return optionErr("%s is %d: want 1 or more, or 0 for one a CPU", option("Threads"), o.Threads)
	}
	for _, f := range foreign {
		if f.value != 0 {
			return optionErr("%s is %d: it is for %s, leave it at 0", option(f.name), f.value, f.of)
		}
	}
	return nil
}

// A scoreOption is an option and the kind of model that has a use for it.
type scoreOption struct {
	name  string
	value int
	of    string
}
