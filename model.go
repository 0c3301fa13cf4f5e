package autoreg

import (
	"io"
	"maps"

	"github.com/autoreg/autoreg/internal/weights"
	"github.com/autoreg/autoreg/layers"
)

// A Model is a model of any kind: a [*TextModel], an [*ImageModel], a [*Classifier] or a
// [*VectorModel], as a type switch finds out. A model never changes and is safe for concurrent use.
//
// Other packages cannot add kinds. More kinds may come: a switch needs a default.
type Model interface {
	// Kind returns the name that the model's file has for its kind: "text",
	// "pixelcnn", "classifier" or "vectors".
	Kind() string
	// Layers returns the model's layers from input to output.
	Layers() []LayerInfo
	// Params returns the number of the model's parameters as stored.
	Params() int
	// Metadata returns a copy of the metadata of the model's file, its configuration not
	// included: its origin, for example, and members that other programs have added.
	// Nothing depends on it; WriteTo writes it again.
	Metadata() map[string]string
	// WriteTo writes the model in the form that Load reads and returns the number of
	// bytes written. The same model gives the same bytes. What was loaded from a
	// checkpoint is written without the optimiser's state.
	WriteTo(w io.Writer) (int64, error)

	file() *weights.File
}

// kinds are the kinds of models. This is the one list of them here.
var kinds = []kind{textKind, imageKind, classifierKind, vectorKind}

// A kind is one kind of model and how its files are read.
type kind struct {
	name string                               // in the file's configuration
	zero Model                                // a nil pointer of the kind's type
	read func(f *weights.File) (Model, error) // f names the kind, or nothing that is one
}

// A LayerInfo describes one layer of a model.
type LayerInfo = layers.Info

// paramsOf returns the sums of the layers' parameters.
func paramsOf(m Model) (stored, effective int) {
	for _, l := range m.Layers() {
		stored += l.Params
		effective += l.Effective
	}
	return stored, effective
}

// copied returns a copy, never nil.
func copied(meta map[string]string) map[string]string {
	c := make(map[string]string, len(meta))
	maps.Copy(c, meta)
	return c
}

// write writes the file of m.
func write(m Model, w io.Writer) (int64, error) {
	n, err := m.file().WriteTo(w)
	if err != nil {
		return n, wrap(err)
	}
	return n, nil
}
