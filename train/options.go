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

// Options say what is trained and how. The zero value, or a nil pointer, trains the
// reference model with the reference schedule on texts of any kind; with
// CountPadding and CutLong it is the reference training. A zero field takes the
// default in its comment, or, when a run is resumed, what the checkpoint has.
//
// All fields but the last two are part of the run: they are in its checkpoints, and
// all but Source and these decide its result.
type Options struct {
	Vocabulary       int  `json:"vocabulary"`        // most words, two reserved ones included; 0 means tokenizer.DefaultMaxTokens
	KeepCase         bool `json:"keep_case"`         // see tokenizer.Options
	StripPunctuation bool `json:"strip_punctuation"` // see tokenizer.Options

	UnicodePunctuation bool `json:"unicode_punctuation,omitempty"` // see tokenizer.Options

	Embedding int `json:"embedding"` // length of a word's vector; 0 means DefaultEmbedding
	Units     int `json:"units"`     // units of the LSTM; 0 means DefaultUnits
	Length    int `json:"length"`    // steps of a sequence at most; 0 means DefaultLength

	BatchSize    int     `json:"batch_size"`    // sequences a step; 0 means DefaultBatchSize
	LearningRate float64 `json:"learning_rate"` // of Adam; 0 means DefaultLearningRate
	ClipNorm     float64 `json:"clip_norm"`     // longest gradient, all parameters together; longer ones are scaled to it; 0 means no limit

	// CountPadding makes all sequences Length steps long, and the steps that read
	// and predict padding count in the loss, as in the reference. Otherwise padding
	// is neither counted nor computed. Either way the step that reads the last word
	// of a document is to predict the first padding: it is how a model learns to
	// stop.
	CountPadding bool `json:"count_padding"`
	// CutLong drops what a document has beyond its first Length+1 words, as in the
	// reference. Otherwise it is cut into windows, see Dataset.
	CutLong bool `json:"cut_long"`

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

	// Source says what the documents are, for the record in the model's file. A run
	// that is resumed has the one that it began with.
	Source Source `json:"-"`

	Threads int `json:"-"` // 0 means one a CPU that Go may use; the result does not depend on it

	// MaxBytes refuses to start a run that takes more memory; 0 means
	// DefaultMaxBytes. What counts is the documents, the table that counts their words
	// while the vocabulary is learnt, the vocabulary, encoded documents, weights,
	// gradients, moments, the activations of the largest batch, and what the end of an
	// epoch takes for a while: the copies of a checkpoint and, for a sample, of a
	// Snapshot and of a model read from it. The program and garbage that is not yet
	// collected do not count: see debug.SetMemoryLimit.
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
	o.Source = o.Source.clean()
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

// dataset returns the options of the data sets.
func (o Options) dataset() DatasetOptions {
	return DatasetOptions{Length: o.Length, CutLong: o.CutLong}
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

// storedOptions are Options as the JSON of a checkpoint has them. Two fields hold the
// opposite there: checkpoints had ignore_padding first, and then windows, which a run
// that cuts does not mention. See stored and options.
type storedOptions struct {
	Vocabulary         int     `json:"vocabulary"`
	KeepCase           bool    `json:"keep_case"`
	StripPunctuation   bool    `json:"strip_punctuation"`
	UnicodePunctuation bool    `json:"unicode_punctuation,omitempty"`
	Embedding          int     `json:"embedding"`
	Units              int     `json:"units"`
	Length             int     `json:"length"`
	BatchSize          int     `json:"batch_size"`
	LearningRate       float64 `json:"learning_rate"`
	ClipNorm           float64 `json:"clip_norm"`
	CountPadding       bool    `json:"ignore_padding"`
	CutLong            bool    `json:"windows,omitempty"`
	Validation         float64 `json:"validation"`
	Patience           int     `json:"patience"`
	Seed               uint64  `json:"seed"`
	Epochs             int     `json:"epochs"`
	Source             Source  `json:"-"`
	Threads            int     `json:"-"`
	MaxBytes           int64   `json:"-"`
}

func (o Options) stored() storedOptions {
	o.CountPadding, o.CutLong = !o.CountPadding, !o.CutLong
	return storedOptions(o)
}

func (s storedOptions) options() Options {
	s.CountPadding, s.CutLong = !s.CountPadding, !s.CutLong
	return Options(s)
}
