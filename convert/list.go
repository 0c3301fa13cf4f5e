package convert

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/autoreg/autoreg/internal/apierror"
	"github.com/autoreg/autoreg/internal/hdf5"
	"github.com/autoreg/autoreg/internal/onnx"
	"github.com/autoreg/autoreg/internal/torchfile"
	"github.com/autoreg/autoreg/internal/weights"
)

// A Listing is the tensors of a file of another tool.
type Listing struct {
	Format  string
	Tensors []Tensor
}

// A Tensor is one of a file.
type Tensor struct {
	Name  string
	DType string // as the format names it
	Shape []int  // outermost first; none for a scalar
}

// List lists the tensors of a file, without reading their data where the format allows
// that, whether or not Import can make a model of them.
func List(r io.ReaderAt, size int64) (*Listing, error) {
	l, err := list(r, size)
	return l, apierror.Wrap("convert", err)
}

func list(r io.ReaderAt, size int64) (*Listing, error) {
	form, err := formOf(r, size)
	if err != nil {
		return nil, err
	}
	switch form {
	case formHDF5:
		f, err := hdf5.Open(r, size)
		if err != nil {
			return nil, err
		}
		return listHDF5("HDF5", f, size)
	case formKeras:
		z, err := openZip(r, size)
		if err != nil {
			return nil, err
		}
		weights, length, err := zipMember(z, "model.weights.h5", r, size)
		if err != nil {
			return nil, err
		}
		f, err := hdf5.Open(weights, length)
		if err != nil {
			return nil, err
		}
		return listHDF5("Keras", f, size)
	case formTorch:
		f, err := torchfile.Open(r, size)
		if err != nil {
			return nil, err
		}
		l := newListing("PyTorch", size)
		for _, t := range f.Tensors() {
			if err := l.add(t.Name, t.DType.String(), t.Shape); err != nil {
				return nil, err
			}
		}
		return &l.Listing, nil
	case formSafetensors:
		f, types, err := weights.ReadForeign(r, size)
		if err != nil {
			return nil, err
		}
		l := newListing("safetensors", size)
		for i, t := range f.Tensors {
			if err := l.add(t.Name, types[i].String(), t.Shape); err != nil {
				return nil, err
			}
		}
		return &l.Listing, nil
	case formONNX:
		m, err := onnx.Read(r, size)
		if err != nil {
			return nil, err
		}
		l := newListing("ONNX", size)
		if m.Graph != nil {
			for _, t := range m.Graph.Initializers {
				if err := l.add(t.Name, t.DType.String(), t.Shape); err != nil {
					return nil, err
				}
			}
		}
		return &l.Listing, nil
	}
	members, err := jsonMembers(r, size)
	if err != nil {
		return nil, err
	}
	return listJSON(members, size)
}

// A listing is a Listing that is being made, of a file of limited memory.
type listing struct {
	Listing
	left int64
}

func newListing(format string, size int64) *listing {
	return &listing{Listing{Format: format}, size + 128<<10}
}

// add adds a tensor, unless the list takes more memory than the file warrants beside that
// of its reader.
func (l *listing) add(name, dtype string, shape []int) error {
	if l.left -= int64(200 + len(dtype)); l.left < 0 {
		return errors.New("the file has more tensors than its size warrants")
	}
	l.Tensors = append(l.Tensors, Tensor{name, dtype, shape})
	return nil
}

func listHDF5(format string, f *hdf5.File, size int64) (*Listing, error) {
	l := newListing(format, size)
	err := f.Walk(func(path string, d *hdf5.Dataset, err error) error {
		if err != nil {
			return l.add(path, "not readable: "+err.Error(), nil)
		}
		return l.add(path, d.Type(), d.Shape())
	})
	if err != nil {
		return nil, err
	}
	return &l.Listing, nil
}

// listJSON lists the arrays of numbers of RTNeural's JSON and of NAM.
func listJSON(members []member, size int64) (*Listing, error) {
	l := newListing("JSON", size)
	add := func(name string, text json.RawMessage) error {
		if t, err := parseTensor(text); err == nil && len(t.shape) > 0 {
			return l.add(name, "number", t.shape)
		}
		return nil
	}
	for _, m := range members {
		all, err := parseList(m.value, maxMembers)
		if m.name != "layers" || err != nil {
			if err := add(m.name, m.value); err != nil {
				return nil, err
			}
			continue
		}
		for i, text := range all {
			layer, err := parseMembers(text)
			if err != nil {
				return nil, apierror.Errorf("layer %d is %v", i, err)
			}
			arrays, err := parseList(find(layer, "weights"), maxMembers)
			if err != nil {
				continue
			}
			for k, a := range arrays {
				if err := add(fmt.Sprintf("layers[%d].weights[%d]", i, k), a); err != nil {
					return nil, err
				}
			}
		}
	}
	return &l.Listing, nil
}

// A form is a format, as far as the first bytes and the names in a zip tell it.
type form int

const (
	formHDF5 form = iota
	formKeras
	formTorch
	formSafetensors
	formONNX
	formJSON
)

// formOf finds out the format of a file.
func formOf(r io.ReaderAt, size int64) (form, error) {
	head := make([]byte, max(0, min(size, 512)))
	if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return 0, err
	}
	text := bytes.TrimLeft(head, " \t\r\n")
	switch {
	case bytes.HasPrefix(head, []byte("\x89HDF\r\n\x1a\n")):
		return formHDF5, nil
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		z, err := openZip(r, size)
		if err != nil {
			return 0, err
		}
		if slices.ContainsFunc(z.File, func(m *zip.File) bool { return m.Name == "config.json" }) {
			return formKeras, nil
		}
		return formTorch, nil
	case len(head) > 0 && head[0] == 0x80, len(head) > 262 && string(head[257:262]) == "ustar": // a pickle; a tar
		return formTorch, nil
	case len(head) > 8 && head[8] == '{':
		return formSafetensors, nil
	case len(text) > 0 && text[0] == '{':
		return formJSON, nil
	case len(head) > 0 && head[0] == 0x08: // ir_version, the first field of a model
		return formONNX, nil
	}
	return 0, fmt.Errorf("the file begins like none of the formats that are read: Keras (.keras, .h5), PyTorch (.pt, .pth, .ckpt, .safetensors), ONNX, RTNeural JSON, .nam")
}
