package autoreg

import (
	"errors"
	"math"

	"github.com/autoreg/autoreg/internal/portable"
)

// ErrNothingToScore is the error for texts without any token and for an empty sequence
// of images.
var ErrNothingToScore = wrap(errors.New("nothing to score"))

// ScoreOptions choose what is scored. The zero value, or a nil pointer, scores whole
// texts, and images of the model's size. Options that are not for the model's kind must
// be 0.
type ScoreOptions struct {
	// Length cuts each document to its first Length tokens: 2 or more, since the first
	// is not predicted, or with a Prefix 1 or more; 0 means no limit. A document that was
	// cut has no stop symbol to predict. Training cuts documents to TextModel.Length()+1
	// tokens.
	Length int

	// Prefix is read before each document and not scored: the documents are judged as
	// what follows it, and their first token is predicted too. Length does not count it.
	Prefix string
	// Tokens asks ScoreEach for the predictions of each document.
	Tokens bool

	Height, Width int // of the images; both 0 mean the model's Size

	// Classes are those of the images of a model that is conditioned on classes, which needs
	// them: one for all, or one for each image. Nil for other models.
	Classes []int

	// Threads is how many threads score at most; 0 means one a CPU that Go may use. The
	// result does not depend on it.
	Threads int
}

// A Score is the log-likelihood of data under a model, and the number of predictions
// that it is the sum of.
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

// check returns an error for values that no kind of model takes, and for the first of
// the options of other kinds that is set.
func (o *ScoreOptions) check(foreign ...scoreOption) error {
	if o.Threads < 0 {
		return optionErr("%s is %d: want 1 or more, or 0 for one a CPU", option("Threads"), o.Threads)
	}
	for _, f := range foreign {
		switch v := f.value.(type) {
		case int:
			if v != 0 {
				return optionErr("%s is %d: it is for %s, leave it at 0", option(f.name), v, f.of)
			}
		case string:
			if v != "" {
				return optionErr("%s is %.40q: it is for %s, leave it empty", option(f.name), v, f.of)
			}
		case bool:
			if v {
				return optionErr("%s is %t: it is for %s, leave it out", option(f.name), v, f.of)
			}
		case []int:
			if len(v) > 0 {
				return optionErr("%s is set: it is for %s, leave it out", option(f.name), f.of)
			}
		}
	}
	return nil
}

// A scoreOption is an option and the kind of data that it is for.
type scoreOption struct {
	name  string
	value any // an int, a string, a bool or an []int
	of    string
}

// ofTexts returns the options for texts that a model writes, which of says in words.
func (o *ScoreOptions) ofTexts(of string) []scoreOption {
	return []scoreOption{{"Length", o.Length, of}, {"Prefix", o.Prefix, of}, {"Tokens", o.Tokens, of}}
}

// ofImages returns the options for images.
func (o *ScoreOptions) ofImages() []scoreOption {
	return []scoreOption{{"Height", o.Height, "images"}, {"Width", o.Width, "images"}, {"Classes", o.Classes, "images"}}
}
