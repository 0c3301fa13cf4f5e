package train

import (
	"slices"
	"strings"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
)

// Defaults for zero fields of Classes, and of Options with Classes, besides those of
// Text.
const (
	DefaultClassUnits  = 100
	DefaultClassEpochs = 4
)

// Classes is the task of learning to classify documents: it sets documents aside for
// validation, learns a vocabulary from the others, and trains an embedding, recurrent
// layers and an output layer, which reads the output of the last layer after the last
// token; of a bidirectional layer, the last output of each direction. The loss is the
// mean of -ln p(class) in nats over documents; these are the positions that statistics
// count. Each epoch takes the documents in an order of its own, see Order. A zero field
// takes the default in its comment, or, when a run is resumed, what the checkpoint has.
type Classes struct {
	Documents []string
	Labels    []string // the name of the class of each document

	// Names are the classes in the order of the model's outputs. nil means those that
	// occur in Labels, sorted byte by byte.
	Names []string

	// Vocabulary says what tokens are, see Text. It must have a stop token, which a
	// document without any other token is read as, and, unless tokens are bytes, one for
	// unknown ones, for a text to classify may hold anything.
	Vocabulary tokenizer.Options

	Embedding int           // length of a token's vector; 0 means DefaultEmbedding
	Layers    []layers.Spec // nil means one GRU of DefaultClassUnits in both directions
	Length    int           // a document is cut to so many tokens; 0 means DefaultLength
	Dropout   Dropout

	model   *model.Classifier
	data    classData
	hash    string // of the data
	batch   int    // documents a step
	pass    *classPass
	average *layers.Stack // the averages; nil without Options.Average
}

func (t *Classes) things() string { return "documents" }

func (t *Classes) ownValidation() bool { return false }

func (t *Classes) complete(o *Options) {
	t.Vocabulary = t.Vocabulary.WithDefaults()
	setDefault(&t.Embedding, DefaultEmbedding)
	setDefault(&t.Length, DefaultLength)
	if t.Layers == nil {
		t.Layers = []layers.Spec{&layers.BidirectionalSpec{Layer: &layers.GRUSpec{Units: DefaultClassUnits}}}
	}
	setDefault(&o.BatchSize, DefaultBatchSize)
	setDefault(&o.Epochs, DefaultClassEpochs)
	setDefault(&o.LearningRate, DefaultLearningRate)
}

func (t *Classes) check() error {
	if err := checkVocabulary(t.Vocabulary); err != nil {
		return err
	}
	if t.Vocabulary.NoStop {
		return optionErr("%s is not for classes: a document without a token is read as the stop token", vocabularyOption("NoStop"))
	}
	if t.Vocabulary.NoUnknown && t.Vocabulary.Unit != tokenizer.Bytes {
		return optionErr("%s is not for classes: a text to classify may hold what the vocabulary lacks", vocabularyOption("NoUnknown"))
	}
	for _, f := range []intOption{
		{"Embedding", t.Embedding, 1, model.MaxWidth},
		{"Length", t.Length, 1, model.MaxLength},
	} {
		if err := f.check(); err != nil {
			return err
		}
	}
	names := t.Names
	if names == nil {
		names = []string{"0", "1"} // they are not known yet
	} else if err := model.CheckClasses(names); err != nil {
		return optionErr("%s: %w", option("Names"), err)
	}
	if err := t.config(3, names).Check(); err != nil {
		return optionErr("%s: %w", option("Layers"), err)
	}
	return t.Dropout.check()
}

// config returns the shape of the model for a vocabulary of so many symbols.
func (t *Classes) config(symbols int, names []string) model.ClassifierConfig {
	return model.ClassifierConfig{Symbols: symbols, Embedding: t.Embedding, Layers: t.Layers, Classes: names, Length: t.Length}
}

func (t *Classes) compare(c *comparison, task Task) {
	was := task.(*Classes)
	same(c, "Names", strings.Join(was.Names, ", "), strings.Join(t.Names, ", "))
	sameVocabulary(c, was.Vocabulary, t.Vocabulary)
	same(c, "Embedding", was.Embedding, t.Embedding)
	sameLayers(c, was.Layers, t.Layers)
	same(c, "Length", was.Length, t.Length)
	same(c, "Dropout", was.Dropout, t.Dropout)
}

func (t *Classes) adopt(task Task) {
	was := *task.(*Classes)
	was.Documents, was.Labels, was.model = t.Documents, t.Labels, t.model
	*t = was
}

// Tokenizer returns the model's vocabulary; nil before the run has begun.
func (t *Classes) Tokenizer() *tokenizer.Tokenizer {
	if t.model == nil {
		return nil
	}
	return t.model.Tokenizer
}

// Classes returns the names of the classes in the order of the model's outputs; nil
// before the run has begun.
func (t *Classes) Classes() []string {
	if t.model == nil {
		return nil
	}
	return slices.Clone(t.model.Config.Classes)
}

// Training returns the documents that the run learns from.
func (t *Classes) Training() *ClassDataset { return t.data.training }

// Validation returns the documents set aside, or nil.
func (t *Classes) Validation() *ClassDataset { return t.data.validation }
