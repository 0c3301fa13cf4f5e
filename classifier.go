package autoreg

import (
	"fmt"
	"io"
	"slices"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/kernels"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
)

// A Classifier is an immutable model that tells classes of texts apart. It is safe for
// concurrent use.
type Classifier struct{ m *model.Classifier }

var classifierKind = kind{model.KindClassifier, (*Classifier)(nil), func(f *weights.File) (Model, error) {
	m, err := model.ClassifierFromFile(f)
	if err != nil {
		return nil, err
	}
	return &Classifier{m}, nil
}}

func (m *Classifier) file() *weights.File { return m.m.File() }

// Kind returns "classifier".
func (m *Classifier) Kind() string { return model.KindClassifier }

// Classes returns the names of the classes, in the order in which probabilities have
// them.
func (m *Classifier) Classes() []string { return slices.Clone(m.m.Config.Classes) }

// Tokenizer returns the model's vocabulary.
func (m *Classifier) Tokenizer() *tokenizer.Tokenizer { return m.m.Tokenizer }

// Length returns how many tokens of a text the model reads: what follows is cut off.
func (m *Classifier) Length() int { return m.m.Config.Length }

// Layers returns the model's layers from input to output. The output layer reads what the
// layer before it is after the last token: of a layer in both directions, what each
// direction has last.
func (m *Classifier) Layers() []LayerInfo { return layers.Describe(m.m.Stack) }

// Params returns the number of the model's parameters.
func (m *Classifier) Params() int {
	n, _ := paramsOf(m)
	return n
}

// Metadata returns a copy of what the model's file says about the model beside what
// describes it: see Model.
func (m *Classifier) Metadata() map[string]string { return copied(m.m.Metadata) }

// WriteTo writes the model in the form that Load reads: see Model.
func (m *Classifier) WriteTo(w io.Writer) (int64, error) { return write(m, w) }

// Classify returns the probability of each class of a text: the softmax of the logits. A
// text is its first Length tokens, or the stop symbol if it has none. It is bit-identical
// on every CPU, whatever else is classified.
//
// It returns an error that wraps ErrTooLarge for a text that would take more than 1 GiB.
func (m *Classifier) Classify(text string) ([]float32, error) {
	e := encoder{model: m, threads: 1}
	p := make([]float32, len(m.m.Config.Classes))
	if err := e.logits(p, [][]int{m.m.Append(nil, text)}); err != nil {
		return nil, err
	}
	kernels.Softmax(p, p)
	return p, nil
}

// An encoder computes logits of texts, with memory that grows with these.
type encoder struct {
	model   *Classifier
	threads int
	size    layers.BatchSize // of encoder
	encoder *layers.Encoder
}

// maxEncoderBytes is how much memory texts may take that are classified together.
const maxEncoderBytes = 1 << 30

// logits sets dst [len(docs), classes] to the logits of documents.
func (e *encoder) logits(dst []float32, docs [][]int) error {
	need := layers.BatchSize{Sequences: max(e.size.Sequences, len(docs)), Steps: e.size.Steps}
	for _, doc := range docs {
		need.Steps = max(need.Steps, len(doc))
		need.Rows += len(doc)
	}
	if rows := need.Rows; need.Sequences > e.size.Sequences || need.Steps > e.size.Steps || rows > e.size.Rows {
		need.Rows = max(rows, e.size.Rows)
		c := &e.model.m.Config
		if row := c.Sizes().Row + int64(c.Embedding); int64(rows) > maxEncoderBytes/4/row {
			err := fmt.Errorf("%d tokens would take more than %d MiB: shorten the text", rows, maxEncoderBytes>>20)
			return wrap(apierror.Mark(err, ErrTooLarge))
		}
		e.size, e.encoder = need, e.model.m.Stack.NewEncoder(need, e.threads)
	}
	e.encoder.Logits(kernels.RowMajor(dst, len(docs), len(e.model.m.Config.Classes)), docs)
	return nil
}
