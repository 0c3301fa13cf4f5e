package train

import (
	"runtime"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/tokenizer"
)

// What a zero field of Options stands for: the reference model and how it was
// trained.
const (
	DefaultEpochs       = 25
	DefaultBatchSize    = 32
	DefaultLearningRate = 1e-3
	DefaultEmbedding    = 100
	DefaultUnits        = 128
	DefaultMaxBytes     = 8 << 30
)

// Options say what is trained and how. The zero value, or a nil pointer, is the
// reference model with the reference training; a zero field takes the default
// in its comment, or, when a run is resumed, what the checkpoint has.
//
// All fields but the last three are part of the run: they are in its checkpoints
// and decide its result.
type Options struct {
	Vocabulary       int  `json:"vocabulary"`        // most words, two reserved ones included; 0 means tokenizer.DefaultMaxTokens
	KeepCase         bool `json:"keep_case"`         // see tokenizer.Options
	StripPunctuation bool `json:"strip_punctuation"` // see tokenizer.Options

	UnicodePunctuation bool `json:"unicode_punctuation,omitempty"` // see tokenizer.Options

	Embedding int `json:"embedding"` // length of a word's vector; 0 means DefaultEmbedding
	Units     int `json:"units"`     // units of the LSTM; 0 means DefaultUnits
	Length    int `json:"length"`    // steps of a document, what is longer is cut; 0 means DefaultLength

	BatchSize    int     `json:"batch_size"`    // documents a step; 0 means DefaultBatchSize
	LearningRate float64 `json:"learning_rate"` // of Adam; 0 means DefaultLearningRate
	ClipNorm     float64 `json:"clip_norm"`     // longest gradient, all parameters together; longer ones are scaled to it; 0 means no limit

	// IgnorePadding leaves out the positions that are to predict padding after
	// padding. The first padding after the last word still counts: it is how a
	// model learns to stop. Otherwise every position counts, as in the reference.
	IgnorePadding bool `json:"ignore_padding"`

	// Validation is the share of documents set aside, see SplitDocs; 0 means none.
	Validation float64 `json:"validation"`
	// Patience ends the run after so many epochs without a lower validation loss
	// than ever before, and makes the best epoch's weights the result. 0 means
	// to run all epochs and take the last weights.
	Patience int `json:"patience"`

	Seed uint64 `json:"seed"` // of weights and of the order of batches

	// Epochs to run in all; 0 means DefaultEpochs. The only part of a run that
	// may change when it is resumed.
	Epochs int `json:"epochs"`

	Threads int `json:"-"` // 0 means one a CPU that Go may use; the result does not depend on it

	// MaxBytes refuses to start a run that takes more memory; 0 means
	// DefaultMaxBytes. What counts is weights, gradients, moments, activations and
	// encoded documents, and what the end of an epoch takes for a while: the copies
	// of a checkpoint and, for a sample, of a Snapshot and of a model read from it.
	// The documents themselves, the vocabulary and the program do not count.
	MaxBytes int64 `json:"-"`
}

// withDefaults returns o with every zero field replaced.
func (o Options) withDefaults() Options {
	setDefault(&o.Vocabulary, tokenizer.DefaultMaxTokens)
	setDefault(&o.Embedding, DefaultEmbedding)
	setDefault(&o.Units, DefaultUnits)
	setDefault(&o.Length, DefaultLength)
	setDefault(&o.BatchSize, DefaultBatchSize)
	setDefault(&o.Epochs, DefaultEpochs)
	setDefault(&o.Threads, runtime.GOMAXPROCS(0))
	setDefault(&o.LearningRate, DefaultLearningRate)
	setDefault(&o.MaxBytes, DefaultMaxBytes)
	return o
}

// check returns an error that names the first field that is out of range; zero
// fields have been replaced.
func (o Options) check() error {
	for _, f := range []intOption{
		{"Vocabulary", o.Vocabulary, 3, model.MaxSymbols},
		{"Embedding", o.Embedding, 1, model.MaxWidth},
		{"Units", o.Units, 1, model.MaxWidth},
		{"Length", o.Length, 1, model.MaxLength},
	} {
		if err := f.check(); err != nil {
			return err
		}
	}
	return o.schedule().check("documents")
}

// schedule returns what is not about texts.
func (o Options) schedule() schedule {
	return schedule{
		BatchSize: o.BatchSize, LearningRate: o.LearningRate, ClipNorm: o.ClipNorm,
		Validation: o.Validation, Patience: o.Patience, Seed: o.Seed, Epochs: o.Epochs,
		Threads: o.Threads, MaxBytes: o.MaxBytes,
	}
}

// tokenizer returns the options of the vocabulary.
func (o Options) tokenizer() *tokenizer.Options {
	return &tokenizer.Options{
		MaxTokens: o.Vocabulary, KeepCase: o.KeepCase,
		StripPunctuation: o.StripPunctuation, UnicodePunctuation: o.UnicodePunctuation,
	}
}

// config returns the shape of the model for a vocabulary of so many symbols.
func (o Options) config(symbols int) model.Config {
	return model.Config{Symbols: symbols, Embedding: o.Embedding, Units: o.Units, Length: o.Length}
}
