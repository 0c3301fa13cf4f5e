package convert

import (
	"io"

	"github.com/autoreg/autoreg/internal/weights"
)

// formatSafetensors is how the format is called.
const formatSafetensors = "safetensors"

// readSafetensors reads a state dict in safetensors, whose tensors lie in the order of their
// names.
func readSafetensors(r io.ReaderAt, size int64, steps []Step) (*network, error) {
	f, types, err := weights.ReadForeign(r, size)
	if err != nil {
		return nil, err
	}
	var list []tensor
	for i, t := range f.Tensors {
		data := t.Data
		list = append(list, tensor{name: t.Name, dtype: types[i].String(), shape: t.Shape, read: func() ([]float32, error) { return data, nil }})
	}
	return readStateDict(formatSafetensors, list, steps)
}
