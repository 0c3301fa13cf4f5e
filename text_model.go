package autoreg

import (
	"io"
	"sync"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
)

// A TextModel is an immutable sequence network over the tokens of a vocabulary. It is
// safe for concurrent use.
type TextModel struct {
	text *model.Text
	hash func() modelHash // computed once
}

// newTextModel returns the model of text, which must not change any more.
func newTextModel(text *model.Text) *TextModel {
	return &TextModel{text, sync.OnceValue(func() modelHash { return hashOf(text.File()) })}
}

var textKind = kind{model.KindText, (*TextModel)(nil), func(f *weights.File) (Model, error) {
	text, err := model.FromFile(f)
	if err != nil {
		return nil, err
	}
	return newTextModel(text), nil
}}

func (m *TextModel) file() *weights.File { return m.text.File() }

// Kind returns "text".
func (m *TextModel) Kind() string { return model.KindText }

// Symbols returns the number V of symbols that the model has logits for: [0, V).
func (m *TextModel) Symbols() int { return m.text.Stack.Symbols() }

// Tokenizer returns the model's vocabulary, which maps text to tokens and back. It
// names Tokenizer().Len() symbols, usually all. Symbols beyond, in models made for a
// vocabulary larger than the training data had, are never drawn.
func (m *TextModel) Tokenizer() *tokenizer.Tokenizer { return m.text.Tokenizer }

// stop returns the symbols with which the model ends a text: the stop token, or none.
func (m *TextModel) stop() []int {
	if id := m.Tokenizer().Stop(); id >= 0 {
		return []int{id}
	}
	return nil
}

// Length returns the number of steps of the sequences that the model was trained
// on. Longer ones are allowed.
func (m *TextModel) Length() int { return m.text.Config.Length }

// Layers returns the model's layers from input to output.
func (m *TextModel) Layers() []LayerInfo { return layers.Describe(m.text.Stack) }

// Params returns the number of the model's parameters.
func (m *TextModel) Params() int {
	n, _ := paramsOf(m)
	return n
}

// Metadata returns a copy of the metadata of the model's file: see Model.
func (m *TextModel) Metadata() map[string]string { return copied(m.text.Metadata) }

// WriteTo writes the model in the form that Load reads: see Model.
func (m *TextModel) WriteTo(w io.Writer) (int64, error) { return write(m, w) }
