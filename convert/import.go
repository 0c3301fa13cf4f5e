package convert

import (
	"io"
	"slices"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
	"github.com/autoreg/autoreg/tokenizer"
)

// ImportOptions say what a file does not. The zero value, or nil, takes everything from
// the file.
type ImportOptions struct {
	// Like is the configuration of a Keras model, as model.to_json() gives it, for a file
	// that has weights only.
	Like []byte
	// Steps names the modules of a PyTorch state dict in their order, where names and
	// shapes leave a doubt.
	Steps []Step
	// Vocabulary are the tokens in the order of their numbers, for a model of text whose
	// file has none: see ParseVocabulary.
	Vocabulary []string
	// Tokenizer says how text becomes those tokens. What it leaves out is as the file says,
	// if it does.
	Tokenizer tokenizer.Options
	// Classes are the names of the classes of a network that tells texts apart, in the order
	// of its outputs; of a network with one output, what 0 and what 1 means. Without them
	// they are numbers. A PyTorch file does not say that its network tells texts apart: with
	// Classes it does.
	Classes []string
}

// Imported is a model that has been read.
type Imported struct {
	Format string        // "Keras 3.3.3"
	Kind   string        // what it is a model of: "text", "classes of texts", "images", "vectors"
	Layers []layers.Info // input to output
	Notes  []string      // what was left out, or understood in one of several ways
	file   *weights.File
}

// WriteTo writes the model's file.
func (m *Imported) WriteTo(w io.Writer) (int64, error) {
	n, err := m.file.WriteTo(w)
	return n, apierror.Wrap("convert", err)
}

// Import reads a model of another tool, whose format it finds out from the bytes. Errors
// name what cannot be read.
func Import(r io.ReaderAt, size int64, o *ImportOptions) (*Imported, error) {
	if o == nil {
		o = &ImportOptions{}
	}
	n, err := read(r, size, o)
	if err != nil {
		return nil, apierror.Wrap("convert", err)
	}
	if err := n.checkMemory(size, o.Vocabulary != nil || n.vocabulary != nil); err != nil {
		return nil, apierror.Wrap("convert", err)
	}
	m, err := n.model(o)
	return m, apierror.Wrap("convert", err)
}

func contains(list []string, s string) bool { return slices.Contains(list, s) }
