package train

import (
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
)

// Defaults for zero fields of Text, and of Options with a Text: the reference model and
// its training.
const (
	DefaultEmbedding    = 100
	DefaultUnits        = 128
	DefaultEpochs       = 25
	DefaultBatchSize    = 32
	DefaultLearningRate = 1e-3
)

// A Text is the task of learning to predict each next token of documents: it sets
// documents aside for validation, learns a vocabulary from the others, and trains an
// embedding, recurrent layers and an output layer. With CountPadding and CutLong it is
// the reference training. A zero field takes the default in its comment, or, when a run
// is resumed, what the checkpoint has. All fields but Documents are in the checkpoints,
// and all decide the result.
type Text struct {
	Documents []string
	// ValidationDocuments are documents for validation only; nil means those that
	// Options.Validation sets aside.
	ValidationDocuments []string
	// Stream makes one stream of the documents, of which Options.BatchSize tracks are
	// learned side by side, Length steps at a time, with the state carried on: see
	// Dataset. Options.Validation then sets the last part aside, about that share of its
	// bytes, cut between lines where there are any. The losses of validation are of as
	// many tracks, fewer if it has fewer tokens, and all its tokens are predicted.
	Stream bool

	// Vocabulary says what tokens are. Its MaxBytes is not in the checkpoints;
	// Options.MaxBytes bounds it.
	Vocabulary tokenizer.Options

	Embedding int           // length of a token's vector; 0 means DefaultEmbedding
	Layers    []layers.Spec // nil means one LSTM of DefaultUnits
	Length    int           // steps of a sequence at most; 0 means DefaultLength
	Dropout   Dropout
	// InitialRange draws all first values evenly from -InitialRange to InitialRange; 0
	// means the rule of each layer, which is that of Keras.
	InitialRange float64
	Tied         bool // the output layer has the embedding's weights: the last layer must have Embedding outputs

	// CountPadding makes all sequences Length steps long, and the steps that read
	// and predict padding count in the loss, as in the reference. Otherwise padding
	// is neither counted nor computed. Either way the step that reads the last word of a
	// document predicts the first padding, from which a model learns to stop.
	CountPadding bool
	// CutLong drops the words of a document beyond the first Length+1, as in the
	// reference. Otherwise it is cut into windows, see Dataset.
	CutLong bool

	model   *model.Text
	average *layers.Stack // the averages; nil without Options.Average
	data    textData
	hash    string // of the data
	batch   int    // sequences a step
	pass    *pass
	padded  bool

	// With Stream: the states that training carries on, and those of other passes.
	// before is what the former were before the step that was made last.
	states, others, before []kernels.Matrix
}

// oneLSTM returns the layers of the reference model, with so many units.
func oneLSTM(units int) []layers.Spec { return []layers.Spec{&layers.LSTMSpec{Units: units}} }

func (t *Text) things() string { return "documents" }

func (t *Text) ownValidation() bool { return t.ValidationDocuments != nil }

func (t *Text) complete(o *Options) {
	t.Vocabulary = t.Vocabulary.WithDefaults()
	setDefault(&t.Embedding, DefaultEmbedding)
	setDefault(&t.Length, DefaultLength)
	if t.Layers == nil {
		t.Layers = oneLSTM(DefaultUnits)
	}
	setDefault(&o.BatchSize, DefaultBatchSize)
	setDefault(&o.Epochs, DefaultEpochs)
	setDefault(&o.LearningRate, DefaultLearningRate)
}

func (t *Text) check() error {
	if err := checkVocabulary(t.Vocabulary); err != nil {
		return err
	}
	if t.CountPadding && t.Vocabulary.NoStop {
		return optionErr("%s needs the stop token, which is what padding is: leave out one of it and %s", option("CountPadding"), vocabularyOption("NoStop"))
	}
	for _, f := range []intOption{
		{"Embedding", t.Embedding, 1, model.MaxWidth},
		{"Length", t.Length, 1, model.MaxLength},
	} {
		if err := f.check(); err != nil {
			return err
		}
	}
	if err := t.config(3).Check(); err != nil {
		return optionErr("%s: %w", option("Layers"), err)
	}
	switch {
	case t.Stream && t.CountPadding:
		return optionErr("%s is set with %s: a stream has no padding", option("CountPadding"), option("Stream"))
	case t.Stream && t.CutLong:
		return optionErr("%s is set with %s: a stream goes on behind the end of a document", option("CutLong"), option("Stream"))
	case !(t.InitialRange >= 0 && t.InitialRange <= 1e3): // NaN fails too
		return optionErr("%s is %v: want more than 0, at most 1000, or 0 for the rules of the layers", option("InitialRange"), t.InitialRange)
	}
	return t.Dropout.check()
}

func (d Dropout) check() error {
	for _, f := range []struct {
		part  string
		value float64
	}{{"Embedding", d.Embedding}, {"Layers", d.Layers}, {"Output", d.Output}} {
		if !(f.value >= 0 && f.value < 1) { // NaN fails too
			return optionErr("%s.%s is %v: want 0 or more and less than 1", option("Dropout"), f.part, f.value)
		}
	}
	return nil
}

// config returns the shape of the model for a vocabulary of so many symbols.
func (t *Text) config(symbols int) model.Config {
	return model.Config{Symbols: symbols, Embedding: t.Embedding, Layers: t.Layers, Tied: t.Tied, Length: t.Length}
}

// dataset returns the options of the data sets.
func (t *Text) dataset(o *Options) DatasetOptions {
	d := DatasetOptions{Length: t.Length, CutLong: t.CutLong}
	if t.Stream {
		d.Tracks = o.BatchSize
	}
	return d
}

func (t *Text) compare(c *comparison, task Task) {
	was := task.(*Text)
	sameVocabulary(c, was.Vocabulary, t.Vocabulary)
	same(c, "Embedding", was.Embedding, t.Embedding)
	sameLayers(c, was.Layers, t.Layers)
	same(c, "Length", was.Length, t.Length)
	same(c, "Dropout", was.Dropout, t.Dropout)
	same(c, "Tied", was.Tied, t.Tied)
	same(c, "CountPadding", was.CountPadding, t.CountPadding)
	same(c, "CutLong", was.CutLong, t.CutLong)
	same(c, "Stream", was.Stream, t.Stream)
	switch {
	case c.err != nil:
	case was.ownValidation() && !t.ownValidation():
		c.err = optionErr("%s is empty: the run began with documents for validation, give them again", option("ValidationDocuments"))
	case t.ownValidation() && !was.ownValidation():
		c.err = optionErr("%s is set: the run began without, and cannot change it midway", option("ValidationDocuments"))
	}
	same(c, "InitialRange", was.InitialRange, t.InitialRange)
}

func (t *Text) adopt(task Task) {
	was := *task.(*Text)
	was.Documents, was.ValidationDocuments, was.model = t.Documents, t.ValidationDocuments, t.model
	*t = was
}

// Tokenizer returns the model's vocabulary; nil before the run has begun.
func (t *Text) Tokenizer() *tokenizer.Tokenizer {
	if t.model == nil {
		return nil
	}
	return t.model.Tokenizer
}

// Training returns the sequences that the run learns from.
func (t *Text) Training() *Dataset { return t.data.training }

// Validation returns the sequences of the documents set aside, or nil.
func (t *Text) Validation() *Dataset { return t.data.validation }

// CountsPadding reports whether padding counts in the losses: CountPadding is set and a
// sequence is shorter than Length.
func (t *Text) CountsPadding() bool { return t.padded }
