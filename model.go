package autoreg

import (
	"io"
	"maps"

	"github.com/autoreg/autoreg/internal/model"
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
type LayerInfo struct {
	Name   string // prefix of its tensors' names in the file
	Type   string // "Embedding", "LSTM", "Linear", "MaskedConv A 7×7", "Conv 1×1"
	In     int    // inputs of a step; of an embedding, the symbols that it has vectors for
	Out    int    // outputs of a step
	Params int    // parameters, weights and biases

	// Effective is how many of the parameters have an effect: all, but for masked
	// convolutions, which are stored with their full kernels.
	Effective int
}

// Layers returns the model's layers from input to output.
func (m *Model) Layers() []LayerInfo {
	s := m.text.Stack
	e, l, h := s.Embedding, m.text.LSTM(), s.Head
	return []LayerInfo{
		{"embedding", "Embedding", e.Symbols, e.Dim, e.Params(), e.Params()},
		{"lstm", "LSTM", l.InLen(), l.OutLen(), l.Params(), l.Params()},
		{"output", "Linear", h.InLen(), h.OutLen(), h.Params(), h.Params()},
	}
}

// Params returns the number of the model's parameters.
func (m *Model) Params() int {
	n := 0
	for _, l := range m.Layers() {
		n += l.Params
	}
	return n
}
