package convert

import (
	"fmt"
	"io"
	"strings"

	"github.com/autoreg/autoreg/internal/torchfile"
)

// maxRest is how many values beside the tensors are named.
const maxRest = 32

// readTorch reads a state dict, or the one in a checkpoint.
func readTorch(r io.ReaderAt, size int64, steps []Step) (*network, error) {
	f, err := torchfile.Open(r, size)
	if err != nil {
		return nil, err
	}
	var list []tensor
	for _, t := range f.Tensors() {
		list = append(list, tensor{name: t.Name, dtype: t.DType.String(), shape: t.Shape, read: t.Float32s})
	}
	n, err := readStateDict("PyTorch", list, steps)
	if err != nil {
		return nil, err
	}
	if under := f.Under(); under != "" {
		n.note("the tensors are those under %q", under)
	}
	var rest []string
	for _, e := range f.Rest() {
		rest = append(rest, clip(e.Name))
	}
	if len(rest) > maxRest {
		rest = append(rest[:maxRest], fmt.Sprintf("%d more", len(rest)-maxRest))
	}
	if rest != nil {
		n.note("left out: %s, which are no tensors of the network", strings.Join(rest, ", "))
	}
	return n, nil
}
