package autoreg

import (
	"io"
	"maps"

	"github.com/autoreg/autoreg/internal/model"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
)

// A Model is an immutable sequence network over the words of a vocabulary. It is
// safe for concurrent use.
type Model struct{ text *model.Text }

// Symbols returns the number V of symbols that the model scores: 0 to V-1.
func (m *Model) Symbols() int { return m.text.Stack.Symbols() }

// Tokenizer returns the model's vocabulary, which maps text to symbols and back.
// It names Tokenizer().Len() symbols, usually all. Symbols beyond, in models
// made for a larger vocabulary than was found, are never drawn.
func (m *Model) Tokenizer() *tokenizer.Tokenizer { return m.text.Tokenizer }

// Length returns the number of steps of the sequences that the model was trained
// on. Longer ones are allowed.
func (m *Model) Length() int { return m.text.Config.Length }

// Metadata returns a copy of what the model's file says about the model beside what
// describes it, such as where it comes from and what other programs added. Nothing
// here depends on it; WriteTo writes it again.
func (m *Model) Metadata() map[string]string { return copied(m.text.Metadata) }

// copied returns a copy, never nil.
func copied(meta map[string]string) map[string]string {
	c := make(map[string]string, len(meta))
	maps.Copy(c, meta)
	return c
}

// WriteTo writes the model in the form that Load reads and returns the number of
// bytes written. The same model gives the same bytes. What was loaded from a
// checkpoint is written without the optimiser's state.
func (m *Model) WriteTo(w io.Writer) (int64, error) {
	n, err := m.text.File().WriteTo(w)
	if err != nil {
		return n, &rootError{"", err}
	}
	return n, nil
}

// A LayerInfo describes one layer of a model.
type LayerInfo = layers.Info

// Layers returns the model's layers from input to output.
func (m *Model) Layers() []LayerInfo { return layers.Describe(m.text.Stack) }

// Params returns the number of the model's parameters.
func (m *Model) Params() int {
	n := 0
	for _, l := range m.Layers() {
		n += l.Params
	}
	return n
}
